"""
Alerts and replies on their way out.

A row is written in the same transaction as the state that caused it, under a key that is
unique for ever. It is claimed before it is sent; a row that is still claimed when a daemon
starts is one whose outcome nobody knows.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from inboxd.connector import OutgoingReply
from inboxd.model import Alert, Author, CaseCard, Kind, Stream, Tone, Topic, Urgency
from inboxd.store.times import from_text, maybe_instant, maybe_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_ITEM = (
    "o.id, o.key, o.receiver, o.attempts, o.uncertain, o.created_at, o.claimed_at, o.case_id, "
    "o.reply"
)
# What a clock that was ahead has queued or tried would wait until that time has come.
_IS_DUE = "(o.not_before <= :now OR max(o.created_at, coalesce(o.claimed_at, '')) > :now)"
_IS_OVER = (
    "EXISTS (SELECT 1 FROM alerts AS a JOIN waits AS w ON w.id = a.wait_id "
    "WHERE a.id = outbox.alert_id AND w.ended_at IS NOT NULL AND a.tone <> 'recovery')"
)
"""Whether an outbox row tells of a wait that has ended, and is not the notice of its end."""
_ALERT = "a.key, a.thread, a.reason, a.tone, a.headline, a.created_at, a.detail, a.card"


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """
    One thing to deliver to one receiver: an *alert* to a sink or a *reply* to an account.

    *attempts* counts the one that is about to be made; *uncertain* says that an earlier
    one may have arrived.
    """

    id: int
    key: str
    receiver: str
    attempts: int
    uncertain: bool
    created_at: datetime
    claimed_at: datetime | None
    case_id: int | None
    alert: Alert | None = None
    reply: OutgoingReply | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Which sinks heard, or may have heard, of a wait, and how many alerts never left."""

    sinks: tuple[str, ...]
    withdrawn: int


