"""The database as a file: how large it is, how much room is beside it, and whether it is whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


def extent(db: sqlite3.Connection) -> tuple[int, int]:
    """Return how many bytes a database has, and how many of them hold nothing."""
    page, pages, free = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    return page * pages, page * free


def room(folder: Path) -> int:
    """Return how many bytes can still be written to *folder*."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def damage(db: sqlite3.Connection, *, deep: bool) -> str:
    """
    Return what SQLite finds wrong with a database, "" where it is whole.

    *deep* compares every index with its table, and looks for references to what is not there.
    """
    check = "integrity_check" if deep else "quick_check"
    (said,) = db.execute(f"PRAGMA {check}(1)").fetchone()
    if said != "ok":
        return str(said).splitlines()[-1]
    if deep and (lost := db.execute("PRAGMA foreign_key_check").fetchone()):
        return f"row {lost[1]} of {lost[0]} refers to a row of {lost[2]} that is not there"
    return ""
