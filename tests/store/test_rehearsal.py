"""Promises about rehearsals: the same rules tell the same, others show what they change."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from inboxd.connector import OutgoingReply
from inboxd.core.policies import Match
from inboxd.desk import Desk
from inboxd.durations import parse_business
from inboxd.errors import DatabaseError
from inboxd.model import Kind, Stream
from inboxd.rehearsal import Change, Outcome, rehearse
from inboxd.store import Past, Said
from inboxd.store.times import to_text
from tests.store.busy import BEGINS, KYIV, BusyShop, Habits
from tests.store.shop import (
    ALWAYS,
    START,
    Shop,
    answered,
    at,
    commented,
    open_shop,
    policy,
    rules,
    said,
    step,
)
from tests.store.test_pipeline import conversations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from inboxd.core.tracking import Rules
    from inboxd.model import Message

LONG_AGO = START - timedelta(days=365)
HABITS = {
    "calm": Habits(downtimes=0, broken_sinks=0),
    "troubled": Habits(downtimes=2, broken_sinks=5, late=20),
}


@pytest.fixture(autouse=True)
def _no_log() -> Iterator[None]:
    with capture_logs():
        yield


def rehearsed(path: Path, tried: Rules, until: datetime, since: datetime = LONG_AGO) -> Outcome:
    with closing(Past(path)) as past:
        return rehearse(past, tried, (since, until + timedelta(milliseconds=1)), KYIV)


def let_pass(shop: Shop, minutes: float) -> None:
    """Move on, and tick whenever a daemon would find something to do."""
    while (look := shop.store.told.next_look()) and look < at(minutes):
        shop.now = max(look, shop.now + timedelta(milliseconds=1))
        shop.tick()
        shop.deliver()
    shop.now = at(minutes)


def asked(shop: Shop, minutes: float, ref: str, text: str = "Where is it?", **facts: str) -> None:
    """Let a customer ask, and be judged, at once."""
    let_pass(shop, minutes)
    shop.hear(said(minutes, ref, text, **facts))
    shop.judge()
    shop.tick()


def the_same(outcome: Outcome) -> None:
    assert outcome.differences == ()
    for tally in (outcome.policies, outcome.sinks, outcome.days, outcome.breaches):
        assert tally.was == tally.now


@pytest.mark.parametrize("habits", HABITS)
@pytest.mark.parametrize("seed", range(3))
def test_the_same_rules_tell_the_same(tmp_path: Path, seed: int, habits: str) -> None:
    """To the millisecond and the sink, whatever people, sinks and daemons did."""
    shop = open_shop(tmp_path / "inboxd.db")
    busy = BusyShop(shop.store, seed, HABITS[habits])
    busy.run(10)
    outcome = rehearsed(tmp_path / "inboxd.db", busy.rules, busy.now, BEGINS)
    told = shop.store.told.steps(BEGINS)
    shop.store.close()
    the_same(outcome)
    assert outcome.alike == len(told) > 100
    assert (outcome.absences != ()) == bool(busy.counts.get("downtimes"))


@pytest.mark.parametrize("days", [1, 4])
def test_what_was_before_does_not_blur_what_is_asked_about(tmp_path: Path, days: int) -> None:
    """Of a part of the past, too: cases that were open when it began had been told of before."""
    shop = open_shop(tmp_path / "inboxd.db")
    busy = BusyShop(shop.store, 7, HABITS["calm"])
    busy.run(9)
    since = busy.now - timedelta(days=days)
    outcome = rehearsed(tmp_path / "inboxd.db", busy.rules, busy.now, since)
    told = shop.store.told.steps(since)
    shop.store.close()
    the_same(outcome)
    assert outcome.alike == len(told) > 10


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conversations(), st.lists(st.sampled_from([0, 0, 1, 7, 90]), min_size=40, max_size=40))
def test_any_history_is_told_the_same(messages: list[Message], delays: list[int]) -> None:
    """Edited, deleted, answered elsewhere, by a machine, or heard of late: it makes no odds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inboxd.db"
        shop = open_shop(path)
        heard = _arrivals(messages, delays)
        for now, message in sorted(heard, key=lambda each: each[0]):
            let_pass(shop, (now - START) / timedelta(minutes=1))
            shop.hear(message)
            shop.judge()
            shop.tick()
            shop.deliver()
        let_pass(shop, 20 * 24 * 60)
        outcome = rehearsed(path, shop.rules, shop.now)
        shop.store.close()
    the_same(outcome)


def _arrivals(messages: list[Message], delays: list[int]) -> list[tuple[datetime, Message]]:
    """Return when each is heard of; which of two texts of a message came first is not kept."""
    latest: dict[str, datetime] = {}
    arrivals = []
    written = sorted(messages, key=_written)
    for message, delay in zip(written, delays, strict=False):
        came_at = _written(message) + timedelta(minutes=delay, seconds=1)
        came_at = max(came_at, latest.get(message.remote_id, came_at))
        latest[message.remote_id] = came_at
        arrivals.append((came_at, message))
    return arrivals


