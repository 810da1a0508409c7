"""
How fast messages come over the wire: simulator, HTTP, the real SDKs, and the whole pipeline.

The simulator has a process of its own. All sources have been read once when customers begin
to write, on one network and then on all three; measured is from there until the last new
message is stored. That VK is read back behind its long poll, at the 20 calls a second that
it allows, finds nothing new and does not count.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import networks
from benchmarks.figures import Figure
from inboxd import logs, plugins
from inboxd.clock import SystemClock
from inboxd.config import load
from inboxd.daemon import connected
from inboxd.pipeline import Pipeline
from inboxd.store import Store
from inboxd.workers.context import Context
from inboxd.workers.poller import Poller
from inboxd.workers.storethread import StoreThread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inboxd.config import Settings
    from inboxd.store import Stored

_PARTS = (("shop-vk",), ("shop-fb",), ("shop-x",), ("shop-vk", "shop-fb", "shop-x"))
MESSAGES = 900
"""On each network: fewer than the 1,000 events that VK keeps for a long poll."""
ROUNDS = 3
GOAL = 1_000


def run(messages: int = MESSAGES, rounds: int = ROUNDS) -> list[Figure]:
    """Measure, and return the figures."""
    with tempfile.TemporaryDirectory(prefix="inboxd-bench-") as name:
        measured = [_round(Path(name), messages) for _ in range(rounds)]
    return [
        _figure(part, max(rates, key=lambda each: each.a_second))
        for part, rates in zip(_PARTS, zip(*measured, strict=True), strict=True)
    ]


def _round(folder: Path, messages: int) -> list[_Rate]:
    rates = []
    for part in _PARTS:
        with networks.served() as served:
            path = networks.write_config(folder, served.config)
            settings = load(path, plugins.networks(), networks.ENVIRONMENT)
            logs.configure(secrets=settings.secrets(), stream=io.StringIO())
            rates.append(asyncio.run(_read(settings, part, lambda: served.write(messages))))
    return rates


@dataclass(frozen=True, slots=True)
class _Rate:
    """Messages a second, our share of a core meanwhile, and how many messages."""

    a_second: float
    busy: float
    count: int


class _NotingPipeline(Pipeline):
    """A pipeline that remembers when something new was last stored."""

    last = (0.0, 0.0)

    def ingest(self, *args: Any, **kwargs: Any) -> Stored:  # noqa: ANN401 - passed on
        """Store a page."""
        stored = super().ingest(*args, **kwargs)
        if stored.new:
            self.last = time.perf_counter(), time.process_time()
        return stored


def _figure(part: Sequence[str], rate: _Rate) -> Figure:
    together = len(part) > 1
    return Figure(
        f"wire: {'all three at once' if together else part[0]}, {rate.count:,} messages",
        f"{rate.a_second:,.0f}/s",
        f"our process busy {rate.busy:.0%}",
        goal=f"≥ {GOAL:,}/s" if together else "",
        met=rate.a_second >= GOAL if together else None,
    )


async def _read(settings: Settings, names: Sequence[str], write: Callable[[], None]) -> _Rate:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inboxd-bench-")))
        store = Store(folder / "inboxd.db")
        thread = StoreThread(store)
        stack.callback(thread.close)
        clock = SystemClock()
        pipeline = _NotingPipeline(store, settings.rules)
        context = Context(thread, pipeline, clock, settings.alert_to)
        pollers = []
        for account in settings.accounts:
            if account.name in names:
                opened = connected(account, settings, clock)
                stack.push_async_callback(opened.connector.close)
                pollers.append(Poller(opened, context))
        await asyncio.gather(*(poller.poll_to_the_end() for poller in pollers))
        write()
        began, worked = time.perf_counter(), time.process_time()
        results = await asyncio.gather(*(poller.poll_to_the_end() for poller in pollers))
        assert not [name for result in results for name in result.failed]
        ended, working = pipeline.last
        count = sum(result.new for result in results)
    took = ended - began
    return _Rate(count / took, (working - worked) / took, count)
