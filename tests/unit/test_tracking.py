"""Promises about what a case looks like: folded spans joined with what was known before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.conversations import CaseStatus, Event, EventType, WaitEnd
from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match, Policy, Step
from inboxd.core.tracking import (
    MERGED,
    CaseState,
    History,
    Rules,
    Setting,
    Tracked,
    Traits,
    attention_of,
    track,
    traits_of,
)
from inboxd.durations import parse_business, parse_step_at
from inboxd.model import Kind, Stream, Topic, Urgency

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
QUIET = timedelta(days=3)
ALWAYS = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})
PLAIN = Policy(
    "plain",
    Match(),
    ALWAYS,
    first_response=parse_business("1h"),
    next_response=parse_business("2h"),
    steps=(Step(parse_step_at("100%"), ("support",)),),
)
URGENT = replace(
    PLAIN,
    name="urgent",
    match=Match(kind=frozenset({"complaint"})),
    first_response=parse_business("10m"),
)
RULES = Rules((URGENT, PLAIN), QUIET)
SETTING = Setting("shop-vk", "vk", Stream.COMMENTS, public=True)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def said(minutes: float, ref: int) -> Event:
    return Event(at(minutes), EventType.INBOUND, ref)


def answered(minutes: float, ref: int) -> Event:
    return Event(at(minutes), EventType.ANSWER, ref)


def history(*events: Event, cases: tuple[CaseState, ...] = (), **facts: Any) -> History:
    plain = History(1, SETTING, events, {}, cases)
    return replace(plain, **facts)


def seen(*events: Event, now: datetime = START, old: bool = False, **facts: Any) -> Tracked:
    return track(history(*events, **facts), RULES, now, old=old)


def numbered(tracked: Tracked, first: int = 1) -> tuple[CaseState, ...]:
    """Return the cases as the store would have numbered them."""
    return tuple(
        replace(
            case,
            id=case.id or first + index,
            waits=tuple(
                replace(wait, id=wait.id or 10 * (first + index) + place)
                for place, wait in enumerate(case.waits)
            ),
        )
        for index, case in enumerate(tracked.cases)
    )


def test_a_new_message_is_a_case_with_a_due_time_and_a_next_step() -> None:
    """Everything a tick needs is worked out when the message arrives."""
    (case,) = seen(said(0, 1)).cases
    assert (case.status, case.policy, case.unanswered) == (CaseStatus.WAITING, "plain", 1)
    assert case.due_at == case.response_due_at == case.next_step_at == at(60)
    assert (case.id, case.waits[0].id) == (None, None)


def test_what_was_said_of_a_case_chooses_its_policy() -> None:
    """A verdict shortens the target."""
    (case,) = seen(said(0, 1), traits={1: Traits(kind=Kind.COMPLAINT)}).cases
    assert (case.policy, case.due_at) == ("urgent", at(10))


def test_an_answered_case_has_nothing_due_but_its_quiet_time() -> None:
    """Until then it can go on; its wait says how long it took."""
    (case,) = seen(said(0, 1), answered(70, 2), now=at(80)).cases
    assert (case.due_at, case.next_step_at, case.quiet_at) == (None, None, at(70) + QUIET)
    wait = case.waits[0]
    assert (wait.end, wait.due_at, wait.open_time) == (
        WaitEnd.ANSWERED,
        at(60),
        timedelta(minutes=70),
    )


def test_looking_twice_changes_nothing() -> None:
    """What is known already is what is found again, so nothing need be written."""
    events = said(0, 1), answered(30, 2), said(40, 3)
    known = numbered(seen(*events, now=at(50)))
    assert track(history(*events, cases=known), RULES, at(55)).cases == known


def test_numbers_and_memories_survive_a_late_message() -> None:
    """An earlier message changes the case and the wait instead of making new ones."""
    (known,) = numbered(seen(said(10, 1), now=at(10)))
    told = replace(known.waits[0], told={"plain/first_response/100%": 0}, told_until=at(70))
    known = replace(known, waits=(told,), acknowledged_at=at(75), acknowledged_by="anna")
    (case,) = seen(said(10, 1), said(0, 2), cases=(known,), now=at(80)).cases
    assert (case.id, case.waits[0].id, case.waits[0].since) == (known.id, told.id, at(0))
    assert (case.waits[0].told, case.acknowledged_by) == (told.told, "anna")
    assert attention_of(case).acknowledged_at == at(75)


def test_two_cases_that_a_message_joins_become_the_one_that_is_open() -> None:
    """The other is closed as merged, and its waits go over with their numbers."""
    late = QUIET + timedelta(hours=1)
    minutes = late.total_seconds() / 60
    events = said(0, 1), answered(10, 2), said(minutes, 3)
    known = numbered(seen(*events, now=START + late))
    assert [case.status for case in known] == [CaseStatus.RESOLVED, CaseStatus.WAITING]
    joined = seen(*events, said(600, 4), answered(610, 5), cases=known, now=START + late)
    case, merged = joined.cases
    assert (case.id, merged.id) == (known[1].id, known[0].id)
    assert (merged.status, merged.close_reason, merged.waits) == (CaseStatus.CLOSED, MERGED, ())
    ids = {wait.id for known_case in known for wait in known_case.waits}
    assert {wait.id for wait in case.waits} == {*ids, None}
    again = track(
        history(*events, said(600, 4), answered(610, 5), cases=numbered(joined, first=5)),
        RULES,
        START + late,
    )
    assert again.cases == numbered(joined, first=5)


def test_a_wait_goes_on_when_its_oldest_message_is_taken_back() -> None:
    """It begins later, and remembers what people were told."""
    (known,) = numbered(seen(said(0, 1), said(5, 2), now=at(6)))
    gone = Event(at(10), EventType.DELETED, 1)
    (case,) = seen(said(0, 1), said(5, 2), gone, cases=(known,), now=at(11)).cases
    assert (case.waits[0].id, case.waits[0].since, case.waits[0].message) == (
        known.waits[0].id,
        at(5),
        2,
    )
    assert (case.unanswered, case.due_at) == (1, at(65))


def test_what_the_first_poll_brings_begins_as_told() -> None:
    """The steps that were due before inboxd came are not told; later ones are."""
    (case,) = seen(said(-600, 1), old=True).cases
    assert case.next_step_at is None
    (case,) = seen(said(-30, 1), old=True).cases
    assert case.next_step_at == at(30)


@pytest.mark.parametrize(
    ("events", "settled"),
    [
        ((said(0, 1),), None),
        ((said(0, 1), answered(10, 2)), at(10) + QUIET - timedelta(milliseconds=1)),
        ((said(0, 1), Event(at(20), EventType.CLOSED, 1)), at(20)),
        (
            (said(0, 1), Event(at(20), EventType.CLOSED, 1), Event(at(30), EventType.REOPENED, 2)),
            None,
        ),
    ],
)
def test_the_past_is_settled_when_its_cases_are_over(
    events: tuple[Event, ...], settled: datetime | None
) -> None:
    """And not a moment longer: reopening makes it matter again."""
    now = START + timedelta(days=30)
    assert seen(*events, now=now, settled_until=at(20)).settled_until == settled


def test_a_partial_history_keeps_what_was_settled_before() -> None:
    """What was left out cannot have been unsettled."""
    tracked = seen(said(60, 1), settled_until=at(50), whole=False, now=at(61))
    assert tracked.settled_until == at(50)


def test_a_case_is_what_its_weightiest_message_is() -> None:
    """Praise beside a complaint is a complaint; every topic counts but "other"."""
    traits = {
        1: Traits(Kind.PRAISE, (Topic.OTHER,), Urgency.LOW, "uk"),
        2: Traits(Kind.COMPLAINT, (Topic.REFUNDS, Topic.STAFF), Urgency.HIGH, "ru"),
        3: Traits(Kind.OTHER, (Topic.OTHER,), Urgency.NORMAL, ""),
    }
    topics = (Topic.REFUNDS, Topic.STAFF)
    assert traits_of([1, 2, 3], traits) == Traits(Kind.COMPLAINT, topics, Urgency.HIGH, "ru")
    assert traits_of([1], traits) == traits[1]
    assert traits_of([9], traits) == Traits()


@given(
    st.lists(
        st.tuples(st.integers(0, 9_000), st.sampled_from([EventType.INBOUND, EventType.ANSWER])),
        min_size=1,
        max_size=12,
    ),
    st.data(),
)
def test_hearing_of_a_history_in_two_parts_comes_to_the_same(
    happened: list[tuple[int, EventType]], data: st.DataObject
) -> None:
    """Cases, waits and due times depend on what happened, never on when it was heard of."""
    events = [Event(at(minutes), kind, ref) for ref, (minutes, kind) in enumerate(happened, 1)]
    early = data.draw(st.sets(st.sampled_from(events)))
    now = START + timedelta(days=14)
    known = numbered(track(history(*early), RULES, now))
    both = track(history(*events, cases=known), RULES, now)
    once = track(history(*events), RULES, now)
    assert [anonymous(case) for case in both.cases if case.close_reason != MERGED] == [
        anonymous(case) for case in once.cases
    ]


def anonymous(case: CaseState) -> CaseState:
    return replace(case, id=None, waits=tuple(replace(wait, id=None) for wait in case.waits))
