"""
How long work of an unusual size takes, and what stands still meanwhile.

*One thread*: messages in a single public conversation that nobody answers; its history is folded
again with each that comes. *First read*: a network's past, page by page, where others are read in
between: what counts is the longest page, as nobody else's is stored meanwhile. *Other rules*: all
open cases are put on them before the daemon reads again, at a start or a reload after a
change; without a change nothing is done. *A scrape*: what the database is asked for `/metrics`.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import corpus, ingest, shop, years
from benchmarks.figures import Figure, best, seconds
from inboxd import logs
from inboxd.connector import Page
from inboxd.model import Author, Direction, Message, Stream
from inboxd.pipeline import Origin, Pipeline
from inboxd.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

THREAD = 5_000
PAST = 100_000
OPEN = (1_000, 10_000, 100_000)
_ROUNDS = 5
_WRITERS = 500
_GOAL_ONE_SECONDS, _GOAL_PAGE_SECONDS = 1.0, 1.0
_ACCOUNTS = ("shop-vk", "shop-fb", "shop-x")
_EVENTS = Origin("shop-vk", "vk", "events")


def run(sizes: tuple[int, ...] = OPEN) -> list[Figure]:
    """Measure, and return the figures."""
    logs.configure(stream=io.StringIO())
    with tempfile.TemporaryDirectory(prefix="inboxd-bench-") as name:
        folder = Path(name)
        figures = [_one_thread(folder / "thread.db"), _first_read(folder / "past.db")]
        for size in sizes:
            figures += _open_cases(folder / f"{size}.db", size)
    return figures


def _one_thread(path: Path) -> Figure:
    with Store(path) as store:
        pipeline = Pipeline(store, shop.rules())
        for start in range(0, THREAD, corpus.PAGE):
            _add(pipeline, start, corpus.PAGE)
        long = _one_more(pipeline, THREAD)
    with Store(path.with_suffix(".short.db")) as store:
        short = _one_more(Pipeline(store, shop.rules()), 0)
    return Figure(
        f"pauses: one more in a thread of {THREAD:,}",
        f"{long * 1e3:,.0f} ms",
        f"{short * 1e3:.1f} ms in a new one",
        long / short,
        f"< {_GOAL_ONE_SECONDS:g} s",
        long < _GOAL_ONE_SECONDS,
    )


def _one_more(pipeline: Pipeline, behind: int) -> float:
    """Return the least time that one more message takes *behind* so many."""
    return min(seconds(partial(_add, pipeline, behind + each, 1)) for each in range(_ROUNDS))


def _add(pipeline: Pipeline, start: int, count: int) -> None:
    messages = [_comment(number) for number in range(start, start + count)]
    pipeline.ingest(_EVENTS, Page({}, messages), messages[-1].sent_at + timedelta(seconds=1))


def _comment(number: int) -> Message:
    author = Author(str(number % _WRITERS), f"Customer {number % _WRITERS}")
    return Message(
        remote_id=f"comment:{number}",
        thread_id="post",
        stream=Stream.COMMENTS,
        direction=Direction.INBOUND,
        public=True,
        sent_at=corpus.BEGINS + timedelta(seconds=number),
        text=f"Where is order {number}?",
        author=author,
    )


def _first_read(path: Path) -> Figure:
    took = []
    with Store(path) as store:
        pipeline = Pipeline(store, shop.rules())
        for now, messages in corpus.pages(PAST // corpus.PAGE):
            took.append(seconds(partial(ingest.ingest, pipeline, now, messages)))
    return Figure(
        f"pauses: first read of {PAST:,} messages, the longest page",
        f"{max(took) * 1e3:,.0f} ms",
        f"{sum(took):,.0f} s of storing in all; first pages {_mean_ms(took[:100])} ms, "
        f"last {_mean_ms(took[-100:])} ms",
        sum(took[-100:]) / sum(took[:100]),
        f"< {_GOAL_PAGE_SECONDS:g} s",
        max(took) < _GOAL_PAGE_SECONDS,
    )


def _mean_ms(times: list[float]) -> str:
    return f"{1e3 * sum(times) / len(times):.0f}"


def _open_cases(path: Path, size: int) -> Iterator[Figure]:
    shutil.copyfile(years.database(all_wait=True, cases=size), path)
    now = years.now(size)
    with Store(path) as store:
        pipeline = Pipeline(store, shop.rules())
        policies = shop.rules().policies
        scrape = best(lambda: store.gauges.of(_ACCOUNTS, ["support"], policies, now), _ROUNDS)
        began, worked = time.perf_counter(), time.process_time()
        pipeline.track_open(now)
        took, busy = time.perf_counter() - began, time.process_time() - worked
    yield Figure(f"pauses: {size:,} open cases, a scrape of them", f"{scrape * 1e3:,.1f} ms")
    yield Figure(
        f"  all put on other rules, {years.PER_CASE * size:,} messages",
        f"{took:,.1f} s",
        f"{busy:,.1f} s of CPU",
    )
