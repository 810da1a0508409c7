"""The tick: whoever must hear of something by now gets an alert in the outbox."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts import step_alert
from inboxd.core.escalation import decide
from inboxd.core.sla import dues
from inboxd.core.tracking import attention_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from inboxd.core.silences import Silence
    from inboxd.core.tracking import CaseState, Rules, Setting, WaitState
    from inboxd.model import Alert
    from inboxd.pipeline import Pipeline
    from inboxd.store import Store

log = structlog.get_logger(__name__)

_BATCH = 500
_AFTER_A_CRASH = timedelta(minutes=5)
"""How soon a case is looked at again that our own bug kept us from deciding on."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to write about one case: what its wait is now, when to look again, whom to tell."""

    wait: WaitState | None
    look_again_at: datetime | None
    alert: Alert | None = None
    to: tuple[str, ...] = ()


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
                for case, setting in due:
                    self._carry_out(case, self._plan(case, setting, now))
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
            return _Plan(case.wait, now + _AFTER_A_CRASH)

    def _decided(self, case: CaseState, setting: Setting, now: datetime) -> _Plan:
        policy, wait = self._policies.get(case.policy), case.wait
        due = dues(case, policy).governing if policy else None
        if policy is None or wait is None or due is None:
            return _Plan(wait, None)
        decision = decide(policy, due, attention_of(case, setting, self._silences, now), now)
        if not decision.firings:
            return _Plan(wait, decision.look_again_at)
        card = self._store.views.card(case, setting, wait)
        fired = [*decision.firings, *decision.skipped]
        told = replace(
            wait,
            told_until=max(firing.at for firing in fired),
            told=dict(wait.told) | {firing.step: firing.turn for firing in fired},
        )
        unread = self._unread.get(setting.account)
        alert = step_alert(card, wait, due, decision, now, unread_since=unread)
        return _Plan(told, decision.look_again_at, alert, decision.to)

    def _carry_out(self, case: CaseState, plan: _Plan) -> None:
        if plan.wait is None:
            self._store.cases.set_next_step([(case.id, plan.look_again_at)])
            return
        if plan.alert and self._pipeline.tell(plan.alert, plan.to, plan.wait):
            log.info("alert queued", case=case.id, reason=plan.alert.reason, to=",".join(plan.to))
        self._store.cases.set_told(case, plan.wait, plan.look_again_at)
