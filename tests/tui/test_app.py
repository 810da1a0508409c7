"""Promises about the application as a whole: its help, its palette, its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.command import CommandPalette
from textual.widgets import Static

from inboxd.errors import UserError
from inboxd.tui.app import InboxApp
from inboxd.tui.help import HelpScreen
from tests.tui.stage import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def app(tmp_path: Path) -> Iterator[InboxApp]:
    with opened(tmp_path) as (app, _, _):
        yield app


async def test_the_help_lists_each_key_with_what_it_does(app: InboxApp) -> None:
    """Whatever a binding is described as stands in the help, with its key."""
    async with app.run_test(size=(100, 50)) as pilot:
        described = {
            each.binding.description
            for each in app.screen.active_bindings.values()
            if each.binding.description and each.enabled
        }
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        console = app.console
        with console.capture() as captured:
            console.print(app.screen.query_one(Static).content)
        shown = captured.get()
        assert {each for each in described if each not in shown} == set()
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_the_palette_offers_what_keys_do(app: InboxApp) -> None:
    """Who forgets a key finds its name, and what has no key is there as well."""
    async with app.run_test() as pilot:
        await pilot.pause()
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Help", "Quit", "Theme"} <= offered
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, CommandPalette)


def test_an_unknown_theme_is_refused_with_those_there_are(app: InboxApp) -> None:
    """A slip in a name tells what would be right."""
    with pytest.raises(UserError, match=r"no theme 'pink'; there are: .*textual-light"):
        InboxApp(app.session, theme="pink")


def test_what_breaks_the_interface_is_raised_and_not_printed(
    app: InboxApp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback with customers' words reaches the terminal; the command tells what happened."""

    def broken() -> None:
        raise UserError("the roof is gone")

    monkeypatch.setattr(app, "look", broken)
    monkeypatch.setattr(app, "run", lambda: InboxApp.run(app, headless=True))
    monkeypatch.setattr("inboxd.tui.app._LOOK_EVERY_SECONDS", 0.01)
    with pytest.raises(UserError, match="the roof is gone"):
        app.work()
    assert "Traceback" not in capsys.readouterr().err
