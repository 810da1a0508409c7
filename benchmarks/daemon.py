"""
What the daemon costs when nothing happens: memory, and its share of a core.

Three accounts, polled as often as by default (30 s; X every 2 min) from a simulator in a
process of its own. Beside it, over the same seconds, runs the least such a daemon could be:
an idle aiohttp server with an APScheduler that ticks as often and does nothing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import networks, start
from benchmarks.figures import Figure
from benchmarks.processes import cpu_seconds, peak_mb, resident_mb, running

if TYPE_CHECKING:
    from subprocess import Popen

MESSAGES = 200
"""On each network, over the day before: next to none still lies in the overlap of a poll."""
SETTLE_SECONDS = 8
QUIET_SECONDS = 15
"""Between two polls: what the ticks cost alone."""
WHOLE_SECONDS = 30
"""With one poll of VK and of Facebook; X's comes too rarely to fall into it."""
GOAL_MB = 110.0
GOAL_CPU_PERCENT = 0.5

_IDLE = """
import asyncio
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler

async def nothing(): pass

async def main():
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(nothing, "interval", seconds=1)
    scheduler.start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


def run() -> list[Figure]:
    """Measure, and return the figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inboxd-bench-")))
        served = stack.enter_context(networks.served())
        served.write(MESSAGES, over=timedelta(days=1))
        networks.write_config(folder, served.config)
        daemon = stack.enter_context(running([*start.INBOXD, "run"], folder, networks.ENVIRONMENT))
        idle = stack.enter_context(running([sys.executable, "-c", _IDLE], folder, {}))
        return _watch(daemon, idle)


def _watch(daemon: Popen[bytes], idle: Popen[bytes]) -> list[Figure]:
    pids = (daemon.pid, idle.pid)
    time.sleep(SETTLE_SECONDS)
    begin = [cpu_seconds(pid) for pid in pids]
    time.sleep(QUIET_SECONDS)
    quiet = [cpu_seconds(pid) for pid in pids]
    time.sleep(WHOLE_SECONDS - QUIET_SECONDS)
    end = [cpu_seconds(pid) for pid in pids]
    ours, least = (resident_mb(pid) for pid in pids)
    assert daemon.poll() is None, "the daemon stopped by itself"
    ticks = [_percent(a, b, QUIET_SECONDS) for a, b in zip(begin, quiet, strict=True)]
    whole = [_percent(a, b, WHOLE_SECONDS) for a, b in zip(begin, end, strict=True)]
    return [
        Figure(
            f"daemon: memory, three accounts (peak {peak_mb(daemon.pid):.0f} MB)",
            f"{ours:.0f} MB",
            f"{least:.0f} MB idle aiohttp",
            ours / least,
            f"< {GOAL_MB:g} MB",
            ours < GOAL_MB,
        ),
        _share("daemon: share of a core, nothing new", whole, GOAL_CPU_PERCENT),
        _share("  the ticks alone", ticks, None),
    ]


def _percent(before: float, after: float, over: float) -> float:
    return 100 * (after - before) / over


def _share(what: str, shares: list[float], goal: float | None) -> Figure:
    ours, least = shares
    return Figure(
        what,
        f"{ours:.2f} %",
        f"{least:.2f} %",
        goal="" if goal is None else f"< {goal:g} %",
        met=None if goal is None else ours < goal,
    )
