"""What people did about cases: written down, found again and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.store.happened import plausible
from inboxd.store.refreshes import RefreshStore
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

_COLUMNS = "id, case_id, at, actor, action, detail, undone_by, undone_at"
_LAST = """
SELECT 'action', a.id, a.at, a.actor, a.action, a.detail, 0 FROM actions AS a
 WHERE a.case_id = :case AND a.undone_at IS NULL
UNION ALL
SELECT 'correction', s.id, s.at, s.actor, '', '', s.message_id FROM cases AS c
  JOIN messages AS m ON m.conversation_id = c.conversation_id
  JOIN corrections AS s ON s.message_id = m.id
 WHERE c.id = :case AND s.undone_at IS NULL
UNION ALL
SELECT 'reply_correction', s.id, s.at, s.actor, '', '', s.message_id FROM cases AS c
  JOIN messages AS m ON m.conversation_id = c.conversation_id
  JOIN reply_corrections AS s ON s.message_id = m.id
 WHERE c.id = :case AND s.undone_at IS NULL
UNION ALL
SELECT 'reply', o.id, o.created_at, o.actor, '', '', 0 FROM outbox AS o
 WHERE o.thread = 'case:' || :case AND o.reply IS NOT NULL AND o.state <> 'cancelled'
 ORDER BY 3 DESC, 2 DESC LIMIT 1
"""
_STAND = """
WITH standing AS MATERIALIZED (
    SELECT action, at, actor, detail FROM actions WHERE id IN (
        SELECT max(id) FROM actions WHERE case_id = :case AND undone_at IS NULL GROUP BY action))
UPDATE cases SET
    acknowledged_at = (SELECT at FROM standing WHERE action = 'ack'),
    acknowledged_by = coalesce((SELECT actor FROM standing WHERE action = 'ack'), ''),
    assigned_to = coalesce((SELECT detail FROM standing WHERE action = 'assign'), ''),
    snoozed_at = (SELECT at FROM standing WHERE action = 'snooze'),
    snoozed_until = (SELECT detail FROM standing WHERE action = 'snooze')
 WHERE id = :case
"""
_ANSWERED = """
SELECT EXISTS (SELECT 1 FROM cases AS c
  JOIN conversations AS v ON v.id = c.conversation_id
  JOIN messages AS m ON m.conversation_id = v.id OR m.id IN (
       SELECT message_id FROM answers_elsewhere
        WHERE account = v.account AND thread_remote_id = v.remote_id)
 WHERE c.id = :case AND m.direction = 'outbound' AND NOT m.auto_reply AND m.seen_at > :since)
"""
_WROTE = """
SELECT EXISTS (SELECT 1 FROM cases AS c JOIN messages AS m ON m.conversation_id = c.conversation_id
 WHERE c.id = :case AND m.direction = 'inbound'
   AND (m.seen_at > :since OR m.deleted_at > :since OR (m.versions AND EXISTS (
        SELECT 1 FROM message_versions WHERE message_id = m.id AND replaced_at > :since))))
