"""Hears of pressed buttons, beside everything else and whatever becomes of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd import notify

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from inboxd.clock import Clock
    from inboxd.config import AnySink
    from inboxd.notify.slack_listener import SlackListener
    from inboxd.workers.presses import Presses

log = structlog.get_logger(__name__)

_AGAIN_AFTER = timedelta(minutes=1)


class Listening:
    """Listens for the buttons of *sinks* while it runs; *presses* carries out what people press."""

    def __init__(self, sinks: Sequence[AnySink], presses: Presses, clock: Clock) -> None:
        self._sinks = sinks
        self._presses = presses
        self._clock = clock
        self.listeners: list[SlackListener] = []
        """Who listens at present: none until it runs, for nobody waits for a round to hear of a button."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for as long as the block runs."""
        self.listeners += notify.listeners(self._sinks, self._clock)
        tasks = [
            asyncio.create_task(self._listen(each), name=f"listen for {', '.join(each.sinks)}")
            for each in self.listeners
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, listener: SlackListener) -> None:
        while True:
            try:
                await listener.run(self._presses.carry_out)
            except Exception:
                log.exception("listening crashed", sinks=",".join(listener.sinks))
            await self._clock.sleep(_AGAIN_AFTER)
