"""What an item of Graph's says: a payload becomes a Message; pure."""

from __future__ import annotations

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
from inboxd.model import Attachment, Author, Direction, Json, Message, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SITE = "https://www.facebook.com"
_DETAILS = ("from", "message", "attachments", "sticker", "shares", "story", "is_unsupported")


_WITHOUT_STORY = "of-"


class TooOld(Malformed):
    """A message of which Graph shows an id and a time and nothing else."""


def direct_message(item: Json, *, conversation: str, url: str, page_id: str) -> Message:
    """
    Return a Messenger message; of a kind that Graph cannot show, the text is empty.

    Graph does not tell an automatic reply from a written one, so none is marked as such.
    Raises TooOld for one that has only an id and a time: it would overwrite what was stored
    when it was new.
    """
    if not any(item.get(key) for key in _DETAILS) and "message" not in item:
        raise TooOld("too old to be shown whole")
    return _written(item, page_id)(
        remote_id=f"dm:{id_of(item)}",
        thread_id=f"dm:{conversation}",
        stream=Stream.DIRECT_MESSAGES,
        public=False,
        url=url,
        attachments=tuple(_message_attachments(item)),
    )


def conversation_url(item: Json) -> str:
    """Return where a conversation can be read; Graph gives a path."""
    link = string(item.get("link"))
    return f"{SITE}{link}" if link.startswith("/") else link


def comment(item: Json, *, thread: str | None, stream: Stream, page_id: str) -> Message:
    """
    Return a comment, or a reply to one, in *thread*: the customer's post that it is below.

    Below a post of ours (None) each root comment is a thread of its own, and whatever hangs
    below it is in that thread. Whom an answer is for only its tags tell.
    """
    name, parents = f"comment:{id_of(item)}", _parents(item)
    above, root = (parents[0], parents[-1]) if parents else (None, None)
    ours = is_ours(item, page_id)
    return _written(item, page_id)(
        remote_id=name,
        thread_id=thread or root or name,
        parent_id=above or thread,
        stream=stream,
        public=item.get("is_private") is not True,
        url=string(item.get("permalink_url")),
        attachments=tuple(_comment_attachments(item)),
        addressees=tuple(_tagged(item, page_id)) if ours else (),
    )


def _parents(item: Json) -> list[str]:
    """Return what a comment hangs below, from the nearest on, as far as Graph told."""
    names, parent = [], item.get("parent")
    while parent is not None:
        names.append(f"comment:{id_of(an_object(parent))}")
        parent = an_object(parent).get("parent")
    return names


def post(item: Json, *, stream: Stream, page_id: str) -> Message:
    """Return what somebody posted on the Page, or elsewhere with the Page's name in it."""
    # Comments are messages of their own, and change where the post does not.
    alone = {key: value for key, value in item.items() if key != "comments"}
    return _written(alone, page_id)(
        remote_id=f"post:{id_of(item)}",
        thread_id=f"post:{id_of(item)}",
        stream=stream,
        public=True,
        url=string(item.get("permalink_url")),
        attachments=tuple(_post_attachments(item)),
    )


def review(item: Json, *, page_id: str) -> Message:
    """Return a recommendation, or a star rating of old; the verdict stands beside the text."""
    story, stars = story_of(item), item.get("rating")
    said = {"positive": "recommends the Page", "negative": "does not recommend the Page"}.get(
        string(item.get("recommendation_type")).lower(),
        f"{stars} of 5 stars" if isinstance(stars, int) else "",
    )
    alone = {**item, "open_graph_story": {"id": story}} if story else item
    name = f"rating:{review_name(item)}"
    return _written(alone, page_id, author="reviewer", text="review_text")(
        remote_id=name,
        thread_id=name,
        stream=Stream.REVIEWS,
        public=True,
        url=f"{SITE}/{story or page_id}",
        attachments=(Attachment("rating", title=said),) if said else (),
    )


def story_of(item: Json) -> str:
    """Return the id of the story that a recommendation is, empty where Graph does not tell."""
    story = item.get("open_graph_story")
    return "" if story is None else id_of(an_object(story))


