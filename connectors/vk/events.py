"""What the events of the Bots Long Poll tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.vk.memory import Memory
from connectors.vk.payloads import (
    COMMENT_KINDS,
    WALL,
    CommentKind,
    comment_of,
    post_of,
    somebodys_message,
)
from connectors.vk.shapes import as_object, in_words, integer_or_none, unknown_item
from inboxd.model import Message, Stream, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from inboxd.model import Json

# Long-poll events that carry no message to the community; an enabled one is no news.
SILENT_EVENTS = frozenset(
    {
        "app_payload",
        "audio_new",
        "confirmation",
        "donut_money_withdraw",
        "donut_money_withdraw_error",
        "donut_subscription_cancelled",
        "donut_subscription_create",
        "donut_subscription_expired",
        "donut_subscription_price_changed",
        "donut_subscription_prolonged",
        "group_change_photo",
        "group_change_settings",
        "group_join",
        "group_leave",
        "group_officers_edit",
        "lead_forms_new",
        "like_add",
        "like_remove",
        "market_order_edit",
        "market_order_new",
        "message_allow",
        "message_deny",
        "message_event",
        "message_reaction_event",
        "message_read",
        "message_typing_state",
        "photo_new",
        "poll_vote_new",
        "user_block",
        "user_unblock",
        "video_new",
        "vkpay_transaction",
        "wall_repost",
        "wall_schedule_post_delete",
        "wall_schedule_post_new",
    }
)


_REPLY_EVENT = "message_reply"
_MESSAGE_EVENTS = frozenset({"message_new", _REPLY_EVENT, "message_edit"})
_POST_EVENT = "wall_post_new"
COMMENT_EVENTS: Mapping[str, tuple[CommentKind, str]] = {
    f"{kind.name}_{change}": (kind, change)
    for kind in COMMENT_KINDS.values()
    for change in ("new", "edit", "restore", "delete")
}


def event_of(
    raw: object, group_id: int, seen_at: datetime, memory: Memory | None = None
) -> Message | Unknown | None:
    """Return what a long-poll event tells, or None where it is nothing that was written to us."""
    event = raw if isinstance(raw, dict) else {}
    kind, event_id = event.get("type"), event.get("event_id")
    if not isinstance(kind, str):
        return unknown_item("event", raw)
    if kind in SILENT_EVENTS:
        return None
    name = event_id if isinstance(event_id, str) else ""
    if kind not in _MESSAGE_EVENTS | COMMENT_EVENTS.keys() | {_POST_EVENT}:
        return unknown_item(kind, raw, name)
    try:
        content = as_object(event.get("object"), "object")
        return _told(kind, content, group_id, seen_at, memory or Memory(group_id))
    except Exception as error:  # noqa: BLE001 - our own bug must not stop the long poll either
        return unknown_item(kind, raw, name, error=in_words(error))


def _told(
    kind: str, content: Json, group_id: int, seen_at: datetime, memory: Memory
) -> Message | None:
    if kind in _MESSAGE_EVENTS:
        message = as_object(content.get("message", content), "message")
        if kind == _REPLY_EVENT:  # the community's, though VK may name the person who wrote it
            message = {**message, "from_id": -group_id}
        return somebodys_message(message, group_id)
    if kind == _POST_EVENT:
        ours = content.get("from_id") == -group_id
        return (
            None if ours else post_of({"owner_id": -group_id, **content}, group_id, Stream.COMMENTS)
        )
    comment, change = COMMENT_EVENTS[kind]
    post = _post_on_our_wall(comment, content, group_id)
    return comment_of(
        comment, content, group_id, seen_at, deleted=change == "delete",
        restored=change == "restore", below_customers_post=post is not None and memory.is_customers(post), root_of=memory.root_of,
    )  # fmt: skip


def _post_on_our_wall(kind: CommentKind, content: Json, group_id: int) -> int | None:
    own = (integer_or_none(content, "owner_id") or -group_id) == -group_id
    return integer_or_none(content, "post_id") if kind is WALL and own else None


def commented_posts(updates: Iterable[object]) -> set[int]:
    """Return the ids of the posts on the community's wall that *updates* tell comments of."""
    posts = set()
    for raw in updates:
        event = raw if isinstance(raw, dict) else {}
        content, kind = event.get("object"), event.get("type")
        if isinstance(content, dict) and isinstance(kind, str) and kind.startswith(WALL.name):
            post = content.get("post_id")
            posts |= {post} if isinstance(post, int) else set()
    return posts


def first_time(raw: object, told: set[str]) -> bool:
    """Whether an event is new; VK may tell one twice, and old versions give it no id."""
    event_id = raw.get("event_id") if isinstance(raw, dict) else None
    if not isinstance(event_id, str):
        return True
    first = event_id not in told
    told.add(event_id)
    return first
