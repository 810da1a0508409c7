"""Promises about who is waiting, and since when."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core import conversations
from inboxd.core.conversations import Asking, asks_for_more, fold
from inboxd.core.waits import (
    REPEATED,
    THANKS,
    CaseSpan,
    CaseStatus,
    Event,
    EventType,
    WaitEnd,
    WaitKind,
)

if TYPE_CHECKING:
    import random

QUIET = timedelta(days=3)
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = START + timedelta(days=365)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def said(minutes: float, ref: int, by: str = "", kind: str = "") -> Event:
    return Event(at(minutes), EventType.INBOUND, ref, kind, author=by)


def answered(minutes: float, ref: int, *to: str) -> Event:
    return Event(at(minutes), EventType.ANSWER, ref, to=to)


def edited(minutes: float, ref: int) -> Event:
    return Event(at(minutes), EventType.EDITED, ref)


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
    """A thread of up to a week in which several people may do anything, many things at once."""
    count = draw(st.integers(0, 14))
    minutes = st.integers(0, 7 * 24 * 6).map(lambda tens: tens * 10)
    people = st.sampled_from(["", "anna", "boris"])
    events = []
    for ref in range(1, count + 1):
        moment = draw(minutes)
        type_ = draw(st.sampled_from([EventType.INBOUND] * 3 + list(EventType)))
        if type_ in {EventType.INBOUND, EventType.EDITED, EventType.DELETED}:
            kind = draw(st.sampled_from(["", "", THANKS]))
            events.append(said(moment, ref, draw(people), kind))
        if type_ in {EventType.EDITED, EventType.DELETED}:
            events.append(Event(at(moment + draw(minutes)), type_, ref))
        elif type_ is EventType.ANSWER:
            to = draw(st.sets(st.sampled_from(["anna", "boris", "clara"]), max_size=2))
            detail = draw(st.sampled_from(["", "", REPEATED]))
            answer = Event(at(moment), type_, ref, detail, to=tuple(sorted(to)))
            events.append(answer)
        elif type_ in {EventType.CLOSED, EventType.REOPENED}:
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


@st.composite
def crowds(draw: st.DrawFn) -> list[Event]:
    """A thread in which many write in a row, whatever else happens to it."""
    events = draw(histories())
    tens = st.integers(0, 7 * 24 * 6)
    for number in range(draw(st.integers(0, 25))):
        writes = said(10 * draw(tens), 100 + number, draw(st.sampled_from(["", "anna", "clara"])))
        events.append(writes)
    for number, event in enumerate(draw(st.permutations(events))[:3]):
        events.append(answered((event.at - START).total_seconds() / 60 + 0.05, 300 + number))
    for number in range(draw(st.integers(0, 3))):
        begins, lasts = 10 * draw(tens), 10 * draw(tens)
        asleep = Event(at(begins), EventType.SNOOZED, 200 + number, until=at(begins + lasts))
        events.append(asleep)
    return events


@given(crowds())
def test_messages_in_a_row_do_together_what_each_does(events: list[Event]) -> None:
    """Taking them at once saves time, and changes nothing of any case."""
    together = fold(events, quiet_after=QUIET, now=LATER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversations, "_is_plain", lambda _: False)
        assert fold(events, quiet_after=QUIET, now=LATER) == together


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
    """No message falls between two cases, and none is in two unless an edit opened the second."""
    inbound = {event.ref for event in events if event.type is EventType.INBOUND}
    changed = {event.ref for event in events if event.type is EventType.EDITED}
    spans = fold(events, quiet_after=QUIET, now=LATER)
    found = [ref for span in spans for ref in span.messages]
    assert {*found} == inbound
    assert sorted(ref for ref in found if ref not in changed) == sorted(inbound - changed)


@given(histories())
def test_an_answer_to_somebody_else_ends_nobodys_wait(events: list[Event]) -> None:
    """Whoever wrote last goes on waiting, whatever others are told."""
    months = 60 * 24 * 60
    clara, denis = said(months, 998, "clara"), said(months + 1, 999, "denis")
    spans = fold(
        [*events, clara, denis, answered(months + 2, 997, "clara")], quiet_after=QUIET, now=LATER
    )
    assert spans[-1].wait is not None
    assert 999 in spans[-1].wait.messages
    assert 998 not in spans[-1].wait.messages


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


def seen_and_closed(minutes: float, seen: float, ref: int) -> Event:
    """A closing of what had been written by *seen*, as a person's is stored."""
    return Event(at(seen), EventType.CLOSED, ref, "spam", at(minutes))


