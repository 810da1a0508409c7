"""Promises about reports that go out by themselves: each once, when it is due, and as it was written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from inboxd.clock import ManualClock
from inboxd.config import load
from inboxd.connector import AccountSettings
from inboxd.core.scorecard.basis import Basis
from inboxd.errors import DatabaseError
from inboxd.plan import fingerprint
from inboxd.store.keeping.carrying import carry_over
from inboxd.workers.context import Context
from inboxd.workers.reports import ReportWriter
from inboxd.workers.storethread import StoreThread
from tests.store.shop import START, answered, open_shop, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from inboxd.config import Settings
    from inboxd.core.reports import Report
    from tests.store.shop import Shop

KYIV = ZoneInfo("Europe/Kyiv")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 11, 30, 9, tzinfo=KYIV)
"""When the report on the week in which the shop's START lies is due."""
WEEKLY = '[[reports]]\nname = "weekly"\ncron = "0 9 * * mon"\nto = ["lead", "team"]\n'
CONFIG = """
[inboxd]
database = "inboxd.db"
timezone = "Europe/Kyiv"
alert_to = ["lead"]
[[sinks]]
name = "lead"
type = "console"
[[sinks]]
name = "team"
type = "console"
[[accounts]]
name = "shop-vk"
network = "shop"
streams = ["direct_messages"]
[[accounts]]
name = "shop-fb"
network = "shop"
streams = ["direct_messages"]
"""


class House:
    """A shop with somebody who writes its reports."""

    def __init__(self, folder: Path, reports: str) -> None:
        self.shop: Shop = open_shop(folder / "inboxd.db")
        self.clock = ManualClock(START)
        self.thread = StoreThread(self.shop.store)
        self._path = folder / "config.toml"
        self.is_early = False
        self.writer = self.started(reports)

    def started(self, reports: str = WEEKLY) -> ReportWriter:
        """Return the writer of a process that begins now, and knows nothing of those before it."""
        self._path.write_text(CONFIG + reports)
        settings = self.settings
        basis = Basis(settings.general.timezone, settings.policies, fingerprint(settings))
        context = Context(self.thread, self.shop.pipeline, self.clock, ("lead",))
        self.writer = ReportWriter(settings, basis, context, lambda: self.is_early)
        return self.writer

    @property
    def settings(self) -> Settings:
        """What is configured."""
        return load(self._path, {"shop": lambda: AccountSettings}, {})

    async def look(self, at: datetime | None = None) -> list[str]:
        """Let the writer look, now or at another time; returns the keys of all it has written."""
        if at:
            self.clock.set(at.astimezone(UTC))
        self.shop.now = self.clock.now()
        await self.writer.look()
        return [key for (key,) in self.shop.rows("SELECT key FROM reports ORDER BY id")]

    def row(self) -> dict[str, Any]:
        """Return the last report that was written."""
        cursor = self.shop.store.database.execute("SELECT * FROM reports ORDER BY id DESC LIMIT 1")
        return dict(zip([each[0] for each in cursor.description], cursor.fetchone(), strict=True))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path, WEEKLY)
    yield made
    made.thread.close()


async def test_a_report_is_written_once_for_ever(house: House) -> None:
    """Not before its time, not by another process, not after a clock was set back."""
    assert await house.look(START) == []
    assert await house.look(MONDAY - timedelta(seconds=1)) == []
    written = ["report:weekly/2026-11-30T07:00Z"]
    for moment in (MONDAY, MONDAY + HOUR, MONDAY - 3 * DAY, MONDAY + HOUR):
        assert await house.look(moment) == written
        house.started()
        assert await house.look(moment) == written
    assert len(await house.look(MONDAY + 7 * DAY)) == 2
    assert sorted(house.shop.queued())[:2] == [("report", "lead", "pending")] * 2
    assert len(house.shop.queued()) == 4


