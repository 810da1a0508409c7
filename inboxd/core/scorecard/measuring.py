"""
How a figure is measured: a number with what it rests on, or the reason why there is none.

A :class:`Definition` says what a figure is called and how it follows from the facts; all of them
stand in `catalogue`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from inboxd.core.scorecard import intervals
from inboxd.core.scorecard.meanings import MEANS
from inboxd.core.scorecard.model import Better, Figure, Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from inboxd.core.scorecard.facts import Facts


class Measure(NamedTuple):
    """What was measured; see :class:`~inboxd.core.scorecard.model.Figure`."""

    value: float | None
    of: int | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """
    A figure by its *key*. In *label*, ``{level}`` stands for the service level.

    *of_staff* is whether it can be told of one member of staff: nobody's are the customers
    whom nobody has answered, and what customers wrote.
    """

    key: str
    label: str
    unit: Unit
    measure: Callable[[Facts], Measure]
    better: Better = Better.NEITHER
    of_staff: bool = False

    def figure(self, facts: Facts) -> Figure:
        """Return what it is for *facts*."""
        found = Measure(None, why=why) if (why := self._untold(facts)) else self.measure(facts)
        label = self.label.replace("{level}", str(facts.level))
        value, of, low, high, why, target = found
        return Figure(
            self.key,
            label,
            self.unit,
            value,
            of,
            low,
            high,
            self.better,
            why,
            target=target,
            means=MEANS[self.key],
        )

    def _untold(self, facts: Facts) -> str:
        """Return why it cannot be told, whatever the rows are; "" if it can."""
        if facts.unknown:
            return facts.unknown
        if facts.of_staff and not self.of_staff:
            return "it is not known of single members of staff: unanswered customers are nobody's"
        return ""


def count(hits: int | np.integer) -> Measure:
    """Return a full count."""
    return Measure(float(hits))


def part(hits: int | np.integer, of: int | np.integer) -> Measure:
    """Return a full count of some *of* so many."""
    return Measure(float(hits), int(of))


def share(hits: int | np.integer, of: int | np.integer, why: str) -> Measure:
    """Return a share with its interval; *why* says what there is none of."""
    if not of:
        return Measure(None, 0, why=why)
    return Measure(int(hits) / int(of), int(of), *intervals.wilson(int(hits), int(of)))


def quantile(values: NDArray[np.floating], at: float, why: str) -> Measure:
    """Return a quantile with its interval; *why* says what there is none of."""
    if not values.size:
        return Measure(None, 0, why=why)
    value, low, high = intervals.quantile(values, at)
    return Measure(value, values.size, low, high)


def mean(values: NDArray[np.floating], why: str) -> Measure:
    """Return a mean of times: no interval, for a few long ones make it what it is."""
    if not values.size:
        return Measure(None, 0, why=why)
    return Measure(float(values.mean()), values.size)
