"""Promises about the hours of the week of which a report is."""

from __future__ import annotations

import pytest

from inboxd.core.scorecard.figures import scorecard
from inboxd.core.scorecard.selecting import Filters
from inboxd.core.scorecard.weekhours import hours_of
from tests.unit.sheeted import at, contact, days, figures, sheets

NOW = at("30 12:00")
WEEK = days("23", "29")


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("mon 9-11", {9, 10}),
        ("Sat", set(range(120, 144))),
        ("sun-mon 0-1", {144, 0}),
        ("23-24", {23 + 24 * day for day in range(7)}),
        ("mon-sun", set(range(168))),
        ("thu-thu  7-8", {79}),
    ],
)
def test_hours_are_named_by_days_and_spans(text: str, hours: set[int]) -> None:
    """What is left out is all of it; days go on over Sunday."""
    assert hours_of(text) == hours


@pytest.mark.parametrize(
    "text", ["", "noon", "9", "18-9", "9-9", "9-25", "mon tue", "mon9-18", "-"]
)
def test_what_names_no_hours_is_refused(text: str) -> None:
    """With how to write it."""
    with pytest.raises(ValueError, match="write mon-fri 9-18"):
        hours_of(text)


def test_a_report_is_of_the_hours_asked_for() -> None:
    """Two of three contacts of a Monday began in them; all figures are of these."""
    rows = [contact("23 08:59"), contact("23 09:00", "23 09:10"), contact("23 17:59", "23 18:30")]
    office = Filters(hours=("mon 9-18", "tue"))

    card = scorecard(sheets(waits=rows), WEEK, NOW, filters=office)

    assert figures(card)["contacts"].value == 2
    assert figures(card)["response_rate"].value == 1
    assert card.filters == {"hours": ("mon 9-18", "tue")}
