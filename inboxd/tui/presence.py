"""Letting others know which case is before one's eyes in this terminal, and learning who else is there."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on
from textual.events import Mount, Unmount

from inboxd.errors import InboxdError
from inboxd.store.presences import RENEWED_EVERY
from inboxd.tui.enduring import Layer
from inboxd.tui.haste import begin
from inboxd.tui.host import Host

if TYPE_CHECKING:
    from inboxd.store import Store
    from inboxd.store.presences import Presence


_LEAVES_WITHIN_SECONDS = 0.2


class AtCase(Layer[None]):
    """
    A screen that is about one *case*: others are told so for as long as it is open.

    Of several that lie upon one another the foremost counts, also while a dialog is in front of it.
    """

    app = getters.app(Host)
    case: int
    DOING: ClassVar[str]
    """What others are told: ``reading``, ``replying``."""

    @on(Mount)
    def attend_regularly(self) -> None:
        """Say it again and again, for it does not last."""
        self.set_interval(RENEWED_EVERY.total_seconds(), self.attend)

    @on(Unmount)
    async def leave(self) -> None:
        """Let others know that nobody is at the case any more; a screen beneath says so itself."""
        key = self.app.session.key

        def gone(store: Store) -> None:
            with suppress(InboxdError), store.transaction():
                store.presences.gone(key)

        others = (each for each in self.app.screen_stack if each is not self)
        if not any(isinstance(each, AtCase) for each in others):
            # What has begun is done all the same: a busy database keeps nobody on the screen.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAVES_WITHIN_SECONDS):
                    await self.app.session.run(gone)

    def attend(self) -> None:
        """Let others know that one is here."""
        if self._foremost() is self:
            begin(self, self.announce, "presence")

    async def announce(self) -> None:
        """Say it now: a courtesy of which nobody needs to hear where it cannot be done."""
        with suppress(InboxdError):
            await self.here()

    async def here(self) -> tuple[Presence, ...]:
        """Say that one is here; returns who else is. Raises InboxdError."""
        session, case, doing, now = self.app.session, self.case, self.DOING, self.app.session.now

        def work(store: Store) -> tuple[Presence, ...]:
            with store.transaction():
                store.presences.here(session.key, session.me, case, doing, now)
            return store.presences.at(case, session.key, now)

        return await session.run(work)

    def _foremost(self) -> AtCase | None:
        return next(
            (each for each in reversed(self.app.screen_stack) if isinstance(each, AtCase)), None
        )
