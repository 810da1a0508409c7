"""How much came in: customers, their messages, the contacts and cases that these make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.columns import NEVER
from inboxd.core.scorecard.measuring import Definition, Measure, count
from inboxd.core.scorecard.model import Unit

if TYPE_CHECKING:
    from inboxd.core.scorecard.facts import Facts


def _customers(facts: Facts) -> Measure:
    """Return how many there are; where some are not known any more, at least and at most."""
    messages = facts.messages
    known = messages.author != NEVER
    unknown = int(messages.count[~known].sum())
    found = _distinct(messages.author[known])
    if not unknown:
        return Measure(float(found))
    if not found:
        return Measure(None, why="it is not known any more who wrote")
    return Measure(float(found), low=float(found), high=float(found + unknown))


def _distinct(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    """Return how many different ones there are, quickly where they are dense as row ids are."""
    if not numbers.size:
        return 0
    first, last = int(numbers.min()), int(numbers.max())
    if last - first > 50 * numbers.size:
        return int(np.unique(numbers).size)
    seen = np.zeros(last - first + 1, np.bool_)
    seen[numbers - first] = True
    return int(np.count_nonzero(seen))


DEFINITIONS: Final = (
    Definition("customers", "Customers who wrote", Unit.COUNT, _customers),
    Definition(
        "messages",
        "Messages from customers",
        Unit.COUNT,
        lambda facts: count(facts.messages.count.sum()),
    ),
    Definition("contacts", "Contacts", Unit.COUNT, lambda facts: count(facts.contacts.size)),
    Definition("cases", "Cases opened", Unit.COUNT, lambda facts: count(facts.cases.size)),
)
