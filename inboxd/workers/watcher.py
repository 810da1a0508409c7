"""
Silence is not calm: tells people when an account cannot be read, and when it can again.

One trouble is one alert, however many sources of the account are in it; a second, different
one is told as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.accounts import (
    blind_alert,
    deaf_alert,
    delivers_alert,
    refused_alert,
    sighted_alert,
    silent_alert,
    speaks_alert,
)
from inboxd.core.silence import earlier_weeks, is_abnormal, silent_span
from inboxd.core.standing import Standing, patience_with
from inboxd.store import SourceState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import tzinfo

    from inboxd.core.silence import Span
    from inboxd.model import Alert
    from inboxd.store import Store

log = structlog.get_logger(__name__)


_MISSED_TOO_OFTEN = 3
"""After so many messages in a row that only reading back has found, a source is deaf."""
_SAME_TROUBLE = timedelta(minutes=15)
"""What goes blind within this of the rest of its account is in the same trouble."""
_LOOK_AT_SILENCE_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Watched:
    """An account: its sources, how long each may go unread, and since when this process reads it."""

    account: str
    sources: tuple[str, ...]
    patience: timedelta
    since: datetime | None = None
    """None where it is the same for all."""


class Watcher:
    """Watches over the accounts, from the instant at which this process began to read."""

    def __init__(
        self, store: Store, watched: Sequence[Watched], alert_to: Sequence[str], since: datetime
    ) -> None:
        self._store = store
        self._watched = watched
        self._alert_to = alert_to
        self._since = {each.account: each.since or since for each in watched}

    def look(self, now: datetime, began: datetime | None = None) -> None:
        """
        Queue an alert for each account that ceased to be read, or is read again.

        In a round that *began* at an instant, what was read since is not late.
        """
        states = {(state.account, state.source): state for state in self._store.sources.all()}
        for each in self._watched:
            sources = [
                states.get((each.account, source), SourceState(each.account, source))
                for source in each.sources
            ]
            self._look_at(each, sources, now, began or now)

    def _look_at(
        self, watched: Watched, sources: Sequence[SourceState], now: datetime, began: datetime
    ) -> None:
        refused = [state for state in sources if state.needs_person]
        blind = [
            state
            for state in sources
            if not state.needs_person
            and began - self._unread_since(state) > patience_with(state, watched.patience)
        ]
        unread = [*refused, *blind]
        deaf = [s for s in sources if s.missed >= _MISSED_TOO_OFTEN and s not in unread]
        troubles = (Standing.REFUSED, refused), (Standing.BLIND, blind), (Standing.DEAF, deaf)
        for told_as, sick in troubles:
            told = [state for state in sources if state.told_as == told_as]
            new = [state for state in sick if state.told_as != told_as]
            well = [state for state in told if _is_well_again(state) and state not in unread]
            if new:
                self._tell_trouble(watched.account, told_as, new, told, now)
            elif well and well == told and not _still_failing(sources):
                self._tell_recovery(watched.account, told, now)

    def _unread_since(self, state: SourceState) -> datetime:
        """Return since when nothing new of a source can have been seen."""
        since = self._since[state.account]
        return max(state.succeeded_at or state.failing_since or since, since)

    def _tell_trouble(
        self,
        account: str,
        told_as: Standing,
        new: Sequence[SourceState],
        told: Sequence[SourceState],
        now: datetime,
    ) -> None:
        """Tell of sources in trouble, unless people have just heard of the same trouble."""
        known = {state.error_class for state in told}
        heard_at = max((state.told_at for state in told if state.told_at), default=None)
        lately = heard_at is not None and now - heard_at <= _SAME_TROUBLE
        news = [
            s
            for s in new
            if not lately or (told_as == Standing.REFUSED and s.error_class not in known)
        ]
        same = (*new, *told) if lately else new
        since = min(self._sick_since(state, told_as) for state in same)
        names = [state.source for state in new]
        with self._store.transaction():
            if news:
                alert = self._alert(account, told_as, new, since, now)
                self._store.outbox.add_alert(alert, self._alert_to)
            if told_as != Standing.DEAF:
                for state in new:
                    self._store.coverage.begin(
                        account, state.source, since, state.error_class or told_as
                    )
            self._store.sources.told(account, names, told_as, since, now)
        event = "account read late" if told_as == Standing.DEAF else "account not read"
        log.warning(event, account=account, sources=",".join(names), why=told_as)

    @staticmethod
    def _alert(
        account: str, told_as: Standing, new: Sequence[SourceState], since: datetime, now: datetime
    ) -> Alert:
        names = [state.source for state in new]
        if told_as == Standing.DEAF:
            return deaf_alert(account, names, since, sum(state.missed for state in new), now)
        make = refused_alert if told_as == Standing.REFUSED else blind_alert
        errors = tuple(dict.fromkeys(state.error for state in new if state.error))
        return make(account, names, since, errors, now)

    def _sick_since(self, state: SourceState, told_as: Standing) -> datetime:
        if state.blind_since and state.told_as == told_as:
            return state.blind_since
        if told_as == Standing.DEAF:
            return state.reading_since or self._since[state.account]
        refused_since = state.failing_since if told_as == Standing.REFUSED else None
        return refused_since or self._unread_since(state)

    def _tell_recovery(self, account: str, told: Sequence[SourceState], now: datetime) -> None:
        names = [state.source for state in told]
        since = min((state.blind_since for state in told if state.blind_since), default=now)
        make = delivers_alert if told[0].told_as == Standing.DEAF else sighted_alert
        with self._store.transaction():
            found = self._store.messages.count_seen(account, since)
            alert = make(account, names, since, found, now)
            self._store.outbox.add_alert(alert, self._alert_to)
            self._store.sources.reassured(account, names)
        log.info("account read again", account=account, sources=",".join(names), found=found)


def _still_failing(sources: Sequence[SourceState]) -> bool:
    """Tell whether more of the same trouble may be on its way: people need not hear twice."""
    return any(state.failing_since and not state.needs_person for state in sources)


class SilenceWatcher:
    """
    Tells people of streams in which nobody writes at hours when people always do.

    Only of those that are *watched*, each an account and a stream: others are quiet for a reason.
    """

    def __init__(
        self,
        store: Store,
        watched: Collection[tuple[str, str]],
        alert_to: Sequence[str],
        tz: tzinfo,
    ) -> None:
        self._store = store
        self._watched = watched
        self._alert_to = alert_to
        self._tz = tz
        self._looked_at: datetime | None = None

    def look(self, now: datetime) -> None:
        """Look at every stream, now and then; queue an alert where one fell silent, or speaks."""
        if self._looked_at and timedelta() <= now - self._looked_at < _LOOK_AT_SILENCE_EVERY:
            return
        self._looked_at = now
        troubled = {state.account for state in self._store.sources.all() if state.told_as}
        for account, stream in self._store.traffic.streams():
            # What a blind account does not show says nothing about those who write.
            if account not in troubled and (account, stream) in self._watched:
                self._look_at(account, stream, now)

    def _look_at(self, account: str, stream: str, now: datetime) -> None:
        told = self._store.recall_time(f"silent:{account}/{stream}", now)
        latest = self._store.traffic.latest_hour(account, stream, now)
        span = silent_span(latest, now) if latest else None
        if told:
            if latest and latest >= told:
                self._tell_end(account, stream, told, now)
        elif span:
            usual = self._usually(account, stream, span)
            if is_abnormal(usual):
                self._tell(account, stream, span.begins, fmean(usual), now)

    def _usually(self, account: str, stream: str, span: Span) -> list[int]:
        first = self._store.traffic.first_hour(account, stream)
        weeks = earlier_weeks(span, first, self._tz) if first else []
        return [
            self._store.traffic.between(account, stream, week.begins, week.ends) for week in weeks
        ]

    def _tell(
        self, account: str, stream: str, since: datetime, usual: float, now: datetime
    ) -> None:
        with self._store.transaction():
            alert = silent_alert(account, stream, since, round(usual), now)
            self._store.outbox.add_alert(alert, self._alert_to)
            self._store.remember(f"silent:{account}/{stream}", since.isoformat())
        log.warning("stream silent", account=account, stream=stream)

    def _tell_end(self, account: str, stream: str, since: datetime, now: datetime) -> None:
        with self._store.transaction():
            alert = speaks_alert(account, stream, since, now)
            self._store.outbox.add_alert(alert, self._alert_to)
            self._store.forget(f"silent:{account}/{stream}")
        log.info("stream speaks again", account=account, stream=stream)


def _is_well_again(state: SourceState) -> bool:
    if state.told_as == Standing.DEAF:
        return state.missed == 0
    return (
        state.succeeded_at is not None
        and state.told_at is not None
        and state.succeeded_at > state.told_at
    )
