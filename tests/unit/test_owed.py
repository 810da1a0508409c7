"""Promises about what our own answers owe: what we promised, and whom we only sent elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.conversations import fold
from inboxd.core.hours import OpeningHours
from inboxd.core.owed import Follow
from inboxd.core.policies import Match, Policy
from inboxd.core.sla import Target, dues, promise_due
from inboxd.core.waits import (
    CaseSpan,
    CaseStatus,
    Event,
    EventType,
    Judged,
    Promise,
    Wait,
    WaitEnd,
    WaitKind,
)
from inboxd.durations import parse_business

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
QUIET = timedelta(days=1)
ALWAYS = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})
KYIV = ZoneInfo("Europe/Kyiv")
OFFICE = OpeningHours(
    "office", KYIV, {day: [(9 * 3600, 13 * 3600), (14 * 3600, 18 * 3600)] for day in range(5)}
)
SOON = Judged(promise=Promise())
PLAIN = Judged()
AWAY = Judged(deflects=True)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def said(minutes: float, ref: int, by: str = "", *, thanks: bool = False) -> Event:
    return Event(at(minutes), EventType.INBOUND, ref, "praise" if thanks else "", author=by)


def wrote(minutes: float, ref: int, judged: Judged | None, *to: str) -> Event:
    return Event(at(minutes), EventType.ANSWER, ref, to=to, judged=judged)


def by(minutes: float) -> Judged:
    """Return the promise of something by an instant."""
    return Judged(promise=Promise(START.date(), at(minutes)))


def follow_all(_: object) -> Follow:
    return Follow(promises=True, deflections=True)


def folded(*events: Event, now: float = 600) -> list[CaseSpan]:
    return fold(events, quiet_after=QUIET, now=at(now), follows=follow_all)


def only(*events: Event, now: float = 600) -> CaseSpan:
    (case,) = folded(*events, now=now)
    return case


def owed(case: CaseSpan) -> list[Wait]:
    return [wait for wait in case.waits if wait.kind.is_owed]


def test_a_promise_is_waited_for_though_the_customer_was_answered() -> None:
    """The case is neither answered nor resolved by quiet before somebody keeps it."""
    case = only(said(0, 1), wrote(10, 2, SOON), now=5_000)
    response, promise = case.waits
    assert (response.kind, response.end) == (WaitKind.FIRST_RESPONSE, WaitEnd.ANSWERED)
    assert (promise.kind, promise.since, promise.messages, promise.about, promise.end) == (
        WaitKind.PROMISE,
        at(10),
        (2,),
        (1,),
        None,
    )
    assert (case.status, case.wait) == (CaseStatus.WAITING, None)


def test_the_next_answer_keeps_a_promise() -> None:
    """From then on the case is as any that was answered."""
    case = only(said(0, 1), wrote(10, 2, SOON), wrote(200, 3, PLAIN))
    (promise,) = owed(case)
    assert (promise.end, promise.ended_at, promise.ended_by) == (WaitEnd.ANSWERED, at(200), 3)
    assert (case.status, case.answered_at) == (CaseStatus.ANSWERED, at(200))
    assert folded(said(0, 1), wrote(10, 2, SOON), wrote(200, 3, PLAIN), now=5_000)[0].status is (
        CaseStatus.RESOLVED
    )


def test_an_answer_that_is_not_judged_yet_keeps_nothing() -> None:
    """Else the end of a promise would be told, and a moment later that it goes on."""
    case = only(said(0, 1), wrote(10, 2, SOON), wrote(200, 3, None))
    assert [wait.end for wait in owed(case)] == [None]
    assert only(said(0, 1), wrote(10, 2, None)).status is CaseStatus.ANSWERED


def test_what_we_say_in_the_same_breath_keeps_no_promise() -> None:
    """Who writes "We will call you" and "Have a nice day" has not called."""
    events = said(0, 1), wrote(10, 2, SOON), wrote(10.5, 3, PLAIN), wrote(11.4, 4, PLAIN)
    assert [wait.end for wait in owed(only(*events))] == [None]
    assert [wait.end for wait in owed(only(*events, wrote(12.5, 5, PLAIN)))] == [WaitEnd.ANSWERED]
    spoken_between = said(10.4, 9)
    assert [wait.end for wait in owed(only(*events, spoken_between))] == [WaitEnd.ANSWERED]


def test_a_machine_promises_and_keeps_nothing() -> None:
    """Its receipt comes within seconds of the customer's words, whether anybody waits or not."""
    thanked = said(20, 3, thanks=True), wrote(20.05, 4, SOON)
    case = only(said(0, 1), wrote(10, 2, PLAIN), *thanked)
    assert (case.status, case.automatic, owed(case)) == (CaseStatus.ANSWERED, (4,), [])
    case = only(said(0, 1), wrote(10, 2, SOON), said(20, 3), wrote(20.05, 4, PLAIN))
    assert [wait.end for wait in owed(case)] == [None]


