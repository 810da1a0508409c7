"""What is drawn: the days of the period, and the hours of its weeks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.answering import response_rate, within_target
from inboxd.core.scorecard.facts import midnight
from inboxd.core.scorecard.grouping import HOURS, split_by
from inboxd.core.scorecard.model import Day
from inboxd.core.scorecard.times import spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from inboxd.core.scorecard.facts import Facts, Moment
    from inboxd.core.scorecard.model import Gap, Period

MOST_DAYS: Final = 100
"""Longer periods are drawn by weeks, which begin on Mondays."""


def days(facts: Facts, period: Period, moment: Moment, gaps: Sequence[Gap]) -> tuple[Day, ...]:
    """Return each day of *period* up to now, or each week of a long one."""
    starts = _starts(period, moment)
    if facts.unknown or not starts.size:
        return ()
    begins = [period.since + timedelta(days=int(start)) for start in starts]
    first = period.since.toordinal()
    codes = {
        "contacts": moment.day_of(facts.raw["contacts"]["since"]),
        "messages": facts.raw["messages"]["day"] - first,
    }
    bins = {table: np.searchsorted(starts, days, "right") - 1 for table, days in codes.items()}
    ends = [*begins[1:], period.until]
    parts = split_by(facts, bins, len(begins))
    return tuple(
        _day(part, begin, _is_blind(begin, end, period, gaps))
        for part, begin, end in zip(parts, begins, ends, strict=True)
    )


def week(facts: Facts) -> tuple[tuple[int, float | None], ...]:
    """Return the contacts of each hour of the week, and the share of them that was in time."""
    codes = {"contacts": facts.raw["contacts"]["hour"]}
    parts = split_by(facts, codes, len(HOURS))
    return tuple((part.contacts.size, within_target(part).value) for part in parts)


def _starts(period: Period, moment: Moment) -> NDArray[np.int64]:
    """Return on which days of *period*, from 0, something drawn begins: those that have come."""
    begun = int(np.count_nonzero(moment.midnights[:-3] <= moment.now))
    if period.days <= MOST_DAYS:
        return np.arange(begun)
    first_monday = -period.since.weekday() % 7
    return np.unique([0, *range(first_monday, begun, 7)])[: max(begun, 0)]


def _day(facts: Facts, begins: date, blind: bool) -> Day:  # noqa: FBT001 - a fact of the day
    open_hours = spans(facts, "first_response", "business")
    return Day(
        begins,
        messages=int(facts.messages.count.sum()),
        complaints=int(facts.messages.count[facts.messages.complaint].sum()),
        answered=response_rate(facts).value,
        first_response=float(np.median(open_hours)) if open_hours.size else None,
        blind=blind,
    )


def _is_blind(begins: date, ends: date, period: Period, gaps: Sequence[Gap]) -> bool:
    """Tell whether what happened in a part of these days is not known."""
    since, until = midnight(begins, period.timezone), midnight(ends, period.timezone)
    return any(gap.began_at < until and (gap.ended_at or until) > since for gap in gaps)
