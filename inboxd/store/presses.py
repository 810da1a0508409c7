"""The table presses: which presses of buttons have been dealt with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.store.times import to_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

_KEPT = timedelta(days=7)
"""Far longer than anybody delivers a press again."""


class PressStore:
    """Tells a press that is new from one that was delivered before."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def is_new(self, key: str, now: datetime) -> bool:
        """
        Note the press that *key* names; False if it was noted before.

        To be called in the transaction that does what was asked for.
        """
        self._db.execute("DELETE FROM presses WHERE at < ?", (to_text(now - _KEPT),))
        cursor = self._db.execute(
            "INSERT INTO presses (key, at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
            (key, to_text(now)),
        )
        return bool(cursor.rowcount)
