"""Writing many rows with one statement."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_MOST_VALUES = 30_000
"""SQLite takes 32,766 in one statement."""


def insert(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
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
    """Return the number after the highest in *table*; it is free while a transaction lasts."""
    (highest,) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()  # noqa: S608 - ditto
    return (highest or 0) + 1
