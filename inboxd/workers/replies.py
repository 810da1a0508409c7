"""Judging our own answers once all customers are judged: what they promise, and to whom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from inboxd.classify import Reply
from inboxd.model import Manners, ReplyVerdict
from inboxd.workers.halves import by_halves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from inboxd.classify import ReplyJudge
    from inboxd.store import UnjudgedReply
    from inboxd.workers.context import Context

BATCH = 100
UNKNOWN = ReplyVerdict(
    deflection=False,
    promise=False,
    non_answer=False,
    language="",
    scores={},
    manners=Manners(greeting=False, thanks=False, apology=False, punctuation=False, capitals=False),
)
"""What is said of an answer that crashes the judge."""


class ReplyWorker:
    """Gives every answer that may owe something its verdict; "today" is meant in *zone*."""

    def __init__(self, load: Callable[[], ReplyJudge], zone: tzinfo, context: Context) -> None:
        self._load = load
        self._zone = zone
        self._context = context

    async def work(self) -> int:
        """Judge one batch of what is to be judged; returns how many answers that were."""
        batch = await self._context.store.run(lambda store: store.replies.unjudged(BATCH))
        if not batch:
            return 0
        judge = await asyncio.to_thread(self._load)
        verdicts = await asyncio.to_thread(self._verdicts, judge, batch)
        judged, now = list(zip(batch, verdicts, strict=True)), self._context.clock.now()
        pipeline = self._context.pipeline
        await self._context.store.run(lambda _: pipeline.judge_replies(judged, now, judge.name))
        return len(batch)

    def _verdicts(self, judge: ReplyJudge, batch: Sequence[UnjudgedReply]) -> list[ReplyVerdict]:
        """Return a verdict for each answer; one that crashes the judge holds up no others."""
        replies = list(map(self._reply, batch))
        return by_halves(judge.judge, replies, UNKNOWN, "judging a reply crashed")

    def _reply(self, unjudged: UnjudgedReply) -> Reply:
        return Reply(
            unjudged.text,
            unjudged.said_at.astimezone(self._zone),
            unjudged.question,
            needs_answer=unjudged.needs_answer,
        )
