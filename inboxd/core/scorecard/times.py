"""How long customers waited: first and next responses and resolutions, in both times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.measuring import Definition, Measure, mean, part, quantile
from inboxd.core.scorecard.model import Better, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from inboxd.core.scorecard.facts import Facts, Flags

    Spans = NDArray[np.float64]

_SPANS = {
    "first_response": "First response",
    "next_response": "Next response",
    "resolution": "Resolution",
}
_STATISTICS: dict[str, tuple[str, Callable[[Spans, str], Measure]]] = {
    "median": ("median", lambda values, why: quantile(values, 0.5, why)),
    "mean": ("mean", mean),
    "p90": ("90 % within", lambda values, why: quantile(values, 0.9, why)),
}
_CLOCKS = {"business": "business time", "wall": "wall time"}


def spans(facts: Facts, of: str, clock: str) -> Spans:
    """Return how long those took that are over, in seconds of the *clock* where it is known."""
    ended, values = _over(facts, of, clock)
    known: Spans = values[ended]
    return known[~np.isnan(known)] if clock == "business" else known


def _over(facts: Facts, of: str, clock: str) -> tuple[Flags, Spans]:
    if of == "resolution":
        return facts.cases.resolved, getattr(facts.cases, clock)
    contacts = facts.contacts
    ended = contacts.answered & (contacts.first == (of == "first_response"))
    return ended, getattr(contacts, clock)


def _measured(
    of: str, clock: str, statistic: Callable[[Spans, str], Measure]
) -> Callable[[Facts], Measure]:
    def measure(facts: Facts) -> Measure:
        why = "none was answered" if of != "resolution" else "no case is resolved"
        ended, _ = _over(facts, of, clock)
        if clock == "business" and ended.any():
            why = "no policy matched, so no calendar says what business time is"
        return statistic(spans(facts, of, clock), why)

    return measure


def _still_open(of: str) -> Callable[[Facts], Measure]:
    def measure(facts: Facts) -> Measure:
        if of == "resolution":
            return part(np.count_nonzero(facts.cases.open), facts.cases.size)
        contacts = facts.contacts
        asked = contacts.needy & (contacts.first == (of == "first_response"))
        return part(np.count_nonzero(asked & contacts.open), np.count_nonzero(asked))

    return measure


def _definitions() -> Iterator[Definition]:
    for of, title in _SPANS.items():
        for clock, words in _CLOCKS.items():
            for name, (said, statistic) in _STATISTICS.items():
                yield Definition(
                    f"{of}_{name}_{clock}",
                    f"{title}, {said}, {words}",
                    Unit.OPEN_SECONDS if clock == "business" else Unit.SECONDS,
                    _measured(of, clock, statistic),
                    Better.LESS,
                    of_staff=True,
                )
        yield Definition(
            f"{of}_open", f"{title}: still open", Unit.COUNT, _still_open(of), Better.LESS
        )


DEFINITIONS: Final = tuple(_definitions())
