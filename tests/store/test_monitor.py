"""Promises of what monitors are told when the database is in trouble: the truth, and in time."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from inboxd import plugins
from inboxd.clock import ManualClock
from inboxd.config import load
from inboxd.metrics import Metrics
from inboxd.model import Alert, Tone
from inboxd.workers.context import Context
from inboxd.workers.monitor import Monitor
from inboxd.workers.storethread import StoreThread
from tests.store.metrics import Scrape
from tests.store.shop import START, Shop, at, open_shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CONFIG = """
[[accounts]]
name = "shop-vk"
network = "vk"
group_id = 1
token = { env = "VK_TOKEN" }
streams = ["direct_messages"]

[[sinks]]
name = "support"
type = "console"
"""
IN_TIME = 4.0
"""Seconds within which whoever asks is answered."""


class Watched:
    """A shop with somebody who asks how it stands."""

    def __init__(self, folder: Path) -> None:
        self.shop: Shop = open_shop(folder / "inboxd.db")
        self.clock = ManualClock(START)
        self.thread = StoreThread(self.shop.store)
        context = Context(self.thread, self.shop.pipeline, self.clock, ("support",))
        (folder / "config.toml").write_text(CONFIG)
        settings = load(folder / "config.toml", plugins.networks_unloaded(), secrets=False)
        self.troubles: list[str] = []
        self._new = partial(Monitor, settings, context, self.clock.now, lambda _: self.troubles)
        self.monitor = self._new(Metrics())

    def forget(self) -> None:
        """Ask anew from now on."""
        self.monitor = self._new(Metrics())

    async def problems(self) -> list[str]:
        """Return what is said to be wrong, which must be said in time."""
        return [*(await asyncio.wait_for(self.monitor.health(), IN_TIME)).problems]

    async def scrape(self) -> Scrape:
        """Return what is counted and measured, which must be told in time."""
        return Scrape(await asyncio.wait_for(self.monitor.metrics(), IN_TIME))


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    opened = Watched(tmp_path)
    yield opened
    await opened.monitor.close()
    opened.thread.close()


async def test_a_shop_without_troubles_has_no_problems(watched: Watched) -> None:
    """It is ready, and the scrape says so as well."""
    assert await watched.problems() == []
    seen = await watched.scrape()
    assert seen("inboxd_ready") == seen("inboxd_database_readable") == 1
    assert seen("inboxd_last_tick_timestamp_seconds") == START.timestamp()


async def test_what_is_not_read_and_not_taken_is_named(watched: Watched) -> None:
    """An account that is blind, a sink that refuses, a receiver with what should have gone."""
    store = watched.shop.store
    store.sources.told("shop-vk", ["feed"], "blind", START, START)
    for key, thread, reason in (
        ("k1", "receiver:support", "sink_refused"),
        ("k2", "case:1", "step_due"),
    ):
        alert = Alert(key, thread, reason, Tone.WARNING, "-", START)
        store.outbox.add_alert(alert, ["lead"])
    watched.clock.set(at(9))
    assert await watched.problems() == ["shop-vk is not read", "support takes no alerts"]
    watched.clock.set(at(11))
    watched.forget()
    watched.troubles = ["poll of shop-vk: no sign of life for 10m"]
    assert watched.troubles[0] in await watched.problems()
    assert "lead does not take what is sent" in await watched.problems()


async def test_an_account_that_is_read_late_is_not_called_unread(watched: Watched) -> None:
    """It is a trouble all the same; where another source of it is blind, that is what is told."""
    sources = watched.shop.store.sources
    sources.succeeded("shop-vk", "feed", START)
    sources.told("shop-vk", ["feed"], "deaf", START, START)
    assert await watched.problems() == ["shop-vk does not deliver: it is read late"]
    assert watched.shop.store.figures.in_short(["shop-vk"], START) == (1, 0)
    sources.told("shop-vk", ["comments"], "blind", START, START)
    watched.forget()
    assert await watched.problems() == ["shop-vk is not read"]
    assert watched.shop.store.figures.in_short(["shop-vk"], START) == (0, 0)


async def test_a_locked_database_is_a_problem_and_no_silence(watched: Watched) -> None:
    """Another program holds it: who asks hears so in seconds, and nobody waits for the lock."""
    with closing(sqlite3.connect(watched.shop.store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        answers = await asyncio.gather(*(watched.problems() for _ in range(50)))
        assert time.monotonic() - began < IN_TIME
        assert answers == [["the database does not answer: it is locked, or busy"]] * 50
        other.execute("ROLLBACK")


async def test_a_busy_store_is_a_problem_and_metrics_do_without(watched: Watched) -> None:
    """What the process knows is told all the same; what the database tells is missing, and marked."""
    go_on = threading.Event()
    busy = asyncio.create_task(watched.thread.run(lambda _: go_on.wait(10)))
    try:
        problems, seen = await asyncio.gather(watched.problems(), watched.scrape())
    finally:
        go_on.set()
        await busy
    assert problems == ["the database does not answer: it is locked, or busy"]
    assert seen("inboxd_ready") == seen("inboxd_database_readable") == 0
    assert seen.has("inboxd_tick_duration_seconds_count")
    assert not seen.has("inboxd_waiting_cases")


async def test_a_database_that_takes_no_writes_is_a_problem(watched: Watched) -> None:
    """It is tried, and not guessed: a full disk shows only to those who write."""
    watched.shop.store.database.execute("PRAGMA query_only = 1")
    (problem,) = await watched.problems()
    assert "attempt to write a readonly database" in problem


async def test_asking_costs_no_more_the_more_often_it_is_done(watched: Watched) -> None:
    """A hundred questions a second are one look into the database every other second."""
    asked: list[str] = []
    watched.shop.store.database.set_trace_callback(asked.append)
    for _ in range(100):
        await watched.problems()
        await watched.scrape()
    watched.shop.store.database.set_trace_callback(None)
    assert len([each for each in asked if "monitored_at" in each]) <= 2
    assert len([each for each in asked if "database_list" in each]) <= 2


def test_a_probe_leaves_no_growing_trace(tmp_path: Path) -> None:
    """That somebody looked is kept in one row, whoever looks for years."""
    shop = open_shop(tmp_path / "inboxd.db")
    for minute in range(5):
        shop.store.prove_writable(START + timedelta(minutes=minute))
    assert shop.value("SELECT count(*) FROM memory WHERE name = 'monitored_at'") == 1
    shop.store.close()
