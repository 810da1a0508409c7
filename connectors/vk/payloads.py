"""VK's objects as messages and authors: pure, the same item always gives the same value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectors.vk.attachments import attachments_of
from connectors.vk.settings import SITE
from connectors.vk.shapes import instant_of, integer, integer_or_none, list_of, text_of
from inboxd.errors import UnexpectedPayload
from inboxd.model import Author, Direction, Json, Message, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


def profile(raw: Json) -> Author:
    """Return the author that a user object describes."""
    number = integer(raw, "id")
    followers = raw.get("followers_count")
    return Author(
        remote_id=str(number),
        name=f"{text_of(raw, 'first_name')} {text_of(raw, 'last_name')}".strip(),
        handle=text_of(raw, "screen_name"),
        followers=followers if isinstance(followers, int) else None,
        url=f"{SITE}/id{number}",
    )


def community(raw: Json) -> Author:
    """Return the author that a group object describes; as an author its id is negative."""
    number = abs(integer(raw, "id"))
    return Author(
        remote_id=str(-number),
        name=text_of(raw, "name"),
        handle=text_of(raw, "screen_name"),
        url=f"{SITE}/club{number}",
    )


def nameless(author_id: int) -> Author:
    """Return an author of whom only the id is known; a community's is negative."""
    page = f"id{author_id}" if author_id > 0 else f"club{-author_id}"
    return Author(remote_id=str(author_id), url=f"{SITE}/{page}")


# What of an item our words do not carry and no reader sees differently. Counters, rights and
# read marks are left out: they would make one item two values.
_FACTS = ("id", "payload", "ref", "ref_source", "deleter_id")


def _facts(payload: Json) -> Json:
    return {key: payload[key] for key in _FACTS if key in payload}


def _direction(author_id: int | None, group_id: int) -> Direction:
    return Direction.OUTBOUND if author_id == -group_id else Direction.INBOUND


def somebodys_message(payload: Json, group_id: int) -> Message | None:
    """Return a private message, or None for VK's own note in a chat, which nobody wrote."""
    return None if payload.get("action") else direct_message(payload, group_id)


def direct_message(payload: Json, group_id: int) -> Message:
    """
    Return a private message; its place in the conversation is its id, as it is for everyone.

    Whose it is, `out` cannot tell: events have been recorded in which it is 1 for what a customer
    wrote and 0 for the answer (VKCOM/vk-api-schema#40).
    """
    peer, place = integer(payload, "peer_id"), integer(payload, "conversation_message_id")
    staff = integer_or_none(payload, "admin_author_id")  # "only for messages from community"
    author_id = integer(payload, "from_id") if staff is None else -group_id
    edited = integer_or_none(payload, "update_time")
    answered = payload.get("reply_message")
    parent = answered.get("conversation_message_id") if isinstance(answered, dict) else None
    return Message(
        remote_id=f"dm:{peer}_{place}",
        thread_id=f"dm:{peer}",
        stream=Stream.DIRECT_MESSAGES,
        direction=_direction(author_id, group_id),
        public=False,
        sent_at=instant_of(integer(payload, "date")),
        text=text_of(payload, "text"),
        author=nameless(author_id),
        parent_id=None if parent is None else f"dm:{peer}_{parent}",
        url=f"{SITE}/gim{group_id}?sel={peer}",
        attachments=attachments_of(payload),
        edited_at=None if edited is None else instant_of(edited),
        deleted=bool(payload.get("deleted")),
        staff="" if staff is None else str(staff),
        raw=_facts(payload),
    )


@dataclass(frozen=True, slots=True)
class CommentKind:
    """Where a kind of comment keeps its ids, where it can be read, and what writes one."""

    name: str
    """The prefix of its events' types and of our ids."""
    owner_key: str
    below_key: str
    """The key of the id of what it stands below."""
    page: str
    method: str
    below: str
    """What it stands below, in words."""


