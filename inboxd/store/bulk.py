"""Writing many rows with few statements."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

Row = tuple[object, ...]

NUMBERED = ("conversations", "messages", "cases", "waits")
"""What others know by its number, such as a button in Slack: none is given out twice."""
_MOST_VALUES = 30_000
"""SQLite takes 32,766 in one statement."""


def quoted(name: str) -> str:
    """Return *name* as SQL has names of tables and columns: people add theirs, called as they like."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


class Rows:
    """
    What is new and what has changed in one table, gathered within a transaction.

    *columns* are those after ``id``. Of a row that is known only what differs is written:
    an index is rewritten wherever its column is set, to whatever value.
    """

    def __init__(self, connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> None:
        self._db = connection
        self._table = table
        self._columns = columns
        self._numbers = count(next_id(connection, table))
        self._new: list[Row] = []
        self._changed: dict[tuple[str, ...], list[Row]] = {}

    def add(self, values: Row) -> int:
        """Take in a new row and return its number."""
        number = next(self._numbers)
        self._new.append((number, *values))
        return number

    def change(self, number: int, before: Row, after: Row) -> None:
        """Take in a row that was *before* and is *after*."""
        pairs = zip(self._columns, before, after, strict=True)
        changed = {column: new for column, old, new in pairs if old != new}
        if changed:
            self._changed.setdefault(tuple(changed), []).append((*changed.values(), number))

    def write(self) -> None:
        """Write everything that was taken in."""
        insert(self._db, self._table, ("id", *self._columns), self._new)
        for columns, rows in self._changed.items():
            settings = ", ".join(f"{column} = ?" for column in columns)
            self._db.executemany(f"UPDATE {self._table} SET {settings} WHERE id = ?", rows)  # noqa: S608 - names of our schema


def insert(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Row],
) -> None:
    """
    Insert *rows* by a single statement, or few if there are thousands.

    Before each further statement of a transaction that can fail halfway, the full-text index
    writes what it has gathered to disk. Row by row, indexing would cost twice as much.
    """
    at_once = _MOST_VALUES // len(columns)
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        one = f"({', '.join('?' * len(columns))})"
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names of our schema
            f"VALUES {', '.join([one] * len(some))}",
            list(chain.from_iterable(some)),
        )


def next_id(connection: sqlite3.Connection, table: str) -> int:
    """
    Return the number after the highest in *table*; it is free while a transaction lasts.

    One that was removed counts as well: buttons and people still know it by its number.
    """
    (highest,) = connection.execute(
        f"SELECT max(coalesce((SELECT max(id) FROM {table}), 0), coalesce("  # noqa: S608 - ditto
        "(SELECT CAST(value AS INTEGER) FROM memory WHERE name = ?), 0))",
        (f"floor:{table}",),
    ).fetchone()
    return int(highest) + 1


def keep_floor(connection: sqlite3.Connection, table: str, least: int = 0) -> None:
    """Let what is new in *table* get numbers above all of its present ones, and above *least*."""
    connection.execute(
        "INSERT INTO memory (name, value) "  # noqa: S608 - names of our schema
        f"SELECT 'floor:{table}', max(coalesce((SELECT max(id) FROM {table}), 0), ?) WHERE true "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value "
        "WHERE CAST(excluded.value AS INTEGER) > CAST(memory.value AS INTEGER)",
        (least,),
    )
