"""What a measurement is, and the one table that all of them end in."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One line of the table: what was measured, beside its baseline of the same run.

    *ratio* is whichever way round the goal is written; *met* is None where nothing was
    promised. Every value is text, as people read it.
    """

    what: str
    value: str
    baseline: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the line as it is printed."""
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return (self.what, self.value, self.baseline, ratio, self.goal, met)


_HEAD = ("what", "figure", "baseline", "ratio", "goal", "met")


def table(figures: Iterable[Figure]) -> str:
    """Return *figures* as aligned plain text."""
    rows = [_HEAD, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def seconds(work: Callable[[], object]) -> float:
    """Return how long *work* takes on the wall."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def best(work: Callable[[], object], rounds: int) -> float:
    """Return the shortest of several times: the others are the machine's other business."""
    return min(seconds(work) for _ in range(rounds))