async def test_it_tells_what_the_last_week_was_like(house: House) -> None:
    """Figures as facts with what has changed; the page is the whole of it, and opens in a browser."""
    for account in ("shop-vk", "shop-fb"):
        house.shop.store.watch_from(account, START - 30 * DAY)
    for name in ("soon", "late", "never"):
        house.shop.hear(said(0, name, f"Help: {name}", thread_id=f"dm:{name}"))
    house.shop.now += 5 * HOUR
    house.shop.hear(
        answered(30, "a1", thread_id="dm:soon"), answered(300, "a2", thread_id="dm:late")
    )
    await house.look()
    await house.look(MONDAY)
    (item,) = house.shop.store.outbox.due("lead", house.clock.now())
    (alert,) = item.alerts
    assert (alert.reason, alert.headline) == (
        "report",
        "weekly: how we answered, 23 to 29 November 2026",
    )
    facts = dict(alert.facts)
    assert facts["Customers who wrote"] == "1; +1"
    assert facts["Response rate"] == "2 of 3"
    assert facts["To know"].startswith("Only 3 contacts")
    assert len(facts) <= 9
    assert alert.detail.splitlines() == [
        "What has changed is since 16 to 22 November 2026.",
        "All of it: inboxd report --period 2026-W48 --compare previous",
    ]
    row = house.row()
    assert (row["name"], row["period"]) == ("weekly", "2026-W48")
    assert row["filename"] == "inboxd-report-2026-W48.html"
    assert (row["due_at"], row["written_at"]) == ("2026-11-30T07:00:00.000Z",) * 2
    assert row["html"].lstrip().lower().startswith("<!doctype html>")
    assert "Help: " not in row["html"]
    assert "Оксана" not in row["html"]


async def test_a_gap_stands_at_the_top(house: House) -> None:
    """Also of an account from which nothing came: it may be the gap that kept it away."""
    store = house.shop.store
    store.coverage.begin("shop-fb", "feed", START - DAY, "Unavailable")
    store.coverage.end("shop-fb", "feed", START + DAY, None)
    await house.look()
    await house.look(MONDAY)
    (item,) = store.outbox.due("lead", house.clock.now())
    label, gap = item.alerts[0].facts[0]
    assert label == "Not read"
    assert gap.startswith(
        "shop-fb (feed) was not read from 2026-11-22 11:00 to 2026-11-24 11:00 (2d)"
    )


