"""Where each source of each account has been read to, and how its reading goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.store.times import maybe_instant, maybe_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SourceState:
    """
    How the reading of one source goes.

    *failing_since* is set while it fails; *alerted_at* while people know that it is blind.
    """

    account: str
    source: str
    cursor: Mapping[str, Any] | None = None
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    failing_since: datetime | None = None
    error_class: str = ""
    error: str = ""
    failures: int = 0
    retry_at: datetime | None = None
    alerted_at: datetime | None = None


class SourceStore:
    """The table sources."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, source: str) -> SourceState:
        """Return how the reading of a source goes; a new one has never been read."""
        found = [state for state in self.all(account) if state.source == source]
        return found[0] if found else SourceState(account, source)

    def all(self, account: str | None = None) -> list[SourceState]:
        """Return every source that was ever read, of one account or of all."""
        rows = self._db.execute(
            "SELECT account, source, cursor, polled_at, succeeded_at, failing_since, error_class, "
            "error, failures, retry_at, alerted_at FROM sources "
            "WHERE account = coalesce(?, account) ORDER BY account, source",
            (account,),
        )
        return [_state(row) for row in rows]

    def advance(self, account: str, source: str, cursor: Mapping[str, Any]) -> None:
        """Keep *cursor*; to be called in the transaction that stores the page before it."""
        self._db.execute(
            "INSERT INTO sources (account, source, cursor) VALUES (?, ?, ?) "
            "ON CONFLICT (account, source) DO UPDATE SET cursor = excluded.cursor",
            (account, source, json.dumps(dict(cursor))),
        )

    def succeeded(self, account: str, source: str, at: datetime) -> None:
        """Note that a source has been read to its end."""
        self._db.execute(
            "INSERT INTO sources (account, source, polled_at, succeeded_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (account, source) DO UPDATE SET polled_at = excluded.polled_at, "
            "succeeded_at = excluded.succeeded_at, failing_since = NULL, error_class = NULL, "
            "error = NULL, failures = 0, retry_at = NULL, alerted_at = NULL",
            (account, source, to_text(at), to_text(at)),
        )

    def failed(
        self, account: str, source: str, at: datetime, error: Exception, retry_at: datetime | None
    ) -> SourceState:
        """Note that a read failed, and when to try again; returns how things stand."""
        self._db.execute(
            "INSERT INTO sources (account, source, polled_at, failing_since, error_class, error, "
            "failures, retry_at) VALUES (?, ?, ?, ?, ?, ?, 1, ?) "
            "ON CONFLICT (account, source) DO UPDATE SET polled_at = excluded.polled_at, "
            "failing_since = coalesce(failing_since, excluded.failing_since), "
            "error_class = excluded.error_class, error = excluded.error, "
            "failures = failures + 1, retry_at = excluded.retry_at",
            (
                account,
                source,
                to_text(at),
                to_text(at),
                type(error).__name__,
                str(error),
                maybe_text(retry_at),
            ),
        )
        return self.get(account, source)

    def alerted(self, account: str, source: str, at: datetime) -> None:
        """Note that people were told of a blind source."""
        self._db.execute(
            "INSERT INTO sources (account, source, alerted_at) VALUES (?, ?, ?) "
            "ON CONFLICT (account, source) DO UPDATE SET alerted_at = excluded.alerted_at",
            (account, source, to_text(at)),
        )


def _state(row: tuple[Any, ...]) -> SourceState:
    account, source, cursor, polled, succeeded, failing, kind, error, failures, retry, alerted = row
    return SourceState(
        account=account,
        source=source,
        cursor=json.loads(cursor) if cursor else None,
        polled_at=maybe_instant(polled),
        succeeded_at=maybe_instant(succeeded),
        failing_since=maybe_instant(failing),
        error_class=kind or "",
        error=error or "",
        failures=failures,
        retry_at=maybe_instant(retry),
        alerted_at=maybe_instant(alerted),
    )
