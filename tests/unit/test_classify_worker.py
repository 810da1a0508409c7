"""Promises about judging beside the reading: everything once, and nothing in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock
from inboxd.model import Kind, Urgency, Verdict
from inboxd.workers.classifier import ClassifyWorker
from inboxd.workers.context import Context
from inboxd.workers.storethread import StoreThread
from tests.store.shop import START, Shop, open_shop, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path


class Pedant:
    """A classifier that takes everything for a complaint, and chokes on one text."""

    name = "pedant"
    batch = 20

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """Return a verdict for each of *texts*, unless one of them is poison."""
        self.sizes.append(len(texts))
        if "poison" in texts:
            raise ZeroDivisionError
        verdict = Verdict(Kind.COMPLAINT, (), Urgency.HIGH, "en", {"complaint": 1.0})
        return [verdict for _ in texts]


class Bench:
    """A shop whose messages are judged."""

    def __init__(self, path: Path) -> None:
        self.shop: Shop = open_shop(path)
        self.thread = StoreThread(self.shop.store)
        self.classifier = Pedant()
        context = Context(self.thread, self.shop.pipeline, ManualClock(START), ())
        self.worker = ClassifyWorker(self.classifier, context)

    def kinds(self) -> list[str | None]:
        """Return the kind of each message, in the order of their arrival."""
        return [kind for (kind,) in self.shop.rows("SELECT kind FROM messages ORDER BY id")]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    opened = Bench(tmp_path / "inboxd.db")
    yield opened
    opened.thread.close()


async def test_every_message_is_judged_once_in_batches(bench: Bench) -> None:
    """Batches of the size that suits the classifier; what has a verdict is not looked at again."""
    bench.shop.hear(*(said(0, f"m{number}") for number in range(Pedant.batch + 1)))
    assert await bench.worker.work() == Pedant.batch + 1
    assert await bench.worker.work() == 0
    assert bench.classifier.sizes == [Pedant.batch, 1]
    assert set(bench.kinds()) == {"complaint"}
    (model,) = bench.shop.rows("SELECT DISTINCT json_extract(verdict, '$.model') FROM messages")
    assert model == ("pedant",)


async def test_a_text_that_nobody_can_judge_does_not_stop_the_others(bench: Bench) -> None:
    """It counts as judged, with nothing known of it, and is not tried for ever."""
    texts = ["one", "two", "poison", "four", "five"]
    bench.shop.hear(*(said(0, f"m{number}", text) for number, text in enumerate(texts)))
    assert await bench.worker.work() == 5
    assert bench.kinds() == ["complaint", "complaint", "other", "complaint", "complaint"]
    assert await bench.worker.work() == 0
