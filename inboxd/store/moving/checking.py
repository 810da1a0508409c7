"""What values of a row can be: SQLite takes anything anywhere, and what reads it later does not."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from inboxd.core.waits import CaseStatus, WaitEnd, WaitKind
from inboxd.model import Direction, Kind, Stream, Tone, Topic, Urgency
from inboxd.store.bulk import quoted
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

    Value = str | int | float | None

_INSTANT = re.compile(r"(^|_)(at|since|until|before|hour)$")
_DAY = re.compile(r"(^|_)(on|day)$")
_OBJECTS = {"cursor", "verdict", "told", "card", "reply", "receipt", "match", "manners", "machine"}
_WORDS = {"topics", "machine_topics", "addressees", "mentions", "flags", "machine_flags"}
_LISTS = {"attachments", "pauses", "facts", "examples"}
_CHOICES: Mapping[str, Collection[str]] = {
    "stream": frozenset(Stream),
    "direction": frozenset(Direction),
    "urgency": frozenset(Urgency),
    "machine_urgency": frozenset(Urgency),
    "machine_kind": frozenset(Kind),
    "topic": frozenset(Topic),
    "tone": frozenset(Tone),
    "status": frozenset(CaseStatus),
    "outcome": frozenset(WaitEnd),
    "state": {"pending", "sending", "unsure", "sent", "refused", "cancelled"},
}
_KINDS: Mapping[str, Collection[str]] = {
    "waits": frozenset(WaitKind),
    "past_waits": frozenset(WaitKind),
    "unknown_items": (),
    "erasures": (),
}
"""What `kind` is where it is not that of a message."""


class Columns:
    """The columns of one table."""

    def __init__(self, db: sqlite3.Connection, table: str) -> None:
        self._table = table
        # The name of each, its type, and whether an empty text says that there is nothing.
        self._types = {
            name: (kind, not needed or default == "''" or table.startswith("past_"))
            for _, name, kind, needed, default, _ in db.execute(
                f"PRAGMA table_info({quoted(table)})"
            )
        }

    def wrong(self, row: Mapping[str, object]) -> str:
        """Return what is wrong with *row*, "" if nothing is."""
        if unknown := row.keys() - self._types:
            return f"it has no column {min(unknown)}"
        if not row:
            return "it has no columns"
        return next(filter(None, (self._wrong(*each) for each in row.items())), "")

    def _wrong(self, column: str, value: object) -> str:
        kind, may_be_empty = self._types[column]
        if value is None or (value == "" and may_be_empty and kind == "TEXT"):
            return ""
        if kind == "INTEGER":
            # JSON's true is a whole number for Python.
            is_count = type(value) is int and value >= 0
            return "" if is_count else f"{column} must be a whole number"
        if kind == "REAL":
            is_number = type(value) in {int, float} and math.isfinite(value)  # type: ignore[arg-type]
            return "" if is_number else f"{column} must be a number"
        if not isinstance(value, str):
            return f"{column} must be a text"
        return self._wrong_text(column, value)

    def _wrong_text(self, column: str, text: str) -> str:
        choices = _CHOICES.get(column, ())
        if column == "kind":
            choices = _KINDS.get(self._table, frozenset(Kind))
        if choices and text not in choices:
            return f"{column} must be one of {', '.join(sorted(choices))}"
        if _INSTANT.search(column) and not _is_instant(text):
            return f"{column} must be a time like 2026-11-22T08:30:00.000Z"
        if _DAY.search(column) and not _is_day(text):
            return f"{column} must be a day like 2026-11-22"
        return self._wrong_json(column, text)

    def _wrong_json(self, column: str, text: str) -> str:
        if column in _OBJECTS and not isinstance(_parsed(text), dict):
            return f"{column} must be a JSON object"
        if column in _WORDS | _LISTS:
            found = _parsed(text)
            words = column in _WORDS
            if not isinstance(found, list) or (
                words and not all(isinstance(each, str) for each in found)
            ):
                return f"{column} must be a JSON list{' of texts' if words else ''}"
        return ""


def _is_instant(text: str) -> bool:
    with suppress(ValueError):
        # Times are compared as texts: another spelling would sort elsewhere.
        return to_text(from_text(text)) == text
    return False


def _is_day(text: str) -> bool:
    with suppress(ValueError):
        return date.fromisoformat(text).isoformat() == text
    return False


def _parsed(text: str) -> Any:  # noqa: ANN401 - JSON
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    return None
