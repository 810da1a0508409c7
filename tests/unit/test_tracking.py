"""Promises about what a case looks like: folded spans joined with what was known before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxd.core.hours import OpeningHours
from inboxd.core.matching import MERGED
from inboxd.core.policies import Match, Policy, Step
from inboxd.core.states import CaseState, History, Setting, Traits
from inboxd.core.tracking import Rules, Tracked, attention_of, track, traits_of
from inboxd.core.waits import (
    CaseStatus,
    Event,
    EventType,
    Judged,
    Promise,
    WaitEnd,
    WaitKind,
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
OWING = Judged(deflects=True, promise=Promise())
"""What is said of an answer that promises something and sends the customer elsewhere."""
TIMED = Judged(promise=Promise(at=START + timedelta(days=3)))
PROMISING = Rules((replace(PLAIN, promise=parse_business("1h")),), QUIET)
BOTH = Rules(
    (replace(PLAIN, promise=parse_business("1h"), resolution=parse_business("1d")),), QUIET
)
SETTING = Setting("shop-vk", "vk", Stream.COMMENTS, public=True)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def said(minutes: float, ref: int, by: str = "") -> Event:
    return Event(at(minutes), EventType.INBOUND, ref, author=by)


def answered(minutes: float, ref: int, *to: str) -> Event:
    return Event(at(minutes), EventType.ANSWER, ref, to=to)


def edited(minutes: float, ref: int) -> Event:
    return Event(at(minutes), EventType.EDITED, ref)


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
    assert attention_of(case, case.waits[0]).acknowledged_at == at(75)


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


@st.composite
def threads(draw: st.DrawFn) -> list[Event]:
    """What three people write, edit and delete within a week, and what is answered, to whom."""
    events = []
    minutes = st.integers(0, 9_000)
    people = st.sampled_from(["", "anna", "boris"])
    doings = ["said"] * 4 + ["answered", "answered", "edited", "deleted"]
    for ref, doing in enumerate(
        draw(st.lists(st.sampled_from(doings), min_size=1, max_size=12)), 1
    ):
        moment = draw(minutes)
        if doing == "answered":
            to = draw(st.sets(st.sampled_from(["anna", "boris"]), max_size=2))
            judged = draw(st.sampled_from([None, Judged(), OWING, TIMED]))
            events.append(answered(moment, ref, *sorted(to))._replace(judged=judged))
            continue
        events.append(said(moment, ref, draw(people)))
        if doing != "said":
            type_ = EventType.EDITED if doing == "edited" else EventType.DELETED
            events.append(Event(at(moment + draw(minutes)), type_, ref))
    return events


@settings(deadline=None)
@given(threads(), st.data())
def test_hearing_of_a_history_in_two_parts_comes_to_the_same(
    events: list[Event], data: st.DataObject
) -> None:
    """Cases, waits and due times depend on what happened, never on when it was heard of."""
    early = data.draw(st.sets(st.sampled_from(events)))
    now = START + timedelta(days=14)
    known = numbered(track(history(*early), BOTH, now))
    both = track(history(*events, cases=known), BOTH, now)
    once = track(history(*events), BOTH, now)
    assert [anonymous(case) for case in both.cases if case.close_reason != MERGED] == [
        anonymous(case) for case in once.cases
    ]
    numbers = [wait.id for case in both.cases for wait in case.waits if wait.id]
    assert len({*numbers}) == len(numbers)


@settings(deadline=None)
@given(threads())
def test_looking_again_at_the_same_history_finds_the_same(events: list[Event]) -> None:
    """No case and no wait takes another's number, however often the history is folded."""
    now = START + timedelta(days=14)
    known = numbered(track(history(*events), BOTH, now))
    assert track(history(*events, cases=known), BOTH, now).cases == known


def anonymous(case: CaseState) -> CaseState:
    return replace(case, id=None, waits=tuple(replace(wait, id=None) for wait in case.waits))


