"""Replies that are being written: the table drafts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.core.text import storable
from inboxd.store.times import to_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


class DraftStore:
    """Keeps one draft for each case and person."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def save(self, case: int, actor: str, text: str, now: datetime) -> None:
        """Keep what *actor* has written so far to *case*; nothing written is no draft."""
        if not text.strip():
            self.discard(case, actor)
            return
        self._db.execute(
            "INSERT INTO drafts (case_id, actor, text, saved_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (case_id, actor) DO UPDATE "
            "SET text = excluded.text, saved_at = excluded.saved_at",
            (case, actor, storable(text), to_text(now)),
        )

    def of(self, case: int, actor: str) -> str:
        """Return what *actor* has written to *case* and not sent, "" for nothing."""
        row = self._db.execute(
            "SELECT text FROM drafts WHERE case_id = ? AND actor = ?", (case, actor)
        ).fetchone()
        return str(row[0]) if row else ""

    def discard(self, case: int, actor: str) -> None:
        """Forget what *actor* has written to *case*."""
        self._db.execute("DELETE FROM drafts WHERE case_id = ? AND actor = ?", (case, actor))
