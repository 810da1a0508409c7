"""What became of each step of a case, in words and as JSON: who was told, or why nobody was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inboxd.core import fates
from inboxd.core.fates import Fate
from inboxd.core.tracking import facts_of
from inboxd.core.waits import WaitEnd
from inboxd.durations import format_duration
from inboxd.store.times import maybe_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from inboxd.core.fates import StepFate
    from inboxd.core.policies import Policy
    from inboxd.core.sla import Due
    from inboxd.core.states import CaseState, Setting, WaitState
    from inboxd.store import Store
    from inboxd.store.told import Delivered, ToldAlert

_ABSENT = timedelta(minutes=1)
_LATER = dict.fromkeys((Fate.SILENCED, Fate.SNOOZED, Fate.HELD, Fate.NOBODY_RAN), "until")
"""Fates whose instant is an end and not a beginning."""
_TOLD_ELSEWHERE = "people have heard of it with another message of the case"
_KEPT = {
    Fate.SILENCED: "it was silenced",
    Fate.SNOOZED: "the case was snoozed",
    Fate.HELD: "somebody had acknowledged it, and took that back",
    Fate.HEARD_LATE: "the message was heard of late",
    Fate.NOBODY_RAN: "no daemon ran",
    Fate.OTHER_RULES: "a verdict, what was known, or the rules changed meanwhile",
}
_HELD = {
    "quiet": "held back by quiet hours",
    "limit": "held back by the limit of messages an hour",
}
_WAITED = {
    "pending": "waits until",
    "sending": "is being sent since",
    "unsure": "may or may not have arrived at",
    "cancelled": "was withdrawn before it left",
}


@dataclass(frozen=True, slots=True)
class _WaitReasons:
    """One wait, what was promised of it, and what became of the steps of each promise."""

    wait: WaitState
    promised: tuple[tuple[Due, Sequence[StepFate]], ...]
    alerts: tuple[ToldAlert, ...]
    taken_by: str


class Reasons:
    """Tells of the steps of one case under its *policy*, times in *tz*."""

    def __init__(
        self,
        store: Store,
        case: CaseState,
        setting: Setting,
        policy: Policy | None,
        span: tuple[datetime, tzinfo],
    ) -> None:
        self._store = store
        self._case = case
        self._policy = policy
        self._now, self._tz = span
        facts = facts_of(setting, case.traits)
        lasting = store.silences.lasting(case.opened_at)
        self._silences = [each for each in lasting if not each.match.refusal(facts)]
        self._alerts = store.told.of_case(case.id or 0)
        self._waits = [self._reasons(w) for w in case.waits if w.end is not WaitEnd.VOID]

    def _reasons(self, wait: WaitState) -> _WaitReasons:
        store, case = self._store, self._case
        alerts = tuple(each for each in self._alerts if each.wait == wait.id)
        told = _told(alerts)
        end = wait.ended_at or self._now
        taken = [(at, by) for at, by in store.told.taken(case.id or 0) if wait.since <= at <= end]
        taken_at, taken_by = taken[-1] if taken else (None, "")
        promised: list[tuple[Due, list[StepFate]]] = []
        if self._policy:
            around = fates.Circumstances(
                now=self._now,
                taken_at=taken_at,
                sleeps=store.told.sleeps(case.id or 0),
                held=store.told.held(case.id or 0),
                silences=self._silences,
                heard_at=store.told.heard_at(wait.message),
                absences=store.coverage.absences(wait.since, end, _ABSENT),
                told_elsewhere=self._told_elsewhere(wait),
            )
            due = fates.promised_then(case, wait, self._policy)
            promised = fates.fates(self._policy, due, wait, told, around)
        return _WaitReasons(wait, tuple(promised), alerts, taken_by)

    def _told_elsewhere(self, wait: WaitState) -> list[fates.Told]:
        others = [each for each in self._alerts if each.wait != wait.id and not each.withdrawn]
        return [each for each in _told(others) if each.is_resolution]

    def lines(self) -> Iterator[str]:
        """Yield what became of each step of each wait, the oldest first."""
        for reasons in self._waits:
            wait = reasons.wait
            if not reasons.promised:
                yield f"{_words(wait.kind)} since {self._time(wait.since)}: nothing is promised"
            for due, steps in reasons.promised:
                yield f"{_words(due.target)}, since {self._time(due.since)}, due {self._time(due.at)}"
                if not steps:
                    has_steps = self._policy is not None and self._policy.steps
                    yield f"  {_TOLD_ELSEWHERE if has_steps else 'the policy has no steps'}"
                for each in steps:
                    yield f"  {self._step(each, reasons)}"
                    yield from self._deliveries(each, reasons.alerts)
            for alert in self._under_other_rules(reasons):
                step = alert.named[0]
                yield f"  {step}: told {self._time(alert.at)}, under rules that have changed since"
                yield from (f"    {self._delivery(each)}" for each in alert.deliveries)
            yield from self._endings(reasons)

    def _step(self, each: StepFate, reasons: _WaitReasons) -> str:
        step = each.step
        name = str(step.at) if step else "reminder"
        again = f" no. {each.turn + 1}, every {step.repeat}" if step and step.repeat else ""
        to = f" to {', '.join(step.to)}" if step else ""
        called = f", calling {', '.join(each.called)}" if each.called else ""
        at = f" at {self._time(each.at)}" if each.at else ""
        return f"{name}{again}{to}{called}{at}: {self._fate(each, reasons)}"

    def _fate(self, each: StepFate, reasons: _WaitReasons) -> str:
        if each.fate is Fate.COVERED and each.alert:
            return f"{each.fate} ({_short(each.alert.step)}, told {self._time(each.alert.at)})"
        if each.fate is Fate.ANSWERED_BEFORE:
            how = _words(reasons.wait.end or "ended")
            return f"not told: {how} before, at {self._time(each.since)}"
        by = f" by {reasons.taken_by}" if each.fate is Fate.ACKNOWLEDGED else ""
        if each.fate is Fate.NOT_YET or each.since is None:
            return f"{each.fate}{by}"
        late = f" ({_after(each)})" if each.late else ""
        return f"{each.fate}{by} {_LATER.get(each.fate, 'at')} {self._time(each.since)}{late}"

    def _deliveries(self, each: StepFate, alerts: Sequence[ToldAlert]) -> Iterator[str]:
        if each.fate not in {Fate.TOLD, Fate.WITHDRAWN} or each.alert is None:
            return
        named = each.alert.step, each.alert.turn
        for alert in alerts:
            if alert.named == named:
                yield from (f"    {self._delivery(one)}" for one in alert.deliveries)

    def _under_other_rules(self, reasons: _WaitReasons) -> list[ToldAlert]:
        steps = (each for _, found in reasons.promised for each in found)
        told = fates.foreign(_told(reasons.alerts), steps)
        names = {(each.step, each.turn) for each in told}
        return [each for each in reasons.alerts if each.named in names and _is_step(each)]

    def _endings(self, reasons: _WaitReasons) -> Iterator[str]:
        for alert in reasons.alerts:
            if not _is_step(alert):
                yield f"  its end ({_words(alert.reason.removeprefix('wait_'))}) was told {self._time(alert.at)}"
                yield from (f"    {self._delivery(each)}" for each in alert.deliveries)

    def _delivery(self, each: Delivered) -> str:
        if each.state == "sent":
            said = f"delivered {self._time(each.at)}"
        elif each.state == "refused":
            said = f"refused {self._time(each.at)}"
        elif each.state == "cancelled":
            said = _WAITED[each.state]
        else:
            said = f"{_WAITED[each.state]} {self._time(each.at)}"
        facts = [
            _HELD.get(each.held, ""),
            f"instead of {each.instead_of}, which did not take it" if each.instead_of else "",
            f"in one message with {_cases(each.together)}" if each.together else "",
            f"after {each.attempts} attempts" if each.attempts > 1 else "",
            each.error,
        ]
        return ", ".join(filter(None, [f"{each.sink}: {said}", *facts]))

    def as_json(self) -> list[dict[str, Any]]:
        """Return the same for programs, instants in UTC."""
        return [
            {
                "wait": reasons.wait.kind,
                "since": to_text(reasons.wait.since),
                "due_at": maybe_text(next((due.at for due, _ in reasons.promised), None)),
                "target": next((due.target for due, _ in reasons.promised), None),
                "outcome": reasons.wait.end,
                "ended_at": maybe_text(reasons.wait.ended_at),
                "steps": [
                    {"target": due.target, **_step_json(each)}
                    for due, steps in reasons.promised
                    for each in steps
                ],
                "alerts": [_alert_json(each) for each in reasons.alerts],
            }
            for reasons in self._waits
        ]

    def _time(self, instant: datetime | None) -> str:
        return instant.astimezone(self._tz).strftime("%Y-%m-%d %H:%M:%S") if instant else "?"


def _told(alerts: Sequence[ToldAlert]) -> list[fates.Told]:
    return [fates.Told(*each.named, each.at, each.withdrawn) for each in alerts if _is_step(each)]


def _is_step(alert: ToldAlert) -> bool:
    return not alert.reason.startswith("wait_")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _short(step: str) -> str:
    """Return a step's name without its policy and target."""
    return "the reminder" if step.startswith("reminder/") else step.rpartition("/")[2]