class OutboxStore:
    """The tables alerts and outbox."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add_alert(
        self,
        alert: Alert,
        sinks: Iterable[str],
        *,
        wait_id: int | None = None,
    ) -> bool:
        """
        Queue *alert* for each of *sinks*; returns False if it was queued before.

        To be called in the transaction that changes what the alert is about.
        """
        cursor = self._db.execute(
            "INSERT INTO alerts (key, thread, reason, tone, headline, detail, case_id, wait_id, "
            "card, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            (
                alert.key,
                alert.thread,
                alert.reason,
                alert.tone,
                alert.headline,
                alert.detail,
                alert.case.id if alert.case else None,
                wait_id,
                _card_json(alert.case) if alert.case else None,
                to_text(alert.created_at),
            ),
        )
        if not cursor.rowcount:
            return False
        number, created = cursor.lastrowid, to_text(alert.created_at)
        case = alert.case.id if alert.case else None
        self._db.executemany(
            "INSERT INTO outbox (key, receiver, alert_id, case_id, thread, state, created_at, "
            "not_before) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
            [
                (f"{alert.key} > {sink}", sink, number, case, alert.thread, created, created)
                for sink in sinks
            ],
        )
        return True

    def add_reply(self, account: str, case: int, reply: OutgoingReply, now: datetime) -> int:
        """Queue *reply* for *account*; returns its number in the outbox."""
        body = asdict(reply) | {"sent_after": to_text(reply.sent_after)}
        cursor = self._db.execute(
            "INSERT INTO outbox (key, receiver, case_id, thread, reply, state, created_at, "
            "not_before) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
            (
                reply.key,
                account,
                case,
                f"case:{case}",
                json.dumps(body),
                to_text(now),
                to_text(now),
            ),
        )
        return int(cursor.lastrowid or 0)

    def replies_under_way(self, case: int) -> int:
        """Return how many replies to a case are queued or being sent."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM outbox WHERE case_id = ? AND reply IS NOT NULL "
            "AND state IN ('pending', 'sending', 'unsure')",
            (case,),
        ).fetchone()
        return int(count)

    def withdraw(self, wait_id: int) -> Told:
        """Cancel what still waits to be sent about a wait; returns who may have heard of it."""
        heard = self._db.execute(
            "SELECT receiver FROM outbox WHERE (state IN ('sent', 'sending', 'unsure') OR uncertain) "
            "AND alert_id IN (SELECT id FROM alerts WHERE wait_id = ?) "
            "GROUP BY receiver ORDER BY min(id)",
            (wait_id,),
        ).fetchall()
        cancelled = self._db.execute(
            "UPDATE outbox SET state = 'cancelled' WHERE state = 'pending' "
            "AND alert_id IN (SELECT id FROM alerts WHERE wait_id = ?)",
            (wait_id,),
        ).rowcount
        return Told(tuple(receiver for (receiver,) in heard), cancelled)

    def revive(self, wait_id: int, now: datetime) -> None:
        """
        Queue again what was withdrawn last about a wait that goes on after all.

        That it has ended is withdrawn in turn, where nobody has heard it yet.
        """
        self._db.execute(
            "UPDATE outbox SET state = 'cancelled' WHERE state = 'pending' "
            "AND alert_id IN (SELECT id FROM alerts WHERE wait_id = ? AND tone = 'recovery')",
            (wait_id,),
        )
        self._db.execute(
            "UPDATE outbox SET state = 'pending', not_before = ? WHERE state = 'cancelled' "
            "AND alert_id = (SELECT max(id) FROM alerts WHERE wait_id = ? AND tone <> 'recovery')",
            (to_text(now), wait_id),
        )

    def receivers(self, now: datetime) -> list[str]:
        """Return who has, or is given, something to take or to be asked about by *now*."""
        rows = self._db.execute(
            # Two questions, because an OR would read all that was ever sent, each second.
            f"SELECT receiver FROM outbox AS o WHERE state = 'pending' AND {_IS_DUE} "  # noqa: S608 - a constant
            "UNION SELECT receiver FROM outbox WHERE state IN ('sending', 'unsure') ORDER BY 1",
            {"now": to_text(now)},
        )
        return [receiver for (receiver,) in rows]

    def due(self, receiver: str, now: datetime, limit: int = 100) -> list[OutboxItem]:
        """Return what is to be sent to *receiver* by *now*, oldest first."""
        return self._items(
            f"WHERE o.state = 'pending' AND o.receiver = :receiver AND {_IS_DUE} "
            "ORDER BY o.id LIMIT :limit",
            {"receiver": receiver, "now": to_text(now), "limit": limit},
        )

    def unsure(self, receiver: str) -> list[OutboxItem]:
        """Return what *receiver* may or may not have got."""
        return self._items("WHERE o.state = 'unsure' AND o.receiver = ? ORDER BY o.id", (receiver,))

    def claim(self, item: OutboxItem, now: datetime) -> bool:
        """Mark *item* as being sent; False if somebody else, or an answer, was faster."""
        cursor = self._db.execute(
            "UPDATE outbox SET state = 'sending', claimed_at = ?, attempts = attempts + 1 "
            "WHERE id = ? AND state = 'pending'",
            (to_text(now), item.id),
        )
        return cursor.rowcount == 1

    def abandon_claims(self, receiver: str | None = None) -> int:
        """Mark what nobody sends any more, to *receiver* or to all, as unsure; returns how many."""
        return self._db.execute(
            "UPDATE outbox SET state = 'unsure' "
            "WHERE state = 'sending' AND receiver = coalesce(?, receiver)",
            (receiver,),
        ).rowcount

    def sent(self, item: OutboxItem, receipt: Mapping[str, str], now: datetime) -> None:
        """Note that *item* has been delivered."""
        self._db.execute(
            "UPDATE outbox SET state = 'sent', done_at = ?, receipt = ?, error = '' WHERE id = ?",
            (to_text(now), json.dumps(dict(receipt)), item.id),
        )

    def retry(
        self, item: OutboxItem, at: datetime, error: str = "", *, uncertain: bool = False
    ) -> None:
        """
        Queue *item* again for *at*; *uncertain* says that this attempt may have arrived.

        An alert whose wait ended while it was under way is withdrawn instead.
        """
        self._db.execute(
            f"UPDATE outbox SET state = CASE WHEN {_IS_OVER} THEN 'cancelled' ELSE 'pending' END, "  # noqa: S608 - a constant
            "not_before = ?, error = ?, uncertain = ? WHERE id = ?",
            (to_text(at), error, uncertain or item.uncertain, item.id),
        )

    def doubt(self, item: OutboxItem, error: str) -> None:
        """Note that *item* may or may not have been delivered."""
        self._db.execute(
            "UPDATE outbox SET state = 'unsure', error = ? WHERE id = ?", (error, item.id)
        )

    def refuse(self, item: OutboxItem, error: str, now: datetime) -> None:
        """Note that *item* will never be delivered."""
        self._db.execute(
            "UPDATE outbox SET state = 'refused', done_at = ?, error = ? WHERE id = ?",
            (to_text(now), error, item.id),
        )

    def refusing_since(self, receiver: str) -> datetime | None:
        """Return since when people know that *receiver* takes no alerts, if they do."""
        row = self._db.execute(
            "SELECT reason, created_at FROM alerts WHERE case_id IS NULL AND thread = ? "
            "AND reason IN ('sink_refused', 'sink_delivers_again') ORDER BY id DESC LIMIT 1",
            (f"receiver:{receiver}",),
        ).fetchone()
        return from_text(row[1]) if row and row[0] == "sink_refused" else None

    def head(self, item: OutboxItem) -> Mapping[str, str] | None:
        """Return the receipt of the first alert of the same thread at the same sink."""
        row = self._db.execute(
            "SELECT receipt FROM outbox WHERE receiver = ? AND state = 'sent' AND id < ? "
            "AND thread = (SELECT thread FROM outbox WHERE id = ?) ORDER BY id LIMIT 1",
            (item.receiver, item.id, item.id),
        ).fetchone()
        return json.loads(row[0]) if row else None

    def undelivered(self, since: datetime) -> int:
        """Return how many rows still wait, are unsure, or were refused after *since*."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'unsure') "
            "OR (state = 'refused' AND done_at >= ?)",
            (to_text(since),),
        ).fetchone()
        return int(count)

    def waiting_since(self, before: datetime) -> list[str]:
        """Return the receivers of what was queued before *before* and is not delivered yet."""
        rows = self._db.execute(
            "SELECT DISTINCT receiver FROM outbox "
            "WHERE state IN ('pending', 'sending', 'unsure') AND created_at < ? ORDER BY receiver",
            (to_text(before),),
        )
        return [receiver for (receiver,) in rows]

    def _items(
        self, where: str, values: Sequence[object] | Mapping[str, object]
    ) -> list[OutboxItem]:
        rows = self._db.execute(
            f"SELECT {_ITEM}, {_ALERT} FROM outbox AS o "  # noqa: S608 - constants
            f"LEFT JOIN alerts AS a ON a.id = o.alert_id {where}",
            values,
        )
        return [_item(row) for row in rows]


def _item(row: Sequence[Any]) -> OutboxItem:
    number, key, receiver, attempts, uncertain, created, claimed, case, reply = row[:9]
    return OutboxItem(
        id=number,
        key=key,
        receiver=receiver,
        attempts=attempts + 1,
        uncertain=bool(uncertain),
        created_at=from_text(created),
        claimed_at=maybe_instant(claimed),
        case_id=case,
        alert=_alert(row[9:]) if row[9] else None,
        reply=_reply(json.loads(reply)) if reply else None,
    )


def _alert(values: Sequence[Any]) -> Alert:
    key, thread, reason, tone, headline, created_at, detail, card = values
    return Alert(
        key=key,
        thread=thread,
        reason=reason,
        tone=Tone(tone),
        headline=headline,
        created_at=from_text(created_at),
        detail=detail,
        case=_card(json.loads(card)) if card else None,
    )


def _card_json(card: CaseCard) -> str:
    times = {
        "waiting_since": to_text(card.waiting_since),
        "due_at": maybe_text(card.due_at),
        "answered_at": maybe_text(card.answered_at),
    }
    return json.dumps(asdict(card) | times)


def _card(values: dict[str, Any]) -> CaseCard:
    author = values["author"]
    return CaseCard(
        **values
        | {
            "stream": Stream(values["stream"]),
            "kind": Kind(values["kind"]) if values["kind"] else None,
            "topics": tuple(Topic(topic) for topic in values["topics"]),
            "urgency": Urgency(values["urgency"]) if values["urgency"] else None,
            "author": Author(**author) if author else None,
            "waiting_since": from_text(values["waiting_since"]),
            "due_at": maybe_instant(values["due_at"]),
            "answered_at": maybe_instant(values["answered_at"]),
        }
    )


def _reply(values: dict[str, Any]) -> OutgoingReply:
    recipient = values["recipient"]
    return OutgoingReply(
        **values
        | {
            "stream": Stream(values["stream"]),
            "recipient": Author(**recipient) if recipient else None,
            "sent_after": from_text(values["sent_after"]),
        }
    )
