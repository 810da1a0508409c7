"""Promises that hold all year, whatever happens to a shop."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from inboxd.store import IN_MEMORY, Store
from tests.store.busy import BusyShop, Habits

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = int(os.environ.get("INBOXD_YEAR_SEED", "2026"))
EVERYTHING = Habits(clock_jumps=0.4, rule_changes=0.4)
TWO_WEEKS = 14


@pytest.fixture(autouse=True)
def _no_log() -> Iterator[None]:
    with capture_logs():
        yield


@contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Save a fifth of the time that a year takes."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.slow
def test_a_year_of_a_busy_shop() -> None:
    """Nobody is overlooked, told without a reason, twice, or of what is taken or over."""
    with Store(IN_MEMORY) as store, _no_garbage_collected():
        shop = BusyShop(store, SEED, EVERYTHING)
        print(f"INBOXD_YEAR_SEED={SEED} repeats this year")  # noqa: T201 - pytest shows it on failure
        shop.run(366, shop.check)
        shop.check_told()
        print(shop.counts)  # noqa: T201 - as above
        assert shop.counts["messages"] > 15_000
        for what in ("downtimes", "clock jumps", "rule changes", "late", "edits", "deletions",
                     "ack", "snooze", "close", "assign", "reopen", "taken back", "silences", "told reminder_due"):  # fmt: skip
            assert shop.counts[what] > 5, f"there was too little of {what}"


@pytest.mark.parametrize("seed", range(4))
def test_two_weeks_of_any_shop(seed: int) -> None:
    """The same holds of the first two weeks of other years, all of it looked at each day."""
    with Store(IN_MEMORY) as store:
        shop = BusyShop(store, seed, Habits(clock_jumps=2, rule_changes=3, downtimes=2))
        shop.run(TWO_WEEKS, shop.check)
        shop.check_told()
        assert shop.counts["told step_due"]