def test_soon_once_more_moves_nothing() -> None:
    """The customer has waited since the first time, and was told no other time."""
    case = only(said(0, 1), wrote(10, 2, by(300)), wrote(200, 3, SOON))
    (promise,) = owed(case)
    assert (promise.since, promise.messages, promise.end) == (at(10), (2, 3), None)
    assert promise.promise == by(300).promise


def test_another_time_makes_another_promise() -> None:
    """The old one was not kept, and is not held against us any more."""
    case = only(said(0, 1), wrote(10, 2, by(300)), wrote(200, 3, by(500)))
    old, new = owed(case)
    assert (old.end, old.ended_at) == (WaitEnd.REPLACED, at(200))
    assert (new.since, new.promise, new.end) == (at(200), by(500).promise, None)


def test_in_one_breath_a_time_is_added_to_a_promise() -> None:
    """It is one promise in two messages."""
    (promise,) = owed(only(said(0, 1), wrote(10, 2, SOON), wrote(10.2, 3, by(300))))
    assert (promise.since, promise.messages, promise.promise) == (at(10), (2, 3), by(300).promise)


def test_a_customer_who_writes_on_waits_for_both() -> None:
    """Their own wait is beside the promise, and thanks for a promise do not keep it."""
    events = said(0, 1), wrote(10, 2, by(500))
    case = only(*events, said(20, 3))
    assert case.wait is not None
    assert (case.wait.kind, case.wait.since) == (WaitKind.NEXT_RESPONSE, at(20))
    assert [wait.kind for wait in case.open_waits] == [WaitKind.PROMISE, WaitKind.NEXT_RESPONSE]
    thanked = only(*events, said(20, 3, thanks=True))
    assert (thanked.status, [wait.kind for wait in thanked.open_waits]) == (
        CaseStatus.WAITING,
        [WaitKind.PROMISE],
    )


def test_a_closing_ends_what_is_owed() -> None:
    """Whoever closes a case says that nothing is left to do."""
    case = only(said(0, 1), wrote(10, 2, by(500)), Event(at(30), EventType.CLOSED, 1, "done"))
    assert (case.status, owed(case)[0].end) == (CaseStatus.CLOSED, WaitEnd.CLOSED)
    undone = Event(at(40), EventType.REOPENED, 2)
    events = said(0, 1), wrote(10, 2, by(500)), Event(at(30), EventType.CLOSED, 1, "done"), undone
    assert [wait.end for wait in owed(only(*events))] == [None]


def test_a_promise_that_we_delete_is_void() -> None:
    """Unless we made it again: then it goes on."""
    gone = Event(at(60), EventType.DELETED, 2)
    case = only(said(0, 1), wrote(10, 2, SOON), gone)
    assert (case.status, owed(case)[0].end) == (CaseStatus.ANSWERED, WaitEnd.DELETED)
    (promise,) = owed(only(said(0, 1), wrote(10, 2, SOON), wrote(30, 3, SOON), gone))
    assert (promise.since, promise.messages, promise.end) == (at(10), (3,), None)


def test_in_public_a_promise_is_kept_by_an_answer_to_whom_it_was_given() -> None:
    """What we write to others keeps nothing."""
    events = said(0, 1, "anna"), said(5, 2, "boris"), wrote(10, 3, SOON, "anna")
    case = only(*events, wrote(30, 4, PLAIN, "boris"))
    assert [(wait.to, wait.end) for wait in owed(case)] == [(("anna",), None)]
    assert owed(only(*events, wrote(30, 4, PLAIN, "anna")))[0].end is WaitEnd.ANSWERED
    assert owed(only(*events, wrote(30, 4, PLAIN)))[0].end is WaitEnd.ANSWERED


def test_a_promise_takes_up_a_resolved_case_but_not_a_closed_one() -> None:
    """Of a closed one a person has said that nothing is left to do."""
    (case,) = folded(said(0, 1), wrote(10, 2, PLAIN), wrote(3_000, 3, SOON), now=3_100)
    assert (case.status, owed(case)[0].since) == (CaseStatus.WAITING, at(3_000))
    (case,) = folded(said(0, 1), Event(at(10), EventType.CLOSED, 1), wrote(20, 2, SOON))
    assert (case.status, owed(case)) == (CaseStatus.CLOSED, [])


