"""Promises about what a daemon says of itself."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd import plugins
from inboxd.clock import ManualClock
from inboxd.config import load
from inboxd.observer import Observer
from inboxd.service.life import started
from tests.store.shop import START, open_shop, said

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
[[accounts]]
name = "shop-vk"
network = "vk"
group_id = 1
token = { env = "VK_TOKEN" }
streams = ["direct_messages"]
api_base = "http://127.0.0.1:1"
"""
DIGEST = """
[[sinks]]
name = "lead"
type = "console"

[[digests]]
name = "morning"
at = "00:00"
to = ["lead"]
"""
SECOND = timedelta(seconds=1)


async def test_work_that_always_fails_makes_the_daemon_unready_but_not_dead(tmp_path: Path) -> None:
    """Its clockwork goes round, so a restart would not help; but nobody is told of anything."""
    path, clock = tmp_path / "config.toml", ManualClock(START)
    path.write_text(CONFIG)
    settings = load(path, plugins.networks(), {"VK_TOKEN": "t" * 20})
    async with started(settings, clock) as daemon:
        assert not (await daemon._workers.monitor.health()).live
        await daemon.tick()
        assert (await daemon._workers.monitor.health()).ready
        with closing(sqlite3.connect(settings.general.database)) as other:
            other.execute("ALTER TABLE cases RENAME TO lost")
        clock.advance(timedelta(seconds=31))
        with pytest.raises(sqlite3.OperationalError):
            await daemon.tick()
        health = await daemon._workers.monitor.health()
    assert health.live
    assert health.problems == ("no tick has come to its end for 30 s: the log says why",)


async def test_a_round_makes_sheets_of_the_days_that_are_over(tmp_path: Path) -> None:
    """Where no daemon runs reports need not begin with the whole past, either."""
    path, clock = tmp_path / "config.toml", ManualClock(START)
    path.write_text(CONFIG)
    settings = load(path, plugins.networks(), {"VK_TOKEN": "t" * 20})
    shop = open_shop(settings.general.database)
    shop.now = START
    shop.hear(said(-24 * 60, "yesterday"))
    shop.store.close()

    async with started(settings, clock) as daemon:
        await daemon.round()

    with closing(sqlite3.connect(settings.general.database)) as other:
        days = other.execute("SELECT DISTINCT day FROM sheets").fetchall()
    assert days == [("2026-11-22",)]


class _Counting(Observer):
    """Hears of ticks."""

    ticks = 0

    def ticked(self, _took: timedelta) -> None:
        """Count one that has come to its end."""
        self.ticks += 1


async def test_ticks_that_are_asked_for_at_once_are_one_or_two(tmp_path: Path) -> None:
    """Hundreds of accounts that find something together cost no tick each, and none goes without."""
    path, clock, counting = tmp_path / "config.toml", ManualClock(START), _Counting()
    path.write_text(CONFIG)
    settings = load(path, plugins.networks(), {"VK_TOKEN": "t" * 20})
    async with started(settings, clock) as daemon:
        daemon._workers.tick._observer = counting
        async with asyncio.TaskGroup() as polls:
            polls.create_task(daemon.tick())
            await asyncio.sleep(0)
            for _ in range(100):
                polls.create_task(daemon.tick())
        assert counting.ticks == 2
        works = asyncio.create_task(daemon.tick())
        await asyncio.sleep(0)
        given_up = asyncio.create_task(daemon.tick())
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(works, given_up, return_exceptions=True)
        await daemon.tick()
    assert counting.ticks == 4


async def test_no_digest_is_written_before_anything_was_read(tmp_path: Path) -> None:
    """That nobody waits would not be known; and after a minute it says what was never read."""
    path, clock = tmp_path / "config.toml", ManualClock(START)
    path.write_text(CONFIG + DIGEST)
    settings = load(path, plugins.networks(), {"VK_TOKEN": "t" * 20})
    async with started(settings, clock) as daemon:
        daemon._workers.watches.begin_to_read({})
        await daemon._workers.machine.begin({"shop-vk": timedelta(minutes=2)})
        for seconds, written in ((0, []), (59, []), (1, ["shop-vk not read yet"])):
            clock.advance(seconds * SECOND)
            await daemon.tick()
            with closing(sqlite3.connect(settings.general.database)) as other:
                alerts = other.execute("SELECT facts FROM alerts WHERE reason = 'daily_digest'")
                assert [dict(json.loads(facts))["Accounts"] for (facts,) in alerts] == written