COMMENT_KINDS: Mapping[str, CommentKind] = {
    kind.name: kind
    for kind in (
        CommentKind(
            "wall_reply", "owner_id", "post_id",
            "wall{owner}_{below}?reply={id}", "wall.createComment", "a post",
        ),
        CommentKind(
            "photo_comment", "photo_owner_id", "photo_id",
            "photo{owner}_{below}?reply={id}", "photos.createComment", "a photo",
        ),
        CommentKind(
            "video_comment", "video_owner_id", "video_id",
            "video{owner}_{below}?reply={id}", "video.createComment", "a video",
        ),
        CommentKind(
            "market_comment", "market_owner_id", "item_id",
            "market{owner}?w=product{owner}_{below}", "market.createComment", "a product",
        ),
        CommentKind(
            "board_post", "topic_owner_id", "topic_id",
            "topic{owner}_{below}?post={id}", "board.createComment", "a discussion",
        ),
    )
}  # fmt: skip
WALL = COMMENT_KINDS["wall_reply"]

# A reply in a board topic has no field for it; VK puts "[id7:bp-222_96|Name]" in front. Customers
# can write that themselves, with as many digits as they like, and int() refuses thousands.
_BOARD_ADDRESSEE = re.compile(r"\[(?:id|club)[0-9]+:bp-[0-9]+_([0-9]{1,18})\|")
_NAMED_FIRST = re.compile(
    r"[\s,]*\[(id|club|public|event)([0-9]{1,18})(?::bp-?[0-9]{1,18}_[0-9]{1,18})?\|[^\]\[]*\]"
)


RootOf = Callable[[str], str]
"""The top of the thread that a comment stands in, both by their ids."""


def itself(comment: str) -> str:
    """Stand in where nothing is known of what answers what."""
    return comment


def _parents(payload: Json) -> tuple[int | None, int | None]:
    """Return the top comment of the thread, where VK names it, and the comment answered."""
    stack = [number for number in list_of(payload, "parents_stack") if isinstance(number, int)]
    addressed = _BOARD_ADDRESSEE.match(text_of(payload, "text"))
    answered = integer_or_none(payload, "reply_to_comment") or (stack[-1] if stack else None)
    if answered is None and addressed is not None:
        answered = int(addressed[1])
    return (stack[0] if stack else None), answered


def addressees_of(payload: Json, group_id: int) -> tuple[str, ...]:
    """Return whom a comment of ours is for: whom VK says that it answers, and whom it names first."""
    text, place, named = text_of(payload, "text"), 0, []
    answered = integer_or_none(payload, "reply_to_user")
    while (mention := _NAMED_FIRST.match(text, place)) is not None:
        number = int(mention[2])
        named.append(number if mention[1] == "id" else -number)
        place = mention.end()
    everybody = [*([] if answered is None else [answered]), *named]
    return tuple(dict.fromkeys(str(author) for author in everybody if author != -group_id))


def post_name(owner: int, number: int) -> str:
    """Return the id of a post, which is that of the conversation below it as well."""
    return f"wall_post:{owner}_{number}"


def _comment_thread(kind: CommentKind, owner: int, root: int, below: int | None) -> str:
    """Return the name of a thread; it carries the post's id, without which VK takes no answer."""
    return f"{kind.name}:{owner}_{root}" + ("" if below is None else f"@{below}")


