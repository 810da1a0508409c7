"""The table passed_over: what came from a time of which everything was removed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from inboxd.store.happened import plausible
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime

    from inboxd.model import Message

REMOVED_UNTIL, REMOVED_AT = "removed_until", "retention:done"
"""Under which names the instant is remembered before which everything was removed, and when that was done."""


class PassedOver:
    """Tells what is too old to be taken in."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def of(self, account: str, new: Mapping[str, Message], seen_at: datetime) -> list[str]:
        """
        Return which *new* messages are too old, and count them.

        An absurdly early time is the network's mistake, and no reason to lose a customer.
        """
        until = self._until() if new else ""
        if not until:
            return []
        seen = to_text(seen_at)
        old = [
            name
            for name, message in new.items()
            if (at := to_text(message.sent_at)) < until and plausible(at, seen) == from_text(at)
        ]
        self._count(account, Counter(new[name].stream for name in old), seen[:10])
        return old

    def _until(self) -> str:
        row = self._db.execute(
            "SELECT value FROM memory WHERE name = ?", (REMOVED_UNTIL,)
        ).fetchone()
        return str(row[0]) if row else ""

    def _count(self, account: str, counts: Mapping[str, int], day: str) -> None:
        self._db.executemany(
            "INSERT INTO passed_over (account, stream, day, messages) VALUES (?, ?, ?, ?) ON CONFLICT"
            " (account, stream, day) DO UPDATE SET messages = messages + excluded.messages",
            [(account, stream, day, count) for stream, count in counts.items()],
        )
