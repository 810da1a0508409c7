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
from inboxd.core.sla import Target, reach
from inboxd.core.states import FOR_EVER
from inboxd.durations import BusinessSpan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from inboxd.core.hours import OpeningHours
    from inboxd.core.policies import Policy, Step
    from inboxd.core.sla import Due


BROKEN = "broken"
"""What is told of a wait, among its steps, once people know that its promise is broken."""
OVERDUE = f"{BROKEN}/{Target.RESOLUTION}"
"""What is told of it, and of all later ones of the case, once people know its resolution to be."""


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
class Firing:
    """
    One turn of one step: *turn* counts its repetitions from 0.

    *step* (``complaints/first_response/100%+1h``) and *turn* say within a wait, for ever, what
    was told. A step is named by its moment and not by its place in the list: that the first
    of three was told must not silence the one that is first after an edit. *due* is the promise
    that it is a step of; a reminder is of none.
    """

    step: str
    turn: int
    at: datetime
    to: tuple[str, ...]
    mentions: tuple[str, ...] = ()
    due: Due | None = None

    @property
    def is_breach(self) -> bool:
        """Tell whether it says that a promise is broken."""
        return self.due is not None and self.at >= self.due.at


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

    *firings* go out together as one alert; *skipped* were due earlier and are covered by
    it, because nobody is paged twice for one thing. It goes to whoever any of them is for.
    """

    reason: Reason
    firings: tuple[Firing, ...] = ()
    skipped: tuple[Firing, ...] = ()
    look_again_at: datetime | None = None

    @property
    def to(self) -> tuple[str, ...]:
        """Return the sinks to tell, each once, those of the newest steps first."""
        return tuple(dict.fromkeys(sink for firing in self._told for sink in firing.to))

    @property
    def mentions(self) -> tuple[str, ...]:
        """Return who is called by name, each once."""
        return tuple(dict.fromkeys(who for firing in self._told for who in firing.mentions))

    @property
    def _told(self) -> tuple[Firing, ...]:
        """Return what counts as told once the alert is: nobody's step gets lost in another's."""
        return *self.firings, *self.skipped


def decide(
    policy: Policy,
    due: Due | None,
    attention: Attention,
    now: datetime,
    beside: Due | None = None,
) -> Decision:
    """
    Return whether the people of *policy* must hear of a wait at *now*.

    *due* is the promise that counts, *beside* the wait's own where that is its case's resolution.
    """
    if due is None:
        return Decision(Reason.NO_TARGET)
    wakes_at = _snoozed_until(attention)
    if wakes_at and wakes_at > now:
        return Decision(Reason.SNOOZED, look_again_at=wakes_at)
    if attention.silenced_until and attention.silenced_until > now:
        return Decision(Reason.SILENCED, look_again_at=attention.silenced_until)
    if attention.is_taken:
        return _taken(policy, due, attention, now, beside)
    return _steps(policy, policy.steps, due, attention, now, beside)


def _taken(
    policy: Policy, due: Due, attention: Attention, now: datetime, beside: Due | None
) -> Decision:
    """Return what is still told of a wait that somebody has taken: some steps, and a reminder."""
    reminder = _reminder(policy, attention, now)
    going_on = [step for step in policy.steps if step.until is Until.ANSWERED]
    steps = _steps(policy, going_on, due, attention, now, beside)
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


def _steps(  # noqa: PLR0913, PLR0917 - what is promised, to whom it is told, and what was
    policy: Policy,
    steps: Sequence[Step],
    due: Due,
    attention: Attention,
    now: datetime,
    beside: Due | None,
) -> Decision:
    ready, again = _ready(policy, steps, due, attention, now, beside.at if beside else None)
    if beside:
        if due.at <= attention.since and any(firing.is_breach for firing in ready):
            again = None  # The case was overdue before: that is told once.
        own, own_again = _ready(policy, steps, beside, attention, now)
        ready = own + ready
        again = min((at for at in (again, own_again) if at), default=None)
    if not ready:
        reason = Reason.NOT_YET if again else Reason.NO_STEPS_LEFT
        return Decision(reason, look_again_at=again)
    latest = max(firing.at for firing in ready)
    return Decision(
        Reason.STEP_DUE,
        firings=tuple(firing for firing in ready if firing.at == latest),
        skipped=tuple(firing for firing in ready if firing.at < latest),
        look_again_at=again,
    )


def _ready(  # noqa: PLR0913, PLR0917 - as above
    policy: Policy,
    steps: Sequence[Step],
    due: Due,
    attention: Attention,
    now: datetime,
    until: datetime | None = None,
) -> tuple[list[Firing], datetime | None]:
    """Return which steps of a promise are due and untold, and when the next one is due."""
    ready: list[Firing] = []
    again: datetime | None = None
    not_yet: timedelta | None = None
    for step in steps:
        offset = step_offset(policy.hours, due, step)
        if not_yet is not None and offset > not_yet:
            continue  # later than a step that is not due: most waits ask the calendar once
        newest, next_at = _turns(policy, due, step, offset, now, until)
        if newest is None:
            not_yet = offset
        elif not is_told(attention.told, attention.told_until, newest):
            ready.append(newest)
        if next_at and (again is None or next_at < again):
            again = next_at
    return ready, again


def step_name(policy: Policy, due: Due, step: Step) -> str:
    """Return what *step* is called in a wait, for ever: ``complaints/first_response/100%+1h``."""
    repeated = f" every {step.repeat}" if step.repeat else ""
    moment = f"{step.at}{repeated}".replace(" ", "")
    return f"{policy.name}/{due.target}/{moment}"


def reminder_name(acknowledged_at: datetime) -> str:
    """Return what the one reminder of an acknowledgement is called."""
    return f"reminder/{acknowledged_at.isoformat()}"


def is_told(told: Mapping[str, int], told_until: datetime | None, firing: Firing) -> bool:
    """
    Return whether people know what *firing* would tell them.

    What was planned before something that was told is covered by it; but that a promise is
    broken is news to whoever was told no more than that it would be, though a change of the
    rules has put it before that.
    """
    if firing.turn <= told.get(firing.step, -1):
        return True
    if told_until is None or firing.at > told_until:
        return False
    return not firing.is_breach or BROKEN in told or told_until == FOR_EVER


def remembered(
    told: Mapping[str, int], told_until: datetime | None, decision: Decision
) -> tuple[Mapping[str, int], datetime]:
    """Return what people know of a wait once they have heard what was decided."""
    fired = [*decision.firings, *decision.skipped]
    now = dict(told) | {firing.step: firing.turn for firing in fired}
    broken = {firing.due.target for firing in fired if firing.due and firing.is_breach}
    if broken:
        now[BROKEN] = 0
    if Target.RESOLUTION in broken:
        now[OVERDUE] = 0
    return now, max([firing.at for firing in fired] + ([told_until] if told_until else []))


def _turns(  # noqa: PLR0913, PLR0917 - as above
    policy: Policy,
    due: Due,
    step: Step,
    offset: timedelta,
    now: datetime,
    until: datetime | None,
) -> tuple[Firing | None, datetime | None]:
    """
    Return the newest turn of *step* that is due, and when the next one is; walks no turns.

    After *until* it is not repeated: another promise's steps are, from then on.
    """
    hours = policy.hours
    first = step_at(hours, due, step, offset)
    if first is None or first > now:
        return None, first
    name = step_name(policy, due, step)
    called = step.called(now, hours.timezone)
    if step.repeat is None:
        return Firing(name, 0, first, step.to, called, due), None
    every = hours.span(step.repeat)
    last = max(first, min(now, until)) if until else now
    turn = hours.between(first, last, due.pauses) // every
    # No time at all after a closing would be the next opening.
    at = hours.add(first, turn * every, due.pauses) if turn else first
    next_at = reach(hours, first, (turn + 1) * every, due.pauses)
    if until and next_at and next_at > until:
        next_at = None
    return Firing(name, turn, at, step.to, called, due), next_at


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