"""


@dataclass(frozen=True, slots=True)
class Action:
    """What *actor* did about a case; *undone_by* says who took it back, and None since when."""

    id: int
    case: int
    at: datetime
    actor: str
    action: str
    detail: str
    undone_by: str
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class LastDone:
    """
    The last that was done about a case: the row *id* of *table*.

    It is called action, correction, reply_correction or reply. Of a correction, *message* is what it is of; of an action, *action* and *detail* say which.
    """

    table: str
    id: int
    at: datetime
    actor: str
    action: str
    detail: str
    message: int


class ActionStore:
    """The table actions, and what cases have of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, case: int, action: str, actor: str, at: datetime, detail: str = "") -> int:
        """
        Record what a person did about a case; tracking takes it up from there.

        A note is kept beside the others and changes nothing. Returns the action's number. To be called within a transaction.
        """
        cursor = self._db.execute(
            "INSERT INTO actions (case_id, at, actor, action, detail, covers) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (case, to_text(at), actor, action, detail, self._newest_seen(case) or to_text(at)),
        )
        if action == "note":
            return int(cursor.lastrowid or 0)
        if action == "ack":
            self._db.execute(
                "UPDATE cases SET acknowledged_at = ?, acknowledged_by = ? WHERE id = ?",
                (to_text(at), actor, case),
            )
        if action == "assign":
            self._db.execute("UPDATE cases SET assigned_to = ? WHERE id = ?", (detail, case))
        if action == "snooze":
            self._db.execute(
                "UPDATE cases SET snoozed_at = ?, snoozed_until = ? WHERE id = ?",
                (to_text(at), to_text(from_text(detail)), case),
            )
        self._take_up(case, at)
        return int(cursor.lastrowid or 0)

    def colleagues(self) -> list[str]:
        """Return who did something to cases of late, or was given one, the latest first."""
        rows = self._db.execute(
            "WITH late AS (SELECT id, actor, action, detail FROM actions ORDER BY id DESC LIMIT 2000), "
            "people AS (SELECT id, actor AS name FROM late "
            "UNION ALL SELECT id, detail FROM late WHERE action = 'assign') "
            "SELECT name FROM people WHERE name <> '' GROUP BY name ORDER BY max(id) DESC, name",
        )
        return [name for (name,) in rows]

    def find(self, number: int) -> Action | None:
        """Return an action, taken back or not."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM actions WHERE id = ?",  # noqa: S608 - constants
            (number,),
        ).fetchone()
        return _action(row) if row else None

    def later(self, action: Action) -> list[Action]:
        """Return what was done about the same case after *action* and still counts, in order."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM actions WHERE case_id = ? AND id > ? "  # noqa: S608 - constants
            "AND undone_at IS NULL ORDER BY id",
            (action.case, action.id),
        )
        return [_action(row) for row in rows]

    def taken_by(self, case: int) -> Action | None:
        """Return the last taking of *case* that still counts."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM actions WHERE case_id = ? AND action = 'ack' "  # noqa: S608 - constants
            "AND undone_at IS NULL ORDER BY id DESC LIMIT 1",
            (case,),
        ).fetchone()
        return _action(row) if row else None

    def last(self, case: int) -> LastDone | None:
        """Return the last that was done about *case* and not taken back, whoever did it."""
        row = self._db.execute(_LAST, {"case": case}).fetchone()
        if row is None:
            return None
        table, number, at, actor, action, detail, message = row
        return LastDone(table, number, from_text(at), actor, action, detail, message)

    def answered_since(self, case: int, since: datetime) -> bool:
        """Tell whether we saw an answer in the conversation of *case* after an instant."""
        return self._is_so(_ANSWERED, case, since)

    def wrote_since(self, case: int, since: datetime) -> bool:
        """Tell whether we saw a customer write, edit or delete in *case* after an instant."""
        return self._is_so(_WROTE, case, since)

    def _is_so(self, query: str, case: int, since: datetime) -> bool:
        values = {"case": case, "since": to_text(since)}
        return bool(self._db.execute(query, values).fetchone()[0])

    def undo(self, number: int, actor: str, now: datetime) -> bool:
        """
        Let an action count as never done; False if it does already. Tracking takes it up.

        To be called within a transaction.
        """
        row = self._db.execute(
            "UPDATE actions SET undone_at = ?, undone_by = ? "
            "WHERE id = ? AND undone_at IS NULL RETURNING case_id, action",
            (to_text(now), actor, number),
        ).fetchone()
        if row is None:
            return False
        case, action = row
        if action != "note":
            self._db.execute(_STAND, {"case": case})
            self._take_up(case, now)
        return True

    def _take_up(self, case: int, now: datetime) -> None:
        """Have tracking fold in what was done about *case*, and messages shown anew."""
        self._db.execute(
            "UPDATE conversations SET untracked = 1 "
            "WHERE id = (SELECT conversation_id FROM cases WHERE id = ?)",
            (case,),
        )
        RefreshStore(self._db).mark(case, now)

    def _newest_seen(self, case: int) -> str:
        """Return when the newest message of a case's conversation began to count, or its edit."""
        row = self._db.execute(
            "SELECT sent_at, seen_at FROM messages WHERE conversation_id = "
            "(SELECT conversation_id FROM cases WHERE id = ?) "
            "ORDER BY min(sent_at, seen_at) DESC LIMIT 1",
            (case,),
        ).fetchone()
        (edited_at,) = self._db.execute(
            "SELECT coalesce(max(min(coalesce(m.edited_at, v.replaced_at), v.replaced_at)), '') "
            "FROM cases AS c JOIN messages AS m ON m.conversation_id = c.conversation_id "
            "JOIN message_versions AS v ON v.message_id = m.id "
            "WHERE c.id = ? AND m.versions AND m.direction = 'inbound'",
            (case,),
        ).fetchone()
        return max(to_text(plausible(*row)) if row else "", str(edited_at))


def _action(row: Sequence[Any]) -> Action:
    number, case, at, actor, action, detail, undone_by, undone_at = row
    undone = from_text(undone_at) if undone_at else None
    return Action(number, case, from_text(at), actor, action, detail, undone_by, undone)
