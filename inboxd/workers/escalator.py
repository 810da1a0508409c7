"""The tick: whoever must hear of something by now gets an alert in the outbox."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts import blind_alert, step_alert
from inboxd.core.escalation import decide
from inboxd.core.sla import dues
from inboxd.core.tracking import attention_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from inboxd.core.escalation import Decision
    from inboxd.core.sla import Due
    from inboxd.core.tracking import CaseState, Rules, Setting, WaitState
    from inboxd.pipeline import Pipeline
    from inboxd.store import SourceState, Store

log = structlog.get_logger(__name__)

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Watch:
    """How long each source may go unread, and who is told when it does."""

    patience: Mapping[tuple[str, str], timedelta]
    alert_to: Sequence[str]
    since: datetime
    """When this process began to watch: what came before is not the sources' fault."""


class Escalator:
    """Applies the pure decision to what is due, in one transaction a tick."""

    def __init__(self, store: Store, pipeline: Pipeline, rules: Rules, watch: Watch) -> None:
        self._store = store
        self._pipeline = pipeline
        self._policies = {policy.name: policy for policy in rules.policies}
        self._watch = watch

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

    def watch(self, now: datetime) -> int:
        """Queue an alert for each source that has not been read for too long."""
        states = {(state.account, state.source): state for state in self._store.sources.all()}
        blind = 0
        for (account, source), patience in self._watch.patience.items():
            state = states.get((account, source))
            since = max(_unread_since(state) or self._watch.since, self._watch.since)
            if now - since <= patience or (state and state.alerted_at):
                continue
            blind += 1
            alert = blind_alert(account, source, since, state.error if state else "", now)
            with self._store.transaction():
                if self._store.outbox.add_alert(alert, self._watch.alert_to):
                    log.warning("source blind", account=account, source=source)
                self._store.sources.alerted(account, source, now)
        return blind


def _unread_since(state: SourceState | None) -> datetime | None:
    """Return since when nothing new can have been seen; None if it was never tried."""
    return (state.succeeded_at or state.failing_since) if state else None
