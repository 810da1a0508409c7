"""How many customers write, by the hour: what tells an abnormally quiet stream from a calm one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime


class TrafficStore:
    """The table traffic."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def count(self, messages: Sequence[int]) -> None:
        """Count the customers' messages among *messages*, each of which is new."""
        if not messages:
            return
        self._db.execute(
            "INSERT INTO traffic (account, stream, hour, messages) "
            "SELECT account, stream, substr(sent_at, 1, 13) || ':00:00.000Z' AS hour, count(*) "
            "FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND direction = 'inbound' "
            "GROUP BY account, stream, hour "
            "ON CONFLICT (account, stream, hour) DO UPDATE SET messages = messages + excluded.messages",
            (json.dumps(list(messages)),),
        )

    def streams(self) -> list[tuple[str, str]]:
        """Return every account and stream in which somebody ever wrote."""
        return self._db.execute(
            "SELECT DISTINCT account, stream FROM traffic ORDER BY account, stream"
        ).fetchall()

    def latest_hour(self, account: str, stream: str, before: datetime) -> datetime | None:
        """Return the last hour that began before *before* and in which somebody wrote."""
        (hour,) = self._db.execute(
            "SELECT max(hour) FROM traffic WHERE account = ? AND stream = ? AND hour < ?",
            (account, stream, to_text(before)),
        ).fetchone()
        return from_text(hour) if hour else None

    def first_hour(self, account: str, stream: str) -> datetime | None:
        """Return the first hour in which somebody wrote."""
        (hour,) = self._db.execute(
            "SELECT min(hour) FROM traffic WHERE account = ? AND stream = ?", (account, stream)
        ).fetchone()
        return from_text(hour) if hour else None

    def between(self, account: str, stream: str, since: datetime, until: datetime) -> int:
        """Return how many messages were written in the hours that began in a span."""
        (count,) = self._db.execute(
            "SELECT coalesce(sum(messages), 0) FROM traffic "
            "WHERE account = ? AND stream = ? AND hour >= ? AND hour < ?",
            (account, stream, to_text(since), to_text(until)),
        ).fetchone()
        return int(count)
