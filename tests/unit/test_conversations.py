"""Promises about who is waiting, and since when."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.conversations import (
    CaseSpan,
    CaseStatus,
    Event,
    EventType,
    WaitEnd,
    WaitKind,
    fold,
)

if TYPE_CHECKING:
    import random

QUIET = timedelta(days=3)
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = START + timedelta(days=365)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def said(minutes: float, ref: int) -> Event:
    return Event(at(minutes), EventType.INBOUND, ref)


def answered(minutes: float, ref: int) -> Event:
    return Event(at(minutes), EventType.ANSWER, ref)


def deleted(minutes: float, ref: int) -> Event:
    return Event(at(minutes), EventType.DELETED, ref)


def closed(minutes: float, ref: int, why: str = "spam") -> Event:
    return Event(at(minutes), EventType.CLOSED, ref, why)


def reopened(minutes: float, ref: int) -> Event:
    return Event(at(minutes), EventType.REOPENED, ref)


def cases(*events: Event, now: datetime = START + timedelta(days=1)) -> list[CaseSpan]:
    return fold(events, quiet_after=QUIET, now=now)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """A conversation of up to a week in which anything may happen, many things at once."""
    count = draw(st.integers(0, 14))
    minutes = st.integers(0, 7 * 24 * 6).map(lambda tens: tens * 10)
    events = []
    for ref in range(1, count + 1):
        moment = draw(minutes)
        type_ = draw(st.sampled_from([EventType.INBOUND] * 3 + list(EventType)))
        if type_ is EventType.DELETED:
            events.append(said(moment, ref))
            events.append(deleted(moment + draw(minutes), ref))
        else:
            events.append(Event(at(moment), type_, ref))
    return events


@given(histories(), st.randoms(use_true_random=False), st.integers(0, 20))
def test_the_order_in_which_events_are_heard_of_changes_nothing(
    events: list[Event], shuffle: random.Random, days: int
) -> None:
    """The fold depends on what happened and when, and on nothing else."""
    now = START + timedelta(days=days)
    shuffled = events.copy()
    shuffle.shuffle(shuffled)
    assert fold(shuffled, quiet_after=QUIET, now=now) == fold(events, quiet_after=QUIET, now=now)


@given(histories())
def test_only_the_last_case_and_its_last_wait_can_be_open(events: list[Event]) -> None:
    """Whatever happens, a conversation carries one obligation at a time, without overlap."""
    spans = fold(events, quiet_after=QUIET, now=LATER)
    for span in spans[:-1]:
        assert span.ended_at is not None
    for before, after in itertools.pairwise(spans):
        assert before.ended_at is not None
        assert before.ended_at <= after.opened_at
    for span in spans:
        assert span.waits
        for wait in span.waits[:-1]:
            assert wait.end is not None
        for wait in span.waits:
            assert wait.ended_at is None or wait.ended_at >= wait.since
        assert (span.status is CaseStatus.WAITING) == (span.wait is not None)


@given(histories())
def test_every_message_of_a_customer_is_in_exactly_one_case(events: list[Event]) -> None:
    """No message falls between two cases, and none is counted in two of them."""
    inbound = sorted(event.ref for event in events if event.type is EventType.INBOUND)
    spans = fold(events, quiet_after=QUIET, now=LATER)
    assert sorted(ref for span in spans for ref in span.messages) == inbound


@given(histories())
def test_a_customer_who_wrote_last_waits(events: list[Event]) -> None:
    """Only an answer, a person or the customer ends a wait; time alone never does."""
    last = [*events, said(60 * 24 * 60, 999)]
    open_wait = fold(last, quiet_after=QUIET, now=LATER)[-1].wait
    assert open_wait is not None
    assert 999 in open_wait.messages


def test_a_wait_begins_at_the_oldest_unanswered_message() -> None:
    """Further messages neither move a wait nor make a second one."""
    (case,) = cases(said(0, 1), said(10, 2), said(20, 3))
    (wait,) = case.waits
    assert (wait.kind, wait.since, wait.messages) == (WaitKind.FIRST_RESPONSE, at(0), (1, 2, 3))
    assert case.status is CaseStatus.WAITING


def test_an_answer_ends_the_wait_for_everything_before_it() -> None:
    """Three questions in a row need one answer."""
    (case,) = cases(said(0, 1), said(10, 2), answered(30, 3))
    (wait,) = case.waits
    assert (wait.end, wait.ended_at, wait.ended_by) == (WaitEnd.ANSWERED, at(30), 3)
    assert (case.status, case.answered_at) == (CaseStatus.ANSWERED, at(30))


def test_writing_again_opens_a_next_response_wait_in_the_same_case() -> None:
    """The first wait measures the first response, every later one the next response."""
    (case,) = cases(said(0, 1), answered(5, 2), said(10, 3), answered(15, 4), said(20, 5))
    kinds = [wait.kind for wait in case.waits]
    assert kinds == [WaitKind.FIRST_RESPONSE, WaitKind.NEXT_RESPONSE, WaitKind.NEXT_RESPONSE]
    assert case.wait is not None
    assert case.wait.since == at(20)


def test_an_answer_that_is_heard_of_late_splits_the_wait() -> None:
    """A late answer ends the wait when it was given; what came after it waits anew."""
    (case,) = cases(said(0, 1), said(10, 2), answered(5, 3))
    assert [(wait.since, wait.ended_at) for wait in case.waits] == [(at(0), at(5)), (at(10), None)]


def test_an_answer_to_nobody_opens_nothing() -> None:
    """The brand's own posts are no obligations."""
    assert cases(answered(0, 1)) == []


