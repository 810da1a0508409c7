"""
Whether to tell somebody now, whom, and when to look again: one pure decision.

Every outcome carries a named reason, so that an alert that did not go out explains itself
as well as one that did.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from inboxd.core.policies import Until
from inboxd.core.sla import reach
from inboxd.core.told import Firing, is_told, reminder_name, step_name
from inboxd.durations import BusinessSpan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from inboxd.core.hours import OpeningHours
    from inboxd.core.policies import Policy, Step
    from inboxd.core.sla import Due


class Reason(StrEnum):
    """Why an alert goes out, or why it does not."""

    STEP_DUE = "step_due"
    REMINDER_DUE = "reminder_due"
    NO_TARGET = "no_target"
    NO_STEPS_LEFT = "no_steps_left"
    NOT_YET = "not_yet"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True)
class Attention:
    """
    What people have done about a wait, and what they were told of it.

    *told_until* is the scheduled time of the newest step that went out; *told* has the
    highest turn of each step that did. Neither what was planned before that time nor such
    a turn is told again, whatever happens to policies, calendars or clocks; what else is news
    is for `is_told` to say. Until *silenced_until* nobody wants to hear of it.
    """

    since: datetime
    acknowledged_at: datetime | None = None
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None
    customer_wrote_at: datetime | None = None
    told_until: datetime | None = None
    told: Mapping[str, int] = field(default_factory=dict)
    silenced_until: datetime | None = None

    @property
    def is_taken(self) -> bool:
        """Tell whether somebody has taken this wait, and not an earlier one of the case."""
        return self.acknowledged_at is not None and self.acknowledged_at >= self.since


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What to do now, why, and when to decide again (None: not until something happens).

    *firings* go out together as one alert; *skipped* were due earlier, or say no more than that
    a promise will be broken, and are covered by it, because nobody is paged twice for one thing.
    It goes to whoever any of them is for. *due* is the promise of which something is told, or will be next.
    """

    reason: Reason
    firings: tuple[Firing, ...] = ()
    skipped: tuple[Firing, ...] = ()
    look_again_at: datetime | None = None
    due: Due | None = field(default=None, compare=False)

    @property
    def to(self) -> tuple[str, ...]:
        """Return the sinks to tell, each once, those of the newest steps first."""
        return tuple(dict.fromkeys(sink for firing in self.told for sink in firing.to))

    @property
    def mentions(self) -> tuple[str, ...]:
        """Return who is called by name, each once."""
        return tuple(dict.fromkeys(who for firing in self.told for who in firing.mentions))

    @property
    def told(self) -> tuple[Firing, ...]:
        """Return what counts as told once the alert is: nobody's step gets lost in another's."""
        return *self.firings, *self.skipped


def decide(
    policy: Policy, promised: Sequence[Due], attention: Attention, now: datetime
) -> Decision:
    """Return whether the people of *policy* must hear at *now* of a wait for what is *promised*."""
    if not promised:
        return Decision(Reason.NO_TARGET)
    wakes_at = _snoozed_until(attention)
    if wakes_at and wakes_at > now:
        return Decision(Reason.SNOOZED, look_again_at=wakes_at)
    if attention.silenced_until and attention.silenced_until > now:
        return Decision(Reason.SILENCED, look_again_at=attention.silenced_until)
    if attention.is_taken:
        return _taken(policy, promised, attention, now)
    return _steps(policy, policy.steps, promised, attention, now)


def _taken(
    policy: Policy, promised: Sequence[Due], attention: Attention, now: datetime
) -> Decision:
    """Return what is still told of a wait that somebody has taken: some steps, and a reminder."""
    reminder = _reminder(policy, attention, now)
    going_on = [step for step in policy.steps if step.until is Until.ANSWERED]
    steps = _steps(policy, going_on, promised, attention, now)
    decision = steps if steps.firings else reminder
    again = [each.look_again_at for each in (steps, reminder) if each.look_again_at]
    if steps.firings and reminder.firings:
        again = [now]  # One thing at a time: the reminder is the next.
    return replace(decision, look_again_at=min(again, default=None))


def _snoozed_until(attention: Attention) -> datetime | None:
    """
    Return when a snooze ends; a customer who writes again ends it at once.

    What began after it, such as a promise of ours, was not put off by it.
    """
    asleep_since, wrote_at = attention.snoozed_at, attention.customer_wrote_at
    if asleep_since is None or (wrote_at and wrote_at > asleep_since):
        return None
    if attention.since > asleep_since:
        return None
    return attention.snoozed_until


