"""Promises of the configuration that the simulator prints to try a daemon by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from inboxd import plugins
from inboxd.config import load
from inboxd.simulator import configuration
from inboxd.simulator.server import Simulator
from inboxd.simulator.world import World

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_the_simulator_prints_is_accepted(tmp_path: Path) -> None:
    """Pasted as it is printed, it runs: nothing has to be mended by hand."""
    async with Simulator(World(1), now=lambda: datetime(2026, 11, 23, tzinfo=UTC)) as simulator:
        path = tmp_path / "simulated.toml"
        path.write_text(configuration.whole(simulator), encoding="utf-8")
        settings = load(path, plugins.networks(), configuration.secrets(simulator))
        printed = configuration.instructions(simulator)
    assert [account.network for account in settings.accounts] == ["vk", "facebook", "twitter"]
    assert path.read_text(encoding="utf-8") in printed
