"""What our answers promised, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.measuring import Definition, Measure, count, part, share
from inboxd.core.scorecard.model import Better, Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.core.scorecard.facts import Facts, Flags, Promises


def _released(promises: Promises) -> Flags:
    return ~(promises.kept | promises.broken | promises.open)


def _part(chosen: Callable[[Promises], Flags]) -> Callable[[Facts], Measure]:
    def measure(facts: Facts) -> Measure:
        found = chosen(facts.promises)
        return part(np.count_nonzero(found), found.size)

    return measure


def _kept_rate(facts: Facts) -> Measure:
    promises = facts.promises
    decided = np.count_nonzero(promises.kept | promises.broken)
    return share(np.count_nonzero(promises.kept), decided, "no promise has fallen due")


DEFINITIONS: Final = (
    Definition(
        "promises_made", "Promises made", Unit.COUNT, lambda facts: count(facts.promises.size)
    ),
    Definition(
        "promises_kept", "Kept", Unit.COUNT, _part(lambda promises: promises.kept), Better.MORE
    ),
    Definition(
        "promises_broken",
        "Broken",
        Unit.COUNT,
        _part(lambda promises: promises.broken),
        Better.LESS,
    ),
    Definition(
        "promises_open", "Still to be kept", Unit.COUNT, _part(lambda promises: promises.open)
    ),
    Definition(
        "promises_released", "Replaced or not needed any more", Unit.COUNT, _part(_released)
    ),
    Definition(
        "promise_kept_rate", "Promises kept of those due", Unit.SHARE, _kept_rate, Better.MORE
    ),
)
