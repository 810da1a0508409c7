"""A scorecard in a few lines, for a message that people read where they are: in Slack, in a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inboxd.report import gaps, outline, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxd.core.scorecard.model import Figure, Problem, Scorecard

MOST: Final = 9
"""Slack shows ten facts of a message, and one of them is who tells it."""


def facts(card: Scorecard) -> list[tuple[str, str]]:
    """Return what to know first, then the figures that matter most and the worst problem."""
    top, end = [*_cautions(card)], [*_worst_problem(card)]
    room = MOST - len(top) - len(end)
    figures = [(each.label, _figure(each)) for each in outline.headlines(card)[:room]]
    return [*top, *figures, *end]


def _cautions(card: Scorecard) -> Iterator[tuple[str, str]]:
    if unread := gaps.in_words(card.gaps, card.period.timezone):
        more = f"; and {len(unread) - 1} more such spans" if len(unread) > 1 else ""
        yield "Not read", f"{unread[0]}{more}"
    if card.caveats:
        yield "To know", words.one_note(card.caveats[0])


def _figure(figure: Figure) -> str:
    if figure.value is None:
        return f"not known: {figure.why}" if figure.why else "not known"
    return _with_change(words.briefly(figure), figure)


def _worst_problem(card: Scorecard) -> Iterator[tuple[str, str]]:
    for worst in card.problems[:1]:
        before = words.rank_before(worst.before, card.compared)
        said = "; ".join(filter(None, [*_problem(worst), before]))
        yield "Worst problem", f"{words.topic_in_words(words.name_of(worst.topic))}: {said}"


def _problem(problem: Problem) -> Iterator[str]:
    contacts = problem.contacts
    yield ", ".join(
        filter(None, [f"{words.briefly(contacts)} contacts", words.change_in_words(contacts)])
    )
    if problem.first_response.value is not None:
        yield f"first answer after {words.briefly(problem.first_response)}"
    if problem.unanswered.value:
        yield f"{words.briefly(problem.unanswered)} unanswered"


def _with_change(said: str, figure: Figure) -> str:
    return "; ".join(filter(None, [said, words.change_in_words(figure)]))
