"""What no connector understood: kept as it came, until a version that does reads it again."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.core.text import storable
from inboxd.model import Unknown
from inboxd.store.forgetting.erasures import ErasureStore
from inboxd.store.jsontext import json_text
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any


@dataclass(frozen=True, slots=True)
class Held:
    """An item in quarantine: where it was read, when, and how often."""

    account: str
    source: str
    item: Unknown
    first_seen_at: datetime
    last_seen_at: datetime
    seen: int


class QuarantineStore:
    """The table unknown_items."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._erasures = ErasureStore(connection)

    def add(self, account: str, source: str, items: Sequence[Unknown], seen_at: datetime) -> None:
        """
        Keep items as they came, and count how often they were seen.

        What was understood when it could still be read whole is no mystery: it is left out, as is
        what was erased.
        """
        now = to_text(seen_at)
        self._db.executemany(
            "INSERT INTO unknown_items (account, source, remote_id, kind, error, raw, "
            "first_seen_at, last_seen_at, seen) SELECT ?, ?, ?, ?, ?, ?, ?, ?, 1 "
            "WHERE NOT EXISTS (SELECT 1 FROM messages WHERE account = ? AND remote_id = ?) "
            "ON CONFLICT (account, remote_id) DO UPDATE SET raw = excluded.raw, "
            "error = excluded.error, last_seen_at = excluded.last_seen_at, seen = seen + 1, "
            "understood_at = NULL",
            [
                (
                    account,
                    source,
                    storable(item.remote_id),
                    storable(item.kind),
                    storable(item.error),
                    json_text(item.raw) or "{}",
                    now,
                    now,
                    account,
                    storable(item.remote_id),
                )
                for item in self._erasures.admitted_items(account, items)
            ],
        )

    def held(self) -> list[Held]:
        """Return what is not understood yet, oldest first."""
        rows = self._db.execute(
            "SELECT account, source, remote_id, kind, raw, error, first_seen_at, last_seen_at, "
            "seen FROM unknown_items WHERE understood_at IS NULL ORDER BY first_seen_at, remote_id"
        )
        return [
            Held(
                account,
                source,
                Unknown(remote_id, kind, _read(raw), error),
                from_text(first),
                from_text(last),
                seen,
            )
            for account, source, remote_id, kind, raw, error, first, last, seen in rows
        ]

    def understood(self, held: Held, at: datetime) -> None:
        """Note that an item could be read at last."""
        self._db.execute(
            "UPDATE unknown_items SET understood_at = ? WHERE account = ? AND remote_id = ?",
            (to_text(at), held.account, held.item.remote_id),
        )


def _read(raw: str) -> Mapping[str, Any]:
    """Return an item as it came; what is none any more is shown as it stands in the file."""
    with suppress(ValueError):
        item = json.loads(raw)
        if isinstance(item, dict):
            return item
    return {"unreadable": raw}
