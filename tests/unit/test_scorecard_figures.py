"""Promises about figures, on cases that are worked out by hand."""

from __future__ import annotations

import pytest

from inboxd.core.scorecard.figures import scorecard
from tests.unit.sheeted import at, contact, days, figures, sheets

NOW = at("30 12:00")
WEEK = days("23", "29")
"""Monday to Sunday; it is over by a Monday noon."""


def values(**rows: list[dict[str, object]]) -> dict[str, float | None]:
    card = scorecard(sheets(**rows), WEEK, NOW)
    return {key: figure.value for key, figure in figures(card).items()}


def test_who_was_answered_is_counted_among_those_who_need_it() -> None:
    """
    Six contacts: three answered (one late), two open (one late), one closed by a person.

    Five need an answer, 3/5 are answered. In time: of those with a target that are decided,
    i.e. the three answered and the open late one, two were: 2/4.
    """
    found = values(
        waits=[
            contact("23 10:00", "23 10:10", due="23 10:30"),
            contact("23 10:00", "23 10:30", due="23 10:30"),
            contact("23 10:00", "23 11:00", due="23 10:30"),
            contact("24 10:00", due="24 10:30"),
            contact("29 10:00", due="30 12:30"),
            contact("24 10:00", "24 10:05", outcome="closed"),
        ]
    )

    assert found["contacts"] == 6
    assert found["needing_answer"] == 5
    assert found["answered"] == 3
    assert found["unanswered"] == 2
    assert found["unanswered_in_time"] == 1
    assert found["late"] == 2
    assert found["answered_late"] == 1
    assert found["closed"] == 1
    assert found["response_rate"] == pytest.approx(3 / 5)
    assert found["within_target"] == pytest.approx(2 / 4)


def test_nothing_is_unknown_and_never_nought() -> None:
    """Of an empty period counts are 0; shares, times and marks are unknown, and say why."""
    card = scorecard(sheets(), WEEK, NOW)

    for figure in figures(card).values():
        counted = figure.unit == "count" and figure.key != "spikes"
        assert figure.value == (0 if counted else None), figure.key
        assert bool(figure.why) is not counted
    assert card.problems == ()
    assert len(card.week) == 168
    assert len(card.days) == 7
