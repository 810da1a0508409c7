"""How good our answers were, as the judge of replies has it: the mark and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard import intervals
from inboxd.core.scorecard.answering import AN_HOUR
from inboxd.core.scorecard.columns import PARTS
from inboxd.core.scorecard.measuring import Definition, Measure, part, share
from inboxd.core.scorecard.model import Better, Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.core.scorecard.facts import Facts

_NONE_JUDGED = "no answer was judged"
_PARTS = {
    "answers": "Mark: says something to what was asked",
    "serves": "Mark: serves here, sends nobody elsewhere",
    "greets": "Mark: greets",
    "feels": "Mark: thanks or apologises where it is called for",
    "writes": "Mark: is written as one writes",
}


def _replies(facts: Facts) -> Measure:
    automatic = facts.replies.automatic
    return part(np.count_nonzero(~automatic), automatic.size)


def _judged(facts: Facts) -> Measure:
    replies = facts.replies
    return part(np.count_nonzero(replies.judged), np.count_nonzero(~replies.automatic))


def _share_of(name: str) -> Callable[[Facts], Measure]:
    def measure(facts: Facts) -> Measure:
        replies = facts.replies
        hits = np.count_nonzero(getattr(replies, name))
        return share(hits, np.count_nonzero(replies.judged), _NONE_JUDGED)

    return measure


def mark(facts: Facts) -> Measure:
    """Return the mean mark of the answers that have one."""
    marks = facts.replies.mark[facts.replies.marked].astype(np.float64)
    if not marks.size:
        return Measure(None, 0, why=_NONE_JUDGED)
    low, high = intervals.mean_interval(marks)
    if low is not None and high is not None:
        low, high = max(low, 0.0), min(high, float(len(PARTS)))
    return Measure(float(marks.mean()), marks.size, low, high)


def _part(place: int) -> Callable[[Facts], Measure]:
    def measure(facts: Facts) -> Measure:
        parts = facts.replies.parts[facts.replies.marked]
        return share(np.count_nonzero(parts & (1 << place)), parts.size, _NONE_JUDGED)

    return measure


def _good_within_the_hour(facts: Facts) -> Measure:
    """
    Return the share of first contacts with a good answer within the hour.

    Those are left out whose answer was not judged, and those that are not an hour old yet.
    """
    contacts = facts.contacts
    quick = contacts.wall <= AN_HOUR.total_seconds()
    decided = contacts.first & (contacts.judged | (contacts.open & ~quick))
    hits = np.count_nonzero(decided & contacts.good & quick)
    return share(hits, np.count_nonzero(decided), "no first contact has an answer that was judged")


def _rate(key: str, label: str, name: str) -> Definition:
    return Definition(key, label, Unit.SHARE, _share_of(name), Better.LESS, of_staff=True)


DEFINITIONS: Final = (
    Definition("replies", "Answers written by people", Unit.COUNT, _replies, of_staff=True),
    Definition("replies_judged", "of these judged", Unit.COUNT, _judged, of_staff=True),
    _rate("deflection_rate", "Answers that sent the customer elsewhere", "deflection"),
    _rate("non_answer_rate", "Answers that missed the question", "non_answer"),
    Definition("mark", "Mark of our answers, 0 to 5", Unit.MARK, mark, Better.MORE, of_staff=True),
    *(
        Definition(
            f"mark_{name}", _PARTS[name], Unit.SHARE, _part(place), Better.MORE, of_staff=True
        )
        for place, name in enumerate(PARTS)
    ),
    Definition(
        "good_within_1h",
        "Answered within the hour with a mark above 3",
        Unit.SHARE,
        _good_within_the_hour,
        Better.MORE,
    ),
)