def _reminder(policy: Policy, attention: Attention, now: datetime) -> Decision:
    acknowledged_at = attention.acknowledged_at or attention.since
    step = reminder_name(acknowledged_at)
    sinks = tuple(dict.fromkeys(sink for step in policy.steps for sink in step.to))
    if policy.remind_after is None or not sinks or step in attention.told:
        return Decision(Reason.ACKNOWLEDGED)
    at = reach(policy.hours, acknowledged_at, policy.hours.span(policy.remind_after))
    if at is None or at > now:
        return Decision(Reason.ACKNOWLEDGED, look_again_at=at)
    return Decision(Reason.REMINDER_DUE, firings=(Firing(step, 0, at, sinks),))


def _steps(
    policy: Policy,
    steps: Sequence[Step],
    promised: Sequence[Due],
    attention: Attention,
    now: datetime,
) -> Decision:
    ready: list[Firing] = []
    again: datetime | None = None
    next_due: Due | None = None
    for due in promised:
        untold, next_at = _ready(policy, steps, due, attention, now)
        ready = untold + ready
        if next_at and (again is None or next_at < again):
            again, next_due = next_at, due
    if not ready:
        reason = Reason.NOT_YET if again else Reason.NO_STEPS_LEFT
        return Decision(reason, look_again_at=again, due=next_due)
    # Of two promises one may be broken while the other is not: no warning stands for a breach.
    gravest = max((firing.is_breach, firing.at) for firing in ready)
    firings = tuple(each for each in ready if (each.is_breach, each.at) == gravest)
    skipped = tuple(each for each in ready if each not in firings)
    return Decision(Reason.STEP_DUE, firings, skipped, again, firings[0].due)


def _ready(
    policy: Policy, steps: Sequence[Step], due: Due, attention: Attention, now: datetime
) -> tuple[list[Firing], datetime | None]:
    """Return which steps of a promise are due and untold, and when the next one is due."""
    ready: list[Firing] = []
    again: datetime | None = None
    not_yet: timedelta | None = None
    for step in steps:
        offset = step_offset(policy.hours, due, step)
        if not_yet is not None and offset > not_yet:
            continue  # later than a step that is not due: most waits ask the calendar once
        newest, next_at = _turns(policy, due, step, offset, now)
        if newest is None:
            not_yet = offset
        elif not is_told(attention.told, attention.told_until, newest):
            ready.append(newest)
        if next_at and (again is None or next_at < again):
            again = next_at
    return ready, again


def _turns(
    policy: Policy, due: Due, step: Step, offset: timedelta, now: datetime
) -> tuple[Firing | None, datetime | None]:
    """Return the newest turn of *step* that is due, and when the next one is; walks no turns."""
    hours = policy.hours
    first = step_at(hours, due, step, offset)
    if first is None or first > now:
        return None, first
    name = step_name(policy, due, step)
    called = step.called(now, hours.timezone)
    if step.repeat is None:
        return Firing(name, 0, first, step.to, called, due), None
    every = hours.span(step.repeat)
    turn = newest_turn(hours, due, first, every, now)
    at = turn_at(hours, due, first, every, turn) or first
    return Firing(name, turn, at, step.to, called, due), turn_at(hours, due, first, every, turn + 1)


def newest_turn(
    hours: OpeningHours, due: Due, first: datetime, every: timedelta, now: datetime
) -> int:
    """Return which turn is the newest by *now* of a step that was due *first* before it."""
    last = max(first, min(now, due.repeated_until)) if due.repeated_until else now
    return hours.between(first, last, due.pauses) // every


def turn_at(
    hours: OpeningHours, due: Due, first: datetime, every: timedelta, turn: int
) -> datetime | None:
    """Return when *turn* of a step that is due *first* falls due, None if it never does."""
    if not turn:
        return first  # No time at all after a closing would be the next opening.
    at = reach(hours, first, turn * every, due.pauses)
    is_over = at is not None and due.repeated_until is not None and at > due.repeated_until
    return None if is_over else at


def step_at(hours: OpeningHours, due: Due, step: Step, offset: timedelta) -> datetime | None:
    """
    Return when *step* is due, whose place in open time is *offset*; None if that never comes.

    What we promised for an hour at which nobody works is not broken when the last one goes home,
    and by then people have heard of it, though nobody works before that either.
    """
    if offset <= due.allowed and step.at.percent >= 100 and not step.at.minus:
        return due.at
    at = reach(hours, due.since, offset, due.pauses)
    if offset > due.allowed:
        return at
    return min(at, due.at) if at else due.at


def step_offset(hours: OpeningHours, due: Due, step: Step) -> timedelta:
    """Return how much open time after the start of the promise *step* is due."""
    return hours.step(step.at, BusinessSpan(time=due.allowed))