def comment_of(  # noqa: PLR0913 - what a comment does not say of itself
    kind: CommentKind,
    payload: Json,
    group_id: int,
    seen_at: datetime,
    *,
    deleted: bool = False,
    restored: bool = False,
    below_customers_post: bool = False,
    root_of: RootOf = itself,
    stream: Stream = Stream.COMMENTS,
) -> Message:
    """
    Return a comment of any kind.

    A deleted one may lack author, text and parents; the event that tells of it even its date,
    then *seen_at* stands in. One below a customer's own post belongs to that post's conversation.
    """
    deleted = deleted or payload.get("deleted") is True
    where = _standing(kind, payload, group_id, root_of, below_customers_post=below_customers_post)
    author_id = _author_of(payload, deleted=deleted)
    direction = _direction(author_id, group_id)
    undated = deleted and "date" not in payload
    return Message(
        remote_id=where.name,
        thread_id=where.thread,
        stream=stream,
        direction=direction,
        public=True,
        sent_at=seen_at if undated else instant_of(integer(payload, "date")),
        text=text_of(payload, "text"),
        author=None if author_id is None else nameless(author_id),
        parent_id=where.parent,
        url=where.url,
        attachments=attachments_of(payload),
        deleted=deleted,
        restored=restored and not deleted,
        addressees=addressees_of(payload, group_id) if direction is Direction.OUTBOUND else (),
        raw=_facts(payload),
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a comment stands: its own id, its thread's and its parent's, and its page."""

    name: str
    thread: str
    parent: str | None
    url: str


def _standing(
    kind: CommentKind,
    payload: Json,
    group_id: int,
    root_of: RootOf,
    *,
    below_customers_post: bool,
) -> _Standing:
    named = integer_or_none(payload, kind.owner_key) or integer_or_none(payload, "owner_id")
    owner = named or -group_id
    number, below = integer(payload, "id"), integer_or_none(payload, kind.below_key)
    start = f"{kind.name}:{owner}_"
    root, answered = _parents(payload)
    if root is None and answered is not None:
        root = int(root_of(f"{start}{answered}").removeprefix(start))
    thread = _comment_thread(kind, owner, root or number, below)
    parent = None if answered is None else f"{start}{answered}"
    if below_customers_post and below is not None:
        thread = post_name(owner, below)
        parent = parent or thread
    page = kind.page.format(owner=owner, below=below, id=number)
    inside = f"&thread={root}" if kind is WALL and root is not None else ""
    return _Standing(f"{start}{number}", thread, parent, f"{SITE}/{page}{inside}")


def _author_of(payload: Json, *, deleted: bool) -> int | None:
    """Return who wrote a comment; only of a deleted one VK may not say."""
    author_id = integer_or_none(payload, "from_id")
    if deleted:
        return integer_or_none(payload, "user_id") or author_id
    if author_id is None:
        raise UnexpectedPayload("from_id is missing")
    return author_id


def post_of(payload: Json, group_id: int, stream: Stream) -> Message:
    """
    Return what somebody wrote on a wall: a post, or a comment where VK lists it among posts.

    A post begins its own conversation. One that is only suggested can be seen by the shop alone,
    and has a name of its own: VK publishes it under another id.
    """
    owner = integer_or_none(payload, "owner_id") or integer(payload, "to_id")
    if payload.get("post_type") == "reply":
        return comment_of(
            WALL, {**payload, "owner_id": owner}, group_id, instant_of(0), stream=stream
        )
    deleted = payload.get("is_deleted") is True
    number, author_id = integer(payload, "id"), _author_of(payload, deleted=deleted)
    edited = integer_or_none(payload, "edited")
    suggested = payload.get("post_type") == "suggest"
    name = f"suggested_post:{owner}_{number}" if suggested else post_name(owner, number)
    return Message(
        remote_id=name,
        thread_id=name,
        stream=stream,
        direction=_direction(author_id, group_id),
        public=not suggested,
        sent_at=instant_of(integer(payload, "date")),
        text=text_of(payload, "text"),
        author=None if author_id is None else nameless(author_id),
        url=f"{SITE}/wall{owner}_{number}",
        attachments=attachments_of(payload),
        edited_at=None if edited is None else instant_of(edited),
        deleted=deleted,
        raw=_facts(payload),
    )  # fmt: skip


def folded(messages: Iterable[Message]) -> list[Message]:
    """
    Return the last state of each message that one page tells of several times.

    A deletion keeps what was told before it, and only a restoration undoes it.
    """
    latest: dict[str, Message] = {}
    for message in messages:
        before = latest.get(message.remote_id)
        latest[message.remote_id] = message if before is None else _followed(before, message)
    return list(latest.values())


def _followed(before: Message, message: Message) -> Message:
    if message.deleted:
        return replace(before, deleted=True, restored=False)
    if before.deleted and not message.restored:
        return replace(message, deleted=True)
    return replace(message, restored=message.restored or before.restored)
