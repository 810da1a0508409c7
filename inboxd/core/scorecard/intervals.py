"""
How sure one can be of a figure: 95 % intervals of shares, of quantiles and of means.

Shares get Wilson's interval, quantiles the one between two order statistics, for which nothing
needs to be known of how times are distributed. docs/figures.md names the sources.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
_TAIL = (1 - CONFIDENCE) / 2
_Z = 1.959963984540054
_FEWEST_OF_MEAN = 10
"""With fewer the mean of a few whole numbers is not near enough to normal."""
_REACH = 12
"""Standard deviations from its mean beyond which a binomial variable is never found."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the interval of the share *hits* / *of*, *of* being at least 1 (Wilson 1927)."""
    share, square = hits / of, _Z**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    spread = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of**2)) / (1 + square / of)
    # Rounding would leave a hair's breadth above nothing, and below all.
    low = 0.0 if hits == 0 else middle - spread
    high = 1.0 if hits == of else middle + spread
    return low, high


def quantile(
    values: NDArray[np.floating], share: float
) -> tuple[float, float | None, float | None]:
    """
    Return the quantile *share* of *values* and the bounds of its interval.

    At least one value is needed, and none may be nan. Between two values it is interpolated
    (numpy's method ``linear``: the median of an even number is the mean of the middle two). A
    bound is None where there are too few values for it.
    """
    low, high = order_ranks(values.size, share)
    at = (values.size - 1) * share
    below, above = math.floor(at), math.ceil(at)
    places = {below, above, *(rank - 1 for rank in (low, high) if rank)}
    ordered = np.partition(values, sorted(places))
    value = float(ordered[below]) + (at - below) * float(ordered[above] - ordered[below])
    bounds = [float(ordered[rank - 1]) if rank else None for rank in (low, high)]
    return value, bounds[0], bounds[1]


@lru_cache(maxsize=4_096)
def order_ranks(count: int, share: float) -> tuple[int, int]:
    """
    Return between which of *count* ordered values, from 1, the quantile *share* is; 0: unknown.

    The number of values below the true quantile is binomial, whatever the distribution. On each
    side the chance to miss it is at most 2.5 %.
    """
    first, chances = _binomial(count, share)
    below = np.cumsum(chances)
    # The greatest rank so that fewer values than it lie below with at most that chance.
    low = first + int(np.searchsorted(below, _TAIL, side="right"))
    above = np.cumsum(chances[::-1])
    most = first + chances.size - 1
    high = most - int(np.searchsorted(above, _TAIL, side="right")) + 1
    return (low if low >= 1 else 0), (high if high <= count else 0)


def mean_interval(values: NDArray[np.floating]) -> tuple[float | None, float | None]:
    """Return the interval of the mean of marks (Student's); None if they are too few."""
    if values.size < _FEWEST_OF_MEAN:
        return None, None
    mean = float(values.mean())
    error = float(values.std(ddof=1)) / math.sqrt(values.size)
    spread = student(values.size - 1) * error
    return mean - spread, mean + spread


def student(freedom: int) -> float:
    """
    Return how many standard errors a mean with *freedom* may be off, from 9 on.

    The expansion of Cornish and Fisher; it is right to three digits.
    """
    z, f = _Z, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * f)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * f**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * f**3)
    )


def _binomial(count: int, share: float) -> tuple[int, NDArray[np.float64]]:
    """Return the chances of all numbers of hits that are possible at all, and the first one."""
    middle, reach = count * share, _REACH * math.sqrt(count * share * (1 - share)) + _REACH
    first, last = max(0, math.floor(middle - reach)), min(count, math.ceil(middle + reach))
    start = (
        math.lgamma(count + 1)
        - math.lgamma(first + 1)
        - math.lgamma(count - first + 1)
        + first * math.log(share)
        + (count - first) * math.log1p(-share)
    )
    hits = np.arange(first, last)
    steps = np.log((count - hits) / (hits + 1)) + math.log(share) - math.log1p(-share)
    logs = start + np.concatenate(([0.0], np.cumsum(steps)))
    # lgamma of a large number is right to about 1e-10 of it: what is left is evened out.
    chances = np.exp(logs)
    return first, chances / chances.sum()
