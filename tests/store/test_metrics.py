"""Promises about what is counted and measured: it is what happened, and cheap to ask for."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock
from inboxd.connector import Allowance, OutgoingReply, Page
from inboxd.core.hours import OpeningHours
from inboxd.errors import SendRefused, SinkRefused, Spared, TokenInvalid, Unavailable
from inboxd.metrics import Metrics, text_of
from inboxd.model import Alert, Stream, Tone
from inboxd.store.keeping.backups import BACKED_UP
from inboxd.workers.context import Context
from inboxd.workers.poller import Poller
from inboxd.workers.sender import Sender
from inboxd.workers.storethread import StoreThread
from tests.store.metrics import Scrape
from tests.store.shop import (
    START,
    Shop,
    answered,
    at,
    commented,
    open_shop,
    policy,
    rules,
    said,
)
from tests.unit.scripted import ScriptedSink, scripted_account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from inboxd.store import Gauges, Look

MINUTE = timedelta(minutes=1)
FRIDAY_EVENING = at(4 * 1440 + 9 * 60)  # 18:00
OFFICE = OpeningHours("office", UTC, {day: [(32_400, 64_800)] for day in range(5)})


class Counted:
    """A shop whose poller and sender are counted."""

    def __init__(self, path: Path) -> None:
        self.shop: Shop = open_shop(path)
        self.clock = ManualClock(START)
        self.thread = StoreThread(self.shop.store)
        self.metrics = Metrics()
        context = Context(
            self.thread, self.shop.pipeline, self.clock, ("support",), self.metrics.counts
        )
        account, self.connector = scripted_account(self.clock)
        self.poller = Poller(account, context)
        self.support = ScriptedSink("support")
        self.sender = Sender({"support": self.support}, {"shop-vk": account}, context)

    def gauges(self) -> Gauges:
        """Return what the database tells at the present instant."""
        return gauges(self.shop, self.clock)

    def scrape(self) -> Scrape:
        """Return what Prometheus sees now."""
        return Scrape(self.metrics.text(self.gauges(), self.clock.now(), ready=True))

    def queue(self, key: str) -> None:
        """Queue an alert for the sink."""
        alert = Alert(key, key, "step_due", Tone.WARNING, "Somebody waits", self.clock.now())
        with self.shop.store.transaction():
            self.shop.store.outbox.add_alert(alert, ["support"])


def gauges(shop: Shop, clock: ManualClock | None = None) -> Gauges:
    now = clock.now() if clock else shop.now
    policies = shop.rules.policies
    return shop.store.gauges.of(["shop-vk"], ["support", "lead"], policies, now)


def shown(shop: Shop) -> Scrape:
    """Return what a process without a daemon tells."""
    return Scrape(text_of(gauges(shop)))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(tmp_path / "inboxd.db")
    yield opened
    opened.store.close()


@pytest.fixture
async def counted(tmp_path: Path) -> AsyncIterator[Counted]:
    opened = Counted(tmp_path / "inboxd.db")
    yield opened
    opened.thread.close()


# What is counted ---------------------------------------------------------------------------


async def test_reads_are_counted_by_how_they_ended(counted: Counted) -> None:
    """By account and source, failures by their class as well; what was spared is no failure."""
    counted.connector.script = {
        "comments": [[Page({"p": 1})], [Unavailable("no answer")], [TokenInvalid("expired")]],
        "messages": [[Spared("enough for today", at(5))]],
    }
    for _ in range(3):
        await counted.poller.poll(impatient=True)
        counted.clock.advance(10 * MINUTE)

    seen = counted.scrape()
    comments = {"account": "shop-vk", "source": "comments"}
    outcomes = ("complete", "unfinished", "spared", "failed")
    assert [seen("inboxd_polls_total", **comments, outcome=each) for each in outcomes] == [
        1,
        0,
        0,
        2,
    ]
    spared = seen("inboxd_polls_total", account="shop-vk", source="messages", outcome="spared")
    assert spared == 1
    for error in ("Unavailable", "TokenInvalid"):
        assert seen("inboxd_poll_errors_total", **comments, error=error) == 1
    assert seen("inboxd_poll_duration_seconds_count", account="shop-vk") == 6
    assert seen("inboxd_source_consecutive_failures", **comments) == 2


async def test_a_source_that_gives_way_is_counted_for_each_turn(counted: Counted) -> None:
    """What is unfinished shows that an account has more to tell than it gets to."""
    counted.connector.takes = MINUTE
    counted.connector.script = {"comments": [[Page({"p": number}) for number in range(7)]]}

    await counted.poller.poll_to_the_end()

    seen = counted.scrape()
    comments = {"account": "shop-vk", "source": "comments"}
    for outcome in ("unfinished", "complete"):
        assert seen("inboxd_polls_total", **comments, outcome=outcome) == 1


async def test_messages_are_counted_once_and_customers_measured(counted: Counted) -> None:
    """What a poll reads again counts no more; history has no lag, and neither have answers."""
    old, late, ours = said(-60, "m1"), said(1, "m2"), answered(2, "m3")
    counted.connector.script = {
        "messages": [[Page({"p": 1}, [old])], [Page({"p": 2}, [old, late, ours])]]
    }
    await counted.poller.poll()
    counted.clock.advance(3 * MINUTE)
    await counted.poller.poll()
    await counted.poller.poll()

    seen = counted.scrape()
    stream = {"account": "shop-vk", "stream": "direct_messages"}
    assert seen("inboxd_messages_total", **stream, direction="inbound") == 2
    assert seen("inboxd_messages_total", **stream, direction="outbound") == 1
    assert seen("inboxd_message_lag_seconds_count", account="shop-vk") == 1
    assert seen("inboxd_message_lag_seconds_sum", account="shop-vk") == 120


async def test_deliveries_are_counted_by_what_became_of_them(counted: Counted) -> None:
    """Alerts by sink, replies by account; a reply of ours is a message, too."""
    counted.support.outcomes = [Unavailable("503"), SinkRefused("the webhook is gone")]
    for key in ("k1", "k2", "k3"):
        counted.queue(key)
    counted.shop.hear(said(0, "m1"))
    for key in ("r1", "r2"):
        reply = OutgoingReply(
            key, "dm:1", Stream.DIRECT_MESSAGES, f"We are on it ({key}).", "m1", None, START
        )
        counted.shop.store.outbox.add_reply("shop-vk", 1, reply, START)
    counted.connector.outcomes = [SendRefused("the window is closed")]

    for receiver in ("support", "shop-vk"):
        await counted.sender.drain(receiver)

    seen = counted.scrape()
    # The one to be tried again later goes as soon as the sink has taken another.
    for outcome, times in (("retry", 1), ("refuse", 1), ("delivered", 2)):
        assert seen("inboxd_alerts_total", sink="support", outcome=outcome) == times
    for outcome in ("refuse", "delivered"):
        assert seen("inboxd_replies_total", account="shop-vk", outcome=outcome) == 1
    outbound = {"stream": "direct_messages", "direction": "outbound"}
    assert seen("inboxd_messages_total", account="shop-vk", **outbound) == 1


class Breaches:
    """Somebody who looks for breaches now and then."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._look: Look | None = None

    def new(self, minutes: float) -> int:
        """Return how many there are since the last look, *minutes* after the start."""
        self._shop.now = at(minutes)
        self._look = self._shop.store.breaches.look(self._look, self._shop.now)
        return dict(self._look.breached).get("shop-vk", 0)


