"""In what order a scorecard is told, whatever its form: what matters to the reader first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

from inboxd.core.scorecard.model import Breakdown, Section
from inboxd.report.words import UNKNOWN, name_of, source_of, topic_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from inboxd.core.scorecard.model import Benchmark, Day, Figure, Scorecard

HEADLINES: Final = (
    ("customers",),
    ("response_rate",),
    ("first_response_median_business", "first_response_median_wall"),
    ("within_1h",),
    ("within_target",),
    ("first_contact_resolution",),
    ("mark",),
    ("complaint_rate",),
)
"""The figures that a reader who has a minute is told: of each, the first that is known."""
WEEK, PROBLEMS = "week", "problems"
_ORDER: Final = (
    "volume",
    "answering",
    "times",
    "network",
    "account",
    "stream",
    WEEK,
    PROBLEMS,
    "solving",
    "quality",
    "promises",
    "trouble",
    "staff",
    "topic",
    "kind",
    "language",
    "urgency",
    "connector",
)
"""The keys of what is told, one after the other; what is not named here comes at the end."""
_DRAWN = frozenset({"hour"})
"""Breakdowns of very many rows, which plots show; as tables they are in JSON and CSV."""
_HEADS: Final = {
    "customers": "Customers",
    "messages": "Messages",
    "contacts": "Contacts",
    "response_rate": "Answered",
    "within_target": "In time",
    "first_response_median_business": "Half answered in",
    "first_response_median_wall": "Half in (wall time)",
    "first_contact_resolution": "Solved at once",
    "unanswered": "Unanswered",
    "reopened": "Came back",
    "complaint_rate": "Complaints",
    "deflection_rate": "Sent elsewhere",
    "non_answer_rate": "Question missed",
    "mark": "Mark",
    "answered": "Answered",
    "answered_late": "Late",
    "replies": "Answers",
    "within_1h": "Within the hour",
    "within_next_day": "By next day",
    "good_within_1h": "Good within the hour",
}
"""What figures are called at the head of a narrow column."""
_OF_RIVALS: Final = (
    "messages",
    "response_rate",
    "first_response_median_wall",
    "within_1h",
    "within_next_day",
    "deflection_rate",
    "non_answer_rate",
    "mark",
    "good_within_1h",
)
"""What is compared with others: on the wall clock, for nobody knows their opening hours."""
_AT_A_GLANCE: Final = 2
MINOR: Final = frozenset({"customers", "messages"})
"""Columns that go first where there is no room."""
_MOST_REASONS: Final = 3
_ALIKE: Final = 3
"""So many unknown figures of one section that have the same reason are told in one line."""
_EITHER: Final = ("first_response_median_business", "first_response_median_wall")
"""Of these a table shows the first that is known."""
_NAMED_BY_PEOPLE = frozenset({"account", "staff", "rival"})
WEEK_HOURS = 24 * 7


@dataclass(frozen=True, slots=True)
class Part:
    """One chapter: figures, a table of figures, the week, or the problems; *notes* stand below it."""

    key: str
    title: str
    of: Section | Breakdown | None = None
    notes: tuple[str, ...] = ()


def parts(card: Scorecard) -> list[Part]:
    """Return the chapters that have something to say, in the order in which they are read."""
    found = [_section(each) for each in card.sections if each.figures]
    found += [_table(each) for each in card.breakdowns if _is_told(each, card)]
    if any(contacts for contacts, _ in card.week):
        found.append(Part(WEEK, "When customers write"))
    if card.problems:
        found.append(Part(PROBLEMS, "What costs customers most"))
    ordered = sorted(found, key=lambda each: _place(each.key))
    return [*ordered, _rivals(card)] if card.rivals else ordered


def _section(section: Section) -> Part:
    """Return a section without figures that are unknown for a common reason: a note tells of these."""
    by_reason: dict[str, list[str]] = {}
    for each in section.figures:
        if each.value is None:
            by_reason.setdefault(each.why, []).append(each.label)
    common = {why: labels for why, labels in by_reason.items() if len(labels) >= _ALIKE}
    told = tuple(
        each for each in section.figures if each.value is not None or each.why not in common
    )
    # Where that is every one of them, it is the chapter that is unknown.
    notes = [
        f"{UNKNOWN} {why}" + f": {'; '.join(labels)}" * (len(labels) < len(section.figures))
        for why, labels in common.items()
    ]
    return Part(section.key, section.title, replace(section, figures=told), tuple(notes))


def _table(breakdown: Breakdown) -> Part:
    notes = [_reasons(breakdown), breakdown.note]
    return Part(breakdown.key, breakdown.title, breakdown, tuple(filter(None, notes)))


def _rivals(card: Scorecard) -> Part:
    """Return others below one another, and what is to be known of whom."""
    rows, names = {}, dict[str, list[str]]()
    for each in card.rivals:
        figures = tuple(figure for figure in each.figures if figure.key in _OF_RIVALS)
        rows[f"{each.name} ({each.network})"] = figures
        whys = {figure.why if figure.value is None else "" for figure in figures}
        why = f"{UNKNOWN} {whys.pop()}. " if len(whys) == 1 and any(whys) else ""
        names.setdefault(why + each.note, []).append(name_of(each.name))
    table = Breakdown("rival", "Others, as far as it is public", rows)
    told = replace(table, rows={name: each for name, each in rows.items() if not _is_blank(each)})
    notes = [f"{', '.join(those)}: {note}" for note, those in names.items() if note]
    return Part(table.key, table.title, table, tuple(filter(None, [_reasons(told), *notes])))


def _is_blank(figures: Sequence[Figure]) -> bool:
    return all(each.value is None for each in figures)


def _reasons(breakdown: Breakdown) -> str:
    """Return why figures are unknown, and which columns are not there for it; "" if all are known."""
    shown, left_out = columns(breakdown), dict[str, dict[str, None]]()
    for each in chain.from_iterable(breakdown.rows.values()):
        if each.value is None and each.why:
            heads = left_out.setdefault(each.why, {})
            if each.key not in shown and each.key not in _EITHER:
                heads[head(each)] = None
    whys = [f"{', '.join(heads)}: {why}" if heads else why for why, heads in left_out.items()]
    whys = whys[:_MOST_REASONS]
    return f"{UNKNOWN} {'; '.join(whys)}" if whys else ""


def _is_told(breakdown: Breakdown, card: Scorecard) -> bool:
    """Tell whether a breakdown says something as a table: not if each network has one account."""
    if not breakdown.rows or breakdown.key in _DRAWN:
        return False
    networks = next((len(each.rows) for each in card.breakdowns if each.key == "network"), 0)
    return breakdown.key != "account" or len(breakdown.rows) != networks


def _place(key: str) -> int:
    return _ORDER.index(key) if key in _ORDER else len(_ORDER)


def headlines(card: Scorecard) -> list[Figure]:
    """Return the few figures that come first: `HEADLINES`, else the first of each section."""
    by_key = {each.key: each for section in card.sections for each in section.figures}
    found = []
    for keys in HEADLINES:
        there = [by_key[key] for key in keys if key in by_key]
        known = [each for each in there if each.value is not None]
        found += (known or there)[:1]
    return found or [section.figures[0] for section in card.sections if section.figures][:4]


def brief(card: Scorecard) -> Part:
    """Return the headlines, each with no more of what others reach than is read at a glance."""
    figures = (replace(each, benchmarks=each.benchmarks[:_AT_A_GLANCE]) for each in headlines(card))
    return _section(Section("brief", "In brief", tuple(figures)))


def row_name(key: str, value: str) -> str:
    """Return what a row of a breakdown is called: people's names as they are, ours in words."""
    return name_of(value) if key in _NAMED_BY_PEOPLE else topic_in_words(name_of(value))


