"""A scorecard as Markdown: headings and tables, for a wiki, an issue or a chat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inboxd.core.scorecard.model import Breakdown, Section
from inboxd.report import gaps, outline, plots, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from inboxd.core.scorecard.model import Figure, Problem, Scorecard

_MARKS = re.compile(r"[\\`*_\[\]<>|~#&$!]|(?<=www)\.|:(?=//)|^[-+=]", re.IGNORECASE)
"""What Markdown takes for something else than itself; addresses become no links."""
_LINE = 60


def written(card: Scorecard) -> str:
    """Return the whole report."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: Scorecard) -> Iterator[str]:
    notes = outline.footnotes(card)
    yield from _top(card)
    yield from _told(outline.brief(card), card, notes)
    if len(card.days) > 1:
        yield from _chapter(outline.days_title(card.days), _trends(card))
    for part in outline.parts(card):
        yield from _told(part, card, notes)
    if notes:
        yield from _chapter(
            "What others reached",
            [f"{number}. {_plain(text)}" for text, number in notes.items()],
        )
    yield from ("", f"{_plain(words.INTERVALS)} {words.UNKNOWN} is what is not known.")


def _top(card: Scorecard) -> Iterator[str]:
    tz = card.period.timezone
    yield f"# How we answered: {words.period_in_words(card.period)}"
    yield ""
    if card.compared:
        yield f"Compared with {words.period_in_words(card.compared)}."
    yield _plain(f"Accounts: {', '.join(map(words.name_of, card.accounts))}.")
    yield from (_plain(f"Only {each}.") for each in words.filters_in_words(card))
    yield f"Written {words.moment(card.written_at, tz)} ({tz})."
    cautions = gaps.in_words(card.gaps, tz)
    cautions += map(words.one_note, card.caveats)
    if cautions:
        yield ""
        yield from (f"> - {_plain(each)}" for each in cautions)


def _told(part: outline.Part, card: Scorecard, notes: Mapping[str, int]) -> Iterator[str]:
    yield from _chapter(part.title, _part(part, card, notes))
    for each in part.notes:
        yield from ("", _plain(words.one_note(each)))


def _chapter(title: str, body: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {_plain(words.one_note(title))}", "")
    yield from body


def _part(part: outline.Part, card: Scorecard, notes: Mapping[str, int]) -> Iterator[str]:
    match part.of:
        case Section():
            yield from _figures(part.of.figures, notes) if part.of.figures else ()
        case Breakdown():
            yield from _breakdown(part.of)
        case _ if part.key == outline.WEEK:
            yield from (
                "```text",
                *plots.week_lines(card.week),
                plots.week_legend(card.week),
                "```",
            )
        case _:
            for rank, problem in enumerate(card.problems, 1):
                yield from _problem(rank, problem, words.rank_before(problem.before, card.compared))


def _figures(figures: Sequence[Figure], notes: Mapping[str, int]) -> Iterator[str]:
    heads = ["figure", "value", "change", "rests on", "target", "others"]
    cells = [
        [
            words.one_note(each.label),
            words.said(each),
            words.change_in_words(each),
            words.one_note(words.basis(each)),
            words.target_in_words(each),
            "; ".join(_others(each, notes)),
        ]
        for each in figures
    ]
    kept = [place for place in range(len(heads)) if place < 2 or any(row[place] for row in cells)]
    return _table(
        [heads[place] for place in kept], [[row[at] for at in kept] for row in cells], {1}
    )


def _others(figure: Figure, notes: Mapping[str, int]) -> Iterator[str]:
    for each in figure.benchmarks:
        said = each.text
        yield f"{said} ({outline.note_number(each, notes)})"


def _breakdown(breakdown: Breakdown) -> Iterator[str]:
    heads = outline.columns(breakdown)
    rows = []
    for name, figures in breakdown.rows.items():
        by_key = {each.key: each for each in figures}
        cells = [words.briefly(by_key[key]) if key in by_key else "" for key in heads]
        rows.append([outline.row_name(breakdown.key, name), *cells])
    return _table([words.topic_in_words(breakdown.key), *heads.values()], rows)


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int] | None = None
) -> Iterator[str]:
    """Yield a table whose columns but the first, or those in *right*, are aligned at the right."""
    at_right = set(range(1, len(heads)) if right is None else right)
    yield _row(heads)
    yield f"|{'|'.join(' ---: ' if place in at_right else ' --- ' for place in range(len(heads)))}|"
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _trends(card: Scorecard) -> Iterator[str]:
    yield "```text"
    for trend in plots.trends(card.days, _LINE):
        yield f"{trend.name:16}{trend.line}  {trend.ends}".rstrip()
    yield "```"
    if any(day.blind for day in card.days):
        yield from ("", words.CROSSED)


def _problem(rank: int, problem: Problem, before: str) -> Iterator[str]:
    title = words.topic_in_words(words.name_of(problem.topic))
    yield f"{rank}. **{_plain(title)}**{f' ({before})' if before else ''}"
    facts = (problem.contacts, problem.first_response, problem.unanswered)
    for each in (*facts, problem.reopened, problem.complaints):
        changed = words.change_in_words(each)
        said = f"{words.one_note(each.label)}: {words.briefly(each)}"
        yield f"   - {_plain(said + (f', {changed}' if changed else ''))}"


def _plain(text: str) -> str:
    """Return *text* as it stands, whatever Markdown would make of it."""
    return _MARKS.sub(r"\\\g<0>", text)
