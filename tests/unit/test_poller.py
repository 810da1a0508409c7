"""Promises about reading: one trouble stays one trouble, and silence is told."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from inboxd.clock import ManualClock
from inboxd.connector import Allowance, Ledger, Page
from inboxd.errors import (
    BudgetSpent,
    DatabaseError,
    RateLimited,
    Spared,
    TokenInvalid,
    Unavailable,
    UnexpectedPayload,
)
from inboxd.store import AccountFacts
from inboxd.workers.context import Context
from inboxd.workers.poller import Poller, PollResult
from inboxd.workers.storethread import StoreThread
from inboxd.workers.watcher import Watched, Watcher
from tests.store.shop import START, Shop, answered, at, open_shop, said
from tests.unit.scripted import scripted_account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
PATIENCE = 5 * MINUTE


class Reading:
    """A shop that is read by a poller and watched over."""

    def __init__(self, path: Path) -> None:
        self.shop: Shop = open_shop(path)
        self.clock = ManualClock(START)
        self.thread = StoreThread(self.shop.store)
        self.account, self.connector = scripted_account(self.clock, PATIENCE)
        self.ledger = self.account.ledger
        self.poller = self.new_poller()
        self.watcher = self.new_watcher()

    def new_poller(self) -> Poller:
        """Return a poller as a new process would have it."""
        context = Context(self.thread, self.shop.pipeline, self.clock, ("support",))
        return Poller(self.account, context)

    def new_watcher(self) -> Watcher:
        """Return a watcher as a new process would have it."""
        watched = Watched("shop-vk", ("comments", "messages"), PATIENCE)
        return Watcher(self.shop.store, [watched], ("support",), self.clock.now())

    async def poll(self, *, impatient: bool = False) -> PollResult:
        """Poll and watch once, at the present instant."""
        result = await self.poller.poll(impatient=impatient)
        self.watcher.look(self.clock.now())
        return result

    def after(self, duration: timedelta) -> None:
        """Move both clocks on."""
        self.clock.advance(duration)
        self.shop.now = self.clock.now()

    def reasons(self) -> list[str]:
        """Return what people were told."""
        return [reason for reason, _, _ in self.shop.queued()]

    def cursor(self, source: str) -> Mapping[str, Any] | None:
        """Return where *source* has been read to."""
        return self.shop.store.sources.get("shop-vk", source).cursor


@pytest.fixture
async def reading(tmp_path: Path) -> AsyncIterator[Reading]:
    opened = Reading(tmp_path / "inboxd.db")
    yield opened
    opened.thread.close()


async def test_every_page_is_kept_with_its_cursor(reading: Reading) -> None:
    """The next poll continues where the last page ended."""
    reading.connector.script["comments"] = [
        [Page({"p": 1}, [said(0, "m1")]), Page({"p": 2}, [said(1, "m2")])]
    ]
    assert await reading.poll() == PollResult(2)
    await reading.poll()
    asked = [cursor for source, cursor in reading.connector.cursors if source == "comments"]
    assert asked == [None, {"p": 2}]


@pytest.mark.parametrize("step", [Page({"p": 1}), BudgetSpent("no more", START + 60 * MINUTE)])
async def test_allowances_are_kept_for_those_who_load_no_connector(
    reading: Reading, step: Page | Exception
) -> None:
    """The terminal shows them as they were at the last read, also where that was refused."""
    reading.connector.allowed = [Allowance("reads this month", 10_000, 10_000)]
    for source in ("comments", "messages"):
        reading.connector.script[source] = [[step]]
    await reading.poll()
    kept = AccountFacts(("comments", "messages"), PATIENCE, tuple(reading.connector.allowed))
    assert reading.shop.store.accounts.all() == {"shop-vk": kept}


async def test_a_failure_between_two_pages_keeps_the_first(reading: Reading) -> None:
    """What was stored counts and is not read again, and what was not is."""
    reading.connector.script["comments"] = [
        [Page({"p": 1}, [said(0, "m1")]), Unavailable("no answer")]
    ]
    assert await reading.poll() == PollResult(1, ("comments",))
    assert reading.cursor("comments") == {"p": 1}
    assert reading.shop.value("SELECT count(*) FROM messages") == 1


@pytest.mark.parametrize("error", [Unavailable("down"), ZeroDivisionError("our own bug")])
async def test_one_failing_source_does_not_stop_the_next(
    reading: Reading, error: Exception
) -> None:
    """Not even if the failure is ours."""
    reading.connector.script["comments"] = [[error]]
    reading.connector.script["messages"] = [[Page({"p": 1}, [said(0, "m1")])]]
    assert await reading.poll() == PollResult(1, ("comments",))


async def test_what_is_noted_at_each_read_is_logged_once(reading: Reading) -> None:
    """A post that is closed for good costs one line; what comes back after a read, another."""
    closed, lost = Page({}, note="post 1 is closed"), Page({}, note="events were lost")
    reading.connector.script["comments"] = [[closed, lost], [closed], [closed, lost]]
    logged = []
    for _ in range(3):
        with capture_logs() as lines:
            await reading.poll()
        logged.append([line["note"] for line in lines if line["event"] == "poll noted"])
    assert logged == [[closed.note, lost.note], [], [lost.note]]


async def test_an_answer_for_which_there_is_no_memory_is_asked_for_again(
    reading: Reading, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the machine's trouble, which passes: no traceback, and nothing for the quarantine."""
    reading.connector.script["comments"] = [[MemoryError()]]
    assert await reading.poll() == PollResult(0, ("comments",))
    assert "Traceback" not in capsys.readouterr().out
    said_so = reading.shop.rows("SELECT error_class, error FROM sources WHERE source = 'comments'")
    assert said_so == [("Unavailable", "the machine is short of something: not enough memory")]
    assert reading.shop.value("SELECT count(*) FROM unknown_items") == 0


