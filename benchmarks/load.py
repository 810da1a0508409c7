"""
How many messages a second a daemon keeps up with, and how soon somebody is told of one.

The daemon is the shipped one and does everything: reads (all three networks, every five seconds),
stores, judges, tracks, and tells of each new case, up to twenty together after a second, to a Slack
that sets no limits. The networks and Slack are another process. Customers write at a steady rate
for a while, half of them in public, which opens a case each. It kept up if no backlog was left soon
after they stopped. How long it took from a message's time, which networks tell in whole seconds, until
Slack had the alert is told of all cases that were opened; half an interval of it is waiting for
the next poll.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from benchmarks import networks, start
from benchmarks.figures import Figure
from benchmarks.processes import cpu_seconds, running

if TYPE_CHECKING:
    from collections.abc import Sequence
    from subprocess import Popen

    from benchmarks.networks import Networks

RATES = (3, 30, 150, 300, 600)
"""Messages a second, on the three networks together."""
SECONDS = 20

_EVERY = 5
_KEPT_UP_SECONDS = 15.0
"""After the last message was written: three polls."""
_PATIENCE_SECONDS = 90.0
_FIRST_READ_SECONDS = 60.0
_RULES = """
[[sinks]]
name = "team"
type = "slack"
webhook_url = { env = "SLACK_WEBHOOK" }

[grouping]
wait = "1s"

[[policies]]
name = "everything"
first_response = "4h"
steps = [{ at = "0%", to = ["team"] }]
"""
_READ = "SELECT count(succeeded_at), count(*) FROM sources"
_STORED = "SELECT count(*) FROM messages WHERE direction = 'inbound'"
_LEFT = """
SELECT (SELECT count(*) FROM messages WHERE direction = 'inbound' AND classified_at IS NULL)
     + (SELECT count(*) FROM cases WHERE status = 'waiting' AND next_step_at IS NOT NULL)
     + (SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending'))
"""
_TOLD = """
SELECT m.sent_at, o.done_at
  FROM outbox AS o JOIN alerts AS a ON a.id = o.alert_id JOIN cases AS c ON c.id = a.case_id
  JOIN messages AS m ON m.id = c.first_message_id
 WHERE o.state = 'sent' AND c.id > ?
"""
_LAST_CASE = "SELECT coalesce(max(id), 0) FROM cases"


def run(rates: tuple[int, ...] = RATES) -> list[Figure]:
    """Measure, and return the figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inboxd-bench-")))
        served = stack.enter_context(networks.served())
        networks.write_config(folder, _often_polled(served.config).replace(networks.RULES, _RULES))
        command = [*start.INBOXD, "run"]
        daemon = stack.enter_context(running(command, folder, served.environment))
        database = stack.enter_context(closing(_opened(folder / "inboxd.db")))
        load, figures = _Load(served, daemon, database), []
        for rate in rates:
            figures.append(load.measure(rate))
            if not figures[-1].met:
                break  # What is left over would be measured with the next.
        return figures


def _often_polled(config: str) -> str:
    lines = (line for line in config.splitlines() if not line.startswith("poll_every"))
    every = f'poll_every = "{_EVERY}s"'
    told = "\n".join(f"{line}\n{every}" if line == "[[accounts]]" else line for line in lines)
    return f"{told}\n"


def _opened(path: Path) -> sqlite3.Connection:
    """Return the daemon's database, once every source has been read."""
    until = time.monotonic() + _FIRST_READ_SECONDS
    while time.monotonic() < until:
        time.sleep(0.5)
        if not path.exists():
            continue
        database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        with suppress(sqlite3.OperationalError):  # It is being made.
            read, all_sources = database.execute(_READ).fetchone()
            if all_sources and read == all_sources:
                return database
        database.close()
    raise AssertionError("the daemon never read all networks")


@dataclass(frozen=True, slots=True)
class _Load:
    served: Networks
    daemon: Popen[bytes]
    database: sqlite3.Connection

    def measure(self, rate: int) -> Figure:
        """Write so many messages a second for a while, and wait until all are done with."""
        stored, last = self._one(_STORED), self._one(_LAST_CASE)
        began, used = time.monotonic(), cpu_seconds(self.daemon.pid)
        for second in range(1, SECONDS + 1):
            self.served.write(rate // 3, over=networks.A_SECOND)
            time.sleep(max(0.0, began + second - time.monotonic()))
        wrote = time.monotonic() - began
        behind = self._caught_up(stored + rate // 3 * 3 * SECONDS)
        spent = cpu_seconds(self.daemon.pid) - used
        busy = spent / (wrote + behind)
        return self._figure(rate * SECONDS / wrote, behind, busy, self._delays(last))

    def _caught_up(self, expected: int) -> float:
        """Return how long it took until *expected* messages were there and all done with, or too long."""
        began = time.monotonic()
        while self._one(_STORED) < expected or self._one(_LEFT):
            if time.monotonic() - began > _PATIENCE_SECONDS:
                break
            time.sleep(0.1)
        return time.monotonic() - began

    def _one(self, question: str) -> int:
        (answer,) = self.database.execute(question).fetchone()
        return int(answer)

    def _delays(self, last: int) -> list[float]:
        """Return from when to when the cases opened since the one called *last* were told."""
        return [
            (datetime.fromisoformat(told) - datetime.fromisoformat(sent)).total_seconds()
            for sent, told in self.database.execute(_TOLD, (last,))
        ]

    @staticmethod
    def _figure(rate: float, behind: float, busy: float, delays: Sequence[float]) -> Figure:
        p95, met = quantiles(delays, n=20)[-1], behind < _KEPT_UP_SECONDS
        soon = (
            f"{behind:.1f} s after the last" if behind < _PATIENCE_SECONDS else "not done in time"
        )
        return Figure(
            f"load: {rate:,.0f} messages/s, {len(delays):,} alerts",
            f"told after {median(delays):.1f} s, 95 % within {p95:.1f} s",
            f"{soon}; busy {busy:.0%}",
            goal=f"all done < {_KEPT_UP_SECONDS:g} s",
            met=met,
        )
