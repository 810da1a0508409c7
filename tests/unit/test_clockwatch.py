"""Promises about clocks that are set, and machines that sleep."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock, SystemClock
from inboxd.findings import Code, Finding
from inboxd.workers.lastresort import LastResort
from inboxd.workers.machine import Machine
from inboxd.workers.storethread import StoreThread
from tests.store.shop import START, open_shop
from tests.unit.scripted import ScriptedSink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

SECOND, HOUR, YEAR = timedelta(seconds=1), timedelta(hours=1), timedelta(days=365)
RIGHT = Finding(Code.MACHINE_CLOCK, "clock", "agrees with the networks' clocks")
WRONG = Finding(Code.MACHINE_CLOCK_WRONG, "clock", "is 1h ahead of the networks' clocks", "set it")
EXPIRED = Finding(Code.NETWORK_TLS, "api.vk.ru", "its certificate is not accepted", "see the clock")
NOBODY = Finding(Code.NETWORK_NO_ANSWER, "api.vk.ru", "cannot be reached", "see the firewall")


class Room:
    """A machine whose clock hangs on the wall, and networks that say what they are told to."""

    def __init__(self, path: Path) -> None:
        self.shop = open_shop(path)
        self.clock = ManualClock(START)
        self.thread = StoreThread(self.shop.store)
        self.sink = ScriptedSink("support")
        self.answers: list[Finding] = [RIGHT]
        self.asked = 0
        last_resort = LastResort({"support": self.sink}, ("support",), {}, self.clock)
        self.machine = Machine(self.thread, self.clock, last_resort, self.ask)

    async def ask(self) -> Sequence[Finding]:
        """Return what the networks tell of the time."""
        self.asked += 1
        return self.answers

    def jump(self, by: timedelta) -> None:
        """Let somebody set the clock."""
        self.clock.set(self.clock.now() + by)
        self.machine.woke()

    async def look_for(self, span: timedelta) -> list[bool]:
        """Look every five seconds for as long as *span*; returns when work could go on."""
        looks = []
        for _ in range(span // (5 * SECOND)):
            self.clock.advance(5 * SECOND)
            assert not self.machine.woke()
            looks.append(await self.machine.look())
        return looks

    def works(self) -> bool:
        """Tell whether anything is read, and anybody told."""
        return self.machine.fit

    def waits(self) -> bool:
        """Tell whether people are not told yet, because something is still to be read."""
        return self.machine.behind

    def knows_little(self) -> bool:
        """Tell whether it is too early to say how everything stands."""
        return self.machine.knows_little

    def woke(self) -> bool:
        """Look at the clock."""
        return self.machine.woke()

    def told(self) -> list[str]:
        """Return the reasons of all that the sink was told directly."""
        return [delivery.alerts[0].reason for delivery in self.sink.heard]

    def queued(self) -> list[tuple[str]]:
        """Return what is in the outbox."""
        return self.shop.rows("SELECT reason FROM alerts")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    opened = Room(tmp_path / "inboxd.db")
    yield opened
    opened.thread.close()


@pytest.mark.parametrize("by", [HOUR, -HOUR, YEAR, -YEAR])
async def test_a_clock_that_is_set_right_is_believed_after_one_question(
    room: Room, by: timedelta
) -> None:
    """Until then nobody is told anything; that it had been wrong is nobody's business."""
    room.jump(by)
    assert not room.works()
    assert await room.look_for(10 * SECOND) == [True, False]
    assert room.works()
    assert (room.asked, room.told(), room.queued()) == (1, [], [])


@pytest.mark.parametrize("by", [HOUR, -HOUR, YEAR, -YEAR])
@pytest.mark.parametrize("finding", [WRONG, EXPIRED])
async def test_a_clock_that_is_set_wrong_stops_work_and_is_told_once(
    room: Room, by: timedelta, finding: Finding
) -> None:
    """A year off, certificates are refused before anybody tells the time: that is a word, too."""
    room.answers = [NOBODY, finding]
    room.jump(by)
    assert not any(await room.look_for(timedelta(minutes=10)))
    assert not room.works()
    assert room.told() == ["clock_wrong"]
    assert finding.text in room.sink.heard[0].alerts[0].detail
    assert room.machine.problems == ["the clock is wrong"]
    assert room.asked <= 11
    room.answers = [RIGHT]
    room.jump(-by)
    assert any(await room.look_for(10 * SECOND))
    assert room.works()
    assert (room.told(), room.queued()) == (["clock_wrong"], [("clock_right_again",)])
    assert room.machine.problems == []


async def test_where_nobody_tells_the_time_the_clock_is_believed(room: Room) -> None:
    """A machine without a network must not stand still for it."""
    room.answers = [NOBODY]
    room.jump(HOUR)
    looks = await room.look_for(30 * SECOND)
    assert looks.index(True) == 2
    assert room.told() == []


async def test_small_corrections_are_no_matter(room: Room) -> None:
    """A time server moves the clock by seconds, and at worst by minutes."""
    for by in (2, -2, 120, -120):
        room.jump(by * SECOND)
    assert room.works()
    await room.look_for(timedelta(minutes=5))
    assert room.asked == 0


async def test_sleep_is_no_jump(room: Room) -> None:
    """A laptop that slept for eight hours has the right time, and something to catch up with."""
    room.clock.suspend(8 * HOUR)
    assert room.woke()
    assert room.works()
    assert not room.woke()
    assert room.asked == 0


async def test_after_a_gap_people_are_told_when_all_was_read_or_after_a_minute(room: Room) -> None:
    """Somebody may have answered while nothing was read."""
    room.machine.catch_up(["shop-vk", "shop-fb"])
    room.machine.was_read("shop-vk", room.machine.gaps)
    assert room.waits()
    room.machine.was_read("shop-fb", room.machine.gaps)
    assert not room.waits()
    room.machine.catch_up(["shop-vk"])
    room.machine.was_read("shop-vk", room.machine.gaps - 1)
    assert room.waits()  # That read had begun before.
    room.clock.advance(timedelta(minutes=2))
    assert not room.waits()


async def test_a_start_with_a_clock_that_is_behind_is_doubted(room: Room) -> None:
    """What was read last was read in the future: one of the two times was wrong."""
    room.shop.store.sources.succeeded("shop-vk", "feed", START + HOUR)
    room.answers = [WRONG]
    await room.machine.begin({"shop-vk": HOUR})
    assert not room.works()
    await room.look_for(10 * SECOND)
    assert room.told() == ["clock_wrong"]


async def test_a_start_after_a_long_time_reads_first(room: Room) -> None:
    """After a short one people are told at once; only how all stands waits for new accounts."""
    room.shop.store.sources.succeeded("shop-vk", "feed", START - 2 * HOUR)
    await room.machine.begin({"shop-vk": 3 * HOUR, "shop-fb": HOUR})
    assert not room.waits()
    assert room.knows_little()
    room.machine.was_read("shop-fb", room.machine.gaps)
    assert not room.knows_little()
    await room.machine.begin({"shop-vk": HOUR, "shop-fb": HOUR})
    assert room.waits()
    room.machine.was_read("shop-vk", room.machine.gaps)
    assert not room.waits()


def test_the_computer_s_clocks_go_on() -> None:
    """The steady one is at least what the machine was awake for."""
    clock = SystemClock()
    before = clock.steady(), clock.awake()
    assert clock.steady() >= before[0]
    assert clock.awake() >= before[1]
    assert clock.steady() + SECOND > clock.awake()
