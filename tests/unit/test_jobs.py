"""Promises about the daemon's own clockwork."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from inboxd.clock import SystemClock
from inboxd.jobs import Jobs, Steps, bring_forward
from inboxd.watchdog import Vigil

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HOUR = timedelta(hours=1)


async def test_a_clock_that_is_set_back_stops_no_job() -> None:
    """Polls and alerts go on at once, and not when the wrong time has come again."""
    ran = asyncio.Event()
    scheduler = AsyncIOScheduler(timezone=UTC)
    an_hour_ahead = datetime.now(UTC) + HOUR
    scheduler.add_job(ran.set, "interval", seconds=60, id="tick", next_run_time=an_hour_ahead)
    scheduler.start()

    bring_forward(scheduler, datetime.now(UTC))

    await asyncio.wait_for(ran.wait(), 10)
    assert scheduler.get_job("tick").next_run_time < datetime.now(UTC) + timedelta(minutes=2)
    scheduler.shutdown()


async def test_a_job_whose_time_has_not_come_is_left_alone() -> None:
    """Nobody is polled more often because somebody looks at the clock."""
    scheduler = AsyncIOScheduler(timezone=UTC)
    soon = datetime.now(UTC) + timedelta(seconds=59)
    scheduler.add_job(print, "interval", seconds=60, id="tick", next_run_time=soon)
    scheduler.start(paused=True)
    bring_forward(scheduler, datetime.now(UTC))
    assert scheduler.get_job("tick").next_run_time == soon
    scheduler.shutdown()


@pytest.mark.parametrize("apart", [0.0, 0.25, 0.999])
def test_jobs_come_in_equal_steps_apart_from_one_another(apart: float) -> None:
    """After a first run that is of all at once, each keeps its own place in the interval."""
    begun, every = datetime(2026, 11, 26, 10, 0, 0, 123_457, tzinfo=UTC), timedelta(seconds=7)
    steps = Steps(seconds=7, start_date=begun + every * apart, timezone=UTC)
    runs = [begun]
    for _ in range(1_000):
        (following,) = filter(None, [steps.get_next_fire_time(runs[-1], runs[-1])])
        runs.append(following)

    assert timedelta() < runs[1] - begun <= every
    assert {later - earlier for earlier, later in pairwise(runs[1:])} == {every}


def test_what_was_hurried_goes_back_to_its_place() -> None:
    """After a gap all are run at once; the next time they are apart again, and nobody later."""
    begun, every = datetime(2026, 11, 26, tzinfo=UTC), timedelta(minutes=1)
    starts = [begun + every * place / 10 for place in range(10)]
    hurried = begun + timedelta(hours=5, seconds=3)
    nexts = [
        Steps(minutes=1, start_date=start, timezone=UTC).get_next_fire_time(hurried, hurried)
        for start in starts
    ]

    assert len(set(nexts)) == 10
    assert all(at and timedelta() < at - hurried <= every for at in nexts)


async def test_all_accounts_are_read_at_once_and_then_apart() -> None:
    """Nobody waits for the first read; from then on they share the interval."""
    jobs, ran, all_ran = Jobs(SystemClock(), Vigil()), set[int](), asyncio.Event()

    def noting(number: int) -> Callable[[], Awaitable[None]]:
        async def note() -> None:
            ran.add(number)
            if len(ran) == 4:
                all_ran.set()

        return note

    for number in range(4):
        jobs.add(f"poll {number}", noting(number), 4 * HOUR, apart=number / 4)
    async with jobs.running():
        await asyncio.wait_for(all_ran.wait(), 10)
        planned = {job.id: job.next_run_time for job in jobs._scheduler.get_jobs()}

    since = planned["poll 1"]
    apart = [round((planned[f"poll {number}"] - since) / HOUR) for number in (1, 2, 3, 0)]
    assert apart == [0, 1, 2, 3]
