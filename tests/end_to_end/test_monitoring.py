"""What monitors see of a real daemon is what happens to it."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from inboxd.simulator.faults import Fault
from tests.end_to_end.shop import PATIENCE, SECRETS, until
from tests.store.metrics import Scrape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.end_to_end.shop import Shop

TOKEN = "the-token-of-the-monitors-0123456789"
STEPS = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot"] }]
"""


class Monitor:
    """Somebody who asks the daemon, with the token."""

    def __init__(self, shop: Shop, client: aiohttp.ClientSession) -> None:
        self._client = client
        self._port = unused_port()
        (shop.folder / "token").write_text(TOKEN)
        (shop.folder / "token").chmod(0o600)
        http = f'listen = "127.0.0.1:{self._port}"\ntoken = {{ file = "token" }}'
        shop.configure(STEPS, general=f'alert_to = ["night"]\n[http]\n{http}')

    async def ask(self, path: str, token: str = TOKEN) -> tuple[int, str]:
        """Return the status and the text that *path* is answered with."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{self._port}{path}"
        async with self._client.get(url, headers=headers) as answer:
            return answer.status, await answer.text()

    async def scrape(self) -> Scrape:
        """Return what Prometheus would read now."""
        return Scrape((await self.ask("/metrics"))[1])

    async def _seen(self, name: str, **labels: str) -> float | None:
        """Return a sample's value; None as well while nobody answers."""
        with suppress(aiohttp.ClientConnectionError):
            return (await self.scrape())(name, **labels)
        return None

    async def sees(self, name: str, least: float = 1, **labels: str) -> None:
        """Wait until a sample has grown to *least*."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                while (await self._seen(name, **labels) or 0) < least:  # noqa: ASYNC110
                    await asyncio.sleep(0.3)
        except TimeoutError:
            seen = (await self.scrape())(name, **labels)
            raise AssertionError(f"waited in vain for {name}{labels}: {seen}") from None


@pytest.fixture
async def monitor(shop: Shop) -> AsyncIterator[Monitor]:
    async with aiohttp.ClientSession() as client:
        yield Monitor(shop, client)


@pytest.mark.slow
async def test_numbers_follow_what_happens(shop: Shop, monitor: Monitor) -> None:
    """Messages come, alerts go and are refused, an account goes blind: each is there to be seen."""
    daemon = await shop.daemon()
    await monitor.sees("inboxd_ready")
    before = await monitor.scrape()
    assert before("inboxd_account_blind", account="shop-vk") == 0
    assert before("inboxd_alerts_total", sink="bot", outcome="delivered") == 0

    shop.write_everywhere("Де моє замовлення?")

    private = {"stream": "direct_messages", "direction": "inbound"}
    for account in ("shop-vk", "shop-fb", "shop-x"):
        read = before("inboxd_messages_total", account=account, **private) or 0
        await monitor.sees("inboxd_messages_total", read + 1, account=account, **private)
        await monitor.sees("inboxd_message_lag_seconds_count", account=account)
        await monitor.sees("inboxd_overdue_cases", 2, account=account)
        await monitor.sees("inboxd_breaches_total", account=account)
    await monitor.sees("inboxd_alerts_total", 6, sink="bot", outcome="delivered")

    shop.simulator.faults.switch_on("slack", Fault.REFUSED, code="channel_not_found")
    shop.write("facebook", "private", "І де моє?", who=7)
    await monitor.sees("inboxd_alerts_total", sink="bot", outcome="refuse")
    await monitor.sees("inboxd_sink_refusing", sink="bot")

    shop.simulator.faults.switch_on("vk", Fault.SERVER_ERROR)
    await monitor.sees("inboxd_account_blind", account="shop-vk")
    await monitor.sees(
        "inboxd_poll_errors_total", account="shop-vk", source="conversations", error="Unavailable"
    )
    status, said = await monitor.ask("/readyz")
    assert status == 503
    assert {"bot takes no alerts", "shop-vk is not read"} <= {*json.loads(said)["problems"]}
    doctor = json.loads((await shop.run("doctor", "--json")).expect(1).out)
    (heard,) = (each for each in doctor if each["code"] == "daemon.complains")
    assert "shop-vk is not read" in heard["text"]
    assert await monitor.ask("/healthz", token="") == (200, "ok\n")
    assert (await monitor.ask("/metrics", token="wrong"))[0] == 401

    _, text = await monitor.ask("/metrics")
    assert_fit_for_prometheus(text)
    assert not [secret for secret in SECRETS.values() if secret in text]
    assert TOKEN not in daemon.log
    (await daemon.stop()).expect(0)

    alone = shop.say("metrics").expect(0).out
    assert_fit_for_prometheus(alone)
    assert Scrape(alone)("inboxd_overdue_cases", account="shop-vk") == 2
    assert "inboxd_ready" not in alone


@pytest.mark.slow
async def test_what_passes_is_seen_and_counters_go_on(shop: Shop, monitor: Monitor) -> None:
    """A locked database and a refused configuration are there to be seen, and a reload is no restart."""
    daemon = await shop.daemon()
    outcome = {"account": "shop-vk", "source": "conversations", "outcome": "complete"}
    await monitor.sees("inboxd_polls_total", 3, **outcome)
    before = await monitor.scrape()
    read_at = before("inboxd_config_last_reload_success_timestamp_seconds") or 0
    assert before("inboxd_config_last_reload_successful") == 1

    with closing(sqlite3.connect(shop.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(8):
            while (await monitor.ask("/readyz"))[0] != 503:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert (await monitor.ask("/healthz"))[0] == 200
    await monitor.sees("inboxd_ready")

    daemon.kill(signal.SIGHUP)
    await monitor.sees("inboxd_config_last_reload_success_timestamp_seconds", read_at + 0.001)
    after = await monitor.scrape()
    polls = "inboxd_polls_total"
    assert (after(polls, **outcome) or 0) >= (before(polls, **outcome) or 0)

    shop.config.write_text("colour = 1\n" + shop.config.read_text())
    daemon.kill(signal.SIGHUP)
    await until(lambda: "configuration refused" in daemon.log, "the refusal")
    await asyncio.sleep(1.1)
    assert (await monitor.scrape())("inboxd_config_last_reload_successful") == 0
    (await daemon.stop()).expect(0)


def assert_fit_for_prometheus(text: str) -> None:
    """Fail if promtool, where it is installed, finds fault with a scrape."""
    promtool = shutil.which("promtool")
    if promtool is None:
        return
    checked = subprocess.run(  # noqa: S603 - a tool that is found on the machine
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
