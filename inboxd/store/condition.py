"""How a database file is: found out beside whoever works on it, and without changing anything."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from threading import Timer
from typing import TYPE_CHECKING

from inboxd.errors import DatabaseError
from inboxd.store import files
from inboxd.store.database import (
    explained,
    journal_path,
    lock_path,
    open_database,
    refuse_left,
    transaction,
)
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from inboxd.store import Store

_WEEK = timedelta(days=7)
_RECENT = 1_000
"""Among so many messages the newest is looked for: there is no index by when they were seen."""
_NEWEST = """
SELECT max(instant) FROM (
    SELECT seen_at AS instant FROM (SELECT seen_at FROM messages ORDER BY id DESC LIMIT ?)
    UNION ALL SELECT polled_at FROM sources
    UNION ALL SELECT succeeded_at FROM sources)
"""
_GROWN = """
SELECT coalesce(sum(messages) FILTER (WHERE hour >= ? AND hour < ?), 0), coalesce(sum(messages), 0)
  FROM traffic
"""
_SEARCH_IS_CHECKED_SINCE = (3, 44)
"""From this version of SQLite on, integrity_check looks at the search index as well."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much room a database takes, in bytes; *grows* is how much more it takes each day."""

    whole: int
    free: int
    journal: int
    grows: float | None


def files_of(database: Path) -> tuple[Path, ...]:
    """Return every file that belongs to *database*, whether it is there or not."""
    shared = database.with_name(database.name + "-shm")
    return database, journal_path(database), shared, lock_path(database)


def damage(store: Store, patience: timedelta | None, *, deep: bool) -> str | None:
    """
    Return what SQLite finds wrong with the file, "" where it is whole; None if that took too long.

    *deep* compares every index with its table, and looks for references to what is not there.
    Without *patience* it goes on to the end.
    """
    timer = Timer(patience.total_seconds(), store.database.interrupt) if patience else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        with explained(store.path):
            return files.damage(store.database, deep=deep)
    except DatabaseError as error:
        return str(error)
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        if timer:
            timer.cancel()


def search_is_checked() -> bool:
    """Tell whether `damage` looks at the search index by itself when it looks deep."""
    return sqlite3.sqlite_version_info >= _SEARCH_IS_CHECKED_SINCE


def damage_of_search(path: Path) -> str:
    """
    Return what is wrong with the search index, "" where it is whole.

    Nobody else can write meanwhile: for a time in which no daemon runs.
    """
    db = open_database(path, create=False)
    try:
        with explained(path), transaction(db):
            db.execute(
                "INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)"
            )
    except DatabaseError as error:
        return str(error)
    finally:
        db.close()
    return ""


def try_to_write(path: Path) -> None:
    """Raise DatabaseError where nobody can write to a database at present; nothing is written."""
    db = open_database(path, create=False)
    try:
        with explained(path), transaction(db):
            refuse_left(db, path)
    finally:
        db.close()


def size(store: Store, now: datetime) -> Size:
    """Return how much room the database takes, and how fast it grows: as in the last week."""
    db = store.database
    whole, free = files.extent(db)
    week, ever = db.execute(_GROWN, (to_text(now - _WEEK), to_text(now))).fetchone()
    grows = (whole - free) * week / ever / _WEEK.days if ever else None
    try:
        journal = journal_path(store.path).stat().st_size
    except OSError:
        journal = 0
    return Size(whole, free, journal, grows)


def newest(store: Store) -> datetime | None:
    """Return the latest instant at which anything was noted; None in a database that is new."""
    (instant,) = store.database.execute(_NEWEST, (_RECENT,)).fetchone()
    return from_text(instant) if instant else None


def policies_at_work(store: Store, since: datetime) -> set[str]:
    """Return the policies that governed any case which began after *since*."""
    rows = store.database.execute(
        "SELECT DISTINCT policy FROM cases WHERE opened_at >= ? AND policy IS NOT NULL",
        (to_text(since),),
    )
    return {policy for (policy,) in rows}


def cases_since(store: Store, since: datetime) -> int:
    """Return how many cases began after *since*."""
    (count,) = store.database.execute(
        "SELECT count(*) FROM cases WHERE opened_at >= ?", (to_text(since),)
    ).fetchone()
    return int(count)


def without_policy(store: Store) -> int:
    """Return how many customers wait in cases that no policy governs."""
    (count,) = store.database.execute(
        "SELECT count(*) FROM cases WHERE status = 'waiting' AND coalesce(policy, '') = ''"
    ).fetchone()
    return int(count)
