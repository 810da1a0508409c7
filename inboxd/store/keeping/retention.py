"""
Removing what is older than it is to be kept, a little at a time.

What of a conversation can go is for :mod:`inboxd.store.keeping.seams` to say.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.store.database import transaction
from inboxd.store.keeping.passed import REMOVED_UNTIL
from inboxd.store.keeping.removal import remove
from inboxd.store.keeping.seams import Seams
from inboxd.store.repeats import Repeats
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from inboxd.store.keeping.seams import Past

_AT_ONCE = 500
"""Rows of other tables that one transaction removes or changes."""
_AN_HOUR = timedelta(hours=1)
_MACHINES = timedelta(days=31)
"""How much later than the removed an answer can be a machine's because of them (and a day)."""
_MARKED, _STRIPPED = "marked_until", "raw_until"

_OF_INBOXD = """
SELECT id FROM alerts AS a WHERE case_id IS NULL AND created_at < :until
   AND id < (SELECT max(id) FROM alerts)
   AND NOT EXISTS (SELECT 1 FROM outbox WHERE alert_id = a.id
                      AND state IN ('pending', 'sending', 'unsure'))
   -- The last word on an account or a sink is how it stands with it.
   AND (thread LIKE 'gathering:%' OR thread LIKE 'digest:%' OR thread LIKE 'report:%' OR id < (
        SELECT max(id) FROM alerts WHERE thread = a.thread AND case_id IS NULL))
 LIMIT :most
"""
_LEFT_ALONE = (
    "DELETE FROM unknown_items WHERE last_seen_at < :until",
    "DELETE FROM rival_messages WHERE sent_at < :until",
    "DELETE FROM silences WHERE until < :until AND id < (SELECT max(id) FROM silences)",
    "DELETE FROM spikes WHERE ended_at < :until AND id < (SELECT max(id) FROM spikes)",
    (
        "DELETE FROM gatherings WHERE began_at < :until AND id < (SELECT max(id) FROM gatherings) "
        "AND NOT EXISTS (SELECT 1 FROM spikes WHERE gathering_id = gatherings.id) "
        "AND NOT EXISTS (SELECT 1 FROM outbox WHERE thread = 'gathering:' || gatherings.id) "
        "AND NOT EXISTS (SELECT 1 FROM alerts WHERE thread = 'gathering:' || gatherings.id "
        "AND case_id IS NOT NULL)"
    ),
)


@dataclass(frozen=True, slots=True)
class Keep:
    """
    How long what is kept: all that is over, and raw payloads; None is for ever.

    *quiet* is how long an answered case can go on.
    """

    all: timedelta | None
    raw: timedelta | None
    quiet: timedelta


@dataclass(frozen=True, slots=True)
class Removed:
    """How many messages and cases were removed, raw payloads, and rows of other tables."""

    messages: int = 0
    cases: int = 0
    raw: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Swept:
    """What one step has removed, or would, and behind which conversation the next one begins."""

    messages: int = 0
    cases: int = 0
    after: int | None = None


