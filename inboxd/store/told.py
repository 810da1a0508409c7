"""What people were told, and when too late was too late: the alerts table, to be compared."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.core.sla import Target
from inboxd.core.told import OVERDUE, is_of_resolution, seconds
from inboxd.model import Tone
from inboxd.store.times import from_text, maybe_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime

_TOLD = """
SELECT a.created_at, a.key, a.reason, a.tone, c.account, m.remote_id,
       coalesce(json_extract(a.card, '$.policy'), ''), a.case_id,
       (SELECT json_group_array(receiver) FROM outbox WHERE alert_id = a.id),
       NOT EXISTS (SELECT 1 FROM outbox WHERE alert_id = a.id AND state <> 'cancelled')
  FROM alerts AS a
  JOIN waits AS w ON w.id = a.wait_id
  JOIN cases AS c ON c.id = w.case_id
  JOIN messages AS m ON m.id = w.message_id
 WHERE a.created_at >= ? AND a.tone <> 'recovery'
 ORDER BY a.created_at, a.id
"""
_HEARD = """
SELECT a.key, a.tone, a.created_at FROM alerts AS a
 WHERE a.case_id = ? AND a.tone <> 'recovery' AND EXISTS (
       SELECT 1 FROM outbox AS o WHERE o.alert_id = a.id
          AND (o.state <> 'cancelled' OR o.uncertain OR o.receipt IS NOT NULL))
"""
_BREACHED = """
SELECT c.account, m.remote_id, w.since, coalesce(c.policy, ''), w.due_at
  FROM waits AS w
  JOIN cases AS c ON c.id = w.case_id
  JOIN messages AS m ON m.id = w.message_id
 WHERE w.due_at >= :since AND w.due_at < :until AND coalesce(w.ended_at, :until) > w.due_at
   AND coalesce(w.outcome, '') NOT IN ('void', 'deleted')
 ORDER BY w.due_at, w.id
"""


@dataclass(frozen=True, slots=True)
class ToldStep:
    """
    One alert about somebody who waits, in words that do not depend on a database's numbers.

    *step* is what fell due, without its policy: ``first_response/50%/0``. One that was
    *withdrawn* reached nobody, because the customer was answered first.
    """

    at: datetime
    account: str
    message: str
    step: str
    policy: str
    sinks: tuple[str, ...]
    case: int
    withdrawn: bool

    @property
    def what(self) -> tuple[str, str, str]:
        """Return what makes it the same alert in two histories."""
        return self.account, self.message, self.step


@dataclass(frozen=True, slots=True)
class Breach:
    """Somebody who was not answered in time."""

    account: str
    message: str
    policy: str
    due_at: datetime


class ToldStore:
    """The tables alerts, outbox and waits, as what people were told."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def steps(self, since: datetime) -> list[ToldStep]:
        """Return what was told of those who waited since then, in order."""
        rows = self._db.execute(_TOLD, (to_text(since),))
        return [
            ToldStep(
                from_text(at), account, message, _step(key), policy, tuple(json.loads(sinks)), case,
                bool(withdrawn),
            )
            for at, key, _, _, account, message, policy, case, sinks, withdrawn in rows
        ]  # fmt: skip

    def endings(self, since: datetime) -> Counter[str]:
        """Return how many times each sink heard since then that somebody waits no more."""
        rows = self._db.execute(
            "SELECT o.receiver, count(*) FROM alerts AS a JOIN outbox AS o ON o.alert_id = a.id "
            "WHERE a.created_at >= ? AND a.tone = 'recovery' AND a.wait_id IS NOT NULL "
            "AND o.state <> 'cancelled' GROUP BY o.receiver",
            (to_text(since),),
        )
        return Counter(dict(rows.fetchall()))

    def breaches(self, since: datetime, until: datetime) -> list[Breach]:
        """Return whoever fell due in a span and was not answered by then."""
        rows = self._db.execute(_BREACHED, {"since": to_text(since), "until": to_text(until)})
        return [
            Breach(account, message, policy, from_text(due_at))
            for account, message, _, policy, due_at in rows
        ]

    def of_case(self, case: int) -> list[ToldAlert]:
        """Return all that was told of *case*, in order."""
        return alerts_of(self._db, case)

    def heard(self, case: int) -> dict[str, int]:
        """Return what people know of *case* by alerts that may have reached any of them."""
        heard: dict[str, int] = {}
        for key, tone, at in self._db.execute(_HEARD, (case,)):
            step, turn = _named(key)
            heard[step] = max(turn, heard.get(step, turn))
            if is_of_resolution(step) and tone == Tone.BREACH:
                heard[OVERDUE] = max(seconds(from_text(at)), heard.get(OVERDUE, 0))
        return heard

    def taken(self, case: int) -> list[tuple[datetime, str]]:
        """Return when people took *case*, and who."""
        rows = self._db.execute(
            "SELECT at, actor FROM actions WHERE case_id = ? AND action = 'ack' "
            "AND undone_at IS NULL ORDER BY id",
            (case,),
        )
        return [(from_text(at), actor) for at, actor in rows]

    def sleeps(self, case: int) -> list[tuple[datetime, datetime]]:
        """Return the spans for which people let *case* sleep, as they said and did not take back."""
        rows = self._db.execute(
            "SELECT at, min(detail, coalesce(undone_at, detail)) FROM actions "
            "WHERE case_id = ? AND action = 'snooze' ORDER BY id",
            (case,),
        )
        return [(from_text(at), from_text(until)) for at, until in rows]

    def held(self, case: int) -> list[tuple[datetime, datetime]]:
        """Return the spans for which somebody had *case* and then took that back."""
        rows = self._db.execute(
            "SELECT at, undone_at FROM actions WHERE case_id = ? AND action = 'ack' "
            "AND undone_at IS NOT NULL ORDER BY id",
            (case,),
        )
        return [(from_text(at), from_text(until)) for at, until in rows]

    def heard_at(self, message: int) -> datetime | None:
        """Return when a message was seen first."""
        row = self._db.execute("SELECT seen_at FROM messages WHERE id = ?", (message,)).fetchone()
        return from_text(row[0]) if row else None

    def next_look(self) -> datetime | None:
        """Return the next instant at which somebody is to be told, or something is to leave."""
        (at,) = self._db.execute(
            "SELECT min(at) FROM (SELECT min(next_step_at) AS at FROM cases "
            "WHERE next_step_at IS NOT NULL UNION ALL "
            "SELECT min(not_before) FROM outbox WHERE state = 'pending')"
        ).fetchone()
        return maybe_instant(at)


