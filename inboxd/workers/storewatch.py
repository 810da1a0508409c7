"""Watches whether the database can be used, and sees to it that people hear when it cannot be."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.machine import database_alert, database_usable_alert
from inboxd.durations import format_duration
from inboxd.errors import DatabaseDamaged, DatabaseError, DatabaseLost

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.model import Alert
    from inboxd.store import Store
    from inboxd.workers.lastresort import LastResort
    from inboxd.workers.storethread import StoreThread

log = structlog.get_logger(__name__)

_PATIENCE = timedelta(minutes=1)
"""A trouble that is over sooner is nobody's business."""
_CALM = timedelta(seconds=30)
"""What goes wrong again within so much is the same trouble."""
_PROBE_BYTES = 64 * 1024
"""Written and taken back, to see whether there is room for more than the last few bytes of a disk."""
_PROBE = "probe"
_LAST_WORDS_SECONDS = 10
_FOR_GOOD = (DatabaseDamaged, DatabaseLost)


class StoreWatch:
    """
    Hears of each piece of work that the database did not let be done.

    While there is trouble nothing else is to be tried (`usable` is False): it would cost what
    networks allow, and say the same again every second. Whether it is over is found out by writing.
    A damaged file is left alone for good.
    """

    def __init__(self, clock: Clock, last_resort: LastResort) -> None:
        self._clock = clock
        self._last_resort = last_resort
        self._when_lost: Callable[[], None] = lambda: None
        self._error: DatabaseError | None = None
        self._since: datetime = clock.now()
        self._wrote_at: datetime | None = None
        self._relapsed = False
        self._telling: asyncio.Task[None] | None = None
        self._alert: Alert | None = None

    @property
    def usable(self) -> bool:
        """Whether there is any use in trying to read and to write."""
        return self._error is None or self._wrote_at is not None

    @property
    def lost(self) -> DatabaseLost | None:
        """The reason why only a new start helps, if there is one."""
        return self._error if isinstance(self._error, DatabaseLost) else None

    @property
    def problems(self) -> list[str]:
        """What monitors are told: nothing that a log line would not say, and no path."""
        if self._error is None:
            return []
        damaged = isinstance(self._error, DatabaseDamaged)
        return ["the database is damaged" if damaged else "the database cannot be used"]

    def when_lost(self, stop: Callable[[], None]) -> None:
        """Call *stop* as soon as only a new start helps."""
        self._when_lost = stop

    def hear(self, error: DatabaseError) -> None:
        """Note that work was not done; said once for each trouble."""
        if self._error is None:
            self._since = self._clock.now()
        worse = type(error) is not type(self._error)
        if worse and not isinstance(self._error, _FOR_GOOD):
            log.error("database cannot be used", error=type(error).__name__, text=str(error))
            self._error, self._alert = error, None
        self._relapsed = self._relapsed or self._wrote_at is not None
        self._wrote_at = None
        if self.lost:
            self._when_lost()

    async def look(self, thread: StoreThread) -> bool:
        """Tell people of what lasts, and try whether it is over; returns True if work goes on."""
        if self._error is None:
            return False
        if self._wrote_at is not None:
            if self._clock.now() - self._wrote_at >= _CALM:
                await self._end(thread)
            return False
        damaged = isinstance(self._error, DatabaseDamaged)
        resumed = not damaged and await self._try_to_write(thread)
        lasts = self._clock.now() - self._since >= _PATIENCE
        # A file that takes a little and not what there is to write is no better than a full one.
        if damaged or (lasts and (not resumed or self._relapsed)):
            self._tell(self._error)
        return resumed

    async def _try_to_write(self, thread: StoreThread) -> bool:
        try:
            await thread.run(_probe)
        except DatabaseError:
            return False  # `hear` has heard of it.
        self._wrote_at = self._clock.now()
        return True

    def _tell(self, error: DatabaseError) -> None:
        """Tell whoever does not know it yet, beside everything else: sinks may be slow."""
        if self._alert is None:
            self._alert = database_alert(error, self._since, self._clock.now())
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._last_resort.tell(self._alert))

    async def _end(self, thread: StoreThread) -> None:
        now = self._clock.now()
        await self._last_resort.tell_end(
            self._alert, database_usable_alert(self._since, now), thread
        )
        log.info("database can be used again", after=format_duration(now - self._since))
        self._error = self._wrote_at = self._alert = None
        self._relapsed = False

    async def say_farewell(self) -> None:
        """Tell people that only a new start helps, and why; then raise that."""
        if self.lost:
            alert = database_alert(self.lost, self._since, self._clock.now())
            try:
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await self._last_resort.tell(alert)
            except TimeoutError:
                log.warning("not told in time", reason=alert.reason)
            raise self.lost

    async def close(self) -> None:
        """Leave off telling."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)


def _probe(store: Store) -> None:
    with store.transaction():
        store.remember(_PROBE, "." * _PROBE_BYTES)
    with store.transaction():
        store.forget(_PROBE)
