"""A day of work in one terminal: it stays where one reads, and nothing piles up."""

from __future__ import annotations

import gc
import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.desk import Desk
from inboxd.errors import UserError
from inboxd.tui.case.screen import CaseScreen
from inboxd.tui.host import Changed
from inboxd.tui.inbox.screen import InboxScreen
from inboxd.tui.reply.screen import ReplyScreen
from tests.tui.stage import NOW, PEOPLE, ago, opened
from tests.tui.watching import reads, settled, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from inboxd.tui.app import InboxApp
    from inboxd.tui.inbox.caselist import CaseList
    from tests.tui.stage import Stage

    Opened = tuple[InboxApp, Stage, dict[str, int]]

KEYS = ("down", "down", "j", "up", "k", "pagedown", "pageup", "end", "home")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path) as all_:
        yield all_


class Elsewhere:
    """Colleagues, customers and the daemon: *rng* has something happen, over another connection."""

    def __init__(self, stage: Stage, rng: random.Random) -> None:
        self._stage = stage
        self._rng = rng
        self._number = 0

    def arrive(self) -> None:
        """Let somebody write who has waited for minutes or for hours."""
        self._number += 1
        thread, at = f"dm:new{self._number}", ago(minutes=self._rng.randrange(1, 600))
        ref = self._stage.hear("shop-vk", thread, at, "Hm?", author=PEOPLE["olga"])
        kind = self._rng.choice(("complaint", "request", "other"))
        self._stage.judge({ref: (kind, "other", "normal", "en", ())})

    def happen(self, shown: list[int]) -> None:
        """Let one thing happen, to one of the cases that are *shown* or to a new one."""
        desk = Desk(self._stage.store, self._stage.settings.rules)
        case = self._rng.choice(shown)
        what = self._rng.choice(("arrive", "arrive", "close", "snooze", "ack", "answer"))
        try:
            if what == "arrive":
                self.arrive()
            elif what == "close":
                desk.close(case, "spam", "Max", NOW)
            elif what == "snooze":
                desk.snooze(case, NOW.replace(hour=20), "Max", NOW)
            elif what == "ack":
                desk.acknowledge(case, "Max", NOW)
            else:
                self._answer(case)
        except UserError:
            return

    def _answer(self, case: int) -> None:
        place = self._stage.store.views.reply_place(case)
        self._stage.answer(place.account, place.thread_id, NOW, "Hello!")


def place(cases: CaseList) -> tuple[int | None, int]:
    """Return the selected case, and on which line of the screen it is."""
    return cases.case, cases.at - cases.scroll_offset.y


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_happens_the_selection_stays_and_so_does_its_line(
    shop: Opened, seed: int
) -> None:
    """Cases come, go and change places while keys move; what one reads stays under one's eyes."""
    app, stage, _ = shop
    rng = random.Random(seed)
    elsewhere = Elsewhere(stage, rng)
    for _ in range(40):
        elsewhere.arrive()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, InboxScreen)
        cases = screen.cases
        for _ in range(25):
            await pilot.press(*rng.choices(KEYS, k=rng.randrange(4)))
            (case, line), top = place(cases), cases.scroll_offset.y
            # What happens to the selected case itself may hand the selection on.
            shown = [row.case_id for row in cases.listing.page(0, 200) if row.case_id != case]
            elsewhere.happen(shown)
            screen.post_message(Changed())
            await settled(pilot)
            listed = [row.case_id for row in cases.listing.page(0, 200)]
            assert 0 <= place(cases)[1] < cases.size.height
            assert case in listed
            assert cases.case == case
            # At either end of the list there may be no line to scroll by.
            free = top > 0 and 0 < cases.scroll_offset.y < cases.max_scroll_y
            assert not free or place(cases)[1] == line


def handles() -> int:
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a number is wanted


def alive(app: InboxApp, stage: Stage) -> dict[str, int]:
    """Count what could pile up in an application that is open all day."""
    gc.collect()
    nodes: list[Any] = [app, *app._registry]
    return {
        "nodes": len(nodes),
        "timers": sum(len(node._timers) for node in nodes),
        "workers": len(app.workers),
        "screens": len(app.screen_stack),
        "presences": stage.value("SELECT count(*) FROM presences"),
        "files": handles(),
    }


async def go_through(pilot: Pilot[None], cases: int, replies: int) -> None:
    """Open so many cases and so many replies, and leave each of them."""
    app = pilot.app
    for number in range(cases):
        await pilot.press("home", "enter")
        await until(pilot, lambda: isinstance(app.screen, CaseScreen))
        if number < replies:
            await pilot.press("r")
            await until(pilot, lambda: isinstance(app.screen, ReplyScreen))
            await reads(pilot, "Your reply")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, CaseScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, InboxScreen))
    await settled(pilot)
    await until(pilot, lambda: not [each for each in app._registry if isinstance(each, CaseScreen)])


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no list of open files")  # noqa: PTH112
async def test_nothing_piles_up_in_a_long_day(shop: Opened) -> None:
    """After 20 cases and 5 replies there is no more of anything than after the first five."""
    app, stage, _ = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await go_through(pilot, 5, 5)
        before = alive(app, stage)
        await go_through(pilot, 20, 5)
        after = alive(app, stage)
    assert {what: many for what, many in after.items() if many > before[what]} == {}
    assert after["presences"] == 0
