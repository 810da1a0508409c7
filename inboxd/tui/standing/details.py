"""How everything stands, in detail: what the status screen tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.findings import quarantine
from inboxd.store.backlog import Queue
from inboxd.tui.standing.summary import look

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.config import Settings
    from inboxd.core.silences import Silence
    from inboxd.core.spikes import SpikeStanding
    from inboxd.findings import Finding
    from inboxd.store import Gap, Store
    from inboxd.tui.standing.summary import Summary

_GAPS_OF = timedelta(days=7)
_SENT_SINCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A sink, or an account that takes replies: what waits for it, and what it took in a day."""

    name: str
    queue: Queue
    sent: int
    refusing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Details:
    """How everything stands, as far as the store and the settings know."""

    summary: Summary
    gaps: Sequence[Gap]
    receivers: Sequence[Receiver]
    quarantine: Sequence[Finding]
    silences: Sequence[Silence]
    spikes: Sequence[SpikeStanding]
    unjudged: tuple[int, int]
    """Customers' messages, and answers of ours."""
    database: str
    size: int
    """Bytes."""
    heartbeat: timedelta | None


def read(settings: Settings, store: Store, now: datetime) -> Details:
    """Return how everything stands."""
    summary = look(settings, store, now)
    return Details(
        summary=summary,
        gaps=store.coverage.gaps(now - _GAPS_OF, now),
        receivers=_receivers(settings, store, summary, now),
        quarantine=list(quarantine(store)),
        silences=store.silences.active(now),
        spikes=[store.spikes.standing(each, now) for each in store.spikes.open()],
        unjudged=store.backlog.unjudged(),
        database=str(store.path),
        size=store.path.stat().st_size,
        heartbeat=settings.heartbeat.every if settings.heartbeat else None,
    )


def _receivers(
    settings: Settings, store: Store, summary: Summary, now: datetime
) -> Sequence[Receiver]:
    queues = {each.receiver: each for each in summary.queues}
    sinks = [each.name for each in settings.sinks]
    # What waits for an account is replies; it is named where some do.
    names = dict.fromkeys((*sinks, *queues))
    return [
        Receiver(
            name,
            queues.get(name, Queue(name)),
            store.backlog.sent(name, now - _SENT_SINCE),
            store.outbox.refusing_since(name) if name in sinks else None,
        )
        for name in names
    ]
