"""Promises about what the daemon does for its database by night."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from inboxd.clock import ManualClock
from inboxd.config import load
from inboxd.connector import AccountSettings
from inboxd.workers.context import Context
from inboxd.workers.keeper import Keeper
from inboxd.workers.storethread import StoreThread
from tests.store.shop import START, answered, open_shop, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.store.shop import Shop

KYIV = ZoneInfo("Europe/Kyiv")
CONFIG = """
[inboxd]
database = "inboxd.db"
timezone = "Europe/Kyiv"
alert_to = ["lead"]
{general}
[backups]
keep = 2
at = "02:30"
[[sinks]]
name = "lead"
type = "console"
[[accounts]]
name = "shop-vk"
network = "shop"
streams = ["direct_messages"]
"""


class House:
    """A shop with somebody who looks after its database."""

    def __init__(self, folder: Path, general: str = "") -> None:
        self.shop: Shop = open_shop(folder / "inboxd.db")
        self.clock = ManualClock(START)
        self.thread = StoreThread(self.shop.store)
        path = folder / "config.toml"
        path.write_text(CONFIG.format(general=general))
        settings = load(path, {"shop": lambda: AccountSettings}, {})
        context = Context(self.thread, self.shop.pipeline, self.clock, ("lead",))
        self.keeper = Keeper(settings, context)
        self.folder = folder / "backups"

    async def look(self, at: datetime | None = None) -> None:
        """Let the keeper look, now or at another time."""
        if at:
            self.clock.set(at.astimezone(UTC))
        self.shop.now = self.clock.now()
        await self.keeper.look()

    def backups(self) -> list[str]:
        """Return the names of the backups that there are."""
        return sorted(path.name for path in self.folder.glob("*.db"))

    def told(self) -> list[str]:
        """Return what people were told, in order."""
        return [reason for (reason,) in self.shop.rows("SELECT reason FROM alerts ORDER BY id")]

    def value(self, sql: str) -> Any:
        """Return the one value that answers *sql*."""
        return self.shop.value(sql)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path, 'retain = "100d"\nretain_raw = "30d"')
    yield made
    made.thread.close()


def night(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time of a night by the clock on the wall in Kyiv."""
    return datetime(2026, 12, day, hour, minute, tzinfo=KYIV)


async def test_each_night_has_one_backup_and_the_oldest_go(house: House) -> None:
    """The first at once, then at the time that is set; as many are left as are to be."""
    await house.look(night(1, 12))
    first = house.backups()
    await house.look(night(2, 2, 29))
    assert house.backups() == first == ["inboxd-20261201T100000Z.db"]
    for day in (2, 3, 4):
        await house.look(night(day, 2, 31))
        await house.look(night(day, 2, 32))
    assert house.backups() == ["inboxd-20261203T003100Z.db", "inboxd-20261204T003100Z.db"]
    assert house.told() == []


async def test_a_backup_that_fails_is_told_once_and_its_recovery_too(house: House) -> None:
    """Every hour it is tried again; nobody hears of each time."""
    house.folder.write_text("in the way")
    for hour in range(4):
        await house.look(night(1, 3 + hour))
        await house.look(night(1, 3 + hour, 10))
    assert house.told() == ["backup_failed"]
    house.folder.unlink()
    await house.look(night(1, 6, 50))
    assert house.backups() == []
    await house.look(night(1, 8))
    assert house.told() == ["backup_failed", "backup_made_again"]
    assert len(house.backups()) == 1


async def test_the_store_is_free_while_a_backup_is_made(house: House) -> None:
    """Polls and ticks go on: it reads on a connection of its own."""
    for part in range(20):
        house.shop.hear(*(said(n, f"m{part}.{n}", "x" * 500) for n in range(100)))
    looking = asyncio.create_task(house.look(night(1, 3)))
    turns = 0
    while not looking.done():
        await house.thread.run(lambda store: store.remember("turn", "x"))
        turns += 1
    await looking
    assert turns > 3
    (name,) = house.backups()
    with closing(sqlite3.connect(house.folder / name)) as db:
        assert db.execute("SELECT count(*) FROM messages").fetchone() == (2_000,)


async def test_a_daemon_that_stops_gives_a_backup_up(house: House) -> None:
    """It does not hold up the stop, leaves nothing, alerts nobody, and comes with the next start."""
    house.keeper.stop()
    await house.look(night(1, 3))
    assert house.backups() == []
    assert not list(house.folder.glob(".*partial*"))
    assert house.told() == []


async def test_what_is_old_is_removed_once_a_night(house: House) -> None:
    """After the time of the reconciliation, to the end, and not again before the next night."""
    house.shop.now = START + timedelta(minutes=10)
    house.shop.hear(said(0, "m1", thread_id="dm:1"), answered(5, "a1", thread_id="dm:1"))
    house.clock.set(START + timedelta(days=120))
    minutes = 120 * 24 * 60
    house.shop.now = house.clock.now()
    house.shop.hear(said(minutes, "m2", thread_id="dm:2"))
    with house.shop.store.transaction():
        house.shop.store.cases.resolve_quiet(house.shop.now)
    await house.look()
    assert house.value("SELECT count(*) FROM messages") == 1
    assert house.value("SELECT count(*) FROM past_waits") == 1
    done = house.value("SELECT value FROM memory WHERE name = 'retention:done'")
    await house.look(house.clock.now() + timedelta(minutes=1))
    assert house.value("SELECT value FROM memory WHERE name = 'retention:done'") == done


async def test_a_removal_that_fails_is_not_taken_for_done(house: House) -> None:
    """A disk that is full, or a database that is locked, puts it off until the next look."""
    house.shop.hear(said(0, "m1"))
    house.clock.set(START + timedelta(days=60))
    house.shop.now = house.clock.now()
    house.shop.hear(said(60 * 24 * 60, "m2"))
    await house.look()
    house.shop.store.database.execute("UPDATE messages SET raw = '{}'")
    house.shop.store.forget("retention:done")
    house.shop.store.forget("raw_until")
    house.shop.store.database.execute(
        "CREATE TRIGGER full BEFORE UPDATE ON messages BEGIN SELECT raise(ABORT, 'full'); END"
    )
    with pytest.raises(sqlite3.DatabaseError):
        await house.look()
    assert house.shop.store.recall("retention:done") is None
    house.shop.store.database.execute("DROP TRIGGER full")
    await house.look()
    assert house.value("SELECT count(*) FROM messages WHERE raw IS NOT NULL") == 1


async def test_a_reader_that_lasts_does_not_let_the_journal_grow_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as it ends, the journal is emptied; until then nobody waits for it."""
    monkeypatch.setattr("inboxd.workers.keeper._LARGE_JOURNAL", 200_000)
    path = house.shop.store.path
    journal = path.with_name(path.name + "-wal")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchone()
        for part in range(20):
            house.shop.hear(*(said(n, f"m{part}.{n}", "x" * 500) for n in range(50)))
        await house.look(night(1, 3))
        assert journal.stat().st_size > 1_000_000
    await house.look(night(1, 3, 1))
    assert journal.stat().st_size < 200_000
