"""What is stored of late or waits for an answer, for those who look whether it is still so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.connector import Known
from inboxd.model import Direction, Stream
from inboxd.store.kinds import OWED
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Any

# What was erased has no name any more that a network would know.
_KNOWN = (
    "m.remote_id, v.remote_id, m.stream, m.direction, m.sent_at, "
    "iif(m.parent_remote_id LIKE 'erased:%', NULL, m.parent_remote_id), m.deleted_at IS NOT NULL"
)
_NAMED = "m.remote_id NOT LIKE 'erased:%'"


class KnownStore:
    """Messages as a connector needs to know them to look for them again."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def since(self, account: str, since: datetime) -> list[Known]:
        """Return everything of *account* that was sent from *since* on, newest first."""
        return _known(
            self._db.execute(
                f"SELECT {_KNOWN} FROM messages AS m "  # noqa: S608 - constant columns
                "JOIN conversations AS v ON v.id = m.conversation_id "
                f"WHERE v.account = ? AND m.sent_at >= ? AND {_NAMED} ORDER BY m.sent_at DESC",
                (account, to_text(since)),
            )
        )

    def waiting(self, account: str) -> list[Known]:
        """Return the messages of *account* that customers wait for an answer to, oldest first."""
        return _known(
            self._db.execute(
                f"SELECT {_KNOWN} FROM cases AS c "  # noqa: S608 - constant columns
                "JOIN conversations AS v ON v.id = c.conversation_id "
                "JOIN waits AS w ON w.case_id = c.id AND w.ended_at IS NULL "
                f"AND w.kind NOT IN {OWED} "
                # An edit may have opened the wait of a message that is older than it.
                "JOIN messages AS m ON m.conversation_id = v.id "
                "AND (m.sent_at >= c.waiting_since OR m.id = w.message_id) "
                "WHERE c.status = 'waiting' AND c.account = ? AND m.direction = 'inbound' "
                f"AND m.deleted_at IS NULL AND {_NAMED} ORDER BY m.sent_at",
                (account,),
            )
        )


def _known(rows: Iterable[Any]) -> list[Known]:
    return [
        Known(
            remote_id=remote_id,
            thread_id=thread_id,
            stream=Stream(stream),
            direction=Direction(direction),
            sent_at=from_text(sent_at),
            parent_id=parent_id,
            deleted=bool(deleted),
        )
        for remote_id, thread_id, stream, direction, sent_at, parent_id, deleted in rows
    ]
