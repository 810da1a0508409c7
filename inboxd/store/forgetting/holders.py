"""Other files that may hold somebody: backups, which are only read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from enum import StrEnum
from typing import TYPE_CHECKING

from inboxd.store.keeping.backups import HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inboxd.store.forgetting.people import Person

UNFINISHED = ".inboxd-import-"
"""How the folder begins in which an import keeps what it reads, beside the database."""
_ENDINGS = {".db", ".sqlite", ".sqlite3"}


class Holding(StrEnum):
    """Whether a file has somebody in it."""

    YES = "yes"
    NO = "no"
    UNREADABLE = "unreadable"


def holding(
    folder: Path, people: Sequence[Person], database: Path | None = None
) -> dict[Path, Holding]:
    """
    Return the databases in *folder* that know one of *people*, and those that cannot be read.

    The *database* that is in use is none of them; what was killed halfway is.

    A backup is finished and nobody writes to it: it is read without a lock or a journal.
    """
    files = sorted(
        path
        # What an import was killed over is in a folder of its own.
        for where in (folder, *folder.glob(f"{UNFINISHED}*"))
        if where.is_dir()
        for path in where.iterdir()
        # To open a file that is in use, and close it again, would take away SQLite's locks on it.
        if path.is_file() and not (database and path.samefile(database))
    )
    found = {path: _knows(path, people) for path in files if _may_be_one(path)}
    return {path: holds for path, holds in found.items() if holds is not Holding.NO}


def _may_be_one(path: Path) -> bool:
    """Tell whether a file is a database, or bears the name of one that cannot be read."""
    if path.suffix in _ENDINGS:
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(HEADER)) == HEADER
    except OSError:
        return False


def _knows(path: Path, people: Sequence[Person]) -> Holding:
    names = json.dumps([f"{each.account}\x1f{each.remote_id}" for each in people])
    try:
        address = f"{path.absolute().as_uri()}?immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as db:
            row = db.execute(
                "SELECT 1 FROM authors WHERE account || char(31) || remote_id IN "
                "(SELECT value FROM json_each(?)) LIMIT 1",
                (names,),
            ).fetchone()
    except sqlite3.Error:
        return Holding.UNREADABLE
    return Holding.YES if row else Holding.NO
