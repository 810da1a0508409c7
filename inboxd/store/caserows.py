"""Cases and waits as rows: read from them, and written in bulk where they differ."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inboxd.core.states import CaseState, WaitState
from inboxd.core.waits import CaseStatus, WaitEnd, WaitKind
from inboxd.store.bulk import Row, Rows
from inboxd.store.happened import promise_from, traits_from
from inboxd.store.times import from_text, maybe_instant, maybe_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from inboxd.core.states import History

CASE_COLUMNS = (
    "status, first_message_id, opened_at, unanswered, wrote_at, answered_at, quiet_at, ended_at, "
    "close_reason, kind, topics, urgency, language, policy, response_due_at, resolution_due_at, "
    "due_at, next_step_at, acknowledged_at, acknowledged_by, assigned_to, snoozed_at, "
    "snoozed_until, pauses, waiting_since"
)
CASE_NAMES = CASE_COLUMNS.split(", ")
_OWNER_NAMES = ("conversation_id", "account", "network", "stream", "public")
WAIT_COLUMNS = (
    "kind, since, message_id, telling_id, due_at, outcome, ended_at, ended_by, open_seconds, "
    "told_until, told, promised_on, promised_at"
)


def _case_values(case: CaseState) -> tuple[object, ...]:
    wait = case.wait
    return (
        case.status,
        case.first_message,
        to_text(case.opened_at),
        case.unanswered,
        maybe_text(case.wrote_at),
        maybe_text(case.answered_at),
        maybe_text(case.quiet_at),
        maybe_text(case.ended_at),
        case.close_reason,
        case.traits.kind,
        json.dumps(case.traits.topics) if case.traits.topics else "[]",
        case.traits.urgency,
        case.traits.language,
        case.policy or None,
        maybe_text(case.response_due_at),
        maybe_text(case.resolution_due_at),
        maybe_text(case.due_at),
        maybe_text(case.next_step_at),
        maybe_text(case.acknowledged_at),
        case.acknowledged_by,
        case.assigned_to,
        maybe_text(case.snoozed_at),
        maybe_text(case.snoozed_until),
        json.dumps([[to_text(a), to_text(b)] for a, b in case.pauses]) if case.pauses else "[]",
        to_text(wait.since) if wait else None,
    )


def case_from(number: int, values: Sequence[Any], waits: Sequence[WaitState]) -> CaseState:
    """Return the case whose CASE_COLUMNS have *values*."""
    (
        status, first, opened_at, unanswered, wrote_at, answered_at, quiet_at, ended_at, reason,
        kind, topics, urgency, language, policy, response_due_at, resolution_due_at, due_at,
        next_step_at, acknowledged_at, acknowledged_by, assigned_to, snoozed_at, snoozed_until,
        pauses, _,
    ) = values  # fmt: skip
    return CaseState(
        id=number,
        status=CaseStatus(status),
        first_message=first,
        opened_at=from_text(opened_at),
        waits=tuple(waits),
        unanswered=unanswered,
        wrote_at=maybe_instant(wrote_at),
        answered_at=maybe_instant(answered_at),
        quiet_at=maybe_instant(quiet_at),
        ended_at=maybe_instant(ended_at),
        close_reason=reason,
        traits=traits_from(kind, topics, urgency, language),
        policy=policy or "",
        response_due_at=maybe_instant(response_due_at),
        resolution_due_at=maybe_instant(resolution_due_at),
        due_at=maybe_instant(due_at),
        next_step_at=maybe_instant(next_step_at),
        acknowledged_at=maybe_instant(acknowledged_at),
        acknowledged_by=acknowledged_by,
        assigned_to=assigned_to,
        snoozed_at=maybe_instant(snoozed_at),
        snoozed_until=maybe_instant(snoozed_until),
        pauses=tuple((from_text(a), from_text(b)) for a, b in json.loads(pauses)),
    )


def _wait_values(wait: WaitState) -> tuple[object, ...]:
    return (
        wait.kind,
        to_text(wait.since),
        wait.message,
        wait.telling,
        maybe_text(wait.due_at),
        wait.end,
        maybe_text(wait.ended_at),
        wait.ended_by,
        None if wait.open_time is None else int(wait.open_time.total_seconds()),
        maybe_text(wait.told_until),
        json.dumps(dict(wait.told)) if wait.told else "{}",
        wait.promise.on.isoformat() if wait.promise and wait.promise.on else None,
        maybe_text(wait.promise.at) if wait.promise else None,
    )


def wait_from(values: Sequence[Any]) -> WaitState:
    """Return the wait whose id and WAIT_COLUMNS are *values*."""
    (
        number, kind, since, message, telling, due_at, end, ended_at, ended_by, seconds,
        told_until, told, promised_on, promised_at,
    ) = values  # fmt: skip
    return WaitState(
        id=number,
        kind=WaitKind(kind),
        since=from_text(since),
        message=message,
        telling=telling,
        due_at=maybe_instant(due_at),
        end=WaitEnd(end) if end else None,
        ended_at=maybe_instant(ended_at),
        ended_by=ended_by,
        open_time=None if seconds is None else timedelta(seconds=seconds),
        told_until=maybe_instant(told_until),
        told=json.loads(told),
        promise=promise_from(promised_on, promised_at) if kind == WaitKind.PROMISE else None,
    )


class Batch:
    """The rows that one round of tracking inserts and updates."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._gone: list[tuple[int | None]] = []
        self._cases = Rows(connection, "cases", [*_OWNER_NAMES, *CASE_NAMES])
        self._waits = Rows(connection, "waits", ["case_id", *WAIT_COLUMNS.split(", ")])

    def add(self, history: History, cases: Sequence[CaseState]) -> None:
        """Take in the cases of one conversation."""
        known = {case.id: case for case in history.cases}
        waits = {wait.id: (case.id, wait) for case in history.cases for wait in case.waits}
        place = history.setting
        owner = (
            history.conversation,
            place.account,
            place.network,
            place.stream,
            place.public,
        )
        for case in cases:
            before = known.get(case.id) if case.id else None
            if case == before:
                continue
            number = self._add_case(owner, case, before)
            for wait in case.waits:
                self._add_wait(number, wait, waits.get(wait.id))
        if waits:
            kept = {wait.id for case in cases for wait in case.waits}
            self._gone += [(number,) for number in waits if number not in kept]

    def _add_case(self, owner: Row, case: CaseState, before: CaseState | None) -> int:
        values = (*owner, *_case_values(case))
        if case.id is None or before is None:
            return self._cases.add(values)
        self._cases.change(case.id, (*owner, *_case_values(before)), values)
        return case.id

    def _add_wait(
        self, case: int, wait: WaitState, known: tuple[int | None, WaitState] | None
    ) -> None:
        values = (case, *_wait_values(wait))
        if wait.id is None or known is None:
            self._waits.add(values)
        elif known != (case, wait):
            owner, before = known
            self._waits.change(wait.id, (owner, *_wait_values(before)), values)

    def write(self) -> None:
        """Write all rows; cases before the waits that refer to them."""
        self._cases.write()
        self._waits.write()
        # Of a wait that people heard of, the alerts say more than it could.
        self._db.executemany(
            "DELETE FROM waits WHERE id = ? "
            "AND NOT EXISTS (SELECT 1 FROM alerts WHERE wait_id = waits.id)",
            self._gone,
        )
