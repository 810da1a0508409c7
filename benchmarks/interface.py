"""
How the terminal's interface feels with 100,000 cases and 1,000,000 messages in the file.

On a terminal of its own, from the key to the last byte that it draws, beside a bare Textual app in
the same run: once with the cases of a shop's years, and once with all of them waiting. What a rested
selection adds a moment later (its last messages, its place in the list) is not waited for.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import shop, years
from benchmarks.figures import Figure
from benchmarks.networks import ROOT
from benchmarks.processes import peak_mb
from benchmarks.pty_program import PtyProgram
from benchmarks.start import INBOXD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STARTS = 5
KEYS = 80
PAGES = 40
OTHERS = 8
"""How often what is done less often is measured: searches, views, cases."""
GOAL_FIRST_SECONDS = 0.3
GOAL_MEDIAN_MS = 8.0
GOAL_P95_MS = 30.0
GOAL_PAGE_MS = 20.0
GOAL_LIST_MS = 20.0
GOAL_MB = 90.0
PAUSE_MS = 120
"""For so long the search waits for more to be typed; it is none of the work."""
DOWN, NEXT_PAGE, HOME, END = b"\x1b[B", b"\x1b[6~", b"\x1b[H", b"\x1b[F"
ENTER, ESCAPE, ERASE = b"\r", b"\x1b", b"\x7f"
_ENVIRONMENT = {"PYTHONPATH": str(ROOT)}
_BARE = (sys.executable, "-m", "benchmarks.bare_app")
_SELECTED, _CASE, _FOUND = "▸", "[Thread", " found"
"""What is drawn with a list, with a case, and with what a search has found."""
_POLICY = """
[[policies]]
name = "complaints"
match = { kind = ["complaint"] }
calendar = "office"
first_response = "1h"
steps = [{ at = "100%", to = ["support"] }]
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
    config.write_text(shop.CONFIG.format(database=database) + _POLICY, encoding="utf-8")
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
        rarer = _rarer(program)
        mb, bare_mb = peak_mb(program.pid), peak_mb(bare.pid)
    bare_key = f"{statistics.median(bare_keys):.1f} ms bare"
    late = f"{_p95(bare_keys):.1f} ms bare"
    return [
        _figure(f"tui, {name}: first paint", start - bare_start, f"{bare_start:.2f} s bare before it", GOAL_FIRST_SECONDS, "s"),
        _figure("  a cursor key, median", statistics.median(keys), bare_key, GOAL_MEDIAN_MS),
        _figure("  a cursor key, 95th percentile", _p95(keys), late, GOAL_P95_MS),
        _figure("  a page key, median", statistics.median(pages), bare_key, GOAL_PAGE_MS),
        _figure("  to the end of the list", end, bare_key, GOAL_PAGE_MS),
        *(_figure(f"  {what}, median", took, bare_key, goal) for what, took, goal in rarer),
        _figure("  memory after all of that", mb, f"{bare_mb:.0f} MB bare", GOAL_MB, "MB"),
    ]  # fmt: skip


def _rarer(program: PtyProgram) -> list[tuple[str, float, float | None]]:
    """Return what is done less often: its name, how many ms it takes, and the goal if there is one."""

    def median(times: Iterable[float]) -> float:
        return 1_000 * statistics.median(times)

    program.key(HOME)
    views = median(program.key(str(1 + number % 2).encode()) for number in range(1, OTHERS + 1))
    cases = []
    for _ in range(OTHERS):
        cases.append(program.key(ENTER, _CASE))
        program.key(ESCAPE, _SELECTED)
    program.key(b"/")
    searches = []
    for _ in range(OTHERS):
        searches.append(program.key(years.RARE.encode(), _FOUND))
        program.key(ERASE * len(years.RARE), _FOUND)
    return [
        ("another view", views, GOAL_LIST_MS),
        ("a case opened", median(cases), None),
        ("a search typed, and found", median(searches) - PAUSE_MS, GOAL_LIST_MS),
    ]


def _first_paint(command: Sequence[str], marker: str) -> float:
    with PtyProgram(command, _ENVIRONMENT) as program:
        return program.seen(marker)


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _figure(what: str, found: float, baseline: str, goal: float | None, unit: str = "ms") -> Figure:
    shown = f"{found:.2f} {unit}" if unit == "s" else f"{found:.1f} {unit}"
    if goal is None:
        return Figure(what, shown, baseline)
    return Figure(what, shown, baseline, None, f"< {goal:g} {unit}", found < goal)
