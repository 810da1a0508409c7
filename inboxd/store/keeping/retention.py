"""
Removing what is older than it is to be kept, a little at a time.

A conversation's past goes only up to where the rest of it folds to the same cases
(:mod:`inboxd.core.retention`); what is open, queued or still at work stays, however old it is.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from inboxd.core.matching import FOR_EVER
from inboxd.core.retention import Stretch, cut, tied
from inboxd.model import Direction
from inboxd.store.database import transaction
from inboxd.store.happened import plausible
from inboxd.store.keeping.passed import REMOVED_UNTIL
from inboxd.store.keeping.removal import remove
from inboxd.store.repeats import Repeats
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_REACH = 250
"""So many conversations are looked through for old messages at once."""
_MOST = 100
"""So many conversations with old messages are looked at in one transaction."""
_ENOUGH = 300
"""Messages after which a transaction is long enough."""
_AT_ONCE = 500
"""Rows of other tables that one transaction removes or changes."""
_AN_HOUR = timedelta(hours=1)
_MACHINES = timedelta(days=31)
"""How much later than the removed an answer can be a machine's because of them (and a day)."""
_MARKED, _STRIPPED = "marked_until", "raw_until"

_OLD = """
SELECT id FROM conversations
 WHERE id > :after AND id <= :after + :reach AND NOT untracked
   AND EXISTS (SELECT 1 FROM messages WHERE conversation_id = conversations.id AND sent_at < :until)
 ORDER BY id LIMIT :most
"""
# What is not over never ends; "~" is later than every time.
_CASES = """
SELECT c.conversation_id, c.id, c.opened_at, c.status, c.ended_at, max(
       coalesce(c.ended_at, ''), coalesce(c.wrote_at, ''), coalesce(c.answered_at, ''),
       iif(c.status IN ('waiting', 'answered'), '~', ''),
       coalesce((SELECT max(coalesce(ended_at, iif(outcome IS NULL, '~', ''))) FROM waits
                  WHERE case_id = c.id), ''),
       coalesce((SELECT max(max(at, coalesce(undone_at, ''))) FROM actions
                  WHERE case_id = c.id), ''),
       coalesce((SELECT max(created_at) FROM alerts WHERE case_id = c.id), ''),
       coalesce((SELECT max(saved_at) FROM drafts WHERE case_id = c.id), ''),
       coalesce((SELECT max(seen_at) FROM presences WHERE case_id = c.id), ''),
       coalesce((SELECT max(iif(o.state IN ('pending', 'sending', 'unsure'), '~',
                                coalesce(o.done_at, o.created_at)))
                   FROM alerts AS a JOIN outbox AS o ON o.alert_id = a.id
                  WHERE a.case_id = c.id), ''),
       coalesce((SELECT max(iif(state IN ('pending', 'sending', 'unsure'), '~',
                                coalesce(done_at, created_at)))
                   FROM outbox WHERE thread = 'case:' || c.id), ''))
  FROM json_each(?) AS n JOIN cases AS c ON c.conversation_id = n.value
"""
_TOLD_APART = """
SELECT a.case_id, w.case_id
  FROM json_each(?) AS n
  JOIN cases AS c ON c.conversation_id = n.value
  JOIN alerts AS a ON a.case_id = c.id
  JOIN waits AS w ON w.id = a.wait_id
 WHERE w.case_id <> a.case_id
"""
_MESSAGES = """
SELECT m.conversation_id, m.id, m.direction, m.sent_at, m.seen_at, max(
       m.sent_at, m.seen_at, coalesce(m.edited_at, ''), coalesce(m.deleted_at, ''),
       iif(m.versions, coalesce((SELECT max(max(replaced_at, coalesce(edited_at, '')))
                                   FROM message_versions WHERE message_id = m.id), ''), ''))
  FROM json_each(?) AS n JOIN messages AS m ON m.conversation_id = n.value
"""
_ANSWERS_TO_OTHERS = """
SELECT e.message_id, EXISTS (
       SELECT 1 FROM conversations AS v JOIN cases AS c ON c.conversation_id = v.id
        WHERE v.account = e.account AND v.remote_id = e.thread_remote_id
          AND c.opened_at <= m.seen_at)
  FROM answers_elsewhere AS e JOIN messages AS m ON m.id = e.message_id
 WHERE m.conversation_id IN (SELECT value FROM json_each(?))
"""
_ANSWERS_OF_OTHERS = """
SELECT v.id, m.sent_at, m.seen_at
  FROM json_each(?) AS n
  JOIN conversations AS v ON v.id = n.value
  JOIN answers_elsewhere AS e ON e.account = v.account AND e.thread_remote_id = v.remote_id
  JOIN messages AS m ON m.id = e.message_id
"""
_OF_INBOXD = """
SELECT id FROM alerts AS a WHERE case_id IS NULL AND created_at < :until
   AND id < (SELECT max(id) FROM alerts)
   AND NOT EXISTS (SELECT 1 FROM outbox WHERE alert_id = a.id
                      AND state IN ('pending', 'sending', 'unsure'))
   -- The last word on an account or a sink is how it stands with it.
   AND (thread LIKE 'gathering:%' OR thread LIKE 'digest:%' OR id < (
        SELECT max(id) FROM alerts WHERE thread = a.thread AND case_id IS NULL))
 LIMIT :most
"""
_LEFT_ALONE = (
    "DELETE FROM unknown_items WHERE last_seen_at < :until",
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


class _Message(NamedTuple):
    id: int
    at: datetime
    ends: datetime
    ours: bool


@dataclass(frozen=True, slots=True)
class _Past:
    """What can be removed of a conversation."""

    messages: tuple[int, ...]
    cases: tuple[int, ...]


class RetentionStore:
    """Removes what is old."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._repeats = Repeats(connection)

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
        found, position = self._past_after(after, until, quiet, most=None)
        return _swept(found, position)

    def sweep(self, until: datetime, quiet: timedelta, after: int = 0) -> Swept:
        """
        Remove some of what was over before *until*, in conversations behind *after*.

        *quiet* is how long an answered case can go on. Returns where to go on, if anywhere.
        """
        with _removing(self._db):
            found, position = self._past_after(after, until, quiet, most=_AT_ONCE)
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

    def _past_after(
        self, after: int, until: datetime, quiet: timedelta, *, most: int | None
    ) -> tuple[list[_Past], int | None]:
        """Return what can go of the next conversations, and where to go on; None at the end."""
        given = {"after": after, "reach": _REACH, "until": to_text(until), "most": _MOST}
        rows = self._db.execute(_OLD, given).fetchall()
        found: list[_Past] = []
        size = 0
        for (conversation,) in rows:
            past, more = self._past(conversation, until, quiet, most)
            found += [past] if past.messages or past.cases else []
            size += len(past.messages)
            if more:
                return found, conversation - 1
            if size >= _ENOUGH:
                return found, conversation
        if len(rows) == _MOST:
            return found, rows[-1][0]
        (highest,) = self._db.execute("SELECT max(id) FROM conversations").fetchone()
        return found, after + _REACH if after + _REACH < (highest or 0) else None

    def _past(
        self, conversation: int, until: datetime, quiet: timedelta, most: int | None
    ) -> tuple[_Past, bool]:
        """Return what can go of a conversation, and whether that is not all because of *most*."""
        place = json.dumps([conversation])
        cases = self._cases(place, quiet)
        messages = self._messages(place)
        stretches = [*cases.values(), *self._stretches(place, messages, cases)]
        bound, more = cut(until, stretches), False
        old = sorted(each.at for each in messages if each.at < bound)
        if most and len(old) > most and (sooner := cut(old[most], stretches)) > old[0]:
            bound, more = sooner, True
        past = _Past(
            tuple(each.id for each in messages if each.at < bound),
            tuple(number for number, stretch in cases.items() if stretch.begins < bound),
        )
        return past, more

    def _cases(self, place: str, quiet: timedelta) -> dict[int, Stretch]:
        cases = {}
        for _, number, opened_at, status, ended_at, latest in self._db.execute(_CASES, (place,)):
            ends = FOR_EVER if latest == "~" else from_text(latest)
            if status == "resolved" and ended_at:
                # What the customer writes until then belongs to it.
                ends = max(ends, from_text(ended_at) + quiet)
            cases[number] = Stretch(from_text(opened_at), ends)
        return tied(cases, self._db.execute(_TOLD_APART, (place,)).fetchall())

    def _messages(self, place: str) -> list[_Message]:
        return [
            _Message(
                number,
                plausible(sent_at, seen_at),
                from_text(latest),
                direction == Direction.OUTBOUND,
            )
            for _, number, direction, sent_at, seen_at, latest in self._db.execute(
                _MESSAGES, (place,)
            )
        ]

    def _stretches(
        self, place: str, messages: Sequence[_Message], cases: Mapping[int, Stretch]
    ) -> Iterator[Stretch]:
        """Yield what messages hold together: their edits, and answers with the case before them."""
        opened = sorted(stretch.begins for stretch in cases.values())
        held = {
            number for number, needed in self._db.execute(_ANSWERS_TO_OTHERS, (place,)) if needed
        }
        for each in messages:
            begins = _before(opened, each.at) if each.ours else each.at
            yield Stretch(begins, FOR_EVER if each.id in held else each.ends)
        for _, sent_at, seen_at in self._db.execute(_ANSWERS_OF_OTHERS, (place,)):
            at = plausible(sent_at, seen_at)
            yield Stretch(_before(opened, at), at)

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


def _before(opened: Sequence[datetime], at: datetime) -> datetime:
    """Return when the last case was opened that was there *at* an instant; that itself if none."""
    return max((each for each in opened if each <= at), default=at)


def _swept(found: Sequence[_Past], position: int | None) -> Swept:
    messages = sum(len(past.messages) for past in found)
    return Swept(messages, sum(len(past.cases) for past in found), position)
