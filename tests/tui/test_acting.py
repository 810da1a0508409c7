"""What people do to cases from a screen, against a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Static

from inboxd.desk import Desk
from inboxd.tui.acting import CaseActions
from tests.tui.stage import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.pilot import Pilot

    from inboxd.store import Mark
    from inboxd.tui.app import InboxApp
    from tests.tui.stage import Stage


class Shown(CaseActions):
    """Shows some cases as they are when it is opened; keys are for all of them."""

    def __init__(self, *cases: int) -> None:
        super().__init__()
        self.cases = cases
        self.marks: dict[int, Mark] = {}
        self.moved = 0

    BINDINGS = [("j", "move", "Next")]  # noqa: RUF012 - as Textual has it

    def compose(self) -> ComposeResult:
        """Show something."""
        yield Static("cases")

    def on_mount(self) -> None:
        """Note how the cases stand."""
        desk = Desk(self.session.store, self.session.settings.rules)
        self.marks = {case: desk.mark(case) for case in self.cases}

    def meant(self) -> tuple[int, ...]:
        """Return them all."""
        return self.cases

    def seen(self, case: int) -> Mark | None:
        """Return how a case stood."""
        return self.marks[case]

    def action_move(self) -> None:
        """Count the keys that get through."""
        self.moved += 1


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[InboxApp, Stage, dict[str, int]]]:
    """Yield the interface on a filled database; Olena sits there."""
    with opened(tmp_path) as all_:
        yield all_


async def rest(pilot: Pilot[None]) -> None:
    """Wait until everything that has begun is done."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait until what they have begun is done."""
    await pilot.press(*keys)
    await rest(pilot)


def told(app: InboxApp) -> str:
    """Return what was told last."""
    return [each.message for each in app._notifications][-1]


async def test_a_key_takes_a_case(shop: tuple[InboxApp, Stage, dict[str, int]]) -> None:
    """A case that is acknowledged is one's own for everybody, and one key gives it up again."""
    app, stage, cases = shop
    case = cases["late"]
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Shown(case))
        await press(pilot, "a")
        assert stage.store.cases.find(case)[0].acknowledged_by == "Olena"
        assert told(app) == f"Case {case} acknowledged\nu takes it back"
        await press(pilot, "u")
        assert stage.store.cases.find(case)[0].acknowledged_by == ""
        assert told(app) == f"Taken back: case {case} acknowledged"
