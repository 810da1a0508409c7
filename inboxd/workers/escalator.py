"""The tick: whoever must hear of something by now gets an alert in the outbox."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.cases import step_alert
from inboxd.core.escalation import Reason
from inboxd.core.told import remembered
from inboxd.core.tracking import decisions, silence_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from inboxd.core.escalation import Decision
    from inboxd.core.silences import Silence
    from inboxd.core.sla import Due
    from inboxd.core.states import CaseState, Setting, WaitState
    from inboxd.core.tracking import Rules
    from inboxd.model import Alert
    from inboxd.pipeline import Pipeline
    from inboxd.store import Store

log = structlog.get_logger(__name__)

_BATCH = 500
_AFTER_A_CRASH = timedelta(minutes=5)
"""How soon a case is looked at again that our own bug kept us from deciding on."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What to write about one wait: what people now know of it, and whom to tell what."""

    wait: WaitState
    alert: Alert | None = None
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to write about one case: what is told of its waits, and when to look again."""

    told: tuple[_Told, ...]
    look_again_at: datetime | None


class Escalator:
    """Applies the pure decision to what is due, in one transaction a tick."""

    def __init__(self, store: Store, pipeline: Pipeline, rules: Rules) -> None:
        self._store = store
        self._pipeline = pipeline
        self._policies = {policy.name: policy for policy in rules.policies}
        self._unread: Mapping[str, datetime] = {}
        self._silences: Sequence[Silence] = ()

    def tick(self, now: datetime) -> int:
        """Queue every alert that is due by *now*; returns how many cases were looked at."""
        if not self._store.cases.anything_due(now):
            return 0
        self._pipeline.track_pending(now)
        looked, found = 0, _BATCH
        while found == _BATCH:
            # Read and written at once: what another process does meanwhile waits for us.
            with self._store.transaction():
                due = self._store.cases.due_steps(now, _BATCH)
                self._unread = self._store.sources.told_since() if due else {}
                self._silences = self._store.silences.active(now) if due else ()
                plans = [(case, self._plan(case, setting, now)) for case, setting in due]
                for case, plan in plans:
                    self._carry_out(case, plan)
                steps = [(case.id, plan.look_again_at) for case, plan in plans]
                self._store.cases.set_next_step(steps)
            found = len(due)
            looked += found
        self._store.cases.resolve_quiet(now)
        return looked

    def _plan(self, case: CaseState, setting: Setting, now: datetime) -> _Plan:
        """Return what to do about *case*; one that baffles us does not silence the others."""
        try:
            return self._decided(case, setting, now)
        except Exception:
            log.exception("escalation crashed", case=case.id)
            return _Plan((), now + _AFTER_A_CRASH)

    def _decided(self, case: CaseState, setting: Setting, now: datetime) -> _Plan:
        policy = self._policies.get(case.policy)
        silenced = silence_of(case, setting, self._silences, now)
        decided = decisions(case, policy, now, silenced) if policy else []
        told: list[_Told] = []
        reminded: set[str] = set()
        for wait, due, decision in decided:
            names = {firing.step for firing in decision.firings}
            if due is None or not names:
                continue
            if decision.reason is Reason.REMINDER_DUE and names <= reminded:
                # One reminder of what was taken once.
                told.append(_Told(_known(wait, decision)))
                continue
            reminded |= names
            alert = self._alert(case, setting, wait, due, decision, now)
            told.append(_Told(_known(wait, decision), alert, decision.to))
        looks = [each.look_again_at for _, _, each in decided if each.look_again_at]
        return _Plan(tuple(told), min(looks, default=None))

    def _alert(  # noqa: PLR0913, PLR0917 - what is told of one wait, and why
        self,
        case: CaseState,
        setting: Setting,
        wait: WaitState,
        due: Due,
        decision: Decision,
        now: datetime,
    ) -> Alert:
        card = replace(self._store.views.card(case, setting, wait), due_at=due.at)
        unread = self._unread.get(setting.account)
        return step_alert(card, wait, due, decision, now, unread_since=unread)

    def _carry_out(self, case: CaseState, plan: _Plan) -> None:
        for each in plan.told:
            alert, to = each.alert, each.to
            if alert and self._pipeline.tell(alert, to, each.wait):
                log.info("alert queued", case=case.id, reason=alert.reason, to=",".join(to))
            self._store.cases.set_told(each.wait)


def _known(wait: WaitState, decision: Decision) -> WaitState:
    """Return *wait* as people know it once they have heard what was decided."""
    told, told_until = remembered(wait.told, wait.told_until, decision.told)
    return replace(wait, told=told, told_until=told_until)
