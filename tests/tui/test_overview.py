"""Promises about the overview: its plots tell the numbers, in any width and without colour."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.core.overview import Answer
from inboxd.model import Topic
from inboxd.tui.standing import overviewpage
from inboxd.tui.standing.overview import OverviewScreen
from inboxd.tui.standing.plots import HATCHED, SOLID, Part, bar, bar_with_mark, columns
from tests.tui.stage import NOW, ago, opened
from tests.tui.test_status import shown
from tests.tui.watching import painted, reads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.content import Content

    from inboxd.store.overview import Overview
    from inboxd.tui.app import InboxApp
    from inboxd.tui.session import Session
    from tests.tui.stage import Stage

    Opened = tuple[InboxApp, Stage, dict[str, int]]
NOTHING = [0] * 24


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path) as found:
        yield found


def seen(shop: Opened) -> Overview:
    session = shop[0].session
    return session.store.overview.of(session.settings.policies, NOW, session.tz)


def page(
    shop: Opened,
    section: Callable[[Overview, Session, int], Content],
    found: Overview | None = None,
) -> str:
    return section(found or seen(shop), shop[0].session, 74).plain


def test_the_headline_leaves_no_figure_half_told(shop: Opened) -> None:
    """Where it is narrow the date goes before a number does."""
    found, session = seen(shop), shop[0].session
    whole = overviewpage.headline(found, session, 100).plain
    figures = whole.partition("10:30   ")[2]
    assert whole.startswith("Overview  Wed 25 Nov, up to 10:30   ")
    assert figures.startswith("9 waiting, 1 overdue   ")
    for width in range(len(figures), 100):
        line = overviewpage.headline(found, session, width).plain
        assert line.endswith(figures)
        assert len(line) <= width


async def test_the_headline_is_not_cut_in_a_small_terminal(shop: Opened) -> None:
    """What is there to be told stands in the first line, also once the terminal is smaller."""
    app = shop[0]
    async with app.run_test(size=(100, 24)) as pilot:
        await app.push_screen(OverviewScreen())
        await reads(pilot, "up to 10:30")
        await pilot.resize_terminal(56, 24)
        await pilot.pause()
        first = painted(app).splitlines()[0].strip()
        assert first == overviewpage.headline(seen(shop), app.session, 52).plain


# Bars and columns


def test_a_bar_is_exact_to_an_eighth_of_a_cell() -> None:
    """And what is there at all is seen."""
    assert bar([Part(5, SOLID, "")], 16, 10).plain == "███▏"
    assert bar([Part(1, SOLID, "")], 1_000, 10).plain == "▏"
    assert bar([Part(0, SOLID, "")], 1_000, 10).plain == ""


def test_parts_of_a_bar_have_a_texture_each() -> None:
    """Without colour the late are told from the others; the least of them has a cell."""
    parts = [Part(6, SOLID, "$success"), Part(2, HATCHED, "$error")]
    assert bar(parts, 8, 8).plain == "██████▒▒"
    assert bar([Part(99, SOLID, ""), Part(1, HATCHED, "")], 100, 10).plain == "█████████▒"


def test_a_bar_never_leaves_its_room() -> None:
    """Whatever the numbers are."""
    for width in range(8, 60):
        for late in range(11):
            parts = [Part(10 - late, SOLID, ""), Part(late, HATCHED, "")]
            assert bar(parts, 10, width).cell_length == width


def test_the_usual_is_a_line_in_the_bar_or_beyond_it() -> None:
    """It is seen whether there is more than usual, or less."""
    assert bar_with_mark(Part(8, SOLID, ""), 4, 8, 8, "").plain == "████│███"
    assert bar_with_mark(Part(2, SOLID, ""), 6, 8, 8, "").plain == "██    │"
    assert bar_with_mark(Part(0, SOLID, ""), 8, 8, 8, "").plain == "       │"
    assert bar_with_mark(Part(2, SOLID, ""), 0, 8, 8, "").plain == "██"


def test_columns_stand_side_by_side_above_their_hours() -> None:
    """Today's are solid, yesterday's dotted; the highest reaches the top and one is seen."""
    today, yesterday = [*NOTHING], [*NOTHING]
    today[0], today[23], yesterday[0] = 8, 1, 4
    top, *_, lowest, hours = (line.plain for line in columns(today, yesterday, 4, ("", "")))
    assert (top[0], top[2:4]) == ("8", "█ ")
    assert (lowest[0], lowest[2:4], lowest[2 + 23 * 3]) == ("0", "█⡇", "▄")
    assert hours[2:].startswith("00       03 ")
    assert len(lowest) == 2 + 24 * 3


def test_blind_hours_are_crossed() -> None:
    """A plot over a time in which an account was blind says so."""
    crosses = columns(NOTHING, NOTHING, 4, ("", ""), {2})[-1].plain
    assert crosses.index("××") == 2 + 2 * 3


# What is told


def test_who_waits_is_told_by_age(shop: Opened) -> None:
    """The stage has nine who wait for an answer, and two to whom something is owed."""
    lines = page(shop, overviewpage.waiting).splitlines()
    numbers = [int(re.findall(r" (\d+)(?=  |$)", line.rstrip())[-1]) for line in lines[:5]]
    found = seen(shop).all_waiting
    assert tuple(numbers) == found.counts
    assert found.total == 9
    assert (found.late, found.owed, found.owed_late, found.asleep) == (1, 2, 1, 1)
    assert "11% overdue (▒) · 1 of them asleep · 2 more owed" in "\n".join(lines)
    assert any("▒" in line and line.endswith("  1 overdue") for line in lines)


def test_first_responses_are_held_against_their_targets(shop: Opened) -> None:
    """In words and in textures; a next response is none."""
    minutes = ((2, True), (10, True), (40, True), (90, False), (500, None))
    answers = [
        Answer("shop-vk", first=True, took=timedelta(minutes=each), in_time=how)
        for each, how in minutes
    ]
    answers.append(Answer("shop-vk", first=False, took=timedelta(days=3), in_time=False))
    text = page(shop, overviewpage.responses, replace(seen(shop), answers=answers))
    assert "median 40m   9 of 10 within 8h 20m   in time 75%" in text
    assert "up to 2h    " + HATCHED in text
    assert "1  all late" in text
    assert "over 8h     ░" in text
    assert "Targets: 1h complaints, 4h requests" in text


def test_no_answer_yet_is_no_time_of_nothing(shop: Opened) -> None:
    """At midnight there is nothing to be proud or ashamed of."""
    found = replace(seen(shop), answers=[])
    assert page(shop, overviewpage.responses, found) == "No first response yet today."


def test_topics_are_held_against_what_is_usual(shop: Opened) -> None:
    """Twice the usual is marked, unless it is next to nothing."""
    complaints = replace(
        seen(shop).complaints,
        today={Topic.REFUNDS: 9, Topic.SHIPPING: 2, Topic.OTHER: 2},
        usual={Topic.REFUNDS: 4.0, Topic.OTHER: 0.5, Topic.GIFT_CARDS: 1.5},
        days=7,
    )
    text = page(shop, overviewpage.topics, replace(seen(shop), complaints=complaints))
    first, second, third, fourth, note = text.splitlines()
    assert first.startswith("refunds ")
    assert first.endswith(" ▲ 9  usual 4.0")
    assert second.startswith("other things")
    assert "▲" not in second + third
    assert third.startswith("shipping")
    assert fourth.startswith("gift cards")
    assert fourth.endswith("│ 0  usual 1.5")
    assert "the mean of 7 days" in note


def test_each_network_is_told_and_all_together(shop: Opened) -> None:
    """The sum is that of the rows."""
    heads, *networks, whole = (
        line.split() for line in page(shop, overviewpage.places).splitlines()
    )
    assert heads == ["waiting", "overdue", "answered", "in", "time", "late", "median"]
    assert [row[0] for row in networks] == ["vk", "facebook", "twitter"]
    for column in range(1, 6):
        assert int(whole[column]) == sum(int(row[column]) for row in networks)
    assert whole[:4] == ["all", "9", "1", "2"]


def test_every_gap_that_the_plots_span_is_named(shop: Opened) -> None:
    """Once an account, however many of its sources were not read at the same time."""
    coverage = shop[1].store.coverage
    for source in ("feed", "ratings"):
        coverage.begin("shop-fb", source, ago(hours=30), "Unavailable")
        coverage.end("shop-fb", source, ago(hours=28), 3)
    coverage.begin("shop-vk", "comments", ago(minutes=21), "Unavailable")
    text = " ".join(page(shop, overviewpage.blindness).split())
    assert "shop-fb was not read Tue 24 Nov 04:30 – 06:30;" in text
    assert "shop-vk was not read since 10:09." in text
    assert "×× not all was read" in page(shop, overviewpage.hours)
    assert "3 gaps in these days" in page(shop, overviewpage.topics)


def test_without_gaps_nothing_is_said_of_them(shop: Opened) -> None:
    """A warning that is always there is none."""
    assert page(shop, overviewpage.blindness) == ""
    assert "×" not in page(shop, overviewpage.hours)


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (40, 10)])
async def test_all_plots_can_be_seen_in_any_terminal(shop: Opened, size: tuple[int, int]) -> None:
    """Where there is no room for all at once, by scrolling; nothing breaks where there is none."""
    app = shop[0]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.push_screen(OverviewScreen())
        text = await shown(pilot, app)
        assert "9 waiting, 1 overdue   2 answered" in text.splitlines()[0]
        for _ in range(8):
            await pilot.press("pagedown")
            text += await shown(pilot, app)
        for title in ("Waiting, by business time", "Complaints by hour", "Networks today"):
            assert title in text
        await pilot.press("end")
        assert re.search(r"all +9 +1 ", await shown(pilot, app))
        await pilot.press("escape")
        assert not isinstance(app.screen, OverviewScreen)


async def test_the_overview_follows_what_happens(shop: Opened) -> None:
    """A case that is closed elsewhere waits no longer here; a burst of changes counts once."""
    app, stage, cases = shop
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        app.push_screen(OverviewScreen())
        assert "9 waiting, 1 overdue" in await shown(pilot, app)
        stage.act(cases["late"], "close", "Max", NOW, "no reply needed")
        for _ in range(5):
            app.look()
        assert "9 waiting" in await shown(pilot, app)
        await reads(pilot, "8 waiting   ")
