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
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlite_utils import Database

from benchmarks import corpus, shop
from benchmarks.figures import Figure, seconds
from inboxd.connector import Page
from inboxd.pipeline import Pipeline
from inboxd.store import Store
from inboxd.store.times import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
    pipeline.ingest("shop-vk", "vk", "events", page, now, first=False)


def run(pages: int = PAGES, rounds: int = ROUNDS) -> list[Figure]:
    """Measure, and return the figures."""
    material = list(corpus.pages(pages))
    rows = [[row_of(message) for message in messages] for _, messages in material]
    times = [_round(material, rows) for _ in range(rounds)]
    ours, with_fts, without = (
        pages * corpus.PAGE / sum(map(min, zip(*side, strict=True)))
        for side in zip(*times, strict=True)
    )
    ratio = ours / with_fts
    goal = f"≥ {GOAL} of executemany"
    return [
        Figure(
            f"ingest, pages of 100, {pages * corpus.PAGE:,} {corpus.origin()}",
            f"{ours:,.0f}/s",
            f"{with_fts:,.0f}/s with FTS",
            ratio,
            goal,
            ratio >= GOAL,
        ),
        Figure(
            "  the same, baseline without FTS",
            f"{ours:,.0f}/s",
            f"{without:,.0f}/s",
            ours / without,
        ),
    ]


def _round(
    material: Sequence[tuple[datetime, Sequence[Message]]], rows: Sequence[Sequence[Row]]
) -> tuple[list[float], list[float], list[float]]:
    """Return the seconds of each stretch: ours, the baseline's, and its without an index."""
    ours: list[float] = []
    with_fts: list[float] = []
    without: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="inboxd-bench-") as name,
        Store(Path(name) / "inboxd.db") as store,
        closing(plain_table(Path(name) / "plain.db")) as plain,
        closing(plain_table(Path(name) / "bare.db", fts=False)) as bare,
    ):
        pipeline = Pipeline(store, shop.rules())
        for start in range(0, len(material), STRETCH):
            stretch = slice(start, start + STRETCH)
            ours.append(seconds(_all(lambda page: ingest(pipeline, *page), material[stretch])))
            with_fts.append(seconds(_all(lambda page: insert(plain, page), rows[stretch])))
            without.append(seconds(_all(lambda page: insert(bare, page), rows[stretch])))
        (stored,) = store.database.execute("SELECT count(*) FROM messages").fetchone()
        assert stored == len(material) * corpus.PAGE
    return ours, with_fts, without


def _all(work: Callable[[Any], None], items: Sequence[Any]) -> Callable[[], None]:
    def do() -> None:
        for item in items:
            work(item)

    return do
