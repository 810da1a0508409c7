"""What one begins with: the view, the theme and the name that the command or the configuration give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inboxd.config import TuiSettings
from inboxd.config.triage import ViewSettings
from inboxd.errors import UserError
from inboxd.tui.app import InboxApp
from inboxd.tui.inbox.screen import InboxScreen
from inboxd.tui.inbox.searchbar import SearchBar
from tests.tui.stage import opened
from tests.tui.watching import painted, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tui.stage import Stage

    Opened = tuple[InboxApp, Stage, dict[str, int]]

SAVED = (ViewSettings(name="Refunds of the whole week", query="topic:refunds"),)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path) as (app, stage, cases):
        settings = replace(app.session.settings, tui=TuiSettings(views=SAVED, theme="nord"))
        app.session = replace(app.session, settings=settings)
        yield app, stage, cases


@pytest.mark.parametrize(
    ("view", "first", "tab", "written"),
    [
        ("snoozed", "asleep", "[Slp(1)]", ""),
        ("CLOSED", "done", "[Done(1)]", ""),
        ("refunds of the whole week", "promised", "[Refunds…]", ""),
        ("kind:complaint language:de", "soon", "[Wait(10)]", "kind:complaint language:de"),
        ("view:closed Danke", "done", "[Wait(10)]", "view:closed Danke"),
        ("two weeks недели две", None, "[Wait(10)]", "two weeks недели две"),
    ],
)
async def test_the_view_of_the_command_is_where_one_begins(
    shop: Opened, view: str, first: str | None, tab: str, written: str
) -> None:
    """A view, a saved one whatever its name is, or a search that stands in its line."""
    app, _, cases = shop
    app = InboxApp(app.session, view=view)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, InboxScreen)
        assert screen.cases.case == (cases[first] if first else None)
        assert tab in painted(app).splitlines()[0]
        assert screen.query_one(SearchBar).text == written
        assert app.focused is screen.cases


@pytest.mark.parametrize(
    ("view", "why"),
    [
        ("snozed", "there is no view 'snozed'; there are: waiting, .*, Refunds of the whole week"),
        ("kind:complaimt", "did you mean complaint"),
        ("kind:", "complaint, request"),
        ("", "there is no view ''"),
    ],
)
def test_what_is_no_view_is_refused_before_anything_is_shown(
    shop: Opened, view: str, why: str
) -> None:
    """A slip tells what would be right, instead of another view that seems to be the right one."""
    with pytest.raises(UserError, match=why):
        InboxApp(shop[0].session, view=view)


@pytest.mark.parametrize(("theme", "worn"), [(None, "nord"), ("textual-light", "textual-light")])
async def test_the_theme_of_the_command_wins_over_the_configurations(
    shop: Opened, theme: str | None, worn: str
) -> None:
    """And without either it is the usual one."""
    app = InboxApp(shop[0].session, theme=theme)
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.current_theme.name == worn
        assert painted(app).startswith("[Wait(10)]")


async def test_whoever_sits_there_has_a_view_of_their_own(tmp_path: Path) -> None:
    """What is mine depends on the name that the command was given."""
    with opened(tmp_path, me="Max") as (app, _, cases):
        async with app.run_test() as pilot:
            await pilot.press("5")
            await settled(pilot)
            screen = app.screen
            assert isinstance(screen, InboxScreen)
            assert [row.case_id for row in screen.cases.listing.page(0, 9)] == [cases["taken"]]
            assert "[by you]" in painted(app)
