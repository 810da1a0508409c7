"""What went wrong for customers: complaints, waiting on the phone, spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.measuring import Definition, Measure, count, part, share
from inboxd.core.scorecard.model import Better, Unit

if TYPE_CHECKING:
    from inboxd.core.scorecard.facts import Facts


def complaint_rate(facts: Facts) -> Measure:
    """Return the share of the cases that complain, of those that were judged."""
    cases = facts.cases
    hits, of = np.count_nonzero(cases.complaint), np.count_nonzero(cases.judged)
    return share(hits, of, "no case was judged")


def _complaints(facts: Facts) -> Measure:
    cases = facts.cases
    judged = np.count_nonzero(cases.judged)
    if cases.size and not judged:
        return Measure(None, 0, why="no case was judged yet")
    return part(np.count_nonzero(cases.complaint), judged)


def _on_hold(facts: Facts) -> Measure:
    messages = facts.messages
    return part(messages.count[messages.hold].sum(), messages.count.sum())


def _spikes(facts: Facts) -> Measure:
    if facts.spikes is None:
        return Measure(None, why=facts.unspiked)
    return count(facts.spikes)


DEFINITIONS: Final = (
    Definition("complaints", "Cases that complain", Unit.COUNT, _complaints, Better.LESS),
    Definition("complaint_rate", "Complaint rate", Unit.SHARE, complaint_rate, Better.LESS),
    Definition(
        "hold_complaints",
        "Messages about waiting on the phone",
        Unit.COUNT,
        _on_hold,
        Better.LESS,
    ),
    Definition("spikes", "Spikes of complaints", Unit.COUNT, _spikes, Better.LESS),
)
