"""
Alerts and replies on their way out.

A row is written in the same transaction as the state that caused it, under a key that is
unique for ever. It is claimed before it is sent; a row that is still claimed when a daemon
starts is one whose outcome nobody knows. Alerts of one gathering that wait for the same receiver
are claimed, sent and settled together, as one *bundle*.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inboxd.store.cards import card_json, cards_json, reply_json
from inboxd.store.outboxitems import COLUMNS, TABLES, OutboxItem, item_from, units
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from inboxd.connector import OutgoingReply
    from inboxd.model import Alert

# What a clock that was ahead has queued, tried or held back would wait until that time has come.
# Another process may queue what shall leave later while the daemon's "now" waits for its turn.
_IS_DUE = (
    "(o.not_before <= :now OR max(o.created_at, coalesce(o.claimed_at, '')) "
    "> strftime('%Y-%m-%dT%H:%M:%fZ', :now, '+1 minute'))"
)
_OPEN = "('pending', 'sending', 'unsure')"
_IS_TO_COME = "(state = 'pending' AND not_before > :now AND error = '')"
"""Whether an outbox row waits by design, and not because an attempt has failed."""
_NUMBERS = "(SELECT value FROM json_each(:rows))"


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
        leaves_at: datetime | None = None,
    ) -> bool:
        """
        Queue *alert* for each of *sinks*; returns False if it was queued before.

        It leaves at *leaves_at*, or as soon as may be. To be called in the transaction that changes what the alert is about.
        """
        cursor = self._db.execute(
            "INSERT INTO alerts (key, thread, reason, tone, headline, detail, case_id, wait_id, "
            "card, created_at, mentions, facts, examples) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            (
                alert.key,
                alert.thread,
                alert.reason,
                alert.tone,
                alert.headline,
                alert.detail,
                alert.case.id if alert.case else None,
                wait_id,
                card_json(alert.case) if alert.case else None,
                to_text(alert.created_at),
                json.dumps(alert.mentions) if alert.mentions else "[]",
                json.dumps(alert.facts) if alert.facts else "[]",
                cards_json(alert.examples) if alert.examples else "[]",
            ),
        )
        if not cursor.rowcount:
            return False
        number, created = cursor.lastrowid, to_text(alert.created_at)
        leaves = to_text(leaves_at) if leaves_at else created
        case = alert.case.id if alert.case else None
        self._db.executemany(
            "INSERT INTO outbox (key, receiver, alert_id, case_id, thread, state, created_at, "
            "not_before) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
            [
                (f"{alert.key} > {sink}", sink, number, case, alert.thread, created, leaves)
                for sink in sinks
            ],
        )
        return True

    def is_known(self, key: str) -> bool:
        """Tell whether there ever was an alert of that key."""
        row = self._db.execute("SELECT 1 FROM alerts WHERE key = ?", (key,)).fetchone()
        return row is not None

    def add_reply(  # noqa: PLR0913 - a reply is what, where, whose and when
        self,
        account: str,
        case: int,
        reply: OutgoingReply,
        now: datetime,
        *,
        actor: str = "",
        leaves_at: datetime | None = None,
    ) -> int:
        """
        Queue *reply*, which *actor* wrote, for *account*; returns its number in the outbox.

        It leaves at *leaves_at*, or as soon as may be; until then it can be recalled.
        """
        cursor = self._db.execute(
            "INSERT INTO outbox (key, receiver, case_id, thread, reply, state, created_at, "
            "not_before, actor) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?)",
            (
                reply.key,
                account,
                case,
                f"case:{case}",
                reply_json(reply),
                to_text(now),
                to_text(leaves_at or now),
                actor,
            ),
        )
        return int(cursor.lastrowid or 0)

    def recall(self, reply: int, now: datetime) -> tuple[str, str] | None:
        """
        Take a reply back before it leaves; returns its text and who wrote it.

        None says that it has left, or may have.
        """
        row: tuple[str, str] | None = self._db.execute(
            "UPDATE outbox SET state = 'cancelled', done_at = ? WHERE id = ? "
            "AND reply IS NOT NULL AND state = 'pending' AND NOT uncertain "
            "RETURNING json_extract(reply, '$.text'), actor",
            (to_text(now), reply),
        ).fetchone()
        return row

    def state_of(self, number: int) -> str:
        """Return how far something in the outbox has come, "" if it is not there."""
        row = self._db.execute("SELECT state FROM outbox WHERE id = ?", (number,)).fetchone()
        return row[0] if row else ""

    def replies_under_way(self, case: int) -> int:
        """Return how many replies to a case are queued or being sent."""
        (count,) = self._db.execute(
            f"SELECT count(*) FROM outbox WHERE case_id = ? AND reply IS NOT NULL AND state IN {_OPEN}",  # noqa: S608 - a constant
            (case,),
        ).fetchone()
        return int(count)

    def withdraw(self, wait_id: int) -> Told:
        """Cancel what still waits to be sent about a wait; returns who may have heard of it."""
        heard = self._db.execute(
            "SELECT receiver FROM outbox WHERE (state IN ('sent', 'sending', 'unsure') "
            "OR uncertain OR receipt IS NOT NULL) "
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
            # What it was tried with may have been told without it, by a name it must not share.
            "UPDATE outbox SET state = 'pending', not_before = :now, held = '', "
            "bundle = iif(bundle IS NULL, NULL, key || '/again/' || :now) "
            "WHERE state = 'cancelled' AND alert_id = "
            "(SELECT max(id) FROM alerts WHERE wait_id = :wait AND tone <> 'recovery')",
            {"now": to_text(now), "wait": wait_id},
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
        """
        Return what is to be sent to *receiver* by *now*, oldest first.

        What is due of a gathering takes along all that waits to be told of it, save what is
        part of another bundle.
        """
        rows = self._rows(
            "WITH ready AS (SELECT id, thread FROM outbox AS o WHERE state = 'pending' "  # noqa: S608 - constants
            f"AND receiver = :receiver AND {_IS_DUE} ORDER BY id LIMIT :limit) "
            f"SELECT {COLUMNS}, o.id IN (SELECT id FROM ready) {TABLES} WHERE o.state = 'pending' AND o.receiver = :receiver "
            "AND o.thread IN (SELECT thread FROM ready) ORDER BY o.id",
            {"receiver": receiver, "now": to_text(now), "limit": limit},
        )
        return [item_from(unit) for unit in units(rows) if any(row[-1] for row in unit)]

    def told_at(self, receiver: str, since: datetime, now: datetime) -> list[datetime]:
        """Return when each message went to *receiver* between two instants, oldest first."""
        rows = self._db.execute(
            "SELECT max(done_at) AS at FROM outbox WHERE receiver = ? AND state = 'sent' "
            "AND done_at > ? AND done_at <= ? GROUP BY bundle ORDER BY at",
            (receiver, to_text(since), to_text(now)),
        )
        return [from_text(at) for (at,) in rows]

    def hold(self, item: OutboxItem, until: datetime, why: str, now: datetime) -> None:
        """Hold *item* back; when it is due, it goes with everything that was held back."""
        self._db.execute(
            "UPDATE outbox SET not_before = :until, held = :why, error = '', claimed_at = :now "  # noqa: S608 - a constant
            f"WHERE id IN {_NUMBERS}",
            self._at(item) | {"until": to_text(until), "why": why, "now": to_text(now)},
        )

    def let_go(self, now: datetime) -> None:
        """Ask anew about everything that is held back: the rules may be others."""
        self._db.execute(
            f"UPDATE outbox SET not_before = :now WHERE held <> '' AND {_IS_TO_COME}",  # noqa: S608 - a constant
            {"now": to_text(now)},
        )

    def hand_over(self, item: OutboxItem, to: str, now: datetime) -> int:
        """
        Queue what *item* tells for another sink; returns for how many alerts that was news.

        A wait that has ended meanwhile is none. To be called in the transaction that notes why.
        """
        return self._db.execute(
            "INSERT INTO outbox (key, receiver, alert_id, case_id, thread, state, created_at, "  # noqa: S608 - a constant
            "not_before, instead_of) "
            "SELECT a.key || ' > ' || :to, :to, a.id, o.case_id, o.thread, 'pending', :now, :now, "
            "iif(o.instead_of = '', o.receiver, o.instead_of) "
            f"FROM outbox AS o JOIN alerts AS a ON a.id = o.alert_id WHERE o.id IN {_NUMBERS} "
            f"AND NOT {_is_over('o')} ON CONFLICT (key) DO NOTHING",
            self._at(item) | {"to": to, "now": to_text(now)},
        ).rowcount

    def unsure(self, receiver: str) -> list[OutboxItem]:
        """Return what *receiver* may or may not have got."""
        rows = self._rows(
            f"SELECT {COLUMNS} {TABLES} WHERE o.state = 'unsure' AND o.receiver = ? ORDER BY o.id",
            (receiver,),
        )
        return [item_from(unit) for unit in units(rows)]

    def claim(self, item: OutboxItem, now: datetime) -> OutboxItem | None:
        """
        Mark *item* as being sent; returns what is left of it to send.

        That is less if an answer has withdrawn a part of it, and None if it has withdrawn all,
        or somebody else was faster. It is named by the first row that is part of the first
        attempt. Its error is another attempt's, and says nothing of this one if that is interrupted.
        """
        claimed = self._db.execute(
            "UPDATE outbox SET state = 'sending', claimed_at = :now, error = '', attempts = attempts + 1, "  # noqa: S608 - constants
            f"bundle = coalesce(bundle, (SELECT key FROM outbox WHERE id IN {_NUMBERS} "
            "AND state = 'pending' ORDER BY id LIMIT 1)) "
            f"WHERE id IN {_NUMBERS} AND state = 'pending' RETURNING id, bundle",
            self._at(item) | {"now": to_text(now)},
        ).fetchall()
        if not claimed:
            return None
        return replace(item.only(row for row, _ in claimed), key=claimed[0][1])

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
            "UPDATE outbox SET state = 'sent', done_at = :now, receipt = :receipt, error = '' "  # noqa: S608 - a constant
            f"WHERE id IN {_NUMBERS}",
            self._at(item) | {"now": to_text(now), "receipt": json.dumps(dict(receipt))},
        )

    def retry(
        self,
        item: OutboxItem,
        at: datetime,
        error: str = "",
        *,
        uncertain: bool = False,
        reached: Mapping[str, str] | None = None,
    ) -> None:
        """
        Queue *item* again for *at*; *uncertain* says that this attempt may have arrived.

        *reached* is the receipt of one that has, at some of those it is for.

        An alert whose wait ended while it was under way is withdrawn instead.
        """
        self._db.execute(
            f"UPDATE outbox SET state = CASE WHEN {_is_over('outbox')} THEN 'cancelled' ELSE 'pending' END, "  # noqa: S608 - constants
            "not_before = :at, error = :error, uncertain = :uncertain, "
            f"receipt = coalesce(:reached, receipt) WHERE id IN {_NUMBERS}",
            self._at(item)
            | {"reached": json.dumps(dict(reached)) if reached else None}
            | {"at": to_text(at), "error": error, "uncertain": item.doubts + uncertain},
        )

    def resume(self, receiver: str, now: datetime) -> None:
        """Let alerts that *receiver* did not take be tried again by *now*: it takes others."""
        self._db.execute(
            "UPDATE outbox SET not_before = :now WHERE receiver = :receiver AND state = 'pending' "
            "AND error <> '' AND alert_id IS NOT NULL AND not_before > :now",
            {"receiver": receiver, "now": to_text(now)},
        )

    def doubt(self, item: OutboxItem, error: str) -> None:
        """Note that *item* may or may not have been delivered."""
        self._db.execute(
            f"UPDATE outbox SET state = 'unsure', error = :error WHERE id IN {_NUMBERS}",  # noqa: S608 - a constant
            self._at(item) | {"error": error},
        )

    def refuse(self, item: OutboxItem, error: str, now: datetime) -> None:
        """Note that *item* will never be delivered."""
        self._db.execute(
            "UPDATE outbox SET state = 'refused', done_at = :now, error = :error "  # noqa: S608 - a constant
            f"WHERE id IN {_NUMBERS}",
            self._at(item) | {"now": to_text(now), "error": error},
        )

    def refusing_since(self, receiver: str) -> datetime | None:
        """Return since when people know that *receiver* takes no alerts, if they do."""
        return self._known_since(receiver, "sink_refused", "sink_delivers_again")

    def leaving_out_since(self, receiver: str) -> datetime | None:
        """Return since when people know that *receiver* does not reach everybody, if they do."""
        return self._known_since(receiver, "recipients_refused", "recipients_taken")

    def _known_since(self, receiver: str, trouble: str, over: str) -> datetime | None:
        row = self._db.execute(
            "SELECT reason, created_at FROM alerts WHERE case_id IS NULL AND thread = ? "
            "AND reason IN (?, ?) ORDER BY id DESC LIMIT 1",
            (f"receiver:{receiver}", trouble, over),
        ).fetchone()
        return from_text(row[1]) if row and row[0] == trouble else None

    def head(
        self, item: OutboxItem, *, continues: Callable[[Mapping[str, str]], bool] = lambda _: True
    ) -> Mapping[str, str] | None:
        """Return the receipt of what the same sink was told first of the same thread, if it *continues* that."""
        rows = self._db.execute(
            "SELECT receipt FROM outbox WHERE receiver = :receiver AND receipt IS NOT NULL "  # noqa: S608 - a constant
            f"AND id NOT IN {_NUMBERS} AND id < :first "
            "AND thread = (SELECT thread FROM outbox WHERE id = :first) "
            # What was held back went with others', and is the beginning of no thread.
            "AND json_extract(receipt, '$.mixed') IS NULL ORDER BY id",
            self._at(item) | {"receiver": item.receiver, "first": item.rows[0]},
        )
        receipts: Iterator[dict[str, str]] = (json.loads(row[0]) for row in rows)
        return next((receipt for receipt in receipts if continues(receipt)), None)

    def delivered(self, bundle: str) -> tuple[OutboxItem, Mapping[str, str]] | None:
        """Return what was delivered as *bundle*, and its receipt; None if nothing was."""
        rows = self._rows(
            f"SELECT {COLUMNS}, o.receipt {TABLES} "
            "WHERE o.bundle = ? AND o.state = 'sent' ORDER BY o.id",
            (bundle,),
        )
        return (item_from(rows), json.loads(rows[0][-1])) if rows else None

    def thread_of(self, wait_id: int) -> str | None:
        """Return the thread in which a wait was told of last, None if it was not told of."""
        row = self._db.execute(
            "SELECT thread FROM alerts WHERE wait_id = ? ORDER BY id DESC LIMIT 1", (wait_id,)
        ).fetchone()
        return row[0] if row else None

    def held(self, receiver: str, now: datetime) -> int:
        """Return how many alerts are held back from *receiver* at *now*."""
        (count,) = self._db.execute(
            f"SELECT count(*) FROM outbox WHERE receiver = :receiver AND held <> '' AND {_IS_TO_COME}",  # noqa: S608 - a constant
            {"receiver": receiver, "now": to_text(now)},
        ).fetchone()
        return int(count)

    def undelivered(self, since: datetime, now: datetime) -> int:
        """Return how many rows should have gone and have not, or were refused after *since*."""
        (count,) = self._db.execute(
            f"SELECT count(*) FROM outbox WHERE (state IN {_OPEN} AND NOT {_IS_TO_COME}) "  # noqa: S608 - constants
            "OR (state = 'refused' AND done_at >= :since)",
            {"since": to_text(since), "now": to_text(now)},
        ).fetchone()
        return int(count)

    def waiting_since(self, before: datetime, now: datetime) -> list[str]:
        """Return the receivers of what was queued before *before* and should have gone by *now*."""
        # The two halves have an index each; asked as one, all that was ever sent would be read.
        rows = self._db.execute(
            f"SELECT receiver FROM outbox WHERE state = 'pending' AND NOT {_IS_TO_COME} "  # noqa: S608 - constants
            "AND created_at < :before UNION SELECT receiver FROM outbox "
            "WHERE state IN ('sending', 'unsure') AND created_at < :before ORDER BY 1",
            {"before": to_text(before), "now": to_text(now)},
        )
        return [receiver for (receiver,) in rows]

    @staticmethod
    def _at(item: OutboxItem) -> dict[str, object]:
        return {"rows": json.dumps(item.rows)}

    def _rows(
        self, query: str, values: Sequence[object] | Mapping[str, object]
    ) -> list[Sequence[Any]]:
        return self._db.execute(query, values).fetchall()


def _is_over(outbox: str) -> str:
    """Ask whether a row of *outbox* tells of a wait that has ended, and not that it has."""
    return (
        "EXISTS (SELECT 1 FROM alerts AS a JOIN waits AS w ON w.id = a.wait_id "  # noqa: S608 - an alias
        f"WHERE a.id = {outbox}.alert_id AND w.ended_at IS NOT NULL AND a.tone <> 'recovery')"
    )
