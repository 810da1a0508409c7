"""Promises about the overview's numbers: they are what counting by hand gives."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from inboxd.core.overview import (
    AGES,
    Answer,
    Day,
    Waiting,
    blind_hours,
    days_up_to,
    place_of,
    since_when,
    times_of,
)
from inboxd.model import Topic
from tests.tui import busy
from tests.tui.stage import NOW, Stage, ago, fill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inboxd.store.overview import Overview

KYIV = ZoneInfo("Europe/Kyiv")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def busy_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A week that many tests read and none changes."""
    stage = Stage(tmp_path_factory.mktemp("overview"))
    busy.fill(stage)
    fill(stage)
    yield stage
    stage.store.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened = Stage(tmp_path)
    yield opened
    opened.store.close()


def seen(stage: Stage, now: datetime = NOW) -> Overview:
    return stage.store.overview.of(stage.settings.policies, now, KYIV)


def rows(stage: Stage, table: str) -> list[dict[str, Any]]:
    """Return a whole table, to be counted by hand."""
    cursor = stage.store.database.execute(f"SELECT * FROM {table}")  # noqa: S608 - a test's own
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_ages_are_those_of_each_cases_own_calendar(busy_stage: Stage) -> None:
    """A night is no waiting time where the office is closed, and is where no policy governs."""
    by_hand: Counter[tuple[str, int, bool]] = Counter()
    policies = {each.name: each for each in busy_stage.settings.policies}
    for case in rows(busy_stage, "cases"):
        if case["status"] != "waiting" or not case["unanswered"]:
            continue
        since = instant(case["waiting_since"])
        policy = policies.get(case["policy"])
        if policy:
            old = policy.hours.between(since, NOW)
            place = sum(old >= policy.hours.span(span) for span in AGES)
        else:
            place = sum(NOW - since >= span.time + timedelta(days=span.days) for span in AGES)
        late = bool(case["due_at"]) and instant(case["due_at"]) <= NOW
        by_hand[case["account"], place, late] += 1
    found = Counter(
        {
            (account, place, late): number
            for account, waiting in seen(busy_stage).waiting.items()
            for place, (count, overdue) in enumerate(
                zip(waiting.counts, waiting.overdue, strict=True)
            )
            for late, number in ((True, overdue), (False, count - overdue))
            if number
        }
    )
    assert sum(by_hand.values()) > 10
    assert len({place for _, place, _ in by_hand}) >= 4
    assert found == by_hand


def test_answers_are_those_of_today(busy_stage: Stage) -> None:
    """From midnight on the wall clock, each with its time and whether it was in time."""
    of_account = {case["id"]: case["account"] for case in rows(busy_stage, "cases")}
    by_hand: Counter[Answer] = Counter()
    for wait in rows(busy_stage, "waits"):
        if wait["outcome"] != "answered" or wait["kind"] not in {"first_response", "next_response"}:
            continue
        ended = instant(wait["ended_at"])
        if ended.astimezone(KYIV).date() != NOW.astimezone(KYIV).date() or ended > NOW:
            continue
        took = wait["open_seconds"]
        if took is None:
            took = (ended - instant(wait["since"])).total_seconds()
        in_time = ended <= instant(wait["due_at"]) if wait["due_at"] else None
        account = of_account[wait["case_id"]]
        first = wait["kind"] == "first_response"
        by_hand[Answer(account, first, timedelta(seconds=round(took)), in_time)] += 1
    assert sum(by_hand.values()) > 3
    assert Counter(seen(busy_stage).answers) == by_hand


def test_an_answer_to_no_policy_is_timed_by_the_wall(stage: Stage) -> None:
    """It has no target, and so it is neither in time nor late."""
    ref = stage.hear("shop-fb", "t1", ago(minutes=50), "hello")
    stage.judge({ref: ("other", "other", "low", "en", ())})
    stage.answer("shop-fb", "t1", ago(minutes=20), "Hello!")
    assert seen(stage).answers == [Answer("shop-fb", first=True, took=HOUR / 2, in_time=None)]


def test_promises_are_owed_and_nobody_waits_for_an_answer(stage: Stage) -> None:
    """What our answers owe is told beside those who wait, and is no answer of today."""
    ref = stage.hear("shop-vk", "t1", ago(minutes=80), "Money back!")
    stage.judge({ref: ("complaint", "refunds", "high", "en", ())})
    vow = stage.answer("shop-vk", "t1", ago(minutes=60), "You get it by ten.")
    stage.judge_replies({vow: ("by ten", ago(minutes=15))}, set())
    found = seen(stage)
    assert found.all_waiting == Waiting(owed=1, owed_late=1)
    assert [each.first for each in found.answers] == [True]


def test_who_sleeps_is_counted_until_the_case_wakes(stage: Stage) -> None:
    """A customer who writes again wakes it, whatever the snooze said."""
    ref = stage.hear("shop-vk", "t1", ago(minutes=80), "Money back!")
    stage.judge({ref: ("complaint", "refunds", "high", "en", ())})
    case = stage.case_of(ref)
    stage.act(case, "snooze", "Max", ago(minutes=70), "2026-11-26T07:00:00.000Z")
    assert seen(stage).all_waiting.asleep == 1
    assert seen(stage, NOW + timedelta(days=2)).all_waiting.asleep == 0
    stage.hear("shop-vk", "t1", ago(minutes=5), "Hello?")
    assert seen(stage).all_waiting.asleep == 0


