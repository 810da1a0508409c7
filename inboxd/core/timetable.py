"""
Open time on a line of integers: sorted intervals and sums that are looked up, not walked.

An instant is a whole number (of microseconds since 1970, but nothing here depends on it).
Intervals are half-open. Everything is pure and knows neither zones nor dates.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T", int, datetime)

Interval = tuple[int, int]
"""From the first, up to and without the second."""


def merged(intervals: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """Return the same time as sorted intervals that neither overlap nor touch."""
    result: list[tuple[T, T]] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(end, result[-1][1])
        else:
            result.append((start, end))
    return result


def without(intervals: Iterable[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """Return what is left of *intervals* when *holes* are taken out; both may be unsorted."""
    result: list[Interval] = []
    cuts = merged(holes)
    first = 0
    for interval in merged(intervals):
        start, end = interval
        while first < len(cuts) and cuts[first][1] <= start:
            first += 1
        for index in range(first, len(cuts)):
            cut_start, cut_end = cuts[index]
            if cut_start >= end:
                break
            result.append((start, cut_start))
            start = cut_end
        result.append((start, end))
    return [(start, end) for start, end in result if start < end]


class Timetable:
    """The open time within one stretch of the line, for questions that cost one bisection."""

    __slots__ = ("closes", "elapsed_before", "opens", "total")

    def __init__(self, intervals: Sequence[Interval]) -> None:
        """Take *intervals* as :func:`merged` returns them."""
        self.opens = [start for start, _ in intervals]
        self.closes = [end for _, end in intervals]
        sums = list(accumulate((end - start for start, end in intervals), initial=0))
        self.total = sums.pop()
        self.elapsed_before = sums

    def is_open(self, at: int) -> bool:
        """Return whether *at* lies inside an interval."""
        index = bisect_right(self.opens, at) - 1
        return index >= 0 and at < self.closes[index]

    def elapsed(self, at: int) -> int:
        """Return how much open time of this stretch has passed at *at*."""
        index = bisect_right(self.opens, at) - 1
        if index < 0:
            return 0
        return self.elapsed_before[index] + min(at, self.closes[index]) - self.opens[index]

    def first_with(self, elapsed: int) -> int:
        """Return the first instant with *elapsed* passed; ``0 < elapsed <= total``."""
        index = bisect_left(self.elapsed_before, elapsed) - 1
        return self.opens[index] + elapsed - self.elapsed_before[index]

    def last_with(self, elapsed: int) -> int:
        """Return the last instant with *elapsed* passed; ``0 <= elapsed < total``."""
        index = bisect_right(self.elapsed_before, elapsed) - 1
        return self.opens[index] + elapsed - self.elapsed_before[index]

    def open_from(self, at: int) -> int | None:
        """Return *at* if it is open, else the next opening; None if there is no more here."""
        index = bisect_right(self.closes, at)
        return max(at, self.opens[index]) if index < len(self.opens) else None

    def open_until(self, at: int) -> int | None:
        """Return *at* if it ends open time, else the last close before; None if there is none."""
        index = bisect_left(self.opens, at) - 1
        return min(at, self.closes[index]) if index >= 0 else None

    def between(self, start: int, end: int) -> list[Interval]:
        """Return the intervals within ``[start, end)``, cut to it."""
        if start >= end:
            return []
        index = bisect_right(self.closes, start)
        stop = bisect_left(self.opens, end)
        pairs = zip(self.opens[index:stop], self.closes[index:stop], strict=True)
        return [(max(opens, start), min(closes, end)) for opens, closes in pairs]
