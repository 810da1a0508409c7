"""
The semantic tier: the compact model's pieces, and how near a message is to those it learnt from.

Near means near in what two sentence encoders make of them (:mod:`inboxd.classify.embedding`),
so that what is said in words that no training message had is understood, too. Every training message
pulls each score towards its own label, the more the nearer it is (a Gaussian kernel).
How it was trained is in :mod:`inboxd.classify.semantic_training`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from inboxd.classify import SemanticUnavailable
from inboxd.classify.compact import COLUMNS, CompactClassifier, Model
from inboxd.classify.embedding import E5, SIZE, embedder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from inboxd.classify.rules import Finding
    from inboxd.model import Verdict

    Floats = NDArray[np.float32]

DIMENSIONS = 192
"""How many of the embeddings' main directions are kept; more add nothing on folds of the seeds."""
USE_SHARE = 0.5
"""How much the second encoder counts beside the first; it does not know Ukrainian."""
PROBE = "Where is my parcel? Где моя посылка? Де моя посилка? Wo bleibt mein Paket?"
_ALIKE = 0.98
"""The cosine from which on an encoder counts as the one that was trained with."""


@dataclass(frozen=True, slots=True)
class Space:
    """
    Where messages are near each other: the main directions of embeddings, evened out.

    *mean* and *spread* even out each number; *projection* takes them to :data:`DIMENSIONS`,
    *centre* to the middle of all, and there they are whole numbers in *units*.
    """

    mean: Floats
    spread: Floats
    projection: Floats
    centre: Floats
    units: Floats

    def places(self, embeddings: Floats) -> NDArray[np.int8]:
        """Return where each text lies: a row of whole numbers, as they are stored."""
        turned = evened(embeddings, self.mean, self.spread) @ self.projection - self.centre
        turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
        whole: NDArray[np.int8] = np.clip(np.rint(turned / self.units), -127, 127).astype(np.int8)
        return whole


def evened(embeddings: Floats, mean: Floats, spread: Floats) -> Floats:
    """Return *embeddings* of which no direction outweighs the others, either encoder by itself."""
    even: Floats = (embeddings - mean) / spread
    for part, share in ((slice(0, E5), 1.0), (slice(E5, SIZE), USE_SHARE)):
        norms = np.maximum(np.linalg.norm(even[:, part], axis=1, keepdims=True), 1e-9)
        even[:, part] *= np.float32(np.sqrt(share)) / norms
    return even


def kernel(some: Floats, others: Floats) -> Floats:
    """Return how near each of *some* is to each of *others*, from 1 down to nothing."""
    far = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * (some @ others.T)
    near: Floats = np.exp(-np.maximum(far, 0))
    return near


@dataclass(frozen=True)  # with slots nothing can be kept
class Neighbours:
    """
    The training messages: *places* are where they lie, a row each, in *units*.

    *pulls* are how much each of them pulls every score of a message that lies where it does.
    """

    places: NDArray[np.int8]
    units: Floats
    pulls: Floats

    @cached_property
    def _lies(self) -> Floats:
        lies: Floats = self.places * self.units
        return lies

    @cached_property
    def _lengths(self) -> Floats:
        lengths: Floats = (self._lies**2).sum(axis=1)
        return lengths

    def pulled(self, place: NDArray[np.int8]) -> Floats:
        """Return what they add to each score of the one message at *place*."""
        lies = place * self.units
        far = lies @ lies + self._lengths - 2 * (self._lies @ lies)
        pulled: Floats = np.exp(-np.maximum(far, 0)) @ self.pulls
        return pulled


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticModel(Model):
    """
    What training leaves: the compact part, and the training messages in their *space*.

    *probe* is the embedding of :data:`PROBE` at the time of training. *encode* gives embeddings.
    """

    space: Space
    neighbours: Neighbours
    probe: Floats
    encode: Callable[[Sequence[str]], Floats]

    tier: ClassVar[str] = "semantic"

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers that are saved, by name."""
        return Model.arrays(self) | {
            "mean": self.space.mean,
            "spread": self.space.spread,
            "projection": self.space.projection.astype(np.float16),
            "centre": self.space.centre,
            "units": self.space.units,
            "places": self.neighbours.places,
            "pulls": self.neighbours.pulls.astype(np.float16),
            "probe": self.probe,
        }

    @staticmethod
    def arrays_in(data: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """Return what `arrays` has saved, as the fields that it makes; encoders are not asked for."""
        space = Space(
            mean=data["mean"],
            spread=data["spread"],
            projection=data["projection"].astype(np.float32),
            centre=data["centre"],
            units=data["units"],
        )
        pulls = data["pulls"].astype(np.float32)
        return {
            **Model.arrays_in(data),
            "space": space,
            "neighbours": Neighbours(data["places"], space.units, pulls),
            "probe": data["probe"],
            "encode": lambda texts: embedder().embed(texts),
        }

    @property
    def fault(self) -> str:
        """Return what about its numbers no trained model can have, or ""."""
        space, places, pulls = self.space, self.neighbours.places, self.neighbours.pulls
        wanted = {
            "mean": (space.mean, (SIZE,)),
            "spread": (space.spread, (SIZE,)),
            "projection": (space.projection, (SIZE, DIMENSIONS)),
            "centre": (space.centre, (DIMENSIONS,)),
            "units": (space.units, (DIMENSIONS,)),
            "pulls": (pulls, (len(places), len(COLUMNS))),
            "probe": (self.probe, (SIZE,)),
        }
        for name, (numbers, shape) in wanted.items():
            if numbers.shape != shape or numbers.dtype != np.float32:
                return f"its {name} are of another shape"
            if not np.isfinite(numbers).all():
                return f"its {name} are no numbers"
        if places.shape != (len(places), DIMENSIONS) or places.dtype != np.int8:
            return "its places are of another shape"
        if not ((space.spread > 0).all() and (space.units > 0).all()):
            return "its spread or units are not above 0"
        # With slots the class is made twice, and only its name leads to the second.
        return super(SemanticModel, self).fault

    def judge(self, texts: Sequence[str], ruled: Sequence[Finding | Verdict]) -> Floats:
        """Return the scores of *texts*, of which the rules say *ruled*."""
        scored: Floats = Model.judge(self, texts, ruled) + self.pulled(texts)
        return scored

    def pulled(self, texts: Sequence[str]) -> Floats:
        """Return what the training messages near each of *texts* add to its scores."""
        # Each by itself: in company sums are rounded otherwise, and a verdict must not depend on it.
        places = (self.space.places(self.encode([text]))[0] for text in texts)
        return np.stack([self.neighbours.pulled(place) for place in places])

    def refuse_other_encoders(self) -> None:
        """Raise SemanticUnavailable if the encoders are not those that it was trained with."""
        (now,) = self.encode([PROBE])
        for part in (slice(0, E5), slice(E5, SIZE)):
            then, said = self.probe[part], now[part]
            alike = float(then @ said) / float(np.linalg.norm(then) * np.linalg.norm(said) + 1e-9)
            if alike < _ALIKE:
                raise SemanticUnavailable(
                    "the encoders are not those that the model was trained with"
                )


class SemanticClassifier(CompactClassifier):
    """Judges messages by a model of the semantic tier; its evidence is what the pieces say."""

    @property
    def batch(self) -> int:
        """Return how many texts take it a fifth of a second."""
        return 4


def load_model(path: Path) -> SemanticModel:
    """Read a model; raises UserError for the file, and SemanticUnavailable for the machine."""
    embedder()
    model = SemanticModel.load(path)
    model.refuse_other_encoders()
    return model
