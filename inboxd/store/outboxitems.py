"""What is delivered at once: made of one row of the outbox or several."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inboxd.core.grouping import THREAD
from inboxd.store.cards import ALERT, alert_from, reply_from
from inboxd.store.times import from_text, maybe_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from inboxd.connector import OutgoingReply
    from inboxd.model import Alert

_ITEM = (
    "o.id, o.key, o.receiver, o.attempts, o.uncertain, o.created_at, o.claimed_at, o.case_id, "
    "o.reply, o.thread, o.bundle, o.held, o.instead_of, o.error, o.receipt"
)
COLUMNS = f"{_ITEM}, {ALERT}"
TABLES = "FROM outbox AS o LEFT JOIN alerts AS a ON a.id = o.alert_id"


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """
    One thing to deliver to one receiver: *alerts* to a sink or a *reply* to an account.

    *rows* are what it is made of, one for each alert; *key* is the first one's when it was tried
    first, and stays its name if that one is withdrawn since: nothing else goes by it. *attempts* counts the one that is
    about to be made; *doubts* counts the earlier ones that may have arrived. *held* says why it
    was held back, and *instead_of* for whom it was meant; "" as a rule. *error* is what the last
    attempt ended with, "" where none has failed, and *reached* whom it has reached, if it was some.
    """

    rows: tuple[int, ...]
    key: str
    receiver: str
    attempts: int
    doubts: int
    created_at: datetime
    claimed_at: datetime | None
    case_id: int | None
    alerts: tuple[Alert, ...] = ()
    reply: OutgoingReply | None = None
    held: str = ""
    instead_of: str = ""
    error: str = ""
    reached: Mapping[str, str] | None = None

    @property
    def uncertain(self) -> bool:
        """Tell whether an earlier attempt may have arrived."""
        return self.doubts > 0

    @property
    def is_mixed(self) -> bool:
        """Tell whether it has alerts of several threads."""
        return len({alert.thread for alert in self.alerts}) > 1

    def marked(self, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Return *receipt* with the note that no thread begins here, where that is so."""
        return {**receipt, "mixed": "yes"} if self.is_mixed else receipt

    def only(self, rows: Iterable[int]) -> OutboxItem:
        """Return what is left of it when the other rows have been withdrawn."""
        left = set(rows)
        kept = [place for place, row in enumerate(self.rows) if row in left]
        alerts = tuple(self.alerts[place] for place in kept) if self.alerts else ()
        return replace(self, rows=tuple(self.rows[place] for place in kept), alerts=alerts)


def units(rows: Iterable[Sequence[Any]]) -> list[list[Sequence[Any]]]:
    """Return *rows* by what is delivered at once, in the order of each one's first row."""
    units: dict[str, list[Sequence[Any]]] = {}
    for row in rows:
        key, thread, bundle = row[1], row[9], row[10]
        together = thread if thread.startswith(THREAD) else key
        if row[11]:
            together = "held"
        units.setdefault(f"bundle {bundle}" if bundle else together, []).append(row)
    return list(units.values())


def item_from(rows: Sequence[Sequence[Any]]) -> OutboxItem:
    """Return what is delivered at once of *rows* that have COLUMNS first."""
    _, key, receiver, _, _, created, claimed, case, reply, _, bundle = rows[0][:11]
    return OutboxItem(
        rows=tuple(row[0] for row in rows),
        key=bundle or key,
        receiver=receiver,
        attempts=max(row[3] for row in rows) + 1,
        doubts=max(row[4] for row in rows),
        created_at=from_text(created),
        claimed_at=maybe_instant(claimed),
        case_id=case,
        alerts=tuple(alert_from(row[15:26]) for row in rows if row[15]),
        reply=reply_from(reply) if reply else None,
        held=rows[0][11],
        # One that is told here anyway was not meant for another.
        instead_of=rows[0][12] if len({row[12] for row in rows}) == 1 else "",
        error=rows[0][13],
        reached=json.loads(rows[0][14]) if rows[0][14] else None,
    )
