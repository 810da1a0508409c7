"""Somebody else's Page: the posts and comments that an app with the feature for it may read."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from connectors.facebook.connector import Connector
from connectors.facebook.limits import Meter
from connectors.facebook.lists import FOREIGN_FEED
from connectors.facebook.marks import Marks
from connectors.facebook.settings import Settings
from connectors.facebook.shapes import string
from inboxd import public as port
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from connectors.facebook.settings import Watched
    from inboxd.clock import Clock
    from inboxd.connector import Cursor, Ledger, Page

_WHO = "Facebook names no customer there; who answers is known by the Page's own number"


class PublicReader(port.PublicReader):
    """
    One Page.

    Facebook counts by the app and by the Page that is read, so it rests in a ledger of its own;
    but where ours is told to ease off, others wait first.
    """

    network: ClassVar[str] = "facebook"

    def __init__(
        self,
        settings: Watched,
        clock: Clock,
        ledger: Ledger | None = None,
        ours: Ledger | None = None,
    ) -> None:
        self._page = _Foreign(
            settings.as_an_account(Settings, streams=(Stream.COMMENTS,)), clock, ledger
        )
        self._ours = Meter(clock, ours) if ours else None

    async def poll(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Yield what is new, newest first."""
        if self._ours:
            self._ours.mind_what_can_wait()
        async with aclosing(self._page.public(cursor)) as pages:
            async for page in pages:
                # How one could answer is not our concern.
                yield replace(page, windows=())

    async def check(self) -> port.PublicCheck:
        """Ask for the Page's name, and for one of its posts."""
        return port.PublicCheck(await self._page.known_as(), _WHO)

    async def close(self) -> None:
        """Close the connections."""
        await self._page.close()


class _Foreign(Connector):
    """A Page that is not ours, read like our own feed: the newest hundred posts, however old."""

    lists: ClassVar = {"feed": FOREIGN_FEED}

    async def public(self, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Yield what is new in its feed."""
        now = self._clock.now()
        marks = Marks.of(cursor, now - self._settings.backfill)
        async with aclosing(self._read("feed", marks, now, sweeps=False)) as pages:
            async for page in pages:
                yield page

    async def known_as(self) -> str:
        """Return its name; raises why it cannot be read."""
        number, task = self._settings.page_id, FOREIGN_FEED.task
        told = await self._graph.call("GET", number, {"fields": "id,name"}, task)
        await self._graph.page(f"{number}/feed", {"limit": "1", "fields": "id"}, task)
        return f"{string(told.get('name'))} ({number})"
