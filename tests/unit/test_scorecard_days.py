"""Promises about days, gaps and what stands at the top: clocks that change, and what is not known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from inboxd.core.scorecard.figures import scorecard
from inboxd.core.scorecard.model import Gap, Period
from inboxd.core.scorecard.selecting import Filters
from inboxd.core.spikes import Spike
from inboxd.model import Topic
from tests.unit.sheeted import at, contact, days, figures, message, reply, sheets

NOW = at("30 12:00")
WEEK = days("23", "29")


@pytest.mark.parametrize(
    ("asked", "answered", "in_time"),
    [
        # Clocks go back at 4:00 on 2026-10-25: that day has 25 hours.
        ("2026-10-24 00:00", "2026-10-25 23:59", True),
        ("2026-10-24 00:00", "2026-10-26 00:00", False),
        ("2026-10-25 00:00", "2026-10-26 23:59", True),
        ("2026-10-25 23:59", "2026-10-27 00:00", False),
        # They go forward at 3:00 on 2026-03-29: that day has 23.
        ("2026-03-28 00:00", "2026-03-29 23:59", True),
        ("2026-03-28 00:00", "2026-03-30 00:00", False),
        ("2026-03-29 23:59", "2026-03-30 23:59", True),
        ("2026-03-29 23:59", "2026-03-31 00:00", False),
    ],
)
def test_the_next_day_ends_at_midnight_on_the_wall(
    asked: str,
    answered: str,
    in_time: bool,  # noqa: FBT001 - one of the cases
) -> None:
    """However long the days are; the first, the last and the only day of a period alike."""
    day = date.fromisoformat(asked[:10])
    period = Period(day, day + timedelta(days=1), days("23", "23").timezone)
    card = scorecard(sheets(waits=[contact(asked, answered)]), period, NOW)

    assert figures(card)["within_next_day"].value == in_time


def test_only_the_next_day_is_neither_the_same_nor_a_later_one() -> None:
    """Answered within the day, on the next, on the one after: a third."""
    rows = [
        contact("23 23:00", "23 23:59"),
        contact("23 23:00", "24 00:00"),
        contact("23 23:00", "25 00:00"),
    ]
    got = figures(scorecard(sheets(waits=rows), WEEK, NOW))

    assert got["only_next_day"].value == pytest.approx(1 / 3)
    assert got["within_next_day"].value == pytest.approx(2 / 3)


def test_each_day_has_what_began_on_it() -> None:
    """Two days: three messages, one of them a complaint, one of two answered; then nothing."""
    card = scorecard(
        sheets(
            waits=[contact("23 00:00", "24 10:00", business=60.0), contact("23 23:59")],
            messages=[message("23 00:00", kind="complaint"), message("23 23:59", count=2)],
        ),
        days("23", "24"),
        NOW,
    )

    first, second = card.days
    assert (first.begins, first.messages, first.complaints) == (date(2026, 11, 23), 3, 1)
    assert (first.answered, first.first_response) == (0.5, 60)
    assert (second.messages, second.answered, second.first_response) == (0, None, None)


def test_days_that_have_not_come_are_not_drawn() -> None:
    """On the last of November a December has no days yet, and this month all thirty."""
    months = [
        Period(date(2026, month, 1), date(2026, month + 1, 1), WEEK.timezone) for month in (10, 11)
    ]

    assert [len(scorecard(sheets(), month, NOW).days) for month in months] == [31, 30]
    assert len(scorecard(sheets(), days("29", "30"), at("29 10:00")).days) == 1
    assert scorecard(sheets(), days("29", "30"), at("28 10:00")).days == ()


def test_a_long_period_is_drawn_by_weeks_from_mondays_on() -> None:
    """A year: the rest of its first week, and then 52 Mondays; nothing is lost between them."""
    year = Period(date(2025, 12, 1) - timedelta(days=3), date(2026, 11, 28), WEEK.timezone)
    rows = [message("2025-11-30 23:59"), message("2025-12-01 00:00"), message("27 23:59")]
    card = scorecard(sheets(messages=rows), year, NOW)

    assert card.days[0].begins == date(2025, 11, 28)
    assert all(day.begins.weekday() == 0 for day in card.days[1:])
    assert [day.messages for day in card.days[:2]] == [1, 1]
    assert sum(day.messages for day in card.days) == 3


def gap(began: str, ended: str | None, **more: object) -> Gap:
    values = {"account": "shop-vk", "source": "wall", "reason": "Unavailable", "mended": False}
    return Gap(began_at=at(began), ended_at=at(ended) if ended else None, **values | more)  # type: ignore[arg-type]


def test_gaps_that_touch_the_period_stand_at_the_top() -> None:
    """Oldest first; a day is drawn as blind only where nothing came later."""
    before = gap("20 10:00", "22 23:59")
    into = gap("22 10:00", "23 00:01")
    lasting = gap("29 20:00", None)
    mended = gap("24 10:00", "24 12:00", mended=True)
    later = gap("30 00:00", "30 01:00")
    card = scorecard(sheets(), WEEK, NOW, gaps=[lasting, before, into, mended, later])

    assert card.gaps == (into, mended, lasting)
    assert [day.blind for day in card.days] == [True, *[False] * 5, True]


def test_a_gap_of_an_account_that_delivered_nothing_is_not_forgotten() -> None:
    """It was blind all the time, so no row names it; one that was not asked for is left out."""
    gaps = [gap("23 00:00", None, account="shop-x"), gap("23 00:00", None)]
    rows = sheets(waits=[contact("23 10:00")])

    assert len(scorecard(rows, WEEK, NOW, gaps=gaps).gaps) == 2
    only = scorecard(rows, WEEK, NOW, gaps=gaps, filters=Filters(account=("shop-x",)))
    assert [each.account for each in only.gaps] == ["shop-x"]


def test_a_period_before_the_first_read_is_unknown_and_no_calm() -> None:
    """Not a figure is 0, and nothing is drawn; with history in it, what there is is shown."""
    begun = {"shop-vk": at("30 10:00")}
    empty = scorecard(sheets(), WEEK, NOW, begun=begun)
    history = scorecard(sheets(messages=[message("23 10:00")]), WEEK, NOW, begun=begun)

    assert {figure.value for figure in figures(empty).values()} == {None}
    assert all("watched since" in figure.why for figure in figures(empty).values())
    assert empty.days == ()
    assert figures(history)["messages"].value == 1
    for card in (empty, history):
        assert "shop-vk is watched since 30 November 2026" in " ".join(card.caveats)


def test_accounts_that_are_watched_since_one_day_are_told_together() -> None:
    """Most shops begin with all of theirs at once: that is one thing to know."""
    begun = {"shop-vk": at("24 10:00"), "shop-fb": at("25 10:00"), "outlet-vk": at("24 12:00")}

    first, second = scorecard(sheets(), WEEK, NOW, begun=begun).caveats

    assert first.startswith("shop-vk, outlet-vk are watched since 24 November 2026: ")
    assert second.startswith("shop-fb is watched since 25 November 2026: ")


def test_a_period_in_which_nothing_was_read_is_unknown_and_no_calm() -> None:
    """Each account blind all the time, or never read; while one was read, calm is known."""
    begun = {"shop-vk": at("01 10:00"), "shop-fb": at("30 10:00")}
    blind = gap("20 10:00", None)
    dark = scorecard(sheets(), WEEK, NOW, begun=begun, gaps=[blind])
    shorter = scorecard(sheets(), WEEK, NOW, begun=begun, gaps=[gap("23 00:01", None)])
    beside = begun | {"outlet-vk": at("01 10:00")}

    assert {figure.value for figure in figures(dark).values()} == {None}
    assert all(figure.why == "nothing was read in this period" for figure in figures(dark).values())
    assert figures(shorter)["messages"].value == 0
    assert (
        figures(scorecard(sheets(), WEEK, NOW, begun=beside, gaps=[blind]))["messages"].value == 0
    )
    some = scorecard(sheets(waits=[contact("23 10:00")]), WEEK, NOW, begun=begun, gaps=[blind])
    assert figures(some)["unanswered"].value == 1


def test_an_account_that_was_never_read_is_named() -> None:
    """Else it would seem that nobody writes there; one that was given up since is not."""
    rows = sheets(messages=[message("23 10:00", account="outlet-vk")])
    card = scorecard(rows, WEEK, NOW, begun={"shop-vk": at("01 10:00")})
    never = scorecard(sheets(), WEEK, NOW, begun={})

    said = [text for text in card.caveats if "never been read" in text]
    assert said == ["shop-fb has never been read: nothing is known of it."]
    assert {figure.value for figure in figures(never).values()} == {None}


@pytest.mark.parametrize(
    ("now", "rows", "caveat"),
    [
        ("29 12:00", {}, "Today is not over"),
        ("26 12:00", {}, "not over: it goes to 29 November 2026"),
        ("30 12:00", {"waits": [contact("23 10:00")]}, "Only 1 contact:"),
        ("30 12:00", {"messages": [message("23 10:00", author=-1, count=7)]}, "Of 7 messages"),
        ("30 12:00", {"replies": [reply((), judged=False, mark=255)]}, "1 answer was not judged"),
        (
            "30 12:00",
            {"waits": [contact("23 10:00", topics=("refunds", "staff"))]},
            "topics overlap",
        ),
    ],
)
def test_what_the_figures_do_not_know_stands_at_the_top(
    now: str, rows: dict[str, list[dict[str, object]]], caveat: str
) -> None:
    """A sentence each, and none where all is known."""
    said = " ".join(scorecard(sheets(**rows), WEEK, at(now)).caveats)

    assert caveat in said
    assert caveat not in " ".join(scorecard(sheets(), WEEK, NOW).caveats)


def test_what_is_not_known_of_the_period_before_is_said() -> None:
    """Else every figure would seem to have grown."""
    begun = {"shop-vk": at("20 10:00"), "outlet-vk": at("01 10:00"), "shop-fb": at("01 10:00")}
    alone = scorecard(sheets(), WEEK, NOW, begun=begun, gaps=[gap("17 10:00", "17 12:00")])
    beside = scorecard(
        sheets(), WEEK, NOW, begun=begun, gaps=[gap("17 10:00", "17 12:00")], before=sheets()
    )

    assert alone.caveats == ()
    assert len(beside.caveats) == 2
    assert "on which shop-vk was not watched" in beside.caveats[0]
    assert "gaps, too" in beside.caveats[1]


def spike(began: str, topic: Topic = Topic.SHIPPING) -> Spike:
    return Spike(1, topic, "spike:1", at(began), at(began), timedelta(hours=1), 2.0)


def test_spikes_are_those_that_were_noticed_in_the_period() -> None:
    """Of its topics, if it is about some; nothing where nobody looks, or of one account."""
    seen = [
        spike("22 23:59"),
        spike("23 00:00"),
        spike("25 10:00", Topic.REFUNDS),
        spike("30 00:00"),
    ]

    def count(**more: object) -> float | None:
        card = scorecard(sheets(), WEEK, NOW, **more)  # type: ignore[arg-type]
        return figures(card)["spikes"].value

    assert count(spikes=seen) == 2
    assert count(spikes=seen, filters=Filters(topic=("refunds",))) == 1
    assert count(spikes=[]) == 0
    assert count(spikes=None) is None
    assert count(spikes=seen, filters=Filters(account=("shop-vk",))) is None


def test_days_are_those_of_the_shop() -> None:
    """What was asked at eleven in the evening in London was asked on the next day in Kyiv."""
    sent = datetime(2026, 11, 23, 23, tzinfo=UTC).astimezone(ZoneInfo("Europe/Kyiv"))
    card = scorecard(sheets(waits=[contact(f"{sent:%Y-%m-%d %H:%M}", "24 02:00")]), WEEK, NOW)

    assert [day.answered for day in card.days[:2]] == [None, 1]
