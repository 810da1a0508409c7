"""Hours of the local week, as a person names those that a report is of: ``mon-fri 9-18``."""

from __future__ import annotations

import re
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(DAYS)
_SPAN = re.compile(rf"(?:({_DAY})(?:-({_DAY}))?)?(?:(?:^|\s+)(\d{{1,2}})-(\d{{1,2}}))?")


def hours_of(text: str) -> frozenset[int]:
    """
    Return which hours *text* names, 0 being Monday from midnight on.

    Days (``sat``, ``fri-mon``), hours (``9-18`` is from 9:00 to 18:00) or both; what is left out is
    all of them. Raises ValueError, saying how to write it.
    """
    found = _SPAN.fullmatch(text.strip().lower())
    first, last, begins, ends = found.groups() if found else (None,) * 4
    begin, end = int(begins or 0), int(ends or 24)
    if not (first or begins) or not 0 <= begin < end <= 24:
        raise ValueError(f"{text!r} names no hours of the week; write mon-fri 9-18, sat or 18-24")
    start = DAYS.index(first) if first else 0
    stop = DAYS.index(last or first) if first else len(DAYS) - 1
    days = (start + place for place in range((stop - start) % len(DAYS) + 1))
    return frozenset(day % len(DAYS) * 24 + hour for day in days for hour in range(begin, end))
