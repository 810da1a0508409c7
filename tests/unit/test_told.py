"""Promises about memory: what nobody heard is news, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.sla import Due, Target
from inboxd.core.told import (
    BROKEN,
    HISTORY,
    OVERDUE,
    Firing,
    is_told,
    remembered,
    seconds,
    still_known,
)

DUE_AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
OVERDUE_CASE = Due(Target.RESOLUTION, DUE_AT - timedelta(hours=9), timedelta(hours=9), DUE_AT)
LATE = Due(Target.NEXT_RESPONSE, DUE_AT - timedelta(hours=2), timedelta(hours=2), DUE_AT)
FIRINGS = st.builds(
    lambda due, moment, turn, minutes: Firing(
        f"all/{due.target}/{moment}", turn, DUE_AT + timedelta(minutes=minutes), ("lead",), due=due
    ),
    st.sampled_from([OVERDUE_CASE, LATE]),
    st.sampled_from(["50%", "100%", "100%+1h"]),
    st.integers(0, 3),
    st.integers(-300, 300),
)


def firing(due: Due, moment: str, hours: float = 0, turn: int = 0, policy: str = "all") -> Firing:
    at = due.at + timedelta(hours=hours)
    return Firing(f"{policy}/{due.target}/{moment}", turn, at, ("lead",), due=due)


@given(st.lists(FIRINGS, max_size=6), FIRINGS)
def test_what_was_told_is_told(before: list[Firing], now: Firing) -> None:
    """Whatever was told before it, and in whatever order."""
    told, until = remembered({}, None, before)
    assert is_told(*remembered(told, until, [now]), now)


def test_that_an_answer_is_late_does_not_say_that_its_case_is() -> None:
    """Nor the other way round: each is news for itself, though it was planned before."""
    for told_of, other in ((LATE, OVERDUE_CASE), (OVERDUE_CASE, LATE)):
        told, until = remembered({}, None, [firing(told_of, "100%+1h", 1)])
        assert is_told(told, until, firing(told_of, "100%"))
        assert is_told(told, until, firing(other, "50%", -1))
        assert not is_told(told, until, firing(other, "100%"))


def test_of_an_overdue_case_the_next_wait_knows_what_was_told_under_any_policy() -> None:
    """Up to the time of the last step; what is planned later is news."""
    told, _ = remembered({}, None, [firing(OVERDUE_CASE, "100%+1h", 1)])
    known = {OVERDUE: told[OVERDUE]}
    assert is_told(known, None, firing(OVERDUE_CASE, "100%", policy="other"))
    assert not is_told(known, None, firing(OVERDUE_CASE, "100%+2h", 2, policy="other"))
    assert not is_told(known, None, firing(LATE, "100%"))


def test_what_reached_nobody_is_forgotten() -> None:
    """A later turn, a later step and a reminder were withdrawn; the wait's own steps stay."""
    fired = [
        firing(OVERDUE_CASE, "100%", 0),
        firing(OVERDUE_CASE, "100%every1h", 2, turn=2),
        firing(OVERDUE_CASE, "100%+3h", 3),
        firing(LATE, "100%"),
    ]
    told, _ = remembered({"reminder/2026": 0}, None, fired)
    heard = {
        "all/resolution/100%": 0,
        "all/resolution/100%every1h": 1,
        OVERDUE: seconds(DUE_AT + timedelta(hours=1)),
    }
    assert still_known(told, heard) == {**heard, "all/next_response/100%": 0, BROKEN: 0}
    assert still_known(told, {}) == {"all/next_response/100%": 0, BROKEN: 0}
    assert still_known(HISTORY, {}) == HISTORY


def test_of_a_case_that_was_late_as_history_nothing_is_news() -> None:
    """However late a step or a turn is; one that was in time then is told of as ever."""
    later = firing(OVERDUE_CASE, "100%+1d", 24, turn=3)
    assert is_told(HISTORY, DUE_AT, later)
    assert not is_told(HISTORY, DUE_AT - timedelta(seconds=1), later)
    assert is_told(HISTORY, DUE_AT, firing(LATE, "100%"))
    assert not is_told(HISTORY, DUE_AT - timedelta(seconds=1), firing(LATE, "100%"))