def test_a_case_can_be_closed_again_after_its_reopening() -> None:
    """Each closing covers the same message, and none of them is taken back but by what followed."""
    closings = [seen_and_closed(10, 0, 90), reopened(20, 91), seen_and_closed(30, 0, 92)]
    (case,) = cases(said(0, 1), *closings)
    assert (case.status, case.ended_at) == (CaseStatus.CLOSED, at(30))
    (open_again,) = cases(said(0, 1), *closings, reopened(40, 93))
    assert open_again.status is CaseStatus.WAITING
    (over,) = cases(said(0, 1), *closings, reopened(40, 93), seen_and_closed(50, 0, 94))
    assert over.ended_at == at(50)


def test_a_closing_after_a_reopening_does_not_cover_what_was_not_seen() -> None:
    """A message that arrives late still opens a case of its own."""
    closings = [seen_and_closed(10, 0, 90), reopened(20, 91), seen_and_closed(30, 0, 92)]
    old, new = cases(said(0, 1), said(15, 2), *closings)
    assert (old.status, new.status) == (CaseStatus.CLOSED, CaseStatus.WAITING)


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


def test_no_answer_is_a_machines_to_a_person_who_reopened() -> None:
    """A reply may have been ready when a case was put back among the waiting."""
    (case,) = cases(said(0, 1), answered(5, 2), reopened(30, 1), answered(30 + 3 / 60, 3))
    assert (case.status, case.automatic) == (CaseStatus.ANSWERED, ())


def test_an_answer_in_the_second_of_a_reopening_came_after_it() -> None:
    """A network that dates to the whole second makes it seem older than it is."""
    half_a_second = 1 / 120
    reopening = reopened(60 + half_a_second, 1)
    (case,) = cases(said(0, 1), answered(5, 2), reopening, answered(60, 3))
    assert (case.status, case.waits[-1].ended_by) == (CaseStatus.ANSWERED, 3)
    (case,) = cases(said(0, 1), closed(50, 1), reopening, answered(60, 3))
    assert [(wait.since, wait.ended_by) for wait in case.waits] == [(at(0), 3)]
    (case,) = cases(said(0, 1), answered(5, 2), reopening, answered(60 - 1 / 60, 3))
    assert case.status is CaseStatus.WAITING


def test_a_customer_who_wrote_in_the_second_of_a_reopening_still_waits() -> None:
    """Where it cannot be told what came first, nobody is taken for answered."""
    events = said(0, 1), answered(5, 2), said(60, 4), answered(60, 3), reopened(60 + 1 / 120, 1)
    (case,) = cases(*events)
    assert case.wait is not None
    assert 4 in case.wait.messages


def test_an_answer_by_name_ends_the_wait_of_those_it_names() -> None:
    """Whoever joined the thread goes on waiting, from their own oldest message."""
    (case,) = cases(
        said(0, 1, "anna"), said(10, 2, "boris"), said(12, 3, "boris"), answered(30, 4, "anna")
    )
    first, second = case.waits
    assert (first.messages, first.end, first.ended_by) == ((1,), WaitEnd.ANSWERED, 4)
    assert (second.messages, second.since, second.end) == ((2, 3), at(10), None)
    assert (first.kind, second.kind) == (WaitKind.FIRST_RESPONSE, WaitKind.FIRST_RESPONSE)
    assert case.status is CaseStatus.WAITING


def test_an_answer_to_everybody_answers_everybody() -> None:
    """Without names, it is for the whole thread; with both names, too."""
    events = said(0, 1, "anna"), said(10, 2, "boris")
    for to in ((), ("anna", "boris")):
        (case,) = cases(*events, answered(30, 3, *to))
        assert (case.status, len(case.waits)) == (CaseStatus.ANSWERED, 1)


def test_an_answer_to_who_does_not_wait_ends_nothing() -> None:
    """Neither to a stranger, nor to somebody who was answered before."""
    events = said(0, 1, "anna"), answered(5, 2), said(10, 3, "boris")
    for name in ("anna", "clara"):
        (case,) = cases(*events, answered(30, 4, name))
        assert case.wait is not None
        assert (case.wait.since, case.answered_at) == (at(10), at(5))


def test_what_measures_a_wait_is_whether_its_customer_was_answered() -> None:
    """Somebody new in an old thread waits for a first response."""
    (case,) = cases(
        said(0, 1, "anna"),
        answered(5, 2),
        said(10, 3, "boris"),
        answered(15, 4),
        said(20, 5, "anna"),
    )
    kinds = [wait.kind for wait in case.waits]
    assert kinds == [WaitKind.FIRST_RESPONSE, WaitKind.FIRST_RESPONSE, WaitKind.NEXT_RESPONSE]


def test_the_part_that_goes_on_can_be_the_older_one() -> None:
    """Whoever came last is answered first: the wait of the other is as it was."""
    (case,) = cases(said(0, 1, "anna"), said(10, 2, "boris"), answered(30, 3, "boris"))
    assert [(wait.since, wait.messages, wait.ended_at) for wait in case.waits] == [
        (at(10), (2,), at(30)),
        (at(0), (1,), None),
    ]


