"""A scorecard on a terminal: tables and plots of characters, in which nothing is told by colour alone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inboxd.core.scorecard.model import Breakdown, Section
from inboxd.report import gaps, outline, plots, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import RenderableType

    from inboxd.core.scorecard.model import Figure, Problem, Scorecard

LEAST, MOST = 64, 140
"""Columns below which a table cannot be read, and above which lines are too long to be."""
_WIDE = 110
_COMFORTABLE = 90
_BAR = 10
_LABEL = 34
_MOST_GAPS = 5
_INDENT = _GAP = 2
_NARROW_NAME, _WIDE_NAME = 24, 30
_GLUE = "\ue000"
"""Between a number and its unit until lines are broken: Rich breaks at a no-break space, too."""
_STYLES = {"better": "green", "worse": "bold red", "may be chance": "dim"}


def written(card: Scorecard, width: int, *, coloured: bool) -> str:
    """Return the whole report in lines of at most *width* cells, or a few more in a tiny terminal."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=min(max(width, LEAST), MOST),
        force_terminal=coloured,
        color_system="standard" if coloured else None,
        no_color=not coloured,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    for each in _pieces(card, console.width):
        console.print(each)
    shown = out.getvalue().replace(_GLUE, " ")
    return "\n".join(line.rstrip() for line in shown.split("\n"))


def _pieces(card: Scorecard, width: int) -> Iterable[RenderableType]:
    notes = outline.footnotes(card)
    yield from _top(card)
    yield from _told(outline.brief(card), card, notes, width)
    if len(card.days) > 1:
        yield from _chapter(outline.days_title(card.days), *_trends(card, width))
    for part in outline.parts(card):
        yield from _told(part, card, notes, width)
    if notes:
        yield from _chapter("What others reached", *_numbered(notes))
    yield Text()
    yield Text(f"{words.INTERVALS} {words.UNKNOWN} is what is not known.", style="dim")


def _top(card: Scorecard) -> Iterable[RenderableType]:
    yield Text(f"How we answered: {words.period_in_words(card.period)}", style="bold")
    if card.compared:
        yield Text(f"compared with {words.period_in_words(card.compared)}", style="dim")
    accounts = ", ".join(map(words.name_of, card.accounts))
    yield Text("; ".join([f"accounts: {accounts}", *words.filters_in_words(card)]), style="dim")
    tz = card.period.timezone
    yield Text(f"written {words.moment(card.written_at, tz)} ({tz})", style="dim")
    unread = gaps.in_words(card.gaps, tz)
    for each in unread[:_MOST_GAPS]:
        yield Text(f"▲ {each}", style="bold yellow")
    if more := unread[_MOST_GAPS:]:
        yield Text(f"▲ and {len(more)} more spans were not read", style="bold yellow")
    for caveat in card.caveats:
        yield Text(f"▲ {words.one_note(caveat)}", style="yellow")


def _told(
    part: outline.Part, card: Scorecard, notes: Mapping[str, int], width: int
) -> Iterable[RenderableType]:
    below = [Text(words.one_note(each), style="dim") for each in part.notes]
    yield from _chapter(part.title, *_part(part, card, notes, width), *below)


def _chapter(title: str, *body: RenderableType) -> Iterable[RenderableType]:
    yield Text()
    yield Text(words.one_note(title), style="bold cyan")
    for each in body:
        yield Padding(each, (0, 0, 0, _INDENT))


def _glued(text: str) -> Text:
    """Return *text* on a line, such that a number and its unit stay together."""
    return Text(words.one_note(text).replace(" %", f"{_GLUE}%"))


def _part(
    part: outline.Part, card: Scorecard, notes: Mapping[str, int], width: int
) -> Iterable[RenderableType]:
    match part.of:
        case Section():
            yield _figures(part.of.figures, notes, width)
        case Breakdown():
            yield from _breakdown(part.of, width)
        case _ if part.key == outline.WEEK:
            yield from _week(card)
        case _:
            for rank, problem in enumerate(card.problems, 1):
                yield from _problem(rank, problem, words.rank_before(problem.before, card.compared))


