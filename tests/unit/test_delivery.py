"""Promises about deliveries that do not go through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.delivery import (
    FIRST_PAUSE,
    GIVE_UP_AFTER,
    LONGEST_PAUSE,
    PERSON_PAUSE,
    TELL_AT_ATTEMPT,
    Fate,
    Outcome,
    after_failure,
    pause_after,
)
from inboxd.errors import (
    BudgetSpent,
    OutcomeUnknown,
    RateLimited,
    SendRefused,
    SinkRefused,
    TokenInvalid,
    Unavailable,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def after(error: Exception, attempt: int = 1, *, idempotent: bool = False) -> Outcome:
    return after_failure(error, attempt, NOW, NOW, idempotent=idempotent)


def test_pauses_grow_until_they_are_long_enough() -> None:
    """A receiver in trouble is asked ever less often, and never more than a while apart."""
    pauses = [pause_after(Unavailable(""), failures, NOW) for failures in range(20)]
    assert pauses[:4] == [FIRST_PAUSE * factor for factor in (1, 2, 4, 8)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


@given(st.integers(0, 10_000))
def test_every_pause_is_positive_and_bounded(failures: int) -> None:
    """However long it has failed, it is tried again, and never without a pause."""
    assert FIRST_PAUSE <= pause_after(Unavailable(""), failures, NOW) <= LONGEST_PAUSE


def test_a_receiver_that_says_when_is_obeyed() -> None:
    """Until then it wants nothing at all."""
    until = NOW + timedelta(minutes=42)
    outcome = after(RateLimited("slow down", until))
    assert (outcome.fate, outcome.retry_at, outcome.rest) == (Fate.RETRY, until, True)


@pytest.mark.parametrize("until", [None, NOW, NOW - timedelta(hours=1)])
def test_a_receiver_that_does_not_say_when_is_left_alone_for_a_pause(
    until: datetime | None,
) -> None:
    """A time that is past is no time."""
    outcome = after(RateLimited("slow down", until))
    assert (outcome.retry_at, outcome.rest) == (NOW + FIRST_PAUSE, True)


def test_a_spent_budget_waits_for_the_next_period() -> None:
    """Asking again before is pointless."""
    until = NOW + timedelta(days=12)
    assert pause_after(BudgetSpent("spent", until), 3, NOW) == timedelta(days=12)


def test_what_only_a_person_can_mend_is_tried_at_a_steady_pace() -> None:
    """A token may be renewed at any moment, so the pause does not grow."""
    pauses = {pause_after(TokenInvalid(""), failures, NOW) for failures in range(9)}
    assert pauses == {PERSON_PAUSE}


def test_a_lost_answer_is_doubted_and_not_repeated() -> None:
    """It may have arrived: looking comes before sending again."""
    assert after(OutcomeUnknown("")) == Outcome(Fate.DOUBT)


def test_a_lost_answer_is_repeated_where_repeats_do_not_show() -> None:
    """An idempotent receiver is simply asked again."""
    assert after(OutcomeUnknown(""), idempotent=True).fate is Fate.RETRY


@pytest.mark.parametrize("error", [SinkRefused(""), SendRefused(""), TokenInvalid("")])
def test_a_refusal_is_final_and_told(error: Exception) -> None:
    """What will never go through is told by another way at once."""
    assert after(error) == Outcome(Fate.REFUSE, tell=True)


def test_a_refusal_says_nothing_of_an_earlier_attempt_that_may_have_arrived() -> None:
    """That one is looked for before anybody is told."""
    outcome = after_failure(SendRefused(""), 2, NOW, NOW, idempotent=True, in_doubt=True)
    assert outcome == Outcome(Fate.DOUBT)


def test_what_fails_for_long_is_told_once() -> None:
    """People hear of a failing receiver at one attempt, not at each."""
    told = [attempt for attempt in range(1, 50) if after(Unavailable(""), attempt).tell]
    assert told == [TELL_AT_ATTEMPT]


def test_what_fails_for_a_day_is_given_up_and_told() -> None:
    """A day-old alert helps nobody; that it was never delivered does."""
    late = after_failure(Unavailable(""), 99, NOW, NOW + GIVE_UP_AFTER, idempotent=True)
    assert late == Outcome(Fate.REFUSE, tell=True)
