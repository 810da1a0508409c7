"""
What a tick of the escalation costs over many open cases, and that only what is due counts.

The cases come in through the pipeline like any others. A hundred at a time fall due, minute after
minute, and are told together in groups; all the rest do so later than anything that is asked here.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import corpus, shop
from benchmarks.figures import Figure, seconds
from inboxd import logs
from inboxd.connector import Page
from inboxd.core.grouping import Grouping, Trait
from inboxd.model import Author, Direction, Message, Stream
from inboxd.pipeline import Origin, Pipeline
from inboxd.store import Store
from inboxd.workers.escalator import Escalator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

SIZES = (1_000, 10_000, 100_000)
DUE = 100
ROUNDS = 20
_PAGE = 1_000
_MINUTE = timedelta(minutes=1)
_HALF_OF_TARGET = timedelta(hours=2)
_TOGETHER = Grouping((Trait.POLICY, Trait.ACCOUNT), timedelta(seconds=30))
_GOALS_MS = {DUE: 20.0, 0: 1.0}


def run(sizes: tuple[int, ...] = SIZES) -> list[Figure]:
    """Measure, and return the figures."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        logs.configure(stream=nowhere)
        return [figure for size in sizes for figure in _measure(size)]


def _measure(size: int) -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="inboxd-bench-") as name,
        Store(Path(name) / "inboxd.db") as store,
    ):
        rules = replace(shop.rules(), grouping=_TOGETHER)
        pipeline = Pipeline(store, rules)
        _fill(pipeline, size)
        escalator = Escalator(store, pipeline, rules)
        times: dict[int, list[float]] = {DUE: [], 0: []}
        for number in range(ROUNDS):
            now = corpus.BEGINS + number * _MINUTE + _HALF_OF_TARGET + _MINUTE / 2
            for due in (DUE, 0):
                times[due].append(_timed_tick(escalator, now, due))
        for due, goal in _GOALS_MS.items():
            ms = 1e3 * min(times[due])
            yield Figure(
                f"tick: {size:,} open cases, {due} due",
                f"{ms:.2f} ms",
                goal=f"< {goal:g} ms",
                met=ms < goal,
            )


def _timed_tick(escalator: Escalator, now: datetime, due: int) -> float:
    looked: list[int] = []
    took = seconds(lambda: looked.append(escalator.tick(now)))
    assert looked == [due], f"{looked} looked at, not {due}"
    return took


def _fill(pipeline: Pipeline, size: int) -> None:
    """Open *size* cases that are not due in time, and as many as fall due for each round."""
    soon = [corpus.BEGINS + number // DUE * _MINUTE for number in range(DUE * ROUNDS)]
    later = corpus.BEGINS + 50 * _MINUTE
    instants = soon + [later + timedelta(seconds=number % 600) for number in range(size)]
    now = corpus.BEGINS + 61 * _MINUTE
    for start in range(0, len(instants), _PAGE):
        some = enumerate(instants[start : start + _PAGE], start)
        page = Page({}, [_message(number, sent_at) for number, sent_at in some])
        pipeline.ingest(Origin("shop-vk", "vk", "events"), page, now)


def _message(number: int, sent_at: datetime) -> Message:
    return Message(
        remote_id=f"dm:{number}",
        thread_id=f"dm:{number}",
        stream=Stream.DIRECT_MESSAGES,
        direction=Direction.INBOUND,
        public=False,
        sent_at=sent_at,
        text=f"Where is order {number}?",
        author=Author(str(number), f"Customer {number}"),
    )
