"""The source "long_poll": what the community's Bots Long Poll tells, as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connectors.vk.events import commented_posts, event_of, first_time
from connectors.vk.long_poll import Heard, LongPoll
from connectors.vk.payloads import direct_message, folded
from connectors.vk.shapes import as_object, items_of
from connectors.vk.windows import comment_windows
from inboxd.connector import Page
from inboxd.errors import InboxdError, NetworkError, PermissionMissing, UnexpectedPayload
from inboxd.model import Message, Stream, Unknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from connectors.vk.desk import Desk
    from inboxd.connector import Cursor

_MOST_ROUNDS: Final = 100
"""How many long polls one poll makes at most; a flood goes on in the next poll."""

_LOST: Final = "VK dropped long-poll events before they were read"
_NO_READER: Final = "comments cannot be read back without a service_token"


class Listening:
    """The community's events. The cursor is ``{"ts": text}``, and what is to be remembered."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.long_poll = LongPoll(desk.community, desk.settings)

    async def poll(self, cursor: Cursor) -> AsyncIterator[Page]:
        """Yield what came behind the cursor's ts; the first time, only where to begin."""
        ts = cursor.get("ts")
        if not isinstance(ts, str):
            yield Page(self._cursor(await self.long_poll.open()))
            return
        self._desk.memory.recall(cursor)
        told: set[str] = set()
        for _round in range(_MOST_ROUNDS):
            heard = await self.long_poll.listen(ts)
            ts = heard.ts
            yield await self._page(heard, told)
            if not heard.updates:
                return

    def _cursor(self, ts: str) -> Cursor:
        return {"ts": ts, **self._desk.memory.carried()}

    async def _page(self, heard: Heard, told: set[str]) -> Page:
        """Return a page of events; those whose id is in *told* came before and are left out."""
        fresh = [raw for raw in heard.updates if first_time(raw, told)]
        found = await self._understood(fresh)
        streams = self._desk.settings.streams
        messages = [item for item in found if isinstance(item, Message) and item.stream in streams]
        whole = await self._uncropped(fresh, folded(messages))
        named = await self._desk.people.name(whole)
        return Page(
            cursor=self._cursor(heard.ts),
            messages=named,
            unknown=[item for item in found if isinstance(item, Unknown)],
            windows=comment_windows(self._not_on_walls(named), as_user=self._desk.user is not None),
            note=f"{_LOST}; what can be is read back" if heard.lost else "",
            restarted=heard.lost,
            lost=await self._lost() if heard.lost else "",
        )

    async def _understood(self, updates: Sequence[object]) -> list[Message | Unknown | None]:
        """Return what *updates* tell, in the conversations of the posts that they belong to."""
        desk, now = self._desk, self._desk.clock.now()
        # Read once to learn: a comment and what it stands below may come in the same batch.
        first = [event_of(raw, desk.group_id, now, desk.memory) for raw in updates]
        desk.memory.learn(item for item in first if isinstance(item, Message))
        await desk.memory.ask(commented_posts(updates), desk.reader)
        return [event_of(raw, desk.group_id, now, desk.memory) for raw in updates]

    def _not_on_walls(self, messages: Sequence[Message]) -> list[Message]:
        """Return those whose window only the event tells of; walls are read with their rights."""
        return [
            message for message in messages
            if not message.thread_id.startswith("wall_reply") and (
                not message.thread_id.startswith("wall_post") or not message.public
            )
        ]  # fmt: skip

    async def _uncropped(self, updates: Sequence[object], messages: list[Message]) -> list[Message]:
        """Return *messages* with those whole that VK has cropped for bots, if it shows them."""
        cropped = {name for raw in updates if (name := _cropped(raw, self._desk.group_id))}
        return [
            await self._whole(message) if message.remote_id in cropped else message
            for message in messages
        ]

    async def _whole(self, message: Message) -> Message:
        peer, _, place = message.remote_id.removeprefix("dm:").partition("_")
        params = {
            "group_id": self._desk.group_id, "peer_id": peer, "conversation_message_ids": place,
        }  # fmt: skip
        method = "messages.getByConversationMessageId"
        try:
            answer = await self._desk.community.call(method, params)
            (item,) = items_of(answer, method)
            return direct_message(as_object(item, "message"), self._desk.group_id)
        except (InboxdError, ValueError):
            return message

    async def _lost(self) -> str:
        """Return what of the dropped events nothing reads back, of those that VK may tell at all."""
        desk = self._desk
        if Stream.COMMENTS not in desk.settings.streams:
            return ""
        if desk.reader is None:
            return f"{_LOST}, and {_NO_READER}: look at them in VK"
        blind = {
            "videos": "video_comment_new",
            "goods": "market_comment_new",
            **({} if desk.user is not None else {"photos": "photo_comment_new"}),
            **({} if desk.settings.boards else {"discussions": "board_post_new"}),
        }
        told = await enabled_events(desk)
        things = [name for name, event in blind.items() if told is None or event in told]
        if not things:
            return ""
        return f"{_LOST}, and comments on {' and '.join(things)} cannot be read back: look in VK"


async def enabled_events(desk: Desk) -> frozenset[str] | None:
    """Return the events that the long poll delivers; None where it is off, or does not say."""
    try:
        params = {"group_id": desk.group_id}
        answer = await desk.community.call("groups.getLongPollSettings", params)
        settings = as_object(answer, "response")
        events = as_object(settings.get("events"), "events")
    except (PermissionMissing, UnexpectedPayload, NetworkError):
        return None
    return (
        frozenset(name for name, on in events.items() if on) if settings.get("is_enabled") else None
    )


def _cropped(raw: Any, group_id: int) -> str:  # noqa: ANN401 - an event of whatever shape
    """Return the remote id of an event's message if VK has cropped it for bots."""
    content = raw.get("object") if isinstance(raw, dict) else None
    message = content.get("message", content) if isinstance(content, dict) else None
    if not isinstance(message, dict) or not message.get("is_cropped"):
        return ""
    try:
        return direct_message(message, group_id).remote_id
    except UnexpectedPayload:
        return ""
