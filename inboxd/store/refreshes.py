"""The table refreshes: which messages do not show any more how it stands with their cases."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.store.outbox import OutboxStore
from inboxd.store.times import to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime

    from inboxd.store.outboxitems import OutboxItem

# A sink whose receipt names no ts can change nothing that it has delivered.
_CAN_CHANGE = "o.state = 'sent' AND json_extract(o.receipt, '$.ts') IS NOT NULL"
# By the wait, which goes over to another case where two are merged.
_OF_CASE = (
    "waits AS w JOIN alerts AS a ON a.wait_id = w.id JOIN outbox AS o ON o.alert_id = a.id "
    "WHERE w.case_id = ?"
)

# What was held back went with others', and is the beginning of no thread.
_IN_THREAD = (
    f"FROM outbox AS o WHERE o.receiver = ? AND o.thread = ? AND {_CAN_CHANGE} "
    "AND json_extract(o.receipt, '$.mixed') IS NULL"
)
_CHANNEL = "json_extract(o.receipt, '$.channel')"


@dataclass(frozen=True, slots=True)
class Refresh:
    """A message that is to be brought up to date; *marks* is how often that was noticed."""

    id: int
    bundle: str
    receiver: str
    marks: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Shown:
    """
    A delivered message: where it is (*receipt*), and what it is about.

    *delivered* is as the outbox has it. For the first message of a thread, whose receipt *head*
    is, that is what was told there last: it shows the present state.
    """

    receipt: Mapping[str, str]
    head: Mapping[str, str] | None
    delivered: OutboxItem


class RefreshStore:
    """Marks messages of which something changed, once each however often it does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._outbox = OutboxStore(connection)

    def mark(self, case: int, now: datetime) -> None:
        """
        Note that something changed in *case*, in the transaction that changes it.

        Of each receiver the thread's first message and the newest about the case are to show it.
        """
        newest = self._db.execute(
            f"SELECT o.receiver, o.thread, o.bundle, max(o.id) FROM {_OF_CASE} "  # noqa: S608 - constants
            f"AND {_CAN_CHANGE} GROUP BY o.receiver",
            (case,),
        ).fetchall()
        for receiver, thread, bundle, _ in newest:
            head = self._head(receiver, thread)
            for each in dict.fromkeys([head[0] if head else bundle, bundle]):
                self._mark(each, now)

    def mark_message(self, case: int, receiver: str, ts: str, now: datetime) -> None:
        """Note that one message about *case*, which somebody has before their eyes, is old."""
        row = self._db.execute(
            f"SELECT o.bundle FROM {_OF_CASE} AND {_CAN_CHANGE} "  # noqa: S608 - constants
            "AND o.receiver = ? AND json_extract(o.receipt, '$.ts') = ? LIMIT 1",
            (case, receiver, ts),
        ).fetchone()
        if row:
            self._mark(row[0], now)

    def mark_head(self, thread: str, now: datetime) -> None:
        """Note that the first message of *thread*, at each receiver, does not show how it stands."""
        receivers = self._db.execute(
            f"SELECT DISTINCT receiver FROM outbox AS o WHERE thread = ? AND {_CAN_CHANGE}",  # noqa: S608 - a constant
            (thread,),
        ).fetchall()
        for (receiver,) in receivers:
            if head := self._head(receiver, thread):
                self._mark(head[0], now)

    def catch_up(self, item: OutboxItem, now: datetime) -> None:
        """Mark the cases of a delivery about which somebody did something on its way."""
        rows = self._db.execute(
            "SELECT DISTINCT a.case_id FROM outbox AS o JOIN actions AS a ON a.case_id = o.case_id "
            "WHERE o.id IN (SELECT value FROM json_each(?)) "
            "AND max(a.at, coalesce(a.undone_at, '')) >= o.claimed_at AND a.action <> 'note'",
            (json.dumps(item.rows),),
        ).fetchall()
        for (case,) in rows:
            self.mark(case, now)

    def receivers(self, now: datetime) -> list[str]:
        """Return whose messages are to be brought up to date by *now*."""
        rows = self._db.execute(
            "SELECT DISTINCT receiver FROM refreshes WHERE not_before <= ?", (to_text(now),)
        )
        return [receiver for (receiver,) in rows]

    def due(self, receiver: str, now: datetime, limit: int) -> list[Refresh]:
        """Return which messages at *receiver* are to be brought up to date by *now*."""
        rows = self._db.execute(
            "SELECT r.outbox_id, o.bundle, r.receiver, r.marks, r.attempts "
            "FROM refreshes AS r JOIN outbox AS o ON o.id = r.outbox_id "
            "WHERE r.receiver = ? AND r.not_before <= ? ORDER BY r.not_before, r.outbox_id LIMIT ?",
            (receiver, to_text(now), limit),
        )
        return [Refresh(*row) for row in rows]

    def shown(self, refresh: Refresh) -> Shown | None:
        """Return the message that *refresh* is about, None if there is none any more."""
        delivered = self._outbox.delivered(refresh.bundle)
        if delivered is None:
            return None
        item, receipt = delivered
        if item.is_mixed:
            return Shown(receipt, None, item)
        thread = item.alerts[0].thread
        head = self._head(refresh.receiver, thread)
        if head and head[0] == refresh.bundle:
            item, _ = self._outbox.delivered(self._newest(refresh.receiver, thread)) or delivered
        return Shown(receipt, json.loads(head[1]) if head else None, item)

    def done(self, refresh: Refresh) -> None:
        """Note that the message is up to date, unless more has changed meanwhile."""
        self._db.execute(
            "DELETE FROM refreshes WHERE outbox_id = ? AND marks = ?", (refresh.id, refresh.marks)
        )

    def give_up(self, refresh: Refresh) -> None:
        """Leave the message as it is, whatever has changed."""
        self._db.execute("DELETE FROM refreshes WHERE outbox_id = ?", (refresh.id,))

    def retry(self, refresh: Refresh, at: datetime) -> None:
        """Try again at *at*."""
        self._db.execute(
            "UPDATE refreshes SET attempts = attempts + 1, not_before = ? WHERE outbox_id = ?",
            (to_text(at), refresh.id),
        )

    def _mark(self, bundle: str, now: datetime) -> None:
        self._db.execute(
            # Its first row stands for all of them.
            "INSERT INTO refreshes (outbox_id, receiver, marks, not_before) "
            "SELECT id, receiver, 1, ? FROM outbox WHERE bundle = ? AND state = 'sent' "
            "ORDER BY id LIMIT 1 ON CONFLICT (outbox_id) DO UPDATE SET marks = marks + 1",
            (to_text(now), bundle),
        )

    def _head(self, receiver: str, thread: str) -> tuple[str, str] | None:
        """
        Return the first message of a thread at *receiver*: its bundle and its receipt.

        Where the receiver's channel was changed, it is the first one in the channel of the newest.
        """
        row: tuple[str, str] | None = self._db.execute(
            f"SELECT o.bundle, o.receipt {_IN_THREAD} AND {_CHANNEL} IS "
            f"(SELECT {_CHANNEL} {_IN_THREAD} ORDER BY o.id DESC LIMIT 1) ORDER BY o.id LIMIT 1",
            (receiver, thread, receiver, thread),
        ).fetchone()
        return row

    def _newest(self, receiver: str, thread: str) -> str:
        (bundle,) = self._db.execute(
            f"SELECT o.bundle {_IN_THREAD} ORDER BY o.id DESC LIMIT 1",
            (receiver, thread),
        ).fetchone()
        return str(bundle)
