"""Promises about judging beside the reading: everything once, and nothing in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from inboxd.clock import ManualClock
from inboxd.model import Kind, Manners, ReplyVerdict, Urgency, Verdict
from inboxd.workers.classifier import ClassifyWorker
from inboxd.workers.context import Context
from inboxd.workers.replies import ReplyWorker
from inboxd.workers.storethread import StoreThread
from tests.store.shop import START, Shop, answered, at, open_shop, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from inboxd.classify import Reply


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


class Broken:
    """A judge of replies that chokes on one text."""

    name = "broken"

    def __init__(self) -> None:
        self.heard: list[Reply] = []

    def judge(self, replies: Sequence[Reply]) -> list[ReplyVerdict]:
        """Return that each of *replies* promises something, unless one of them is poison."""
        self.heard.extend(replies)
        if any(reply.text == "poison" for reply in replies):
            raise ZeroDivisionError
        manners = Manners(greeting=True, thanks=True, apology=True, punctuation=True, capitals=True)
        scores = {"deflection": 0.0, "promise": 1.0, "non_answer": 0.0}
        verdict = ReplyVerdict(False, True, False, "en", scores, manners)
        return [verdict for _ in replies]


async def test_answers_are_judged_when_all_customers_are(bench: Bench) -> None:
    """In the shop's own zone, for its "today" is meant; one that nobody can judge owes nothing."""
    judge, loads = Broken(), []

    def load() -> Broken:
        loads.append(1)
        return judge

    context = Context(bench.thread, bench.shop.pipeline, ManualClock(START), ())
    replies = ReplyWorker(load, ZoneInfo("Europe/Kyiv"), context)
    worker = ClassifyWorker(bench.classifier, context, replies)
    assert (await worker.work(), loads) == (0, [])
    bench.shop.hear(
        said(0, "q"),
        answered(5, "a", "We will call."),
        answered(6, "b", "poison"),
        said(7, "q2"),
    )
    order: list[str] = []
    bench.classifier.classify = _noting(bench.classifier.classify, order, "customers")  # type: ignore[method-assign]  # to see the order
    judge.judge = _noting(judge.judge, order, "answers")  # type: ignore[method-assign]  # the same
    assert await worker.work() == 4
    assert order[0] == "customers"
    assert order.count("customers") == 1
    assert judge.heard[0].sent_at == at(6)
    assert str(judge.heard[0].sent_at.tzinfo) == "Europe/Kyiv"
    assert bench.shop.rows("SELECT promise, model FROM reply_verdicts ORDER BY message_id") == [
        (1.0, "broken"),
        (0.0, "broken"),
    ]
    assert await worker.work() == 0


def _noting(judge: Any, order: list[str], name: str) -> Any:
    def noted(texts: Any) -> Any:
        order.append(name)
        return judge(texts)

    return noted
