"""The tick: whoever must hear of something by now gets an alert in the outbox."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts import step_alert
from inboxd.core.escalation import decide
from inboxd.core.sla import dues
from inboxd.core.tracking import attention_of

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.core.escalation import Decision
    from inboxd.core.sla import Due
    from inboxd.core.tracking import CaseState, Rules, Setting, WaitState
    from inboxd.pipeline import Pipeline
    from inboxd.store import Store

log = structlog.get_logger(__name__)

_BATCH = 500


class Escalator:
    """Applies the pure decision to what is due, in one transaction a tick."""

    def __init__(self, store: Store, pipeline: Pipeline, rules: Rules) -> None:
        self._store = store
        self._pipeline = pipeline
        self._policies = {policy.name: policy for policy in rules.policies}

    def tick(self, now: datetime) -> int:
        """Queue every alert that is due by *now*; returns how many cases were looked at."""
        if not self._store.cases.anything_due(now):
            return 0
        self._pipeline.track_pending(now)
        looked = 0
        while due := self._store.cases.due_steps(now, _BATCH):
            with self._store.transaction():
                for case, setting in due:
                    self._look_at(case, setting, now)
            looked += len(due)
            if len(due) < _BATCH:
                break
        self._store.cases.resolve_quiet(now)
        return looked

    def _look_at(self, case: CaseState, setting: Setting, now: datetime) -> None:
        policy, wait = self._policies.get(case.policy), case.wait
        due = dues(case, policy).governing if policy else None
        if policy is None or wait is None or due is None:
            self._store.cases.set_next_step([(case.id, None)])
            return
        decision = decide(policy, due, attention_of(case), now)
        told = self._tell(case, setting, wait, due, decision, now) if decision.firings else wait
        self._store.cases.set_told(case, told, decision.look_again_at)

    def _tell(  # noqa: PLR0913, PLR0917 - what is told is all of these
        self,
        case: CaseState,
        setting: Setting,
        wait: WaitState,
        due: Due,
        decision: Decision,
        now: datetime,
    ) -> WaitState:
        card = self._store.views.card(case, setting, wait)
        alert = step_alert(card, wait, due, decision, now)
        if self._store.outbox.add_alert(alert, decision.to, wait_id=wait.id):
            log.info("alert queued", case=case.id, reason=alert.reason, to=",".join(decision.to))
        fired = [*decision.firings, *decision.skipped]
        return replace(
            wait,
            told_until=max(firing.at for firing in fired),
            told=dict(wait.told) | {firing.step: firing.turn for firing in fired},
        )
