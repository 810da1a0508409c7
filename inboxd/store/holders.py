"""Other files that may hold somebody: backups, which are only read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inboxd.store.people import Person

_ENDINGS = {".db", ".sqlite", ".sqlite3"}


def holding(folder: Path, people: Sequence[Person], database: Path | None = None) -> list[Path]:
    """
    Return the databases in *folder* that know one of *people*, or that cannot be read.

    The *database* that is in use is none of them.

    A backup is finished and nobody writes to it: it is read without a lock or a journal.
    """
    if not folder.is_dir():
        return []
    files = sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS)
    return [
        path
        for path in files
        # To open a file that is in use, and close it again, would take away SQLite's locks on it.
        if path.is_file() and not (database and path.samefile(database)) and _knows(path, people)
    ]


def _knows(path: Path, people: Sequence[Person]) -> bool:
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
        return True
    return row is not None
