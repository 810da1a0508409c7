"""
What a customer's message is: language, kind, topics, urgency, and the words that say so.

The interface is :class:`Classifier`; :func:`load` gives the one in use. Nothing heavy is
imported or read before the first message is classified.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.model import Verdict


SHIPPED = Path(__file__).with_name("model.npz")
"""The model that comes with this version; `make model` makes it from the seeds."""


class Classifier(Protocol):
    """
    Judges messages, in batches because a trained model is faster so.

    It never raises for a text, whatever is in it, has no memory between calls, and may be
    called from any thread.
    """

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """Return one verdict for each text, in the same order."""
        ...


@cache
def load() -> Classifier:
    """Return the classifier in use; the same one every time."""
    from inboxd.classify.compact import CompactClassifier, Model  # noqa: PLC0415 -- quick `--help`

    return CompactClassifier(Model.load(SHIPPED))