def _figures(figures: Sequence[Figure], notes: Mapping[str, int], width: int) -> Table:
    """Return figures below one another: value, what has changed, and what there is to know."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(max_width=_LABEL + max(min(width, _WIDE) - _COMFORTABLE, 0))
    table.add_column(justify="right", no_wrap=True, style="bold")
    if width >= _WIDE:
        table.add_column(no_wrap=True, style="cyan")
    table.add_column(max_width=24)
    table.add_column(ratio=1, style="dim")
    for each in figures:
        bar = [Text(plots.share_bar(each, _BAR))] if width >= _WIDE else []
        table.add_row(
            _glued(each.label),
            Text(words.said(each)),
            *bar,
            _change(each),
            Text("\n").join(map(_glued, _remarks(each, notes))),
        )
    return table


def _remarks(figure: Figure, notes: Mapping[str, int]) -> Iterable[str]:
    if basis := words.basis(figure):
        yield basis
    if target := words.target_in_words(figure):
        yield target
    for each in figure.benchmarks:
        number = outline.note_number(each, notes)
        yield f"others: {each.text} [{number}]"


def _change(figure: Figure) -> Text:
    return Text(words.change_in_words(figure), style=_STYLES.get(words.verdict(figure), "dim"))


def _breakdown(breakdown: Breakdown, width: int) -> Iterable[RenderableType]:
    """Yield a row for each value and a column for each figure for which there is room."""
    names = [outline.row_name(breakdown.key, each) for each in breakdown.rows]
    columns = list(_cells(breakdown, width))
    most = max(map(cell_len, names), default=0)
    first = min(most, _WIDE_NAME if width >= _WIDE else _NARROW_NAME)
    fitting = _fitting(columns, width - _INDENT - first)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    table.add_column(width=first, no_wrap=True, overflow="ellipsis")
    for head, cells in columns[:fitting]:
        table.add_column(_glued(head), justify="right", width=_width(head, cells))
    for row, name in enumerate(names):
        table.add_row(Text(name), *(_unbroken(cells[row]) for _, cells in columns[:fitting]))
    yield table
    if left := [head for head, _ in columns[fitting:]]:
        yield Text(f"where there is more room: {', '.join(left)}", style="dim")


def _cells(breakdown: Breakdown, width: int) -> Iterable[tuple[str, list[str]]]:
    """Yield each column: its heading, and a cell for each row; what matters less last, if need be."""
    heads = list(outline.columns(breakdown).items())
    if width < _WIDE:
        heads.sort(key=lambda each: each[0] in outline.MINOR)
    for key, head in heads:
        found = [
            next((each for each in figures if each.key == key), None)
            for figures in breakdown.rows.values()
        ]
        yield words.one_note(head), [words.briefly(each) if each else "" for each in found]


def _fitting(columns: Sequence[tuple[str, list[str]]], room: int) -> int:
    """Return how many of *columns* fit into so many cells: one at least."""
    for place, (head, cells) in enumerate(columns):
        room -= _width(head, cells) + _GAP
        if room < 0:
            return max(place, 1)
    return len(columns)


def _width(head: str, cells: Sequence[str]) -> int:
    """Return what a column needs: a cell stays whole, and a heading may be broken between words."""
    return max(map(cell_len, [*head.split(), *cells]))


def _unbroken(text: str) -> Text:
    return Text(text.replace(" ", _GLUE))


def _trends(card: Scorecard, width: int) -> Iterable[RenderableType]:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(no_wrap=True, style="dim")
    for trend in plots.trends(card.days, max(width - 46, 20)):
        table.add_row(trend.name, Text(trend.line), trend.ends)
    yield table
    if any(day.blind for day in card.days):
        yield Text(words.CROSSED, style="dim")


def _week(card: Scorecard) -> Iterable[RenderableType]:
    for line in plots.week_lines(card.week):
        yield Text(line)
    yield Text(plots.week_legend(card.week), style="dim")


def _problem(rank: int, problem: Problem, before: str) -> Iterable[RenderableType]:
    title = words.topic_in_words(words.name_of(problem.topic))
    yield Text.assemble(f"{rank}. ", (title, "bold"), (f"  {before}", "dim"))
    facts = (problem.contacts, problem.first_response, problem.unanswered)
    for each in (*facts, problem.reopened, problem.complaints):
        changed = words.change_in_words(each)
        said = f"{each.label}: {words.briefly(each)}"
        yield Text(f"   {words.one_note(said)}{f', {changed}' if changed else ''}")


def _numbered(notes: Mapping[str, int]) -> Iterable[RenderableType]:
    for text, number in notes.items():
        yield Text(f"[{number}] {text}", style="dim")
