"""
How many accounts one daemon carries: a third of them on each network, every one asked every 30 s.

The daemon is the shipped one, the networks another process. Over a minute in which nothing
happens, and over one in which each account gets two messages, it is seen how much of a core it
takes, for how long the source went unread that did so the longest (every ten seconds; the ratio is
that to the interval), and how long ticks took: whether somebody is told in time. All accounts of a network see the same world, so that one message there is one
for each of them. The simulator has one core to itself; where it has no room left it says so.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import networks, scraped, start
from benchmarks.figures import Figure
from benchmarks.processes import cpu_seconds, files, peak_mb, resident_mb, running, threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.networks import Networks
    from benchmarks.scraped import Monitored, Scrape

SIZES = (3, 30, 99, 300, 999)
EVERY_SECONDS = 30
WINDOW_SECONDS = 60
MESSAGES = 2
"""To each account within the window."""
LOOKS = 6
GOAL_UNREAD_SECONDS = 45
"""Half as long again as it should be: a round that takes longer makes the next one late."""
_LAST_SUCCESS = "inboxd_source_last_success_timestamp_seconds"
_SETTLE_SECONDS = 10
_READ_WITHIN_SECONDS = 300
_LATE_TICK = "1.0"
"""Seconds; ticks are a second apart."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How a daemon stood at an instant, and how much of a core the networks had taken."""

    at: float
    used: float
    networks: float
    told: Scrape


@dataclass(frozen=True, slots=True)
class _Daemon:
    pid: int
    networks: int
    monitored: Monitored

    def look(self) -> _Look:
        told = self.monitored.scrape()
        return _Look(time.monotonic(), cpu_seconds(self.pid), cpu_seconds(self.networks), told)


def run(sizes: tuple[int, ...] = SIZES) -> list[Figure]:
    """Measure, and return the figures."""
    return [figure for size in sizes for figure in _measure(size)]


def _measure(size: int) -> list[Figure]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inboxd-bench-")))
        served = stack.enter_context(networks.served(shops=size // 3))
        monitored = scraped.monitored()
        networks.write_config(folder, _all_alike(served.config) + monitored.config)
        command = [*start.INBOXD, "run"]
        process = stack.enter_context(running(command, folder, served.environment))
        daemon = _Daemon(process.pid, served.pid, monitored)
        took = _until_all_are_read(daemon, size)
        return [
            Figure(
                f"accounts: {size}, memory (peak {peak_mb(daemon.pid):.0f} MB)",
                f"{resident_mb(daemon.pid):.0f} MB",
                f"{threads(daemon.pid)} threads, {files(daemon.pid)} files, "
                f"all read {took:.1f} s after the start",
            ),
            _figure("  nothing new", *_watched(daemon)),
            _figure(f"  {MESSAGES} messages a minute to each", *_watched(daemon, served)),
        ]


def _all_alike(config: str) -> str:
    lines = (line for line in config.splitlines() if not line.startswith("poll_every"))
    every = f'poll_every = "{EVERY_SECONDS}s"'
    return "\n".join(f"{line}\n{every}" if line == "[[accounts]]" else line for line in lines)


def _read_at(told: Scrape) -> list[float]:
    """Return when each source that was ever read was read last, as seconds of the epoch."""
    return [at for name, _, at in told.samples if name == _LAST_SUCCESS and at]


def _until_all_are_read(daemon: _Daemon, size: int) -> float:
    """Wait until every source of *size* accounts was read once, and a moment; return how long."""
    began = time.monotonic()
    while len(_read_at(daemon.look().told)) < _expected_sources(size):
        assert time.monotonic() < began + _READ_WITHIN_SECONDS, "not all accounts are ever read"
        time.sleep(0.5)
    took = time.monotonic() - began
    time.sleep(_SETTLE_SECONDS)
    return took


def _expected_sources(size: int) -> int:
    """VK has a long poll and what is read back behind it, conversations and wall; others two."""
    return size // 3 * (3 + 2 + 2)


def _watched(daemon: _Daemon, served: Networks | None = None) -> tuple[list[_Look], float]:
    """Return the looks over a while, and how long the source was unread that was so the longest."""
    looks = [daemon.look()]
    for number in range(LOOKS):
        if served and number % (LOOKS // MESSAGES) == 0:
            served.write(1)
        time.sleep(WINDOW_SECONDS / LOOKS)
        looks.append(daemon.look())
    # A daemon that is too busy for its database answers without it.
    told = [each for each in looks if _read_at(each.told)]
    behind = time.time() - time.monotonic()
    return looks, max((behind + each.at - min(_read_at(each.told)) for each in told), default=inf)


def _figure(what: str, looks: Sequence[_Look], unread: float) -> Figure:
    begin, end = looks[0], looks[-1]
    over = end.at - begin.at

    def more(name: str, **labels: str) -> float:
        return end.told.total(name, **labels) - begin.told.total(name, **labels)

    ticks = more("inboxd_tick_duration_seconds_count")
    late = ticks - more("inboxd_tick_duration_seconds_bucket", le=_LATE_TICK)
    found, failed = more("inboxd_messages_total"), more("inboxd_polls_total", outcome="failed")
    return Figure(
        what + (f", {found:.0f} found" if found else ""),
        f"{(end.used - begin.used) / over:.1%} of a core",
        f"unread for {unread:.0f} s; {ticks:.0f} ticks, {late:.0f} over 1 s; {failed:.0f} polls failed; "
        f"networks {(end.networks - begin.networks) / over:.0%}",
        unread / EVERY_SECONDS,
        f"unread for < {GOAL_UNREAD_SECONDS} s",
        unread < GOAL_UNREAD_SECONDS,
    )
