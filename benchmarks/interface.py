"""
How the terminal's interface feels with 100,000 cases and 1,000,000 messages in the file.

On a terminal of its own, from the key to the last byte that it draws, beside a bare Textual app in
the same run: once with the cases of a shop's years, and once with all of them waiting.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import years
from benchmarks.figures import Figure
from benchmarks.networks import ROOT
from benchmarks.processes import peak_mb
from benchmarks.pty_program import PtyProgram
from benchmarks.start import INBOXD

if TYPE_CHECKING:
    from collections.abc import Sequence

STARTS = 5
KEYS = 120
PAGES = 60
GOAL_FIRST_SECONDS = 0.3
GOAL_MEDIAN_MS = 8.0
GOAL_P95_MS = 30.0
GOAL_PAGE_MS = 20.0
GOAL_MB = 90.0
DOWN, NEXT_PAGE, END, ENTER, ESCAPE = b"\x1b[B", b"\x1b[6~", b"\x1b[F", b"\r", b"\x1b"
_ENVIRONMENT = {"PYTHONPATH": str(ROOT)}
_BARE = (sys.executable, "-m", "benchmarks.bare_app")
_SELECTED = "▸"
_CONFIG = """
[inboxd]
database = "{database}"
timezone = "Europe/Kyiv"
[[accounts]]
name = "shop-vk"
network = "vk"
group_id = 1
token = {{ env = "VK_TOKEN" }}
streams = ["direct_messages", "comments"]
[[calendars]]
name = "office"
mon = ["09:00-18:00"]
tue = ["09:00-18:00"]
wed = ["09:00-18:00"]
[[sinks]]
name = "support"
type = "console"
[[policies]]
name = "complaints"
match = {{ kind = ["complaint"] }}
calendar = "office"
first_response = "1h"
steps = [{{ at = "100%", to = ["support"] }}]
"""


def run() -> list[Figure]:
    """Measure, and return the figures."""
    with tempfile.TemporaryDirectory(prefix="inboxd-bench-") as folder:
        commands = {
            name: _command(Path(folder) / f"{number}.toml", years.database(all_wait=all_wait))
            for number, (name, all_wait) in enumerate(
                (("a shop's years", False), ("all wait", True))
            )
        }
        return [figure for name in commands for figure in _of(name, commands[name])]


def _command(config: Path, database: Path) -> Sequence[str]:
    config.write_text(_CONFIG.format(database=database), encoding="utf-8")
    return (*INBOXD, "-c", str(config), "tui")


def _of(name: str, command: Sequence[str]) -> list[Figure]:
    starts = [
        (_first_paint(_BARE, "ready"), _first_paint(command, _SELECTED)) for _ in range(STARTS)
    ]
    bare_start, start = (min(each) for each in zip(*starts, strict=True))
    with (
        PtyProgram(_BARE, _ENVIRONMENT) as bare,
        PtyProgram(command, _ENVIRONMENT) as program,
    ):
        bare.seen("ready")
        program.seen(_SELECTED)
        pairs = [(bare.key(DOWN), program.key(DOWN)) for _ in range(KEYS)]
        bare_keys, keys = ([took * 1_000 for took in each] for each in zip(*pairs, strict=True))
        pages = [program.key(NEXT_PAGE) * 1_000 for _ in range(PAGES)]
        end = program.key(END) * 1_000
        bare_mb, list_mb = peak_mb(bare.pid), peak_mb(program.pid)
        program.key(ENTER)
        program.key(ESCAPE)
        case_mb = peak_mb(program.pid)
    bare_key = f"{statistics.median(bare_keys):.1f} ms bare"
    late = f"{_p95(bare_keys):.1f} ms bare"
    memory = f"{bare_mb:.0f} MB bare"
    return [
        _figure(f"tui, {name}: first paint", start - bare_start, f"{bare_start:.2f} s bare before it", GOAL_FIRST_SECONDS, "s"),
        _figure("  a cursor key, median", statistics.median(keys), bare_key, GOAL_MEDIAN_MS),
        _figure("  a cursor key, 95th percentile", _p95(keys), late, GOAL_P95_MS),
        _figure("  a page key, median", statistics.median(pages), bare_key, GOAL_PAGE_MS),
        _figure("  to the end of the list", end, bare_key, GOAL_PAGE_MS),
        _figure("  memory with the list", list_mb, memory, GOAL_MB, "MB"),
        _figure("  memory with a case opened", case_mb, memory, GOAL_MB, "MB"),
    ]  # fmt: skip


def _first_paint(command: Sequence[str], marker: str) -> float:
    with PtyProgram(command, _ENVIRONMENT) as program:
        return program.seen(marker)


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _figure(what: str, found: float, baseline: str, goal: float, unit: str = "ms") -> Figure:
    shown = f"{found:.2f}" if unit == "s" else f"{found:.1f}"
    return Figure(what, f"{shown} {unit}", baseline, None, f"< {goal:g} {unit}", found < goal)
