"""Which topics cost customers most: what comes often, is answered slowly, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.breakdowns import compared_figures, measured
from inboxd.core.scorecard.catalogue import CATALOGUE
from inboxd.core.scorecard.model import Problem
from inboxd.model import Topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.core.scorecard.facts import Facts
    from inboxd.core.scorecard.model import Figure

    Five = tuple[Figure, Figure, Figure, Figure, Figure]
    Look = tuple[Facts, Mapping[str, Facts]]
    """All facts of a period, and those of each topic."""

TOP: Final = 3
ENOUGH: Final = 5
"""Topics with fewer contacts come behind others: one forgotten customer outweighs everything."""
_FIRST_RESPONSE: Final = "first_response_median_business"
_KEYS: Final = (
    "contacts",
    _FIRST_RESPONSE,
    "unanswered",
    "reopened",
    "complaint_rate",
)


def problems(now: Look, before: Look | None = None) -> tuple[Problem, ...]:
    """Return the top three, each with its rank and its figures in the period *before*."""
    whole, topics = now
    earlier = before[1] if before else {}
    ranks = {topic: rank for rank, (topic, _) in enumerate(_ranking(*before), 1)} if before else {}
    return tuple(
        Problem(
            topic, weight, *_figures(topics[topic], earlier.get(topic)), before=ranks.get(topic)
        )
        for topic, weight in _ranking(whole, topics)[:TOP]
    )


def _figures(facts: Facts, before: Facts | None) -> Five:
    """Return what a problem shows; the first response on the wall where no calendar measures it."""
    keys = [*_KEYS]
    if CATALOGUE[_FIRST_RESPONSE].figure(facts).value is None:
        keys[keys.index(_FIRST_RESPONSE)] = "first_response_median_wall"
    contacts, first_response, unanswered, reopened, complaints = compared_figures(
        measured(facts, keys), measured(before, keys) if before else ()
    )
    return contacts, first_response, unanswered, reopened, complaints


def _ranking(whole: Facts, topics: Mapping[str, Facts]) -> list[tuple[str, float]]:
    """Return the topics that had contacts by their weight, the greatest first, rare ones last."""
    named = {topic: facts for topic, facts in topics.items() if facts.contacts.size}
    if len(named) > 1:
        named.pop(Topic.OTHER, None)
    weights = {topic: _weight(facts, whole) for topic, facts in named.items()}

    def place(item: tuple[str, float]) -> tuple[bool, float, str]:
        topic, weight = item
        # Of two that weigh the same the first by name, so that a second look says the same.
        return named[topic].contacts.size < ENOUGH, -weight, topic

    return sorted(weights.items(), key=place)


def _weight(facts: Facts, whole: Facts) -> float:
    """Return how much a topic costs customers beside the *whole*: docs/figures.md has it."""
    frequency = facts.contacts.size / whole.contacts.size
    slow, usual = _slowness(facts), _slowness(whole)
    slowness = slow / usual if slow is not None and usual else 1.0
    served = np.count_nonzero(facts.cases.served)
    reopened = int(np.count_nonzero(facts.cases.reopened)) / int(served) if served else 0.0
    return frequency * slowness * (1 + reopened)


def _slowness(facts: Facts) -> float | None:
    """Return the median first response in seconds; of what is open, how old it is by now."""
    contacts = facts.contacts
    spans = np.where(np.isnan(contacts.business), contacts.wall, contacts.business)
    needy = spans[contacts.first & contacts.needy]
    return float(np.median(needy)) if needy.size else None
