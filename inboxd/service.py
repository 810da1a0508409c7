"""The life of a process that works: one daemon alone on its database, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.daemon import Daemon
from inboxd.plan import Plan
from inboxd.store import DaemonLock, Store
from inboxd.workers.storethread import StoreThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from inboxd.clock import Clock
    from inboxd.config import Settings
    from inboxd.daemon import RoundResult
    from inboxd.workers.poller import Progress

log = structlog.get_logger(__name__)


@asynccontextmanager
async def started(
    settings: Settings, clock: Clock, watch: Callable[[Progress], None] = lambda _: None
) -> AsyncIterator[Daemon]:
    """Yield a daemon that alone works on its database, ready to run; *watch* sees it read."""
    # First of all: what is wrong with the configuration is no matter for later.
    plan = Plan.of(settings)
    with alone_on(settings.general.database) as thread:
        daemon = Daemon(plan, thread, clock, watch=watch)
        try:
            await daemon.prepare()
            yield daemon
        finally:
            await daemon.close()


@contextmanager
def alone_on(database: Path) -> Iterator[StoreThread]:
    """Yield the thread of *database*'s store, which no other daemon works on meanwhile."""
    with ExitStack() as stack:
        lock = DaemonLock(database)
        lock.acquire()
        stack.callback(lock.release)
        thread = StoreThread(Store(database))
        stack.callback(thread.close)
        yield thread


async def run_until_stopped(settings: Settings, clock: Clock) -> None:
    """Run the daemon until the process is told to stop (SIGTERM, SIGINT)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with started(settings, clock) as daemon:
        await daemon.run(stop)


async def run_once(
    settings: Settings, clock: Clock, watch: Callable[[Progress], None] = lambda _: None
) -> RoundResult:
    """Do one full round, for cron and timers: there is no later for an alert to wait for."""
    at_once = replace(settings.grouping, wait=timedelta())
    spikes = replace(settings.spikes, every=timedelta()) if settings.spikes else None
    settings = replace(settings, grouping=at_once, spikes=spikes)
    async with started(settings, clock, watch) as daemon:
        result = await daemon.round()
        if result.ok:
            await daemon.beat()
        return result
