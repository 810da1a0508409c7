"""Keeps the service manager informed: its watchdog is fed while work goes on, its status is fresh."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.errors import InboxdError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from inboxd.clock import Clock
    from inboxd.service.sdnotify import Notifier
    from inboxd.watchdog import Vigil

log = structlog.get_logger(__name__)

_REPORT_EVERY = timedelta(seconds=10)
_MEALS = 4
"""So many chances to be fed has the watchdog before it bites."""


class Reporter:
    """Tells the *notifier* what the *vigil* sees, and what the daemon says of itself."""

    def __init__(self, notifier: Notifier, vigil: Vigil, clock: Clock) -> None:
        self._notifier = notifier
        self._vigil = vigil
        self._clock = clock
        self._standing: Callable[[], Awaitable[str]] | None = None
        self._caveat = ""
        self._hung: tuple[str, ...] = ()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Report for as long as the block runs, if anybody listens."""
        tasks = []
        if self._notifier:
            tasks.append(asyncio.create_task(self._keep_status(), name="status"))
        if self._notifier.watchdog:
            tasks.append(asyncio.create_task(self._feed(self._notifier.watchdog), name="watchdog"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def up(self, standing: Callable[[], Awaitable[str]], *, caveat: str = "") -> None:
        """Say that all has begun, and from now on what *standing* returns, after a *caveat*."""
        self._standing, self._caveat = standing, caveat
        self._notifier.ready(f"{caveat}running")

    def look(self) -> None:
        """Feed the watchdog, unless something hangs: that is logged when it begins and ends."""
        hung = self._vigil.hung()
        if not hung:
            self._notifier.alive()
        if hung and not self._hung:
            log.error("watchdog not fed", why="; ".join(hung))
            self._notifier.status(f"hangs: {'; '.join(hung)}")
        elif self._hung and not hung:
            log.info("watchdog fed again")
        self._hung = hung

    async def _feed(self, watchdog: timedelta) -> None:
        while True:
            self.look()
            await self._clock.sleep(watchdog / _MEALS)

    async def _keep_status(self) -> None:
        while True:
            await self._clock.sleep(_REPORT_EVERY)
            if self._standing and not self._hung:
                self._notifier.status(self._caveat + await self._asked(self._standing))

    @staticmethod
    async def _asked(standing: Callable[[], Awaitable[str]]) -> str:
        try:
            return await standing()
        except InboxdError as error:
            return f"does not know how it stands: {error}"
