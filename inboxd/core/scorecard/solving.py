"""Whether cases were solved, at once, and for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.measuring import Definition, Measure, part, share
from inboxd.core.scorecard.model import Better, Unit

if TYPE_CHECKING:
    from inboxd.core.scorecard.facts import Facts


def _resolved(facts: Facts) -> Measure:
    return part(np.count_nonzero(facts.cases.resolved), facts.cases.size)


def _first_contact_resolution(facts: Facts) -> Measure:
    cases = facts.cases
    hits, of = np.count_nonzero(cases.at_once), np.count_nonzero(cases.by_answer)
    return share(hits, of, "no case ended by an answer")


def _reopened(facts: Facts) -> Measure:
    cases = facts.cases
    hits, of = np.count_nonzero(cases.reopened), np.count_nonzero(cases.served)
    return share(hits, of, "no case was answered")


DEFINITIONS: Final = (
    Definition("resolved", "Cases resolved", Unit.COUNT, _resolved, Better.MORE, of_staff=True),
    Definition(
        "first_contact_resolution",
        "First-contact resolution",
        Unit.SHARE,
        _first_contact_resolution,
        Better.MORE,
        of_staff=True,
    ),
    Definition(
        "reopened",
        "Cases in which the customer came back",
        Unit.SHARE,
        _reopened,
        Better.LESS,
        of_staff=True,
    ),
)
