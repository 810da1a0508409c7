"""Promises about by when a customer must be served."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from inboxd.core.conversations import fold
from inboxd.core.hours import OpeningHours
from inboxd.core.localtime import parse_interval
from inboxd.core.policies import Match, Policy
from inboxd.core.sla import Target, dues
from inboxd.core.waits import CaseSpan, CaseStatus, Event, EventType
from inboxd.durations import BusinessSpan, parse_business

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "business_hours.json"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVENTS = {
    "customer": EventType.INBOUND,
    "agent": EventType.ANSWER,
    "closed": EventType.CLOSED,
}
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ALWAYS = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})


def sequences() -> list[Any]:
    """Return a parameter a sequence, or one that skips where the cases are not at hand."""
    if not CASES.exists():
        missing = pytest.mark.skip(reason="../shared/cases/business_hours.json is not here")
        return [pytest.param({}, marks=missing)]
    every = json.loads(CASES.read_text())["cases"]
    return [pytest.param(case, id=case["id"]) for case in every if case["kind"] == "sla_sequence"]


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def policy_of(case: dict[str, Any]) -> Policy:
    minutes = case["input"]["policy_minutes"]
    spans: dict[str, Any] = {
        name: BusinessSpan(0, timedelta(minutes=value)) for name, value in minutes.items()
    }
    week = {
        WEEKDAYS.index(day): [parse_interval("-".join(pair)) for pair in pairs]
        for day, pairs in case["calendar"]["hours"].items()
    }
    hours = OpeningHours("peer", ZoneInfo(case["calendar"]["tz"]), week)
    return Policy("peer", Match(), hours, **spans)


def folded(case: dict[str, Any]) -> CaseSpan:
    events = [
        Event(datetime.fromisoformat(moment), EVENTS[who], number)
        for number, (who, moment) in enumerate(case["input"]["events"], 1)
    ]
    (span,) = fold(events, quiet_after=timedelta(days=3), now=max(event.at for event in events))
    return span


@pytest.mark.parametrize("case", sequences())
def test_due_times_agree_with_the_peers(case: dict[str, Any]) -> None:
    """After the same events the same promises are running as in other help desks."""
    span, policy, expected = folded(case), policy_of(case), case["expect"]
    running = dues(span, policy)
    if "next_due" in expected:
        governing = running.governing
        assert (governing.at if governing else None) == instant(expected["next_due"])
    if "nrt_due" in expected:
        assert (running.response.at if running.response else None) == instant(expected["nrt_due"])
    if "worst_nrt_minutes" in expected:
        # There a first answer is an exchange too; here it is the first response.
        lengths = [policy.hours.between(w.since, w.ended_at) for w in span.waits if w.ended_at]
        assert max(lengths) == timedelta(minutes=expected["worst_nrt_minutes"])
    if "resolution_minutes" in expected:
        assert span.ended_at is not None
        took = policy.hours.between(span.opened_at, span.ended_at)
        assert took == timedelta(minutes=expected["resolution_minutes"])
        assert policy.resolution is not None
        margin = policy.hours.span(policy.resolution) - took
        assert margin == timedelta(minutes=expected["resolution_margin_minutes"])


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