def test_whoever_is_sent_elsewhere_is_answered_but_not_served() -> None:
    """It ends the response; only a real answer, thanks or a person ends the case."""
    events = said(0, 1), wrote(10, 2, AWAY)
    case = only(*events, now=50_000)
    assert case.waits[0].end is WaitEnd.ANSWERED
    assert (case.status, [wait.kind for wait in case.open_waits]) == (
        CaseStatus.WAITING,
        [WaitKind.RESOLUTION],
    )
    again = only(*events, said(20, 3), wrote(30, 4, AWAY))
    assert [(wait.messages, wait.end) for wait in owed(again)] == [((2, 4), None)]
    for ending, end in (
        ((wrote(30, 4, PLAIN),), WaitEnd.ANSWERED),
        ((said(30, 4, thanks=True),), WaitEnd.NO_REPLY_NEEDED),
        ((Event(at(30), EventType.CLOSED, 1),), WaitEnd.CLOSED),
    ):
        case = only(*events, *ending)
        assert owed(case)[0].end is end
        assert case.status is not CaseStatus.WAITING


def test_nothing_is_owed_where_the_policy_asks_for_nothing() -> None:
    """Then a case is resolved by quiet, as ever."""
    events = said(0, 1), wrote(10, 2, Judged(deflects=True, promise=Promise()))
    (case,) = fold(events, quiet_after=QUIET, now=at(5_000))
    assert (case.status, owed(case)) == (CaseStatus.RESOLVED, [])


def test_a_snooze_lasts_until_its_end_or_the_customers_next_word() -> None:
    """Or until a person thinks of another time."""
    asleep = Event(at(10), EventType.SNOOZED, 1, until=at(100))
    assert only(said(0, 1), asleep).pauses == ((at(10), at(100)),)
    assert only(said(0, 1), asleep, said(50, 2)).pauses == ((at(10), at(50)),)
    longer = Event(at(40), EventType.SNOOZED, 2, until=at(200))
    assert only(said(0, 1), asleep, longer).pauses == ((at(10), at(40)), (at(40), at(200)))


def test_an_answer_wakes_a_case_unless_somebody_else_was_put_off_with_it() -> None:
    """What begins with the answer, such as a promise, was not put off."""
    asleep = Event(at(10), EventType.SNOOZED, 1, until=at(100))
    assert only(said(0, 1), asleep, wrote(50, 2, SOON)).pauses == ((at(10), at(50)),)
    both = said(0, 1, "anna"), said(5, 2, "boris"), asleep, wrote(50, 3, SOON, "anna")
    assert only(*both).pauses == ((at(10), at(100)),)


def policy(hours: OpeningHours = OFFICE, *, snooze_pauses: bool = False) -> Policy:
    return Policy(
        "all",
        Match(),
        hours,
        first_response=parse_business("1h"),
        next_response=parse_business("1h"),
        resolution=parse_business("2d"),
        promise=parse_business("1d"),
        snooze_pauses=snooze_pauses,
    )


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KYIV).astimezone(UTC)


@pytest.mark.parametrize(
    ("promise", "due"),
    [
        (Promise(), "2026-11-24T10:00"),
        (Promise(date(2026, 11, 23)), "2026-11-23T18:00"),
        (Promise(date(2026, 11, 26)), "2026-11-26T18:00"),
        (Promise(date(2026, 11, 28)), "2026-11-27T18:00"),
        (Promise(date(2026, 11, 25), local("2026-11-25T11:30")), "2026-11-25T11:30"),
        (Promise(date(2026, 11, 25), local("2026-11-25T21:00")), "2026-11-25T21:00"),
        (Promise(date(2026, 11, 20)), "2026-11-24T10:00"),
        (Promise(date(9999, 12, 31)), "2026-11-24T10:00"),
        (Promise(date(2300, 1, 1)), "2026-11-24T10:00"),
        (Promise(date(2300, 1, 1), local("2300-01-01T10:00")), "2026-11-24T10:00"),
    ],
    ids=[
        "no time", "today", "a day", "a closed day", "an hour", "after hours", "past", "absurd",
        "centuries", "an hour then",
    ],
)  # fmt: skip
def test_a_promise_is_due_when_it_says_so(promise: Promise, due: str) -> None:
    """At the hour, else at the end of business of the day, else after the policy's own time."""
    wait = Wait(WaitKind.PROMISE, local("2026-11-23T10:00"), (2,), promise=promise)
    found = promise_due(wait, policy())
    assert found is not None
    assert (found.target, found.at) == (Target.PROMISE, local(due))


