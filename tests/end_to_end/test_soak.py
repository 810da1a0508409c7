"""A simulated day of faults, restarts and late deliveries: in the end the store is the world."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import vk_api

from inboxd import plugins
from inboxd.clock import ManualClock
from inboxd.config import load
from inboxd.rereading import reconcile_now
from inboxd.service.life import started
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.world import World
from tests.end_to_end.shop import ACCOUNTS, SECRETS, config
from tests.end_to_end.soak import Turmoil, expected

if TYPE_CHECKING:
    from pathlib import Path

    from inboxd.config import Settings

BEGINS = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
STEP = timedelta(minutes=10)
STEPS_A_DAY = 24 * 6
NETWORKS_BY_ACCOUNT = {account: network for network, account in ACCOUNTS.items()}


async def live(settings: Settings, clock: ManualClock, turmoil: Turmoil, steps: int) -> None:
    """Let *steps* pass, with a daemon that is stopped, or torn down in the middle, now and then."""
    rng = random.Random(turmoil.rng.random())
    while steps > 0:
        async with started(settings, clock) as daemon:
            for _ in range(min(steps, rng.randint(5, 40))):
                clock.advance(STEP)
                turmoil.go_on(clock.now())
                await daemon.round()
                steps -= 1
            clock.advance(STEP)
            turmoil.go_on(clock.now())
            torn = asyncio.create_task(daemon.round())
            await asyncio.sleep(rng.random() * 0.1)
            torn.cancel()
            with suppress(asyncio.CancelledError):
                await torn


def stored(database: Path) -> dict[str, tuple[str, str, bool]]:
    """Return thread, text and direction of every message that is there and was not deleted."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT m.account, m.remote_id, c.remote_id, m.text, m.direction FROM messages AS m "
            "JOIN conversations AS c ON c.id = m.conversation_id WHERE m.deleted_at IS NULL"
        ).fetchall()
    return {
        f"{NETWORKS_BY_ACCOUNT[account]} {remote_id}": (thread, text, direction == "inbound")
        for account, remote_id, thread, text, direction in rows
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
async def test_after_a_day_of_turmoil_the_store_is_the_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Every message, edit, deletion and thread is as the networks have it, and none is extra."""
    # vk_api spaces its calls in the room's time, in which this day lasts a minute.
    monkeypatch.setattr(vk_api.VkApi, "RPS_DELAY", 0)
    monkeypatch.setattr(vk_api.VkApiGroup, "RPS_DELAY", 0)
    clock, world = ManualClock(BEGINS), World(seed=seed, customers=40)
    async with Simulator(world, now=clock.now, options=Options(rate_limited=False)) as simulator:
        path = tmp_path / "config.toml"
        text = config(simulator, 'first_response = "1h"\n', general='alert_to = ["night"]')
        path.write_text(text.replace('poll_every = "1s"', 'poll_every = "10m"'), encoding="utf-8")
        secrets = {**SECRETS, "SLACK_WEBHOOK": simulator.webhook_url}
        settings = load(path, plugins.networks(), secrets)
        turmoil = Turmoil(world, simulator.faults, random.Random(seed))
        turmoil.begin(clock.now())

        await live(settings, clock, turmoil, STEPS_A_DAY)
        turmoil.calm()
        clock.advance(timedelta(hours=4))
        async with started(settings, clock) as daemon:
            assert (await daemon.round()).failed == ()
        found = await reconcile_now(settings, clock, (), timedelta(days=3))

    assert [repairs.failed for repairs in found] == [{}, {}, {}]
    world_has = {
        name: (each.thread, each.text, each.inbound)
        for name, each in expected(world, clock.now()).items()
    }
    store_has = stored(tmp_path / "inboxd.db")
    missing = {name: fact for name, fact in world_has.items() if name not in store_has}
    extra = {name: fact for name, fact in store_has.items() if name not in world_has}
    differing = {
        name: (fact, store_has[name])
        for name, fact in world_has.items()
        if name in store_has and store_has[name] != fact
    }
    assert (missing, extra, differing) == ({}, {}, {})
    assert len(world_has) > 300
