"""Where people are named in what is not theirs, and how their names are taken out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.store.forgetting.erasures import ITEM, THREAD

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from inboxd.core.redaction import Redactor

    Forbid = Callable[[str, str, str], None]

TEXTS: Mapping[str, Sequence[str]] = {
    "messages": (
        "text", "url", "attachments", "addressees", "verdict", "raw", "parent_remote_id",
    ),
    "message_versions": ("text",),
    "corrections": ("text",),
    "reply_corrections": ("text", "note"),
    "reply_verdicts": ("text", "evidence", "promised"),
    "answers_elsewhere": ("thread_remote_id",),
    "conversations": ("reply_note",),
    "unknown_items": ("raw", "error", "remote_id"),
    "cases": ("close_reason",),
    "actions": ("detail",),
    "drafts": ("text",),
    "silences": ("match", "reason"),
    "alerts": ("headline", "detail", "card", "facts", "examples"),
    "outbox": ("reply", "receipt", "error"),
    "sources": ("cursor", "error"),
    "rivals": ("cursor", "error"),
    "rival_messages": ("text",),
}  # fmt: skip
"""The columns in which what customers and networks said may stand; all others hold our words."""

_WORDS = {
    "text", "headline", "detail", "reason", "close_reason", "promised", "error", "reply_note", "note",
}  # fmt: skip
"""Columns that hold words, even if a customer's begin like JSON: places in them are pointed to."""
_KEYS: Mapping[str, str] = {
    "answers_elsewhere": "account || char(31) || thread_remote_id || char(31) || message_id",
    "unknown_items": "account || char(31) || remote_id",
    "drafts": "case_id || char(31) || actor",
    "sources": "account || char(31) || source",
}
"""What tells the rows of a table apart that has no row numbers."""

_GONE = {"unknown_items": ITEM, "answers_elsewhere": THREAD}
"""What is about nobody else once it names somebody."""

Found = dict[str, list[object]]


class Mentions:
    """
    Finds the rows that name somebody, without a lock, and takes the names out of those.

    A database of a million messages is read through in a minute; the daemon writes meanwhile.
    """

    def __init__(self, connection: sqlite3.Connection, redactor: Redactor) -> None:
        self._db = connection
        self._redactor = redactor
        connection.create_function("mentions", 1, redactor.mentions, deterministic=True)

    def find(self, watch: Callable[[str], None]) -> Found:
        """Return which rows of which tables name one of them; *watch* hears of each table."""
        found: Found = {}
        for table, columns in TEXTS.items():
            watch(table)
            where = " OR ".join(f"mentions({column})" for column in columns)
            key = _KEYS.get(table, "rowid")
            rows = self._db.execute(f"SELECT {key} FROM {table} WHERE {where}")  # noqa: S608 - names of our schema
            if numbers := [number for (number,) in rows]:
                found[table] = numbers
        return found

    def take_out(self, found: Found, now: str, forbid: Forbid) -> int:
        """
        Take their names out of the rows *found*, to be called within a transaction.

        What is nothing but a name is deleted, and *forbid* is told its kind, account and name.
        Returns how many rows named them.
        """
        rows = 0
        for table, numbers in found.items():
            for number in numbers:
                if table in _GONE:
                    account, name, *_ = str(number).split("\x1f")
                    forbid(_GONE[table], account, name)
                    rows += self._delete(table, number)
                else:
                    rows += self._redact(table, number, now)
        return rows

    def _delete(self, table: str, number: object) -> int:
        where = f"{_KEYS[table]} = ?"
        return self._db.execute(f"DELETE FROM {table} WHERE {where}", (number,)).rowcount  # noqa: S608 - ditto

    def _redact(self, table: str, number: object, now: str) -> int:
        columns, key = TEXTS[table], _KEYS.get(table, "rowid")
        row = self._db.execute(
            f"SELECT {', '.join(columns)} FROM {table} WHERE {key} = ?",  # noqa: S608 - ditto
            (number,),
        ).fetchone()
        if row is None:
            return 0
        changed = {
            column: self._clean(column, text)
            for column, text in zip(columns, row, strict=True)
            if isinstance(text, str)
        }
        changed = {name: text for name, text in changed.items() if text != row[columns.index(name)]}
        if table == "messages" and "text" in changed:
            changed["erased_at"] = now
        if changed:
            settings = ", ".join(f"{column} = ?" for column in changed)
            self._db.execute(
                f"UPDATE {table} SET {settings} WHERE {key} = ?",  # noqa: S608 - ditto
                (*changed.values(), number),
            )
        return bool(changed)

    def _clean(self, column: str, text: str) -> str:
        if column in _WORDS:
            return self._redactor.plain(text)
        # A blot in a cursor would be read on from; what is not in it is only forgotten.
        return self._redactor.pruned(text) if column == "cursor" else self._redactor.redacted(text)
