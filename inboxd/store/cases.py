"""Cases and waits."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from inboxd.core.matching import in_order
from inboxd.core.states import CaseState, History, Setting, WaitState
from inboxd.core.told import still_known
from inboxd.errors import UserError
from inboxd.model import Stream
from inboxd.store.caserows import (
    CASE_COLUMNS,
    CASE_NAMES,
    WAIT_COLUMNS,
    Batch,
    case_from,
    wait_from,
)
from inboxd.store.happened import HappenedStore
from inboxd.store.times import maybe_instant, maybe_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from inboxd.core.tracking import Tracked


class CaseStore:
    """The tables cases and waits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._happened = HappenedStore(connection)

    def histories(self, touched: Mapping[int, str]) -> list[History]:
        """
        Return what tracking needs of each conversation in *touched*.

        *touched* maps a conversation to the earliest instant that is new in it; where that
        lies in the settled past, the whole past is returned.
        """
        places = self._places(touched)
        bounds = json.dumps(
            [
                [number, settled if touched[number] > settled else ""]
                for number, (_, settled) in places.items()
            ]
        )
        public = {number for number, (setting, _) in places.items() if setting.public}
        happened = self._happened.since(bounds, public)
        cases = self._cases_since(bounds)
        return [
            History(
                conversation=number,
                setting=_followed(setting, happened.followers.get(number)),
                events=tuple(happened.events.get(number, ())),
                traits=happened.traits.get(number, {}),
                cases=tuple(cases.get(number, ())),
                settled_until=maybe_instant(settled or None),
                whole=touched[number] <= settled,
            )
            for number, (setting, settled) in places.items()
        ]

    def history(self, case: int) -> History | None:
        """Return everything that happened in the conversation of *case*."""
        row = self._db.execute("SELECT conversation_id FROM cases WHERE id = ?", (case,)).fetchone()
        return next(iter(self.histories({row[0]: ""})), None) if row else None

    def _places(self, touched: Mapping[int, str]) -> dict[int, tuple[Setting, str]]:
        """Return each conversation's setting, and until when its past is settled."""
        rows = self._db.execute(
            "SELECT id, account, network, stream, public, settled_until "
            "FROM conversations WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(touched)),),
        )
        places = {}
        for number, account, network, stream, public, settled in rows:
            setting = Setting(account, network, Stream(stream), bool(public))
            places[number] = (setting, settled)
        return places

    def _cases_since(self, bounds: str) -> dict[int, list[CaseState]]:
        rows = self._db.execute(
            f"SELECT c.conversation_id, c.id, {CASE_COLUMNS} "  # noqa: S608 - constant columns
            "FROM json_each(?) AS b JOIN cases AS c "
            "ON c.conversation_id = json_extract(b.value, '$[0]') AND c.opened_at > json_extract(b.value, '$[1]') "
            "ORDER BY c.id",
            (bounds,),
        ).fetchall()
        waits = self._waits(row[1] for row in rows)
        cases: dict[int, list[CaseState]] = {}
        for conversation, number, *values in rows:
            state = case_from(number, values, waits.get(number, ()))
            cases.setdefault(conversation, []).append(state)
        return cases

    def _waits(self, cases: Iterable[int]) -> dict[int, tuple[WaitState, ...]]:
        waits: dict[int, list[WaitState]] = {}
        for case, *values in self._db.execute(
            f"SELECT case_id, id, {WAIT_COLUMNS} FROM waits "  # noqa: S608 - constant columns
            "WHERE case_id IN (SELECT value FROM json_each(?)) ORDER BY since, id",
            (json.dumps(list(cases)),),
        ):
            waits.setdefault(case, []).append(wait_from(values))
        return {case: in_order(states) for case, states in waits.items()}

    def save(self, results: Sequence[tuple[History, Tracked]]) -> None:
        """
        Store the cases that differ from those of their history.

        Numbers are given out here and rows written in bulk, for a page may touch hundreds.
        To be called within a transaction.
        """
        batch = Batch(self._db)
        for history, tracked in results:
            batch.add(history, tracked.cases)
        batch.write()
        self._db.executemany(
            "UPDATE conversations SET settled_until = ? WHERE id = ?",
            [
                (maybe_text(tracked.settled_until) or "", history.conversation)
                for history, tracked in results
                if tracked.settled_until != history.settled_until
            ],
        )

    def anything_due(self, now: datetime) -> bool:
        """Tell, from indexes alone, whether a tick at *now* has anything to do."""
        (due,) = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM cases WHERE next_step_at <= :now) "
            "OR EXISTS (SELECT 1 FROM cases WHERE status = 'answered' AND quiet_at <= :now) "
            "OR EXISTS (SELECT 1 FROM conversations WHERE untracked)",
            {"now": to_text(now)},
        ).fetchone()
        return bool(due)

    def due_steps(self, now: datetime, limit: int) -> list[tuple[CaseState, Setting]]:
        """Return the cases at which the escalation must look by *now*, the latest last."""
        rows = self._db.execute(
            "SELECT id FROM cases WHERE next_step_at <= ? ORDER BY next_step_at LIMIT ?",
            (to_text(now), limit),
        ).fetchall()
        return self.load([row[0] for row in rows])

    def find(self, case: int) -> tuple[CaseState, Setting]:
        """Return a case; raises UserError where there is none of that number."""
        found = self.load([case])
        if not found and self._was_removed(case):
            raise UserError(f"case {case} was over for long and has been removed; its figures stay")
        if not found:
            raise UserError(f"there is no case {case}; `inboxd waiting` lists those that wait")
        return found[0]

    def _was_removed(self, case: int) -> bool:
        row = self._db.execute("SELECT 1 FROM past_cases WHERE case_id = ?", (case,)).fetchone()
        return row is not None

    def of_wait(self, wait: int) -> int | None:
        """Return the case that a wait belongs to by now: where two are merged it goes over."""
        row = self._db.execute("SELECT case_id FROM waits WHERE id = ?", (wait,)).fetchone()
        return row[0] if row else None

    def of_thread(self, account: str, thread: str, opened_by: str) -> int | None:
        """Return the case that a message opened in a thread, or else the newest one there."""
        row = self._db.execute(
            "SELECT c.id FROM conversations AS v JOIN cases AS c ON c.conversation_id = v.id "
            "JOIN messages AS m ON m.id = c.first_message_id "
            "WHERE v.account = ? AND v.remote_id = ? "
            "ORDER BY m.remote_id = ? DESC, c.opened_at DESC, c.id DESC LIMIT 1",
            (account, thread, opened_by),
        ).fetchone()
        return int(row[0]) if row else None

    def load(self, numbers: Collection[int]) -> list[tuple[CaseState, Setting]]:
        """Return the cases with these numbers, in their order; unknown ones are left out."""
        rows = self._db.execute(
            "SELECT c.account, v.network, v.stream, v.public, c.id, "  # noqa: S608 - constants
            f"{', '.join('c.' + name for name in CASE_NAMES)} "
            "FROM json_each(?) AS n JOIN cases AS c ON c.id = n.value "
            "JOIN conversations AS v ON v.id = c.conversation_id ORDER BY n.key",
            (json.dumps(list(numbers)),),
        ).fetchall()
        waits = self._waits(row[4] for row in rows)
        return [
            (
                case_from(number, values, waits.get(number, ())),
                Setting(account, network, Stream(stream), bool(public)),
            )
            for account, network, stream, public, number, *values in rows
        ]

    def set_told(self, wait: WaitState) -> None:
        """Keep what people have been told of a wait."""
        self._db.execute(
            "UPDATE waits SET told_until = ?, told = ? WHERE id = ?",
            (
                maybe_text(wait.told_until),
                json.dumps(dict(wait.told)) if wait.told else "{}",
                wait.id,
            ),
        )

    def tell_the_rest(
        self, case: CaseState, told_until: datetime, heard: Mapping[str, int], now: datetime
    ) -> None:
        """
        Decide anew at *now* on whoever is left waiting in *case*, as if nothing had been told.

        They count as told of with the wait that ended, until *told_until*: but that was withdrawn.
        Nor does anybody know of the case, in any wait, what nobody has *heard*.
        """
        left = self._db.execute(
            "UPDATE waits SET told_until = NULL "
            "WHERE case_id = ? AND ended_at IS NULL AND told_until = ?",
            (case.id, to_text(told_until)),
        ).rowcount
        for wait in self._waits([case.id or 0]).get(case.id or 0, ()):
            known = still_known(wait.told, heard)
            if known != wait.told:
                self.set_told(replace(wait, told=known))
                left += wait.end is None
        if left:
            self.set_next_step([(case.id, now)])

    def set_next_step(self, steps: Sequence[tuple[int | None, datetime | None]]) -> None:
        """Keep when the escalation must look at cases again."""
        self._db.executemany(
            "UPDATE cases SET next_step_at = ? WHERE id = ?",
            [(maybe_text(at), number) for number, at in steps],
        )

    def resolve_quiet(self, now: datetime) -> int:
        """Resolve the answered cases whose customers stayed quiet; returns how many."""
        cursor = self._db.execute(
            "UPDATE cases SET status = 'resolved', ended_at = answered_at, quiet_at = NULL, "
            "resolution_due_at = NULL, due_at = NULL "
            "WHERE status = 'answered' AND quiet_at <= ?",
            (to_text(now),),
        )
        return cursor.rowcount

    def untracked(self, limit: int) -> dict[int, str]:
        """Return conversations in which something happened that is not folded in yet."""
        rows = self._db.execute(
            "SELECT id FROM conversations WHERE untracked ORDER BY id LIMIT ?", (limit,)
        )
        return {number: "" for (number,) in rows}

    def mark_tracked(self, conversations: Iterable[int]) -> None:
        """Note that everything in *conversations* has been folded in."""
        self._db.executemany(
            "UPDATE conversations SET untracked = 0 WHERE id = ? AND untracked",
            [(number,) for number in conversations],
        )

    def open_conversations(self) -> list[int]:
        """Return the conversations that have a case which is not over."""
        rows = self._db.execute(
            "SELECT DISTINCT conversation_id FROM cases WHERE status IN ('waiting', 'answered')"
        )
        return [number for (number,) in rows]


def _followed(setting: Setting, followers: int | None) -> Setting:
    return replace(setting, followers=followers) if followers else setting
