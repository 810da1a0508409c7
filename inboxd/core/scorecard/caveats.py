"""What the figures do not know: to be said at the top of a report, or instead of a figure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.columns import NEVER
from inboxd.core.scorecard.facts import midnight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from inboxd.core.scorecard.columns import Sheets
    from inboxd.core.scorecard.facts import Facts
    from inboxd.core.scorecard.model import Gap, Period
    from inboxd.core.scorecard.selecting import Filters
    from inboxd.core.spikes import Spike

FEW: Final = 30
"""Fewer contacts than this are said to be few."""
_UNSAID = "no network that was read says who wrote an answer"


def open_gaps(
    gaps: Sequence[Gap], accounts: Sequence[str], period: Period, now: datetime
) -> tuple[Gap, ...]:
    """Return those of *accounts* in *period* of which nothing came later, oldest first."""
    begins = midnight(period.since, period.timezone)
    ends = min(midnight(period.until, period.timezone), now)
    overlapping = [
        gap
        for gap in gaps
        if not gap.mended
        and gap.account in accounts
        and gap.began_at < ends
        and (gap.ended_at or now) > begins
    ]
    return tuple(sorted(overlapping, key=lambda gap: (gap.began_at, gap.account, gap.source)))


def spikes_within(
    spikes: Sequence[Spike] | None, period: Period, filters: Filters
) -> tuple[int | None, str]:
    """Return how many spikes were noticed in *period*, or None and why that cannot be told."""
    if spikes is None:
        return None, "nobody looks for spikes: [spikes] is not configured"
    if filters.of_more_than_topics:
        return None, "a spike is of all accounts and customers together"
    begins = midnight(period.since, period.timezone)
    ends = midnight(period.until, period.timezone)
    topics = filters.topic
    found = [
        spike
        for spike in spikes
        if begins <= spike.began_at < ends and (not topics or spike.topic in topics)
    ]
    return len(found), ""


def unknown(
    facts: Facts,
    sheets: Sheets,
    period: Period,
    begun: Mapping[str, datetime],
    filters: Filters,
) -> str:
    """Return why nothing at all is known of *period*, "" if something is."""
    if filters.staff and not sheets.staff:
        return _UNSAID
    first = min(begun.values(), default=None)
    if first and midnight(period.until, period.timezone) <= first and facts.is_empty:
        return f"nothing was read yet: the first read was on {_day(_local(first, period))}"
    return ""


def caveats(
    facts: Facts,
    period: Period,
    now: datetime,
    begun: Mapping[str, datetime],
) -> Iterator[str]:
    """Yield what is to be said of the figures, the weightiest first; *begun* of the accounts."""
    yield from _begun_later(midnight(period.since, period.timezone), period, begun)
    today, last = _local(now, period), period.until - timedelta(days=1)
    if last == today:
        yield "Today is not over, and who wrote last may yet be answered."
    elif last > today:
        yield f"The period is not over: it goes to {_day(last)}."
    yield from _of_rows(facts)


def caveats_of_before(
    before: Period,
    now: datetime,
    gaps: Sequence[Gap],
    accounts: Sequence[str],
    begun: Mapping[str, datetime],
) -> Iterator[str]:
    """Yield what is to be said of the period that it is compared with."""
    since = midnight(before.since, before.timezone)
    late = [account for account, first in begun.items() if first > since]
    if late:
        yield (
            f"Compared with days before {', '.join(late)} was first read: of them, only what the "
            "network still told is known."
        )
    if open_gaps(gaps, accounts, before, now):
        yield "The period it is compared with has gaps, too."


def _begun_later(begins: datetime, period: Period, begun: Mapping[str, datetime]) -> Iterator[str]:
    for account, first in begun.items():
        if first > begins:
            day = _day(_local(first, period))
            yield (
                f"{account} was first read on {day}: of what was before, only what the network "
                "still told is known."
            )


def _of_rows(facts: Facts) -> Iterator[str]:
    contacts, messages = facts.contacts, facts.messages
    if 0 < contacts.size < FEW:
        few = "1 contact" if contacts.size == 1 else f"{contacts.size} contacts"
        yield f"Only {few}: chance alone moves such figures a lot."
    anonymous = int(messages.count[messages.author == NEVER].sum())
    if anonymous:
        some = "1 message" if anonymous == 1 else f"{anonymous} messages"
        yield (
            f"Of {some} it is not known who wrote, because the network does not say or old "
            "messages were removed: there may be more customers."
        )
    unjudged = int(np.count_nonzero(~facts.replies.judged & ~facts.replies.automatic))
    if unjudged:
        some = "1 answer was" if unjudged == 1 else f"{unjudged} answers were"
        yield f"{some} not judged: the mark and its like are of the others."
    topics = facts.raw["contacts"]["topics"]
    if ((topics & (topics - np.uint32(1))) != 0)[topics > 0].any():
        yield "What is about several topics counts for each of them: topics overlap."


def _local(instant: datetime, period: Period) -> date:
    return instant.astimezone(period.timezone).date()


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
