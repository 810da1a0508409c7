"""Promises about figures from the database: what happened to a shop is what its scorecard says."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from inboxd.core.scorecard.basis import Basis
from inboxd.core.scorecard.figures import scorecard
from inboxd.core.scorecard.model import Period
from inboxd.core.scorecard.periods import previous
from inboxd.model import Author
from tests.store.shop import ANNA, BORIS, answered, at, commented, replied, said
from tests.unit.sheeted import figures

if TYPE_CHECKING:
    from inboxd.core.scorecard.model import Scorecard
    from tests.store.shop import Shop

KYIV = ZoneInfo("Europe/Kyiv")
WEEK = Period(date(2026, 11, 23), date(2026, 11, 30), KYIV)
VERA = Author("vera", "Vera")


def card_of(shop: Shop) -> Scorecard:
    basis = Basis(KYIV, shop.rules.policies)
    sheets, before = (
        shop.store.sheets.read(basis, period.since, period.until)
        for period in (WEEK, previous(WEEK))
    )
    return scorecard(sheets, WEEK, shop.now, before=before)


def test_a_day_of_a_shop_is_its_scorecard(shop: Shop) -> None:
    """
    Four customers with a target of an hour, from Monday 11:00 in Kyiv on, seen as they write.

    One is answered after 20 min and asks again, which is answered after 10; one after 80 min, and
    so late; one waits for 100 min by now, and is late; one only just wrote. First contacts: 20
    and 80 min, median 50; two of four answered, 3/5 of all contacts; late 2 of 5.
    """
    for moment, messages in (
        (0, [said(0, "1", "awful, where is my order?"), commented(0, "2", ANNA)]),
        (20, [answered(20, "3", staff="Olha"), commented(20, "4", BORIS, thread_id="wall:2")]),
        (30, [said(30, "5", "please tell me when")]),
        (40, [answered(40, "6", staff="Olha")]),
        (80, [replied(80, "7", ANNA, staff="Max")]),
        (115, [commented(115, "8", VERA, thread_id="wall:3")]),
    ):
        shop.now = at(moment)
        shop.hear(*messages)
        shop.judge()
    shop.now = at(120)

    card = card_of(shop)
    got = {key: figure.value for key, figure in figures(card).items()}

    assert (got["customers"], got["messages"], got["contacts"], got["cases"]) == (4, 5, 5, 4)
    assert got["response_rate"] == pytest.approx(3 / 5)
    assert got["late"] == 2
    assert (got["late_by_team"], got["late_by_connector"]) == (2, 0)
    assert got["unanswered_in_time"] == 1
    assert got["first_response_median_wall"] == 3_000
    assert got["first_response_median_business"] == 3_000
    assert got["next_response_median_wall"] == 600
    assert got["complaint_rate"] == pytest.approx(1 / 4)
    assert got["within_30m"] == pytest.approx(1 / 3)
    assert [day.messages for day in card.days] == [5]
    assert card.week[11][0] == 4
    rows = {each.key: list(each.rows) for each in card.breakdowns}
    assert rows["stream"] == ["direct_messages", "comments"]
    assert rows["staff"] == ["Olha", "Max"]


def test_a_message_that_came_late_is_the_connectors_fault(shop: Shop) -> None:
    """Sent at 0, seen at 50, answered at 70: ten minutes late, and in time had we seen it at once."""
    shop.now = at(50)
    shop.hear(said(0, "1", "please answer"))
    shop.now = at(70)
    shop.hear(answered(70, "2"))
    shop.judge()

    got = {key: figure.value for key, figure in figures(card_of(shop)).items()}

    assert (got["late"], got["late_by_connector"], got["late_by_team"]) == (1, 1, 0)
    assert got["lag_median"] == 3_000


def test_an_empty_database_has_an_empty_scorecard(shop: Shop) -> None:
    """Nothing happened, and nothing breaks: counts are 0, and the rest is unknown."""
    got = figures(card_of(shop))

    assert got["messages"].value == 0
    assert got["response_rate"].value is None
    assert got["messages"].before == 0
