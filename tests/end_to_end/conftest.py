"""The simulated world in real time, and a shop in it whose processes all end with the test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.world import World
from tests.end_to_end.shop import Shop, config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    world = World(seed=7, customers=70)
    options = Options(rate_limited=False)
    async with Simulator(world, now=lambda: datetime.now(UTC), options=options) as running:
        yield running


@pytest.fixture
async def shop(simulator: Simulator, tmp_path: Path) -> AsyncIterator[Shop]:
    folder = tmp_path / "shop"
    folder.mkdir()
    shop = Shop(simulator, folder)
    shop.config.write_text(config(simulator), encoding="utf-8")
    yield shop
    await shop.close()
