"""Promises to monitors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from inboxd.config import Address
from inboxd.health import Health, serve

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


async def answers(health: Health) -> tuple[int, int, dict[str, object]]:
    """Return what /healthz and /readyz answer when the daemon knows *health* of itself."""

    async def look() -> Health:
        return health

    address = Address("127.0.0.1", unused_port())
    base = f"http://{address.host}:{address.port}"
    async with serve(address, look), aiohttp.ClientSession() as client:
        async with client.get(f"{base}/healthz") as live:
            await live.read()
        async with client.get(f"{base}/readyz") as ready:
            return live.status, ready.status, await ready.json()


async def test_a_daemon_that_sees_and_speaks_is_live_and_ready() -> None:
    """Nothing wrong, two 200s."""
    assert await answers(Health(NOW, NOW)) == (200, 200, {"ready": True, "problems": []})


async def test_a_blind_account_makes_the_daemon_unready_but_not_dead() -> None:
    """A restart would not help: only readiness is lost, and the answer says why."""
    live, ready, body = await answers(Health(NOW, NOW, ("shop-vk is not read",)))
    assert (live, ready) == (200, 503)
    assert body == {"ready": False, "problems": ["shop-vk is not read"]}


@pytest.mark.parametrize("ticked_at", [None, NOW - timedelta(minutes=1)])
async def test_a_daemon_whose_tick_stands_still_is_dead(ticked_at: datetime | None) -> None:
    """A process that answers but does nothing must be restarted."""
    live, ready, _ = await answers(Health(ticked_at, NOW))
    assert (live, ready) == (503, 503)


async def test_a_port_that_is_taken_is_an_error() -> None:
    """Two daemons on one port: the second says so instead of running unwatched."""

    async def look() -> Health:
        return Health(NOW, NOW)

    address = Address("127.0.0.1", unused_port())
    async with serve(address, look):
        with pytest.raises(OSError, match="address already in use"):
            async with serve(address, look):
                pass
