"""Promises about a database that fails while it is looked at."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from inboxd.tui.host import Changed
from inboxd.tui.inbox.screen import InboxScreen
from tests.tui.stage import Stage, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from inboxd.tui.app import InboxApp

PAGE = 4096


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be tried again at once."""
    monkeypatch.setattr("inboxd.tui.host._TRY_AGAIN_SECONDS", 0.05)


@contextmanager
def damaged(app: InboxApp, path: Path) -> Iterator[None]:
    """Make every page but the first unreadable for a while, as a failing disk does."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(b"\xff" * (len(whole) - PAGE))
    app.session.store.database.execute("PRAGMA shrink_memory")
    yield
    with path.open("r+b") as file:
        file.write(whole)
    app.session.store.database.execute("PRAGMA shrink_memory")


def told(app: InboxApp) -> list[str]:
    """Return what is shown in the corner."""
    return [each.message for each in app._notifications]


async def until(pilot: Pilot[None], wanted: str, app: InboxApp) -> None:
    """Wait until *wanted* is told."""
    for _ in range(100):
        await pilot.pause(0.02)
        if any(wanted in each for each in told(app)):
            return
    raise AssertionError(told(app))


async def test_a_disk_that_fails_for_a_moment_ends_nothing(tmp_path: Path) -> None:
    """It is told what is the matter; keys go on, and all is shown again once it can be read."""
    with opened(tmp_path) as (app, stage, cases):
        async with app.run_test() as pilot:
            await pilot.pause()
            screen = app.screen
            assert isinstance(screen, InboxScreen)
            shown = len(screen.cases.listing)
            with damaged(app, stage.settings.general.database):
                screen.post_message(Changed())
                await until(pilot, "it is damaged", app)
                await pilot.press("j", "0", "enter", "escape", "a", "space", "slash", "x", "escape")
                await pilot.press("c", "escape", "A", "escape", "t", "escape", "v", "escape")
            app.clear_notifications()
            while len(app.screen_stack) > 2:
                await pilot.press("escape")
            await pilot.press("1", "0", "1")
            await pilot.pause(0.3)
            assert len(screen.cases.listing) == shown
            assert screen.cases.row is not None
            await pilot.press("enter")
            assert app.screen is not screen
            assert told(app) == []
    assert cases


@pytest.mark.parametrize("where", ["enter", "r", "v", "i"])
async def test_a_file_that_was_replaced_is_told_on_every_screen(tmp_path: Path, where: str) -> None:
    """Nobody goes on for hours with cases that are no more where others see them."""
    with opened(tmp_path) as (app, stage, _):
        path = stage.settings.general.database
        async with app.run_test() as pilot:
            await pilot.press(where)
            path.rename(path.with_name("moved.db"))
            await until(pilot, "was moved, deleted or replaced", app)


async def test_a_newer_inboxd_beside_it_is_told(tmp_path: Path) -> None:
    """What the database is by now, this program may not understand: it says so, and no bug."""
    with opened(tmp_path) as (app, stage, _):
        async with app.run_test() as pilot:
            await pilot.pause()
            _migrate(stage)
            await until(pilot, "was last used by a newer inboxd", app)
            await pilot.press("0", "enter", "escape")


def _migrate(stage: Stage) -> None:
    """Do what a newer version might: a step that is not known here, and a column less."""
    database = stage.store.database
    database.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name) "
        "SELECT migration_set, 'that_of_tomorrow' FROM _sqlite_migrations LIMIT 1"
    )
    database.execute("ALTER TABLE presences RENAME COLUMN doing TO does")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cases SET topics = '[' WHERE id = ?",
        "UPDATE cases SET kind = 'threat' WHERE id = ?",
        "UPDATE cases SET stream = 'stories' WHERE id = ?",
        "UPDATE cases SET urgency = '', status = 'parked' WHERE id = ?",
        "UPDATE waits SET kind = 'third' WHERE case_id = ?",
        "UPDATE cases SET waiting_since = 'yesterday' WHERE id = ?",
        "UPDATE messages SET text = CAST(x'41ff42fe' AS TEXT) WHERE conversation_id = ?",
        "UPDATE authors SET name = CAST(x'41ff42fe' AS TEXT) WHERE id = ?",
        "UPDATE messages SET attachments = '[{}, {\"url\": 3}]' WHERE conversation_id = ?",
        "UPDATE messages SET attachments = '{' WHERE conversation_id = ?",
        "UPDATE messages SET topics = '[\"moon\"]' WHERE conversation_id = ?",
        "UPDATE messages SET verdict = '[' WHERE conversation_id = ?",
        (
            "UPDATE messages SET verdict = json_set(verdict, '$.evidence', json('[{\"start\": -1e9, \"end\": 9}]')) "
            "WHERE conversation_id = ?"
        ),
        "UPDATE messages SET sent_at = '9999-12-31T23:59:59.999Z' WHERE conversation_id = ?",
        (
            "UPDATE cases SET due_at = '9999-12-31T23:59:59.999Z', waiting_since = '0001-01-01T00:00:00.000Z' "
            "WHERE id = ?"
        ),
        (
            "UPDATE waits SET since = '0001-01-01T00:00:00.000Z', due_at = '9999-12-31T23:59:59.999Z' "
            "WHERE case_id = ?"
        ),
        "UPDATE messages SET sent_at = '2026-11-25 08:00:00' WHERE conversation_id = ?",
        "UPDATE conversations SET network = 'myspace', public = 1 WHERE id = ?",
    ],
)
async def test_what_another_program_wrote_ends_nothing(tmp_path: Path, change: str) -> None:
    """One case that cannot be understood takes neither the others away nor the screen."""
    with opened(tmp_path) as (app, stage, cases):
        stage.store.database.execute(change, (cases["late"],))
        async with app.run_test() as pilot:
            await pilot.press("0")
            await pilot.pause(0.1)
            screen = app.screen
            assert isinstance(screen, InboxScreen)
            assert len(screen.cases.listing) == len(cases)
            screen.cases.select(cases["late"])
            await pilot.press("enter", "e", "right", "right", "t", "escape", "r", "escape")
            await pilot.press("escape", "v", "escape", "0")
            await pilot.pause(0.1)
            screen.cases.select(cases["soon"])
            assert screen.cases.row is not None
            assert screen.cases.row.text.startswith("Das Paket")
        assert all("посылка" not in each for each in told(app))
