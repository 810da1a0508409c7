"""Where each source of each account has been read to, and how its reading goes."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inboxd.blotting import blotted
from inboxd.errors import OperatorError
from inboxd.store.times import from_text, maybe_instant, maybe_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SourceState:
    """
    How the reading of one source goes.

    *failing_since* is set while it fails, *needs_person* if waiting does not help. *told_as*
    is what people know of it at the moment ("blind", "refused", "deaf"), since *blind_since*.
    *reading_since* is when the present unbroken stretch of reads began, and *missed* counts
    what this source read back that another should have delivered.
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
    reading_since: datetime | None = None
    missed: int = 0


_COLUMNS = (
    "account, source, cursor, polled_at, succeeded_at, failing_since, error_class, error, "
    "needs_person, failures, retry_at, told_as, told_at, blind_since, reading_since, missed"
)


_LATE = timedelta(minutes=2)
"""A message that is found by other means within this may still be on its way to a source."""


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
            f"SELECT {_COLUMNS} FROM sources "  # noqa: S608 - constant columns
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

    def succeeded(
        self, account: str, source: str, at: datetime, reading_since: datetime | None = None
    ) -> None:
        """
        Note that a source has been read to its end.

        *reading_since* begins a new stretch of reads; the present one goes on without it.
        """
        self._db.execute(
            "INSERT INTO sources (account, source, polled_at, succeeded_at, reading_since) "
            "VALUES (:account, :source, :at, :at, coalesce(:since, :at)) "
            "ON CONFLICT (account, source) DO UPDATE SET polled_at = excluded.polled_at, "
            "succeeded_at = excluded.succeeded_at, "
            "reading_since = coalesce(:since, reading_since, :at), "
            "failing_since = NULL, error_class = NULL, "
            "error = NULL, needs_person = 0, failures = 0, retry_at = NULL",
            {
                "account": account,
                "source": source,
                "at": to_text(at),
                "since": maybe_text(reading_since),
            },
        )

    def missed(self, account: str, source: str, primary: str, messages: Sequence[int]) -> None:
        """
        Count those of *messages*, read back by *source*, that *primary* should have delivered.

        Those were sent in the present stretch of reads of *primary*, well before its last read.
        """
        state = self.get(account, primary)
        if not messages or state.reading_since is None or state.succeeded_at is None:
            return
        self._db.execute(
            "UPDATE sources SET missed = missed + (SELECT count(*) FROM messages "
            "WHERE id IN (SELECT value FROM json_each(?)) AND sent_at > ? AND sent_at < ?) "
            "WHERE account = ? AND source = ?",
            (
                json.dumps(list(messages)),
                to_text(state.reading_since + _LATE),
                to_text(state.succeeded_at - _LATE),
                account,
                source,
            ),
        )

    def heard(self, account: str, sources: Iterable[str]) -> None:
        """Note that what *sources* read back is delivered by itself: nothing counts as missed."""
        self._db.executemany(
            "UPDATE sources SET missed = 0 WHERE account = ? AND source = ? AND missed",
            [(account, source) for source in sources],
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
                blotted(str(error)),
                isinstance(error, OperatorError),
                maybe_text(retry_at),
            ),
        )
        return self.get(account, source)

    def spared(
        self, account: str, source: str, at: datetime, error: Exception, retry_at: datetime
    ) -> None:
        """Note that a source is not read for now, by choice: that is no failure."""
        self._db.execute(
            "INSERT INTO sources (account, source, polled_at, error_class, error, retry_at) "
            "VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (account, source) DO UPDATE SET polled_at = excluded.polled_at, "
            "error_class = excluded.error_class, error = excluded.error, "
            "retry_at = excluded.retry_at, failing_since = NULL, failures = 0, needs_person = 0",
            (
                account,
                source,
                to_text(at),
                type(error).__name__,
                blotted(str(error)),
                to_text(retry_at),
            ),
        )

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

    def try_again(self) -> None:
        """Let what only a person could mend rest no longer: whoever starts us may have done so."""
        self._db.execute("UPDATE sources SET retry_at = NULL WHERE needs_person")

    def told_since(self) -> dict[str, datetime]:
        """Return the accounts that people know to be in trouble, and since when they are."""
        rows = self._db.execute(
            "SELECT account, min(blind_since) FROM sources "
            "WHERE told_as IN ('blind', 'refused') GROUP BY account"
        )
        return {account: from_text(since) for account, since in rows}

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
        retry, told_as, told_at, blind_since, reading_since, missed,
    ) = row  # fmt: skip
    return SourceState(
        account=account,
        source=source,
        cursor=_cursor(cursor),
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
        reading_since=maybe_instant(reading_since),
        missed=missed,
    )


def _cursor(text: str | None) -> Mapping[str, Any] | None:
    """Return where to read on; what is no cursor any more is read anew, as far as it goes back."""
    with suppress(ValueError):
        cursor = json.loads(text or "null")
        return cursor if isinstance(cursor, dict) else None
    return None
