"""What monitors are told of a daemon: how it stands, and what is counted and measured."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.standing import Standing
from inboxd.errors import DatabaseError
from inboxd.health import Health, Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from inboxd.config import Settings
    from inboxd.metrics import Metrics
    from inboxd.store import Gauges, Look, Store
    from inboxd.workers.context import Context

_SLOW_DELIVERY = timedelta(minutes=10)
"""After this long in the outbox something is wrong with its receiver."""


class Monitor:
    """
    Looks how a daemon stands, as often as it is asked and no more often than it should.

    Where the database is locked, or its thread is busy, that is what is told, within seconds.
    *troubles* are those of which the daemon itself knows.
    """

    def __init__(
        self,
        settings: Settings,
        context: Context,
        ticked_at: Callable[[], datetime | None],
        troubles: Callable[[datetime], Sequence[str]],
        metrics: Metrics | None = None,
    ) -> None:
        self._settings = settings
        self._store = context.store
        self._clock = context.clock
        self._ticked_at = ticked_at
        self._troubles = troubles
        self.trouble: Callable[[], Sequence[str]] = tuple
        """Returns what is wrong with the machine: then the database is asked for nothing else."""
        self._metrics = metrics
        self._breaches: Look | None = None
        self._problems = Kept(self._look)
        self._gauges = Kept(self._measure, patience=3.0)
        self._text = Kept(self._write, seconds=1.0, patience=5.0)

    def live(self) -> bool:
        """Tell whether the daemon's clockwork runs; asks nobody."""
        return Health(self._ticked_at(), self._clock.now()).live

    async def health(self) -> Health:
        """Return how the daemon stands."""
        try:
            problems = [*self.trouble()] or await self._problems.get()
        except TimeoutError:
            problems = ["the database does not answer: it is locked, or busy"]
        except DatabaseError as error:
            problems = [str(error)]
        now = self._clock.now()
        return Health(self._ticked_at(), now, (*problems, *self._troubles(now)))

    async def metrics(self) -> bytes:
        """Return what is counted and measured; what the database tells is left out if it does not."""
        return await self._text.get()

    async def close(self) -> None:
        """Give up what is still being looked for."""
        for kept in (self._text, self._problems, self._gauges):
            await kept.close()

    async def _look(self) -> list[str]:
        now, sinks = self._clock.now(), [sink.name for sink in self._settings.sinks]
        return await self._store.run(lambda store: problems(store, sinks, now))

    async def _measure(self) -> Gauges:
        now, settings, before = self._clock.now(), self._settings, self._breaches
        accounts = [account.name for account in settings.accounts]
        sinks = [sink.name for sink in settings.sinks]
        self._breaches = await self._store.run(lambda store: store.breaches.look(before, now))
        if self._metrics:
            for account, count in self._breaches.breached:
                self._metrics.counts.breached(account, count)
        return await self._store.run(
            lambda store: store.gauges.of(
                accounts, sinks, settings.policies, now, nightly=settings.backups is not None
            )
        )

    async def _write(self) -> bytes:
        if self._metrics is None:
            return b""
        health, gauges = await asyncio.gather(self.health(), self._known_gauges())
        return self._metrics.text(gauges, health.ticked_at, ready=health.ready)

    async def _known_gauges(self) -> Gauges | None:
        try:
            return await self._gauges.get()
        except (TimeoutError, DatabaseError):
            return None


def problems(store: Store, sinks: Sequence[str], now: datetime) -> list[str]:
    """
    Return, in words, which account is not read, or late, and who does not get what is sent.

    Raises DatabaseError where nothing can be written.
    """
    store.prove_writable(now)
    told = [state for state in store.sources.all() if state.told_as]
    unread = {state.account for state in told if state.told_as != Standing.DEAF}
    late = {state.account for state in told} - unread
    stuck = store.outbox.waiting_since(now - _SLOW_DELIVERY, now)
    refusing = [sink for sink in sinks if store.outbox.refusing_since(sink)]
    return [
        *(f"{account} is not read" for account in sorted(unread)),
        *(f"{account} does not deliver: it is read late" for account in sorted(late)),
        *(f"{sink} takes no alerts" for sink in refusing),
        *(f"{receiver} does not take what is sent" for receiver in stuck),
    ]
