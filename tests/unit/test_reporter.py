"""Promises about what the service manager hears while the daemon works, and while it hangs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from inboxd.clock import ManualClock
from inboxd.errors import DatabaseError
from inboxd.service.reporter import Reporter
from inboxd.service.sdnotify import Notifier
from inboxd.watchdog import Vigil

MINUTE = timedelta(minutes=1)


class Heard(Notifier):
    """A notifier whose manager is this list."""

    def __init__(self, watchdog: timedelta | None = MINUTE) -> None:
        super().__init__("/nobody/is/there", watchdog)
        self.facts: list[str] = []

    def _send(self, *facts: str) -> None:
        self.facts += facts


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 26, tzinfo=UTC))


async def pass_by(clock: ManualClock, span: timedelta) -> None:
    """Let time pass, a second at a time, and everybody who sleeps wake in it."""
    await asyncio.sleep(0)
    for _ in range(span // timedelta(seconds=1)):
        clock.advance(timedelta(seconds=1))
        for _ in range(5):
            await asyncio.sleep(0)


async def well() -> str:
    return "3 accounts read, 12 waiting"


async def test_the_watchdog_is_fed_four_times_before_it_bites(clock: ManualClock) -> None:
    """At once, and then so often that one meal may be late, and another lost."""
    heard = Heard()
    async with Reporter(heard, Vigil(), clock).running():
        await pass_by(clock, 2 * MINUTE)

    assert heard.facts.count("WATCHDOG=1") == 1 + 8


async def test_a_hang_is_told_when_it_begins_and_ends(clock: ManualClock) -> None:
    """The status names it while the watchdog starves."""
    at = timedelta()
    heard, vigil = Heard(), Vigil(monotonic=lambda: at)
    reporter = Reporter(heard, vigil, clock)
    reporter.up(well)
    vigil.sign("tick", MINUTE)
    at = 2 * MINUTE
    reporter.look()
    reporter.look()
    hungry = list(heard.facts)
    vigil.sign("tick", MINUTE)
    reporter.look()

    assert hungry == ["READY=1", "STATUS=running", "STATUS=hangs: tick: no sign of life for 2m"]
    assert heard.facts[-1] == "WATCHDOG=1"


async def test_the_status_is_kept_fresh(clock: ManualClock) -> None:
    """With what is to be borne in mind before everything else."""
    heard = Heard(watchdog=None)
    reporter = Reporter(heard, Vigil(), clock)
    async with reporter.running():
        reporter.up(well, caveat="the new configuration is refused; ")
        await pass_by(clock, MINUTE / 3)

    assert (
        heard.facts[2:]
        == ["STATUS=the new configuration is refused; 3 accounts read, 12 waiting"] * 2
    )


async def test_a_database_that_fails_is_a_status(clock: ManualClock) -> None:
    """The status goes on when the database does again."""
    answers = iter([DatabaseError("no room"), None])

    async def standing() -> str:
        if error := next(answers):
            raise error
        return await well()

    heard = Heard(watchdog=None)
    reporter = Reporter(heard, Vigil(), clock)
    async with reporter.running():
        reporter.up(standing)
        await pass_by(clock, MINUTE / 3)

    assert heard.facts[2:] == [
        "STATUS=does not know how it stands: no room",
        "STATUS=3 accounts read, 12 waiting",
    ]


async def test_nobody_is_told_where_nobody_listens(clock: ManualClock) -> None:
    """Outside systemd nothing runs for it."""
    before = len(asyncio.all_tasks())
    async with Reporter(Notifier(), Vigil(), clock).running():
        assert len(asyncio.all_tasks()) == before
