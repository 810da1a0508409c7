"""Keeps the day sheets of reports fresh, so that whoever asks for one finds little to do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from inboxd.core.scorecard.basis import Basis
    from inboxd.store import Store
    from inboxd.workers.context import Context

log = structlog.get_logger(__name__)

_EVERY = timedelta(hours=1)
_STEPS_AT_ONCE = 30
"""Transactions in one look: the rest is for the next."""


class SheetMaker:
    """Makes once an hour what is stale of the days that are over: today changes all the time."""

    def __init__(self, basis: Basis, context: Context) -> None:
        self._basis = basis
        self._context = context
        self._began_at: datetime | None = None
        self._making: Iterator[tuple[int, int]] | None = None
        self._done = 0

    async def look(self) -> None:
        """Do some of what is to be done, if it is time."""
        now = self._context.clock.now()
        if self._making is None:
            if self._began_at and now - self._began_at < _EVERY:
                return
            self._began_at, self._done = now, 0
            self._making = await self._context.store.run(lambda store: self._begin(store, now))
        for _ in range(_STEPS_AT_ONCE):
            # One transaction, and then whoever else waits for the store.
            if not await self._context.store.run(self._step):
                return

    def _begin(self, store: Store, now: datetime) -> Iterator[tuple[int, int]]:
        today = now.astimezone(self._basis.timezone).date()
        return store.sheets.refreshing(self._basis, until=today)

    def _step(self, _: Store) -> bool:
        try:
            step = next(self._making, None) if self._making else None
        except BaseException:
            # What was broken off would seem to be at its end: it begins anew.
            self._making = self._began_at = None
            raise
        if step is None:
            self._making = None
            if self._done:
                log.debug("sheets made", days=self._done)
            return False
        self._done, _of = step
        return True