def columns(breakdown: Breakdown) -> dict[str, str]:
    """
    Return the figures of a breakdown, with their headings, in the order in which they appear.

    Those that are known of no row are left out, if any is known at all.
    """
    figures = list(chain.from_iterable(breakdown.rows.values()))
    known = {each.key for each in figures if each.value is not None}
    heads = {each.key: head(each) for each in figures if each.key in known or not known}
    if set(_EITHER) <= set(heads):
        del heads[_EITHER[1]]
    return heads


def head(figure: Figure) -> str:
    """Return what a figure is called where there is little room."""
    return _HEADS.get(figure.key, figure.label)


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


def meanings(card: Scorecard) -> Mapping[str, tuple[str, str]]:
    """Return by their keys the label of each figure, and what it means; none that say nothing."""
    return {each.key: (each.label, each.means) for each in all_figures(card) if each.means}


def note_number(benchmark: Benchmark, notes: Mapping[str, int]) -> int:
    """Return the footnote of a benchmark."""
    return notes[source_of(benchmark)]


def pace(days: Sequence[Day]) -> str:
    """Return what is one point of a plot: a ``day``, or of a long period a ``week``."""
    apart = (after.begins - before.begins for before, after in pairwise(days))
    return "week" if any(each.days > 1 for each in apart) else "day"


def days_title(days: Sequence[Day]) -> str:
    """Return the title above plots: ``Day by day``."""
    return f"{pace(days).capitalize()} by {pace(days)}"


def squeezed(days: Sequence[Day], most: int) -> list[Sequence[Day]]:
    """Return *days* in at most *most* groups of equal length, the last one perhaps shorter."""
    length = max(-(-len(days) // most), 1)
    return [days[begin : begin + length] for begin in range(0, len(days), length)]
