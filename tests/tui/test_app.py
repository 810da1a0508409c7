"""Promises about the application as a whole: its help, its palette, its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.binding import Binding
from textual.command import CommandPalette

from inboxd.config.triage import ViewSettings
from inboxd.errors import UserError
from inboxd.tui.acting.actions import CaseActions
from inboxd.tui.app import InboxApp
from inboxd.tui.help import HelpScreen
from inboxd.tui.inbox.caselist import CaseList
from inboxd.tui.inbox.screen import InboxScreen
from tests.tui.stage import opened
from tests.tui.watching import painted, settled, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def app(tmp_path: Path) -> Iterator[InboxApp]:
    with opened(tmp_path) as (app, _, _):
        yield app


async def test_the_help_lists_each_key_with_what_it_does(app: InboxApp) -> None:
    """Whatever a binding is described as stands in the help, with its key."""
    async with app.run_test(size=(100, 90)) as pilot:
        described = {
            binding.description
            for kind in (InboxApp, InboxScreen, CaseActions, CaseList)
            for binding in Binding.make_bindings(kind.BINDINGS)
            if binding.description
        }
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await settled(pilot)
        shown = painted(app)
        assert {each for each in described if each not in shown} == set()
        assert {each for each in ("Scroll Left", "super", "Page Right") if each in shown} == set()
        signs = ("1 Waiting", "0 All", "▸ selected", "◉ everybody", "[elsewhere] we have")
        squeezed = " ".join(shown.split())
        assert {each for each in signs if each not in squeezed} == set()
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_the_palette_offers_what_keys_do(app: InboxApp) -> None:
    """Who forgets a key finds its name, and what has no key is there as well."""
    async with app.run_test() as pilot:
        await pilot.pause()
        offered = [command.title for command in app.get_system_commands(app.screen)]
        assert {"Mark all", "Help", "Quit", "Theme"} <= set(offered)
        assert {"Next", "A page down", "Scroll Left", "palette"}.isdisjoint(offered)
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, CommandPalette)
        await until(pilot, lambda: "Assign" in painted(app))
        shown = painted(app)
        assert shown.index("Reply") < shown.index("Acknowledge") < shown.index("Assign")
        assert offered.index("Search") < offered.index("View: Waiting") < offered.index("Mark all")


async def test_the_palette_shows_any_view(app: InboxApp) -> None:
    """Also a saved one, whatever its name looks like."""
    saved = ViewSettings(name="[b]refunds", query="topic:refunds")
    app.session.settings.tui.__dict__["views"] = (saved,)
    async with app.run_test(size=(100, 40)) as pilot:
        await settled(pilot)
        inbox = app.screen
        await pilot.press("ctrl+p", *"b]ref")
        await until(pilot, lambda: "View: [b]refunds" in painted(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is inbox)
        await until(pilot, lambda: " [[b]refu…]" in painted(app))
        assert "1 of 3" in painted(app)


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
    monkeypatch.setattr("inboxd.tui.host._LOOK_EVERY_SECONDS", 0.01)
    with pytest.raises(UserError, match="the roof is gone"):
        app.work()
    assert "Traceback" not in capsys.readouterr().err
