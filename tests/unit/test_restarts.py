"""Promises about a daemon that does not stay up: people hear of it, once, and when it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock
from inboxd.workers import restarts
from inboxd.workers.context import Context
from inboxd.workers.storethread import StoreThread
from tests.store.shop import START, open_shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Machine:
    """A shop whose daemon is killed now and then."""

    def __init__(self, path: Path) -> None:
        self.shop = open_shop(path)
        self.clock = ManualClock(START)
        self.thread = StoreThread(self.shop.store)
        context = Context(self.thread, self.shop.pipeline, self.clock, ("lead",))
        self.watch = restarts.RestartWatch(context)

    def killed(self, times: int, every: timedelta) -> None:
        """Start anew *times* after an end that nobody meant."""
        for _ in range(times):
            restarts.note(self.shop.store, ("lead",), self.clock.now())
            self.clock.advance(every)

    async def up_for(self, span: timedelta) -> None:
        """Stay up, and look once a minute."""
        for _ in range(span // MINUTE):
            self.clock.advance(MINUTE)
            await self.watch.look()

    def told(self) -> list[str]:
        """Return what people were told."""
        return [reason for (reason,) in self.shop.rows("SELECT reason FROM alerts ORDER BY id")]


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    opened = Machine(tmp_path / "inboxd.db")
    yield opened
    opened.thread.close()


async def test_the_third_time_within_two_hours_is_told_once(machine: Machine) -> None:
    """However long it goes on: the first message says what to do."""
    machine.killed(2, 15 * MINUTE)
    assert machine.told() == []
    machine.killed(20, 15 * MINUTE)
    assert machine.told() == ["inboxd_restarts"]
    (headline,) = machine.shop.rows("SELECT headline FROM alerts")[0]
    assert (
        headline == "inboxd does not stay up: started 3 times in 30m after it was killed or crashed"
    )


async def test_its_end_is_told_as_well_and_the_next_time_is_news(machine: Machine) -> None:
    """Two hours without an end that nobody meant are an end of it."""
    machine.killed(4, 15 * MINUTE)
    await machine.up_for(90 * MINUTE)
    assert machine.told() == ["inboxd_restarts"]
    await machine.up_for(HOUR)
    assert machine.told() == ["inboxd_restarts", "inboxd_stays_up"]
    machine.killed(3, 15 * MINUTE)
    assert machine.told()[2:] == ["inboxd_restarts"]


async def test_what_happens_now_and_then_wakes_nobody(machine: Machine) -> None:
    """A power cut, a crash a day."""
    machine.killed(30, 70 * MINUTE)
    await machine.up_for(3 * HOUR)
    assert machine.told() == []


async def test_a_clock_that_is_set_and_a_note_that_is_none_are_borne(machine: Machine) -> None:
    """What lies in the future does not count, and what another program wrote neither."""
    machine.killed(2, MINUTE)
    machine.clock.set(START - 24 * HOUR)
    machine.killed(1, MINUTE)
    machine.shop.store.remember("restarts", '["yesterday"]')
    machine.killed(2, MINUTE)
    await machine.up_for(5 * MINUTE)
    assert machine.told() == []
