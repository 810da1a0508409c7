"""Taking an archive into an empty database, as it was."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from typing import TYPE_CHECKING

from inboxd.errors import UserError
from inboxd.store import schema
from inboxd.store.bulk import insert
from inboxd.store.moving.checking import Columns
from inboxd.store.moving.exporting import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from inboxd.store.moving.archive import Archive, Line

    Watch = Callable[[str, int], None]

_AT_ONCE = 500


class Loader:
    """Writes rows as an archive has them, numbers and all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        names = schema.tables().intersection(Snapshot(connection).tables())
        self._tables = {name: Columns(connection, name) for name in names}

    def is_empty(self) -> bool:
        """Tell whether nothing was ever read into the database."""
        asked = " UNION ALL ".join(
            f"SELECT 1 FROM (SELECT 1 FROM {table} LIMIT 1)"  # noqa: S608 - names of our schema
            for table in ("conversations", "sources", "alerts", "erasures")
        )
        return self._db.execute(asked).fetchone() is None

    def load(self, archive: Archive, watch: Watch) -> dict[str, int]:
        """
        Write everything that is in *archive*; returns how many rows of each table.

        To be called within a transaction, on an empty database. Raises UserError with the line
        that cannot be taken in.
        """
        self._db.execute("PRAGMA defer_foreign_keys = ON")
        self._db.execute("DELETE FROM memory")
        counts: dict[str, int] = {}
        for lines in _batches(archive.rows()):
            table = lines[0].table
            self._write(archive, lines)
            counts[table] = counts.get(table, 0) + len(lines)
            watch(table, counts[table])
        self._refuse_dangling()
        return counts

    def _write(self, archive: Archive, lines: Sequence[Line]) -> None:
        for line in lines:
            self._check(archive, line)
        table, columns = lines[0].table, tuple(lines[0].row)
        try:
            insert(self._db, table, columns, [tuple(line.row.values()) for line in lines])
        except (sqlite3.Error, ValueError, OverflowError) as error:
            if len(lines) == 1:
                raise archive.wrong(lines[0], error) from None
            # Which of them it is, is said by writing them one by one.
            for line in lines:
                self._write(archive, [line])

    def _check(self, archive: Archive, line: Line) -> None:
        known = self._tables.get(line.table)
        if known is None:
            raise archive.wrong(line, "there is no such table")
        if why := known.wrong(line.row):
            raise archive.wrong(line, why)

    def _refuse_dangling(self) -> None:
        row = self._db.execute("PRAGMA foreign_key_check").fetchone()
        if row is not None:
            table, _, parent, _ = row
            raise UserError(
                f"rows of {table} belong to rows of {parent} that are not in the export; it was "
                "changed: make it once more"
            )


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Yield rows of one table and of the same columns, some at a time."""
    for _, group in groupby(lines, lambda line: (line.table, tuple(line.row))):
        batch: list[Line] = []
        for line in group:
            batch.append(line)
            if len(batch) == _AT_ONCE:
                yield batch
                batch = []
        if batch:
            yield batch
