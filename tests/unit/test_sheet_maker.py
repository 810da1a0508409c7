"""Promises about how the daemon keeps the sheets of reports fresh."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from inboxd.clock import ManualClock
from inboxd.core.scorecard.basis import Basis
from inboxd.workers import sheets
from inboxd.workers.context import Context
from inboxd.workers.sheets import SheetMaker
from inboxd.workers.storethread import StoreThread
from tests.store.shop import START, open_shop, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.store.shop import Shop

DAY = timedelta(days=1)


class House:
    """A shop whose daemon looks after its sheets."""

    def __init__(self, folder: Path) -> None:
        self.shop: Shop = open_shop(folder / "inboxd.db")
        self.clock = ManualClock(START)
        self.thread = StoreThread(self.shop.store)
        basis = Basis(ZoneInfo("Europe/Kyiv"), self.shop.rules.policies)
        context = Context(self.thread, self.shop.pipeline, self.clock, ("lead",))
        self.maker = SheetMaker(basis, context)

    def days(self) -> list[str]:
        """Return the days of which there are sheets."""
        rows: list[tuple[Any, ...]] = self.shop.rows("SELECT DISTINCT day FROM sheets ORDER BY 1")
        return [day for (day,) in rows]

    def write(self, ref: str, days_ago: int) -> None:
        """Let a customer write in a thread of their own."""
        minutes = (self.clock.now() - START) / timedelta(minutes=1) - days_ago * 24 * 60
        self.shop.now = self.clock.now()
        self.shop.hear(said(minutes, ref, thread_id=f"dm:{ref}"))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    made.thread.close()


async def test_days_that_are_over_are_made_once_an_hour(house: House) -> None:
    """Today is left to whoever asks; what changes is taken up an hour later."""
    house.write("today", 0)
    house.write("yesterday", 1)
    await house.maker.look()
    assert house.days() == ["2026-11-22"]

    house.write("late", 3)
    await house.maker.look()
    assert house.days() == ["2026-11-22"]
    house.clock.set(START + timedelta(hours=1))
    await house.maker.look()
    assert house.days() == ["2026-11-20", "2026-11-22"]


async def test_a_long_past_is_made_bit_by_bit(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No look holds the store for all of it; the next goes on where it left off."""
    monkeypatch.setattr(sheets, "_STEPS_AT_ONCE", 2)
    monkeypatch.setattr("inboxd.store.scorecard.sheets._ENOUGH", 1)
    for number in range(1, 6):
        house.write(f"m{number}", number)
    counts = []
    for _ in range(3):
        await house.maker.look()
        counts.append(len(house.days()))
    assert counts == [2, 4, 5]
