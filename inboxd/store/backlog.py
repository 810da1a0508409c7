"""How it stands with what is queued, judged and heard of: for whoever looks every few seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.store.times import maybe_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Queue:
    """What a receiver has not taken yet: how much, since when, and how much of it by design."""

    receiver: str
    pending: int = 0
    oldest: datetime | None = None
    """The oldest of those that should have gone; None where all that waits is to wait."""
    held: int = 0


_OVERDUE = "(state <> 'pending' OR not_before <= :now OR error <> '')"
"""Whether what is open should have gone: it is being tried, it is due, or an attempt has failed."""
_OPEN = "SELECT receiver, state, created_at, not_before, error, held FROM outbox WHERE state "


class BacklogStore:
    """Questions over several tables, each of which an index answers."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def queues(self, now: datetime) -> dict[str, Queue]:
        """Return, for each receiver for whom something is queued, how much."""
        # The two halves have an index each; asked as one, the whole table would be read.
        rows = self._db.execute(
            "SELECT receiver, count(*), "  # noqa: S608 - constants
            f"min(iif({_OVERDUE}, created_at, NULL)), sum(held <> '' AND NOT {_OVERDUE}) "
            f"FROM ({_OPEN} = 'pending' UNION ALL {_OPEN} IN ('sending', 'unsure')) "
            "GROUP BY receiver ORDER BY receiver",
            {"now": to_text(now)},
        )
        return {
            receiver: Queue(receiver, pending, maybe_instant(oldest), held)
            for receiver, pending, oldest, held in rows
        }

    def sent(self, receiver: str, since: datetime) -> int:
        """Return how much *receiver* has taken since *since*."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM outbox WHERE receiver = ? AND state = 'sent' AND done_at >= ?",
            (receiver, to_text(since)),
        ).fetchone()
        return int(count)

    def unjudged(self) -> tuple[int, int]:
        """Return how many customers' messages, and how many answers, have no verdict yet."""
        messages, answers = self._db.execute(
            "SELECT (SELECT count(*) FROM messages WHERE classified_at IS NULL "
            "AND direction = 'inbound'), "
            "(SELECT count(*) FROM reply_verdicts WHERE judged_at IS NULL)"
        ).fetchone()
        return int(messages), int(answers)

    def heard_at(self) -> datetime | None:
        """Return when we saw the newest message, None if there never was one."""
        row = self._db.execute("SELECT seen_at FROM messages ORDER BY id DESC LIMIT 1").fetchone()
        return maybe_instant(row[0]) if row else None
