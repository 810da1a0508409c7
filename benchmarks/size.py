"""
How large the database is for a million messages, and how much of that is what the networks sent.

A round reads messages of all three networks as the simulator renders them, which is close to
the networks' documented answers, with their authors, a case to most of them and half of them
answered; the file is then compacted as `inboxd vacuum` does, and once more without raw payloads, as
`retain_raw` leaves it. Beside it stands the database of :mod:`benchmarks.years`, whose raw
payloads are a toy's, for it is about queries.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from benchmarks import networks, start, years
from benchmarks.figures import Figure
from benchmarks.processes import done
from inboxd.store import Store
from inboxd.store.keeping.compacting import compact

MESSAGES, ANSWERED = 1_200, 600
"""On each network: no conversation is longer than the page that Facebook shows of it."""
_EXPECTED = 3 * (MESSAGES + ANSWERED)
GOAL_BYTES = 4_000
_COUNT = "SELECT count(*) FROM messages"


def run() -> list[Figure]:
    """Measure, and return the figures."""
    with networks.served() as served, tempfile.TemporaryDirectory(prefix="inboxd-bench-") as name:
        path = Path(name) / "inboxd.db"
        networks.write_config(Path(name), served.config)
        empty = _size(Path(name) / "empty.db", create=True)
        served.write(MESSAGES, over=timedelta(days=1), answered=ANSWERED)
        done([*start.INBOXD, "run", "--once"], path.parent, served.environment)
        whole = _size(path) - empty
        with Store(path, create=False) as store:
            (count,) = store.database.execute(_COUNT).fetchone()
            store.database.execute("UPDATE messages SET raw = NULL")
        bare = _size(path) - empty
    assert count == _EXPECTED, f"{count} messages were read"
    made_up = years.database().stat().st_size / (years.CASES * years.PER_CASE)
    return [
        Figure(
            f"size: of {count:,} messages, a message",
            f"{whole / count:,.0f} bytes",
            f"{whole / count / 1e3:.1f} GB a million",
            goal=f"< {GOAL_BYTES:,} bytes",
            met=whole / count < GOAL_BYTES,
        ),
        Figure(
            "  without what the networks sent (retain_raw)",
            f"{bare / count:,.0f} bytes",
            f"{bare / count / 1e3:.1f} GB a million",
            bare / whole,
        ),
        Figure("  in the years' database, raw payloads of 140 bytes", f"{made_up:,.0f} bytes"),
    ]


def _size(path: Path, *, create: bool = False) -> int:
    """Return how large the database is once nothing in it is free."""
    with Store(path, create=create) as store:
        return compact(store.database, path).bytes
