"""Judging messages, off the path of their arrival: in batches, as soon as there are any."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from inboxd.model import Kind, Urgency, Verdict
from inboxd.workers.halves import by_halves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.classify import Classifier
    from inboxd.store import Unclassified
    from inboxd.workers.context import Context
    from inboxd.workers.replies import ReplyWorker

_BATCHES_A_TURN = 10
"""A second of work, or two: after so much, whoever is due for an alert comes first."""

_UNKNOWN = Verdict(Kind.OTHER, (), Urgency.NORMAL, "", {})
"""What is said of a text that crashes the classifier."""


class ClassifyWorker:
    """Gives every message its verdict, answers last; what a crash interrupts is done again."""

    def __init__(
        self, classifier: Classifier, context: Context, replies: ReplyWorker | None = None
    ) -> None:
        self._classifier = classifier
        self._context = context
        self._replies = replies

    async def work(self) -> int:
        """Judge what waits for a verdict, for one turn; returns how many messages that were."""
        store, size, total = self._context.store, self._classifier.batch, 0
        for _ in range(_BATCHES_A_TURN):
            batch = await store.run(lambda store: store.messages.unclassified(size))
            if not batch:
                # Customers first: our own answers are judged when nobody else is left.
                total += await self._replies.work() if self._replies else 0
                break
            await self._judge(batch)
            total += len(batch)
        return total

    async def _judge(self, batch: Sequence[Unclassified]) -> None:
        texts = [message.text for message in batch]
        verdicts = await asyncio.to_thread(verdicts_on, texts, self._classifier)
        judged, now = list(zip(batch, verdicts, strict=True)), self._context.clock.now()
        pipeline, model = self._context.pipeline, self._classifier.name
        await self._context.store.run(lambda _: pipeline.judge(judged, now, model))


def verdicts_on(texts: Sequence[str], classifier: Classifier) -> list[Verdict]:
    """Return a verdict for each text; one that crashes the classifier holds up no others."""
    return by_halves(classifier.classify, texts, _UNKNOWN, "classification crashed")