async def test_a_database_that_takes_no_page_is_not_the_networks_fault(reading: Reading) -> None:
    """A full disk is no trouble of the account; the page is read again when there is room."""
    page = Page({"position": 1}, [said(0, "m1")])
    reading.connector.script["comments"] = [[page], [page]]
    database = reading.shop.store.database
    database.execute("PRAGMA query_only = ON")
    with pytest.raises(DatabaseError, match="readonly"):
        await reading.poll()
    database.execute("PRAGMA query_only = OFF")
    await reading.poll()
    assert reading.reasons() == []
    assert reading.cursor("comments") == {"position": 1}
    assert reading.shop.store.sources.get("shop-vk", "comments").failures == 0


async def test_a_failing_source_rests_ever_longer(reading: Reading) -> None:
    """It is not asked again before its pause is over, and the other source is."""
    reading.connector.script["comments"] = [[Unavailable("down")] for _ in range(9)]
    asked = []
    for second in range(90):
        reading.connector.cursors.clear()
        await reading.poller.poll()
        if any(source == "comments" for source, _ in reading.connector.cursors):
            asked.append(second)
        reading.after(timedelta(seconds=1))
    gaps = [b - a for a, b in itertools.pairwise(asked)]
    assert gaps == sorted(gaps)
    assert 5 <= gaps[0] <= 7
    assert gaps[-1] >= 20


async def test_a_clock_that_was_ahead_keeps_no_source_at_rest(reading: Reading) -> None:
    """A failure before the server's clock was set right does not end the reading for a year."""
    reading.clock.advance(timedelta(days=365))
    limited = RateLimited("slow down", until=reading.clock.now() + MINUTE)
    reading.connector.script = {"comments": [[Unavailable("down")]], "messages": [[limited]]}
    await reading.poller.poll()
    reading.clock.set(START)
    reading.connector.cursors.clear()

    assert (await reading.poller.poll()).failed == ()
    assert [source for source, _ in reading.connector.cursors] == ["comments", "messages"]


async def test_who_will_not_come_back_soon_asks_in_spite_of_a_pause(reading: Reading) -> None:
    """But never before a time that the network named."""
    reading.connector.script["comments"] = [[Unavailable("down")]]
    reading.connector.script["messages"] = [[RateLimited("too often", START + 9 * MINUTE)]]
    await reading.poll()
    assert await reading.poll(impatient=True) == PollResult(0, ("messages",))


@pytest.mark.parametrize("make", [RateLimited, BudgetSpent])
async def test_a_time_that_the_network_names_is_kept(
    reading: Reading, make: type[RateLimited]
) -> None:
    """Not a moment before it, and not days after it."""
    until = START + timedelta(days=20)
    reading.connector.script["comments"] = [[make("wait", until)]]
    await reading.poller.poll()
    retry_at = reading.shop.store.sources.get("shop-vk", "comments").retry_at
    assert retry_at is not None
    assert until <= retry_at <= until + 5 * MINUTE


