"""Promises about filters, breakdowns, problems and comparisons: a part is measured like the whole."""

from __future__ import annotations

import pytest

from inboxd.core.scorecard.columns import Sheets
from inboxd.core.scorecard.figures import scorecard
from inboxd.core.scorecard.selecting import Filters
from tests.unit.sheeted import (
    ACCOUNTS,
    Row,
    at,
    case,
    contact,
    days,
    figures,
    message,
    reply,
    sheets,
)

NOW = at("30 12:00")
WEEK = days("23", "29")
BEFORE = days("16", "22")
VK: Row = {
    "account": "shop-vk",
    "stream": "direct_messages",
    "kind": "complaint",
    "topics": ("refunds", "shipping"),
    "language": "ru",
    "urgency": "high",
    "staff": 7,
}
FACEBOOK: Row = {
    "account": "shop-fb",
    "stream": "comments",
    "public": True,
    "kind": "request",
    "topics": ("shipping",),
    "language": "uk",
    "urgency": "normal",
    "staff": 9,
}


def both() -> Sheets:
    """Two contacts on VK, both answered; three on Facebook, of which one is open."""
    return sheets(
        waits=[
            contact("23 10:00", "23 10:10", **VK),
            contact("24 10:00", "24 10:20", **VK),
            contact("23 10:00", "23 11:00", **FACEBOOK),
            contact("25 10:00", "25 12:00", **FACEBOOK),
            contact("25 10:00", **FACEBOOK | {"staff": 0}),
        ],
        cases=[case("23 10:00", "23 10:10", **VK), case("23 10:00", "23 11:00", **FACEBOOK)],
        messages=[message("23 10:00", **VK | {"staff": 0}), message("25 10:00", **FACEBOOK)],
        replies=[reply(**VK), reply((), deflection=True, **FACEBOOK)],
    )


@pytest.mark.parametrize(
    "filters",
    [
        Filters(account=("shop-vk",)),
        Filters(network=("vk",)),
        Filters(stream=("direct_messages", "mentions")),
        Filters(kind=("complaint",)),
        Filters(topic=("refunds",)),
        Filters(language=("ru",)),
        Filters(urgency=("high",)),
        Filters(public=False),
        Filters(account=("shop-vk",), kind=("complaint",), public=False),
    ],
)
def test_a_filter_leaves_the_rows_that_it_names(filters: Filters) -> None:
    """All tables alike: two contacts, one message, one reply with a mark of 5."""
    got = figures(scorecard(both(), WEEK, NOW, filters=filters))

    assert got["contacts"].value == 2
    assert got["messages"].value == 1
    assert got["mark"].value == 5
    assert got["response_rate"].value == 1


def test_filters_that_contradict_each_other_leave_nothing() -> None:
    """Not an error: no contact on VK was public."""
    got = figures(scorecard(both(), WEEK, NOW, filters=Filters(network=("vk",), public=True)))

    assert got["contacts"].value == 0
    assert got["response_rate"].value is None


def test_of_one_member_of_staff_only_what_they_did_is_known() -> None:
    """Max answered two; who of the unanswered would have been Max's, nobody can tell."""
    got = figures(scorecard(both(), WEEK, NOW, filters=Filters(staff=("Max",))))

    assert got["answered"].value == 2
    assert got["first_response_median_wall"].value == 5_400
    assert got["deflection_rate"].value == 1
    for key in ("response_rate", "unanswered", "messages", "within_30m", "spikes"):
        assert got[key].value is None, key
        assert "single members of staff" in got[key].why, key


def test_where_no_network_names_staff_a_filter_by_them_says_so() -> None:
    """Every figure is unknown then, and no nought."""
    rows = both()
    anonymous = Sheets(rows.accounts, rows.networks, {}, rows.waits, rows.cases)
    card = scorecard(anonymous, WEEK, NOW, filters=Filters(staff=("Max",)))

    assert {figure.value for figure in figures(card).values()} == {None}
    assert all("who wrote" in figure.why for figure in figures(card).values())
    assert next(each for each in card.breakdowns if each.key == "staff").note


def test_a_card_says_what_it_was_filtered_by() -> None:
    """And of which accounts it is."""
    filters = Filters(network=("vk",), public=False)
    card = scorecard(both(), WEEK, NOW, filters=filters)

    assert card.filters == {"network": ("vk",), "public": ("no",)}
    assert card.accounts == ("shop-vk", "outlet-vk")