def test_whom_the_network_does_not_name_may_be_the_one_who_is_named_in_an_answer() -> None:
    """Unless that is somebody who wrote in the same case under the name."""
    (case,) = cases(said(0, 1), answered(30, 2, "anna"))
    assert case.status is CaseStatus.ANSWERED
    (case,) = cases(said(0, 1, "anna"), answered(5, 2), said(10, 3), answered(30, 4, "anna"))
    assert case.wait is not None
    assert case.wait.messages == (3,)


def test_thanks_for_an_answer_do_not_wait_with_somebody_elses_question() -> None:
    """And praise of who was not answered yet is no thanks."""
    (case,) = cases(
        said(0, 1, "anna"),
        answered(5, 2),
        said(10, 3, "boris"),
        said(12, 4, "anna", THANKS),
        answered(20, 5, "boris"),
    )
    assert (case.status, case.messages) == (CaseStatus.ANSWERED, (1, 3, 4))
    (case,) = cases(said(0, 1, "anna"), answered(5, 2), said(10, 3, "boris", THANKS))
    assert case.status is CaseStatus.WAITING


def test_a_machine_is_told_by_its_speed_to_whom_it_answers() -> None:
    """Three seconds after the second customer, though the first has waited for an hour."""
    (case,) = cases(said(0, 1, "anna"), said(60, 2, "boris"), answered(60.05, 3, "boris"))
    assert (len(case.waits), case.automatic) == (1, (3,))


def test_the_same_words_to_several_customers_stop_no_clock() -> None:
    """Whether anybody waits or not: they neither end a wait nor prolong a case."""
    bot = Event(at(30), EventType.ANSWER, 2, REPEATED)
    (case,) = cases(said(0, 1), bot)
    assert (case.status, case.automatic) == (CaseStatus.WAITING, (2,))
    (case,) = cases(said(0, 1), answered(5, 3), bot)
    assert case.answered_at == at(5)


def test_an_edit_after_the_answer_that_asks_for_more_opens_a_wait() -> None:
    """It begins when the message was edited, and not when it was written."""
    (case,) = cases(said(0, 1), answered(5, 2), edited(20, 1))
    assert [(wait.since, wait.messages, wait.kind) for wait in case.waits] == [
        (at(0), (1,), WaitKind.FIRST_RESPONSE),
        (at(20), (1,), WaitKind.NEXT_RESPONSE),
    ]
    assert (case.messages, case.wrote_at) == ((1,), at(20))


def test_an_edit_before_the_answer_changes_nothing() -> None:
    """Who waits goes on waiting, since they wrote."""
    assert cases(said(0, 1), edited(3, 1)) == cases(said(0, 1))
    assert cases(said(0, 1), edited(3, 1), answered(5, 2)) == cases(said(0, 1), answered(5, 2))


def test_an_edit_in_a_case_that_is_over_opens_a_new_one() -> None:
    """As a new message would."""
    old, new = cases(said(0, 1), closed(10, 1), edited(20, 1))
    assert (old.status, old.ended_at) == (CaseStatus.CLOSED, at(10))
    assert (new.opened_at, new.messages, new.status) == (at(20), (1,), CaseStatus.WAITING)
    assert new.waits[0].kind is WaitKind.FIRST_RESPONSE


def test_an_edited_message_waits_with_the_others_of_its_case() -> None:
    """Somebody else waits already: there is one wait, and its answer is for both."""
    (case,) = cases(said(0, 1), answered(5, 2), said(10, 3), edited(20, 1), answered(30, 4))
    assert (case.status, case.waits[-1].messages) == (CaseStatus.ANSWERED, (3, 1))
    assert case.messages == (1, 3)


def test_an_edited_message_that_is_deleted_waits_no_more() -> None:
    """And one that was gone when the edit is heard of does not begin to."""
    (case,) = cases(said(0, 1), answered(5, 2), edited(20, 1), deleted(30, 1))
    assert case.status is CaseStatus.ANSWERED
    (case,) = cases(said(0, 1), answered(5, 2), deleted(10, 1), edited(20, 1))
    assert len(case.waits) == 1


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        (("other", False), ("complaint", False), True),
        (("praise", False), ("request", False), True),
        (("other", False), ("other", True), True),
        (("request", False), ("complaint", False), True),
        (("complaint", False), ("complaint", True), True),
        (("request", False), ("request", True), False),
        (("other", True), ("request", False), False),
        (("complaint", False), ("complaint", False), False),
        (("complaint", True), ("praise", False), False),
    ],
)
def test_an_edit_asks_for_more_if_it_made_a_complaint_or_a_question(
    before: tuple[str, bool], after: tuple[str, bool], *, more: bool
) -> None:
    """Of what was none: a better word or a lost one calls nobody."""
    was, is_now = (Asking.of(kind, question_mark=mark) for kind, mark in (before, after))
    assert asks_for_more(was, is_now) is more
