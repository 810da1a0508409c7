"""How long a command takes from nothing, beside a Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import networks
from benchmarks.figures import Figure, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROUNDS = 7
MESSAGES = 200
"""On each network, over the day before: next to none still lies in the overlap of a poll."""
GOAL_HELP_SECONDS = 0.25
GOAL_ONCE_SECONDS = 1.5

INBOXD = (sys.executable, "-c", "from inboxd.cli import main; main()")
"""What the installed console script does."""


def run() -> list[Figure]:
    """Measure, and return the figures."""
    with (
        networks.served() as served,
        tempfile.TemporaryDirectory(prefix="inboxd-bench-") as name,
    ):
        served.write(MESSAGES, over=timedelta(days=1))
        networks.write_config(Path(name), served.config)
        once = _command([*INBOXD, "run", "--once"], name)
        once()
        nothing = _command([sys.executable, "-c", "pass"], name)
        works = (nothing, _command([*INBOXD, "--help"], name), once)
        times = [[seconds(work) for work in works] for _ in range(ROUNDS)]
    least, with_help, round_time = (min(each) for each in zip(*times, strict=True))
    return [
        _figure("start: inboxd --help", with_help, least, GOAL_HELP_SECONDS),
        _figure("start: run --once, nothing new", round_time, least, GOAL_ONCE_SECONDS),
    ]


def _figure(what: str, took: float, least: float, goal: float) -> Figure:
    return Figure(
        what,
        f"{took:.2f} s",
        f"{least:.3f} s python -c pass",
        took / least,
        f"< {goal:g} s",
        took < goal,
    )


def _command(command: Sequence[str], folder: str) -> Callable[[], None]:
    def do() -> None:
        subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=folder,
            env=os.environ | networks.ENVIRONMENT | {"PYTHONPATH": str(networks.ROOT)},
            check=True,
            capture_output=True,
        )

    return do
