"""Judging messages, off the path of their arrival: in batches, as soon as there are any."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.classify import Classifier
    from inboxd.store import Unclassified
    from inboxd.workers.context import Context

BATCH = 200


class ClassifyWorker:
    """Gives every customer message its verdict; what a crash interrupts is done again."""

    def __init__(self, classifier: Classifier, context: Context) -> None:
        self._classifier = classifier
        self._context = context

    async def drain(self) -> int:
        """Judge everything that waits for a verdict; returns how many messages that were."""
        store, total = self._context.store, 0
        while batch := await store.run(lambda store: store.messages.unclassified(BATCH)):
            await self._judge(batch)
            total += len(batch)
        return total

    async def _judge(self, batch: Sequence[Unclassified]) -> None:
        texts = [message.text for message in batch]
        verdicts = await asyncio.to_thread(self._classifier.classify, texts)
        judged, now = list(zip(batch, verdicts, strict=True)), self._context.clock.now()
        await self._context.store.run(lambda _: self._context.pipeline.judge(judged, now))
