"""Holds the time against the networks' before a round that may be the first one after a clock was set."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.machine import clock_right_alert, clock_wrong_alert
from inboxd.errors import OperatorError
from inboxd.workers.clockwatch import JUMP, RIGHT, WRONG
from inboxd.workers.machine import read_at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from inboxd.findings import Finding
    from inboxd.store import Store
    from inboxd.workers.context import Context
    from inboxd.workers.lastresort import LastResort

log = structlog.get_logger(__name__)

_LONG = timedelta(hours=1)
"""Rounds come oftener: after a longer pause the clock may have been set just as well."""
_TOLD_SINCE = "clock:told_since"


class RoundClock:
    """
    What `ClockWatch` is for a daemon: a round sees no clock jump, only how long ago the last one was.

    The networks are asked (*ask*) where that is long, or still to come.
    """

    def __init__(
        self,
        context: Context,
        ask: Callable[[], Awaitable[Sequence[Finding]]],
        last_resort: LastResort,
    ) -> None:
        self._context = context
        self._ask = ask
        self._last_resort = last_resort

    async def prove(self) -> None:
        """Raise OperatorError where the time is wrong, of which people are told once."""
        store, now = self._context.store, self._context.clock.now()
        told_since = await store.run(lambda store: store.recall(_TOLD_SINCE))
        latest = await store.run(lambda store: max(read_at(store).values(), default=now))
        if told_since is None and -JUMP <= now - latest <= _LONG:
            return
        findings = {finding.code: finding for finding in await self._ask()}
        if findings.keys() & RIGHT:
            await store.run(lambda store: self._believe(store, now))
        elif wrong := findings.keys() & WRONG:
            finding = findings[min(wrong)]
            text = f"{finding.what} {finding.text}; {finding.todo}"
            if told_since is None:
                log.error("clock is wrong", text=text)
                await self._last_resort.tell(clock_wrong_alert(text, now, now))
                await store.run(lambda store: store.remember(_TOLD_SINCE, now.isoformat()))
            raise OperatorError(f"the clock of this machine is wrong, nothing was read: {text}")

    def _believe(self, store: Store, now: datetime) -> None:
        if store.recall(_TOLD_SINCE) is None:
            return
        with store.transaction():
            store.outbox.add_alert(clock_right_alert(now, now), self._context.alert_to)
            store.forget(_TOLD_SINCE)
