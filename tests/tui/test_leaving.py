"""Promises about leaving: nothing that was written or begun is lost by it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from textual import events
from textual.app import ScreenStackError

from inboxd.tui.inbox.screen import InboxScreen
from inboxd.tui.reply.editor import Editor
from inboxd.tui.reply.screen import ReplyScreen
from tests.tui.stage import Stage, opened
from tests.tui.watching import painted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from inboxd.tui.app import InboxApp

    Opened = tuple[InboxApp, Stage, dict[str, int]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path) as shop:
        yield shop


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Wait until something holds that a thread brings about."""
    for _ in range(200):
        await pilot.pause(0.02)
        if holds():
            return
    raise AssertionError(holds)


def told(app: InboxApp) -> str:
    """Return what is shown in the corner."""
    return "\n".join(each.message for each in app._notifications)


def impatient(app: InboxApp) -> None:
    """Let what cannot be written fail soon."""
    app.session.work.store.database.execute("PRAGMA busy_timeout = 400")


async def test_what_is_typed_before_the_draft_is_read_stands_behind_it(shop: Opened) -> None:
    """Who types while the database is slow loses no letter."""
    app, stage, cases = shop
    stage.store.drafts.save(cases["late"], "Olena", "Begun. ", app.session.now)
    async with app.run_test() as pilot:
        free = threading.Event()
        slow = asyncio.create_task(app.session.run(lambda _: free.wait(1)))
        app.push_screen(screen := ReplyScreen(cases["late"]))
        await until(pilot, lambda: screen.query(Editor))
        editor = screen.query_one(Editor)
        editor.put("Went on")
        free.set()
        await slow
        await until(pilot, lambda: screen._situation)
        await pilot.pause(0.2)
        assert editor.text == "Begun. Went on"


@pytest.mark.parametrize("key", ["escape", "ctrl+q"])
async def test_who_leaves_is_told_that_the_draft_is_not_kept(shop: Opened, key: str) -> None:
    """Words that could not be saved are not thrown away unasked; who insists goes."""
    app, stage, cases = shop
    async with app.run_test() as pilot:
        app.push_screen(screen := ReplyScreen(cases["late"]))
        await until(pilot, lambda: screen._situation)
        impatient(app)
        stage.store.database.execute("BEGIN IMMEDIATE")
        screen.query_one(Editor).put("A long story")
        await pilot.pause()
        await pilot.press(key)
        await until(pilot, lambda: "The same key again" in painted(app))
        assert app.screen is screen
        await pilot.press(key)
        await until(pilot, lambda: app.screen is not screen or not app.is_running)
        stage.store.database.execute("ROLLBACK")


async def test_a_draft_in_a_file_that_was_replaced_is_not_said_to_be_saved(shop: Opened) -> None:
    """What would be written where nobody finds it again counts as not kept."""
    app, stage, cases = shop
    path = stage.settings.general.database
    async with app.run_test() as pilot:
        app.push_screen(screen := ReplyScreen(cases["late"]))
        await until(pilot, lambda: screen._situation)
        path.rename(path.with_name("moved.db"))
        screen.query_one(Editor).put("A long story")
        await pilot.pause()
        await pilot.press("escape")
        await until(pilot, lambda: "The same key again" in painted(app))
        assert app.screen is screen


async def test_q_waits_for_what_was_begun(shop: Opened) -> None:
    """All marked cases are acknowledged, however soon somebody leaves after the key."""
    app, stage, cases = shop
    async with app.run_test() as pilot:
        await pilot.pause()
        assert isinstance(app.screen, InboxScreen)
        app.screen.cases._mark({cases["late"], cases["soon"], cases["ask"]})
        app.screen._rest()
        stage.store.database.execute("BEGIN IMMEDIATE")
        await pilot.press("a", "q")
        await pilot.pause(0.2)
        assert app.is_running
        assert "Acknowledging 3 cases" in painted(app)
        stage.store.database.execute("ROLLBACK")
        await until(pilot, lambda: not app.is_running)
    taken = "SELECT count(*) FROM cases WHERE acknowledged_by = 'Olena'"
    stage.pipeline.track_pending(app.session.now)
    assert stage.value(taken) == 3


async def test_q_stays_where_something_is_to_be_read(shop: Opened) -> None:
    """What could not be done is told to who wanted to leave."""
    app, stage, _ = shop
    async with app.run_test() as pilot:
        await pilot.pause()
        impatient(app)
        stage.store.database.execute("BEGIN IMMEDIATE")
        await pilot.press("a", "q")
        await until(pilot, lambda: "not acknowledged" in told(app))
        await pilot.pause(0.2)
        assert app.is_running
        stage.store.database.execute("ROLLBACK")
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


async def test_what_comes_when_no_screen_is_left_breaks_nothing(shop: Opened) -> None:
    """It comes of the end; while the program runs it would be a bug, and is told as one."""
    app, _, _ = shop
    async with app.run_test() as pilot:
        await pilot.pause()
        assert not app.endures(ScreenStackError())
    assert app.endures(ScreenStackError())


KEYS = {
    "twice": ("escape", "escape"),
    "answered": ("enter", "escape"),
    "clicked": ("enter", "enter"),
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize(
    "opens", ["enter", "c", "A", "z", "n", "t", "s", "r", "i", "v", "question_mark"]
)
async def test_a_screen_is_left_once(shop: Opened, opens: str, keys: tuple[str, ...]) -> None:
    """Keys that come faster than a screen goes never close the one beneath it."""
    app, _, _ = shop
    async with app.run_test() as pilot:
        await pilot.pause()
        beneath = app.screen
        await pilot.press(opens)
        await until(pilot, lambda: app.screen is not beneath and app.screen.is_mounted)
        for key in keys * 2:
            app.post_message(events.Key(key, None))
        await pilot.pause(0.3)
        assert beneath in app.screen_stack
