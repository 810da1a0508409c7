"""A daemon on a machine whose clock is set, or which sleeps, against networks that know the time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.cli.opening import load_settings
from inboxd.clock import SystemClock
from inboxd.errors import OperatorError
from inboxd.service.life import run_once, started
from tests.end_to_end.shop import PATIENCE, SECRETS, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.end_to_end.shop import Shop

YEAR = timedelta(days=365)
STEPS = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot", "lead"] }]
"""
GENERAL = "blind_after = 30"


class RoomClock(SystemClock):
    """The computer's clock in a room where somebody sets it, and the lid can be closed."""

    def __init__(self) -> None:
        self.off = timedelta()
        self.slept = timedelta()

    def now(self) -> datetime:
        """Return what it shows."""
        return super().now() + self.off + self.slept

    def steady(self) -> timedelta:
        """Return what nobody can set."""
        return super().steady() + self.slept


@pytest.fixture
def clock() -> RoomClock:
    return RoomClock()


@asynccontextmanager
async def working(shop: Shop, clock: RoomClock) -> AsyncIterator[None]:
    """Let a daemon work in the test's own process for as long as the block lasts."""
    before = datetime.now(UTC)
    leave = asyncio.Event()
    async with started(load_settings(shop.config), clock) as daemon:
        work = asyncio.create_task(daemon.run(leave))
        try:
            await until(lambda: shop.all_read_since(before) or work.done(), "a first read")
            yield
        finally:
            leave.set()
            await asyncio.wait_for(work, PATIENCE.total_seconds())


@pytest.fixture(autouse=True)
def _tokens(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, shop.environment[name])
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    shop.configure(STEPS, general=GENERAL)


def reasons(shop: Shop) -> list[str]:
    """Return why people were told anything, by the outbox."""
    return [reason for (reason,) in shop.rows("SELECT reason FROM alerts ORDER BY id")]


@pytest.mark.slow
async def test_a_clock_that_is_a_year_off_tells_nobody_that_everybody_is_late(
    shop: Shop, clock: RoomClock
) -> None:
    """The networks' answers show that it is wrong; when it is right, work goes on."""
    async with working(shop, clock):
        clock.off = YEAR
        await asyncio.sleep(1.2)
        shop.write_everywhere("Де моє замовлення?")
        await until(lambda: shop.told("night"), "people to hear of the clock")
        clock.off = timedelta()
        await until(lambda: len(shop.told("bot")) >= 6, "the customers to be told of")
        await until(lambda: shop.settled, "everything to be out")
    assert sorted(reasons(shop)) == ["clock_right_again"] + ["step_due"] * 6
    headlines = [headline for case, headline in shop.told("lead") if not case]
    assert headlines == [
        "🔴 inboxd waits: the clock of its machine is wrong",
        "✅ inboxd works again: the clock is right",
    ]
    assert [case for case, _ in shop.told("lead") if case] == [1, 2, 3, 4, 5, 6]
    for mail in shop.simulator.mail.to("lead@shop.example"):
        assert (shop.origin in mail.text) == ("inboxd" in mail.subject)


@pytest.mark.slow
async def test_a_laptop_that_slept_for_eight_hours_reads_first_and_tells_once(
    shop: Shop, clock: RoomClock
) -> None:
    """Who was answered meanwhile is no alarm, no account is blind, who waits is told of once."""
    shop.configure(STEPS.replace("1s", "1h"), general=GENERAL)
    async with working(shop, clock):
        # An answer within seconds would be taken for a machine's.
        before = datetime.now(UTC) - timedelta(minutes=2)
        asked = shop.write_everywhere("Де моє замовлення?", sent_at=before)
        await until(lambda: shop.value("SELECT count(*) FROM cases") == 6, "all to be seen")
        answered = [item for item in asked if item.private]
        for item in answered:
            shop.world.reply(item.serial, "Вже їде!", sent_at=datetime.now(UTC))
        clock.slept = timedelta(hours=8)
        await until(lambda: len(shop.told("bot")) == 3 and shop.settled, "the others to be told of")
        await asyncio.sleep(1)
    assert reasons(shop) == ["step_due"] * 3
    assert len(shop.told("lead")) == 3
    assert ("not_running",) in shop.rows("SELECT DISTINCT reason FROM coverage")


@pytest.mark.slow
async def test_rounds_by_a_wrong_clock_read_nothing_and_tell_once(
    shop: Shop, clock: RoomClock
) -> None:
    """Each exits with an error; people hear of it once, directly, and when it is over."""
    shop.configure(STEPS, general='blind_after = 30\nalert_to = ["night"]')
    settings = load_settings(shop.config)
    assert (await run_once(settings, clock)).ok
    clock.off = YEAR
    shop.write_everywhere("Де моє замовлення?")
    for _ in range(2):
        with pytest.raises(OperatorError, match="the clock of this machine is wrong"):
            await run_once(settings, clock)
    assert shop.value("SELECT count(*) FROM cases") == 0
    clock.off = timedelta()
    await asyncio.sleep(1)
    assert (await run_once(settings, clock)).ok
    assert shop.value("SELECT count(*) FROM cases") == 6
    assert [headline for _, headline in shop.told("night")] == [
        "🔴 inboxd waits: the clock of its machine is wrong",
        "✅ inboxd works again: the clock is right",
    ]


@pytest.mark.slow
async def test_a_round_after_a_long_pause_asks_and_goes_on(shop: Shop, clock: RoomClock) -> None:
    """A server that was off for a night is no clock that was set; nor is one that nobody can ask."""
    settings = load_settings(shop.config)
    clock.off = -timedelta(hours=2)
    assert (await run_once(settings, clock)).ok
    clock.off = timedelta()
    assert (await run_once(settings, clock)).ok
    assert "clock_wrong" not in reasons(shop)
