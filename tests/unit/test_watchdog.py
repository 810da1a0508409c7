"""Promises about what feeds the watchdog: work that goes on, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.clock import SystemClock
from inboxd.errors import DatabaseError
from inboxd.jobs import Jobs
from inboxd.watchdog import PATIENCE, Sign, Vigil, hung

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
INSTANTS = st.timedeltas(timedelta(), timedelta(days=3_650))


class Hand:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = timedelta(hours=3)

    def __call__(self) -> timedelta:
        """Return where it stands."""
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def vigil(hand: Hand) -> Vigil:
    return Vigil(monotonic=hand)


@given(at=INSTANTS, patience=INSTANTS, now=INSTANTS)
def test_work_hangs_once_its_patience_is_over(
    at: timedelta, patience: timedelta, now: timedelta
) -> None:
    """Neither sooner nor later, and never in the past."""
    assert bool(hung([Sign("tick", at, patience)], now)) == (now - at > patience)


def test_what_hangs_is_named_with_since_when() -> None:
    """The log says which of many works it is that keeps the watchdog hungry."""
    signs = [Sign("tick", DAY, MINUTE), Sign("poll of shop-vk", DAY - 7 * MINUTE, 5 * MINUTE)]

    assert hung(signs, DAY) == ("poll of shop-vk: no sign of life for 7m",)


def test_nothing_hangs_where_nothing_is_done(vigil: Vigil) -> None:
    """No work, no hang: a receiver that has nothing to take is not waited for."""
    assert vigil.hung() == ()


def test_work_that_gets_on_may_last_for_days(vigil: Vigil, hand: Hand) -> None:
    """A first backfill that brings a page now and then is no hang."""
    for _ in range(3 * 24 * 12):
        vigil.sign("poll of shop-vk", 10 * MINUTE)
        hand.at += 5 * MINUTE
        assert vigil.hung() == ()


def test_work_that_is_over_is_not_missed(vigil: Vigil, hand: Hand) -> None:
    """A delivery that ended is no delivery that hangs."""
    vigil.sign("delivery to support", MINUTE)
    hand.at += 2 * MINUTE
    assert vigil.hung()
    vigil.over("delivery to support")
    assert vigil.hung() == ()


def test_patience_with_networks_grows_with_their_timeout(vigil: Vigil) -> None:
    """Who allows a call a minute allows thirty of them half an hour, and nobody less than five."""
    assert vigil.patience_with(MINUTE) == 30 * MINUTE
    assert vigil.patience_with(SECOND) == PATIENCE


async def run_for_a_moment(jobs: Jobs, begun: asyncio.Event) -> None:
    async with jobs.running():
        await asyncio.wait_for(begun.wait(), 10)


async def test_a_job_that_hangs_is_seen(vigil: Vigil, hand: Hand) -> None:
    """Once it shows no sign for as long as it may, whatever else comes round."""
    jobs, begun = Jobs(SystemClock(), vigil), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    jobs.add("poll of shop-vk", hang, SECOND, 10 * MINUTE)
    async with jobs.running():
        await asyncio.wait_for(begun.wait(), 10)
        hand.at += 10 * MINUTE
        assert vigil.hung() == ()
        hand.at += SECOND
        assert vigil.hung() == ("poll of shop-vk: no sign of life for 10m 1s",)


async def test_a_job_that_fails_has_come_round(vigil: Vigil, hand: Hand) -> None:
    """An outage, or a locked database, is no hang: it is not the process that is at fault."""
    jobs, failed = Jobs(SystemClock(), vigil), asyncio.Event()

    async def fail() -> None:
        hand.at += 9 * MINUTE
        failed.set()
        raise DatabaseError("another program has held it locked for too long")

    jobs.add("tick", fail, DAY, 10 * MINUTE)
    async with jobs.running():
        await asyncio.wait_for(failed.wait(), 10)
        await asyncio.sleep(0)
        hand.at += DAY
        assert vigil.hung() == ()


async def test_a_job_that_begins_no_more_is_seen(vigil: Vigil, hand: Hand) -> None:
    """A scheduler that sleeps for good must not be taken for one that has nothing to do."""
    jobs, done = Jobs(SystemClock(), vigil), asyncio.Event()

    async def do() -> None:
        done.set()

    jobs.add("tick", do, DAY, 10 * MINUTE)
    async with jobs.running():
        await asyncio.wait_for(done.wait(), 10)
        await asyncio.sleep(0)
        hand.at += DAY + 11 * MINUTE
        assert vigil.hung() == ("tick: no sign of life for 1d 11m",)


async def test_jobs_that_were_stopped_are_not_missed(vigil: Vigil, hand: Hand) -> None:
    """While one daemon makes room for its successor, nothing of it counts any more."""
    jobs, begun, put_away = Jobs(SystemClock(), vigil), asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            put_away.set()

    jobs.add("poll of shop-vk", hang, SECOND, 10 * MINUTE)
    await run_for_a_moment(jobs, begun)

    assert put_away.is_set()
    hand.at += DAY
    assert vigil.hung() == ()


async def test_a_job_without_patience_is_not_watched(vigil: Vigil, hand: Hand) -> None:
    """A reconciliation may take the night."""
    jobs, begun = Jobs(SystemClock(), vigil), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    jobs.add("upkeep", hang, SECOND)
    async with jobs.running():
        await asyncio.wait_for(begun.wait(), 10)
        hand.at += DAY
        assert vigil.hung() == ()