@pytest.mark.parametrize(
    ("hours", "count"), [(0.1, 1), (23.9, 1), (24.1, 0), (24 * 7 + 5, 1), (24 * 21 + 2, 1)]
)
async def test_after_a_time_off_the_latest_is_made_good(
    house: House, hours: float, count: int
) -> None:
    """Of those that were missed only the last, and that for a day; as anacron does."""
    await house.look(START)
    house.started()
    written = await house.look(MONDAY + hours * HOUR)
    assert len(written) == count
    if count:
        weeks = int(hours // (24 * 7))
        assert written == [
            f"report:weekly/{MONDAY.astimezone(UTC) + weeks * 7 * DAY:%Y-%m-%dT%H:%MZ}"
        ]


async def test_a_new_schedule_has_missed_nothing(house: House) -> None:
    """Whoever configures one at noon, or changes its time, gets none for that morning."""
    house.started('[[reports]]\nname = "daily"\ncron = "0 9 * * *"\nto = ["lead"]\n')
    assert await house.look(MONDAY + HOUR) == []
    house.started('[[reports]]\nname = "daily"\ncron = "0 8 * * *"\nto = ["lead", "team"]\n')
    assert await house.look(MONDAY + 2 * HOUR) == []
    assert len(await house.look(MONDAY + DAY)) == 1
    house.started('[[reports]]\nname = "daily"\ncron = "0 8 * * *"\nto = ["lead"]\n')
    assert len(await house.look(MONDAY + DAY + HOUR)) == 1
    house.started("")
    await house.look()
    assert house.shop.rows("SELECT name FROM memory WHERE name LIKE 'report:%'") == []


@pytest.mark.parametrize(
    ("zone", "due"),
    [("Asia/Tokyo", "2026-11-30T00:00Z"), ("America/New_York", "2026-11-30T14:00Z")],
)
async def test_its_own_clocks_say_when_and_the_shops_of_which_days(
    house: House, zone: str, due: str
) -> None:
    """A week is whole where the figures are: in [inboxd] timezone."""
    house.started(f'{WEEKLY}timezone = "{zone}"\n')
    await house.look(START)
    assert await house.look(datetime.fromisoformat(due) - timedelta(seconds=1)) == []
    assert await house.look(datetime.fromisoformat(due)) == [f"report:weekly/{due}"]
    assert house.row()["period"] == "2026-W48"


@pytest.mark.parametrize(
    ("month", "day", "due"),
    [(3, 29, "2026-03-29T01:30Z"), (10, 25, "2026-10-25T00:30Z")],
)
async def test_a_night_on_which_clocks_change_has_one(
    house: House, month: int, day: int, due: str
) -> None:
    """Also at 03:30, which one night in Kyiv does not have and another has twice."""
    house.started('[[reports]]\nname = "daily"\ncron = "30 3 * * *"\nto = ["lead"]\n')
    eve = datetime(2026, month, day, tzinfo=KYIV) - 12 * HOUR
    await house.look(eve)
    for hours in range(1, 42):
        written = await house.look(eve.astimezone(UTC) + hours * HOUR)
    hour = "00" if month == 3 else "01"
    assert written == [
        f"report:daily/{due}",
        f"report:daily/2026-{month:02}-{day + 1}T{hour}:30Z",
    ]


async def test_it_waits_until_it_is_seen_what_came_meanwhile(house: House) -> None:
    """After a start the accounts are read first, and then the figures are whole."""
    await house.look(START)
    house.is_early = True
    assert await house.look(MONDAY) == []
    house.is_early = False
    assert len(await house.look(MONDAY)) == 1


async def test_one_that_cannot_be_written_is_told_and_stops_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits in vain for it; the others come, and a start later it is tried again."""
    house.started(WEEKLY + WEEKLY.replace("weekly", "another"))
    await house.look(START)
    broken = {"weekly"}

    def facts(_: object) -> list[tuple[str, str]]:
        if broken:
            broken.clear()
            raise ZeroDivisionError("a bug")
        return []

    monkeypatch.setattr("inboxd.report.brief.facts", facts)
    assert await house.look(MONDAY) == ["report:another/2026-11-30T07:00Z"]
    assert await house.look(MONDAY + timedelta(minutes=1)) == ["report:another/2026-11-30T07:00Z"]
    (failed,) = [queued for queued in house.shop.queued() if queued[0] != "report"]
    assert failed == ("report_failed", "lead", "pending")
    house.started(WEEKLY + WEEKLY.replace("weekly", "another"))
    assert len(await house.look(MONDAY + HOUR)) == 2


async def test_one_that_cannot_say_when_it_is_due_stops_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, once however often it is looked for, and the others come."""
    house.started(WEEKLY + WEEKLY.replace("weekly", "another"))
    await house.look(START)
    looked = []

    def due(report: Report, now: datetime) -> datetime | None:
        if report.name == "weekly":
            looked.append(now)
            raise ZeroDivisionError("a bug")
        return report.cron.last_until(now, DAY)

    monkeypatch.setattr("inboxd.core.reports.Report.due", due)
    for minutes in range(3):
        written = await house.look(MONDAY + timedelta(minutes=minutes))
        assert written == ["report:another/2026-11-30T07:00Z"]
    assert len(looked) == 1
    await house.look(MONDAY + 2 * DAY)
    assert len(looked) == 2
    (failed,) = [queued for queued in house.shop.queued() if queued[0] != "report"]
    assert failed == ("report_failed", "lead", "pending")


async def test_a_database_that_cannot_be_used_only_delays_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written as soon as that is over, and the failure is not told as the report's."""
    await house.look(START)
    with monkeypatch.context() as patch:
        patch.setattr("inboxd.workers.reports.write", _unusable)
        with pytest.raises(DatabaseError):
            await house.look(MONDAY)
    assert len(await house.look(MONDAY + timedelta(seconds=5))) == 1
    assert {reason for reason, *_ in house.shop.queued()} == {"report"}


def _unusable(*_: object) -> None:
    raise DatabaseError("the disk is full")


async def test_pages_are_kept_for_a_month(house: House) -> None:
    """They are large, and by then each has arrived or was given up."""
    await house.look(START)
    for weeks in range(7):
        written = await house.look(MONDAY + weeks * 7 * DAY)
    assert len(written) == 5
    house.started("")
    assert await house.look(MONDAY + 90 * DAY) == []


async def test_a_restored_database_repeats_no_report(house: House, tmp_path: Path) -> None:
    """What was sent after the backup is known; what had not left is written again."""
    await house.look(START)
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(backup)) as copy:
        house.shop.store.database.backup(copy)
    await house.look(MONDAY)
    for sent in (False, True):
        if sent:
            house.shop.deliver()
        restored = tmp_path / f"restored-{sent}.db"
        restored.write_bytes(backup.read_bytes())
        with closing(sqlite3.connect(restored, isolation_level=None)) as other:
            carry_over(house.shop.store.database, other, house.clock.now())
            assert other.execute("SELECT count(*) FROM reports").fetchone() == (int(sent),)
