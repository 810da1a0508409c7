"""What the status and the overview look like, in a small terminal and in a large one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inboxd.store import Store
from inboxd.tui.app import InboxApp
from inboxd.tui.standing import statuspage
from inboxd.tui.standing.overview import OverviewScreen
from inboxd.tui.standing.status import StatusScreen
from inboxd.workers.storethread import StoreThread
from tests.tui import busy
from tests.tui.stage import opened
from tests.tui.standing import bad_day
from tests.tui.watching import settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App
    from textual.pilot import Pilot
    from textual.screen import Screen

    Compare = Callable[..., bool]
SIZES = [(80, 24), (160, 50)]


def showing(app: App[None], screen: type[Screen[None]]) -> Callable[[Pilot[None]], object]:
    async def show(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await app.push_screen(screen())
        await settled(pilot)

    return show


@pytest.mark.parametrize("size", SIZES)
def test_the_overview_of_a_busy_week(
    tmp_path: Path, snap_compare: Compare, size: tuple[int, int]
) -> None:
    """Plots that are read at a glance, with the gaps that they span."""
    with opened(tmp_path) as (app, stage, _):
        busy.fill(stage, days=3)
        bad_day(stage)
        show = showing(app, OverviewScreen)
        assert snap_compare(app, terminal_size=size, run_before=show)


@pytest.mark.parametrize("size", SIZES)
def test_the_status_of_a_bad_day(
    tmp_path: Path, snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """Tables in which what is wrong is seen at once."""
    monkeypatch.chdir(tmp_path)
    # How much room empty tables take is another version's, or another SQLite's.
    monkeypatch.setattr(statuspage, "format_size", lambda _: "380.0 KiB")
    with opened(tmp_path) as (there, stage, _):
        bad_day(stage)
        # The path is told, and should be the same each time.
        work = StoreThread(Store(Path(stage.settings.general.database.name), create=False))
        app = InboxApp(replace(there.session, work=work))
        show = showing(app, StatusScreen)
        assert snap_compare(app, terminal_size=size, run_before=show)
        work.close()