def test_of_the_same_instant_the_answer_came_first() -> None:
    """
    Nobody answers a message within the instant it was sent.

    Networks tell whole seconds; to take the answer for a reply to the later question would
    lose a customer without a sound.
    """
    (case,) = cases(said(0, 1), answered(5, 2), said(5, 3))
    assert case.wait is not None
    assert case.wait.messages == (3,)


def test_what_a_network_puts_in_the_future_keeps_its_order() -> None:
    """Where our clock runs late, several messages were seen at one instant: theirs decides."""
    early, late = at(62), at(63)
    seen = at(5)
    answer = Event(seen, EventType.ANSWER, 2, claimed=early)
    question = Event(seen, EventType.INBOUND, 3, claimed=late)
    (case,) = cases(said(0, 1), question, answer)
    assert case.wait is not None
    answer_after = Event(seen, EventType.ANSWER, 2, claimed=late + timedelta(minutes=1))
    (case,) = cases(said(0, 1), question, answer_after)
    assert case.wait is None


def test_deleting_the_only_unanswered_message_ends_the_wait() -> None:
    """Nobody is answered who has taken everything back."""
    (case,) = cases(said(0, 1), deleted(10, 1))
    assert (case.status, case.ended_at) == (CaseStatus.CLOSED, at(10))
    assert case.waits[0].end is WaitEnd.DELETED


def test_deleting_one_of_several_leaves_the_others_waiting() -> None:
    """The wait goes on from the oldest message that still stands."""
    (case,) = cases(said(0, 1), said(10, 2), said(20, 3), deleted(30, 1))
    assert case.wait is not None
    assert (case.wait.since, case.wait.messages, case.wait.withdrawn) == (at(10), (2, 3), (1,))
    (case,) = cases(said(0, 1), said(10, 2), deleted(30, 2))
    assert case.wait is not None
    assert (case.wait.since, case.wait.messages) == (at(0), (1,))


def test_deleting_everything_after_an_answer_leaves_the_case_answered() -> None:
    """The answer stands, whatever the customer took back afterwards."""
    (case,) = cases(said(0, 1), answered(5, 2), said(10, 3), deleted(20, 3))
    assert case.status is CaseStatus.ANSWERED
    assert case.waits[-1].end is WaitEnd.DELETED


