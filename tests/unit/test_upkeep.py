"""Promises about what is done once in a while: checks, verifications, reconciliations."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from inboxd.clock import ManualClock
from inboxd.connector import AccountCheck, AccountSettings, Allowance, Ledger, Page
from inboxd.errors import BudgetSpent, TokenInvalid, Unavailable
from inboxd.model import Stream, Unknown
from inboxd.workers.checker import Checker
from inboxd.workers.context import Context
from inboxd.workers.reconciler import Reconciler, Verifier
from inboxd.workers.storethread import StoreThread
from inboxd.workers.upkeep import Upkeep, begin_to_watch, leave_alone
from inboxd.workers.watcher import SilenceWatcher
from tests.store.shop import START, Shop, answered, at, open_shop, said
from tests.unit.scripted import ScriptedConnector, scripted_account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KYIV = ZoneInfo("Europe/Kyiv")


class House:
    """A shop with one account and everything that looks after it."""

    def __init__(self, path: Path) -> None:
        self.shop: Shop = open_shop(path)
        self.clock = ManualClock(START)
        self.thread = StoreThread(self.shop.store)
        self.account, self.connector = scripted_account(self.clock)
        self.context = Context(self.thread, self.shop.pipeline, self.clock, ("lead",))
        self.checker = Checker([self.account], self.context)
        self.verifier = Verifier(self.account, self.context)
        self.nightly = ScriptedConnector(self.account.settings, self.clock)
        self.backfills: list[timedelta] = []
        self.reconciler = Reconciler(self.account.settings, self._connect, self.context)

    def _connect(
        self, settings: AccountSettings, _clock: object, _ledger: Ledger
    ) -> ScriptedConnector:
        self.backfills.append(settings.backfill)
        return self.nightly

    def upkeep(self, at: time = time(3, 30)) -> Upkeep:
        """Return the upkeep as a new process would have it."""
        begin_to_watch(self.shop.store, [self.account.settings], self.clock.now())
        parts = (self.checker, [self.verifier], [self.reconciler], self.context)
        return Upkeep(*parts, (at, KYIV, 3 * DAY))

    def after(self, duration: timedelta) -> None:
        """Move both clocks on."""
        self.clock.advance(duration)
        self.shop.now = self.clock.now()

    def told(self) -> list[tuple[str, str]]:
        """Return reason and headline of every alert, oldest first."""
        return self.shop.rows("SELECT reason, headline FROM alerts ORDER BY id")

    def reasons(self) -> list[str]:
        """Return the reasons of the alerts about the account itself."""
        return [reason for reason, _ in self.told()]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    opened = House(tmp_path / "inboxd.db")
    yield opened
    opened.thread.close()


# Tokens and allowances


async def test_a_token_that_ends_is_told_of_two_weeks_a_week_three_days_and_a_day_before(
    house: House,
) -> None:
    """Each of the warnings comes once, and names what to do."""
    ends = START + 16 * DAY
    for _ in range(16):
        house.connector.checks = [AccountCheck("shop", expires_at=ends, renewal="Make a new one.")]
        await house.checker.look()
        house.after(DAY)

    assert [headline for _, headline in house.told()] == [
        "shop-vk: the token expires in 14d",
        "shop-vk: the token expires in 7d",
        "shop-vk: the token expires in 3d",
        "shop-vk: the token expires in 1d",
    ]
    assert house.shop.value("SELECT DISTINCT detail FROM alerts") == "Make a new one."


async def test_a_token_that_was_renewed_is_told_of_once(house: House) -> None:
    """By whoever heard that it ends; a start looks at once, for that is how one renews it."""
    soon, later = house.clock.now() + 3 * DAY, house.clock.now() + 60 * DAY
    house.connector.checks = [AccountCheck("shop", expires_at=soon)]
    await house.checker.look()
    for _ in range(2):
        house.after(HOUR)
        house.connector.checks = [AccountCheck("shop", expires_at=later)]
        await Checker([house.account], house.context).look()
        house.connector.checks = []

    assert [headline for _, headline in house.told()] == [
        "shop-vk: the token expires in 3d",
        f"shop-vk: the token is renewed and works until {later:%Y-%m-%d}",
    ]


async def test_rounds_from_cron_do_not_check_a_token_that_ends_soon_each_time(house: House) -> None:
    """Each is a process of its own: within two weeks they would make thousands of calls."""
    soon = house.clock.now() + 3 * DAY
    house.connector.checks = [AccountCheck("shop", expires_at=soon) for _ in range(9)]
    for _ in range(3 * 12):
        await Checker([house.account], house.context).look()
        house.after(HOUR / 12)

    assert len(house.connector.checks) == 9 - 3


async def test_a_new_token_that_ends_soon_as_well_is_no_recovery(house: House) -> None:
    """One without an end is."""
    for days in (3, 7):
        ends = house.clock.now() + days * DAY
        house.connector.checks = [AccountCheck("shop", expires_at=ends)]
        await house.checker.look()
        house.after(DAY)
    house.connector.checks = [AccountCheck("shop")]
    await house.checker.look()

    assert house.reasons() == ["token_expires", "token_expires", "token_renewed"]


async def test_a_check_that_learns_nothing_of_the_end_is_no_renewal(house: House) -> None:
    """The network answered everything but that; the next warning still comes."""
    ends = house.clock.now() + 3 * DAY
    for check in (
        AccountCheck("shop", expires_at=ends),
        AccountCheck("shop", end_is_told=False),
        AccountCheck("shop", expires_at=ends),
    ):
        house.connector.checks = [check]
        await house.checker.look()
        house.after(DAY)

    assert [headline for _, headline in house.told()] == [
        "shop-vk: the token expires in 3d",
        "shop-vk: the token expires in 1d",
    ]


async def test_an_account_is_checked_once_a_day_over_restarts(house: House) -> None:
    """A process that starts again does not ask again before its time."""
    house.connector.checks = [AccountCheck("shop"), TokenInvalid("not to be asked")]
    await house.checker.look()
    again = Checker([house.account], house.context)
    house.after(DAY - HOUR)
    await again.look()
    assert len(house.connector.checks) == 1


@pytest.mark.parametrize("error", [Unavailable("down"), ZeroDivisionError("our own bug")])
async def test_a_check_that_fails_stops_nothing(house: House, error: Exception) -> None:
    """What is wrong with an account is told by its polls; the check comes again later."""
    house.connector.checks = [error]
    await house.checker.look()
    house.after(DAY)
    house.connector.checks = [AccountCheck("shop", expires_at=house.clock.now() + DAY)]
    await house.checker.look()
    assert house.reasons() == ["token_expires"]


async def test_an_allowance_is_told_of_at_four_fifths_and_when_it_is_gone(house: House) -> None:
    """Each once for each period."""
    month_ends = datetime(2026, 12, 1, tzinfo=UTC)
    for used in (10, 79, 80, 95, 100, 120):
        house.connector.allowed = [Allowance("reads this month", used, 100, month_ends)]
        await house.checker.look()
    house.connector.allowed = [Allowance("calls", 1_000, None, None)]
    await house.checker.look()
    assert house.reasons() == ["allowance_low", "allowance_spent"]


# Verification of what waits


async def test_what_waits_is_verified_once_an_hour(house: House) -> None:
    """A question that its author took back, of which no list tells, ends its wait."""
    house.after(timedelta(minutes=50))
    house.shop.hear(said(0, "m1"), answered(5, "m2"), said(30, "m3"), said(40, "m4"))
    house.connector.verifications = [[Page({}, gone=["m3"])], []]
    await house.verifier.look()
    assert house.connector.verified == []
    house.after(HOUR)
    await house.verifier.look()
    await house.verifier.look()

    assert [known.remote_id for known in house.connector.verified] == ["m3", "m4"]
    assert house.shop.value("SELECT unanswered FROM cases") == 1
    assert house.shop.value("SELECT deleted_at FROM messages WHERE remote_id = 'm3'")


@pytest.mark.parametrize(
    "error", [BudgetSpent("gone"), Unavailable("down"), ZeroDivisionError("our own bug")]
)
async def test_what_cannot_be_verified_is_never_taken_for_deleted(
    house: House, error: Exception
) -> None:
    """A failure changes nothing, and the next hour tries again."""
    house.shop.hear(said(0, "m1"))
    house.connector.verifications = [[error], [Page({}, gone=["m1"])]]
    await house.verifier.look()
    house.after(HOUR)
    await house.verifier.look()
    assert house.shop.value("SELECT status FROM cases") == "waiting"
    house.after(HOUR)
    await house.verifier.look()
    assert house.shop.value("SELECT status FROM cases") == "closed"


async def test_a_round_from_cron_verifies_once_an_hour_as_well(house: House) -> None:
    """The hour is kept in the database: each round is a process of its own."""
    house.shop.hear(said(0, "m1"))
    for _ in range(13):
        await Verifier(house.account, house.context).look()
        house.after(timedelta(minutes=10))
    assert [known.remote_id for known in house.connector.verified] == ["m1", "m1"]


# Reconciliation


async def test_a_reconciliation_finds_what_was_missed_edited_and_deleted(house: House) -> None:
    """Lists are read anew whatever the cursors say, and what is stored is looked up."""
    house.shop.hear(said(0, "m1"), said(1, "m2"))
    house.nightly.script["comments"] = [
        [Page({"p": 9}, [said(0, "m1", "edited", edited_at=at(5)), said(2, "m3")])]
    ]
    house.nightly.verifications = [[Page({}, gone=["m2"])]]

    repairs = await house.reconciler.reconcile(3 * DAY)

    assert (repairs.missed, repairs.edited, repairs.deleted, repairs.restored) == (1, 1, 1, 0)
    assert repairs.failed == {}
    assert house.nightly.cursors == [("comments", None), ("messages", None)]
    assert house.backfills == [3 * DAY]
    assert house.nightly.closed == 1
    assert house.shop.store.sources.get("shop-vk", "comments").cursor is None
    assert {known.remote_id for known in house.nightly.verified} == {"m1", "m2", "m3"}


async def test_a_part_that_fails_does_not_stop_the_others(house: House) -> None:
    """What could not be read is named, and everything else is repaired."""
    house.nightly.script["comments"] = [[Unavailable("down")]]
    house.nightly.script["messages"] = [[Page({"p": 1}, [said(0, "m1")])]]
    house.nightly.verifications = [[ZeroDivisionError("our own bug")]]

    repairs = await house.reconciler.reconcile(3 * DAY)

    assert repairs.missed == 1
    assert repairs.failed == {"comments": "down", "verify": "our own bug"}


async def test_a_reconciliation_never_looks_back_behind_the_first_read(house: House) -> None:
    """What was written before anybody watched is nobody's waiting customer."""
    begin_to_watch(house.shop.store, [house.account.settings], house.clock.now())
    house.after(DAY)
    await house.reconciler.reconcile(30 * DAY)
    assert house.backfills == [DAY + house.account.settings.backfill]


