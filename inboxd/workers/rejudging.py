"""Judging anew what an older model has judged: when a person asks for it, and never by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.workers.classifier import verdicts_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from inboxd.classify import Classifier
    from inboxd.clock import Clock
    from inboxd.pipeline import Pipeline
    from inboxd.store import Store


@dataclass(frozen=True, slots=True)
class Rejudged:
    """How many messages of one batch were judged anew, and how many have another kind now."""

    messages: int
    changed: int


def rejudge(
    store: Store,
    pipeline: Pipeline,
    classifier: Classifier,
    clock: Clock,
    since: datetime | None = None,
) -> Iterator[Rejudged]:
    """
    Give what another model has judged (of what was sent since *since*) the verdict of *classifier*.

    It is stored as a first verdict is: people's corrections stand, policies and due times
    follow. Each batch is a transaction of its own, and knows its model: whoever is interrupted
    goes on with the rest the next time. The daemon may run meanwhile.
    """
    last, size = 0, classifier.batch
    while batch := store.messages.judged_otherwise(classifier.name, size, since=since, after=last):
        verdicts = verdicts_on([message.text for message, _ in batch], classifier)
        judged = [(message, said) for (message, _), said in zip(batch, verdicts, strict=True)]
        pipeline.judge(judged, clock.now(), classifier.name)
        kinds = [kind for _, kind in batch]
        changed = sum(said.kind != kind for kind, said in zip(kinds, verdicts, strict=True))
        yield Rejudged(len(batch), changed)
        last = batch[-1][0].id
