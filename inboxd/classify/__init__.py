"""
What a customer's message is, and how the brand replied, with the words that say so.

The interfaces are :class:`Classifier` and :class:`ReplyJudge`; :func:`load` and
:func:`load_reply_judge` give those in use. Nothing heavy is imported or read before the first
message is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from inboxd.errors import ConfigError, Problem, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.classify.compact import Model
    from inboxd.config import Settings
    from inboxd.model import ReplyVerdict, Verdict


SHIPPED = Path(__file__).with_name("model.npz")
"""The model that comes with this version; `make model` makes it from the seeds."""

SHIPPED_FOR_REPLIES = Path(__file__).with_name("replies.npz")
"""The model of replies that comes with this version."""


class Classifier(Protocol):
    """
    Judges messages, in batches because a trained model is faster so.

    It never raises for a text, whatever is in it, has no memory between calls, and may be
    called from any thread.
    """

    @property
    def name(self) -> str:
        """Which model it is: what it says is kept under this name."""
        ...

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """Return one verdict for each text, in the same order."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """
    One reply of the brand, to be judged.

    *sent_at* is in the zone in which its "today" is meant; without it no date is counted
    out. *question* is the customer's message that it answers, "" if that is not known.
    """

    text: str
    sent_at: datetime | None = None
    question: str = ""


class ReplyJudge(Protocol):
    """
    Judges the brand's replies, in batches.

    It never raises for a text, has no memory between calls, and may be called from any
    thread.
    """

    def judge(self, replies: Sequence[Reply]) -> list[ReplyVerdict]:
        """Return one verdict for each reply, in the same order."""
        ...


@cache
def load() -> Classifier:
    """Return the classifier that comes with this version; the same one every time."""
    return read(SHIPPED)


def read(path: Path) -> Classifier:
    """Return the classifier whose model is in a file; raises UserError if it cannot be used."""
    from inboxd.classify.compact import CompactClassifier, Model  # noqa: PLC0415 -- quick `--help`

    return CompactClassifier(Model.load(path))


def configured(settings: Settings) -> Classifier:
    """Return the classifier that a configuration asks for; raises ConfigError if it is none."""
    from inboxd.classify.own import OwnWords  # noqa: PLC0415 -- as above

    chosen = settings.classifier
    try:
        model = read(chosen.model) if chosen.model else load()
    except UserError as error:
        problem = Problem("classifier.model", f"cannot be used: {error}")
        raise ConfigError(str(settings.path), [problem]) from None
    words = chosen.own_words
    return OwnWords(model, words) if words else model


def load_reply_judge(settings: Settings | None = None) -> ReplyJudge:
    """
    Return the judge of replies; it asks the configured classifier what the customer's message was.

    Without *settings* that is the one that comes with this version. Raises ConfigError if the
    configured one cannot be used.
    """
    from inboxd.classify.replies import CompactReplyJudge  # noqa: PLC0415 -- quick `--help`

    return CompactReplyJudge(_of_replies(), configured(settings) if settings else load())


@cache
def _of_replies() -> Model:
    from inboxd.classify.compact import Model  # noqa: PLC0415 -- as above
    from inboxd.classify.replies import FLAGS  # noqa: PLC0415 -- as above

    return Model.load(SHIPPED_FOR_REPLIES, FLAGS)
