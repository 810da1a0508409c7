"""A promise about a case whose customer is forgotten while somebody looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.forgetting import Forgetting
from inboxd.store import Store
from inboxd.tui.host import Changed
from tests.tui.stage import NOW, opened
from tests.tui.watching import painted, settled

if TYPE_CHECKING:
    from pathlib import Path


def nothing(_: str) -> None:
    """Watch nothing."""


async def test_an_open_case_turns_into_an_erased_one(tmp_path: Path) -> None:
    """The words and the name go from the screen, it says that the case is closed, and keys go on."""
    with opened(tmp_path) as (app, stage, cases):
        async with app.run_test(size=(80, 24)) as pilot:
            app.open_case(cases["late"])
            await settled(pilot)
            assert "Ольга Петрова" in painted(app)
            with Store(stage.settings.general.database) as other:
                (people,) = other.people.called("olga.p")
                done = Forgetting(other, stage.settings.rules, "Max").forget(people, NOW, nothing)
            assert cases["late"] in done.closed
            app.screen.post_message(Changed())
            for _ in range(40):
                await pilot.pause(0.05)
                if "(erased)" in painted(app):
                    break
            shown = painted(app)
            assert "(erased)" in shown
            assert "closed" in shown
            assert "Ольга" not in shown
            assert "посылка" not in shown
            await pilot.press("r")
            await pilot.pause()
            await pilot.press("escape", "i", "escape", "escape")
            await pilot.pause()
            assert app.is_running
