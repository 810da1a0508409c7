"""Due times that pass without an answer, counted from one look to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.store.times import to_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

# Three questions, each of which reads an index from the last look on, and nothing before it.
_BREACHED = """
SELECT account, count(*) FROM (
    SELECT account FROM cases WHERE status = 'waiting' AND due_at > :since AND due_at <= :now
    UNION ALL -- answered since, and too late
    SELECT c.account FROM cases AS c JOIN waits AS w ON w.case_id = c.id
     WHERE c.status = 'answered' AND c.answered_at > :since AND w.outcome = 'answered'
       AND w.due_at > :since AND w.due_at < w.ended_at
    UNION ALL -- late already when they were first seen; a first read's are nobody's fault
    SELECT c.account FROM waits AS w JOIN cases AS c ON c.id = w.case_id
      JOIN messages AS m ON m.id = w.message_id
     WHERE w.id > :last AND w.due_at <= :since AND w.due_at < coalesce(w.ended_at, '~')
       AND NOT m.history
) GROUP BY account
"""


@dataclass(frozen=True, slots=True)
class Look:
    """A look: when it was, the newest wait that there was, and what was new, by account."""

    at: datetime
    last: int
    breached: tuple[tuple[str, int], ...] = ()


class BreachStore:
    """Questions over cases and waits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def look(self, before: Look | None, now: datetime) -> Look:
        """Return what was breached since the look *before*; a first one finds nothing new."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM waits").fetchone()
        if before is None:
            return Look(now, last)
        found = self._db.execute(
            _BREACHED, {"since": to_text(before.at), "now": to_text(now), "last": before.last}
        )
        return Look(now, last, tuple(found.fetchall()))
