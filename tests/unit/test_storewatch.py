"""Promises about a database that cannot be used: people hear of it once, and work goes on after it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock
from inboxd.core.restraint import Restraint
from inboxd.errors import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseLost,
    DatabaseUnavailable,
    OutcomeUnknown,
    SinkRefused,
    Unavailable,
)
from inboxd.workers.lastresort import LastResort
from inboxd.workers.storethread import StoreThread
from inboxd.workers.storewatch import StoreWatch
from tests.store.shop import ALWAYS, START, open_shop
from tests.unit.scripted import ScriptedSink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from inboxd.store import Store

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FULL_TEXT = "make room on the disk"


class Machine:
    """A database that can be full, two sinks, and who watches over it."""

    def __init__(self, path: Path) -> None:
        self.shop = open_shop(path)
        self.clock = ManualClock(START)
        self.sinks = {name: ScriptedSink(name) for name in ("support", "lead")}
        self.restraints: dict[str, Restraint | None] = {}
        last_resort = LastResort(self.sinks, ("support", "lead"), self.restraints, self.clock)
        self.watch = StoreWatch(self.clock, last_resort)
        self.thread = StoreThread(self.shop.store)
        self.thread.hear = self.watch.hear

    def be_full(self, full: bool = True) -> None:  # noqa: FBT001, FBT002 - it is what is set
        """Let the file grow no more, or let it grow again."""
        database = self.shop.store.database
        database.execute("VACUUM")
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages if full else 1_000_000}")

    async def write(self) -> None:
        """Store more than there is room for."""
        await self.thread.run(_write_much)

    async def fail(self) -> None:
        """Store more than there is room for, in vain."""
        with pytest.raises(DatabaseUnavailable, match=FULL_TEXT):
            await self.write()

    async def look_for(self, span: timedelta) -> None:
        """Look every five seconds for as long as *span*."""
        for _ in range(span // (5 * SECOND)):
            self.clock.advance(5 * SECOND)
            await self.watch.look(self.thread)
            if self.watch._telling:
                await self.watch._telling

    def told(self, sink: str = "support") -> list[str]:
        """Return the reasons of all that *sink* was asked to tell."""
        return [delivery.alerts[0].reason for delivery in self.sinks[sink].heard]

    def queued(self) -> list[tuple[str, str]]:
        """Return what is in the outbox, and for whom."""
        return self.shop.rows(
            "SELECT a.reason, o.receiver FROM outbox AS o JOIN alerts AS a ON a.id = o.alert_id"
        )


def _write_much(store: Store) -> None:
    with store.transaction():
        store.remember("much", "." * 1_000_000)
    store.forget("much")


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    opened = Machine(tmp_path / "inboxd.db")
    yield opened
    await opened.watch.close()
    opened.thread.close()


async def test_a_disk_that_stays_full_is_told_once_and_directly(machine: Machine) -> None:
    """There is no outbox to put it into; nobody is told again while it lasts."""
    machine.be_full()
    await machine.fail()
    assert not machine.watch.usable
    await machine.look_for(MINUTE - 5 * SECOND)
    assert machine.told() == []
    await machine.look_for(10 * MINUTE)
    assert machine.told("support") == machine.told("lead") == ["database_unusable"]
    (delivery,) = machine.sinks["lead"].heard
    assert FULL_TEXT in delivery.alerts[0].detail
    assert machine.watch.problems == ["the database cannot be used"]


async def test_room_again_lets_work_go_on_and_is_told_to_who_heard(machine: Machine) -> None:
    """By the outbox, which takes it; whoever could not be told hears nothing of an end."""
    machine.sinks["lead"].outcomes = [SinkRefused("no")]
    machine.be_full()
    await machine.fail()
    await machine.look_for(2 * MINUTE)
    machine.be_full(False)
    await machine.look_for(5 * SECOND)
    assert machine.watch.usable
    await machine.write()
    assert machine.queued() == []
    await machine.look_for(MINUTE)
    assert machine.queued() == [("database_usable_again", "support")]
    assert machine.watch.problems == []
    assert machine.shop.store.recall("probe") is None


async def test_what_fails_again_at_once_is_the_same_trouble(machine: Machine) -> None:
    """A disk on which there is now and then a little room is told of once."""
    machine.be_full()
    await machine.fail()
    await machine.look_for(2 * MINUTE)
    for _ in range(5):
        machine.be_full(False)
        await machine.look_for(10 * SECOND)
        machine.be_full()
        await machine.fail()
        await machine.look_for(2 * MINUTE)
    machine.be_full(False)
    await machine.look_for(2 * MINUTE)
    assert machine.told() == ["database_unusable"]
    assert machine.queued() == [("database_usable_again", name) for name in ("support", "lead")]


async def test_a_trouble_that_passes_within_a_minute_is_nobody_s_business(
    machine: Machine,
) -> None:
    """A backup that holds the file for some seconds wakes nobody."""
    machine.be_full()
    await machine.fail()
    await machine.look_for(30 * SECOND)
    machine.be_full(False)
    await machine.look_for(2 * MINUTE)
    assert machine.told() == []
    assert machine.queued() == []


async def test_a_file_that_takes_a_little_but_not_what_there_is_counts_as_full(
    machine: Machine,
) -> None:
    """It seems well each time that it is tried, and nothing is ever stored."""
    machine.be_full(False)
    await machine.write()
    database = machine.shop.store.database
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    (free,) = database.execute("PRAGMA freelist_count").fetchone()
    assert free * 4096 > 200_000
    database.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(20):
        machine.watch.hear(DatabaseUnavailable(FULL_TEXT))
        await machine.look_for(5 * SECOND)
    assert machine.told() == ["database_unusable"]


async def test_a_second_trouble_is_told_again(machine: Machine) -> None:
    """What is over is over."""
    for _ in range(2):
        machine.be_full()
        await machine.fail()
        await machine.look_for(2 * MINUTE)
        machine.be_full(False)
        await machine.look_for(2 * MINUTE)
    assert machine.told() == ["database_unusable"] * 2


async def test_the_trouble_is_one_line_in_the_log(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """An outage is logged when it begins and when it ends, not once a second."""
    machine.be_full()
    for _ in range(10):
        await machine.fail()
    await machine.look_for(30 * SECOND)
    machine.be_full(False)
    await machine.look_for(MINUTE)
    lines = [line for line in capsys.readouterr().out.splitlines() if "database" in line]
    assert ["cannot be used" in line for line in lines] == [True, False]


async def test_a_sink_that_cannot_be_reached_is_told_later(machine: Machine) -> None:
    """With pauses; and one whose answer was lost is not told twice."""
    machine.sinks["support"].outcomes = [Unavailable("no route"), Unavailable("no route")]
    machine.sinks["lead"].outcomes = [OutcomeUnknown("timed out")]
    machine.be_full()
    await machine.fail()
    await machine.look_for(10 * MINUTE)
    assert machine.told("support") == ["database_unusable"] * 3
    assert machine.told("lead") == ["database_unusable"]


async def test_quiet_hours_hold_it_back_like_everything_about_inboxd(machine: Machine) -> None:
    """A sink without them is told."""
    machine.restraints["support"] = Restraint(quiet=ALWAYS)
    machine.be_full()
    await machine.fail()
    await machine.look_for(2 * MINUTE)
    assert (machine.told("support"), machine.told("lead")) == ([], ["database_unusable"])


async def test_a_damaged_file_is_told_at_once_and_left_alone(machine: Machine) -> None:
    """Whatever is written to it could make it worse, so nobody tries."""
    machine.watch.hear(DatabaseDamaged("malformed"))
    before = machine.shop.store.version()
    await machine.look_for(10 * SECOND)
    machine.watch.hear(DatabaseUnavailable("locked"))
    await machine.look_for(5 * MINUTE)
    assert machine.told() == ["database_damaged"]
    assert not machine.watch.usable
    assert machine.shop.store.version() == before
    assert machine.watch.problems == ["the database is damaged"]


async def test_a_file_that_is_gone_ends_the_daemon_with_a_word(machine: Machine) -> None:
    """Only a new start finds what is there now."""
    stopped: list[bool] = []
    machine.watch.when_lost(lambda: stopped.append(True))
    machine.shop.store.path.rename(machine.shop.store.path.with_name("away.db"))
    with pytest.raises(DatabaseError):
        await machine.write()
    assert stopped
    with pytest.raises(DatabaseLost, match="moved, deleted or replaced"):
        await machine.watch.say_farewell()
    assert machine.told() == ["database_lost"]


async def test_without_trouble_there_is_no_farewell(machine: Machine) -> None:
    """An ordinary stop is silent."""
    await machine.write()
    await machine.watch.look(machine.thread)
    await machine.watch.say_farewell()
    assert machine.told() == []