async def test_what_a_person_must_mend_is_told_at_once_and_once(reading: Reading) -> None:
    """One alert for the account, however often it is tried, and its recovery afterwards."""
    for source in ("comments", "messages"):
        reading.connector.script[source] = [[TokenInvalid("the token has expired")]] * 2
    await reading.poll()
    assert reading.reasons() == ["account_refused"]
    reading.after(7 * MINUTE)
    reading.watcher = reading.new_watcher()
    await reading.poll()
    assert reading.reasons() == ["account_refused"]
    reading.after(7 * MINUTE)
    reading.connector.script["comments"] = [[Page({"p": 1}, [said(3, "m1"), said(4, "m2")])]]
    await reading.poll()
    assert reading.reasons() == ["account_refused", "account_read_again"]
    assert reading.shop.rows("SELECT detail FROM alerts ORDER BY id DESC LIMIT 1") == [
        ("Read again: comments, messages; 2 messages found since.",)
    ]


async def test_an_outage_is_told_when_it_has_lasted_too_long(reading: Reading) -> None:
    """A moment without an answer is no news; silence beyond patience is."""
    await reading.poll()
    reading.connector.script["comments"] = [[Unavailable("down")] for _ in range(99)]
    told = []
    for minute in range(1, 12):
        reading.after(MINUTE)
        await reading.poll(impatient=True)
        told.append((minute, len(reading.reasons())))
    assert told[4] == (5, 0)
    assert told[5:] == [(minute, 1) for minute in range(6, 12)]
    assert reading.reasons() == ["account_blind"]


async def test_a_token_that_expires_during_an_outage_is_news_of_its_own(reading: Reading) -> None:
    """People know that it is silent, and not yet that they must act."""
    await reading.poll()
    reading.connector.script["comments"] = [[Unavailable("down")], [TokenInvalid("expired")]]
    reading.after(6 * MINUTE)
    await reading.poll(impatient=True)
    reading.after(MINUTE)
    await reading.poll(impatient=True)
    assert reading.reasons()[:2] == ["account_blind", "account_refused"]


async def test_the_first_poll_of_a_source_is_history_until_it_is_complete(
    reading: Reading,
) -> None:
    """A backfill that breaks off and is repeated does not alert on what it finds."""
    old = said(-24 * 60, "m1", thread_id="dm:1")
    older = replace(old, remote_id="m2", thread_id="dm:2", sent_at=at(-25 * 60))
    reading.connector.script["comments"] = [
        [Page({"p": 1}, [old]), Unavailable("down")],
        [Page({"p": 2}, [older])],
        [Page({"p": 3}, [said(-120, "m3", thread_id="dm:3")])],
    ]
    await reading.poll()
    await reading.poll(impatient=True)
    reading.shop.tick()
    assert reading.reasons() == []
    await reading.poll()
    reading.shop.tick()
    assert reading.reasons() == ["step_due", "step_due"]


def old_pages(count: int) -> list[Page | Exception]:
    """Return pages of a long past, newest first."""
    return [Page({"p": number}, [said(-number, f"old{number}")]) for number in range(count)]


async def test_old_work_gives_way_to_what_is_new(reading: Reading) -> None:
    """A source with much to read goes on in the next round, behind the others, where it was."""
    reading.connector.takes = 20 * SECOND
    reading.connector.script["comments"] = [old_pages(12)]
    reading.connector.script["messages"] = [
        [Page({"p": 1}, [said(0, "new1")])],
        [Page({"p": 2}, [said(1, "new2")])],
    ]

    first = await reading.poll()
    second = await reading.poll()

    assert (first.new, first.unfinished) == (6, ("comments",))
    assert (second.new, second.unfinished) == (6, ("comments",))
    seen = [ref for (ref,) in reading.shop.rows("SELECT remote_id FROM messages ORDER BY id")]
    assert [seen.index(new) for new in ("new1", "new2")] == [5, 11]
    asked = [source for source, _ in reading.connector.cursors]
    assert asked.count("comments") == 1


async def test_a_round_to_the_end_leaves_nothing_unfinished(reading: Reading) -> None:
    """`run --once` reads everything, in turns, and each source only once."""
    reading.connector.takes = 20 * SECOND
    reading.connector.script["comments"] = [old_pages(12)]

    result = await reading.poller.poll_to_the_end()

    assert result == PollResult(12)
    assert [source for source, _ in reading.connector.cursors] == ["comments", "messages"]


async def test_what_is_left_off_can_be_taken_up_from_its_cursor(reading: Reading) -> None:
    """Stopping in the middle of a long read costs at most a page."""
    reading.connector.takes = 20 * SECOND
    reading.connector.script["comments"] = [old_pages(12)]
    await reading.poll()

    await reading.poller.close()

    assert reading.cursor("comments") == {"p": 4}


