"""Promises about explanations: each step has one fate, and the fate is what really happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inboxd.core.fates import Circumstances, Fate, StepFate, Told, fates, foreign
from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match, Policy, Step, Until
from inboxd.core.rota import Handover, Rota
from inboxd.core.silences import Silence
from inboxd.core.sla import response_due
from inboxd.core.states import FOR_EVER, WaitState
from inboxd.core.waits import WaitEnd, WaitKind
from inboxd.durations import parse_business, parse_step_at

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ALWAYS = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})
HALF, FULL = Step(parse_step_at("50%"), ("support",)), Step(parse_step_at("100%"), ("lead",))
POLICY = Policy(
    "all",
    Match(),
    ALWAYS,
    first_response=parse_business("1h"),
    steps=(HALF, FULL),
    remind_after=parse_business("2h"),
)
WAIT = WaitState(WaitKind.FIRST_RESPONSE, START, 1, 1)
LATER = 10_000.0


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def ended(minutes: float, **facts: Any) -> WaitState:
    return replace(WAIT, end=WaitEnd.ANSWERED, ended_at=at(minutes), **facts)


def told(minutes: float, step: str, turn: int = 0, *, withdrawn: bool = False) -> Told:
    return Told(f"all/first_response/{step}", turn, at(minutes), withdrawn)


def fates_of(
    wait: WaitState, *alerts: Told, now: float = LATER, policy: Policy = POLICY, **around: Any
) -> list[StepFate]:
    due = response_due(wait.kind, wait.since, policy)
    assert due
    ((_, found),) = fates(policy, [due], wait, alerts, Circumstances(at(now), **around))
    return found


def named(wait: WaitState, *alerts: Told, **around: Any) -> list[Fate]:
    return [each.fate for each in fates_of(wait, *alerts, **around)]


def known(*alerts: Told, until: float, wait: WaitState = WAIT) -> WaitState:
    """Return *wait* as it remembers what was told of it."""
    return replace(wait, told={each.step: each.turn for each in alerts}, told_until=at(until))


def test_what_is_ahead_is_not_yet() -> None:
    """Each at its time."""
    found = fates_of(WAIT, now=10)
    assert [(each.fate, each.at) for each in found] == [
        (Fate.NOT_YET, at(30)),
        (Fate.NOT_YET, at(60)),
    ]


def test_what_was_told_is_told_when_it_was() -> None:
    """A step that left, and one that was withdrawn before it could."""
    alerts = told(30, "50%"), told(60, "100%", withdrawn=True)
    wait = known(*alerts, until=60, wait=ended(61))
    found = fates_of(wait, *alerts)
    assert [(each.fate, each.since) for each in found] == [
        (Fate.TOLD, at(30)),
        (Fate.WITHDRAWN, at(60)),
    ]


def test_what_a_later_step_covers_names_it() -> None:
    """The newest of several is told, and says so of the others."""
    alert = told(90, "100%")
    wait = replace(known(alert, until=60), told={"all/first_response/50%": 0, alert.step: 0})
    first, second = fates_of(wait, alert)
    assert (first.fate, first.alert, second.fate) == (Fate.COVERED, alert, Fate.TOLD)


def test_history_counts_as_told() -> None:
    """What the first read brought alerted nobody, and that is why."""
    assert named(replace(WAIT, told_until=FOR_EVER)) == [Fate.HISTORY, Fate.HISTORY]


def test_an_answer_ends_what_is_ahead() -> None:
    """What fell due later was told to nobody, because of it."""
    alert = told(30, "50%")
    assert named(known(alert, until=30, wait=ended(40)), alert) == [Fate.TOLD, Fate.ANSWERED_BEFORE]


def test_who_takes_a_case_stops_its_steps_but_not_all() -> None:
    """Those that go on until the answer do, and the reminder comes."""
    policy = replace(POLICY, steps=(HALF, replace(FULL, until=Until.ANSWERED)))
    found = fates_of(WAIT, now=40, policy=policy, taken_at=at(10))
    assert [(each.fate, each.at) for each in found] == [
        (Fate.ACKNOWLEDGED, at(30)),
        (Fate.NOT_YET, at(60)),
        (Fate.NOT_YET, at(130)),
    ]


@pytest.mark.parametrize(
    ("now", "alerts", "wait", "fate"),
    [
        (100, [], WAIT, Fate.NOT_YET),
        (200, [], WAIT, Fate.DUE),
        (200, [Told(f"reminder/{at(10).isoformat()}", 0, at(130))], WAIT, Fate.TOLD),
        (200, [], ended(100), Fate.ANSWERED_BEFORE),
    ],
)
def test_a_reminder_has_a_fate_of_its_own(
    now: float, alerts: list[Told], wait: WaitState, fate: Fate
) -> None:
    """Due some time after the case was taken, unless the customer is answered first."""
    reminder = fates_of(wait, *alerts, now=now, taken_at=at(10))[-1]
    assert (reminder.step, reminder.at, reminder.fate) == (None, at(130), fate)


def test_who_has_taken_an_earlier_wait_has_not_taken_this() -> None:
    """An acknowledgement from before the wait began stops nothing."""
    assert named(WAIT, now=10, taken_at=at(-10)) == [Fate.NOT_YET, Fate.NOT_YET]


def test_what_was_muted_says_until_when() -> None:
    """By a silence, or because the case slept."""
    silence = Silence(1, Match(), at(20), at(100), "boris", "")
    (half, full) = fates_of(WAIT, now=45, silences=[silence])
    assert (half.fate, half.since, full.fate) == (Fate.SILENCED, at(100), Fate.NOT_YET)
    (half, full) = fates_of(ended(90), sleeps=[(at(20), at(50))])
    assert (half.fate, half.since, full.fate) == (Fate.SNOOZED, at(50), Fate.OTHER_RULES)


def test_what_nobody_could_know_of_says_so() -> None:
    """A message that was heard of after its time, and a daemon that did not run."""
    assert named(ended(90), heard_at=at(95)) == [Fate.HEARD_LATE, Fate.HEARD_LATE]
    absences = [(at(20), at(89))]
    assert named(ended(90), absences=absences) == [Fate.NOBODY_RAN, Fate.NOBODY_RAN]
    assert named(ended(90)) == [Fate.OTHER_RULES, Fate.OTHER_RULES]


@pytest.mark.parametrize(
    ("around", "late"),
    [
        ({}, Fate.OTHER_RULES),
        ({"heard_at": at(80)}, Fate.HEARD_LATE),
        ({"absences": [(at(20), at(79))]}, Fate.NOBODY_RAN),
        ({"sleeps": [(at(10), at(80))]}, Fate.SNOOZED),
        ({"held": [(at(10), at(80))]}, Fate.HELD),
        ({"silences": [Silence(1, Match(), at(0), at(80), "boris", "")]}, Fate.SILENCED),
    ],
)
def test_what_was_told_late_says_what_kept_it(around: dict[str, Any], late: Fate) -> None:
    """And what was told in time does not."""
    alerts = told(80, "50%"), told(60.5, "100%")
    first, second = fates_of(known(*alerts, until=60), *alerts, **around)
    assert (first.fate, first.late, second.fate, second.late) == (Fate.TOLD, late, Fate.TOLD, None)


def test_a_step_that_repeats_shows_what_was_told_and_what_comes() -> None:
    """Its first turn, those that were told, the newest that was due, and the next."""
    often = Step(parse_step_at("100%"), ("lead",), repeat=parse_business("1h"))
    policy = replace(POLICY, steps=(often,), remind_after=None)
    alerts = told(60, "100%every1h"), told(300, "100%every1h", 4)
    wait = known(*alerts, until=300)
    found = fates_of(wait, *alerts, now=425, policy=policy)
    assert [(each.turn, each.fate, each.at) for each in found] == [
        (0, Fate.TOLD, at(60)),
        (4, Fate.TOLD, at(300)),
        (6, Fate.DUE, at(420)),
        (7, Fate.NOT_YET, at(480)),
    ]


def test_who_is_called_is_who_is_on_duty_then() -> None:
    """Not who is on duty today."""
    rota = Rota(("U1", "U2"), Handover.DAILY)
    policy = replace(POLICY, steps=(replace(HALF, rota=rota, mentions=("S1",)),), remind_after=None)
    today = fates_of(WAIT, now=10, policy=policy)[0].called
    tomorrow = fates_of(replace(WAIT, since=at(24 * 60)), now=10, policy=policy)[0].called
    assert (today[0], {today[1], tomorrow[1]}) == ("S1", {"U1", "U2"})


def test_alerts_under_other_rules_are_not_lost() -> None:
    """What was told before the policy changed is of no step any more, but it was told."""
    old = Told("before/first_response/25%", 0, at(15))
    alerts = [old, told(30, "50%")]
    found = fates_of(known(*alerts, until=30), *alerts, now=40)
    assert foreign(alerts, found) == [old]


def test_a_calendar_that_does_not_open_again_is_said() -> None:
    """A step beyond its last day is never due."""
    once = OpeningHours("fair", UTC, {}, open={START.date(): [(0, 86_400)]})
    policy = replace(POLICY, hours=once, steps=(Step(parse_step_at("100% + 30h"), ("lead",)),))
    assert named(WAIT, policy=policy) == [Fate.NEVER]
