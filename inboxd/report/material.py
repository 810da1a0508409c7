"""What a scorecard is made of, read out of the store; the rest needs no store, and takes longer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from inboxd.core.scorecard.figures import NO_FILTERS, USUAL_LEVEL, scorecard
from inboxd.core.scorecard.model import Gap, ServiceLevel
from inboxd.core.scorecard.periods import previous
from inboxd.core.scorecard.selecting import Filters
from inboxd.core.standing import patience_with
from inboxd.report.rivals import read_others, rivals
from inboxd.store.coverage import NOT_RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from inboxd.config import Settings
    from inboxd.core.policies import Match
    from inboxd.core.scorecard.basis import Basis
    from inboxd.core.scorecard.columns import Sheets
    from inboxd.core.scorecard.model import Period, Scorecard
    from inboxd.core.spikes import Spike
    from inboxd.report.rivals import Others
    from inboxd.store import Gap as StoredGap
    from inboxd.store import Store

_A_WHILE = timedelta(hours=1)
"""What is not read for less than this is no gap that a report should open with."""


@dataclass(frozen=True, slots=True)
class Request:
    """Which scorecard is wanted: of what, and whether with what has changed since the period before."""

    period: Period
    compares: bool = False
    filters: Filters = NO_FILTERS


@dataclass(frozen=True, slots=True)
class Material:
    """All that a scorecard follows from, as it was known at *now*."""

    request: Request
    now: datetime
    sheets: Sheets
    before: Sheets | None
    gaps: Sequence[Gap]
    spikes: Sequence[Spike] | None
    begun: Mapping[str, datetime]
    others: Sequence[Others] = ()
    level: ServiceLevel = USUAL_LEVEL

    def scorecard(self) -> Scorecard:
        """Work the figures out."""
        period, filters = self.request.period, self.request.filters
        card = scorecard(
            self.sheets,
            period,
            self.now,
            before=self.before,
            gaps=self.gaps,
            spikes=self.spikes,
            begun=self.begun,
            filters=filters,
            level=self.level,
        )
        return replace(card, rivals=rivals(self.others, period, self.now, self.sheets, filters))


def read(
    store: Store, settings: Settings, basis: Basis, request: Request, now: datetime
) -> Material:
    """Return what is known of the days of *request*, and of those before where it compares."""
    period = request.period
    before = previous(period) if request.compares else None
    begins, ends = _midnight((before or period).since, period), _midnight(period.until, period)
    watched = {each.name: store.watched_since(each.name, now) for each in settings.accounts}
    gaps = [_gap(each) for each in store.coverage.gaps(begins, ends)]
    lasting = {_place(gap) for gap in gaps if gap.ended_at is None}

    def sheets_of(days: Period) -> Sheets:
        return _with_all(store.sheets.read(basis, days.since, days.until), settings)

    return Material(
        request,
        now,
        sheets_of(period),
        sheets_of(before) if before else None,
        gaps + [gap for gap in _unread(store, settings, now) if _place(gap) not in lasting],
        store.spikes.noticed(begins, ends) if settings.spikes else None,
        {name: at for name, at in watched.items() if at},
        read_others(store, settings, period),
        ServiceLevel(settings.general.service_level / 100, settings.general.service_within),
    )


def _with_all(sheets: Sheets, settings: Settings) -> Sheets:
    """Return *sheets* that name every account: one from which nothing came may have been blind."""
    more = [each for each in settings.accounts if each.name not in sheets.accounts]
    return replace(
        sheets,
        accounts=[*sheets.accounts, *(each.name for each in more)],
        networks=[*sheets.networks, *(each.network for each in more)],
    )


def _unread(store: Store, settings: Settings, now: datetime) -> Iterator[Gap]:
    """Yield what is not read by now: where no daemon runs, nobody notes that a gap has begun."""
    configured = {each.name for each in settings.accounts}
    for account, facts in store.accounts.all().items():
        for state in store.sources.all(account):
            since = state.succeeded_at
            patience = max(patience_with(state, facts.patience), _A_WHILE)
            is_read = account in configured and state.source in facts.sources
            if is_read and since and now - since > patience:
                reason = state.error_class or NOT_RUNNING
                yield Gap(account, state.source, since, None, reason, mended=False)


def _gap(gap: StoredGap) -> Gap:
    mended = gap.ended_at is not None and gap.found is not None
    return Gap(gap.account, gap.source, gap.began_at, gap.ended_at, gap.reason, mended)


def _place(gap: Gap) -> tuple[str, str]:
    return gap.account, gap.source


def filters_of(match: Match) -> Filters:
    """Return what a configuration's *match* lets through."""
    return Filters(
        account=tuple(sorted(match.account)),
        network=tuple(sorted(match.network)),
        stream=tuple(sorted(match.stream)),
        kind=tuple(sorted(match.kind)),
        topic=tuple(sorted(match.topic)),
        language=tuple(sorted(match.language)),
        urgency=tuple(sorted(match.urgency)),
        public=match.public,
    )


def _midnight(day: date, period: Period) -> datetime:
    return datetime.combine(day, time(), period.timezone)
