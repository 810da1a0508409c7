"""
Silence is not calm: tells people when an account cannot be read, and when it can again.

One episode is one alert, however many sources of the account are concerned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts import blind_alert, refused_alert, sighted_alert
from inboxd.store import SourceState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from inboxd.store import Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """An account: its sources, and how long each may go unread."""

    account: str
    sources: tuple[str, ...]
    patience: timedelta


class Watcher:
    """Watches over the accounts, from the instant at which this process began to read."""

    def __init__(
        self, store: Store, watched: Sequence[Watched], alert_to: Sequence[str], since: datetime
    ) -> None:
        self._store = store
        self._watched = watched
        self._alert_to = alert_to
        self._since = since

    def look(self, now: datetime) -> None:
        """Queue an alert for each account that ceased to be read, or is read again."""
        states = {(state.account, state.source): state for state in self._store.sources.all()}
        for each in self._watched:
            sources = [
                states.get((each.account, source), SourceState(each.account, source))
                for source in each.sources
            ]
            self._look_at(each, sources, now)

    def _look_at(self, watched: Watched, sources: Sequence[SourceState], now: datetime) -> None:
        told_at = min((s.alerted_at for s in sources if s.alerted_at), default=None)
        refused = [state for state in sources if state.needs_person]
        blind = [state for state in sources if now - self._unread_since(state) > watched.patience]
        if told_at is None and (refused or blind):
            self._tell_trouble(watched, refused or blind, now, refused=bool(refused))
        elif told_at and not refused and all(_read_after(state, told_at) for state in sources):
            since = min((s.blind_since for s in sources if s.blind_since), default=told_at)
            self._tell_recovery(watched.account, since, now)

    def _unread_since(self, state: SourceState) -> datetime:
        """Return since when nothing new of a source can have been seen."""
        return max(state.succeeded_at or state.failing_since or self._since, self._since)

    def _tell_trouble(
        self, watched: Watched, sick: Sequence[SourceState], now: datetime, *, refused: bool
    ) -> None:
        since = min(
            state.failing_since or now if refused else self._unread_since(state) for state in sick
        )
        names = [state.source for state in sick]
        errors = tuple(dict.fromkeys(state.error for state in sick if state.error))
        make = refused_alert if refused else blind_alert
        with self._store.transaction():
            alert = make(watched.account, names, since, errors, now)
            self._store.outbox.add_alert(alert, self._alert_to)
            self._store.sources.alerted(watched.account, names, since, now)
        log.warning("account not read", account=watched.account, sources=",".join(names))

    def _tell_recovery(self, account: str, since: datetime, now: datetime) -> None:
        with self._store.transaction():
            found = self._store.messages.count_seen(account, since)
            self._store.outbox.add_alert(sighted_alert(account, since, found, now), self._alert_to)
            self._store.sources.reassured(account)
        log.info("account read again", account=account, found=found)


def _read_after(state: SourceState, instant: datetime) -> bool:
    return state.succeeded_at is not None and state.succeeded_at > instant