async def test_every_gap_is_a_row(reading: Reading) -> None:
    """A span without a complete read is kept, with why, and what was found at its end."""
    await reading.poll()
    reading.after(MINUTE)
    reading.connector.script["comments"] = [[Unavailable("down")], [Unavailable("down")]]
    await reading.poll()
    reading.after(6 * MINUTE)
    await reading.poll()
    reading.after(6 * MINUTE)
    reading.connector.script["comments"] = [[Page({"p": 1}, [said(2, "m1"), said(3, "m2")])]]
    await reading.poll()

    gaps = reading.shop.store.coverage.gaps(at(-60), at(60))

    comments = [gap for gap in gaps if gap.source == "comments"]
    assert [(gap.began_at, gap.ended_at, gap.reason, gap.found) for gap in comments] == [
        (START, at(13), "Unavailable", 2)
    ]


async def test_a_gap_is_a_row_while_it_lasts(reading: Reading) -> None:
    """Who looks at the figures during an outage sees that they are not whole."""
    await reading.poll()
    reading.after(MINUTE)
    reading.connector.script["comments"] = [[Unavailable("down")]]
    await reading.poll()
    reading.after(PATIENCE + MINUTE)
    reading.watcher.look(reading.clock.now())

    gaps = reading.shop.store.coverage.gaps(at(0), at(60))

    assert [(gap.source, gap.ended_at) for gap in gaps if gap.reason == "Unavailable"] == [
        ("comments", None)
    ]


async def test_the_time_without_a_daemon_is_a_gap(reading: Reading) -> None:
    """A process that was not there could not see anything, and says so afterwards."""
    await reading.poll()
    reading.after(60 * MINUTE)
    reading.poller = reading.new_poller()
    reading.watcher = reading.new_watcher()
    await reading.poll()

    reasons = {gap.reason for gap in reading.shop.store.coverage.gaps(at(0), at(90))}

    assert reasons == {"not_running"}
    assert reading.reasons() == []


async def test_what_may_be_lost_for_good_is_told(reading: Reading) -> None:
    """Where nothing reads back what a network dropped, people must look for themselves."""
    await reading.poll()
    reading.after(MINUTE)
    lost = Page({"p": 2}, lost="VK dropped events; comments cannot be read back")
    reading.connector.script["comments"] = [[lost]]

    await reading.poll()

    assert reading.reasons() == ["account_lost"]
    gap = next(iter(reading.shop.store.coverage.gaps(at(0), at(5))))
    assert (gap.began_at, gap.ended_at, gap.found) == (START, at(1), None)


async def test_an_alert_says_that_an_answer_may_not_have_been_seen(reading: Reading) -> None:
    """Nobody is kept waiting because a network is down, and nobody is blamed for its silence."""
    reading.shop.hear(said(0, "m1"))
    await reading.poll()
    reading.connector.script["comments"] = [[Unavailable("down")]]
    reading.after(6 * MINUTE)
    await reading.poll()
    reading.watcher.look(reading.clock.now())
    reading.shop.tick(31)

    detail = reading.shop.value("SELECT detail FROM alerts WHERE reason = 'step_due'")

    assert detail == "shop-vk has not been read for 31m: somebody may have answered already."


class TestDeafness:
    """A source that answers and never delivers is found out by what reads back behind it."""

    @pytest.fixture
    def reading(self, reading: Reading) -> Reading:
        """Let the messages be read back behind the comments."""
        reading.connector.reads_back = {"messages": "comments"}
        return reading

    async def test_a_deaf_source_is_told_and_its_recovery_too(self, reading: Reading) -> None:
        """Three messages that only reading back found are one alert; a delivery ends it."""
        await reading.poll()
        for number in range(3):
            reading.after(5 * MINUTE)
            page = Page({"p": number}, [said(number * 5 + 2.5, f"m{number}")])
            reading.connector.script["messages"] = [[page]]
            await reading.poll()
        assert reading.reasons() == ["account_deaf"]
        reading.after(MINUTE)
        reading.connector.script["comments"] = [[Page({"p": 9}, [said(15, "m9")])]]
        await reading.poll()
        assert reading.reasons() == ["account_deaf", "account_read_again"]
        told = reading.shop.value("SELECT headline FROM alerts WHERE reason = 'account_read_again'")
        assert told.startswith("shop-vk delivers again after")

    async def test_what_may_still_come_is_not_missed(self, reading: Reading) -> None:
        """A message that is found within moments of being written may be on its way."""
        await reading.poll()
        for number in range(5):
            reading.after(5 * MINUTE)
            page = Page({"p": number}, [said(number * 5 + 4, f"m{number}")])
            reading.connector.script["messages"] = [[page]]
            await reading.poll()
        assert reading.reasons() == []

    async def test_what_came_while_nobody_listened_is_not_missed(self, reading: Reading) -> None:
        """A source that had to begin anew is not blamed for what it was never asked for."""
        await reading.poll()
        reading.after(10 * MINUTE)
        reading.connector.script["comments"] = [[Page({"p": 5}, restarted=True)]]
        messages = [said(number, f"m{number}") for number in range(2, 7)]
        reading.connector.script["messages"] = [[Page({"p": 1}, messages)]]
        await reading.poll()
        assert reading.reasons() == []