def _step(key: str) -> str:
    """Return which step a key is of: ``wait:7/complaints/first_response/100%/0``."""
    _, step = key.split("/", 1)
    if step.startswith("reminder/"):
        return step
    places = [step.rfind(f"/{target}/") for target in Target]
    return step[max(places) + 1 :]


def _named(key: str) -> tuple[str, int]:
    """Return the step of a key, with its policy, and its turn."""
    _, _, step = key.partition("/")
    name, _, turn = step.rpartition("/")
    return name, int(turn) if turn.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class Delivered:
    """
    What became of an alert on its way to one sink, and when; what is pending waits until *at*.

    *held* says why it waited longer than it had to, *instead_of* for whom it was meant; it went
    in one message with the cases *together*.
    """

    sink: str
    state: str
    at: datetime
    held: str
    instead_of: str
    error: str
    attempts: int
    together: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """One alert about a case: of which wait, what for, and how it reached whom."""

    wait: int | None
    key: str
    reason: str
    at: datetime
    headline: str
    mentions: tuple[str, ...]
    deliveries: tuple[Delivered, ...]

    @property
    def withdrawn(self) -> bool:
        """Tell whether it reached nobody, because there was nothing left to tell."""
        return all(each.state == "cancelled" for each in self.deliveries)

    @property
    def named(self) -> tuple[str, int]:
        """Return its step and turn, as the wait remembers them."""
        return _named(self.key)


def alerts_of(connection: sqlite3.Connection, case: int) -> list[ToldAlert]:
    """Return all that was told of *case*, in order."""
    rows = connection.execute(
        "SELECT id, wait_id, key, reason, created_at, headline, mentions FROM alerts "
        "WHERE case_id = ? ORDER BY created_at, id",
        (case,),
    ).fetchall()
    return [
        ToldAlert(
            wait, key, reason, from_text(at), headline, tuple(json.loads(mentions)),
            tuple(_deliveries(connection, number, case)),
        )
        for number, wait, key, reason, at, headline, mentions in rows
    ]  # fmt: skip


def _deliveries(connection: sqlite3.Connection, alert: int, case: int) -> Iterator[Delivered]:
    for receiver, state, at, held, instead_of, error, attempts, together in connection.execute(
        "SELECT o.receiver, o.state, coalesce(o.done_at, iif(o.state = 'pending', o.not_before, o.claimed_at), o.created_at), "
        "o.held, o.instead_of, o.error, o.attempts, (SELECT json_group_array(DISTINCT p.case_id) "
        " FROM outbox AS p WHERE o.state = 'sent' AND p.bundle = o.bundle "
        " AND p.receiver = o.receiver AND p.state = 'sent' AND p.done_at = o.done_at "
        " AND p.case_id <> ?) "
        "FROM outbox AS o WHERE o.alert_id = ? ORDER BY o.id",
        (case, alert),
    ):
        others = tuple(sorted(json.loads(together)))
        yield Delivered(receiver, state, from_text(at), held, instead_of, error, attempts, others)
