"""Whose fault it is that an answer was late: the network's and ours to see it, or the team's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.measuring import Definition, Measure, part, quantile
from inboxd.core.scorecard.model import Better, Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.core.scorecard.facts import Facts, Flags


def _lag(at: float) -> Callable[[Facts], Measure]:
    def measure(facts: Facts) -> Measure:
        lags = facts.messages.lag
        known = lags[~np.isnan(lags)].astype(np.float64)
        return quantile(known, at, "of no message is it known when it was seen as it came")

    return measure


def _late(chosen: Callable[[Flags], Flags]) -> Callable[[Facts], Measure]:
    def measure(facts: Facts) -> Measure:
        contacts = facts.contacts
        if contacts.needy.any() and not (contacts.needy & contacts.targeted).any():
            return Measure(None, 0, why="none has a target")
        late = np.count_nonzero(contacts.late)
        return part(np.count_nonzero(contacts.late & chosen(contacts.blind)), late)

    return measure


DEFINITIONS: Final = (
    Definition("lag_median", "From sent to seen, median", Unit.SECONDS, _lag(0.5), Better.LESS),
    Definition("lag_p95", "From sent to seen, 95 % within", Unit.SECONDS, _lag(0.95), Better.LESS),
    Definition(
        "late_by_connector",
        "Late because it was seen late",
        Unit.COUNT,
        _late(lambda blind: blind),
        Better.LESS,
    ),
    Definition(
        "late_by_team", "Late by the team", Unit.COUNT, _late(lambda blind: ~blind), Better.LESS
    ),
)
