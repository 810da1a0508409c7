"""
Whether the daemon grows: a month of a busy shop, on a clock that runs fast.

The daemon and the simulated networks are a process each, on clocks that run alike. Customers
write on three networks all day, as they did for two months before it began, all of them are answered (who is not would be one more open case each
time, and more to do), and the daemon's memory is looked at once a simulated day. Measured is the slope of a straight line through the days after the first
ten, in which caches fill; and how many messages were not stored by the end. As a day
lasts half a minute, the networks are asked every quarter of an hour only.

``python -m benchmarks.month BEGINS SPEED`` is the daemon, in the folder of its configuration.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import linear_regression
from typing import TYPE_CHECKING

from benchmarks import networks
from benchmarks.figures import Figure
from benchmarks.processes import cpu_seconds, peak_mb, resident_mb, running
from inboxd import logs, plugins
from inboxd.clock import SystemClock
from inboxd.config import load
from inboxd.service.life import started
from inboxd.store import Store
from inboxd.store.times import to_text

if TYPE_CHECKING:
    from datetime import datetime
    from subprocess import Popen

    from benchmarks.networks import Networks

DAYS = 30
SPEED = 3_000
"""A day in 29 seconds."""
_POLL_EVERY = 'poll_every = "15m"'
CUSTOMERS = 1_000
"""
Of each network. One writes privately every six days, so that a case has ended before the next
begins: with fifty, each had one that went on all month, and what is read of it grew.
"""
AN_HOUR = 14
"""Messages an hour on each network: a thousand a day on the three."""
BEFORE = timedelta(days=60)
"""
For so long customers have written when the daemon begins.

Then each conversation holds the 20 messages of which Facebook shows no more with a list of
conversations. Until it does, pages become longer each day, and so does what reading one takes.
"""
WARM_AFTER = 10
GOAL_MB_A_MONTH = 3.0
AS_THE_UNIT_DOES = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
_CATCH_UP_SECONDS = 60
_COUNT = "SELECT count(*) FROM messages WHERE direction = 'inbound' AND sent_at >= ?"
_AN_HOUR = timedelta(hours=1)


def run(days: int = DAYS) -> list[Figure]:
    """Measure, and return the figures."""
    arguments = [SystemClock().now().isoformat(), str(SPEED)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inboxd-bench-")))
        served = stack.enter_context(networks.served(*arguments, customers=CUSTOMERS))
        networks.write_config(folder, _rarely_polled(served.config))
        for hours in range(BEFORE // _AN_HOUR, 0, -1):
            served.write(AN_HOUR, over=_AN_HOUR, answered=AN_HOUR, ago=hours * _AN_HOUR)
        begun = networks.clock(arguments).now()
        command = [sys.executable, "-m", "benchmarks.month", *arguments, str(folder)]
        environment = networks.ENVIRONMENT | {"PYTHONPATH": str(networks.ROOT)} | AS_THE_UNIT_DOES
        daemon = stack.enter_context(running(command, folder, environment))
        memory = _live_through(served, daemon, days)
        missing = _missing(folder, begun, 3 * 24 * AN_HOUR * days)
        used, size = cpu_seconds(daemon.pid), (folder / "inboxd.db").stat().st_size
        gone = Figure("  messages not stored within a minute", f"{missing}", met=not missing)
        return [*_figures(memory, used, size, peak_mb(daemon.pid)), gone]


def _rarely_polled(config: str) -> str:
    """Return a configuration in which each account is polled as often as this speed allows."""
    lines = (line for line in config.splitlines() if not line.startswith("poll_every"))
    return "\n".join(f"{line}\n{_POLL_EVERY}" if line == "[[accounts]]" else line for line in lines)


def _live_through(served: Networks, daemon: Popen[bytes], days: int) -> list[float]:
    """Return the daemon's memory in MB at the end of each of *days*."""
    memory = []
    for _ in range(days):
        for _ in range(24):
            time.sleep(3_600 / SPEED)
            served.write(AN_HOUR, over=_AN_HOUR, answered=AN_HOUR)
        assert daemon.poll() is None, "the daemon stopped by itself"
        memory.append(resident_mb(daemon.pid))
    return memory


def _missing(folder: Path, begun: datetime, expected: int) -> int:
    """Return how many of the messages since the start are still not stored after a while."""
    stored = 0
    with Store(folder / "inboxd.db", create=False) as store:
        for _ in range(_CATCH_UP_SECONDS):
            (stored,) = store.database.execute(_COUNT, (to_text(begun),)).fetchone()
            if stored == expected:
                break
            time.sleep(1)
    return expected - stored


def _figures(memory: list[float], used: float, size: int, peak: float) -> list[Figure]:
    settled = memory[WARM_AFTER:]
    slope, _ = linear_regression(range(len(settled)), settled)
    growth = slope * 30
    messages = 3 * 24 * AN_HOUR * len(memory)
    return [
        Figure(
            f"month: memory grows, {len(memory)} days of {messages // len(memory):,} messages",
            f"{growth:+.1f} MB a month",
            f"{memory[0]:.0f} MB after the first day, {memory[-1]:.0f} after the last",
            memory[-1] / settled[0],
            f"< {GOAL_MB_A_MONTH:g} MB",
            growth < GOAL_MB_A_MONTH,
        ),
        Figure("  at most", f"{peak:.0f} MB"),
        Figure("  time of the processor, a day of it", f"{used / len(memory):.1f} s"),
        Figure(
            "  the database for each customer's message, its answer and its cases",
            f"{size / messages:,.0f} bytes",
        ),
    ]


async def _run(begins: str, speed: str, folder: str) -> None:
    settings = load(Path(folder) / "config.toml", plugins.networks())
    logs.configure(secrets=settings.secrets(), quiet=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with started(settings, networks.clock((begins, speed))) as daemon:
        await daemon.run(stop)


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