async def test_what_a_reconciliation_reads_before_the_first_poll_is_history(house: House) -> None:
    """Whoever reconciles an account that is new is not alerted to what was written days ago."""
    house.after(2 * HOUR)
    house.shop.store.sources.succeeded("shop-vk", "messages", house.clock.now())
    house.nightly.script["comments"] = [[Page({"p": 9}, [said(0, "m1")])]]
    house.nightly.script["messages"] = [[Page({"p": 9}, [said(0, "m2", thread_id="dm:2")])]]

    assert (await house.reconciler.reconcile(3 * DAY)).missed == 2

    assert len(house.shop.cases()) == 2
    house.shop.tick(180)
    assert house.shop.rows("SELECT DISTINCT case_id FROM alerts") == [(2,)]


async def test_the_reconciliation_is_nightly(house: House) -> None:
    """Once after half past three on the wall clock, in whichever process, and not at first."""
    upkeep = house.upkeep()
    await upkeep.look()
    assert house.backfills == []
    house.after(datetime(2026, 11, 24, 1, 29, tzinfo=UTC) - START)
    await upkeep.look()
    assert house.backfills == []
    house.after(timedelta(minutes=1))
    await upkeep.look()
    await house.upkeep().look()
    assert len(house.backfills) == 1
    house.after(DAY)
    await house.upkeep().look()
    assert len(house.backfills) == 2


