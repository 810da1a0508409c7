"""Promises about the daemon's own clockwork."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from inboxd.jobs import bring_forward

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