def test_complaints_are_counted_by_topic_hour_and_day(busy_stage: Stage) -> None:
    """Today's, yesterday's by hour, and the mean of as much of each of seven days."""
    today: Counter[Topic] = Counter()
    before: Counter[Topic] = Counter()
    hours = [0] * 24, [0] * 24
    wall = NOW.astimezone(KYIV)
    for message in rows(busy_stage, "messages"):
        if message["kind"] != "complaint" or message["deleted_at"]:
            continue
        sent = instant(message["sent_at"]).astimezone(KYIV)
        back = (wall.date() - sent.date()).days
        if back <= 1:
            hours[back][sent.hour] += 1
        for topic in map(Topic, json.loads(message["topics"])):
            today[topic] += back == 0
            before[topic] += 1 <= back <= 7 and sent.time() <= wall.time()
    found = seen(busy_stage).complaints
    assert found.today == {topic: count for topic, count in today.items() if count}
    assert found.usual == {topic: count / 7 for topic, count in before.items() if count}
    assert (found.by_hour, found.yesterday, found.days) == (*hours, 7)
    assert found.total == sum(hours[0]) > 3


def test_a_complaint_counts_on_each_of_its_topics_and_once_by_hour(stage: Stage) -> None:
    """One message on two topics is one message."""
    ref = stage.hear("shop-vk", "t1", ago(minutes=80), "Money back!")
    stage.judge({ref: ("complaint", "refunds", "high", "en", ())})
    stage.store.database.execute('UPDATE messages SET topics = \'["refunds", "staff"]\'')
    found = seen(stage).complaints
    assert found.today == {Topic.REFUNDS: 1, Topic.STAFF: 1}
    assert found.total == 1


def test_what_is_usual_is_the_mean_of_the_days_there_were(stage: Stage) -> None:
    """On its second day a shop's usual is its first, and not a seventh of it."""
    refs = [stage.hear("shop-vk", f"t{n}", ago(days=1, minutes=n), "Late!") for n in range(3)]
    stage.judge(dict.fromkeys(refs, ("complaint", "shipping", "high", "en", ())))
    found = seen(stage).complaints
    assert (found.days, found.usual) == (1, {Topic.SHIPPING: 3})


def test_an_empty_database_has_an_overview(stage: Stage) -> None:
    """Nothing is divided by nothing."""
    found = seen(stage)
    assert (found.all_waiting, found.answers) == (Waiting(), [])
    assert (found.complaints.days, found.complaints.usual, found.complaints.total) == (0, {}, 0)


def test_gaps_are_those_that_touch_the_days_told_of(stage: Stage) -> None:
    """Whoever reads the numbers learns of what they cannot know."""
    coverage = stage.store.coverage
    coverage.begin("shop-fb", "feed", ago(days=2), "Unavailable")
    coverage.end("shop-fb", "feed", ago(days=2) + HOUR, 3)
    coverage.begin("shop-vk", "wall", ago(minutes=20), "Unavailable")
    coverage.lose("shop-x", "mentions", ago(days=9), ago(days=8.5), "lost")
    found = seen(stage)
    assert [gap.account for gap in found.gaps] == ["shop-fb", "shop-vk"]
    assert [gap.account for gap in found.gaps_since(found.days[1].begins)] == ["shop-vk"]


def test_a_day_of_a_clock_change_is_as_long_as_it_is() -> None:
    """On 25 October 2026 Berlin's day has 25 hours, and yesterday's "by now" is by the wall."""
    now = datetime(2026, 10, 25, 11, tzinfo=UTC)
    today, yesterday = days_up_to(now, BERLIN, 1)
    assert today == Day(datetime(2026, 10, 24, 22, tzinfo=UTC), now, today.begins + 25 * HOUR)
    assert yesterday.until.astimezone(BERLIN).hour == now.astimezone(BERLIN).hour == 12
    assert yesterday.ends == today.begins


def test_a_calendar_that_hardly_opens_makes_nobody_old(stage: Stage) -> None:
    """There is no business time to look back into: the wait is as young as can be."""
    (office, *_) = (each.hours for each in stage.settings.policies)
    seldom = type(office)("seldom", UTC, {}, open={(NOW + timedelta(days=9)).date(): ((0, 3600),)})
    assert max(since_when(seldom, NOW)) < ago(days=10_000)


def test_medians_and_ninths_are_times_that_were_taken() -> None:
    """No number is told that no customer waited for."""
    minutes = [9, 1, 2, 3, 4, 5, 6, 7, 8, 100]
    answers = [
        Answer(
            "a", first=True, took=timedelta(minutes=each), in_time=None if each == 1 else each < 9
        )
        for each in minutes
    ]
    times = times_of(answers)
    assert (times.median, times.ninth) == (timedelta(minutes=5), timedelta(minutes=9))
    assert (times.count, times.in_time, times.late, times.share) == (10, 7, 2, 7 / 9)
    assert times_of([]).share is None


def test_a_time_is_within_what_it_reaches() -> None:
    """Fifteen minutes are up to fifteen minutes."""
    assert place_of(timedelta(minutes=15)) == place_of(timedelta(minutes=15, seconds=-1)) == 1
    assert place_of(timedelta(minutes=15, seconds=1)) == 2


def test_blind_hours_are_those_that_a_gap_touches() -> None:
    """Only of the day asked for, by its wall clock."""
    (today,) = days_up_to(NOW, KYIV, 0)
    spans = [(ago(hours=3), ago(hours=2, minutes=20)), (ago(days=2), ago(days=1))]
    assert blind_hours(spans, today, KYIV) == {7, 8}
    assert blind_hours([(ago(days=2), ago(hours=10, minutes=15))], today, KYIV) == {0}
