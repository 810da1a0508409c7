"""Promises about what the report says of others: the same arithmetic, and candour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from inboxd.config import Settings
from inboxd.connector import Page, WatchSettings
from inboxd.core.hours import OpeningHours
from inboxd.core.rivals import PublicMessage
from inboxd.core.scorecard import columns
from inboxd.core.scorecard.breakdowns import measured
from inboxd.core.scorecard.columns import Sheets
from inboxd.core.scorecard.facts import Facts, Moment
from inboxd.core.scorecard.model import Period
from inboxd.core.scorecard.public import public_sheets
from inboxd.core.scorecard.selecting import Filters
from inboxd.core.states import Traits
from inboxd.errors import PermissionMissing
from inboxd.model import Direction, Kind, Stream, Topic, Urgency
from inboxd.report.rivals import KEYS, read_others, rivals
from tests.store.shop import at
from tests.store.test_rivals import DAY, HOURS, Watch, asked, database, shop, told, watching

if TYPE_CHECKING:
    from pathlib import Path

    from inboxd.core.scorecard.model import Figure, Rival
    from tests.store.shop import Shop

__all__ = ["database", "shop"]

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
PERIOD = Period(date(2026, 11, 23), date(2026, 11, 30), UTC)
OFFICE = OpeningHours("office", UTC, {day: [(9 * 3_600, 18 * 3_600)] for day in range(5)})
GOOD = '{"greeting": true, "thanks": true, "apology": true, "punctuation": true, "capitals": true}'
RUDE = (
    '{"greeting": false, "thanks": false, "apology": false, "punctuation": false, "capitals": true}'
)
QUESTION = Traits(Kind.REQUEST, (Topic.SHIPPING,), Urgency.NORMAL, "en")


def message(number: int, hours: float, thread: str = "t1", **facts: Any) -> PublicMessage:
    """Return a question, so many hours after Monday began."""
    when = MONDAY + timedelta(hours=hours)
    plain: dict[str, Any] = {
        "stream": Stream.COMMENTS, "direction": Direction.INBOUND, "sent_at": when, "seen_at": when,
        "traits": QUESTION, "author": f"{number:024x}",
    }  # fmt: skip
    return PublicMessage(number, thread, **plain | facts)


def answer(number: int, hours: float, thread: str = "t1", **facts: Any) -> PublicMessage:
    plain: dict[str, Any] = {
        "direction": Direction.OUTBOUND, "author": "", "traits": Traits(language="en"),
        "flags": "[]", "manners": GOOD,
    }  # fmt: skip
    return message(number, hours, thread, **plain | facts)


WEEK = (
    # Answered after half an hour on the wall, all of it in the open.
    message(1, 10), answer(2, 10.5),
    # Answered after 15 hours, two of them open: 17:00 to 18:00 and 9:00 to … no: 8:00 is closed.
    message(3, 17, "t2"), answer(4, 32, "t2", flags='["deflection"]', manners=RUDE),
    # Waits still.
    message(5, 40, "t3"),
    # Said thanks, which asks for nothing.
    message(6, 11, author=f"{1:024x}", traits=Traits(Kind.PRAISE, (), Urgency.LOW, "en")),
    # Of the week before, although it was answered in this one.
    message(7, -1, "t4"), answer(8, 9, "t4"),
)  # fmt: skip
NOW = MONDAY + timedelta(days=4)


def figures(hours: OpeningHours | None = None) -> dict[str, Figure]:
    sheets = public_sheets("yug", "vk", WEEK, PERIOD, NOW, quiet_after=DAY, hours=hours)
    facts = Facts.of(sheets, Moment.of(PERIOD, NOW))
    return {each.key: each for each in measured(facts, KEYS)}


def test_a_week_that_was_counted_by_hand() -> None:
    """Counts, shares and times are what a person makes of the same messages."""
    found = figures(OFFICE)

    assert found["messages"].value == 4
    assert (found["answered"].value, found["needing_answer"].value) == (2, 3)
    assert found["response_rate"].value == pytest.approx(2 / 3)
    assert found["response_rate"].low is not None
    assert found["first_response_median_wall"].value == (1_800 + 15 * 3_600) / 2
    # From 17:00 to 8:00 the next morning one hour is open.
    assert found["first_response_median_business"].value == (1_800 + 3_600) / 2
    assert found["within_1h"].value == pytest.approx(1 / 3)
    # The answer at nine of the question of the week before was written in this week.
    assert found["deflection_rate"].value == pytest.approx(1 / 3)
    # All five parts twice; then only "answers" and, as nothing is due, "feels".
    assert found["mark"].value == pytest.approx((5 + 5 + 2) / 3)


def test_without_a_calendar_business_time_is_unknown() -> None:
    """It is not 0, and says why."""
    found = figures()

    assert found["first_response_median_business"].value is None
    assert found["first_response_median_business"].why
    assert found["first_response_median_wall"].value is not None


def test_the_rows_are_what_the_columns_say() -> None:
    """Each row has its type; nothing has a target, and nobody of theirs is named."""
    sheets = public_sheets("yug", "vk", WEEK, PERIOD, NOW, quiet_after=DAY)

    assert (sheets.waits.dtype, sheets.replies.dtype) == (columns.WAITS, columns.REPLIES)
    assert set(sheets.waits["due"]) == {columns.NEVER}
    assert set(sheets.waits["staff"]) == {0}
    assert list(sheets.waits["hour"]) == [10, 11, 17, 40]
    assert all(sheets.messages["public"])


def settings(path: Path, *watches: WatchSettings) -> Settings:
    from inboxd.config.settings import GeneralSettings  # noqa: PLC0415 - only here

    return Settings(path, GeneralSettings(), None, (), {"office": OFFICE}, (), (), watch=watches)


def reported(watch: Watch, path: Path, now: datetime, **facts: Any) -> Rival:
    """Return what the report says of the first rival."""
    yug = WatchSettings(name="yug", network="vk", **facts)
    (rival,) = rivals(read_others(watch.shop.store, settings(path, yug), PERIOD), PERIOD, now)
    return rival


async def test_what_was_read_is_reported_with_what_it_is_not(shop: Shop, tmp_path: Path) -> None:
    """Figures of the public part, marked as such, and how fresh they are."""
    async with watching(shop) as watch:
        await watch.read(asked(60, "1"), told(90, "2", to="1"), minutes=120)
        rival = reported(watch, tmp_path, at(180), calendar="office")

    values = {each.key: each.value for each in rival.figures}
    assert tuple(values) == KEYS
    assert (values["messages"], values["response_rate"]) == (1, 1)
    assert values["first_response_median_wall"] == values["first_response_median_business"] == 1_800
    assert values["mark"] is not None
    assert rival.note.startswith("The public part only")
    assert rival.note.endswith("Read 1h ago.")


async def test_a_rival_that_cannot_be_read_is_unknown_with_the_reason(
    shop: Shop, tmp_path: Path
) -> None:
    """No figure of it is 0."""
    async with watching(shop) as watch:
        before = reported(watch, tmp_path, at(0))
        watch.scripts[0].pages.append(PermissionMissing("the wall is closed"))
        await watch.look(0)
        after = reported(watch, tmp_path, at(1))

    for rival, why in (
        (before, "it has not been read yet"),
        (after, "it could not be read: PermissionMissing: the wall is closed"),
    ):
        assert {(each.value, each.why) for each in rival.figures} == {(None, why)}
        assert rival.note == f"Unknown: {why}."


async def test_a_first_read_that_goes_on_is_unknown_yet(shop: Shop, tmp_path: Path) -> None:
    """Half a wall would be half of the figures."""
    async with watching(shop) as watch:
        watch.scripts[0].takes = timedelta(seconds=20)
        watch.scripts[0].pages += [Page({}, [asked(-60, str(n))]) for n in range(9)]
        await watch.look(0)
        rival = reported(watch, tmp_path, at(1))

    assert {each.value for each in rival.figures} == {None}
    assert rival.note == "Unknown: its first read has not come to its end yet."


async def test_a_rival_that_fails_now_keeps_its_figures_and_says_so(
    shop: Shop, tmp_path: Path
) -> None:
    """What was read before is still true."""
    async with watching(shop) as watch:
        await watch.read(asked(0, "1"), minutes=10)
        watch.scripts[0].pages.append(PermissionMissing("the wall is closed"))
        await watch.look(10 * HOURS)
        rival = reported(watch, tmp_path, at(10 * HOURS))

    assert rival.figures[0].value == 1
    assert "and not since: PermissionMissing: the wall is closed" in rival.note


async def test_a_period_before_the_first_read_is_unknown(shop: Shop, tmp_path: Path) -> None:
    """Somebody who is watched since yesterday was not silent last month."""
    async with watching(shop) as watch:
        await watch.read(asked(30 * 24 * HOURS, "1"), minutes=30 * 24 * HOURS + 10)
        rival = reported(watch, tmp_path, at(30 * 24 * HOURS + 20))

    assert {each.value for each in rival.figures} == {None}
    assert rival.figures[0].why.startswith("it is read since 2026-12-16")


async def test_where_nobody_is_named_and_nothing_answered_rates_are_unknown(
    shop: Shop, tmp_path: Path
) -> None:
    """Facebook may not say that an answer is one: a rate of 0 would be slander."""
    async with watching(shop) as watch:
        nameless: dict[str, Any] = {"author": None, "addressees": ()}
        await watch.read(asked(0, "1", **nameless), asked(5, "2", **nameless), minutes=10)
        rival = reported(watch, tmp_path, at(20))

    values = {each.key: each for each in rival.figures}
    assert values["messages"].value == 2
    assert values["response_rate"].value is None
    assert "does not say who writes there" in values["response_rate"].why


async def test_our_own_public_part_stands_before_those_of_a_network(
    shop: Shop, tmp_path: Path
) -> None:
    """What is compared is what can be compared: not our totals."""
    rows = public_sheets("shop-vk", "vk", WEEK, PERIOD, NOW, quiet_after=DAY)
    private = rows.waits.copy()
    private["public"] = False
    waits = np.concatenate([rows.waits, private])
    ours = Sheets(["shop-vk"], ["vk"], waits=waits, messages=rows.messages, replies=rows.replies)
    yug = WatchSettings(name="yug", network="vk")
    vostok = WatchSettings(name="vostok", network="vk")

    others = read_others(shop.store, settings(tmp_path, yug, vostok), PERIOD)

    first, *rest = rivals(others, PERIOD, NOW, ours)

    assert (first.name, first.network) == ("Ours, in public", "vk")
    assert {each.key: each.value for each in first.figures}["answered"] == 2
    assert [each.name for each in rest] == ["yug", "vostok"]
    beside = {
        filters: [each.name for each in rivals(others, PERIOD, NOW, ours, filters)]
        for filters in (
            Filters(account=("shop-vk",)), Filters(network=("twitter",)), Filters(staff=("anna",)),
            Filters(public=False), Filters(account=("shop-x",)),
        )
    }  # fmt: skip
    assert [len(names) for names in beside.values()] == [3, 0, 0, 0, 0]
