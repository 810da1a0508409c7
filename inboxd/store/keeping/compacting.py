"""Giving back what the database file does not need any more."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.core.text import format_size
from inboxd.errors import DatabaseError
from inboxd.store.database import explained
from inboxd.store.files import extent, room

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

_MERGE_AT_ONCE = 500
"""Pages of the full-text index that one transaction puts together."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many bytes the database has, and how many of them hold nothing."""

    bytes: int
    free: int

    @property
    def needed(self) -> int:
        """Return how much room the disk must have for the file to be written anew."""
        # Once in a file of its own, and once more in the journal.
        return 2 * (self.bytes - self.free)


def size_of(db: sqlite3.Connection) -> Size:
    """Return how large the database is."""
    return Size(*extent(db))


def tidy_index(db: sqlite3.Connection) -> Iterator[None]:
    """Put the full-text index together, one small transaction with each step."""
    before = -2
    # Documented so: when less than two rows change, nothing is left to be done.
    while db.total_changes - before >= 2:
        before = db.total_changes
        db.execute(
            "INSERT INTO messages_fts (messages_fts, rank) VALUES ('merge', ?)",
            (_MERGE_AT_ONCE if before else -_MERGE_AT_ONCE,),
        )
        yield


def compact(db: sqlite3.Connection, path: Path) -> Size:
    """
    Write the file at *path* anew without what holds nothing, and empty its journal.

    To be called by whoever has the daemon's lock: nobody can write meanwhile. Raises
    DatabaseError where the disk has not the room.
    """
    size, free = size_of(db), room(path.parent)
    if free < size.needed:
        raise DatabaseError(
            f"{path.parent} has no room to write the database anew: it needs "
            f"{format_size(size.needed)}, and {format_size(free)} are free"
        )
    # SQLite would write it to the folder for temporary files, which may be small.
    os.environ["SQLITE_TMPDIR"] = str(path.parent)
    with explained(path):
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return size_of(db)
