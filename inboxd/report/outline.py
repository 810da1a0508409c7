"""In what order a scorecard is told, whatever its form: what matters to the reader first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from inboxd.core.scorecard.model import Breakdown, Section, Unit
from inboxd.report.words import name_of, source_of, topic_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from inboxd.core.scorecard.model import Benchmark, Day, Figure, Scorecard

HEADLINES: Final = (
    "customers",
    "response_rate",
    "first_response_median",
    "within_hour",
    "late",
    "mark",
)
"""The figures that a reader who has a minute is told."""
WEEK, PROBLEMS = "week", "problems"
_ORDER: Final = (
    "volume",
    "answering",
    "first_response",
    "next_response",
    "service_level",
    "network",
    "account",
    "stream",
    WEEK,
    PROBLEMS,
    "resolution",
    "quality",
    "promises",
    "complaints",
    "staff",
    "topic",
    "kind",
    "language",
    "connector",
)
"""The keys of what is told, one after the other; what is not named here comes at the end."""
_NAMED_BY_PEOPLE = frozenset({"account", "staff", "rival"})
WEEK_HOURS = 24 * 7


@dataclass(frozen=True, slots=True)
class Part:
    """One chapter: figures, a table of figures, the week, or the problems."""

    key: str
    title: str
    of: Section | Breakdown | None = None


def parts(card: Scorecard) -> list[Part]:
    """Return the chapters that have something to say, in the order in which they are read."""
    found = [Part(each.key, each.title, each) for each in card.sections if each.figures]
    found += [Part(each.key, each.title, each) for each in card.breakdowns if each.rows]
    if any(contacts for contacts, _ in card.week):
        found.append(Part(WEEK, "When customers write"))
    if card.problems:
        found.append(Part(PROBLEMS, "What costs customers most"))
    return sorted(found, key=lambda each: _place(each.key))


def _place(key: str) -> int:
    return _ORDER.index(key) if key in _ORDER else len(_ORDER)


def headlines(card: Scorecard) -> list[Figure]:
    """Return the few figures that come first: those of `HEADLINES`, else the first of each section."""
    by_key = {each.key: each for section in card.sections for each in section.figures}
    named = [by_key[key] for key in HEADLINES if key in by_key]
    return named or [section.figures[0] for section in card.sections if section.figures][:4]


def row_name(key: str, value: str) -> str:
    """Return what a row of a breakdown is called: people's names as they are, ours in words."""
    if not value and key == "staff":
        return "not known"
    return name_of(value) if key in _NAMED_BY_PEOPLE else topic_in_words(name_of(value))


def columns(breakdown: Breakdown) -> dict[str, str]:
    """Return the figures of a breakdown, with their labels, in the order in which they appear."""
    return {each.key: _heading(each) for each in chain.from_iterable(breakdown.rows.values())}


def _heading(figure: Figure) -> str:
    """Return a label that says which time is meant: a table has no room for it in each cell."""
    return f"{figure.label} (clock)" if figure.unit is Unit.SECONDS else figure.label


def all_figures(card: Scorecard) -> Iterator[Figure]:
    """Yield every figure of a scorecard."""
    for section in card.sections:
        yield from section.figures
    for breakdown in card.breakdowns:
        for figures in breakdown.rows.values():
            yield from figures
    for rival in card.rivals:
        yield from rival.figures


def footnotes(card: Scorecard) -> Mapping[str, int]:
    """Return the sources of all benchmarks, numbered as they are met."""
    found: dict[str, int] = {}
    for figure in all_figures(card):
        for each in figure.benchmarks:
            found.setdefault(source_of(each), len(found) + 1)
    return found


def meanings(card: Scorecard) -> Mapping[str, str]:
    """Return what each figure means, by its label; none of those that say nothing of themselves."""
    return {each.label: each.means for each in all_figures(card) if each.means}


def note_number(benchmark: Benchmark, notes: Mapping[str, int]) -> int:
    """Return the footnote of a benchmark."""
    return notes[source_of(benchmark)]


def squeezed(days: Sequence[Day], most: int) -> list[Sequence[Day]]:
    """Return *days* in at most *most* groups of equal length, the last one perhaps shorter."""
    length = max(-(-len(days) // most), 1)
    return [days[begin : begin + length] for begin in range(0, len(days), length)]
