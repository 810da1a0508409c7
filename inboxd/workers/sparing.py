"""What a receiver is spared for the moment: by silences, quiet hours and the most that it takes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.restraint import Held
from inboxd.core.silences import muted_until
from inboxd.model import Urgency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.restraint import Restraint
    from inboxd.store import OutboxItem, Store

_HOUR = timedelta(hours=1)
_OF_INBOXD = ("account:", "receiver:", "machine:", "inboxd:")


def let_through(
    store: Store, receiver: str, restraint: Restraint | None, now: datetime
) -> list[OutboxItem]:
    """Return what may be sent to *receiver* now; what it is spared for the moment is held."""
    due = _audible(store, store.outbox.due(receiver, now), now)
    if restraint is None or not due:
        return due
    told_at = store.outbox.told_at(receiver, now - _HOUR, now)
    free = []
    with store.transaction():
        for item in due:
            told = () if _is_of_inboxd(item) else told_at
            hold = restraint.hold(urgent=_is_urgent(item), told_at=told, now=now)
            # An account may bear the name of a sink; its replies are no alerts.
            if hold and not item.reply:
                store.outbox.hold(item, hold.until, hold.why, now)
            else:
                free.append(item)
                told_at.append(now)
    return free


def _audible(store: Store, due: Sequence[OutboxItem], now: datetime) -> list[OutboxItem]:
    """Return what of *due* has not been muted since it was queued; the rest is held."""
    silences = store.silences.active(now) if due else []
    if not silences:
        return list(due)
    audible = []
    with store.transaction():
        for item in due:
            ends = [muted_until(silences, alert, now) for alert in item.alerts]
            muted = {row: end for row, end in zip(item.rows, ends, strict=False) if end}
            # What was tried together may have arrived, and is told as a whole or not at all.
            if item.attempts > 1 and len(muted) < len(item.rows):
                muted = {}
            for row, end in muted.items():
                store.outbox.hold(item.only([row]), end, Held.SILENCE, now)
            if loud := [row for row in item.rows if row not in muted]:
                audible.append(item.only(loud))
    return audible


def _is_of_inboxd(item: OutboxItem) -> bool:
    """Tell whether it is about inboxd itself: that must not stand behind a crowd of customers."""
    return all(alert.thread.startswith(_OF_INBOXD) for alert in item.alerts)


def _is_urgent(item: OutboxItem) -> bool:
    return any(alert.case and alert.case.urgency is Urgency.HIGH for alert in item.alerts)
