"""The same few figures for each account, network, stream, kind, topic, language, hour and person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from inboxd.core.scorecard import grouping
from inboxd.core.scorecard.catalogue import CATALOGUE
from inboxd.core.scorecard.model import Breakdown
from inboxd.core.scorecard.selecting import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from inboxd.core.scorecard.columns import Sheets
    from inboxd.core.scorecard.facts import Facts
    from inboxd.core.scorecard.model import Figure

COLUMNS: Final = (
    "contacts",
    "customers",
    "messages",
    "response_rate",
    "within_target",
    "first_response_median_business",
    "first_response_median_wall",
    "first_contact_resolution",
    "reopened",
    "complaint_rate",
    "deflection_rate",
    "mark",
)
HOUR_COLUMNS: Final = (
    "contacts",
    "response_rate",
    "within_target",
    "first_response_median_wall",
    "complaint_rate",
)
STAFF_COLUMNS: Final = (
    "answered",
    "answered_late",
    "first_response_median_business",
    "first_response_median_wall",
    "first_contact_resolution",
    "replies",
    "deflection_rate",
    "non_answer_rate",
    "mark",
)
OVERLAP: Final = (
    "What is about two topics counts in both rows: they do not add up to the whole. What has no "
    "topic yet is in none."
)
_UNSAID: Final = "Of no answer is it known who wrote it: the networks that were read do not say."
_SOME_UNSAID: Final = (
    "An answer whose author the network does not say is under unknown; what nobody answered is in "
    "no row."
)


class _Dimension(NamedTuple):
    key: str
    title: str
    parting: Callable[[Facts, Sheets], grouping.Parting]
    columns: Sequence[str] = COLUMNS
    by_size: bool = False


_DIMENSIONS: Final = (
    _Dimension("account", "By account", grouping.by_account, by_size=True),
    _Dimension("network", "By network", grouping.by_network, by_size=True),
    _Dimension("stream", "By stream", grouping.by_stream),
    _Dimension("kind", "By kind", grouping.by_kind),
    _Dimension("language", "By language", grouping.by_language, by_size=True),
    _Dimension("urgency", "By urgency", grouping.by_urgency),
    _Dimension("hour", "By hour of the week", grouping.by_hour, HOUR_COLUMNS),
)


def breakdowns(facts: Facts, sheets: Sheets, topics: Mapping[str, Facts]) -> list[Breakdown]:
    """Return all of them; *topics* are the facts of each topic."""
    found = []
    for key, title, parting, columns, by_size in _DIMENSIONS:
        rows = _rows(grouping.split(facts, parting(facts, sheets)), columns)
        found.append(Breakdown(key, title, _ordered(rows, by_size=by_size)))
    by_topic = _ordered(_rows(topics.items(), COLUMNS), by_size=True)
    found.insert(4, Breakdown("topic", "By topic", by_topic, OVERLAP))
    return [*found, _by_staff(facts, sheets)]


def compared(breakdown: Breakdown, before: Breakdown) -> Breakdown:
    """Return *breakdown* with what its figures were in the period before."""
    rows = {
        name: compared_figures(figures, before.rows.get(name, ()))
        for name, figures in breakdown.rows.items()
    }
    return replace(breakdown, rows=rows)


def compared_figures(figures: Sequence[Figure], before: Sequence[Figure]) -> tuple[Figure, ...]:
    """Return *figures* with what those of the same keys were *before*."""
    values = {each.key: each.value for each in before}
    return tuple(replace(each, before=values.get(each.key)) for each in figures)


def measured(facts: Facts, keys: Iterable[str]) -> tuple[Figure, ...]:
    """Return the figures with these *keys*."""
    return tuple(CATALOGUE[key].figure(facts) for key in keys)


def _by_staff(facts: Facts, sheets: Sheets) -> Breakdown:
    parts = grouping.split(replace(facts, of_staff=True), grouping.by_staff(facts, sheets))
    working = ((name, each) for name, each in parts if _works(each))
    rows = _ordered(_rows(working, STAFF_COLUMNS), by_size=True)
    if not rows.keys() - {UNKNOWN}:
        return Breakdown("staff", "By member of staff", {}, _UNSAID)
    return Breakdown("staff", "By member of staff", rows, _SOME_UNSAID)


def _works(facts: Facts) -> bool:
    """Tell whether anybody answered: unanswered contacts and messages are nobody's."""
    return bool(facts.contacts.answered.any()) or facts.replies.size > 0


def _rows(parts: Iterable[tuple[str, Facts]], keys: Sequence[str]) -> dict[str, tuple[Figure, ...]]:
    """Return the figures of each part that has any row at all."""
    return {name: measured(part, keys) for name, part in parts if not part.is_empty}


def _ordered(
    rows: dict[str, tuple[Figure, ...]], *, by_size: bool
) -> dict[str, tuple[Figure, ...]]:
    """Return *rows* as they are to be shown: what is unknown last, the first figure's size first."""

    def place(name: str) -> tuple[bool, float]:
        return name == UNKNOWN, -(rows[name][0].value or 0) if by_size else 0

    return {name: rows[name] for name in sorted(rows, key=place)}
