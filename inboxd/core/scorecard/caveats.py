"""What the figures do not know: to be said at the top of a report, or instead of a figure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.columns import NEVER
from inboxd.core.scorecard.coverage import day_in_words
from inboxd.core.scorecard.facts import midnight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from inboxd.core.scorecard.coverage import Coverage
    from inboxd.core.scorecard.facts import Facts
    from inboxd.core.scorecard.model import Period
    from inboxd.core.scorecard.selecting import Filters
    from inboxd.core.spikes import Spike

FEW: Final = 30
"""Fewer contacts than this are said to be few."""


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


def caveats(facts: Facts, coverage: Coverage, period: Period, now: datetime) -> Iterator[str]:
    """Yield what is to be said of the figures, the weightiest first."""
    yield from coverage.caveats(period)
    today, last = now.astimezone(period.timezone).date(), period.until - timedelta(days=1)
    if last == today:
        yield "Today is not over, and who wrote last may yet be answered."
    elif last > today:
        yield f"The period is not over: it goes to {day_in_words(last)}."
    yield from _of_rows(facts)


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
