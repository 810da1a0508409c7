"""
What a restored database learns from the one that it replaces, or must take as unknown.

A backup does not know what was sent since. What it holds as still to be sent may have arrived
long ago: the former database tells, and where that cannot be read, nothing is sent blindly.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.store.bulk import NUMBERED, keep_floor
from inboxd.store.database import transaction
from inboxd.store.outbox import OutboxStore
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_A_LEAP = 1_000_000
"""By how much new numbers are higher where nobody knows which were given out since the backup."""
_OPEN = "state IN ('pending', 'sending', 'unsure')"
_FATE = "state, attempts, uncertain, not_before, claimed_at, done_at, receipt, error, held, bundle"


@dataclass(frozen=True, slots=True)
class Carried:
    """
    What became of what was to be sent when the backup was made.

    *settled* of it the former database knew the outcome of; *doubtful* are replies and *repeated*
    alerts that may have arrived. *lost* are the replies that were queued since and had not left.
    """

    settled: int = 0
    doubtful: int = 0
    repeated: int = 0
    lost: int = 0


def lived_until(db: sqlite3.Connection) -> datetime | None:
    """Return the latest instant that a database knows of; None of a new one."""
    (latest,) = db.execute(
        "SELECT max(coalesce((SELECT max(polled_at) FROM sources), ''), "
        "coalesce((SELECT seen_at FROM messages ORDER BY id DESC LIMIT 1), ''), "
        "coalesce((SELECT created_at FROM outbox ORDER BY id DESC LIMIT 1), ''))"
    ).fetchone()
    return from_text(latest) if latest else None


def carry_over(
    former: sqlite3.Connection | None, restored: sqlite3.Connection, now: datetime
) -> Carried:
    """Bring *restored* up to what must not be forgotten; *former* is None if it is unreadable."""
    with transaction(restored):
        settled = _outcomes(former, restored)
        _tell_who_waits(restored, settled, now)
        carried = _left_open(restored, settled, now)
        for step in CARRIED:
            step(former, restored)
    return carried


def _outcomes(former: sqlite3.Connection | None, restored: sqlite3.Connection) -> set[int]:
    """Take over what the former database knows of deliveries; returns of which it does."""
    known: set[int] = set()
    if former is None:
        return known
    for number, key in restored.execute(
        f"SELECT id, key FROM outbox WHERE {_OPEN}"  # noqa: S608 - a constant
    ).fetchall():
        fate = former.execute(
            f"SELECT {_FATE} FROM outbox WHERE key = ?",  # noqa: S608 - constant columns
            (key,),
        ).fetchone()
        if fate:
            places = ", ".join("?" * len(fate))
            restored.execute(
                f"UPDATE outbox SET ({_FATE}) = ({places}) WHERE id = ?",  # noqa: S608 - ditto
                (*fate, number),
            )
            known.add(number)
    return known


def _tell_who_waits(restored: sqlite3.Connection, known: set[int], now: datetime) -> None:
    """
    Queue again what the former database has withdrawn about waits that go on in *restored*.

    They were over there, by an answer that is read again, or by what people did, which is lost.
    """
    waits = restored.execute(
        "SELECT DISTINCT w.id FROM json_each(?) AS n JOIN outbox AS o ON o.id = n.value "
        "JOIN alerts AS a ON a.id = o.alert_id JOIN waits AS w ON w.id = a.wait_id "
        "WHERE o.state = 'cancelled' AND w.ended_at IS NULL",
        (json.dumps([*known]),),
    ).fetchall()
    for (wait,) in waits:
        OutboxStore(restored).revive(wait, now)


def _left_open(restored: sqlite3.Connection, known: set[int], now: datetime) -> Carried:
    """
    Let what nobody knows the outcome of be looked for, and not be sent blindly.

    However old it is: what it tells of counts as told, and nobody would hear of it anew.
    """
    doubtful = repeated = 0
    for number, is_reply in restored.execute(
        f"SELECT id, reply IS NOT NULL FROM outbox WHERE {_OPEN}"  # noqa: S608 - a constant
    ).fetchall():
        if number in known:
            continue
        # Nothing was read since the backup: it is looked for from now on, and for a day.
        restored.execute(
            "UPDATE outbox SET state = 'unsure', claimed_at = ?, held = '', error = '', "
            "uncertain = reply IS NOT NULL WHERE id = ?",
            (to_text(now), number),
        )
        doubtful += is_reply
        repeated += not is_reply
    return Carried(len(known), doubtful, repeated)


def queued_since(former: sqlite3.Connection | None, restored: sqlite3.Connection) -> int:
    """Return how many replies were queued after the backup and have not left."""
    if former is None:
        return 0
    keys = former.execute(
        "SELECT key FROM outbox WHERE reply IS NOT NULL AND state = 'pending'"
    ).fetchall()
    return sum(
        restored.execute("SELECT 1 FROM outbox WHERE key = ?", key).fetchone() is None
        for key in keys
    )


def _numbers(former: sqlite3.Connection | None, restored: sqlite3.Connection) -> None:
    """
    Give out no number twice: a button in Slack, or a person, may still mean what had it since.

    Alerts are known by them as well, and a receiver may drop one whose name it has seen.
    """
    for table in NUMBERED:
        (highest,) = (former or restored).execute(f"SELECT max(id) FROM {table}").fetchone()  # noqa: S608 - names of our schema
        floor = (
            (former or restored)
            .execute(
                "SELECT CAST(value AS INTEGER) FROM memory WHERE name = ?", (f"floor:{table}",)
            )
            .fetchone()
        )
        least = max(highest or 0, floor[0] if floor else 0)
        keep_floor(restored, table, least if former else least + _A_LEAP)


def _allowances(former: sqlite3.Connection | None, restored: sqlite3.Connection) -> None:
    """Count what the networks have charged since: they count it, too."""
    if former is None:
        return
    restored.executemany(
        "INSERT INTO spendings (account, day, name, amount) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET amount = max(amount, excluded.amount)",
        former.execute("SELECT account, day, name, amount FROM spendings").fetchall(),
    )
    restored.executemany(
        "INSERT INTO rests (account, name, until) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
        former.execute("SELECT account, name, until FROM rests").fetchall(),
    )


def _presses(former: sqlite3.Connection | None, restored: sqlite3.Connection) -> None:
    """Remember which buttons were pressed since: a press may be delivered again."""
    if former is not None:
        restored.executemany(
            "INSERT OR IGNORE INTO presses (key, at) VALUES (?, ?)",
            former.execute("SELECT key, at FROM presses").fetchall(),
        )


def _reports(former: sqlite3.Connection | None, restored: sqlite3.Connection) -> None:
    """Remember which reports were sent since; what has not left is written again."""
    if former is None or not _has_table(former, "reports"):
        return
    restored.executemany(
        "INSERT OR IGNORE INTO reports (key, name, due_at, period, written_at, filename, html) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        former.execute(
            "SELECT r.key, r.name, r.due_at, r.period, r.written_at, r.filename, r.html "
            "FROM reports AS r JOIN alerts AS a ON a.key = r.key WHERE EXISTS (SELECT 1 "
            "FROM outbox WHERE alert_id = a.id AND state IN ('sent', 'sending', 'unsure'))"
        ).fetchall(),
    )


def _has_table(db: sqlite3.Connection, name: str) -> bool:
    """Tell whether a database, which may be of an older inboxd, has a table."""
    row = db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    return row is not None


CARRIED: list[Callable[[sqlite3.Connection | None, sqlite3.Connection], None]] = [
    _numbers,
    _allowances,
    _presses,
    _reports,
]
"""
What else is carried over, one after the other, within one transaction on the restored database.

Each step gets the former database, None if it cannot be read, and the restored one.
"""


def readable(former: sqlite3.Connection) -> bool:
    """Tell whether a database can be asked for what is carried over."""
    with suppress(sqlite3.Error):
        for table in (*NUMBERED, "outbox", "spendings", "rests", "presses", "memory"):
            former.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - ours
        former.execute(f"SELECT {_FATE} FROM outbox LIMIT 1").fetchone()  # noqa: S608 - ditto
        return True
    return False
