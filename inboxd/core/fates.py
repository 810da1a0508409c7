"""
What became of each step: one named reason for everything that was told, or was not.

Pure. What was told is what the alerts say; all else is why the step they are not about went out
with another one, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inboxd.core.escalation import newest_turn, step_at, step_offset, turn_at
from inboxd.core.policies import Until
from inboxd.core.sla import Target, dues, reach
from inboxd.core.told import Firing, is_of_resolution, is_told, reminder_name, step_name
from inboxd.core.waits import CaseStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from inboxd.core.policies import Policy, Step
    from inboxd.core.silences import Silence
    from inboxd.core.sla import Due
    from inboxd.core.states import CaseState, WaitState

_AT_ONCE = timedelta(minutes=2)
"""What is told within it of its time was told at once: a daemon polls, judges and looks."""
Span = tuple["datetime", "datetime"]


class Fate(StrEnum):
    """What became of a step."""

    TOLD = "told"
    WITHDRAWN = "withdrawn before it left"
    COVERED = "covered by a later one"
    HISTORY = "counts as told: it was history when it was read first"
    ANSWERED_BEFORE = "not told: the wait ended before"
    ACKNOWLEDGED = "not told: acknowledged"
    SILENCED = "not told: silenced"
    SNOOZED = "not told: snoozed"
    HELD = "not told: acknowledged, until that was taken back"
    HEARD_LATE = "not told: heard of too late"
    NOBODY_RAN = "not told: no daemon ran"
    NOT_YET = "not yet"
    DUE = "due now: told with the next look"
    OTHER_RULES = "not told: the rules, or what was known, were others then"
    NEVER = "never: the calendar does not open again"


@dataclass(frozen=True, slots=True)
class Told:
    """One alert about a wait: for which turn of which step; a *withdrawn* one reached nobody."""

    step: str
    turn: int
    at: datetime
    withdrawn: bool = False

    @property
    def is_resolution(self) -> bool:
        """Tell whether it was of its case's resolution."""
        return is_of_resolution(self.step)


