"""The database as a file: whose it is, how large, what room is beside it, and whether it is whole."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


def make_private(path: Path) -> None:
    """
    Make an empty file of mode 0600, unless it is there, that belongs to whom its folder belongs to.

    Root only looks after things: what it makes in the daemon's folder must not shut the daemon out.
    """
    path = path.resolve()
    with suppress(FileExistsError):
        # Never one that somebody has put there: it might be a link to what is root's own.
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            belong_to_folder(file, path.parent)
        finally:
            os.close(file)


def belong_to_folder(file: int | Path, folder: Path) -> None:
    """Give what root has just made in *folder* to its owner; a file system may know of none."""
    if os.geteuid() == 0:
        owner = folder.stat()
        with suppress(OSError):
            os.chown(file, owner.st_uid, owner.st_gid)


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