def test_a_breach_is_counted_once_for_each_due_time(shop: Shop) -> None:
    """Not what was overdue before anybody looked; what is late in a second wait is another one."""
    breaches = Breaches(shop)
    shop.hear(said(-600, "m0", thread_id="dm:0"))
    shop.hear(said(0, "m1"))
    assert [breaches.new(minutes) for minutes in (0, 59, 61, 62)] == [0, 0, 1, 0]
    shop.now = at(64)
    shop.hear(answered(63, "a1"), said(64, "m2"))
    assert [breaches.new(minutes) for minutes in (65, 123, 125)] == [0, 0, 1]


def test_who_is_answered_late_between_two_looks_is_counted(shop: Shop) -> None:
    """And nobody who was answered in time."""
    breaches = Breaches(shop)
    for number in (1, 2):
        shop.hear(said(0, f"m{number}", thread_id=f"dm:{number}"))
    assert breaches.new(50) == 0
    shop.now = at(61)
    shop.hear(answered(59, "a1", thread_id="dm:1"), answered(61, "a2", "No.", thread_id="dm:2"))
    assert [breaches.new(minutes) for minutes in (62, 70)] == [1, 0]


def test_who_is_late_when_first_seen_is_counted_but_not_a_first_read(shop: Shop) -> None:
    """What came while nothing was read is the team's lateness; what was before, nobody's."""
    breaches = Breaches(shop)
    assert breaches.new(300) == 0
    shop.hear(said(0, "m1", thread_id="dm:1"), first=True)
    shop.hear(said(10, "m2", thread_id="dm:2"))
    assert [breaches.new(minutes) for minutes in (301, 302)] == [1, 0]


# What the database tells -------------------------------------------------------------------


def test_waiting_customers_are_told_by_their_age_in_business_time(tmp_path: Path) -> None:
    """Over a weekend nobody grows older; who waits in vain is overdue, by whichever account."""
    shop = open_shop(tmp_path / "inboxd.db", rules=rules(policy(hours=OFFICE)))
    shop.now = FRIDAY_EVENING - 10 * MINUTE
    shop.hear(said(4 * 1440 + 9 * 60 - 20, "m1"))
    shop.hear(said(0, "m2", thread_id="dm:2"), account="shop-fb")
    shop.now = FRIDAY_EVENING + timedelta(days=2)

    seen = shown(shop)

    ages = ("0-15m", "15m-1h", "1h-4h", "4h-1d", "1d-")
    for account, counts in (("shop-vk", [0, 1, 0, 0, 0]), ("shop-fb", [0, 0, 0, 0, 1])):
        assert [seen("inboxd_waiting_cases", account=account, age=age) for age in ages] == counts
    assert seen("inboxd_overdue_cases", account="shop-vk") == 0
    assert seen("inboxd_overdue_cases", account="shop-fb") == 1
    oldest = seen("inboxd_oldest_wait_timestamp_seconds", account="shop-fb")
    assert oldest == START.timestamp()
    shop.store.close()