async def test_a_new_start_asks_at_once_whether_a_person_has_acted(reading: Reading) -> None:
    """Whoever renewed a token and restarted need not wait; what a network limits still rests."""
    reading.connector.script["comments"] = [[TokenInvalid("expired")]]
    reading.connector.script["messages"] = [[RateLimited("later", at(60))]]
    await reading.poll()
    reading.shop.store.sources.try_again()
    reading.poller = reading.new_poller()

    assert (await reading.poll()).failed == ("messages",)


class TestSparing:
    """A source that is left out by choice is neither a failure nor forgotten."""

    async def test_what_is_spared_did_not_fail(self, reading: Reading) -> None:
        """It rests until its time, `run --once` is content, and nobody is told of blindness."""
        await reading.poll()
        reading.connector.script["comments"] = [[Spared("ahead of the pace", at(60))]]

        first = await reading.poll(impatient=True)
        reading.after(30 * MINUTE)
        second = await reading.poll(impatient=True)

        assert (first.failed, second.failed) == ((), ())
        assert reading.reasons() == []
        assert [source for source, _ in reading.connector.cursors].count("comments") == 2
        reading.after(60 * MINUTE)
        await reading.poll()
        assert [source for source, _ in reading.connector.cursors].count("comments") == 3
        gaps = reading.shop.store.coverage.gaps(at(0), at(120))
        assert [gap.reason for gap in gaps if gap.source == "comments"] == ["Spared"]

    async def test_what_is_spared_for_a_day_is_told(self, reading: Reading) -> None:
        """Nobody believes for weeks that everything is read."""
        await reading.poll()
        reading.connector.script["comments"] = [[Spared("ahead of the pace", at(60 * 72))]]
        await reading.poll()
        reading.after(timedelta(days=1, minutes=1))
        await reading.poll()
        assert reading.reasons() == ["account_blind"]


async def test_an_answer_that_nobody_understands_is_kept(reading: Reading) -> None:
    """The whole of it goes into quarantine, once however often it comes."""
    for _ in range(2):
        reading.connector.script["comments"] = [[UnexpectedPayload("no data", {"odd": 1})]]
        await reading.poll(impatient=True)

    held = reading.shop.store.quarantine.held()

    assert [(each.source, each.item.raw, each.item.error, each.seen) for each in held] == [
        ("comments", {"odd": 1}, "no data", 2)
    ]


async def test_what_an_account_used_outlives_the_process(reading: Reading) -> None:
    """Counts and pauses are kept with the page that caused them, and handed to the next process."""
    reading.ledger.spend("posts", 3)
    reading.ledger.rest("search", at(30))
    await reading.poll()
    reading.ledger.spend("posts", 2)
    await reading.poll()

    ledger = Ledger(reading.clock)
    ledger.restored(reading.shop.store.ledger.entries("shop-vk", reading.clock.now()))

    assert ledger.spent("posts", START.date()) == 5
    assert ledger.rests_until("search") == at(30)
    reading.after(31 * MINUTE)
    assert ledger.rests_until("search") is None


async def test_automatic_texts_of_the_configuration_stop_no_clock(reading: Reading) -> None:
    """What matches a pattern of the account is a machine's, though the network does not say so."""
    reading.shop.rules = replace(
        reading.shop.rules, automatic={"shop-vk": (re.compile("^Thanks for your message"),)}
    )
    messages = [said(0, "m1"), answered(3, "m2", "Thanks for your message! We will be back.")]
    reading.shop.hear(*messages)

    assert reading.shop.value("SELECT auto_reply FROM messages WHERE remote_id = 'm2'") == 1
    assert [case["status"] for case in reading.shop.cases()] == ["waiting"]


def test_a_ledger_counts_a_thing_once_a_day() -> None:
    """X bills a post once a UTC day, however often it is read."""
    clock = ManualClock(START)
    ledger = Ledger(clock)
    assert ledger.spend_once("posts", ["1", "2"]) == 2
    assert ledger.spend_once("posts", ["2", "3"]) == 1
    clock.advance(timedelta(days=1))
    assert ledger.spend_once("posts", ["3"]) == 1
    assert ledger.spent("posts", START.date()) == 4
    assert ledger.spent("posts", clock.now().date()) == 1
