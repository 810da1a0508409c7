"""
The last backup of a database that moves to another server: nobody writes to what stays behind.

Since nothing can have happened after it, what it holds as still to be sent was not sent. That is
believed of the file once: a second daemon made of it would send everything again.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.errors import DatabaseError
from inboxd.store.database import LEFT_AT, DaemonLock, explained, left_at, transaction
from inboxd.store.keeping.backups import back_up, is_ours, quietly
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from inboxd.store.keeping.backups import Backup, Watch

PATIENCE_SECONDS = 5.0
"""How long to wait for another program that writes to a backup."""
_BELIEVED_FOR = timedelta(days=1)
"""After this long a last backup is one like any other: nobody moves for so long."""


def back_up_last(database: Path, to: Path, now: datetime, watch: Watch = quietly) -> Backup:
    """
    Copy *database* as `back_up` does, and let nobody write to it from then on.

    Raises DatabaseError where a daemon or a terminal has it open, or where it cannot be copied:
    then it is as it was.
    """
    if not database.exists():
        raise DatabaseError(f"{database} does not exist")
    lock = DaemonLock(database)
    lock.acquire()
    try:
        before = _leave(database, to_text(now))
        try:
            return back_up(database, to, watch)
        except BaseException:
            _leave(database, before)
            raise
    finally:
        lock.release()


def forget_leaving(db: sqlite3.Connection, now: datetime) -> bool:
    """Let *db*, a copy, be written to; returns whether nothing can have happened since it was made."""
    with transaction(db):
        left = left_at(db)
        db.execute("DELETE FROM memory WHERE name = ?", (LEFT_AT,))
    return left is not None and now - from_text(left) < _BELIEVED_FOR


def use_up(backup: Path) -> None:
    """Make a last *backup* one like any other; DatabaseError where it cannot be written to."""
    try:
        with (
            closing(sqlite3.connect(backup, timeout=PATIENCE_SECONDS, isolation_level=None)) as db,
            transaction(db),
        ):
            db.execute("DELETE FROM memory WHERE name = ?", (LEFT_AT,))
    except sqlite3.OperationalError as error:
        raise DatabaseError(
            f"{backup} cannot be restored: what it has still to send may be sent once, and that "
            f"cannot be noted in it ({error}); copy it to where this user may write"
        ) from error


@contextmanager
def held(database: Path) -> Iterator[sqlite3.Connection]:
    """
    Yield *database* with everybody else locked out; what is in its journal is in the file then.

    Raises DatabaseError where somebody has it open, sqlite3.DatabaseError where it is none.
    """
    with closing(sqlite3.connect(database, timeout=1.0, isolation_level=None)) as db:
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = DELETE").fetchone()
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise DatabaseError(
                f"{database} is open in another program, such as `inboxd tui`; leave that first"
            ) from error
        yield db


def _leave(database: Path, at: str | None) -> str | None:
    """Note when *database* was left, or that it was not; returns what was noted before."""
    with explained(database), held(database) as db:
        if not is_ours(db):
            raise DatabaseError(f"{database} is no database of inboxd")
        before = left_at(db)
        db.execute("DELETE FROM memory WHERE name = ?", (LEFT_AT,))
        if at is not None:
            db.execute("INSERT INTO memory (name, value) VALUES (?, ?)", (LEFT_AT, at))
        db.execute("COMMIT")
    return before
