"""Promises about the notices that tell what came of what somebody did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import FastClock
from inboxd.tui.notices import LastLine
from inboxd.tui.reply.desk import undo_time
from inboxd.tui.reply.sending import Countdown
from tests.tui.stage import NOW, opened
from tests.tui.watching import painted, reads, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.app import App

    from inboxd.tui.app import InboxApp

SIZES = [(60, 20), (80, 24), (120, 30)]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[InboxApp]:
    with opened(tmp_path) as (app, _, _):
        yield app


def lines(app: App[None]) -> list[str]:
    return painted(app).splitlines()


def countdown(app: InboxApp) -> Countdown:
    clock = app.session.clock
    return Countdown("Florian", NOW + timedelta(seconds=5), clock, lambda: "pending", "")


@pytest.mark.parametrize("size", SIZES)
async def test_a_notice_is_the_whole_last_line_and_nothing_else(
    app: InboxApp, size: tuple[int, int]
) -> None:
    """Nothing of what lies beneath is left beside the words, and no other line is covered."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await reads(pilot, "Ольга")
        before = lines(app)
        app.notify("Case 16 snoozed · u takes it back")
        await reads(pilot, "u takes it back")
        assert lines(app) == [*before[:-1], " Case 16 snoozed · u takes it back"]


@pytest.mark.parametrize("size", SIZES)
async def test_a_reply_that_leaves_is_counted_down_in_the_whole_last_line(
    app: InboxApp, size: tuple[int, int]
) -> None:
    """What is left of a line beneath would be taken for a part of the countdown."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await reads(pilot, "Ольга")
        before = lines(app)
        await app.screen.mount(countdown(app))
        await pilot.pause()
        told = " The reply to Florian leaves in 5 s · u takes it back"
        assert lines(app) == [*before[:-1], told]


async def test_a_notice_leaves_the_countdown_to_be_read(app: InboxApp) -> None:
    """Who goes on working while a reply can be taken back sees both; then one line is enough."""
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        counting = countdown(app)
        await app.screen.mount(counting)
        app.notify("Case 16 snoozed")
        await reads(pilot, "snoozed")
        assert [line.strip()[:16] for line in lines(app)[-2:]] == [
            "Case 16 snoozed",
            "The reply to Flo",
        ]
        await counting.remove()
        await until(pilot, lambda: lines(app)[-1] == " Case 16 snoozed")


async def test_the_last_reply_is_the_one_that_is_counted_down(app: InboxApp) -> None:
    """Of two that were sent at once u takes back the later one."""
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await app.screen.mount(countdown(app))
        later = countdown(app)
        await app.screen.mount(later)
        await until(pilot, lambda: list(app.screen.query(LastLine)) == [later])
        assert app.screen.has_class("counting")


async def test_no_dialog_s_footer_is_covered(app: InboxApp) -> None:
    """What is told while somebody is asked leaves the question whole, also in a small terminal."""
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await reads(pilot, "Ольга")
        await pilot.press("t")
        await reads(pilot, "Esc cancel")
        before = lines(app)
        app.notify("Case 16 snoozed")
        await reads(pilot, "Case 16 snoozed")
        assert lines(app)[:-1] == before[:-1]
        assert "Esc cancel" not in before[-1]


@pytest.mark.parametrize("speed", [1, 56.5, 750])
def test_a_reply_can_be_taken_back_for_five_seconds_of_the_room(speed: float) -> None:
    """However fast a demo's day passes, whoever sits there has the same time to think again."""
    clock = FastClock(datetime(2026, 9, 16, 8, 50, tzinfo=UTC), speed)
    assert round(clock.real(undo_time(clock)).total_seconds(), 3) == 5
