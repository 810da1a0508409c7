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
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from inboxd.classify.compact import Model
    from inboxd.config import Settings
    from inboxd.model import ReplyVerdict, Verdict


SHIPPED = Path(__file__).with_name("model.npz")
"""The model that comes with this version; `make model` makes it from the seeds."""

SHIPPED_SEMANTIC = Path(__file__).with_name("semantic.npz")
"""The model of the semantic tier that comes with this version."""

SHIPPED_FOR_REPLIES = Path(__file__).with_name("replies.npz")
"""The model of replies that comes with this version."""


class SemanticUnavailable(UserError):
    """This machine lacks what the semantic tier needs; the text says what."""


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

    @property
    def batch(self) -> int:
        """How many texts to give it at once: a tenth of a second of work, or little more."""
        ...

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """Return one verdict for each text, in the same order."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """
    One reply of the brand, to be judged.

    *sent_at* is in the zone in which its "today" is meant; without it no date is counted
    out. *question* is the customer's message that it answers, "" if that is not known. To say
    nothing is a fault only where somebody *needs_answer*: who says thanks asks for none.
    """

    text: str
    sent_at: datetime | None = None
    question: str = ""
    needs_answer: bool = True


class ReplyJudge(Protocol):
    """
    Judges the brand's replies, in batches.

    It never raises for a text, has no memory between calls, and may be called from any
    thread.
    """

    @property
    def name(self) -> str:
        """Which model it is: what it says is kept under this name."""
        ...

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


def read_semantic(path: Path) -> Classifier:
    """
    Return the classifier of the semantic tier whose model is in a file.

    Raises UserError if the file is none, and its subclass SemanticUnavailable if this machine lacks
    what it needs.
    """
    from inboxd.classify.semantic import SemanticClassifier, load_model  # noqa: PLC0415 -- as above

    return SemanticClassifier(load_model(path))


def _ignored(_: str) -> None:
    """Tell nobody."""


def configured(settings: Settings, tell: Callable[[str], None] = _ignored) -> Classifier:
    """
    Return the classifier that a configuration asks for; raises ConfigError if it is none.

    Where the semantic tier is asked for and this machine lacks what it needs, that is the
    compact model of this version, and *tell* hears why.
    """
    from inboxd.classify.own import OwnWords  # noqa: PLC0415 -- as above

    chosen = settings.classifier
    try:
        model = of_tier(chosen.tier, chosen.model, tell)
    except UserError as error:
        raise _unusable(settings, "model", error) from None
    try:
        if chosen.replies:
            reply_model(chosen.replies)
    except UserError as error:
        raise _unusable(settings, "replies", error) from None
    words = chosen.own_words
    return OwnWords(model, words) if words else model


def _unusable(settings: Settings, key: str, error: UserError) -> ConfigError:
    problem = Problem(f"classifier.{key}", f"cannot be used: {error}")
    return ConfigError(str(settings.path), [problem])


def of_tier(
    tier: str | None, model: Path | None = None, tell: Callable[[str], None] = _ignored
) -> Classifier:
    """
    Return the classifier of a tier (by default the compact one), with a *model* of one's own.

    Falls back as `configured` does; raises UserError if *model* cannot be used.
    """
    if tier != "semantic":
        return read(model) if model else load()
    try:
        return read_semantic(model or SHIPPED_SEMANTIC)
    except SemanticUnavailable as why:
        tell(f"the compact tier judges instead of the semantic one: {why}")
        return load()


def load_reply_judge(
    settings: Settings | None = None, *, replies: Path | None = None
) -> ReplyJudge:
    """
    Return the judge of replies; it asks the configured classifier what the customer's message was.

    Without *settings* both are those that come with this version, but for a model of *replies*.
    Raises ConfigError, or for *replies* UserError, if one cannot be used.
    """
    from inboxd.classify.replies import CompactReplyJudge  # noqa: PLC0415 -- quick `--help`

    if settings is None:
        return CompactReplyJudge(reply_model(replies), load())
    asked = configured(settings)
    return CompactReplyJudge(reply_model(replies or settings.classifier.replies), asked)


def reply_model(path: Path | None = None) -> Model:
    """Return the model of replies in a file, by default this version's; UserError if it is none."""
    from inboxd.classify.compact import Model  # noqa: PLC0415 -- as above
    from inboxd.classify.replies import FLAGS  # noqa: PLC0415 -- as above

    return Model.load(path, FLAGS) if path else _of_replies()


@cache
def _of_replies() -> Model:
    from inboxd.classify.compact import Model  # noqa: PLC0415 -- as above
    from inboxd.classify.replies import FLAGS  # noqa: PLC0415 -- as above

    return Model.load(SHIPPED_FOR_REPLIES, FLAGS)
