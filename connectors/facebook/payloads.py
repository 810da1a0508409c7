"""What an item of Graph's says: a payload becomes a Message; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from connectors.facebook.shapes import (
    Malformed,
    an_object,
    dig,
    id_of,
    rows,
    string,
    text_of,
    time_of,
)
from inboxd.model import Attachment, Author, Direction, Json, Message, ReplyWindow, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SITE = "https://www.facebook.com"
FREELY, AS_A_PERSON = timedelta(hours=24), timedelta(days=7)
"""How long Messenger takes any reply, and one tagged HUMAN_AGENT, after the customer's last."""
TEXT_LIMIT = 2000


def direct_message(item: Json, *, conversation: str, url: str, page_id: str) -> Message:
    """
    Return a Messenger message; of a kind that Graph cannot show, the text is empty.

    Graph does not tell an automatic reply from a written one, so none is marked as such.
    Raises Malformed for one that has only an id and a time: it is too old to be shown whole,
    and would overwrite what was stored when it was new.
    """
    if not item.keys() & {"from", "message", "attachments", "sticker", "shares"}:
        raise Malformed("too old to be shown whole")
    return _written(item, page_id)(
        remote_id=f"dm:{id_of(item)}",
        thread_id=f"dm:{conversation}",
        stream=Stream.DIRECT_MESSAGES,
        public=False,
        url=url,
        attachments=tuple(_message_attachments(item)),
    )


def comment(item: Json, *, thread: str | None, stream: Stream, page_id: str) -> Message:
    """
    Return a comment, or a reply to one, in *thread*: the customer's post that it is below.

    Below a post of ours (None) each root comment is a thread of its own. Graph nests two
    levels and no more, so a parent is a root.
    """
    name, parent = f"comment:{id_of(item)}", item.get("parent")
    above = None if parent is None else f"comment:{id_of(an_object(parent))}"
    return _written(item, page_id)(
        remote_id=name,
        thread_id=thread or above or name,
        parent_id=above or thread,
        stream=stream,
        public=True,
        url=string(item.get("permalink_url")),
        attachments=tuple(_comment_attachments(item)),
    )


def post(item: Json, *, stream: Stream, page_id: str) -> Message:
    """Return what somebody posted on the Page, or elsewhere with the Page's name in it."""
    picture = string(item.get("full_picture"))
    # Comments are messages of their own, and change where the post does not.
    alone = {key: value for key, value in item.items() if key != "comments"}
    return _written(alone, page_id)(
        remote_id=f"post:{id_of(item)}",
        thread_id=f"post:{id_of(item)}",
        stream=stream,
        public=True,
        url=string(item.get("permalink_url")),
        attachments=(Attachment("image", picture),) if picture else (),
    )


def review(item: Json, *, page_id: str) -> Message:
    """Return a recommendation, or a star rating of old; the verdict stands beside the text."""
    story, stars = id_of(an_object(item.get("open_graph_story"))), item.get("rating")
    said = {"positive": "recommends the Page", "negative": "does not recommend the Page"}.get(
        string(item.get("recommendation_type")).lower(),
        f"{stars} of 5 stars" if isinstance(stars, int) else "",
    )
    return _written(item, page_id, author="reviewer", text="review_text")(
        remote_id=f"rating:{story}",
        thread_id=f"rating:{story}",
        stream=Stream.REVIEWS,
        public=True,
        url=f"{SITE}/{story}",
        attachments=(Attachment("rating", title=said),) if said else (),
    )


def reply_window(thread_id: str, known: Iterable[Message], *, can_reply: bool) -> ReplyWindow:
    """Return until when Messenger delivers a reply, counted from the customer's last message."""
    window = ReplyWindow(thread_id, max_length=TEXT_LIMIT)
    asked = [each.sent_at for each in known if each.direction is Direction.INBOUND]
    if not can_reply:
        reason = (
            "Facebook takes no reply here: the customer wrote more than 7 days ago, has blocked "
            "the Page or is gone. A reply is possible once they write again."
        )
        return replace(window, open=False, reason=reason)
    reason = (
        "Messenger delivers a reply for 24 hours after the customer's last message, and for 7 days "
        "if the app has the Human Agent feature; then not before the customer writes again."
    )
    return replace(window, closes_at=max(asked) + AS_A_PERSON, reason=reason) if asked else window


def _written(
    item: Json, page_id: str, *, author: str = "from", text: str = "message"
) -> Callable[..., Message]:
    """Return a Message that lacks only what differs between the kinds of items."""
    by = _person(item.get(author))
    # Graph leaves out whom it must not name, and never leaves out the Page itself.
    ours = by is not None and by.remote_id == page_id
    return partial(
        Message,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        sent_at=time_of(item, "created_time"),
        text=text_of(item, text),
        author=by,
        raw=item,
    )


def _message_attachments(item: Json) -> Iterator[Attachment]:
    if sticker := string(item.get("sticker")):
        yield Attachment("sticker", sticker)
    for row in rows(item.get("attachments")):
        kind = string(row.get("mime_type")).partition("/")[0]
        urls = (dig(row, "image_data", "url"), dig(row, "video_data", "url"), row.get("file_url"))
        yield Attachment(
            type=kind if kind in {"image", "video", "audio"} else "file",
            url=next(filter(None, map(string, urls)), ""),
            title=string(row.get("name")),
        )
    for row in rows(item.get("shares")):
        yield Attachment("share", string(row.get("link")), string(row.get("name")))


def _comment_attachments(item: Json) -> Iterator[Attachment]:
    if isinstance(row := item.get("attachment"), dict):
        url = string(row.get("url")) or string(dig(row, "media", "image", "src"))
        yield Attachment(string(row.get("type")) or "file", url, string(row.get("title")))


def _person(value: object) -> Author | None:
    if not isinstance(value, dict) or value.get("id") is None:
        return None
    return Author(id_of(value), text_of(value, "name"))
