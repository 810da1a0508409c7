"""What the events of the Bots Long Poll tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.errors import UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from inboxd.model import Json, Message, Unknown

from connectors.vk.payloads import COMMENT_KINDS, CommentKind, comment_of, direct_message
from connectors.vk.shapes import as_object, unknown_item

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


_MESSAGE_EVENTS = frozenset({"message_new", "message_reply", "message_edit"})


COMMENT_EVENTS: Mapping[str, tuple[CommentKind, bool]] = {
    f"{kind.name}_{change}": (kind, change == "delete")
    for kind in COMMENT_KINDS.values()
    for change in ("new", "edit", "restore", "delete")
}


def _event_message(kind: str, content: Json, group_id: int, seen_at: datetime) -> Message | None:
    if kind in _MESSAGE_EVENTS:
        return direct_message(as_object(content.get("message", content), "message"), group_id)
    if kind in COMMENT_EVENTS:
        comment, deleted = COMMENT_EVENTS[kind]
        return comment_of(comment, content, group_id, seen_at, deleted=deleted)
    if kind == "wall_post_new" and content.get("from_id") == -group_id:
        return None
    raise UnexpectedPayload("it is of no known kind")


def event_of(raw: object, group_id: int, seen_at: datetime) -> Message | Unknown | None:
    """Return what a long-poll event tells, or None where it is nothing that was written to us."""
    event = raw if isinstance(raw, dict) else {}
    kind, event_id = event.get("type"), event.get("event_id")
    if not isinstance(kind, str):
        return unknown_item("event", raw)
    if kind in SILENT_EVENTS:
        return None
    try:
        return _event_message(kind, as_object(event.get("object"), "object"), group_id, seen_at)
    except UnexpectedPayload:
        return unknown_item(kind, raw, event_id if isinstance(event_id, str) else "")


def first_time(raw: object, told: set[str]) -> bool:
    """Whether an event is new; VK may tell one twice, and old versions give it no id."""
    event_id = raw.get("event_id") if isinstance(raw, dict) else None
    if not isinstance(event_id, str):
        return True
    first = event_id not in told
    told.add(event_id)
    return first