def _written(message: Message) -> datetime:
    return message.edited_at or message.sent_at


def test_what_people_did_is_done_again(shop: Shop, database: Path) -> None:
    """Taken, put off, silenced, closed, corrected and answered by us: each counts as it did."""
    asked(shop, 0, "m1")
    shop.act("ack")
    asked(shop, 1, "m2", thread_id="dm:2")
    shop.act("snooze", to_text(at(100)))
    with shop.store.transaction():
        shop.store.silences.add(Match(kind=frozenset({"praise"})), at(500), "boris", "", at(1))
    asked(shop, 2, "m3", "thanks", thread_id="dm:3")
    asked(shop, 3, "m4", thread_id="dm:4")
    shop.act("close", "no reply needed")
    asked(shop, 4, "m5", thread_id="dm:5")
    praise = Said(kind=Kind.PRAISE)
    shop.pipeline.correct(shop.value("SELECT max(id) FROM cases"), None, praise, "anna", at(4))
    asked(shop, 5, "m6", thread_id="dm:6")
    let_pass(shop, 7)
    _reply(shop, "m6")
    let_pass(shop, 400)
    outcome = rehearsed(database, shop.rules, shop.now)
    the_same(outcome)
    assert outcome.alike == 1, "of the one that slept, once it woke"
    unmuted = replace(shop.rules, policies=(policy(match=Match(kind=frozenset({"request"}))),))
    assert [d.change for d in rehearsed(database, unmuted, shop.now).differences] == [Change.GONE]


def test_what_people_took_back_counts_until_they_did(shop: Shop, database: Path) -> None:
    """A case that was held for a while is told late; a wrong correction changes rules no longer."""
    shop.rules = rules(
        policy("some", Match(kind=frozenset({Kind.OTHER}))), policy("rest", steps=())
    )
    desk = Desk(shop.store, shop.rules)
    asked(shop, 0, "m1")
    taken = desk.acknowledge(1, "anna", shop.now)
    asked(shop, 1, "m2", thread_id="dm:2")
    praise = desk.correct(2, None, Said(kind=Kind.PRAISE), "anna", shop.now)
    asked(shop, 2, "m3", thread_id="dm:3")
    closed = desk.close(3, "spam", "anna", shop.now)
    let_pass(shop, 40)
    assert shop.queued() == []
    for done in (taken, praise, closed):
        desk.undo(done, "boris", shop.now)
    shop.tick()
    let_pass(shop, 400)
    assert {at for (at,) in shop.rows("SELECT min(created_at) FROM alerts GROUP BY case_id")} == {
        to_text(at(40))
    }
    the_same(rehearsed(database, shop.rules, shop.now))


def _reply(shop: Shop, ref: str) -> None:
    store, case = shop.store, shop.value("SELECT max(id) FROM cases")
    reply = OutgoingReply(f"reply:{ref}", "dm:6", Stream.DIRECT_MESSAGES, "Soon.", ref, None, at(5))
    store.outbox.add_reply("shop-vk", case, reply, shop.now)
    (item,) = store.outbox.due("shop-vk", shop.now)
    claimed = store.outbox.claim(item, shop.now)
    assert claimed
    ours = answered(7, "a6", "Soon.", thread_id="dm:6")
    shop.pipeline.reply_sent(claimed, "shop-vk", "vk", ours, shop.now)


def test_what_the_first_read_brought_alerts_nobody(shop: Shop, database: Path) -> None:
    """History is history, in a rehearsal as well, until its customer writes again."""
    shop.now = at(500)
    shop.rules = rules(policy(steps=(step("100%", "support", repeat="1h"),)))
    shop.hear(said(0, "m1"), said(10, "m2", thread_id="dm:2"), first=True)
    shop.judge()
    asked(shop, 501, "m3", thread_id="dm:2")
    let_pass(shop, 900)
    outcome = rehearsed(database, shop.rules, shop.now)
    the_same(outcome)
    assert {each.message for each in shop.store.told.steps(START)} == {"m2"}


def test_other_rules_show_whom_they_change(shop: Shop, database: Path) -> None:
    """Sooner, later, to others, not any more, or for the first time: each by its case."""
    asked(shop, 0, "m1")
    let_pass(shop, 200)
    # As it was: half an hour and an hour after the question.
    changes = {
        "sooner": policy(first_response=parse_business("30m")),
        "to others": policy(steps=(step("50%", "lead"), step("100%", "support", "lead"))),
        "less": policy(steps=(step("100%", "lead", "support"),)),
        "more": policy(steps=(*policy().steps, step("100% + 1h", "lead"))),
        "none": policy(match=Match(kind=frozenset({"complaint"}))),
    }
    seen = {
        name: [
            (each.case, each.change, each.at - START)
            for each in rehearsed(database, rules(changed), shop.now).differences
        ]
        for name, changed in changes.items()
    }
    minute = timedelta(minutes=1)
    assert seen == {
        "sooner": [(1, Change.EARLIER, 15 * minute), (1, Change.EARLIER, 30 * minute)],
        "to others": [(1, Change.OTHERS, 30 * minute)],
        "less": [(1, Change.GONE, 30 * minute)],
        "more": [(1, Change.NEW, 120 * minute)],
        "none": [(1, Change.GONE, 30 * minute), (1, Change.GONE, 60 * minute)],
    }


