"""Promises about by when a customer must be served."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inboxd.core.conversations import fold
from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match, Policy
from inboxd.core.sla import Target, dues
from inboxd.core.waits import CaseSpan, CaseStatus, Event, EventType
from inboxd.durations import BusinessSpan, parse_business
from tests.unit import peers

EVENTS = {
    "customer": EventType.INBOUND,
    "agent": EventType.ANSWER,
    "closed": EventType.CLOSED,
    "reopened": EventType.REOPENED,
}
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ALWAYS = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})


def policy_of(case: peers.Case) -> Policy:
    targets = case["input"]["policy_minutes"]
    spans: dict[str, Any] = {
        name: BusinessSpan(0, timedelta(minutes=value))
        for name, value in targets.items()
        if value is not None
    }
    return Policy("peer", Match(), peers.calendar(case), snooze_pauses=True, **spans)


def folded(case: peers.Case) -> CaseSpan:
    given = case["input"]
    assert given.keys() <= {"policy_minutes", "created", "events", "pauses"}
    events = [
        Event(peers.instant(moment), EVENTS[who], number)
        for number, (who, moment) in enumerate(given["events"], 1)
    ]
    asleep = [
        Event(start, EventType.SNOOZED, number, until=end)
        for number, (start, end) in enumerate(peers.pauses(case), 1)
    ]
    now = max(event.at for event in events)
    (span,) = fold([*events, *asleep], quiet_after=timedelta(days=3), now=now)
    return span


def minutes(span: timedelta) -> float:
    return span / timedelta(minutes=1)


def answers(case: peers.Case) -> dict[str, Any]:
    """Return what inboxd says to everything that a sequence may ask."""
    span, policy = folded(case), policy_of(case)
    running = dues(span, policy)
    first = running.response and running.response.target is Target.FIRST_RESPONSE
    said: dict[str, Any] = {
        "next_due": running.governing,
        "frt_due": running.response if first else None,
        # There what customers write after an answer, or again, is what has a next response.
        "nrt_due": running.response,
        "resolution_due": running.resolution,
    }
    said = {name: due and due.at for name, due in said.items()}
    ended = [(wait.since, wait.ended_at) for wait in span.waits if wait.ended_at]
    if ended:
        # There a first answer is an exchange too; here it is the first response.
        lengths = [policy.hours.between(*both) for both in ended]
        said["worst_nrt_minutes"] = minutes(max(lengths))
    if span.ended_at:
        took = minutes(policy.hours.between(span.opened_at, span.ended_at, span.pauses))
        said["resolution_minutes"] = took
        if policy.resolution:
            allowed = minutes(policy.hours.span(policy.resolution))
            said["resolution_margin_minutes"] = allowed - took
    return said


@pytest.mark.parametrize("case", peers.cases(sequences=True))
def test_due_times_agree_with_the_peers(case: peers.Case) -> None:
    """After the same events the same promises are running as in other help desks."""
    said = answers(case)
    for name, right in case["expect"].items():
        right_here = peers.instant(right) if isinstance(right, str) else right
        assert said[name] == right_here, f"{case['name']}: {name}"


def policy(**targets: str) -> Policy:
    spans: dict[str, Any] = {name: parse_business(span) for name, span in targets.items()}
    return Policy("plain", Match(), ALWAYS, **spans)


def case(*events: tuple[int, EventType]) -> CaseSpan:
    history = [
        Event(START + timedelta(minutes=minutes), kind, number)
        for number, (minutes, kind) in enumerate(events, 1)
    ]
    return fold(history, quiet_after=timedelta(hours=10), now=history[-1].at)[-1]


def test_the_first_wait_has_the_first_target_and_later_ones_the_next() -> None:
    """A first response and a next response are different promises."""
    plan = policy(first_response="30m", next_response="2h")
    first = dues(case((0, EventType.INBOUND)), plan).response
    assert first is not None
    assert (first.target, first.at) == (Target.FIRST_RESPONSE, START + timedelta(minutes=30))
    again = case((0, EventType.INBOUND), (10, EventType.ANSWER), (20, EventType.INBOUND))
    later = dues(again, plan).response
    assert later is not None
    assert (later.target, later.at) == (Target.NEXT_RESPONSE, START + timedelta(minutes=140))


def test_further_messages_do_not_move_a_due_time() -> None:
    """Who writes again in impatience does not wait longer for it."""
    plan = policy(first_response="30m")
    impatient = case((0, EventType.INBOUND), (10, EventType.INBOUND), (20, EventType.INBOUND))
    assert dues(impatient, plan) == dues(case((0, EventType.INBOUND)), plan)


def test_the_promise_that_falls_due_first_governs() -> None:
    """A resolution that is nearly due matters more than a response that is not."""
    span = case((0, EventType.INBOUND), (10, EventType.ANSWER), (50, EventType.INBOUND))
    governing = dues(span, policy(next_response="2h", resolution="1h")).governing
    assert governing is not None
    assert (governing.target, governing.at) == (Target.RESOLUTION, START + timedelta(hours=1))


def test_an_answered_case_still_owes_its_resolution() -> None:
    """A response is not a solution."""
    answered = case((0, EventType.INBOUND), (10, EventType.ANSWER))
    running = dues(answered, policy(first_response="30m", resolution="1d"))
    assert running.response is None
    assert running.resolution is not None


@pytest.mark.parametrize(
    ("closing", "status"),
    [((20, EventType.CLOSED), CaseStatus.CLOSED), ((900, EventType.REOPENED), CaseStatus.WAITING)],
)
def test_a_case_that_is_over_owes_nothing(
    closing: tuple[int, EventType], status: CaseStatus
) -> None:
    """Closing ends every promise, and reopening renews them."""
    span = case((0, EventType.INBOUND), (10, EventType.ANSWER), closing)
    running = dues(span, policy(first_response="30m", next_response="30m", resolution="1d"))
    assert span.status is status
    assert (running.governing is None) == (status is CaseStatus.CLOSED)


def test_what_is_not_promised_is_not_due() -> None:
    """Every target is optional."""
    assert dues(case((0, EventType.INBOUND)), policy()).governing is None
