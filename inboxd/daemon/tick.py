"""The tick: judge, escalate and deliver whatever is due now."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from inboxd.clock import stopwatch
from inboxd.errors import is_shortage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from inboxd.daemon.gate import Gate
    from inboxd.daemon.watches import Watches
    from inboxd.workers.classifier import ClassifyWorker
    from inboxd.workers.context import Context
    from inboxd.workers.deliveries import Deliveries


class Tick:
    """What comes round each second, and after a poll that found something; *began_at* as before."""

    def __init__(  # noqa: PLR0913, PLR0917 - it leads through all of the work
        self,
        gate: Gate,
        classifier: ClassifyWorker,
        watches: Watches,
        deliveries: Deliveries,
        context: Context,
        began_at: datetime | None,
    ) -> None:
        self._gate = gate
        self._classifier = classifier
        self._watches = watches
        self._deliveries = deliveries
        self._thread = context.store
        self._clock = context.clock
        self._observer = context.observer
        self.began_at = self.ended_at = began_at
        self._under_way, self._another_waits = asyncio.Lock(), False

    async def come_round(self) -> None:
        """
        Judge, escalate and deliver whatever is due now.

        Where a tick is about to begin as soon as another ends, it will see everything, too.
        """
        if not self._gate.can_work():
            self.began_at = self._clock.now()
            return
        if self._another_waits:
            return
        async with self._next():
            self.began_at, passed = self._clock.now(), stopwatch()
            trouble = await self._judge()
            used = self._watches.digests.used(self._clock.now())
            for receiver in await self._thread.run(lambda _: self._watches.look(used)):
                self._deliveries.begin(receiver)
            self.ended_at = self._clock.now()
            self._observer.ticked(passed())
            if trouble:
                raise trouble

    @asynccontextmanager
    async def _next(self) -> AsyncIterator[None]:
        """Wait for the tick that is under way, as the only one who does."""
        self._another_waits = True
        try:
            await self._under_way.acquire()
        finally:
            self._another_waits = False
        try:
            yield
        finally:
            self._under_way.release()

    async def _judge(self) -> Exception | None:
        """Judge what waits for it; returns what kept us: who is due is told of all the same."""
        try:
            await self._classifier.work()
        except Exception as error:
            if not is_shortage(error):
                raise
            return error
        return None