def told(case: CaseState, minutes: float, *steps: str) -> CaseState:
    """Return *case* with *steps* of its open wait told at *minutes*."""
    waits = [
        replace(wait, told=dict.fromkeys(steps, 0), told_until=at(minutes))
        if wait.end is None
        else wait
        for wait in case.waits
    ]
    return replace(case, waits=tuple(waits))


HALF, WHOLE = "plain/first_response/50%", "plain/first_response/100%"


def test_who_goes_on_waiting_is_told_of_by_what_falls_due_later() -> None:
    """What was told before the other was answered is no news; the next step is."""
    events = said(0, 1, "anna"), said(10, 2, "boris")
    (known,) = numbered(seen(*events, now=at(20)))
    known = told(known, 60, HALF, WHOLE)
    (case,) = seen(*events, answered(65, 3, "anna"), cases=(known,), now=at(66)).cases
    anna, boris = case.waits
    assert (anna.id, anna.end, anna.told) == (
        known.waits[0].id,
        WaitEnd.ANSWERED,
        known.waits[0].told,
    )
    assert (boris.id, boris.told, boris.told_until) == (None, {}, at(60))
    assert case.next_step_at == at(70)


def test_who_goes_on_waiting_from_before_keeps_number_and_memory() -> None:
    """The other's part is a new wait, which nobody was told of."""
    events = said(0, 1, "anna"), said(10, 2, "boris")
    (known,) = numbered(seen(*events, now=at(20)))
    known = told(known, 30, HALF)
    (case,) = seen(*events, answered(40, 3, "boris"), cases=(known,), now=at(41)).cases
    anna, boris = case.waits
    assert (anna.id, anna.since, anna.end, anna.told) == (known.waits[0].id, at(0), None, {HALF: 0})
    assert (boris.id, boris.since, boris.end, boris.told) == (None, at(10), WaitEnd.ANSWERED, {})
    assert case.wait == anna


def test_waits_that_turn_out_to_be_one_are_told_of_once() -> None:
    """The one that is open keeps its number, and knows what was told of the other."""
    events = said(0, 1, "anna"), said(10, 2, "boris")
    (known,) = numbered(seen(*events, now=at(20)))
    known = told(known, 30, HALF)
    parted = seen(*events, answered(40, 3, "anna"), cases=(known,), now=at(41))
    anna, boris = numbered(parted)[0].waits
    machine = Event(at(40), EventType.ANSWER, 3, "repeated", to=("anna",))
    (case,) = seen(*events, machine, cases=numbered(parted), now=at(50)).cases
    open_wait, void = sorted(case.waits, key=lambda wait: wait.end is not None)
    assert (open_wait.id, open_wait.since, open_wait.told) == (boris.id, at(0), {HALF: 0})
    assert (void.id, void.end, void.ended_at) == (anna.id, WaitEnd.VOID, at(40))
    for_both = answered(60, 4)
    reopening = Event(at(70), EventType.REOPENED, 1)
    (case,) = seen(*events, machine, for_both, reopening, cases=(case,), now=at(80)).cases
    assert [(wait.id, wait.end) for wait in case.waits] == [
        (anna.id, WaitEnd.VOID),
        (boris.id, WaitEnd.ANSWERED),
        (None, None),
    ]


def test_a_wait_that_was_none_and_that_nobody_heard_of_is_forgotten() -> None:
    """An answer that was a machine's parted nothing."""
    events = said(0, 1), said(60, 2)
    known = numbered(seen(*events, answered(30, 3), now=at(70)))
    machine = Event(at(30), EventType.ANSWER, 3, "repeated")
    (case,) = seen(*events, machine, cases=known, now=at(80)).cases
    assert [(wait.since, wait.end) for wait in case.waits] == [(at(0), None)]


