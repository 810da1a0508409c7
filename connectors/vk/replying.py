"""Delivers replies: private messages by the community, comments by whichever token VK lets."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.conversations import HISTORY_PAGE
from connectors.vk.errors import COMMENT_REFUSALS, DM_REFUSALS, Refusal, in_doubt
from connectors.vk.payloads import WALL, comment_of, direct_message
from connectors.vk.sending import (
    DM_THREAD,
    CommentPlace,
    addressed_text,
    comment_params,
    comment_place,
    random_id,
    require_sendable,
)
from connectors.vk.shapes import as_object, integer, items_of, text_of
from inboxd.errors import InboxdError, SendRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from connectors.vk.desk import Desk
    from inboxd.connector import OutgoingReply
    from inboxd.model import Json, Message

FIRST_CHAT: Final = 2_000_000_000
"""Peers from here on are group chats; those of people and communities are below."""


class Replying:
    """
    Writes as the community.

    A repeated private message is found again by its `random_id` in the conversation. A
    repeated comment is recognised by VK alone, by its `guid`, for about an hour.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def send(self, reply: OutgoingReply) -> Message:
        """Write a private message or a comment; return it as a later poll will deliver it."""
        require_sendable(reply.text)
        private = DM_THREAD.fullmatch(reply.thread_id)
        if private is not None:
            message = await self._direct(int(private[1]), reply)
        else:
            message = await self._comment(comment_place(reply), reply)
        return (await self._desk.people.name([message]))[0]

    async def _direct(self, peer: int, reply: OutgoingReply) -> Message:
        if peer >= FIRST_CHAT:
            return await self._in_chat(peer, reply)
        group_id, number = self._desk.group_id, random_id(reply.key)
        if (found := await self._already_sent(peer, number)) is not None:
            return found
        params: dict[str, Any] = {
            "group_id": group_id, "peer_id": peer, "random_id": number, "message": reply.text,
        }  # fmt: skip
        message_id = await self._desk.community.send("messages.send", params, DM_REFUSALS)
        with _taken():
            params = {"group_id": group_id, "message_ids": message_id}
            answer = await self._desk.community.call("messages.getById", params)
            sent = next(iter(items_of(answer, "messages.getById")), None)
            return direct_message(as_object(sent, "messages.getById: the message"), group_id)

    async def _already_sent(self, peer: int, number: int) -> Message | None:
        """Return our message of that random_id: VK itself knows a repetition only for an hour."""
        params = {"group_id": self._desk.group_id, "peer_id": peer, "count": HISTORY_PAGE}
        answer = await self._desk.community.call("messages.getHistory", params, DM_REFUSALS)
        for item in items_of(answer, "messages.getHistory"):
            if isinstance(item, dict) and item.get("random_id") == number and item.get("out"):
                return direct_message(item, self._desk.group_id)
        return None

    async def _in_chat(self, peer: int, reply: OutgoingReply) -> Message:
        """
        Write into a group chat, where only `peer_ids` makes VK tell what it has written.

        To a plain `peer_id` it answers 0 (negezor/vk-io#378). The history of a chat may be shut
        to a community that can write there; then VK's own memory of the `random_id` must do.
        """
        desk, number = self._desk, random_id(reply.key)
        with contextlib.suppress(SendRefused):
            if (found := await self._already_sent(peer, number)) is not None:
                return found
        params: dict[str, Any] = {
            "group_id": desk.group_id, "peer_ids": peer, "random_id": number, "message": reply.text,
        }  # fmt: skip
        answer = await desk.community.send("messages.send", params, DM_REFUSALS)
        sent = _only_one(answer, desk.clock.now())
        with _taken():
            place = integer(as_object(sent, "messages.send: the answer"), "conversation_message_id")
            written = {
                "id": 0, "peer_id": peer, "conversation_message_id": place, "date": desk.now,
                "from_id": -desk.group_id, "text": reply.text,
            }  # fmt: skip
            return direct_message(await self._as_shown(peer, place) or written, desk.group_id)

    async def _as_shown(self, peer: int, place: int) -> Json | None:
        """Return a message of a chat as VK shows it, if it does."""
        method = "messages.getByConversationMessageId"
        params = {
            "group_id": self._desk.group_id, "peer_id": peer, "conversation_message_ids": place,
        }  # fmt: skip
        try:
            answer = await self._desk.community.call(method, params)
            shown = next(iter(items_of(answer, method)), None)
        except InboxdError:
            return None
        return shown if isinstance(shown, dict) else None

    async def _comment(self, place: CommentPlace, reply: OutgoingReply) -> Message:
        desk = self._desk
        api = desk.community if place.kind is WALL else desk.user
        if api is None:
            raise SendRefused(
                "VK lets only a user answer here; give the account a user_token or answer in VK."
            )
        params = comment_params(place, reply, desk.group_id)
        answer = await api.send(place.kind.method, params, COMMENT_REFUSALS)
        told = answer if isinstance(answer, dict) else {"comment_id": answer}
        person = reply.recipient.remote_id if reply.recipient is not None else None
        written = {
            "id": told.get("comment_id"), "date": desk.now, "from_id": -desk.group_id,
            "text": addressed_text(place, reply),
            place.kind.owner_key: place.owner, place.kind.below_key: place.below,
            "parents_stack": told.get("parents_stack") or ([] if place.root is None else [place.root]),
            "reply_to_comment": place.answered,
            "reply_to_user": person if place.answered is not None else None,
        }  # fmt: skip
        with _taken():
            message = comment_of(
                place.kind, written, desk.group_id, desk.clock.now(),
                below_customers_post=place.root is None, stream=reply.stream,
                root_of=desk.memory.root_of,
            )  # fmt: skip
        desk.memory.learn([message])
        return message


@contextlib.contextmanager
def _taken() -> Iterator[None]:
    """Let nothing that goes wrong pass for a refusal: VK has taken the reply before."""
    try:
        yield
    except InboxdError as error:
        raise in_doubt(error) from None


def _only_one(answer: object, now: datetime) -> object:
    """Return what messages.send tells of its only peer; why it was refused is raised."""
    sent = answer[0] if isinstance(answer, list) and answer else None
    error = sent.get("error") if isinstance(sent, dict) else None
    if isinstance(error, dict):
        said = Refusal(
            integer(error, "code"), text_of(error, "description"), "messages.send",
            "community token",
        )  # fmt: skip
        raise said.translated(DM_REFUSALS, now, sending=True)
    return sent
