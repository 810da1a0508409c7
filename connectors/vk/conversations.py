"""The source "conversations": reads private messages back, many histories in one call."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.payloads import folded, somebodys_message
from connectors.vk.people import PROFILE_FIELDS
from connectors.vk.shapes import (
    as_object,
    instant_of,
    items_of,
    sift,
    total_of,
)
from connectors.vk.windows import Conversation, conversation_of
from inboxd.connector import Page
from inboxd.errors import InboxdError, PermissionMissing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from connectors.vk.desk import Desk
    from inboxd.connector import Cursor
    from inboxd.model import Unknown

CONVERSATIONS_PAGE: Final = 200
HISTORY_PAGE: Final = 200
# A re-read wants a few messages of each thread; only who finds them all new reads on.
FIRST_HISTORY_PAGE: Final = 20


class Conversations:
    """The private messages of the community. The cursor is ``{"since": unix seconds}``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def poll(self, cursor: Cursor) -> AsyncIterator[Page]:
        """
        Read the conversations that something was said in since the cursor.

        The next cursor is the newest message as the list showed it at the *beginning*: what
        is said while the histories are read is newer than that, wherever it is said.
        """
        floor, since = self._desk.start(cursor)
        kept: Cursor = {"since": since}
        conversations, unknown = await self._active(floor)
        newest = max((each.latest for each in conversations[0]), default=0)
        active = {each.peer: each for group in conversations for each in group}
        async for page in self._histories(list(active.values()), floor):
            yield replace(page, cursor=kept)
        # A message from the future must not carry the cursor past what is yet to come.
        yield Page({"since": max(since, min(newest, self._desk.now))}, unknown=unknown)

    async def _active(self, floor: int) -> tuple[list[list[Conversation]], list[Unknown]]:
        """
        Return the conversations with a message from *floor* on, page by page.

        A conversation that moves to the top while later pages are read would be in none of
        them, so after several pages the first is read again.
        """
        pages: list[list[Conversation]] = []
        unknown: list[Unknown] = []
        offset, more = 0, True
        while more:
            page, strange, more = await self._page(offset, floor)
            pages.append(page)
            unknown += strange
            offset += CONVERSATIONS_PAGE
        if len(pages) > 1:
            pages.append((await self._page(0, floor))[0])
        return pages, unknown

    async def _page(
        self, offset: int, floor: int
    ) -> tuple[list[Conversation], list[Unknown], bool]:
        """Return a page's active conversations, what could not be read, and if there are more."""
        params = {
            "group_id": self._desk.group_id, "offset": offset, "count": CONVERSATIONS_PAGE,
            "extended": 1, "fields": PROFILE_FIELDS,
        }  # fmt: skip
        answer = await self._desk.community.call("messages.getConversations", params)
        items = items_of(answer, "messages.getConversations")
        self._desk.people.learn(answer)
        read, unknown = sift(items, "conversation", conversation_of)
        active = [each for each in read if each.latest >= floor]
        # Pinned conversations stand above newer ones: only the last of a page tells.
        fresh = bool(unknown) if not read else read[-1].latest >= floor
        return active, unknown, fresh and offset + CONVERSATIONS_PAGE < total_of(answer)

    async def _histories(
        self, conversations: Sequence[Conversation], floor: int
    ) -> AsyncIterator[Page]:
        """
        Yield the messages of *conversations* from the newest down to *floor*.

        One that VK does not let us read is a note, if it lets us read another. Any other trouble
        with one is raised, but only when the others have been read: the cursor must not pass it.
        """
        at_once = self._desk.community.MOST_AT_ONCE
        trouble: InboxdError | None = None
        refused: list[PermissionMissing] = []
        for start in range(0, len(conversations), at_once):
            some = conversations[start : start + at_once]
            first = [("messages.getHistory", self._params(each.peer, 0)) for each in some]
            answers = await self._desk.community.call_all(first)
            for each, answer in zip(some, answers, strict=True):
                try:
                    async for page in self._history(each, answer, floor):
                        yield page
                except PermissionMissing as error:
                    refused.append(error)
                    yield Page({}, note=f"dm:{each.peer} cannot be read: {error}")
                except InboxdError as error:
                    trouble = trouble or error
        if refused and len(refused) == len(conversations):
            raise refused[0]
        if trouble is not None:
            raise trouble

    def _params(self, peer: int, offset: int) -> dict[str, Any]:
        count = HISTORY_PAGE if offset else FIRST_HISTORY_PAGE
        return {
            "group_id": self._desk.group_id, "peer_id": peer, "offset": offset, "count": count,
        }  # fmt: skip

    async def _history(
        self, conversation: Conversation, first: object, floor: int
    ) -> AsyncIterator[Page]:
        """Yield one conversation, of which the *first* page has been read, or why it was not."""
        if isinstance(first, InboxdError):
            raise first
        answer, offset = first, 0
        while True:
            items = items_of(answer, "messages.getHistory")
            page, reached = await self._read(items, floor)
            yield replace(page, windows=() if offset else [conversation.window])
            offset += HISTORY_PAGE if offset else FIRST_HISTORY_PAGE
            total = total_of(as_object(answer, "messages.getHistory: the response"))
            if not items or reached or offset >= total:
                return
            params = self._params(conversation.peer, offset)
            answer = await self._desk.community.call("messages.getHistory", params)

    async def _read(self, items: Iterable[object], floor: int) -> tuple[Page, bool]:
        """Return the messages of a page from *floor* on, and whether older ones stood there."""
        read = partial(somebodys_message, group_id=self._desk.group_id)
        messages, unknown = sift(items, "message", read)
        fresh = [message for message in messages if message.sent_at >= instant_of(floor)]
        named = await self._desk.people.name(folded(fresh))
        return Page({}, messages=named, unknown=unknown), len(fresh) < len(messages)