def rows_of(card_key: str, sheet: Sheets | None = None) -> dict[str, dict[str, float | None]]:
    card = scorecard(sheet or both(), WEEK, NOW)
    breakdown = next(each for each in card.breakdowns if each.key == card_key)
    return {
        name: {figure.key: figure.value for figure in row} for name, row in breakdown.rows.items()
    }


@pytest.mark.parametrize(
    ("key", "vk", "facebook"),
    [
        ("account", "shop-vk", "shop-fb"),
        ("network", "vk", "facebook"),
        ("stream", "direct_messages", "comments"),
        ("kind", "complaint", "request"),
        ("language", "ru", "uk"),
        ("urgency", "high", "normal"),
    ],
)
def test_a_breakdown_measures_each_part(key: str, vk: str, facebook: str) -> None:
    """The same figures as of the whole, of some of the rows; parts without any are left out."""
    rows = rows_of(key)

    assert rows.keys() == {vk, facebook}
    assert rows[vk]["contacts"] == 2
    assert rows[facebook]["contacts"] == 3
    assert rows[vk]["response_rate"] == 1
    assert rows[facebook]["response_rate"] == pytest.approx(2 / 3)
    assert rows[vk]["first_response_median_wall"] == 900
    assert rows[facebook]["first_response_median_wall"] == 5_400
    assert rows[facebook]["deflection_rate"] == 1
    assert rows[vk]["messages"] == 1


def test_a_network_is_all_its_accounts() -> None:
    """Two communities on VK are one row, and so they are to a filter."""
    rows = sheets(waits=[contact("23 10:00", account=account) for account in ACCOUNTS])
    card = scorecard(rows, WEEK, NOW, filters=Filters(network=("vk",)))

    by_network = rows_of("network", rows)
    assert {name: row["contacts"] for name, row in by_network.items()} == {"vk": 2, "facebook": 1}
    assert figures(card)["contacts"].value == 2


def test_topics_overlap_and_the_most_frequent_comes_first() -> None:
    """All five are about shipping, two of them about refunds as well; the note says so."""
    rows = rows_of("topic")

    assert list(rows) == ["shipping", "refunds"]
    assert rows["shipping"]["contacts"] == 5
    assert rows["refunds"]["contacts"] == 2
    assert any("topics overlap" in text for text in scorecard(both(), WEEK, NOW).caveats)


def test_staff_are_measured_by_what_they_answered() -> None:
    """What nobody answered is in no row, and a rate of it in none either."""
    rows = rows_of("staff")

    assert rows.keys() == {"Olha", "Max"}
    assert rows["Max"]["answered"] == 2
    assert rows["Olha"]["mark"] == 5
    assert "response_rate" not in rows["Max"]


def test_what_the_network_does_not_say_comes_last() -> None:
    """As a row of its own: unjudged kinds, unknown languages, unnamed staff."""
    rows = [contact("23 10:00", "23 10:10")] * 3 + [contact("23 10:00", "23 10:10", **VK)]

    for key in ("kind", "language", "urgency", "staff"):
        assert list(rows_of(key, sheets(waits=rows)))[-1] == "unknown", key


def test_hours_of_the_week_are_those_of_the_wall() -> None:
    """Monday at ten: of two contacts with a target one was in time; Sunday's last hour had one."""
    rows = sheets(
        waits=[
            contact("23 10:59", "23 11:10", due="23 11:30"),
            contact("23 10:00", "23 11:10", due="23 10:30"),
            contact("29 23:59"),
        ]
    )
    card = scorecard(rows, WEEK, NOW)

    assert card.week[10] == (2, 0.5)
    assert card.week[167] == (1, None)
    assert sum(contacts for contacts, _ in card.week) == 3
    assert rows_of("hour", rows).keys() == {"Monday 10:00", "Sunday 23:00"}


def topical(topic: str, count: int, minutes: int, **more: object) -> list[Row]:
    return [
        contact(
            "23 10:00", f"23 1{minutes // 60}:{minutes % 60:02}", topics=(topic,),
            business=60.0 * minutes, **more,
        )
        for _ in range(count)
    ]  # fmt: skip


