"""When is quiet too quiet: a stream's silence held against the same hours of earlier weeks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

WEEKS = 8
"""How many earlier weeks a silence is held against, where there are as many."""
LEAST_WEEKS = 3
LONGEST = timedelta(days=7)
"""A longer silence says no more than that the stream has ended."""
CHANCE = 1e-4
"""How unlikely a silence must be to count as abnormal: about once in a year of hourly looks."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole hours in which nobody wrote, or the same hours of an earlier week."""

    begins: datetime
    ends: datetime


def silent_span(latest_hour: datetime, now: datetime) -> Span | None:
    """Return the whole hours since the one in which somebody last wrote, None if there are none."""
    begins, ends = latest_hour + _HOUR, now.replace(minute=0, second=0, microsecond=0)
    if not timedelta() < ends - begins <= LONGEST:
        return None
    return Span(begins, ends)


def earlier_weeks(span: Span, first_hour: datetime, tz: tzinfo) -> list[Span]:
    """
    Return the same hours of the weeks before, latest first, back to when the stream began.

    The same on the wall clock of *tz*: people write by it, on both sides of a clock change.
    """
    spans = (
        Span(_earlier(span.begins, week, tz), _earlier(span.ends, week, tz))
        for week in range(1, WEEKS + 1)
    )
    return [each for each in spans if each.begins >= first_hour]


def is_abnormal(earlier: Sequence[int]) -> bool:
    """
    Tell whether no message at all is hardly chance where *earlier* weeks had so many.

    Messages are taken to come by chance at the rate of those weeks (Poisson). A week in which
    the same hours were as quiet shows that such silence happens.
    """
    if len(earlier) < LEAST_WEEKS or min(earlier) == 0:
        return False
    return math.exp(-fmean(earlier)) < CHANCE


def _earlier(instant: datetime, weeks: int, tz: tzinfo) -> datetime:
    wall = instant.astimezone(tz).replace(tzinfo=None) - timedelta(weeks=weeks)
    return wall.replace(tzinfo=tz).astimezone(UTC)