def test_deleting_what_was_answered_changes_nothing() -> None:
    """A served customer stays served."""
    served = cases(said(0, 1), answered(5, 2))
    assert cases(said(0, 1), answered(5, 2), deleted(10, 1)) == served


def test_a_case_is_resolved_when_the_customer_stays_quiet() -> None:
    """It ended with our last answer, and that is known only after the quiet time."""
    events = said(0, 1), answered(5, 2)
    (case,) = cases(*events, now=at(5) + QUIET - timedelta(seconds=1))
    assert (case.status, case.ended_at) == (CaseStatus.ANSWERED, None)
    (case,) = cases(*events, now=at(5) + QUIET)
    assert (case.status, case.ended_at) == (CaseStatus.RESOLVED, at(5))


def test_a_message_after_the_quiet_time_opens_a_new_case() -> None:
    """What is written within the quiet time belongs to the old case, later it does not."""
    quiet = QUIET.total_seconds() / 60
    (case,) = cases(said(0, 1), answered(5, 2), said(5 + quiet - 1, 3), now=LATER)
    assert case.messages == (1, 3)
    old, new = cases(said(0, 1), answered(5, 2), said(5 + quiet, 3), now=LATER)
    assert old.status is CaseStatus.RESOLVED
    assert (new.messages, new.waits[0].kind) == ((3,), WaitKind.FIRST_RESPONSE)


def test_an_unanswered_case_never_becomes_quiet() -> None:
    """Silence after a customer's message is ours, not theirs."""
    (case,) = cases(said(0, 1), now=START + timedelta(days=10_000))
    assert case.status is CaseStatus.WAITING


def test_closing_ends_the_case_and_says_why() -> None:
    """What is written after a closing is a new case."""
    old, new = cases(said(0, 1), closed(10, 1, "thanks only"), said(20, 2))
    assert (old.status, old.ended_at, old.close_reason) == (
        CaseStatus.CLOSED,
        at(10),
        "thanks only",
    )
    assert old.waits[0].end is WaitEnd.CLOSED
    assert new.opened_at == at(20)


def test_a_closing_that_is_taken_back_never_happened() -> None:
    """Closing by mistake must not shorten a wait."""
    assert cases(said(0, 1), closed(10, 1), reopened(20, 2)) == cases(said(0, 1))


def test_a_case_that_was_closed_twice_is_reopened_once() -> None:
    """Two people who both press the button need not both take it back."""
    reopened_case = cases(said(0, 1), closed(10, 1), closed(11, 2), reopened(20, 3))
    assert reopened_case == cases(said(0, 1))


def test_reopening_an_answered_case_puts_the_customer_back_among_the_waiting() -> None:
    """A person may decide that an answer was none."""
    (case,) = cases(said(0, 1), answered(5, 2), reopened(30, 1))
    assert case.wait is not None
    assert (case.wait.since, case.wait.kind) == (at(30), WaitKind.NEXT_RESPONSE)


def test_reopening_reaches_a_resolved_case() -> None:
    """What was resolved by the quiet time can be taken up again as the same case."""
    quiet = QUIET.total_seconds() / 60
    (case,) = cases(said(0, 1), answered(5, 2), reopened(quiet + 60, 1), now=LATER)
    assert (case.status, case.ended_at) == (CaseStatus.WAITING, None)


@pytest.mark.parametrize("event", [closed(0, 1), reopened(0, 1), deleted(0, 1)])
def test_an_event_without_a_case_does_nothing(event: Event) -> None:
    """Actions and deletions that arrive alone are kept but open nothing."""
    assert cases(event) == []


@pytest.mark.parametrize(("seconds", "status"), [(5, CaseStatus.WAITING), (6, CaseStatus.ANSWERED)])
def test_an_answer_at_the_speed_of_a_machine_is_none(seconds: int, status: CaseStatus) -> None:
    """A bot's receipt does not stop the clock, even where no network marks it as one."""
    (case,) = cases(said(0, 1), answered(seconds / 60, 2))
    assert case.status is status