class RetentionStore:
    """Removes what is old."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._repeats = Repeats(connection)
        self._seams = Seams(connection)

    def bound(self, keep: timedelta, now: datetime) -> datetime | None:
        """
        Return the instant before which everything is older than *keep*.

        The networks' clocks must agree: a computer's own that is a year ahead would remove a
        year too much. None while nobody has ever written.
        """
        (latest,) = self._db.execute(
            "SELECT max(hour) FROM traffic WHERE hour <= ?", (to_text(now),)
        ).fetchone()
        return min(now, from_text(latest) + _AN_HOUR) - keep if latest else None

    def removing(self, keep: Keep, now: datetime) -> Iterator[Removed]:
        """
        Remove what is older than *keep* allows, one small transaction with each step.

        Yields how much was removed so far.
        """
        removed = Removed()
        stripped_until = self.bound(keep.raw, now) if keep.raw else None
        if stripped_until:
            for gone in self._stripping(stripped_until):
                removed = replace(removed, raw=removed.raw + gone)
                yield removed
        until = self.bound(keep.all, now) if keep.all else None
        if until is None:
            return
        self.begin(until)
        while self.mark_machines(until):
            yield removed
        after: int | None = 0
        while after is not None:
            swept = self.sweep(until, keep.quiet, after)
            after, messages = swept.after, removed.messages + swept.messages
            removed = replace(removed, messages=messages, cases=removed.cases + swept.cases)
            yield removed
        while others := self.sweep_the_rest(until):
            removed = replace(removed, others=removed.others + others)
            yield removed

    def would_remove(self, keep: Keep, now: datetime) -> Removed:
        """Return what `removing` would remove, but for rows of other tables."""
        bounds = [self.bound(each, now) if each else None for each in (keep.all, keep.raw)]
        until, raw_until = bounds
        messages = cases = 0
        after: int | None = 0 if until else None
        while until and after is not None:
            swept = self.count(until, keep.quiet, after)
            after = swept.after
            messages, cases = messages + swept.messages, cases + swept.cases
        return Removed(messages, cases, self.count_raw(raw_until) if raw_until else 0)

    def _stripping(self, until: datetime) -> Iterator[int]:
        more = True
        while more:
            gone, more = self.strip(until)
            yield gone
        after: int | None = 0
        while after is not None:
            gone, after = self.strip_edited(until, after)
            yield gone

    def begin(self, until: datetime) -> None:
        """Note that what was sent before *until* is removed: what of it comes later is too late."""
        with transaction(self._db):
            self._db.execute(
                "INSERT INTO memory (name, value) VALUES (?, ?) ON CONFLICT (name) "
                "DO UPDATE SET value = max(value, excluded.value)",
                (REMOVED_UNTIL, to_text(until)),
            )

    def count(self, until: datetime, quiet: timedelta, after: int = 0) -> Swept:
        """Return what `sweep` would remove."""
        found, position = self._seams.past_after(after, until, quiet, most=None)
        return _swept(found, position)

    def sweep(self, until: datetime, quiet: timedelta, after: int = 0) -> Swept:
        """
        Remove some of what was over before *until*, in conversations behind *after*.

        *quiet* is how long an answered case can go on. Returns where to go on, if anywhere.
        """
        with _removing(self._db):
            found, position = self._seams.past_after(after, until, quiet, most=_AT_ONCE)
            messages = [number for past in found for number in past.messages]
            cases = [number for past in found for number in past.cases]
            if messages or cases:
                remove(self._db, messages, cases, self._answers_to_others(messages))
        return _swept(found, position)

    def sweep_the_rest(self, until: datetime) -> int:
        """Remove some of what no case is behind and is older than *until*; returns how much."""
        with _removing(self._db):
            rows = self._db.execute(
                _OF_INBOXD, {"until": to_text(until), "most": _AT_ONCE}
            ).fetchall()
            alerts = json.dumps([number for (number,) in rows])
            for statement in (
                (
                    "DELETE FROM refreshes WHERE outbox_id IN (SELECT id FROM outbox "
                    "WHERE alert_id IN (SELECT value FROM json_each(?)))"
                ),
                "DELETE FROM outbox WHERE alert_id IN (SELECT value FROM json_each(?))",
                "DELETE FROM alerts WHERE id IN (SELECT value FROM json_each(?))",
            ):
                self._db.execute(statement, (alerts,))
            removed = len(rows)
            for statement in _LEFT_ALONE:
                removed += self._db.execute(statement, {"until": to_text(until)}).rowcount
        return removed

    def mark_machines(self, until: datetime) -> bool:
        """
        Keep in mind some answers that others, which will be removed, show to be a machine's.

        Returns whether there are more. To be called until there are none, before `sweep`.
        """
        rows = self._next(_MARKED, "direction = 'outbound'", until + _MACHINES)
        with transaction(self._db):
            self._repeats.keep([number for number, wanted in rows if wanted])
            self._go_on(_MARKED, rows)
        return len(rows) == _AT_ONCE

    def strip(self, until: datetime) -> tuple[int, bool]:
        """
        Remove some raw payloads that were read before *until*.

        Returns how many those were, and whether there are more.
        """
        rows = self._next(_STRIPPED, "raw IS NOT NULL", until)
        with transaction(self._db):
            gone = self._strip(number for number, wanted in rows if wanted)
            self._go_on(_STRIPPED, rows)
        return gone, len(rows) == _AT_ONCE

    def strip_edited(self, until: datetime, after: int) -> tuple[int, int | None]:
        """
        Remove some raw payloads that came with edits before *until*, of messages behind *after*.

        Returns how many those were, and where to go on, if anywhere.
        """
        rows = self._db.execute(
            "SELECT message_id, max(replaced_at) FROM (SELECT message_id, replaced_at "
            "FROM message_versions WHERE message_id > ? ORDER BY message_id LIMIT ?) "
            "GROUP BY message_id ORDER BY message_id",
            (after, _AT_ONCE),
        ).fetchall()
        whole = rows[:-1] or rows  # of the last one there may be more
        old = [number for number, latest in whole if latest < to_text(until)]
        with transaction(self._db):
            # One by one: SQLite might look through all that were read before instead.
            gone = self._db.executemany(
                "UPDATE messages SET raw = NULL WHERE id = ? AND raw IS NOT NULL AND id <= coalesce("
                "(SELECT CAST(value AS INTEGER) FROM memory WHERE name = ?), 0)",
                [(number, _STRIPPED) for number in old],
            ).rowcount
        return max(gone, 0), whole[-1][0] if len(rows) > 1 else None

    def count_raw(self, until: datetime) -> int:
        """Return how many raw payloads were read before *until*."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM messages WHERE raw IS NOT NULL AND seen_at < ?",
            (to_text(until),),
        ).fetchone()
        return int(count)

    def _strip(self, messages: Iterable[int]) -> int:
        numbers = [(number,) for number in messages]
        self._db.executemany("UPDATE messages SET raw = NULL WHERE id = ?", numbers)
        return len(numbers)

    def _next(self, name: str, wanted: str, until: datetime) -> list[tuple[int, bool]]:
        """Return the next messages in the order of their coming, and which of them are *wanted*."""
        rows = self._db.execute(
            f"SELECT id, {wanted}, seen_at FROM messages WHERE id > coalesce("  # noqa: S608 - ours
            "(SELECT CAST(value AS INTEGER) FROM memory WHERE name = ?), 0) ORDER BY id LIMIT ?",
            (name, _AT_ONCE),
        ).fetchall()
        found, limit = [], to_text(until)
        for number, is_wanted, seen_at in rows:
            if seen_at >= limit:
                break
            found.append((number, bool(is_wanted)))
        return found

    def _go_on(self, name: str, rows: Sequence[tuple[int, bool]]) -> None:
        if rows:
            self._db.execute(
                "INSERT INTO memory (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, str(rows[-1][0])),
            )

    def _answers_to_others(self, messages: Sequence[int]) -> list[int]:
        """Return those of *messages* that count in other threads, too."""
        rows = self._db.execute(
            "SELECT DISTINCT message_id FROM answers_elsewhere "
            "WHERE message_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(messages)),),
        )
        return [number for (number,) in rows]


@contextmanager
def _removing(db: sqlite3.Connection) -> Iterator[None]:
    """Run a block as a transaction in which SQLite looks for no references; `remove` knows them."""
    db.execute("PRAGMA foreign_keys = OFF")
    try:
        with transaction(db):
            yield
    finally:
        db.execute("PRAGMA foreign_keys = ON")


def _swept(found: Sequence[Past], position: int | None) -> Swept:
    messages = sum(len(past.messages) for past in found)
    return Swept(messages, sum(len(past.cases) for past in found), position)
