"""What `inboxd check --online` finds out: who the tokens are and which streams they can serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.vk.boards import Boards, Photos
from connectors.vk.elsewhere import Mentions, Search
from connectors.vk.listening import enabled_events
from connectors.vk.payloads import community
from connectors.vk.people import groups_of
from connectors.vk.shapes import as_object, list_of
from connectors.vk.wall import Wall
from inboxd.connector import AccountCheck, StreamCheck
from inboxd.errors import OperatorError, RateLimited, UnexpectedPayload
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.vk.desk import Desk

_LONG_POLL_OFF = "switch on the Long Poll API in VK: Manage, API usage, Long Poll API"
_NO_USER = "VK shows mentions to a user token alone; give the account a user_token"
_NO_SEARCH = "searching needs a service_token or a user_token; give the account one"


@dataclass(frozen=True, slots=True)
class _Community:
    """What VK tells of the community token: its rights, and the events that are switched on."""

    rights: frozenset[Any]
    events: frozenset[str] | None
    """None where the long poll is off or closed to the token."""


class Check:
    """Asks VK what each stream needs, with the token that would read it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def run(self) -> AccountCheck:
        """Return the community's name and whether each configured stream can be served."""
        own = {"group_id": self._desk.group_id}
        groups = groups_of(await self._desk.community.call("groups.getById", own))
        name = community(as_object(next(iter(groups), None), "group")).name
        told = await self._desk.community.call("groups.getTokenPermissions", {})
        rights = frozenset(
            right.get("name")
            for right in list_of(as_object(told, "response"), "permissions")
            if isinstance(right, dict)
        )
        known = _Community(rights, await enabled_events(self._desk))
        checks: dict[Stream, Callable[[_Community], Awaitable[StreamCheck]]] = {
            Stream.DIRECT_MESSAGES: self._messages,
            Stream.COMMENTS: self._comments,
            Stream.MENTIONS: self._mentions,
            Stream.SEARCH: self._search,
        }
        streams = [await checks[each](known) for each in self._desk.settings.streams]
        return AccountCheck(f"{name} (club{self._desk.group_id})", streams)

    async def _messages(self, known: _Community) -> StreamCheck:
        """Messages can be read without the long poll, only later; without the right, not at all."""
        if "messages" not in known.rights:
            text = "the community token lacks the right 'messages'; make one that has it"
            return StreamCheck(Stream.DIRECT_MESSAGES, ok=False, text=text)
        text = _missing_events(known.events, "message_new", "message_reply", "message_edit")
        return StreamCheck(Stream.DIRECT_MESSAGES, ok=True, text=text)

    async def _comments(self, known: _Community) -> StreamCheck:
        """Comments come by the long poll, or at least those on the wall by the service token."""
        changes = [f"wall_reply_{change}" for change in ("new", "edit", "delete", "restore")]
        off = _missing_events(known.events, *changes, "wall_post_new")
        told = known.events is not None and "wall_reply_new" in known.events
        wall = await self._wall()
        mute = (
            "" if "wall" in known.rights else "the community token lacks the right 'wall' to answer"
        )
        text = "; ".join(filter(None, (off, wall, *await self._others(), mute)))
        return StreamCheck(Stream.COMMENTS, ok=told or not wall, text=text)

    async def _wall(self) -> str:
        """Return why the wall cannot be read back, or "" where it can."""
        if self._desk.reader is None:
            return "there is no service_token to read the wall back"
        trouble = await _trouble(Wall(self._desk).page(0, 1))
        return f"the wall cannot be read back: {trouble}" if trouble else ""

    async def _others(self) -> list[str]:
        """Return what else cannot be read back, for those who have the tokens for it."""
        told = []
        if self._desk.reader is not None and self._desk.settings.boards:
            trouble = await _trouble(Boards(self._desk).topics(0, 1))
            why = f"discussions cannot be read back: {trouble}; without any, set boards = false"
            told += [why] if trouble else []
        if self._desk.user is not None:
            trouble = await _trouble(Photos(self._desk).page(0, 1))
            told += [f"the comments of photos cannot be read back: {trouble}"] if trouble else []
        return told

    async def _mentions(self, _known: _Community) -> StreamCheck:
        if self._desk.user is None:
            return StreamCheck(Stream.MENTIONS, ok=False, text=_NO_USER)
        trouble = await _trouble(Mentions(self._desk).page(self._desk.horizon, 0, 1))
        return StreamCheck(Stream.MENTIONS, ok=not trouble, text=trouble)

    async def _search(self, _known: _Community) -> StreamCheck:
        if self._desk.reader is None:
            return StreamCheck(Stream.SEARCH, ok=False, text=_NO_SEARCH)
        word = self._desk.settings.brand_words[0]
        trouble = await _trouble(Search(self._desk).page(word, self._desk.horizon, 1))
        return StreamCheck(Stream.SEARCH, ok=not trouble, text=trouble)


async def _trouble(reading: Awaitable[Any]) -> str:
    """Return why *reading* fails for good, or "" where it does not."""
    try:
        await reading
    except (OperatorError, UnexpectedPayload, RateLimited) as error:
        return str(error)
    return ""


def _missing_events(events: frozenset[str] | None, *wanted: str) -> str:
    """Return what to switch on so that the long poll tells of *wanted*, or ""."""
    if events is None:
        return _LONG_POLL_OFF
    missing = [name for name in wanted if name not in events]
    return f"switch on the long-poll events {', '.join(missing)}" if missing else ""