def test_problems_are_frequent_slow_and_come_back() -> None:
    """
    Ten contacts: 4 of 10 min, 4 of 30 and 2 of 60, so that the median of all is 30 min.

    Shipping: 4/10 x 10/30 = 0.133. Refunds, half reopened: 4/10 x 30/30 x 1.5 = 0.6. Returns:
    2/10 x 60/30 = 0.4.
    """
    waits = topical("shipping", 4, 10) + topical("refunds", 4, 30) + topical("returns", 2, 60)
    cases = [
        case("23 10:00", "23 10:30", topics=("refunds",), reopened=True),
        case("23 10:00", "23 10:30", topics=("refunds",)),
        case("23 10:00", "23 10:30", topics=("shipping",)),
    ]
    card = scorecard(sheets(waits=waits, cases=cases), WEEK, NOW)

    assert [problem.topic for problem in card.problems] == ["refunds", "returns", "shipping"]
    weights = [problem.weight for problem in card.problems]
    assert weights == pytest.approx([0.6, 0.4, 0.4 / 3])


def test_what_nobody_answers_is_slow() -> None:
    """Two open ones are as old as they are: 50 h; a quick topic of as many contacts comes behind."""
    waits = [
        *topical("shipping", 3, 30),
        contact("28 10:00", topics=("refunds",)),
        contact("28 10:00", topics=("refunds",)),
        contact("23 10:00", "23 10:30", topics=("refunds",), business=1_800.0),
    ]
    first, second = scorecard(sheets(waits=waits), WEEK, NOW).problems

    assert (first.topic, second.topic) == ("refunds", "shipping")
    assert first.unanswered.value == 2
    assert first.weight == pytest.approx(3 / 6 * 50 * 60 / 30)


def test_other_is_a_problem_only_where_there_is_no_other() -> None:
    """It says nothing that a shop could mend."""
    other = topical("other", 5, 50)
    mixed = scorecard(sheets(waits=[*other, *topical("staff", 1, 1)]), WEEK, NOW)

    assert [problem.topic for problem in mixed.problems] == ["staff"]
    assert [each.topic for each in scorecard(sheets(waits=other), WEEK, NOW).problems] == ["other"]


def test_one_forgotten_customer_puts_no_topic_before_frequent_ones() -> None:
    """A week for one gift card outweighs everything, but five refunds come first."""
    waits = [contact("23 10:00", topics=("gift_cards",)), *topical("refunds", 5, 30)]
    found = scorecard(sheets(waits=waits), WEEK, NOW).problems

    assert [problem.topic for problem in found] == ["refunds", "gift_cards"]
    assert found[0].weight < found[1].weight


def test_a_problem_without_business_time_is_timed_on_the_wall() -> None:
    """Where no calendar measures, the clock does, and the figure says which it is."""
    waits = [contact("23 10:00", "23 10:30", topics=("refunds",))]
    (problem,) = scorecard(sheets(waits=waits), WEEK, NOW).problems

    assert problem.first_response.key == "first_response_median_wall"
    assert problem.first_response.value == 1_800


def test_a_comparison_stands_beside_each_figure() -> None:
    """In sections, breakdowns and problems, with the rank that a problem had."""
    earlier = sheets(
        waits=[
            contact("16 10:00", "16 10:40", **FACEBOOK),
            contact("16 10:00", "16 10:40", **FACEBOOK | {"topics": ("staff",)}),
            contact("16 10:00", "16 10:40", **FACEBOOK | {"topics": ("staff",)}),
        ]
    )
    card = scorecard(both(), WEEK, NOW, before=earlier)
    rows = {name: {each.key: each for each in row} for name, row in card.breakdowns[0].rows.items()}

    assert card.compared == BEFORE
    assert figures(card)["contacts"].before == 3
    assert rows["shop-fb"]["first_response_median_wall"].before == 2_400
    assert rows["shop-vk"]["contacts"].before is None
    by_topic = {problem.topic: problem for problem in card.problems}
    assert by_topic["shipping"].before == 2
    assert by_topic["refunds"].before is None
    assert by_topic["shipping"].contacts.before == 1


def test_studies_stand_beside_the_figures_that_they_measured() -> None:
    """With who found it, of what and when; what is custom and no study has no year."""
    got = figures(scorecard(both(), WEEK, NOW))
    sources = {each.source: each for figure in got.values() for each in figure.benchmarks}

    assert {each.value for each in got["response_rate"].benchmarks} == {0.54, 0.5, 0.2, 0.12}
    assert sources["STELLAService"].year == 2012
    assert [name for name, each in sources.items() if not each.year] == ["call centres"]
    assert all(each.text and each.caveat for each in sources.values())
