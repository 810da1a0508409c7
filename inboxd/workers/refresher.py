"""Messages that were delivered, kept up to date: who took a case, and that it is over."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.delivery import pause_after
from inboxd.errors import DatabaseError, InboxdError, NetworkError, OutcomeUnknown, RateLimited
from inboxd.notify import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.notify import Receipt, Sink
    from inboxd.store import Refresh, Store
    from inboxd.workers.context import Context

log = structlog.get_logger(__name__)

_AT_ONCE = 5
"""So many in a turn, and then it is looked whether an alert waits to be sent there."""
_A_MINUTE = 40
"""Slack takes some 50 updates a minute, and deliveries make some of their own."""
_TRIES = 30
"""With pauses of up to 15 minutes: about seven hours."""


class Refresher:
    """Works through what is to be shown anew; each message once, however much has changed."""

    def __init__(self, sinks: Mapping[str, Sink], context: Context) -> None:
        self._sinks = sinks
        self._store = context.store
        self._origin = context.origin
        self._clock = context.clock
        self._resting: dict[str, datetime] = {}
        self._lately: dict[str, deque[datetime]] = {}

    async def refresh(self, receiver: str) -> None:
        """Bring some of the messages at *receiver* up to date; only one may do so at a time."""
        for each in await self._due(receiver):
            if self._may(receiver):
                await self._try_to_show(each)

    async def _due(self, receiver: str) -> list[Refresh]:
        now = self._clock.now()
        return await self._store.run(lambda store: store.refreshes.due(receiver, now, _AT_ONCE))

    def _may(self, receiver: str) -> bool:
        """Tell whether *receiver* can be troubled with one more."""
        now = self._clock.now()
        lately = self._lately.setdefault(receiver, deque())
        while lately and not timedelta() <= now - lately[0] < timedelta(minutes=1):
            lately.popleft()
        resting = self._resting.get(receiver)
        return len(lately) < _A_MINUTE and (resting is None or resting <= now)

    async def _try_to_show(self, each: Refresh) -> None:
        try:
            await self._show(each)
        except DatabaseError:
            raise
        except InboxdError as error:
            await self._failed(each, error)
        except Exception:
            # Our own bug must not be tried again and again, nor hold up the others.
            log.exception("refresh crashed", receiver=each.receiver)
            await self._store.run(lambda store: store.refreshes.give_up(each))

    async def _show(self, each: Refresh) -> None:
        sink = self._sinks.get(each.receiver)
        now = self._clock.now()
        found = await self._store.run(lambda store: _to_show(store, each, now))
        if sink is not None and found is not None:
            message, delivery = found
            delivery = replace(delivery, origin=self._origin)
            self._lately[each.receiver].append(self._clock.now())
            await sink.refresh(message, delivery)
        await self._store.run(lambda store: store.refreshes.done(each))

    async def _failed(self, each: Refresh, error: InboxdError) -> None:
        now = self._clock.now()
        passing = isinstance(error, NetworkError | OutcomeUnknown) and each.attempts < _TRIES
        again_at = now + pause_after(error, each.attempts, now)
        if passing:
            await self._store.run(lambda store: store.refreshes.retry(each, again_at))
        else:
            await self._store.run(lambda store: store.refreshes.give_up(each))
        if isinstance(error, RateLimited):
            self._resting[each.receiver] = again_at
        log.warning("refresh failed", receiver=each.receiver, text=str(error), again=passing)


def _to_show(store: Store, each: Refresh, now: datetime) -> tuple[Receipt, Delivery] | None:
    """Return where the message is, and what it is to tell."""
    shown = store.refreshes.shown(each)
    if shown is None:
        return None
    item = shown.delivered
    threads = dict.fromkeys(alert.thread for alert in item.alerts)
    standings = tuple(each for thread in threads for each in store.gatherings.told(thread))
    spike = None if item.is_mixed else store.spikes.standing_in(item.alerts[0].thread, now)
    uncertain, why = item.uncertain, (item.held, item.instead_of, spike)
    delivery = Delivery(item.alerts, shown.head, 1, uncertain, item.key, standings, *why)
    return shown.receipt, delivery
