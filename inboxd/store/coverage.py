"""The gaps: spans of which nobody can be sure that everything written in them has been seen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from inboxd.store.times import from_text, maybe_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

NOT_RUNNING = "not_running"
"""Why a source was not read where no error is known: nobody was there to read it."""


_SIGNS_OF_LIFE = """
SELECT classified_at FROM messages WHERE classified_at > :begin AND classified_at < :end
UNION SELECT created_at FROM alerts WHERE created_at > :begin AND created_at < :end
ORDER BY 1
"""
Span = tuple["datetime", "datetime"]


@dataclass(frozen=True, slots=True)
class Gap:
    """
    A span in which *source* was not read; it lasts while *ended_at* is None.

    *found* is how many messages the read that ended it brought; None after the end means that
    what was written in the span is lost for good.
    """

    account: str
    source: str
    began_at: datetime
    ended_at: datetime | None
    reason: str
    found: int | None


class CoverageStore:
    """The table coverage."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def begin(self, account: str, source: str, since: datetime, reason: str) -> None:
        """Note that *source* has not been read since then, unless a gap is open already."""
        self._db.execute(
            "INSERT INTO coverage (account, source, began_at, reason) SELECT ?, ?, ?, ? "
            "WHERE NOT EXISTS (SELECT 1 FROM coverage "
            "WHERE account = ? AND source = ? AND ended_at IS NULL)",
            (account, source, to_text(since), reason, account, source),
        )

    def end(self, account: str, source: str, at: datetime, found: int | None) -> bool:
        """
        Note that a gap of *source* is over; False if there was none.

        Reading it again has *found* so many messages; None means that nobody will.
        """
        cursor = self._db.execute(
            "UPDATE coverage SET ended_at = ?, found = ? "
            "WHERE account = ? AND source = ? AND ended_at IS NULL",
            (to_text(at), found, account, source),
        )
        return cursor.rowcount > 0

    def lose(self, account: str, source: str, since: datetime, at: datetime, what: str) -> None:
        """Note that some of what *source* had to tell in a span is lost for good."""
        self._db.execute(
            "INSERT INTO coverage (account, source, began_at, ended_at, reason) "
            "VALUES (?, ?, ?, ?, ?)",
            (account, source, to_text(since), to_text(at), what),
        )

    def gaps(self, since: datetime, until: datetime) -> Sequence[Gap]:
        """Return the gaps that touch a span, in the order in which they began."""
        rows = self._db.execute(
            "SELECT account, source, began_at, ended_at, reason, found FROM coverage "
            "WHERE began_at < ? AND coalesce(ended_at, ?) > ? ORDER BY began_at, id",
            (to_text(until), to_text(until), to_text(since)),
        )
        return [
            Gap(account, source, from_text(began), maybe_instant(ended), reason, found)
            for account, source, began, ended, reason, found in rows
        ]

    def absences(self, since: datetime, until: datetime, least: timedelta) -> list[Span]:
        """Return the spans of at least *least* in which no daemon ran, in order."""
        gaps = self._db.execute(
            "SELECT DISTINCT began_at, coalesce(ended_at, :until) FROM coverage "
            "WHERE reason = :reason AND began_at < :until AND coalesce(ended_at, :until) > :since "
            "ORDER BY 1",
            {"reason": NOT_RUNNING, "since": to_text(since), "until": to_text(until)},
        ).fetchall()
        spans: set[Span] = set()
        for begin, end in gaps:
            # One source's gap is not yet the daemon's: look whether anything was done meanwhile.
            signs = self._db.execute(_SIGNS_OF_LIFE, {"begin": begin, "end": end}).fetchall()
            instants = [begin, *(sign for (sign,) in signs), end]
            spans |= {(from_text(a), from_text(b)) for a, b in pairwise(instants)}
        return _apart(span for span in sorted(spans) if span[1] - span[0] >= least)


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Return sorted *spans*, those that overlap as one."""
    found: list[Span] = []
    for begin, end in spans:
        if found and begin < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found
