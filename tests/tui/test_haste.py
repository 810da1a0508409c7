"""People who are quicker than the machine: nothing is lost, overtaken, done twice or broken."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from textual import events
from textual.keys import _character_to_key

from inboxd.tui.dialogs.note import NoteDialog
from inboxd.tui.dialogs.silence import SilenceDialog
from inboxd.tui.host import Aged, Changed
from inboxd.tui.inbox.screen import InboxScreen
from inboxd.tui.reply.editor import Editor
from inboxd.tui.reply.screen import ReplyScreen
from inboxd.tui.reply.sending import LastLook
from tests.tui.stage import NOW, opened
from tests.tui.watching import painted, reads, settled, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.app import App
    from textual.pilot import Pilot

    from inboxd.tui.app import InboxApp
    from tests.tui.stage import Stage

    Opened = tuple[InboxApp, Stage, dict[str, int]]

TEXT = "The parcel left today and is with you by Friday"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path) as all_:
        yield all_


def at_once(app: App[Any], *keys: str) -> None:
    """Hand over keys as a terminal does that was held up: all in one piece."""
    for key in keys:
        named = _character_to_key(key) if len(key) == 1 else key
        app.post_message(events.Key(named, key if len(key) == 1 else None))


async def come_to(pilot: Pilot[None], screen: type[Any]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, screen), f"no {screen.__name__}")


async def test_what_is_sent_has_all_that_was_typed_before(shop: Opened) -> None:
    """Ctrl+S right behind the last letter shows the whole text, and that is what Enter sends."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(ReplyScreen(cases["late"]))
        await reads(pilot, "Your reply")
        at_once(app, *TEXT, "ctrl+s")
        await come_to(pilot, LastLook)
        await reads(pilot, TEXT)
        await pilot.press("enter")
        await come_to(pilot, InboxScreen)
        rows = stage.store.database.execute(
            "SELECT json_extract(reply, '$.text') FROM outbox WHERE reply IS NOT NULL"
        ).fetchall()
        assert rows == [(TEXT,)]


async def test_what_is_typed_before_the_draft_is_there_stands_behind_it(shop: Opened) -> None:
    """The letters of who does not wait for the editor to be filled are kept."""
    app, stage, cases = shop
    stage.store.drafts.save(cases["late"], "Olena", "Hello! ", NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        at_once(app, "r")
        await come_to(pilot, ReplyScreen)
        at_once(app, *TEXT)
        await until(pilot, lambda: app.screen.query_one(Editor).text == f"Hello! {TEXT}")


async def test_a_note_has_all_that_was_typed_before_it_was_kept(shop: Opened) -> None:
    """Ctrl+S twice keeps one note, whole."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("n")
        assert isinstance(app.screen, NoteDialog)
        at_once(app, *TEXT, "ctrl+s", "ctrl+s")
        await come_to(pilot, InboxScreen)
        await settled(pilot)
        notes = "SELECT case_id, detail FROM actions WHERE action = 'note'"
        assert stage.store.database.execute(notes).fetchall() == [(cases["late"], TEXT)]


async def test_a_silence_has_the_whole_reason(shop: Opened) -> None:
    """Enter is not quicker than the letters before it."""
    app, stage, _ = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("s", "tab", "tab")
        assert isinstance(app.screen, SilenceDialog)
        at_once(app, *TEXT, "enter")
        await come_to(pilot, InboxScreen)
        await settled(pilot)
        (silence,) = stage.store.silences.active(NOW)
        assert silence.reason == TEXT


async def test_a_correction_has_the_whole_language(shop: Opened) -> None:
    """And the dialog answers once, whoever presses Enter twice."""
    app, stage, _ = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("t", "tab", "tab")
        at_once(app, "delete", "delete", "backspace", "backspace", "u", "k", "enter", "enter")
        await come_to(pilot, InboxScreen)
        await settled(pilot)
        (correction,) = stage.store.corrections.all()
        assert correction.person.language == "uk"


async def test_a_search_finds_what_was_typed_to_its_end(shop: Opened) -> None:
    """Enter right behind the words leads to the list of what they find."""
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        at_once(app, "/")
        await settled(pilot)
        at_once(app, *"topic:refunds lang:de", "enter")
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, InboxScreen)
        assert [row.case_id for row in screen.cases.listing.page(0, 9)] == [cases["soon"]]
        assert app.focused is screen.cases
        assert "1 found" in painted(app)


@pytest.mark.parametrize("key", ["A", "c", "z"])
async def test_a_key_that_is_pressed_twice_answers_once(shop: Opened, key: str) -> None:
    """A second Enter on a slow line does nothing a second time, and leaves no empty screen."""
    app, stage, _ = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(key)
        deeds = stage.value("SELECT count(*) FROM actions")
        at_once(app, "enter", "enter", "enter")
        await come_to(pilot, InboxScreen)
        await settled(pilot)
        assert isinstance(app.screen, InboxScreen)
        assert stage.value("SELECT count(*) FROM actions") == deeds + 1


@contextmanager
def slow_store(app: InboxApp) -> Iterator[Event]:
    """Let whatever is asked of the session's thread wait until the event is set."""
    go_on = Event()
    waiting = asyncio.ensure_future(app.session.run(lambda _: go_on.wait(2)))
    yield go_on
    assert waiting.done()


@pytest.mark.parametrize("key", ["r", "enter", "i", "v", "s"])
async def test_whoever_leaves_before_all_is_read_leaves_without_an_error(
    shop: Opened, key: str
) -> None:
    """What comes when the parts of a screen are being taken away is shown nowhere."""
    app, stage, _ = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press_and_settle(pilot, key)
        with slow_store(app) as go_on:
            app.screen.post_message(Changed())
            app.screen.post_message(Aged())
            await pilot.press(*"xyw")
            left = app.screen
            at_once(app, "escape")
            await until(pilot, lambda: app.screen is not left)
            await pilot.pause(0.1)
            go_on.set()
            await until(pilot, lambda: left not in app._registry)
            await settled(pilot)
        assert isinstance(app.screen, InboxScreen)
    assert app._exception is None
    if key == "r":
        assert stage.store.drafts.of(1, "Olena") == "xyw"


async def press_and_settle(pilot: Pilot[None], key: str) -> None:
    """Open something by a key, and wait until all of it is there."""
    await pilot.press(key)
    await settled(pilot)


async def test_whoever_quits_before_all_is_read_quits_without_an_error(shop: Opened) -> None:
    """The program does not end in an error because a list was being looked for."""
    app, _, _ = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        with slow_store(app) as go_on:
            app.screen.post_message(Changed())
            await pilot.pause()
            at_once(app, "q")
            await asyncio.sleep(0)
            go_on.set()
            await until_quiet(app)
    assert app._exception is None


async def until_quiet(app: InboxApp) -> None:
    """Wait until the session's thread has done all that it was asked for."""
    await app.session.run(lambda _: None)
