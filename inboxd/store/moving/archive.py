"""The file that carries a whole database: JSON lines, with a header and a footer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from inboxd import __version__
from inboxd.errors import UserError
from inboxd.store.times import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from inboxd.store.moving.exporting import Rows, Snapshot, Value

FORMAT = 1
_HEADER = "inboxd_export"
_dumped = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: which program wrote it, in which form, when, and whether payloads are in it."""

    version: str
    schema: tuple[str, ...]
    exported_at: str
    raw: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table, and the line in the file on which it stands."""

    number: int
    table: str
    row: dict[str, Value]


def lines_of(
    snapshot: Snapshot, tables: Iterable[tuple[str, Rows]], now: datetime, *, raw: bool
) -> Iterator[tuple[str, str]]:
    """Yield an archive line by line, each with the table that it is about ("" if with none)."""
    yield (
        "",
        _dumped(
            {
                _HEADER: FORMAT,
                "version": __version__,
                "schema": snapshot.schema,
                "exported_at": to_text(now),
                "raw": raw,
            }
        ),
    )
    counts: dict[str, int] = {}
    for table, (columns, rows) in tables:
        counts[table] = 0
        for row in rows:
            counts[table] += 1
            yield table, _dumped({"table": table, "row": dict(zip(columns, row, strict=True))})
    yield "", _dumped({"rows": counts})


class Archive:
    """
    Reads an archive.

    *name* is the file's, for errors. Raises UserError with the line that is wrong; and, once all
    have been read, where some are missing.
    """

    def __init__(self, name: str, lines: Iterable[bytes], schema: Sequence[str]) -> None:
        self._name = name
        self._lines = enumerate(lines, 1)
        self.header = self._read_header(schema)

    def rows(self) -> Iterator[Line]:
        """Yield the rows; the footer must agree with them."""
        counts: dict[str, int] = {}
        footer: object = None
        for number, text in self._lines:
            if footer is not None:
                raise self._wrong(number, "there is something behind the end of the export")
            said = self._parsed(number, text)
            if isinstance(rows := said.get("rows"), dict):
                footer = {name: count for name, count in rows.items() if count}
                continue
            table, row = said.get("table"), said.get("row")
            if not isinstance(table, str) or not isinstance(row, dict):
                raise self._wrong(number, "is no row of a table")
            counts[table] = counts.get(table, 0) + 1
            yield Line(number, table, row)
        if footer is None:
            raise UserError(f"{self._name}: its end is missing; make or copy it once more")
        if footer != counts:
            raise UserError(f"{self._name}: some of its lines are missing; copy it once more")

    def wrong(self, line: Line, why: object) -> UserError:
        """Return the error that a row cannot be taken in."""
        return self._wrong(line.number, f"this row of {line.table} cannot be taken in: {why}")

    def _read_header(self, schema: Sequence[str]) -> Header:
        number, text = next(self._lines, (1, b""))
        said = self._parsed(number, text) if text else {}
        if _HEADER not in said:
            raise UserError(
                f"{self._name}: is no export of a database; `inboxd export --all` makes one"
            )
        version, steps = said.get("version"), said.get("schema")
        at, raw = said.get("exported_at"), said.get("raw")
        if said[_HEADER] != FORMAT or (_are_names(steps) and {*steps} - {*schema}):
            raise UserError(
                f"{self._name}: was written by inboxd {version}, which is newer than this "
                "one; install that version"
            )
        if not (isinstance(version, str) and _are_names(steps) and isinstance(at, str)):
            raise self._wrong(number, "is not as `inboxd export --all` writes it")
        if missing := [name for name in schema if name not in steps]:
            raise UserError(
                f"{self._name}: was written by inboxd {version}, an older one (without "
                f"{', '.join(missing)}); import it with that into a new database, which this "
                "version then brings up to date"
            )
        return Header(version, tuple(steps), at, bool(raw))

    def _parsed(self, number: int, text: bytes) -> dict[str, Any]:
        try:
            said = json.loads(text)
        except ValueError as error:
            raise self._wrong(number, f"is no JSON: {error}") from None
        except RecursionError:
            raise self._wrong(number, "is no row: its JSON is nested too deeply") from None
        if not isinstance(said, dict):
            raise self._wrong(number, "is no JSON object")
        return said

    def _wrong(self, number: int, why: str) -> UserError:
        return UserError(f"{self._name}, line {number}: {why}")


def _are_names(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