def _after(each: StepFate) -> str:
    """Return by how much a step was told after its time, and what kept it."""
    late = format_duration(each.since - each.at) if each.since and each.at else ""
    return f"{late} after its time: {_KEPT.get(each.late or Fate.OTHER_RULES, '')}"


def _cases(numbers: Sequence[int]) -> str:
    listed = ", ".join(str(number) for number in numbers[:10])
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return f"case{'s' if len(numbers) > 1 else ''} {listed}{more}"


def _step_json(each: StepFate) -> dict[str, Any]:
    step = each.step
    return {
        "step": str(step.at) if step else "reminder",
        "turn": each.turn,
        "to": list(step.to) if step else [],
        "called": list(each.called),
        "at": maybe_text(each.at),
        "fate": each.fate.name.lower(),
        "since": maybe_text(each.since),
        "kept": each.late.name.lower() if each.late else None,
    }


def _alert_json(alert: ToldAlert) -> dict[str, Any]:
    return {
        "key": alert.key,
        "reason": alert.reason,
        "at": to_text(alert.at),
        "headline": alert.headline,
        "called": list(alert.mentions),
        "deliveries": [
            {
                "sink": each.sink,
                "state": each.state,
                "at": to_text(each.at),
                "held": each.held,
                "instead_of": each.instead_of,
                "error": each.error,
                "attempts": each.attempts,
                "together_with": list(each.together),
            }
            for each in alert.deliveries
        ],
    }
