"""Others beside ours: for each watched account the figures of its public part, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from inboxd.core.scorecard.breakdowns import measured
from inboxd.core.scorecard.facts import Facts, Moment, midnight
from inboxd.core.scorecard.figures import NO_FILTERS
from inboxd.core.scorecard.model import Rival
from inboxd.core.scorecard.public import public_sheets
from inboxd.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from inboxd.config import Settings
    from inboxd.connector import WatchSettings
    from inboxd.core.hours import OpeningHours
    from inboxd.core.rivals import PublicMessage
    from inboxd.core.scorecard.columns import Sheets
    from inboxd.core.scorecard.model import Figure, Period
    from inboxd.core.scorecard.selecting import Filters
    from inboxd.store import Store
    from inboxd.store.rivals import RivalState

KEYS: Final = (
    "messages",
    "needing_answer",
    "answered",
    "response_rate",
    "first_response_median_wall",
    "first_response_median_business",
    "within_1h",
    "within_next_day",
    "deflection_rate",
    "non_answer_rate",
    "mark",
    "good_within_1h",
)
_OF_ANSWERS: Final = frozenset(KEYS) - {"messages", "needing_answer"}
_LABELS: Final = {
    "messages": "Messages from customers, in public",
    "mark": "Mark of the answers, 0 to 5",
}
_PUBLIC_ONLY: Final = (
    "The public part only: private messages are not seen, nor what was deleted before it was read."
)
_OURS: Final = "Ours, in public"
_TO_COMPARE: Final = "What of ours is public, network by network: not all that we answer."
_NAMELESS: Final = (
    "no answer was seen, and the network does not say who writes there: there may be some"
)


@dataclass(frozen=True, slots=True)
class Others:
    """What is known of one watched account: how its reading goes, and the threads of a period."""

    name: str
    network: str
    state: RivalState | None
    messages: Sequence[PublicMessage]
    quiet_after: timedelta
    hours: OpeningHours | None = None


def read_others(store: Store, settings: Settings, period: Period) -> tuple[Others, ...]:
    """Return what is known of each watched account, network by network."""
    by_network = sorted(settings.watch, key=lambda each: each.network)
    return tuple(_read(store, settings, each, period) for each in by_network)


def _read(store: Store, settings: Settings, watch: WatchSettings, period: Period) -> Others:
    state = store.rivals.state(watch.name)
    known = state if state and state.network == watch.network else None
    since = midnight(period.since, period.timezone)
    return Others(
        watch.name,
        watch.network,
        known,
        store.rivals.messages(watch.name, since) if known else (),
        settings.general.quiet_after,
        settings.calendars.get(watch.calendar) if watch.calendar else None,
    )


def rivals(
    others: Sequence[Others],
    period: Period,
    now: datetime,
    ours: Sheets | None = None,
    filters: Filters = NO_FILTERS,
) -> tuple[Rival, ...]:
    """
    Return each of *others* as it is known at *now*, as far as *filters* let through.

    Before those of a network stands our own public part there, from the sheets *ours*. Of single
    members of staff, or of what is private, there is nothing to set beside.
    """
    if filters.staff or filters.public is False:
        return ()
    found: list[Rival] = []
    for each in others:
        if not _is_asked_for(each.network, ours, filters):
            continue
        if ours and all(rival.network != each.network for rival in found):
            public = replace(filters, network=(each.network,), public=True).applied(ours)
            said = any(rival.note == _TO_COMPARE for rival in found)
            if each.network in ours.networks:
                found.append(_ourselves(public, each.network, period, now, is_told=said))
        found.append(_rival(each, period, now, filters))
    return tuple(found)


def _is_asked_for(network: str, ours: Sheets | None, filters: Filters) -> bool:
    """Tell whether a network is asked for: by its name, or by an account of ours there."""
    accounts = zip(ours.accounts, ours.networks, strict=True) if ours else ()
    there = [name for name, its_network in accounts if its_network == network]
    by_account = not filters.account or any(name in filters.account for name in there)
    return by_account and (not filters.network or network in filters.network)


def _ourselves(
    public: Sheets, network: str, period: Period, now: datetime, *, is_told: bool
) -> Rival:
    """Return our own public part on a network; what it is need be told once."""
    facts = Facts.of(public, Moment.of(period, now))
    figures = _labelled(measured(facts, KEYS))
    return Rival(_OURS, network, figures, "" if is_told else _TO_COMPARE)


def _rival(others: Others, period: Period, now: datetime, filters: Filters) -> Rival:
    sheets = public_sheets(
        others.name, others.network, others.messages, period, now,
        quiet_after=others.quiet_after, hours=others.hours,
    )  # fmt: skip
    asked = replace(filters, account=(), network=()).applied(sheets)
    facts = replace(
        Facts.of(asked, Moment.of(period, now)), unknown=_why_unknown(others.state, period)
    )
    figures = _labelled(measured(facts, KEYS))
    if not facts.unknown and _is_nameless(others.messages):
        figures = tuple(_untold(each) if each.key in _OF_ANSWERS else each for each in figures)
    notes = " ".join(_notes(others.state, period, now))
    return Rival(others.name, others.network, figures, notes)


def _why_unknown(state: RivalState | None, period: Period) -> str:
    """Return why nothing at all is known of *period*, "" where something is."""
    if state is None or state.polled_at is None:
        return "it has not been read yet"
    if state.succeeded_at is None and not state.error_class:
        return "its first read has not come to its end yet"
    if state.succeeded_at is None:
        return f"it could not be read: {state.error_class}: {state.error}"
    if state.began_at >= midnight(period.until, period.timezone):
        return f"it is read since {_day(state.began_at, period)} only"
    if state.succeeded_at < midnight(period.since, period.timezone):
        return f"it was read for the last time {_day(state.succeeded_at, period)}{_reason(state)}"
    return ""


def _notes(state: RivalState | None, period: Period, now: datetime) -> Iterator[str]:
    """Yield what the figures do not say; lists do not show why each is unknown."""
    if why := _why_unknown(state, period):
        yield f"Unknown: {why.rstrip('.')}."
        return
    yield _PUBLIC_ONLY
    if state is None or state.succeeded_at is None:
        return
    if midnight(period.since, period.timezone) < state.began_at:
        yield f"Of what was before {_day(state.began_at, period)} little or nothing is known."
    age = format_duration(max(now - state.succeeded_at, now - now))
    yield f"Read {age} ago{_reason(state)}."


def _reason(state: RivalState) -> str:
    return f", and not since: {state.error_class}: {state.error.rstrip('.')}" if state.error else ""


def _day(at: datetime, period: Period) -> str:
    return f"{at.astimezone(period.timezone):%Y-%m-%d}"


def _is_nameless(messages: Sequence[PublicMessage]) -> bool:
    """Tell whether nobody can know who answered: no customer is named, and not one answer was seen."""
    return bool(messages) and all(each.by_customer and not each.author for each in messages)


def _untold(figure: Figure) -> Figure:
    return replace(figure, value=None, of=None, low=None, high=None, why=_NAMELESS)


def _labelled(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Return *figures* in words that are true of others as well."""
    return tuple(replace(each, label=_LABELS.get(each.key, each.label)) for each in figures)