async def test_a_night_that_was_slept_through_is_made_up_for(house: House) -> None:
    """Whoever runs by day reconciles by day."""
    house.upkeep()
    house.after(DAY)
    await house.upkeep().look()
    assert len(house.backfills) == 1


async def test_a_longer_overlap_alerts_nobody_to_old_messages(house: House) -> None:
    """A change of the configuration lists what it makes readable, and replays no history."""
    backfill = house.account.settings.backfill
    begin_to_watch(house.shop.store, [house.account.settings], house.clock.now())
    before = -backfill.total_seconds() / 60 - 60
    house.shop.hear(said(before, "old"), said(-1, "fresh", thread_id="dm:2"))
    house.shop.tick(90)

    waiting = [case["conversation_id"] for case in house.shop.cases()]
    assert sorted(waiting) == ["dm:1", "dm:2"]
    told = house.shop.rows(
        "SELECT DISTINCT v.remote_id FROM alerts AS a JOIN cases AS c ON c.id = a.case_id "
        "JOIN conversations AS v ON v.id = c.conversation_id"
    )
    assert told == [("dm:2",)]


# What the configuration has no more


def test_what_is_not_read_any_more_is_no_trouble(house: House) -> None:
    """Whoever gives up a stream, or an account, must not hear of it for ever."""
    store = house.shop.store
    for account, source in (("shop-vk", "comments"), ("shop-vk", "ads"), ("old", "feed")):
        store.sources.told(account, [source], "blind", START, START)
        store.coverage.begin(account, source, START, "Unavailable")

    leave_alone(store, [("shop-vk", "comments")], at(30))

    told = {(state.account, state.source): state.told_as for state in store.sources.all()}
    assert told == {("old", "feed"): "", ("shop-vk", "ads"): "", ("shop-vk", "comments"): "blind"}
    gaps = {(gap.account, gap.source): gap.ended_at for gap in store.coverage.gaps(START, at(60))}
    ended = {("old", "feed"): at(30), ("shop-vk", "ads"): at(30), ("shop-vk", "comments"): None}
    assert gaps == ended
    assert "old" not in store.sources.told_since()


