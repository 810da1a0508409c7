"""Where each source of each account has been read to, and how its reading goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.errors import OperatorError
from inboxd.store.times import maybe_instant, maybe_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SourceState:
    """
    How the reading of one source goes.

    *failing_since* is set while it fails, *needs_person* if waiting does not help. *told_as*
    is what people know of it at the moment ("blind", "refused"), since *blind_since*.
    """

    account: str
    source: str
    cursor: Mapping[str, Any] | None = None
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    failing_since: datetime | None = None
    error_class: str = ""
    error: str = ""
    needs_person: bool = False
    failures: int = 0
    retry_at: datetime | None = None
    told_as: str = ""
    told_at: datetime | None = None
    blind_since: datetime | None = None


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
            "error, needs_person, failures, retry_at, told_as, told_at, blind_since FROM sources "
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
            "error = NULL, needs_person = 0, failures = 0, retry_at = NULL",
            (account, source, to_text(at), to_text(at)),
        )

    def failed(
        self, account: str, source: str, at: datetime, error: Exception, retry_at: datetime | None
    ) -> SourceState:
        """Note that a read failed, and when to try again; returns how things stand."""
        self._db.execute(
            "INSERT INTO sources (account, source, polled_at, failing_since, error_class, error, "
            "needs_person, failures, retry_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?) "
            "ON CONFLICT (account, source) DO UPDATE SET polled_at = excluded.polled_at, "
            "failing_since = coalesce(failing_since, excluded.failing_since), "
            "error_class = excluded.error_class, error = excluded.error, "
            "needs_person = excluded.needs_person, failures = failures + 1, retry_at = excluded.retry_at",
            (
                account,
                source,
                to_text(at),
                to_text(at),
                type(error).__name__,
                str(error),
                isinstance(error, OperatorError),
                maybe_text(retry_at),
            ),
        )
        return self.get(account, source)

    def told(
        self,
        account: str,
        sources: Sequence[str],
        told_as: str,
        blind_since: datetime,
        at: datetime,
    ) -> None:
        """Note what people know of *sources* from *at* on."""
        self._db.executemany(
            "INSERT INTO sources (account, source, told_as, told_at, blind_since) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, source) DO UPDATE SET "
            "told_as = excluded.told_as, told_at = excluded.told_at, "
            "blind_since = excluded.blind_since",
            [(account, source, told_as, to_text(at), to_text(blind_since)) for source in sources],
        )

    def reassured(self, account: str, sources: Sequence[str]) -> None:
        """Note that people know that *sources* are read again."""
        self._db.executemany(
            "UPDATE sources SET told_as = NULL, told_at = NULL, blind_since = NULL "
            "WHERE account = ? AND source = ?",
            [(account, source) for source in sources],
        )


def _state(row: tuple[Any, ...]) -> SourceState:
    (
        account, source, cursor, polled, succeeded, failing, kind, error, needs_person, failures,
        retry, told_as, told_at, blind_since,
    ) = row  # fmt: skip
    return SourceState(
        account=account,
        source=source,
        cursor=json.loads(cursor) if cursor else None,
        polled_at=maybe_instant(polled),
        succeeded_at=maybe_instant(succeeded),
        failing_since=maybe_instant(failing),
        error_class=kind or "",
        error=error or "",
        needs_person=bool(needs_person),
        failures=failures,
        retry_at=maybe_instant(retry),
        told_as=told_as or "",
        told_at=maybe_instant(told_at),
        blind_since=maybe_instant(blind_since),
    )