@dataclass(frozen=True, slots=True)
class StepFate:
    """
    One turn of one step (None: the reminder), when it was planned, and what became of it.

    *since* is when that was so: when it was told, or until when a silence lasts; *alert* is the
    one that told it, or covered it, and *late* is what kept it if it was told after its time.
    """

    step: Step | None
    turn: int
    at: datetime | None
    fate: Fate
    since: datetime | None = None
    alert: Told | None = None
    called: tuple[str, ...] = ()
    late: Fate | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What kept steps from being told: who had taken the case, what slept, and what nobody saw."""

    now: datetime
    taken_at: datetime | None = None
    sleeps: Sequence[Span] = ()
    held: Sequence[Span] = ()
    """When somebody had taken the case who took that back later."""
    silences: Sequence[Silence] = ()
    """Those that cover the case, whenever they were."""
    heard_at: datetime | None = None
    absences: Sequence[Span] = ()
    told_elsewhere: Sequence[Told] = ()
    """What was told in other waits of the case of its resolution."""


def promised_then(case: CaseState, wait: WaitState, policy: Policy) -> tuple[Due, ...]:
    """Return the promises whose steps were told of *wait* while it was open, under *policy*."""
    as_open = replace(wait, end=None, ended_at=None)
    then = replace(case, waits=(as_open,), status=CaseStatus.WAITING)
    return next((running.told for running in dues(then, policy).waits), ())


def fates(
    policy: Policy,
    promised: Sequence[Due],
    wait: WaitState,
    alerts: Sequence[Told],
    around: Circumstances,
) -> list[tuple[Due, list[StepFate]]]:
    """
    Return what became of each step of *policy* for *wait*, by what was *promised*.

    Those of a promise are in the order in which they fall due; the reminder is with the last
    promise. What was told of the case in other waits is not among them, nor is a promise beside
    the last one of which nothing else is left.
    """
    found = []
    for due in promised:
        view = _View(policy, due, wait, alerts, around)
        turns = (each for step in policy.steps for each in view.turns(step))
        steps = [each for each in turns if not view.is_told_elsewhere(each)]
        is_last = due is promised[-1]
        if is_last:
            steps.extend(view.reminder())
        latest = max((each.at for each in steps if each.at), default=due.at)
        if steps or is_last or not policy.steps:
            found.append((due, sorted(steps, key=lambda each: each.at or latest)))
    return found


def foreign(alerts: Iterable[Told], found: Iterable[StepFate]) -> list[Told]:
    """Return the alerts that are of no step any more: the rules were others when they went out."""
    known = {(each.alert.step, each.alert.turn) for each in found if each.alert}
    return [each for each in alerts if (each.step, each.turn) not in known]


@dataclass(frozen=True, slots=True)
class _View:
    """One wait under one policy."""

    policy: Policy
    due: Due
    wait: WaitState
    alerts: Sequence[Told]
    around: Circumstances

    @property
    def _end(self) -> datetime:
        """Return up to when anything could be told."""
        ended = self.wait.ended_at
        return min(ended, self.around.now) if ended else self.around.now

    def turns(self, step: Step) -> Iterator[StepFate]:
        """Yield what became of a step and, if it is repeated, of each turn that matters."""
        hours, name = self.policy.hours, step_name(self.policy, self.due, step)
        offset = step_offset(hours, self.due, step)
        first = step_at(hours, self.due, step, offset)
        if first is None:
            yield StepFate(step, 0, None, Fate.NEVER)
            return
        if step.repeat is None:
            yield self._turn(step, name, 0, first)
            return
        every = hours.span(step.repeat)
        for turn in self._turns_that_matter(name, first, every):
            at = turn_at(hours, self.due, first, every, turn)
            if at is not None:
                yield self._turn(step, name, turn, at)

    def is_told_elsewhere(self, each: StepFate) -> bool:
        """Tell whether people knew of a turn by what was told in another wait of the case."""
        if self.due.target is not Target.RESOLUTION or each.at is None:
            return False
        if each.fate not in {Fate.HISTORY, Fate.COVERED}:
            return False
        here = each.alert.at if each.alert else self._end
        return any(each.at <= told.at < here for told in self.around.told_elsewhere)

    def _turns_that_matter(self, name: str, first: datetime, every: timedelta) -> list[int]:
        """Return the turns that were told, the newest that was due, and the next."""
        told = {alert.turn for alert in self.alerts if alert.step == name}
        if self._end < first:
            return sorted({0, *told})
        newest = newest_turn(self.policy.hours, self.due, first, every, self._end)
        going_on = {newest + 1} if self.wait.end is None else set()
        return sorted({0, newest, *told, *going_on})

    def _turn(self, step: Step, name: str, turn: int, at: datetime) -> StepFate:
        called = step.called(at, self.policy.hours.timezone)
        fate, since, alert = self._fate(step, name, turn, at)
        late = self._why_late(at, alert.at) if alert and fate is Fate.TOLD else None
        return StepFate(step, turn, at, fate, since, alert, called, late)

    def _why_late(self, at: datetime, told_at: datetime) -> Fate | None:
        """Return what kept a step that was told from being told in time."""
        if told_at - at < _AT_ONCE:
            return None
        fate, _ = self._muted(at, told_at) or self._unseen(at, told_at)
        return fate

    def _fate(
        self, step: Step, name: str, turn: int, at: datetime
    ) -> tuple[Fate, datetime | None, Told | None]:
        alert = next((a for a in self.alerts if (a.step, a.turn) == (name, turn)), None)
        if alert:
            return Fate.WITHDRAWN if alert.withdrawn else Fate.TOLD, alert.at, alert
        firing = Firing(name, turn, at, step.to, due=self.due)
        if is_told(self.wait.told, self.wait.told_until, firing):
            later = next((alert for alert in self.alerts if alert.at >= at), None)
            if later is None:
                return Fate.HISTORY, None, None
            return Fate.COVERED, later.at, later
        return (*self._why_not(step, at), None)

    def _why_not(self, step: Step, at: datetime) -> tuple[Fate, datetime | None]:
        """Return why a step was not told, and since or until when that is so."""
        around, taken_at = self.around, self.around.taken_at
        taken = taken_at is not None and self.wait.since <= taken_at <= self._end
        if taken and step.until is Until.ACKNOWLEDGED:
            return Fate.ACKNOWLEDGED, taken_at
        if self.wait.ended_at and self.wait.ended_at <= at:
            return Fate.ANSWERED_BEFORE, self.wait.ended_at
        if at > around.now:
            return Fate.NOT_YET, at
        if muted := self._muted(at, self._end):
            return muted
        return self._unseen(at, self._end) if self.wait.end else (Fate.DUE, None)

    def _muted(self, at: datetime, end: datetime) -> tuple[Fate, datetime] | None:
        """Return until when nobody wanted to hear of what fell due at *at*."""
        open_at = at, end
        for silence in self.around.silences:
            if _meet((silence.began_at, silence.until), open_at):
                return Fate.SILENCED, silence.until
        # What began after a snooze was not put off by it.
        sleeps = (each for each in self.around.sleeps if each[0] >= self.wait.since)
        asleep = (until for since, until in sleeps if _meet((since, until), open_at))
        for until in asleep:
            return Fate.SNOOZED, until
        held = (until for since, until in self.around.held if _meet((since, until), open_at))
        return next(((Fate.HELD, until) for until in held), None)

    def _unseen(self, at: datetime, end: datetime) -> tuple[Fate, datetime | None]:
        """Return why nobody looked between a step's time and the end of its wait."""
        heard_at = self.around.heard_at
        if heard_at and heard_at >= at:
            return Fate.HEARD_LATE, heard_at
        for absence in self.around.absences:
            if _meet(absence, (at, end)):
                return Fate.NOBODY_RAN, absence[1]
        return Fate.OTHER_RULES, None

    def reminder(self) -> Iterator[StepFate]:
        """Yield what became of the reminder, where somebody has taken the wait."""
        taken_at, policy = self.around.taken_at, self.policy
        taken = taken_at is not None and taken_at >= self.wait.since
        if not taken or taken_at is None or policy.remind_after is None:
            return
        if self.wait.ended_at and taken_at > self.wait.ended_at:
            return
        name = reminder_name(taken_at)
        at = reach(policy.hours, taken_at, policy.hours.span(policy.remind_after))
        alert = next((each for each in self.alerts if each.step == name), None)
        if alert:
            fate = Fate.WITHDRAWN if alert.withdrawn else Fate.TOLD
            yield StepFate(None, 0, at, fate, alert.at, alert)
        elif at is None:
            yield StepFate(None, 0, None, Fate.NEVER)
        elif self.wait.ended_at and self.wait.ended_at <= at:
            yield StepFate(None, 0, at, Fate.ANSWERED_BEFORE, self.wait.ended_at)
        else:
            fate = Fate.NOT_YET if at > self.around.now else Fate.DUE
            for silence in self.around.silences:
                if at <= self.around.now and _meet(
                    (silence.began_at, silence.until), (at, self._end)
                ):
                    fate = Fate.SILENCED
            yield StepFate(None, 0, at, fate, at)


def _meet(one: Span, other: Span) -> bool:
    """Tell whether two spans have an instant in common."""
    return one[0] <= other[1] and other[0] < one[1]