# What the database remembers wrongly


@pytest.mark.parametrize("value", ["garbage", "", "2026-11-23T09:00:00", "2031-01-01T00:00:00Z"])
async def test_what_is_remembered_wrongly_is_forgotten(house: House, value: str) -> None:
    """A restored file, or a clock that was wrong for a minute, must not end all upkeep."""
    for name in ("checked", "reconciled", "verified", "watched_since", "silent"):
        place = "shop-vk/direct_messages" if name == "silent" else "shop-vk"
        house.shop.store.remember(f"{name}:{place}", value)
    house.shop.hear(said(0, "m1"))
    upkeep, streams = house.upkeep(), [("shop-vk", Stream.DIRECT_MESSAGES)]
    for _ in range(3):
        await upkeep.look()
        SilenceWatcher(house.shop.store, streams, ("lead",), UTC).look(house.clock.now())
        house.after(DAY)

    assert [reason for reason, _ in house.told() if reason != "step_due"] == []
    assert len(house.backfills) >= 2
    assert all(backfill > timedelta() for backfill in house.backfills)


async def test_customers_are_alerted_on_although_the_clock_was_ahead_at_the_first_start(
    house: House,
) -> None:
    """What is written from then on is no history, whatever the file says of its beginning."""
    begin_to_watch(house.shop.store, [house.account.settings], START + 365 * DAY)
    house.after(2 * HOUR)
    house.shop.hear(said(0, "m1"))
    house.shop.tick(121)
    assert "step_due" in house.reasons()


