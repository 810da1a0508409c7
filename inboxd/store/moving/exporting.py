"""Reading tables out, row by row and all as of one instant, while others go on writing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from inboxd.errors import UserError
from inboxd.store import schema
from inboxd.store.bulk import quoted
from inboxd.store.database import explained, open_read_only
from inboxd.store.forgetting.people import PeopleStore
from inboxd.store.moving.joined import JOINED
from inboxd.store.times import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from inboxd.store.forgetting.people import Person

Value = str | int | float | None
Rows = tuple[list[str], "Iterator[tuple[Value, ...]]"]
"""Columns, and the rows."""

# When a row happened, in the order in which a table's columns are asked for it.
_TIMES = (
    "sent_at", "opened_at", "since", "waiting_since", "at", "created_at", "judged_at",
    "replaced_at", "last_seen_at", "hour", "began_at", "day", "saved_at", "erased_at", "written_at",
)  # fmt: skip
_LEFT_OUT = (
    "messages_fts%", "sqlite_%", "_sqlite_%", "presences",
    "sheets", "sheet_accounts", "sheet_staff", "sheets_stale",
)  # fmt: skip
"""
What SQLite and sqlite-utils keep for themselves, who looks at what at this moment, and what is
worked out from the rest.
"""
_RAW = "raw"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows: of one account, from *since* on, before *until*; *raw* payloads only if asked."""

    account: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    raw: bool = False


