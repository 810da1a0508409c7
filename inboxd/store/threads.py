"""What a conversation is made of, for somebody who looks at a part of it at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.core.matching import MERGED
from inboxd.model import Direction
from inboxd.store.cards import reply_from
from inboxd.store.times import from_text, maybe_instant

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from inboxd.connector import OutgoingReply


@dataclass(frozen=True, slots=True)
class Outline:
    """So much of a message as tells where it stands, and about how much room it takes."""

    id: int
    direction: Direction
    sent_at: datetime
    length: int
    """In characters."""
    deleted: bool
    has_more: bool
    """Whether it has attachments."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """
    A reply of ours that is not in the thread yet.

    *state* is ``pending``, ``sending``, ``sent`` (but not read back yet), ``unsure`` or
    ``refused``; *error* says why the last attempt failed.
    """

    id: int
    reply: OutgoingReply
    state: str
    created_at: datetime
    not_before: datetime
    done_at: datetime | None
    attempts: int
    error: str


class ThreadStore:
    """Read-only questions about one conversation."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def outline(self, case: int) -> list[Outline]:
        """Return every message of the conversation of *case*, oldest first."""
        rows = self._db.execute(
            "WITH here AS (SELECT v.* FROM conversations AS v "
            " JOIN cases AS c ON c.conversation_id = v.id WHERE c.id = ?), "
            "found AS (SELECT m.id FROM messages AS m JOIN here ON m.conversation_id = here.id "
            " UNION SELECT e.message_id FROM answers_elsewhere AS e "
            " JOIN here ON e.account = here.account AND e.thread_remote_id = here.remote_id) "
            "SELECT m.id, m.direction, m.sent_at, length(m.text), m.deleted_at IS NOT NULL, "
            "m.attachments <> '[]' FROM found JOIN messages AS m ON m.id = found.id "
            "ORDER BY m.sent_at, m.id",
            (case,),
        )
        return [
            Outline(number, Direction(direction), from_text(at), length, bool(deleted), bool(more))
            for number, direction, at, length, deleted, more in rows
        ]

    def outgoing(self, case: int) -> list[Outgoing]:
        """Return the replies to *case* that are on their way, or failed, in the order written."""
        rows = self._db.execute(
            "SELECT id, reply, state, created_at, not_before, done_at, attempts, error "
            "FROM outbox AS o WHERE thread = 'case:' || ? AND reply IS NOT NULL "
            "AND (state IN ('pending', 'sending', 'unsure', 'refused') OR (state = 'sent' "
            " AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.account = o.receiver "
            "  AND m.remote_id = json_extract(o.receipt, '$.remote_id')))) ORDER BY id",
            (case,),
        )
        return [
            Outgoing(
                id=number,
                reply=reply_from(reply),
                state=state,
                created_at=from_text(created),
                not_before=from_text(not_before),
                done_at=maybe_instant(done),
                attempts=attempts,
                error=error,
            )
            for number, reply, state, created, not_before, done, attempts, error in rows
        ]

    def names(self, case: int) -> dict[str, str]:
        """Return what the authors in the conversation of *case* are called, by remote id."""
        rows = self._db.execute(
            "SELECT a.remote_id, a.name, a.handle FROM authors AS a WHERE a.id IN "
            "(SELECT m.author_id FROM messages AS m JOIN cases AS c "
            " ON c.conversation_id = m.conversation_id WHERE c.id = ?)",
            (case,),
        )
        return {remote: name or handle or remote for remote, name, handle in rows}

    def merged_into(self, case: int) -> int | None:
        """Return the case that *case* became a part of, None if it is one of its own."""
        row = self._db.execute(
            "SELECT other.id FROM cases AS c JOIN cases AS other "
            "ON other.conversation_id = c.conversation_id AND other.id <> c.id "
            "AND other.close_reason <> c.close_reason AND other.opened_at <= c.opened_at "
            "WHERE c.id = ? AND c.close_reason = ? ORDER BY other.opened_at DESC LIMIT 1",
            (case, MERGED),
        ).fetchone()
        return int(row[0]) if row else None