async def test_a_clock_that_is_set_back_puts_no_check_off(house: House) -> None:
    """A process that saw a time a year ahead checks again as soon as the clock is right."""
    house.clock.advance(365 * DAY)
    await house.checker.look()
    house.clock.set(START)
    house.connector.checks = [AccountCheck("shop", expires_at=START + DAY)]
    await house.checker.look()
    assert house.reasons() == ["token_expires"]


def test_a_spending_without_a_day_stops_no_poll(house: House) -> None:
    """It counts for nothing; what is right beside it counts."""
    insert = "INSERT INTO spendings (account, day, name, amount) VALUES ('shop-vk', ?, 'x', 1)"
    with house.shop.store.transaction():
        for day in ("yesterday", "2026-11-99", "2026-11-22", "9999"):
            house.shop.store.database.execute(insert, (day,))
    spent = house.shop.store.ledger.entries("shop-vk", START).spent
    assert spent == {(START.date() - DAY, "x"): 1}


@pytest.mark.parametrize("cursor", ["{", "[]", "1", ""])
def test_a_broken_cursor_is_read_anew(house: House, cursor: str) -> None:
    """One source's bad row must not end the reading and the watching of all."""
    house.shop.hear(said(0, "m1"))
    with house.shop.store.transaction():
        house.shop.store.database.execute("UPDATE sources SET cursor = ?", (cursor,))
    assert [state.cursor for state in house.shop.store.sources.all()] == [None]


# The quarantine


@pytest.mark.parametrize("raw", ["{", "[1]", "null", '"text"', ""])
def test_an_item_that_is_held_as_no_json_is_listed_all_the_same(house: House, raw: str) -> None:
    """Somebody mended the file by hand: doctor and replay-quarantine must still work."""
    item = Unknown("gift:1", "gift", {"id": 1})
    house.shop.store.quarantine.add("shop-vk", "comments", [item], START)
    with house.shop.store.transaction():
        house.shop.store.database.execute("UPDATE unknown_items SET raw = ?", (raw,))
    (held,) = house.shop.store.quarantine.held()
    assert held.item.raw == {"unreadable": raw}


def test_a_later_version_takes_items_out_of_quarantine(house: House) -> None:
    """What is understood at last is stored like any message, and held no longer."""
    item = Unknown("gift:1", "gift", {"id": 1})
    house.shop.store.quarantine.add("shop-vk", "comments", [item], START)
    held = house.shop.store.quarantine.held()[0]
    pipeline, page = house.shop.pipeline, Page({}, [said(0, "m1")])

    assert not pipeline.replay(held, "vk", Page({}, unknown=[item]), START)
    assert pipeline.replay(held, "vk", page, START)

    assert house.shop.store.quarantine.held() == []
    assert [case["status"] for case in house.shop.cases()] == ["waiting"]
    house.shop.store.quarantine.add("shop-vk", "comments", [item], START)
    assert len(house.shop.store.quarantine.held()) == 1


def test_what_was_understood_once_is_not_quarantined_later(house: House) -> None:
    """Facebook shows only the newest messages whole; of older ones it tells nothing new."""
    house.shop.hear(said(0, "m1"))
    house.shop.store.quarantine.add("shop-vk", "comments", [Unknown("m1", "dm", {})], START)
    assert house.shop.store.quarantine.held() == []
