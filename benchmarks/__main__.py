"""
``python -m benchmarks [NAME …]``: runs those named, or all that take minutes, and prints one table.

Every figure stands beside a baseline of the same run: the machine may be slow or busy, the
ratio hardly changes. Exit code 0 whatever the figures are; a benchmark measures, it does
not judge.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from typing import TYPE_CHECKING

from benchmarks import (
    accounts,
    classify,
    daemon,
    hours,
    ingest,
    interface,
    load,
    month,
    pauses,
    report,
    size,
    spikes,
    start,
    tick,
    tui,
    wire,
)
from benchmarks.figures import Figure, table

if TYPE_CHECKING:
    from collections.abc import Callable

FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "ingest": ingest.run,
    "wire": wire.run,
    "tick": tick.run,
    "spikes": spikes.run,
    "hours": hours.run,
    "start": start.run,
    "daemon": daemon.run,
    "tui": tui.run,
    "interface": interface.run,
    "size": size.run,
    "report": report.run,
    "load": load.run,
}
LONG: dict[str, Callable[[], list[Figure]]] = {
    "pauses": pauses.run,
    "accounts": accounts.run,
    "month": month.run,
}
"""A quarter of an hour each: only those that are named."""
CLASSIFY = "classify"
"""Measures quality more than speed, and has tables of its own."""


def main() -> None:
    names = [*FIGURES, *LONG, CLASSIFY]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(names)}")
    wanted = parser.parse_args().names or [*FIGURES, CLASSIFY]
    if unknown := set(wanted) - set(names):
        parser.error(f"no benchmark named {unknown.pop()}; there are: {', '.join(names)}")
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    figures: list[Figure] = []
    for name in (name for name in wanted if name != CLASSIFY):
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        figures.extend((FIGURES | LONG)[name]())
    if figures:
        print(table(figures), flush=True)
    if CLASSIFY in wanted:
        classify.main(classify.DATA)


if __name__ == "__main__":
    main()
