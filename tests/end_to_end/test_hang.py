"""What hangs starves the watchdog, and what only takes long does not: seen on a real daemon."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd import plugins
from inboxd.clock import SystemClock
from inboxd.config import load
from inboxd.daemon import Daemon
from inboxd.plan import Plan
from inboxd.service.life import alone_on
from inboxd.simulator.faults import Fault
from inboxd.watchdog import Vigil
from tests.end_to_end.shop import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.workers.poller import Progress
    from inboxd.workers.storethread import StoreThread
    from tests.end_to_end.shop import Shop

MINUTE = timedelta(minutes=1)
AT_ONCE = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot"] }]
"""


@dataclass
class Watch:
    """A vigil whose clock is moved by hand, and what was seen while reading got on."""

    at: timedelta = timedelta()
    minutes_a_page: int = 0
    pages: int = 0
    hung_while_reading: set[str] = field(default_factory=set)
    vigil: Vigil = field(init=False)

    def __post_init__(self) -> None:
        self.vigil = Vigil(monotonic=lambda: self.at)

    def got_on(self, progress: Progress) -> None:
        """See a page."""
        self.pages += 1
        hung = [each for each in self.vigil.hung() if progress.account in each]
        self.hung_while_reading.update(hung)
        self.at += self.minutes_a_page * MINUTE

    @property
    def hung(self) -> set[str]:
        """Return the names of what hangs."""
        return {each.partition(":")[0] for each in self.vigil.hung()}


@asynccontextmanager
async def working(shop: Shop, watch: Watch) -> AsyncIterator[tuple[Daemon, StoreThread]]:
    """Let a daemon work in this process, and yield it with its thread once all was read."""
    settings = load(shop.config, plugins.networks(), shop.environment)
    with alone_on(settings.general.database) as thread:
        daemon = Daemon(
            Plan.of(settings), thread, SystemClock(), watch=watch.got_on, vigil=watch.vigil
        )
        leave = asyncio.Event()
        try:
            await daemon.prepare()
            task = asyncio.create_task(daemon.run(leave))
            await until(lambda: watch.pages > 20, "everything to be read")
            yield daemon, thread
            leave.set()
            await task
        finally:
            await daemon.close()


@pytest.mark.slow
async def test_a_network_and_a_receiver_that_never_answer(shop: Shop) -> None:
    """Longer than thirty of their calls may take: each is named, and nothing else."""
    shop.configure(AT_ONCE, general="blind_after = 1000")
    watch = Watch()
    async with working(shop, watch):
        silent = shop.simulator.faults.switch_on("slack", Fault.TIMEOUT)
        shop.write("facebook", "private", "Где мой заказ?", who=1)
        await until(lambda: silent.hits, "the receiver to be asked")
        silent_too = shop.simulator.faults.switch_on("vk", Fault.TIMEOUT)
        await until(lambda: silent_too.hits, "the network to be asked")

        watch.at += 4 * MINUTE
        assert watch.hung == set()
        watch.at += 2 * MINUTE
        await until(lambda: watch.hung == {"poll of shop-vk", "delivery to bot"}, "the two to hang")


@pytest.mark.slow
async def test_a_store_that_does_not_come_back(shop: Shop) -> None:
    """No tick comes round without it; and all is well when it does."""
    watch, released = Watch(), threading.Event()
    async with working(shop, watch) as (_, thread):
        stuck = asyncio.create_task(thread.run(lambda _: released.wait(30)))
        await asyncio.sleep(1.5)
        watch.at += 6 * MINUTE
        assert "tick" in watch.hung

        released.set()
        await stuck
        await until(lambda: not watch.hung, "the tick to come round")


@pytest.mark.slow
async def test_a_first_read_that_takes_long_is_no_hang(shop: Shop) -> None:
    """Four minutes a page, for as many pages as there are."""
    shop.write_everywhere("Где мой заказ?")
    watch = Watch(minutes_a_page=4)
    async with working(shop, watch):
        pass

    assert watch.at > 60 * MINUTE
    assert watch.hung_while_reading == set()


@pytest.mark.slow
async def test_how_it_stands_names_accounts_that_are_not_read(shop: Shop) -> None:
    """In a few words: of how many accounts nobody knows a trouble, and how many customers wait."""
    now = SystemClock().now()
    later = now + timedelta(hours=1)  # or the next read ends it
    async with working(shop, Watch()) as (daemon, thread):
        well = await daemon.standing()
        await thread.run(lambda store: store.sources.told("shop-fb", ["feed"], "blind", now, later))
        blind = await daemon.standing()

    assert well == "3 accounts read, 0 waiting"
    assert blind == "2 of 3 accounts read, 0 waiting"
