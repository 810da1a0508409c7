"""Whether and how a conversation can be answered, as VK tells before a person writes."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from connectors.vk.payloads import COMMENT_KINDS, WALL
from connectors.vk.shapes import as_object, instant_of, integer, integer_or_none
from inboxd.errors import UnexpectedPayload
from inboxd.model import Json, Message, ReplyWindow, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_MESSAGE: Final = 9000  # characters, messages.send; of comments no limit is published

# dev.vk.com/reference/objects/conversation, can_write.reason
WHY_NOT: Mapping[int, str] = {
    18: "The person's VK page is blocked or deleted.",
    203: "VK denies the community access to this conversation.",
    900: "The person is on the community's blacklist; take them off it to answer.",
    901: "The person does not allow messages from the community; ask them to write first.",
    902: "The person's privacy settings forbid messages; ask them to write first.",
    915: "Messages are switched off in the community; switch them on in its settings.",
    916: "Messages are blocked in the community.",
    917: "The community has no access to this chat.",
    918: "The community cannot write to this e-mail address.",
    950: "VK's time for an answer is over; the person must write again first.",
}
COMMENTS_CLOSED: Final = "Comments are closed here; answer in a private message or open them in VK."
_SUGGESTED: Final = (
    "The post is only suggested and nobody can comment on it yet; publish it, or write to the "
    "person privately."
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the list of conversations tells of one: whose, how fresh, and whether we may write."""

    peer: int
    latest: int
    """When its last message was sent, in unix seconds."""
    window: ReplyWindow


def _window(peer: int, can_write: object) -> ReplyWindow:
    """Return how one may write; what of it cannot be read holds no conversation back."""
    state = can_write if isinstance(can_write, dict) else {}
    allowed = bool(state.get("allowed", True))
    code = state.get("reason")
    why = WHY_NOT.get(code if isinstance(code, int) else 0, "VK does not let the community write.")
    closes_at = None
    with contextlib.suppress(UnexpectedPayload):
        until = integer_or_none(state, "until")
        closes_at = instant_of(until) if until is not None and allowed else None
    return ReplyWindow(
        thread_id=f"dm:{peer}",
        open=allowed,
        closes_at=closes_at,
        reason="" if allowed else why,
        max_length=LONGEST_MESSAGE,
    )


def conversation_of(item: Json) -> Conversation:
    """Return one item of messages.getConversations."""
    state = as_object(item.get("conversation"), "conversation")
    peer = integer(as_object(state.get("peer"), "peer"), "id")
    latest = integer(as_object(item.get("last_message"), "last_message"), "date")
    return Conversation(peer, latest, _window(peer, state.get("can_write")))


def why_closed(told: object) -> str:
    """
    Return why nobody can comment, or "", from the rights that stand beside posts and comments.

    `can_post` speaks of who asks, and a service token is nobody: only if communities cannot
    comment either are the comments closed.
    """
    rights = told if isinstance(told, dict) else {}
    closed = rights.get("can_post") in (0, False) and "can_post" in rights
    return COMMENTS_CLOSED if closed and not rights.get("groups_can_post") else ""


def comment_windows(
    messages: Iterable[Message], *, as_user: bool, why_not: str = ""
) -> list[ReplyWindow]:
    """
    Return how the conversations of public *messages* can be answered.

    *as_user* tells whether there is a user token, without which VK lets nobody answer but on
    walls. *why_not* closes them all.
    """
    windows: dict[str, ReplyWindow] = {}
    for message in messages:
        if message.stream is Stream.DIRECT_MESSAGES:
            continue
        reason = why_not or _only_by_a_user(message, as_user=as_user)
        if not message.public:
            reason = _SUGGESTED
        window = ReplyWindow(message.thread_id, open=not reason, reason=reason)
        windows[message.thread_id] = window
    return list(windows.values())


def _only_by_a_user(message: Message, *, as_user: bool) -> str:
    kind = COMMENT_KINDS.get(message.thread_id.partition(":")[0], WALL)
    if kind is WALL or as_user:
        return ""
    return (
        f"VK lets only a user answer below {kind.below}; give the account a user_token, or answer "
        "in VK."
    )
