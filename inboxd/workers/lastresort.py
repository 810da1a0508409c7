"""Telling people directly what cannot be put into the outbox, because nothing can be stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from inboxd.core.delivery import pause_after
from inboxd.errors import InboxdError, NetworkError
from inboxd.notify import Delivery, PartlyDelivered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.core.restraint import Restraint
    from inboxd.model import Alert
    from inboxd.notify import Sink
    from inboxd.store import Store
    from inboxd.workers.storethread import StoreThread

log = structlog.get_logger(__name__)

_LONGEST_TRY_SECONDS = 120
"""Real seconds; a mail server may need longer, but who asks here waits for the end."""


class LastResort:
    """
    Tells each sink of an alert at most once, as far as this process remembers.

    It is for what must not wait for a database: whom it told what is kept in memory only. A sink
    that cannot be reached is tried again by the next call; one whose answer was lost counts
    as told.
    """

    def __init__(
        self,
        sinks: Mapping[str, Sink],
        to: Sequence[str],
        restraints: Mapping[str, Restraint | None],
        clock: Clock,
        origin: str = "",
    ) -> None:
        self._origin = origin
        self._sinks = [sinks[name] for name in to if name in sinks]
        self._restraints = restraints
        self._clock = clock
        self._settled: set[tuple[str, str]] = set()
        self._told: dict[str, list[str]] = {}
        self._failures: dict[str, int] = {}
        self._resting: dict[str, datetime] = {}
        self._telling = asyncio.Lock()

    async def tell(self, alert: Alert) -> None:
        """Tell of *alert* whoever has not heard of it and can be told now."""
        async with self._telling:
            due = [sink for sink in self._sinks if self._may(sink.name, alert)]
            await asyncio.gather(*(self._deliver(sink, alert) for sink in due))

    async def tell_end(self, trouble: Alert | None, over: Alert, thread: StoreThread) -> None:
        """Queue *over*, that a *trouble* has ended, for whoever has heard of that."""
        told = self._told.get(trouble.key, []) if trouble else []

        def queue(store: Store) -> None:
            with store.transaction():
                store.outbox.add_alert(over, told)

        if told:
            await thread.run(queue)

    def _may(self, sink: str, alert: Alert) -> bool:
        now, resting = self._clock.now(), self._resting.get(sink)
        restraint = self._restraints.get(sink)
        quiet = restraint is not None and restraint.hold(urgent=False, told_at=(), now=now)
        heard = (sink, alert.key) in self._settled
        return not heard and not quiet and not (resting and resting > now)

    async def _tell(self, sink: Sink, alert: Alert) -> None:
        try:
            await sink.deliver(Delivery.of(alert, origin=self._origin))
        except PartlyDelivered as error:
            # To try it again would tell those who have heard of it.
            log.warning("not told to all", sink=sink.name, reason=alert.reason, text=str(error))

    async def _deliver(self, sink: Sink, alert: Alert) -> None:
        heard = (sink.name, alert.key)
        try:
            async with asyncio.timeout(_LONGEST_TRY_SECONDS):
                await self._tell(sink, alert)
        except TimeoutError:
            self._settled.add(heard)
            log.warning("not told", sink=sink.name, reason=alert.reason, text="it does not answer")
        except NetworkError as error:
            failures, now = self._failures.get(sink.name, 0), self._clock.now()
            self._failures[sink.name] = failures + 1
            self._resting[sink.name] = now + pause_after(error, failures, now)
            log.warning("not told", sink=sink.name, reason=alert.reason, text=str(error))
        except InboxdError as error:
            # Refused for good, or it may have arrived: neither is to be tried again.
            self._settled.add(heard)
            log.warning("not told", sink=sink.name, reason=alert.reason, text=str(error))
        except Exception:
            self._settled.add(heard)
            log.exception("telling crashed", sink=sink.name, reason=alert.reason)
        else:
            self._settled.add(heard)
            self._told.setdefault(alert.key, []).append(sink.name)
            log.info("told directly", sink=sink.name, reason=alert.reason)
