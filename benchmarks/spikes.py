"""
What looking for spikes costs, once a minute, and the digest, once a day, over many open cases.

The complaints come in through the pipeline and are judged like any others: nine weeks of them, and
the last hour of a bad day.
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import corpus, shop
from benchmarks.figures import Figure, seconds
from inboxd import logs
from inboxd.connector import Page
from inboxd.core.digest import Digest
from inboxd.core.spikes import Spikes
from inboxd.model import Author, Direction, Kind, Message, Stream, Topic, Urgency, Verdict
from inboxd.pipeline import Origin, Pipeline
from inboxd.store import Store
from inboxd.workers.digests import DigestWriter
from inboxd.workers.spikes import SpikeWatcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

HISTORY = 100_000
BURST = 1_000
ROUNDS = 10
_PAGE = 1_000
_HOUR = timedelta(hours=1)
_WEEK = timedelta(weeks=1)
_GOAL_MS = 50.0
_RULE = Spikes(("support",))
_TOPICS = (Topic.SHIPPING, Topic.ORDERS, Topic.REFUNDS, Topic.WEBSITE, Topic.STAFF)


def run(history: int = HISTORY) -> list[Figure]:
    """Measure, and return the figures."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        logs.configure(stream=nowhere)
        return list(_measure(history))


def _measure(history: int) -> Iterator[Figure]:
    now = corpus.BEGINS + 10 * _WEEK
    with (
        tempfile.TemporaryDirectory(prefix="inboxd-bench-") as name,
        Store(Path(name) / "inboxd.db") as store,
    ):
        store.watch_from("shop-vk", now - 9 * _WEEK - _HOUR)
        pipeline = Pipeline(store, shop.rules())
        span = 9 * _WEEK / history
        _fill(store, pipeline, [now - number * span for number in range(history)], now)
        yield _figure(f"spikes: {history:,} open complaints, nothing unusual", store, now)
        _fill(store, pipeline, [now - number * _HOUR / BURST for number in range(BURST)], now)
        looked = _figure(f"spikes: … and {BURST:,} in the last hour", store, now)
        assert store.spikes.open(), "no spike"
        yield looked
        digest = Digest("team", time(0), ("support",), UTC)
        took = seconds(lambda: DigestWriter(store, [digest], []).look(now, []))
        yield Figure(f"digest: {history + BURST:,} open cases", f"{1e3 * took:.1f} ms")


def _figure(what: str, store: Store, now: datetime) -> Figure:
    # A new watcher each time: one looks once a minute only.
    watchers = [SpikeWatcher(store, _RULE, ["shop-vk"], UTC) for _ in range(ROUNDS)]
    ms = 1e3 * min(seconds(lambda each=each: each.look(now)) for each in watchers)  # type: ignore[misc]
    return Figure(what, f"{ms:.2f} ms", goal=f"< {_GOAL_MS:g} ms", met=ms < _GOAL_MS)


def _fill(store: Store, pipeline: Pipeline, instants: list[datetime], now: datetime) -> None:
    known = store.messages.unclassified(1)
    assert not known, "something is not judged yet"
    for start in range(0, len(instants), _PAGE):
        messages = [
            _message(f"{len(instants)}/{number}", sent_at)
            for number, sent_at in enumerate(instants[start : start + _PAGE], start)
        ]
        pipeline.ingest(Origin("shop-vk", "vk", "events"), Page({}, messages), now)
        while waiting := store.messages.unclassified(_PAGE):
            pipeline.judge([(each, _verdict(each.id)) for each in waiting], now)


def _verdict(number: int) -> Verdict:
    topics = (_TOPICS[number % len(_TOPICS)],)
    return Verdict(Kind.COMPLAINT, topics, Urgency.NORMAL, "en", {})


def _message(name: str, sent_at: datetime) -> Message:
    return Message(
        remote_id=f"dm:{name}",
        thread_id=f"dm:{name}",
        stream=Stream.DIRECT_MESSAGES,
        direction=Direction.INBOUND,
        public=False,
        sent_at=sent_at,
        text=f"Where is order {name}?",
        author=Author(name, f"Customer {name}"),
    )
