"""
How fast pages become cases, against the least that would keep the messages at all.

Both sides write pages of 100 into a file of their own, in WAL mode, with
``synchronous=FULL`` and one commit a page. The baseline has its rows ready before the
clock starts and puts them into one table with the same full-text index; ours gets the
messages as a connector delivers them and finds out what they mean. The two take turns, some
pages each, and of every such stretch the best of several rounds counts.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlite_utils import Database

from benchmarks import corpus, shop
from benchmarks.figures import Figure
from inboxd.connector import Page
from inboxd.pipeline import Origin, Pipeline
from inboxd.store import Store
from inboxd.store.times import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from inboxd.model import Message

PAGES = 220
STRETCH = 20
ROUNDS = 3
GOAL = 0.35

_TABLE = """
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, remote_id TEXT NOT NULL, author TEXT,
    text TEXT NOT NULL, sent_at TEXT NOT NULL, raw TEXT, UNIQUE (account, remote_id))
"""

Row = tuple[object, ...]


def plain_table(path: Path, *, fts: bool = True) -> sqlite3.Connection:
    """Return a database with the baseline's table; with *fts*, indexed as ours is."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -16000"):
        db.execute(f"PRAGMA {pragma}")
    db.execute(_TABLE)
    if fts:
        Database(db).table("messages").enable_fts(["text"], create_triggers=True)
    return db


def row_of(message: Message) -> Row:
    """Return what the baseline keeps of a message."""
    author = message.author.remote_id if message.author else None
    sent_at, raw = to_text(message.sent_at), json.dumps(message.raw, ensure_ascii=False)
    return ("shop-vk", message.remote_id, author, message.text, sent_at, raw)


def insert(db: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Write one page of the baseline durably."""
    db.execute("BEGIN IMMEDIATE")
    db.executemany(
        "INSERT INTO messages (account, remote_id, author, text, sent_at, raw) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        rows,
    )
    db.execute("COMMIT")


def ingest(pipeline: Pipeline, now: datetime, messages: Sequence[Message]) -> None:
    """Write one page of ours."""
    page = Page({"ts": to_text(now)}, messages)
    pipeline.ingest(Origin("shop-vk", "vk", "events"), page, now)


@dataclass(frozen=True, slots=True)
class _Times:
    """Seconds on the wall and of our process, one of each a stretch."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self, work: Callable[[Any], None], pages: Iterable[Any]) -> None:
        began, worked = time.perf_counter(), time.process_time()
        for page in pages:
            work(page)
        self.wall.append(time.perf_counter() - began)
        self.cpu.append(time.process_time() - worked)


def run(pages: int = PAGES, rounds: int = ROUNDS) -> list[Figure]:
    """Measure, and return the figures."""
    material = list(corpus.pages(pages))
    rows = [[row_of(message) for message in messages] for _, messages in material]
    sides = list(zip(*(_round(material, rows) for _ in range(rounds)), strict=True))
    messages = pages * corpus.PAGE
    ours, indexed, bare = (_rate([each.wall for each in side], messages) for side in sides)
    our_cpu, indexed_cpu, _ = (_rate([each.cpu for each in side], messages) for side in sides)
    ratio = ours / indexed
    return [
        Figure(
            f"ingest: {messages:,} {corpus.origin()}, pages of {corpus.PAGE}",
            f"{ours:,.0f}/s",
            f"{indexed:,.0f}/s executemany, FTS",
            ratio,
            f"≥ {GOAL} of it",
            ratio >= GOAL,
        ),
        Figure(
            "  in seconds of CPU, when the machine is busy",
            f"{our_cpu:,.0f}/s",
            f"{indexed_cpu:,.0f}/s the same",
            our_cpu / indexed_cpu,
        ),
        Figure(
            "  against a table without any text search",
            f"{ours:,.0f}/s",
            f"{bare:,.0f}/s executemany",
            ours / bare,
        ),
    ]


def _rate(rounds: Sequence[Sequence[float]], messages: int) -> float:
    """Return messages a second, counting of every stretch its best round."""
    best: list[float] = [min(stretch) for stretch in zip(*rounds, strict=True)]
    return messages / sum(best)


def _round(
    material: Sequence[tuple[datetime, Sequence[Message]]], rows: Sequence[Sequence[Row]]
) -> tuple[_Times, _Times, _Times]:
    """Return the times of ours, of the baseline, and of the same without an index."""
    ours, indexed, bare = _Times(), _Times(), _Times()
    with (
        tempfile.TemporaryDirectory(prefix="inboxd-bench-") as name,
        Store(Path(name) / "inboxd.db") as store,
        closing(plain_table(Path(name) / "indexed.db")) as indexed_db,
        closing(plain_table(Path(name) / "bare.db", fts=False)) as bare_db,
    ):
        pipeline = Pipeline(store, shop.rules())
        for start in range(0, len(material), STRETCH):
            stretch = slice(start, start + STRETCH)
            ours.measure(lambda page: ingest(pipeline, *page), material[stretch])
            indexed.measure(lambda page: insert(indexed_db, page), rows[stretch])
            bare.measure(lambda page: insert(bare_db, page), rows[stretch])
        (stored,) = store.database.execute("SELECT count(*) FROM messages").fetchone()
        assert stored == len(material) * corpus.PAGE
    return ours, indexed, bare
