"""How everything stands, in brief: what the status line tells, read within milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.spikes import topic_in_words
from inboxd.core.standing import Standing, standing_of
from inboxd.store import AccountFacts, SourceState, daemon_pid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.config import Settings
    from inboxd.connector import Allowance
    from inboxd.store import Store
    from inboxd.store.backlog import Queue

_BY_TIMER = timedelta(minutes=15)
"""Without a daemon, what was read within this is read by a timer or cron, which is as good."""
_ALMOST_USED = 0.9
_WORST_FIRST = tuple(Standing)


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """One source of an account, and how it stands."""

    state: SourceState
    standing: Standing


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account: its sources, as far as they are read, and its allowances."""

    name: str
    sources: tuple[SourceSummary, ...]
    allowances: tuple[Allowance, ...]

    @property
    def worst(self) -> SourceSummary | None:
        """Return the source that stands worst, of several the one that was read longest ago."""
        return min(
            self.sources,
            key=lambda each: (
                _WORST_FIRST.index(each.standing),
                each.state.succeeded_at.timestamp() if each.state.succeeded_at else 0.0,
            ),
            default=None,
        )

    @property
    def standing(self) -> Standing:
        """Return how the account stands: as its worst source does."""
        return self.worst.standing if self.worst else Standing.FIRST


@dataclass(frozen=True, slots=True)
class Summary:
    """How everything stands at *now*."""

    now: datetime
    accounts: tuple[AccountSummary, ...]
    queues: tuple[Queue, ...]
    refusing: tuple[str, ...]
    """Sinks that take no alerts."""
    daemon: int | None
    """Its process."""
    polled_at: datetime | None
    """When anything was last tried to be read."""
    silences: int
    spikes: tuple[str, ...]
    """What many complain of at the moment, in words."""
    heard_at: datetime | None

    @property
    def by_timer(self) -> bool:
        """Tell whether no daemon runs, and something else reads all the same."""
        lately = self.polled_at is not None and self.now - self.polled_at <= _BY_TIMER
        return self.daemon is None and lately

    @property
    def queued(self) -> int:
        """Return how much waits in the outbox."""
        return sum(each.pending for each in self.queues)

    @property
    def oldest(self) -> datetime | None:
        """Return since when the oldest waits of what should have gone."""
        return min((each.oldest for each in self.queues if each.oldest), default=None)


def share(allowance: Allowance) -> float | None:
    """Return how much of an allowance is used, from 0 to 1 and beyond; None without a limit."""
    return allowance.used / allowance.limit if allowance.limit else None


def is_running_out(allowance: Allowance) -> bool:
    """Tell whether an allowance is almost used, or will be before it is renewed."""
    if not allowance.limit:
        return False
    projected = allowance.projected or 0
    return projected > allowance.limit or allowance.used >= _ALMOST_USED * allowance.limit


def look(settings: Settings, store: Store, now: datetime) -> Summary:
    """Return how everything stands; no connector, sink or network is asked."""
    daemon = daemon_pid(store.path)
    states = store.sources.all()
    polled_at = max((each.polled_at for each in states if each.polled_at), default=None)
    patient = daemon is None and polled_at is not None and now - polled_at <= _BY_TIMER
    return Summary(
        now=now,
        accounts=_accounts(settings, store, states, now, _BY_TIMER if patient else timedelta()),
        queues=tuple(store.backlog.queues(now).values()),
        refusing=tuple(
            each.name for each in settings.sinks if store.outbox.refusing_since(each.name)
        ),
        daemon=daemon,
        polled_at=polled_at,
        silences=len(store.silences.active(now)),
        spikes=tuple(topic_in_words(each.topic) for each in store.spikes.open()),
        heard_at=store.backlog.heard_at(),
    )


def _accounts(
    settings: Settings,
    store: Store,
    states: Sequence[SourceState],
    now: datetime,
    least_patience: timedelta,
) -> tuple[AccountSummary, ...]:
    by_source = {(state.account, state.source): state for state in states}
    known = store.accounts.all()
    found = []
    for account in settings.accounts:
        read = tuple(source for name, source in by_source if name == account.name)
        usual = account.poll_every * settings.general.blind_after
        # Only the daemon knows which streams were given up since, and the network's own pace.
        facts = known.get(account.name) or AccountFacts(read, usual)
        patience = max(facts.patience, least_patience)
        sources = (
            by_source.get((account.name, each), SourceState(account.name, each))
            for each in facts.sources
        )
        standings = tuple(SourceSummary(each, standing_of(each, patience, now)) for each in sources)
        found.append(AccountSummary(account.name, standings, facts.allowances))
    return tuple(found)