class Snapshot:
    """A database as it is at one instant, however long it is read."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def tables(self) -> list[str]:
        """Return the tables that hold what cannot be worked out from others, by name."""
        rows = self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [name for (name,) in rows if not _is_left_out(name)]

    def names(self) -> list[str]:
        """Return everything that can be read: what is joined, tables and views."""
        views = self._db.execute("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name")
        return [*self.tables(), *(name for (name,) in views)]

    @property
    def schema(self) -> list[str]:
        """Return the migrations that the database has been through."""
        return schema.applied(self._db)

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        (count,) = self._db.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()  # noqa: S608 - a name of our schema
        return int(count)

    def joined(self, what: str, choice: Choice) -> Rows:
        """Return one row a message, or one a case, with everything that is known of it."""
        query = JOINED[what]
        conditions, values = _conditions(query.account, query.time, choice)
        raw = query.raw if choice.raw else ""
        return self._rows(f"{query.columns}{raw} {query.tables} {conditions} {query.order}", values)

    def table(self, name: str, choice: Choice) -> Rows:
        """Return the rows of a table or view; raises UserError where *choice* does not apply."""
        if name not in self.names():
            known = ", ".join(self.names())
            raise UserError(f"there is no table {name!r}; there are: {known}")
        try:
            return self._chosen(name, choice)
        except sqlite3.OperationalError as error:
            if name in schema.tables():
                raise
            raise UserError(f"{name}, which is not inboxd's, cannot be read: {error}") from error

    def _chosen(self, name: str, choice: Choice) -> Rows:
        columns = self._columns(name)
        time = next((each for each in _TIMES if each in columns), None)
        if time is None and (choice.since or choice.until):
            raise UserError(f"{name} has no time; leave --since and --until out")
        conditions, values = _conditions(_account(columns), time or "", choice)
        wanted = ", ".join(quoted(each) for each in columns if each != _RAW or choice.raw)
        return self._rows(
            f"SELECT {wanted} FROM {quoted(name)} {conditions} {self._order(name)}",  # noqa: S608 - names, quoted
            values,
        )

    def everything(self, *, raw: bool) -> Iterator[tuple[str, Rows]]:
        """
        Yield each table of inboxd with its rows; the quarantine, which is raw alone, only if asked.

        What rows belong to comes before them: a row whose owner is still to come makes SQLite
        look for such rows in all that it takes in from there on.
        """
        for name in self._owners_first():
            if raw or name != "unknown_items":
                yield name, self.table(name, Choice(raw=raw))

    def _owners_first(self) -> list[str]:
        sorter = TopologicalSorter[str]()
        own = schema.tables()
        for table in (each for each in self.tables() if each in own):
            owners = self._db.execute(f"PRAGMA foreign_key_list({quoted(table)})")
            sorter.add(table, *sorted({row[2] for row in owners}))
        return list(sorter.static_order())

    def people(self, name: str, account: str | None) -> list[list[Person]]:
        """Return whoever goes by *name*."""
        return PeopleStore(self._db).called(name, account)

    def about(self, people: Sequence[Person]) -> Iterator[tuple[str, Rows]]:
        """Yield each table that has rows of *people*, with those rows and raw payloads."""
        traces = PeopleStore(self._db).traces(people)
        numbers = {
            "authors": ("id", traces.people),
            "conversations": ("id", traces.own),
            "messages": ("id", traces.theirs),
            "message_versions": ("message_id", traces.theirs),
            "corrections": ("message_id", traces.theirs),
            "reply_verdicts": ("message_id", traces.theirs),
            "reply_corrections": ("message_id", traces.theirs),
            "cases": ("id", traces.cases),
            "waits": ("case_id", traces.cases),
            "actions": ("case_id", traces.cases),
            "alerts": ("case_id", traces.cases),
            "outbox": ("case_id", traces.cases),
            "drafts": ("case_id", traces.cases),
        }
        for table, (column, wanted) in numbers.items():
            columns = ", ".join(self._columns(table))
            yield (
                table,
                self._rows(
                    f"SELECT {columns} FROM {table} "  # noqa: S608 - names of our schema
                    f"WHERE {column} IN (SELECT value FROM json_each(?)) {self._order(table)}",
                    [json.dumps(wanted)],
                ),
            )

    def _rows(self, sql: str, values: Sequence[Value]) -> Rows:
        cursor = self._db.execute(sql, values)
        return [column[0] for column in cursor.description], cursor

    def _columns(self, table: str) -> list[str]:
        return [row[1] for row in self._db.execute(f"PRAGMA table_info({quoted(table)})")]

    def _order(self, table: str) -> str:
        """Return how to read a table so that the same rows always come in the same order."""
        keys = [
            (row[5], row[1])
            for row in self._db.execute(f"PRAGMA table_info({quoted(table)})")
            if row[5]
        ]
        if keys:
            return f"ORDER BY {', '.join(quoted(name) for _, name in sorted(keys))}"
        is_table = self._db.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
        ).fetchone()
        return "ORDER BY rowid" if is_table else ""


@contextmanager
def snapshot(path: Path) -> Iterator[Snapshot]:
    """Yield the database at *path* as it is now; the file is only read."""
    connection = open_read_only(path)
    try:
        with explained(path):
            connection.execute("BEGIN")
            yield Snapshot(connection)
    finally:
        connection.close()


def _conditions(account: str, time: str, choice: Choice) -> tuple[str, list[Value]]:
    conditions, values = [], []
    if choice.account is not None:
        conditions.append(account)
        values.append(choice.account)
    if choice.since is not None:
        conditions.append(f"{time} >= ?")
        values.append(to_text(choice.since))
    if choice.until is not None:
        conditions.append(f"{time} < ?")
        values.append(to_text(choice.until))
    return (f"WHERE {' AND '.join(conditions)}" if conditions else ""), list(values)


def _account(columns: Sequence[str]) -> str:
    """Return the condition that a row is an account's."""
    if "account" in columns:
        return "account = ?"
    if "case_id" in columns:
        return "case_id IN (SELECT id FROM cases WHERE account = ?)"
    if "message_id" in columns:
        return "message_id IN (SELECT id FROM messages WHERE account = ?)"
    # Without one, no row is; whoever asks is told by an empty file.
    return "? IS NULL"


def _is_left_out(name: str) -> bool:
    return any(
        name == each or (each.endswith("%") and name.startswith(each[:-1])) for each in _LEFT_OUT
    )
