"""The table gatherings: which alerts are told as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.core.grouping import Gathering
from inboxd.model import Kind, Standing
from inboxd.store.cards import card_from
from inboxd.store.deeds import deeds_since
from inboxd.store.kinds import OWED
from inboxd.store.times import from_text, maybe_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from inboxd.core.grouping import Grouping


class GatheringStore:
    """Begins gatherings and knows who is in them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def joined(self, key: str, together: Grouping, now: datetime) -> Gathering:
        """
        Return the gathering of *key* that one more case joins at *now*: a new one, if need be.

        To be called in the transaction that queues the alert.
        """
        newest = self._newest(key)
        return newest if newest and together.admits(newest, now) else self._begun(key, now)

    def _newest(self, key: str) -> Gathering | None:
        row = self._db.execute(
            "SELECT id, began_at, (SELECT count(DISTINCT case_id) FROM alerts "
            " WHERE case_id IS NOT NULL AND thread = 'gathering:' || gatherings.id) "
            "FROM gatherings WHERE key = ? ORDER BY id DESC LIMIT 1",
            (key,),
        ).fetchone()
        return Gathering(row[0], from_text(row[1]), row[2]) if row else None

    def _begun(self, key: str, now: datetime) -> Gathering:
        number = self._db.execute(
            "INSERT INTO gatherings (key, began_at) VALUES (?, ?)", (key, to_text(now))
        ).lastrowid
        return Gathering(number or 0, now, 0)

    def told(self, thread: str) -> list[Standing]:
        """Return the cases that were told of in *thread*, in that order, as they are now."""
        rows = self._db.execute(
            f"SELECT a.card, iif(w.ended_at IS NULL AND w.kind NOT IN {OWED}, c.due_at, w.due_at), "  # noqa: S608 - a constant
            "iif(c.acknowledged_at >= w.since, c.acknowledged_by, ''), "
            "w.ended_at, w.outcome, c.kind, c.id, w.since "
            "FROM (SELECT min(id) AS first, max(id) AS last FROM alerts "
            " WHERE case_id IS NOT NULL AND thread = ? GROUP BY case_id) AS told "
            "JOIN alerts AS a ON a.id = told.last JOIN waits AS w ON w.id = a.wait_id "
            "JOIN cases AS c ON c.id = w.case_id ORDER BY told.first",
            (thread,),
        ).fetchall()
        since = {case: from_text(began) for *_, case, began in rows}
        deeds = deeds_since(self._db, since)
        return [
            Standing(
                card_from(card),
                maybe_instant(due),
                taken or "",
                maybe_instant(ended),
                why or "",
                Kind(kind) if kind else None,
                deeds.get(case, ()),
            )
            for card, due, taken, ended, why, kind, case, _ in rows
        ]
