"""The simulated world that the contract tests run against."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import vk_api

from inboxd.clock import ManualClock
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.world import World
from tests.contract.stage import NOW, Stage, connector_modules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from inboxd.simulator.people import Network


@pytest.fixture(autouse=True)
def _unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let vk_api call as often as it likes: the simulator's clock stands still."""
    monkeypatch.setattr(vk_api.VkApi, "RPS_DELAY", 0)
    monkeypatch.setattr(vk_api.VkApiGroup, "RPS_DELAY", 0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no proxy of whoever runs the tests come between: a test that is about one names its own."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port on which nobody listens, reserved for as long as the test runs."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def simulator(clock: ManualClock) -> AsyncIterator[Simulator]:
    world = World(seed=7, customers=12)
    options = Options(rate_limited=False)
    async with Simulator(world, now=clock.now, options=options) as running:
        yield running


@pytest.fixture
async def staged(
    simulator: Simulator, clock: ManualClock
) -> AsyncIterator[Callable[[Network], Stage]]:
    """A maker of stages that closes what was opened on them."""
    stages: list[Stage] = []

    def make(network: Network) -> Stage:
        stages.append(Stage(network, connector_modules()[network], simulator, clock))
        return stages[-1]

    yield make
    for stage in stages:
        await stage.close()
