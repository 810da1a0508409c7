"""Others beside ours: for each watched account the figures of its public part, or why there are none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from inboxd.core.scorecard.breakdowns import measured
from inboxd.core.scorecard.facts import Facts, Moment, midnight
from inboxd.core.scorecard.model import Rival
from inboxd.core.scorecard.public import public_sheets
from inboxd.core.scorecard.selecting import Filters
from inboxd.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from inboxd.config import Settings
    from inboxd.connector import WatchSettings
    from inboxd.core.rivals import PublicMessage
    from inboxd.core.scorecard.columns import Sheets
    from inboxd.core.scorecard.model import Figure, Period
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
_OURS: Final = "Ourselves, in public"
_TO_COMPARE: Final = "What of ours is public there, to compare with: not all that we answer."
_NAMELESS: Final = (
    "no answer was seen, and the network does not say who writes there: there may be some"
)


def rivals(
    store: Store, settings: Settings, period: Period, now: datetime, ours: Sheets | None = None
) -> tuple[Rival, ...]:
    """
    Return each watched account as it is known at *now*, network by network.

    Before those of a network stands our own public part there, from the sheets *ours*.
    """
    found: list[Rival] = []
    by_network = sorted(settings.watch, key=lambda each: each.network)
    for watch in by_network:
        if ours and all(each.network != watch.network for each in found):
            found += _ourselves(ours, watch.network, period, now)
        found.append(_rival(store, settings, watch, period, now))
    return tuple(found)


def _ourselves(sheets: Sheets, network: str, period: Period, now: datetime) -> Iterator[Rival]:
    """Yield our own public part on a network, if we have an account there."""
    if network in sheets.networks:
        public = Filters(network=(network,), public=True).applied(sheets)
        facts = Facts.of(public, Moment.of(period, now))
        yield Rival(_OURS, network, _labelled(measured(facts, KEYS)), _TO_COMPARE)


def _rival(
    store: Store, settings: Settings, watch: WatchSettings, period: Period, now: datetime
) -> Rival:
    state = store.rivals.state(watch.name)
    known = state if state and state.network == watch.network else None
    since = midnight(period.since, period.timezone)
    messages = store.rivals.messages(watch.name, since) if known else []
    hours = settings.calendars.get(watch.calendar) if watch.calendar else None
    sheets = public_sheets(
        watch.name, watch.network, messages, period, now,
        quiet_after=settings.general.quiet_after, hours=hours,
    )  # fmt: skip
    facts = Facts.of(sheets, Moment.of(period, now))
    facts = replace(facts, unknown=_why_unknown(known, period))
    figures = _labelled(measured(facts, KEYS))
    if not facts.unknown and _is_nameless(messages):
        figures = tuple(_untold(each) if each.key in _OF_ANSWERS else each for each in figures)
    return Rival(watch.name, watch.network, figures, " ".join(_notes(known, period, now)))


def _why_unknown(state: RivalState | None, period: Period) -> str:
    """Return why nothing at all is known of *period*, "" where something is."""
    if state is None or (state.succeeded_at is None and not state.error_class):
        return "it has not been read yet"
    if state.succeeded_at is None:
        return f"it could not be read: {state.error_class}: {state.error}"
    if state.began_at >= midnight(period.until, period.timezone):
        return f"it is read since {_day(state.began_at, period)} only"
    if state.succeeded_at < midnight(period.since, period.timezone):
        return f"it was read for the last time {_day(state.succeeded_at, period)}{_reason(state)}"
    return ""


def _notes(state: RivalState | None, period: Period, now: datetime) -> Iterator[str]:
    """Yield what the figures do not say."""
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
