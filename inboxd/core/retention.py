"""
How much of a conversation's past can go: pure.

Tracking folds a history from its beginning. The rest of one folds to the same cases as before
only if it is cut where nothing was under way: no case, no edit or deletion of an older message,
no answer that an older case could be taken up by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Stretch(NamedTuple):
    """What must not be torn apart: it goes whole, or stays whole."""

    begins: datetime
    ends: datetime


def cut(until: datetime, stretches: Iterable[Stretch]) -> datetime:
    """Return the latest instant, not after *until*, that lies within none of *stretches*."""
    bound = until
    # By their beginnings, the last first: whatever moves the bound, only earlier ones are left.
    for begins, ends in sorted(stretches, reverse=True):
        if begins < bound <= ends:
            bound = begins
    return bound


def tied(cases: dict[int, Stretch], pairs: Iterable[tuple[int, int]]) -> dict[int, Stretch]:
    """Return *cases* with both of each pair reaching as far as the two together."""
    joined = dict(cases)
    for one, other in pairs:
        if one in joined and other in joined:
            both = joined[one], joined[other]
            whole = Stretch(min(both).begins, max(each.ends for each in both))
            joined[one] = joined[other] = whole
    return joined
