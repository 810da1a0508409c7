"""Tells people of a daemon that ends again and again though nobody stopped it, and when that is over."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.core.alerts.program import restarts_alert, stays_up_alert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.store import Store
    from inboxd.workers.context import Context

_STARTS, _TOLD_SINCE = "restarts", "restarts:told_since"
_WITHIN = timedelta(hours=2)
"""A hang is ended after a quarter of an hour at most: a daemon that hangs at once does so eight times."""
_TOO_OFTEN = 3


def note(store: Store, alert_to: Sequence[str], now: datetime) -> None:
    """
    Note that the daemon starts after one that was killed or crashed, and tell of the third.

    systemd starts it anew for ever, and nobody would know.
    """
    starts = [*_lately(store, now), now]
    with store.transaction():
        store.remember(_STARTS, json.dumps([each.isoformat() for each in starts]))
        if len(starts) >= _TOO_OFTEN and store.recall(_TOLD_SINCE) is None:
            store.remember(_TOLD_SINCE, starts[0].isoformat())
            store.outbox.add_alert(restarts_alert(starts, now), alert_to)


class RestartWatch:
    """Sees when a daemon of whose restarts people know has stayed up for long enough."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def look(self) -> None:
        """Tell of the end, once."""
        await self._context.store.run(self._look)

    def _look(self, store: Store) -> None:
        now = self._context.clock.now()
        if store.recall(_TOLD_SINCE) is None or _lately(store, now):
            return
        since = store.recall_time(_TOLD_SINCE, now) or now
        with store.transaction():
            store.outbox.add_alert(stays_up_alert(since, now), self._context.alert_to)
            store.forget(_TOLD_SINCE)
            store.forget(_STARTS)


def _lately(store: Store, now: datetime) -> list[datetime]:
    """Return the starts after an end that nobody meant which are not over yet."""
    try:
        starts = [
            datetime.fromisoformat(each) for each in json.loads(store.recall(_STARTS) or "[]")
        ]
        return [each for each in starts if timedelta() <= now - each < _WITHIN]
    except (ValueError, TypeError):
        return []
