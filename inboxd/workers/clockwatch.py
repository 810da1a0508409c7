"""Notices when the computer's clock was set, or the computer slept, and whether the time is right."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.machine import clock_right_alert, clock_wrong_alert
from inboxd.durations import format_duration
from inboxd.findings import Code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.findings import Finding
    from inboxd.model import Alert
    from inboxd.workers.lastresort import LastResort
    from inboxd.workers.storethread import StoreThread

log = structlog.get_logger(__name__)

JUMP = timedelta(minutes=5)
"""By less the time is set, or off, without anybody being told too soon or too late for it."""
_NAP = timedelta(seconds=30)
_ASK_AGAIN = timedelta(minutes=1)
_TRIES = 3
"""After so many questions that nobody answered the clock is believed: there is no better one."""
WRONG = {Code.MACHINE_CLOCK_WRONG, Code.NETWORK_TLS}
"""A year off, certificates are not valid yet, or no longer, before any time is told."""
RIGHT = {Code.MACHINE_CLOCK, Code.MACHINE_CLOCK_OFF}


class ClockWatch:
    """
    Holds the time of day against what nobody can set.

    After a jump the time is in doubt until the networks, which tell theirs in each answer, were
    asked (*ask*). While it is, nothing is to be read and nobody to be told: a year ahead, everybody
    would be late.
    """

    def __init__(
        self,
        clock: Clock,
        ask: Callable[[], Awaitable[Sequence[Finding]]],
        last_resort: LastResort,
    ) -> None:
        self._clock = clock
        self._ask = ask
        self._last_resort = last_resort
        self._seen = self._read()
        self._doubted_at: datetime | None = None
        self._asked_in_vain = 0
        self._ask_at = timedelta()
        self._alert: Alert | None = None

    @property
    def trusted(self) -> bool:
        """Whether the time of day is as right as can be known."""
        return self._doubted_at is None

    @property
    def problems(self) -> list[str]:
        """What monitors are told."""
        return [] if self._alert is None else ["the clock is wrong"]

    def _read(self) -> tuple[datetime, timedelta, timedelta]:
        return self._clock.now(), self._clock.steady(), self._clock.awake()

    def _since(self) -> tuple[timedelta, timedelta]:
        """Return by how much the time was set since the last look, and how long the machine slept."""
        (wall, steady, awake), (wall_then, steady_then, awake_then) = self._read(), self._seen
        passed = steady - steady_then
        return (wall - wall_then) - passed, passed - (awake - awake_then)

    @property
    def moved(self) -> bool:
        """Whether there is something to notice."""
        jumped, slept = self._since()
        return abs(jumped) > JUMP or slept > _NAP

    def look(self) -> bool:
        """Notice what happened since the last look; returns True where the machine slept."""
        jumped, slept = self._since()
        self._seen = self._read()
        if abs(jumped) > JUMP:
            log.warning("clock was set", by=_signed(jumped))
            self.doubt()
        if slept > _NAP:
            log.warning("machine slept", lasted=format_duration(slept))
        return slept > _NAP

    def doubt(self) -> None:
        """Believe the time of day no more, until the networks were asked."""
        self._doubted_at = self._doubted_at or self._clock.now()
        self._asked_in_vain = 0
        self._ask_at = self._clock.steady()

    async def settle(self, thread: StoreThread) -> bool:
        """Find out whether a doubtful time is right; returns True once it is taken for that."""
        if self.trusted or self._clock.steady() < self._ask_at:
            return False
        findings = {finding.code: finding for finding in await self._ask()}
        if findings.keys() & RIGHT:
            await self._believe(thread, "the networks agree")
        elif wrong := findings.keys() & WRONG:
            self._ask_at = self._clock.steady() + _ASK_AGAIN
            await self._tell(findings[min(wrong)])
        else:
            self._asked_in_vain += 1
            if self._asked_in_vain >= _TRIES and self._alert is None:
                await self._believe(thread, "nobody tells another time")
        return self.trusted

    async def _tell(self, finding: Finding) -> None:
        if self._alert is None:
            now = self._clock.now()
            text = f"{finding.what} {finding.text}; {finding.todo}"
            self._alert = clock_wrong_alert(text, self._doubted_at or now, now)
            log.error("clock is wrong", text=text)
        await self._last_resort.tell(self._alert)

    async def _believe(self, thread: StoreThread, why: str) -> None:
        log.info("clock is believed", why=why)
        now = self._clock.now()
        over = clock_right_alert(self._doubted_at or now, now)
        await self._last_resort.tell_end(self._alert, over, thread)
        self._doubted_at = self._alert = None


def _signed(span: timedelta) -> str:
    return f"{'-' if span < timedelta() else '+'}{format_duration(abs(span))}"
