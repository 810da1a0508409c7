"""
A scorecard as one page for a browser, a phone or paper: it needs nothing but itself.

What the page says stands in ``templates/page.html``, how it looks in ``templates/page.css``. Names
come from outside: the template escapes whatever it is given, and a policy in the page forbids what
is not in it: scripts, and styles other than ours, whose digest it names.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inboxd.core.scorecard.model import Breakdown, Section, Unit
from inboxd.report import charts, gaps, outline, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.core.scorecard.model import Figure, Scorecard

_LEVELS = 6
"""Shades of the week, beside that of hours in which nobody wrote."""
_MOST_GAPS = 5
_RANGE = re.compile(r"(?<=\w)–(?=\w)")
_ARROWS = {True: "▲", False: "▼"}


class Cell(NamedTuple):
    """One hour of the week: its shade, the number in it, and both in words."""

    shade: str
    number: str
    words: str


def written(card: Scorecard) -> str:
    """Return the whole page."""
    style = _style()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    text = (
        _templates()
        .get_template("page.html")
        .render(
            card=card,
            style=Markup(style),  # noqa: S704 - the style sheet of this package
            digest=digest,
            parts=[(each, _kind(each)) for each in outline.parts(card)],
            brief=outline.brief(card),
            notes=outline.footnotes(card),
            meanings=outline.meanings(card),
            plots=_plots(card),
            weeks=_weeks(card),
            gaps=gaps.in_words(card.gaps, card.period.timezone),
            few_gaps=_MOST_GAPS,
        )
    )
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip()) + "\n"


@cache
def _style() -> str:
    return (files(__package__) / "templates" / "page.css").read_text(encoding="utf-8").strip()


@cache
def _templates() -> Environment:
    """Return where the template is, with the words that it may use."""
    found = Environment(
        loader=PackageLoader("inboxd.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(words=words, outline=outline, bar=_bar, arrow=_arrow)
    found.filters["line"] = _line
    return found


def _line(text: object) -> str:
    """Return a text as one harmless line, in which numbers stay with their units and intervals."""
    line = words.one_note(str(text)).replace(" %", "\N{NO-BREAK SPACE}%")
    return _RANGE.sub("–\N{WORD JOINER}", line)


def _kind(part: outline.Part) -> str:
    """Return by which part of the template a chapter is written."""
    match part.of:
        case Section():
            return "section"
        case Breakdown():
            return "breakdown"
    return part.key


def _plots(card: Scorecard) -> list[tuple[str, str, Markup]]:
    """Return the plots of the days, each with its title and what it shows; none of a single day."""
    if len(card.days) < 2:
        return []
    pace = outline.pace(card.days)
    drawn = (
        ("Messages", f"a {pace}; dark: complaints", charts.messages),
        ("Answered", f"of those who wrote in the {pace}", charts.answered),
        ("First response", "median, in business time", charts.first_response),
    )
    # pygal has escaped what it was given.
    return [(title, note, Markup(draw(card.days))) for title, note, draw in drawn]  # noqa: S704


def _weeks(card: Scorecard) -> list[tuple[str, list[tuple[str, list[Cell]]]]]:
    """Return the week twice: by how many wrote, and by the share that was answered in time."""
    if len(card.week) != outline.WEEK_HOURS or not any(count for count, _ in card.week):
        return []
    most = max(count for count, _ in card.week)
    contacts = [_contacts(count, most) for count, _ in card.week]
    in_time = [_in_time(count, share) for count, share in card.week]
    known = any(share is not None for _, share in card.week)
    tables = [("Contacts by hour", contacts)] + [("Answered in time, in percent", in_time)] * known
    return [(title, _by_day(cells)) for title, cells in tables]


def _by_day(cells: Sequence[Cell]) -> list[tuple[str, list[Cell]]]:
    return [
        (day, list(cells[place * 24 : (place + 1) * 24]))
        for place, day in enumerate(words.WEEKDAYS)
    ]


def _contacts(count: int, most: int) -> Cell:
    if not count:
        return Cell("w0", "", "nobody")
    level = min(1 + count * _LEVELS // (most + 1), _LEVELS)
    return Cell(f"w{level}", f"{count:,}", f"{count:,} contacts")


def _in_time(count: int, share: float | None) -> Cell:
    if share is None:
        return Cell("w0", "", "nobody" if not count else "unknown")
    level = max(min(int(share * 100) // 10 - 4, _LEVELS - 1), 0)
    return Cell(
        f"t{level}", f"{share * 100:.0f}", f"{words.amount(share, Unit.SHARE)} of {count:,}"
    )


def _bar(figure: Figure) -> dict[str, Any] | None:
    """Return where a bar of a share ends, its interval and its target, in percent of its width."""
    if figure.unit is not Unit.SHARE or figure.value is None:
        return None
    sure = figure.low is not None and figure.high is not None
    return {
        "value": _place(figure.value),
        "low": _place(figure.low) if sure else None,
        "span": _place((figure.high or 0) - (figure.low or 0)) if sure else None,
        "target": None if figure.target is None else _place(figure.target),
    }


def _place(share: float | None) -> str:
    return f"{min(max((share or 0) * 100, 0), 100):.1f}"


def _arrow(figure: Figure) -> str:
    """Return an arrow where a change is more than chance."""
    if words.verdict(figure) not in {"better", "worse"}:
        return ""
    return _ARROWS[(figure.value or 0) > (figure.before or 0)]