def test_a_case_that_an_edit_opened_is_another_than_the_one_before() -> None:
    """Both begin with the same message; each keeps its number."""
    events = said(0, 1), Event(at(20), EventType.CLOSED, 1)
    known = numbered(seen(*events, now=at(21)))
    old, new = numbered(seen(*events, edited(30, 1), cases=known, now=at(31)), first=7)
    assert (old.id, new.opened_at) == (known[0].id, at(30))
    again = seen(*events, edited(30, 1), said(-5, 4), cases=(old, new), now=at(40)).cases
    assert [(case.id, case.opened_at) for case in again] == [(old.id, at(-5)), (new.id, at(30))]


def test_the_past_is_not_settled_while_a_message_of_it_waits_again() -> None:
    """Else the case that an edit opened could not be explained at the next look."""
    events = said(0, 1), Event(at(20), EventType.CLOSED, 1), edited(30, 1)
    assert seen(*events, now=at(40)).settled_until is None
    assert seen(*events, Event(at(50), EventType.CLOSED, 2), now=at(60)).settled_until == at(50)


def test_a_wait_is_told_of_by_the_message_that_tells_most() -> None:
    """It is one of those that wait in it, whoever else wrote in the thread."""
    traits = {2: Traits(kind=Kind.COMPLAINT), 3: Traits(kind=Kind.COMPLAINT)}
    events = said(0, 1, "anna"), said(5, 2, "boris"), said(10, 3, "anna")
    (case,) = seen(*events, traits=traits).cases
    assert case.waits[0].telling == 2
    (case,) = seen(*events, answered(20, 4, "boris"), traits=traits, now=at(21)).cases
    assert [(wait.message, wait.telling) for wait in case.waits] == [(1, 3), (2, 2)]


def test_a_promise_and_a_resolution_of_one_answer_are_not_mixed_up() -> None:
    """Each keeps its number, whichever of them a change of the rules brings or takes."""
    events = said(0, 1), answered(10, 2)._replace(judged=OWING)
    both = numbered(track(history(*events), BOTH, at(20)))
    by_kind = {wait.kind: wait.id for wait in both[0].waits}
    resolving = Rules((replace(PLAIN, resolution=parse_business("1d")),), QUIET)
    only = track(history(*events, cases=both), resolving, at(30)).cases
    assert {wait.kind: wait.id for wait in only[0].waits} == {
        kind: number for kind, number in by_kind.items() if kind is not WaitKind.PROMISE
    }
    again = track(history(*events, cases=only), BOTH, at(40)).cases
    assert {wait.kind: wait.id for wait in again[0].waits} == by_kind | {WaitKind.PROMISE: None}


def test_a_promise_that_rules_forget_and_remember_is_told_of_once() -> None:
    """What was told of it stays with it meanwhile."""
    events = said(0, 1), answered(10, 2)._replace(judged=Judged(promise=Promise()))
    (known,) = numbered(track(history(*events), PROMISING, at(20)))
    known = told(known, 70, "plain/promise/100%")
    (void,) = track(history(*events, cases=(known,)), RULES, at(80)).cases
    assert [wait.end for wait in void.waits] == [WaitEnd.ANSWERED, WaitEnd.VOID]
    (case,) = track(history(*events, cases=(void,)), PROMISING, at(90)).cases
    assert case.waits == known.waits
    assert case.next_step_at is None


@pytest.mark.parametrize(
    "text",
    [
        "Danke für Ihre Nachricht! (Automatische Antwort)",
        "Hi! This is an automated message, we will be with you soon.",
        "Спасибо, мы получили его. Это автоматический ответ.",
        "Ми відповімо найближчим часом. Це автоматична відповідь.",
    ],
)
def test_what_calls_itself_automatic_is(text: str) -> None:
    """Without any pattern in the configuration: it is no answer, and promises nothing."""
    assert RULES.is_automatic("shop-vk", text)


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, that was only an automatic reply. I am looking into it now.",
        "Автоматический ответ вас обидел, простите. Деньги уже отправили.",
    ],
)
def test_who_only_mentions_a_machine_is_a_person(text: str) -> None:
    """A customer who was answered must not seem to wait."""
    assert not RULES.is_automatic("shop-vk", text)
