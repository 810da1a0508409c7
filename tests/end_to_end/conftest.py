"""A simulated world in real time, and a shop in it whose processes all end with the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from inboxd.simulator.server import Simulator
    from tests.end_to_end.shop import Shop


@pytest.fixture
def simulator() -> Simulator | None:
    """The world; None for a new one. Tests that need their own put it in this fixture's place."""
    return None


@pytest.fixture
async def shop(simulator: Simulator | None, tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(tmp_path / "shop", simulator) as shop:
        yield shop