def test_a_policy_of_another_name_tells_the_same(shop: Shop, database: Path) -> None:
    """What people hear is what counts, not how the policy is called."""
    asked(shop, 0, "m1")
    let_pass(shop, 200)
    outcome = rehearsed(database, rules(policy("renamed / anew")), shop.now)
    assert (outcome.alike, outcome.differences) == (2, ())
    assert (dict(outcome.policies.was), dict(outcome.policies.now)) == (
        {"all": 2},
        {"renamed / anew": 2},
    )


def test_late_answers_are_counted_under_both_rules(shop: Shop, database: Path) -> None:
    """A promise of two hours is kept by an answer that broke the promise of one."""
    asked(shop, 0, "m1")
    let_pass(shop, 90)
    shop.hear(answered(90, "a1"))
    shop.tick()
    asked(shop, 100, "m2", thread_id="dm:2")
    let_pass(shop, 400)
    slower = policy(first_response=parse_business("2h"))
    breaches = rehearsed(database, rules(slower), shop.now).breaches
    assert (dict(breaches.was), dict(breaches.now)) == ({"all": 2}, {"all": 1})


def test_nothing_is_written_where_the_past_is_read(shop: Shop, database: Path) -> None:
    """Not a byte, and it works beside a daemon that goes on writing."""
    asked(shop, 0, "m1")
    let_pass(shop, 200)
    shop.store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = database.read_bytes()
    with closing(Past(database)) as past:
        shop.hear(said(201, "m2", thread_id="dm:2"))
        outcome = rehearse(past, shop.rules, (LONG_AGO, at(300)), KYIV)
        with pytest.raises(Exception, match="readonly"):
            past._db.execute("DELETE FROM cases")
    the_same(outcome)
    assert database.read_bytes() == before


def test_a_database_that_is_none_is_refused(tmp_path: Path) -> None:
    """With words, as everywhere."""
    with pytest.raises(DatabaseError, match="does not exist"):
        Past(tmp_path / "inboxd.db")


def test_a_database_that_cannot_be_read_is_refused_and_let_go(shop: Shop, database: Path) -> None:
    """The first look fails over a page of it; from Python 3.13 on a test sees what stays open."""
    page = shop.value("SELECT rootpage FROM sqlite_master WHERE name = 'sources'")
    size = shop.value("PRAGMA page_size")
    shop.store.close()
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with pytest.raises(DatabaseError, match="damaged"):
        Past(database)


def test_a_backup_that_cannot_be_written_to_can_be_rehearsed(shop: Shop, tmp_path: Path) -> None:
    """Whoever tries rules out need not be allowed to change anything."""
    asked(shop, 0, "m1")
    let_pass(shop, 200)
    shop.store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = tmp_path / "copy" / "inboxd.db"
    copy.parent.mkdir()
    shutil.copy(shop.store.path, copy)
    copy.chmod(0o400)
    the_same(rehearsed(copy, shop.rules, shop.now))


def test_answers_in_other_threads_count_again(shop: Shop, database: Path) -> None:
    """One answer to two customers ends both their waits."""
    asked(shop, 0, "m1")
    asked(shop, 1, "m2", thread_id="dm:2")
    let_pass(shop, 10)
    shop.hear(answered(10, "a1", also_in=("dm:2",)))
    shop.hear(commented(10, "m3", answered(0, "x").author))  # type: ignore[arg-type]  # it has one
    let_pass(shop, 300)
    the_same(rehearsed(database, shop.rules, shop.now))
    assert {each.message for each in shop.store.told.steps(START)} == {"m3"}


def test_a_text_that_was_replaced_as_soon_as_it_was_heard_counts_again(
    shop: Shop, database: Path
) -> None:
    """Two edits in one page: the first asked for an answer, and taking that back gives none."""
    asked(shop, 0, "m1", "well")
    let_pass(shop, 10)
    shop.hear(answered(10, "a1"))
    let_pass(shop, 40)
    for minutes, text in ((30, "when?"), (35, "well")):
        shop.hear(said(0, "m1", text, edited_at=at(minutes)))
        shop.judge()
    let_pass(shop, 300)
    outcome = rehearsed(database, shop.rules, shop.now)
    the_same(outcome)
    assert outcome.alike == 2


def test_the_calendar_of_these_tests_never_closes() -> None:
    """Else their minutes would be none."""
    assert ALWAYS.is_open(START)
