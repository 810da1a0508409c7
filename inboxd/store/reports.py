"""Reports that were written: each as it goes out, however often that has to be tried."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from datetime import datetime

_SCHEDULE = "report:"
"""Before its name, by what a report's schedule is remembered, and since when it holds."""


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """
    The page of a report: *key* is that of its alert, *name* what the configuration calls it.

    *period* are its days as ``--period`` takes them, *due_at* is when it was to go out.
    """

    key: str
    name: str
    due_at: datetime
    period: str
    written_at: datetime
    filename: str
    html: str


class ReportStore:
    """The table reports, and since when each schedule holds."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def expect(self, schedules: Mapping[str, str], now: datetime) -> dict[str, datetime]:
        """
        Return since when each report, by its name, goes by its present one of *schedules*.

        One that is new, or has another by now, does so from *now* on and has missed nothing. To
        be called within a transaction.
        """
        known = self._known()
        since = {}
        for name, schedule in schedules.items():
            before, at = known.pop(name, ("", now))
            # Of a clock that was ahead: until then nothing would be due.
            since[name] = at if before == schedule and at <= now else now
            if since[name] == now:
                self._remember(name, schedule, now)
        self._db.executemany(
            "DELETE FROM memory WHERE name = ?", [(_SCHEDULE + name,) for name in known]
        )
        return since

    def _known(self) -> dict[str, tuple[str, datetime]]:
        rows = self._db.execute(
            "SELECT substr(name, ?), json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM memory "
            "WHERE name >= ? AND name < ?",
            (len(_SCHEDULE) + 1, _SCHEDULE, _SCHEDULE[:-1] + ";"),
        )
        return {name: (schedule, from_text(at)) for name, schedule, at in rows}

    def _remember(self, name: str, schedule: str, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO memory (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (_SCHEDULE + name, json.dumps([schedule, to_text(now)])),
        )

    def is_known(self, key: str) -> bool:
        """Tell whether that report was written."""
        row = self._db.execute("SELECT 1 FROM reports WHERE key = ?", (key,)).fetchone()
        return row is not None

    def add(self, report: WrittenReport) -> None:
        """Keep *report*; to be called in the transaction that queues its alert."""
        self._db.execute(
            "INSERT INTO reports (key, name, due_at, period, written_at, filename, html) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                report.key,
                report.name,
                to_text(report.due_at),
                report.period,
                to_text(report.written_at),
                report.filename,
                report.html,
            ),
        )

    def told_by(self, keys: Iterable[str]) -> list[WrittenReport]:
        """Return the reports that the alerts of these *keys* tell of."""
        rows = self._db.execute(
            "SELECT key, name, due_at, period, written_at, filename, html FROM reports "
            "WHERE key IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps([*keys]),),
        )
        return [
            WrittenReport(key, name, from_text(due), period, from_text(written), filename, html)
            for key, name, due, period, written, filename, html in rows
        ]

    def remove_before(self, instant: datetime) -> int:
        """Remove what was written before *instant*; returns how many those were."""
        return self._db.execute(
            "DELETE FROM reports WHERE written_at < ?", (to_text(instant),)
        ).rowcount
