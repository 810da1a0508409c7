"""Promises about the dead-man's switch: pressed while all is well, and at no other time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from pydantic import SecretStr
from structlog.testing import capture_logs

from inboxd.config import HeartbeatSettings
from inboxd.health import Health
from inboxd.workers.heartbeat import Heartbeat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 11, 25, tzinfo=UTC)
WELL = Health(NOW, NOW)


class Other:
    """The other side: what it answers, and how often it was called."""

    def __init__(self) -> None:
        self.calls = 0
        self.status = 200
        self.address = ""

    async def answer(self, _request: web.Request) -> web.Response:
        """Count the call."""
        self.calls += 1
        return web.Response(status=self.status)

    def heartbeat(self, health: Health = WELL, address: str = "") -> Heartbeat:
        """Return a switch that calls here, of a daemon that is as *health* says."""

        async def look() -> Health:
            return health

        url = SecretStr(address or self.address)
        return Heartbeat(HeartbeatSettings(url=url, timeout=timedelta(seconds=1)), look)


@pytest.fixture
async def other(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Other]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    side = Other()
    app = web.Application()
    app.add_routes([web.get("/ping/secret-id", side.answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    side.address = f"http://{host}:{port}/ping/secret-id"
    yield side
    await runner.cleanup()


async def test_all_is_well_and_somebody_hears_it(other: Other) -> None:
    """A call each time."""
    heartbeat = other.heartbeat()
    assert [await heartbeat.beat(), await heartbeat.beat()] == [True, True]
    assert other.calls == 2


@pytest.mark.parametrize(
    "health",
    [
        Health(NOW, NOW, ("shop-vk is not read",)),
        Health(None, NOW),
        Health(NOW, NOW + timedelta(minutes=5)),
    ],
)
async def test_what_is_wrong_is_told_by_silence(other: Other, health: Health) -> None:
    """A blind account, a clockwork that never ran, and one that stands still."""
    assert not await other.heartbeat(health).beat()
    assert other.calls == 0


async def test_an_answer_that_is_no_yes_is_trouble(other: Other) -> None:
    """Whoever refuses our calls will raise a false alarm; the log says why."""
    other.status = 404
    assert not await other.heartbeat().beat()


async def test_trouble_is_logged_once_and_without_the_address(other: Other) -> None:
    """The address is what anybody needs to keep the alarm from ringing."""
    heartbeat = other.heartbeat(address="http://127.0.0.1:9/ping/secret-id")
    with capture_logs() as said:
        assert [await heartbeat.beat() for _ in range(3)] == [False] * 3
    assert [each["event"] for each in said].count("heartbeat withheld") == 1
    assert "secret-id" not in str(said)