def review_name(item: Json) -> str:
    """
    Return what a recommendation is known by, as it has no id of its own: its story.

    Without one its author and its time name it; raises Malformed where not even that is told.
    """
    if story := story_of(item):
        return story
    at = int(time_of(item, "created_time").timestamp())
    return f"{_WITHOUT_STORY}{id_of(an_object(item.get('reviewer')))}-{at}"


def has_story(thread_id: str) -> bool:
    """Return whether a review's thread is a story, which can be answered."""
    return not thread_id.startswith(f"rating:{_WITHOUT_STORY}")


def is_ours(item: Json, page_id: str) -> bool:
    """
    Tell whether the Page wrote an item.

    Graph leaves out whom it must not name, and never leaves out the Page itself.
    """
    by = _person(item.get("from"))
    return by is not None and by.remote_id == page_id


def _written(
    item: Json, page_id: str, *, author: str = "from", text: str = "message"
) -> Callable[..., Message]:
    """Return a Message that lacks only what differs between the kinds of items."""
    by = _person(item.get(author))
    ours = by is not None and by.remote_id == page_id
    return partial(
        Message,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        # What names the Page may only tell when it did.
        sent_at=time_of(item, "tagged_time" if _only_tagged(item) else "created_time"),
        text=text_of(item, text),
        author=by,
        raw=item,
    )


def _only_tagged(item: Json) -> bool:
    return "created_time" not in item and "tagged_time" in item


def _message_attachments(item: Json) -> Iterator[Attachment]:
    if sticker := string(item.get("sticker")):
        yield Attachment("sticker", sticker)
    for row in rows(item.get("attachments")):
        if isinstance(card := row.get("generic_template"), dict):
            url = _first_url(card, ("cta", "url"), ("media_url",))
            yield Attachment("template", url, string(card.get("title")))
            continue
        kind = string(row.get("mime_type")).partition("/")[0]
        yield Attachment(
            type=kind if kind in {"image", "video", "audio"} else "file",
            url=_first_url(row, *_FILES),
            title=string(row.get("name")),
        )
    for row in rows(item.get("shares")):
        name = string(row.get("name")) or string(row.get("description"))
        yield Attachment("share", string(row.get("link")), name)
    for how in ("mention", "reply_to"):
        if isinstance(story := dig(item, "story", how), dict):
            yield Attachment("story", string(story.get("link")), how.replace("_", " "))


_FILES = (
    ("image_data", "url"),
    ("video_data", "url"),
    ("audio_data", "url"),
    ("file_url",),
    ("image_data", "preview_url"),
    ("video_data", "preview_url"),
    ("payload", "url"),
    ("url",),
)
"""Where the address of a message's file may stand."""


def _comment_attachments(item: Json) -> Iterator[Attachment]:
    if isinstance(row := item.get("attachment"), dict):
        url = _first_url(row, ("url",), ("target", "url"), ("media", "image", "src"))
        title = string(row.get("title")) or string(row.get("description"))
        yield Attachment(string(row.get("type")) or "file", url, title)


def _post_attachments(item: Json) -> Iterator[Attachment]:
    if picture := string(item.get("full_picture")):
        yield Attachment("image", picture)
    # "Anna is at Lavka Sever": words of Facebook's, not the customer's.
    if story := string(item.get("story")):
        yield Attachment("story", string(item.get("permalink_url")), story)


def _first_url(row: Json, *places: tuple[str, ...]) -> str:
    return next(filter(None, (string(dig(row, *place)) for place in places)), "")


def _tagged(item: Json, page_id: str) -> Iterator[str]:
    """Yield the people that a text names, once each: Graph's tags, by their places or listed."""
    tags = item.get("message_tags")
    listed = rows(list(tags.values())) if isinstance(tags, dict) else rows(tags)
    if isinstance(tags, dict):
        listed += [row for value in tags.values() for row in rows(value)]
    people = [row for row in listed if string(row.get("type")).lower() in {"", "user"}]
    names = [str(row["id"]) for row in people if isinstance(row.get("id"), str | int)]
    yield from (name for name in dict.fromkeys(names) if name != page_id)


def _person(value: object) -> Author | None:
    if not isinstance(value, dict) or value.get("id") is None:
        return None
    return Author(id_of(value), text_of(value, "name"))