def test_a_promise_of_a_day_that_is_made_after_hours_is_due_at_its_end() -> None:
    """The end of business has passed: what is left of the day is what the customer was told."""
    wait = Wait(
        WaitKind.PROMISE, local("2026-11-23T19:00"), (2,), promise=Promise(date(2026, 11, 23))
    )
    found = promise_due(wait, policy())
    assert found is not None
    assert found.at == local("2026-11-24T00:00")


def test_the_earliest_of_all_that_is_waited_for_governs() -> None:
    """Each wait has a due time of its own; the resolution belongs to one of them only."""
    rules = policy(ALWAYS)
    events = said(0, 1), wrote(10, 2, by(40)), said(20, 3)
    case = only(*events)
    assert dues(case, rules).governing == dues(case, rules).promise
    assert [
        (each.wait.kind, each.governs and each.governs.at) for each in dues(case, rules).waits
    ] == [
        (WaitKind.PROMISE, at(40)),
        (WaitKind.NEXT_RESPONSE, at(80)),
    ]
    case = only(said(0, 1), wrote(10, 2, AWAY), said(5_000, 3), now=5_010)
    found = dues(case, rules).waits
    targets = [(each.wait.kind, each.governs and each.governs.target) for each in found]
    assert targets == [
        (WaitKind.RESOLUTION, Target.RESOLUTION),
        (WaitKind.NEXT_RESPONSE, Target.NEXT_RESPONSE),
    ]


def test_a_snooze_moves_what_is_due_if_the_policy_says_so() -> None:
    """But no time that the customer was told."""
    asleep = Event(at(15), EventType.SNOOZED, 1, until=at(75))
    events = said(0, 1), wrote(5, 2, by(400)), said(10, 3), asleep
    for pauses, due in ((False, 70), (True, 130)):
        running = dues(only(*events), policy(ALWAYS, snooze_pauses=pauses))
        assert running.response is not None
        assert running.promise is not None
        assert (running.response.at, running.promise.at) == (at(due), at(400))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """What two people write, and what is answered, promised, closed, snoozed and deleted."""
    verdicts = [None, PLAIN, SOON, AWAY, by(1_500), Judged(deflects=True, promise=Promise())]
    people = st.sampled_from(["", "anna", "boris"])
    events: list[Event] = []
    doings = ["said", "said", "wrote", "wrote", "closed", "reopened", "snoozed", "deleted"]
    for ref, doing in enumerate(draw(st.lists(st.sampled_from(doings), max_size=12)), 1):
        minutes = draw(st.integers(0, 3_000))
        match doing:
            case "said":
                events.append(said(minutes, ref, draw(people), thanks=draw(st.booleans())))
            case "wrote":
                to = draw(st.lists(people.filter(bool), max_size=1))
                events.append(wrote(minutes, ref, draw(st.sampled_from(verdicts)), *to))
            case "deleted":
                events.append(wrote(minutes, ref, SOON))
                events.append(
                    Event(at(minutes + draw(st.integers(0, 900))), EventType.DELETED, ref)
                )
            case "snoozed":
                until = at(minutes + draw(st.integers(1, 900)))
                events.append(Event(at(minutes), EventType.SNOOZED, ref, until=until))
            case _:
                events.append(Event(at(minutes), EventType[doing.upper()], ref))
    return events


@given(histories(), st.randoms(use_true_random=False))
def test_a_case_waits_as_long_as_anything_in_it_does(events: list[Event], shuffle: object) -> None:
    """In whatever order it is heard of: one wait for an answer at most, and no loose ends."""
    shuffled = events.copy()
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    cases = folded(*events, now=4_000)
    assert folded(*shuffled, now=4_000) == cases
    for case in cases:
        assert (case.status is CaseStatus.WAITING) == bool(case.open_waits)
        assert sum(not wait.kind.is_owed for wait in case.open_waits) <= 1
        for wait in case.waits:
            assert wait.messages
            assert (wait.end is None) == (wait.ended_at is None)
            assert wait.ended_at is None or wait.ended_at >= wait.since
        for since, until in case.pauses:
            assert since < until
        assert all(each.governs for each in dues(case, policy()).waits)