def test_who_waits_for_nothing_is_told_as_zero(shop: Shop) -> None:
    """Of what is configured every figure is there, so that a rule finds something to compare."""
    seen = shown(shop)
    assert seen("inboxd_waiting_cases", account="shop-vk", age="1d-") == 0
    assert seen("inboxd_overdue_cases", account="shop-vk") == 0
    for receiver in ("support", "lead", "shop-vk"):
        assert seen("inboxd_outbox_oldest_age_seconds", receiver=receiver) == 0
    assert seen("inboxd_sink_refusing", sink="lead") == 0
    assert (seen("inboxd_database_size_bytes") or 0) > 0
    assert (seen("inboxd_database_disk_free_bytes") or 0) > 0


def test_what_is_not_delivered_is_told_by_receiver(shop: Shop) -> None:
    """How much, and for how long; what is held back by design is apart, and is not late."""
    for key in ("k1", "k2", "k3"):
        alert = Alert(key, key, "step_due", Tone.WARNING, "Somebody waits", shop.now)
        shop.store.outbox.add_alert(alert, ["support"])
    third = shop.store.outbox.due("support", shop.now)[2]
    shop.store.outbox.hold(third, at(600), "quiet", shop.now)
    shop.now = at(20)

    seen = shown(shop)

    assert seen("inboxd_outbox_items", receiver="support") == 2
    assert seen("inboxd_outbox_held_items", receiver="support") == 1
    assert seen("inboxd_outbox_oldest_age_seconds", receiver="support") == 1200


async def test_what_is_read_and_what_it_costs_is_told(counted: Counted) -> None:
    """When each source was read last, how long it may not be, and what is left of an allowance."""
    counted.connector.allowed = [Allowance("reads this month", 750, 1000, at(60), 900)]
    counted.connector.script = {"comments": [], "messages": [[Unavailable("no answer")]]}
    await counted.poller.poll()
    counted.shop.store.sources.told("shop-vk", ["messages"], "blind", START, START)

    seen = counted.scrape()

    last = "inboxd_source_last_success_timestamp_seconds"
    assert seen(last, account="shop-vk", source="comments") == START.timestamp()
    assert seen(last, account="shop-vk", source="messages") == 0
    assert seen("inboxd_account_patience_seconds", account="shop-vk") == 300
    assert seen("inboxd_account_blind", account="shop-vk") == 1
    reads = {"account": "shop-vk", "allowance": "reads this month"}
    assert seen("inboxd_allowance_used", **reads) == 750
    assert seen("inboxd_allowance_limit", **reads) == 1000
    assert seen("inboxd_allowance_projected", **reads) == 900
    assert seen("inboxd_allowance_reset_timestamp_seconds", **reads) == at(60).timestamp()


def test_no_metric_knows_a_customer(shop: Shop) -> None:
    """Neither who wrote, nor what, nor in which thread."""
    shop.hear(said(0, "m1", "My card number is 4111"), commented(1, "c1", said(0, "x").author))  # type: ignore[arg-type]
    shop.now = at(90)
    told = text_of(gauges(shop))
    for secret in ("4111", "Оксана", "oksana", "customer-1", "dm:1", "wall:1"):
        assert secret not in told


def test_asking_reads_no_table_from_end_to_end(shop: Shop) -> None:
    """With a million messages a scrape costs what it costs with ten: each question has an index."""
    asked: list[str] = []
    shop.store.database.set_trace_callback(asked.append)
    gauges(shop)
    shop.store.breaches.look(shop.store.breaches.look(None, shop.now), at(1))
    shop.store.outbox.waiting_since(shop.now, shop.now)
    shop.store.outbox.refusing_since("support")
    shop.store.database.set_trace_callback(None)

    questions = [each for each in asked if "SELECT" in each]
    assert len(questions) >= 8
    for question in questions:
        plan = [row[3] for row in shop.rows(f"EXPLAIN QUERY PLAN {question}")]
        scanned = [
            line
            for line in plan
            if re.match(r"SCAN (cases|waits|messages|outbox|alerts|conversations|actions)$", line)
        ]
        assert scanned == [], question


def test_when_the_nightly_backup_was_made_is_told_where_one_is_to_be_made(shop: Shop) -> None:
    """Never is 0, for a rule to fire at; without [backups] there is nothing to wait for."""
    name = "inboxd_backup_last_success_timestamp_seconds"

    def told(*, nightly: bool) -> float | None:
        found = shop.store.gauges.of([], [], (), shop.now, nightly=nightly)
        return Scrape(text_of(found))(name)

    assert (told(nightly=False), told(nightly=True)) == (None, 0)
    shop.store.remember(BACKED_UP, START.isoformat())
    assert (told(nightly=False), told(nightly=True)) == (None, START.timestamp())
    shop.store.remember(BACKED_UP, "yesterday")
    assert told(nightly=True) == 0
