"""
The compact model: linear, trained, calibrated, and able to say which words it went by.

It runs on numpy alone. It weighs the pieces of :mod:`inboxd.classify.features` together
with what the rules say, which know words that no training message had; how it was trained
is in :mod:`inboxd.classify.training`.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from inboxd.classify.evidence import Speaking
from inboxd.classify.features import BUCKETS, pieces, pieces_of_words
from inboxd.classify.language import UNDETERMINED
from inboxd.classify.rules import find
from inboxd.errors import UserError
from inboxd.model import Kind, Topic, Urgency, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from inboxd.classify.features import Pieces
    from inboxd.classify.rows import Row
    from inboxd.classify.rules import Finding

    Floats = NDArray[np.float32]

FORMAT = 2
LANGUAGES = ("ru", "uk", "de", "en")
COLUMNS = (*Kind, *Topic, *Urgency, *LANGUAGES)
"""What the model has a score for, in the order of its columns."""

_KINDS = slice(0, len(Kind))
_TOPICS = slice(_KINDS.stop, _KINDS.stop + len(Topic))
_URGENCIES = slice(_TOPICS.stop, _TOPICS.stop + len(Urgency))
_LANGUAGES = slice(_URGENCIES.stop, _URGENCIES.stop + len(LANGUAGES))

_KIND_NAMES = tuple(map(str, Kind))
_KIND_ORDER, _TOPIC_ORDER, _URGENCY_ORDER = tuple(Kind), tuple(Topic), tuple(Urgency)
_SHOWN = {
    label: (COLUMNS.index(label), f"{part}:{label}")
    for part, labels in (("kind", Kind), ("topic", Topic), ("urgency", (Urgency.HIGH,)))
    for label in labels
    if label != "other"
}
"""The column of each label that evidence is shown for, and how it is called there."""

_LONG = 500
_FEW_BLANKS = 3
_DIGIT = re.compile(r"\d")
_BATCH = 64


_DAMAGE = (
    ValueError, TypeError, LookupError, EOFError, AttributeError, NotImplementedError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What numpy, zip and JSON raise for a file that is none of theirs, or damaged."""
_ANEW = "train it anew, or name another"
SIGNALS = len(Kind) + len(Topic) + len(Urgency) + 8
"""What `signals_of` says of a text."""


@dataclass(frozen=True, slots=True)
class Model:
    """
    What training leaves: one row of weights for each bucket, one column for each score.

    *weights* are whole numbers in units of *scale*; *signals* are the weights of what the
    rules and the form of a text say, a row for each column of `signals_of`; *temperature* makes the kinds' scores
    probabilities; a topic is named from its *threshold* on. *card* says where it comes from.
    """

    idf: Floats
    weights: NDArray[np.int8]
    scale: Floats
    signals: Floats
    bias: Floats
    temperature: float
    thresholds: Floats
    card: Mapping[str, Any]
    columns: tuple[str, ...] = COLUMNS
    seen: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    """What it has learnt from, as `seen_rows` writes it: it cannot be judged by that."""

    tier: ClassVar[str] = "compact"

    def save(self, path: Path) -> None:
        """Write the model; the same model always gives the same bytes."""
        facts = {
            "format": FORMAT,
            "tier": self.tier,
            "columns": list(self.columns),
            "temperature": self.temperature,
            "card": dict(self.card),
        }
        told = np.frombuffer(json.dumps(facts, sort_keys=True).encode(), np.uint8)
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, facts=told, **self.arrays())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers that are saved, by name."""
        return {
            "idf": self.idf.astype(np.float16),
            "weights": self.weights,
            "scale": self.scale,
            "signals": self.signals,
            "bias": self.bias,
            "thresholds": self.thresholds,
            "seen": self.seen,
        }

    @staticmethod
    def arrays_in(data: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return what `arrays` has saved, as the fields that it makes."""
        return {
            "idf": data["idf"].astype(np.float32),
            "weights": data["weights"],
            "scale": data["scale"],
            "signals": data["signals"],
            "bias": data["bias"],
            "thresholds": data["thresholds"],
            "seen": data["seen"] if "seen" in data else np.zeros(0, np.uint32),
        }

    @classmethod
    def load(cls, path: Path, columns: tuple[str, ...] = COLUMNS) -> Self:
        """Read a model of *columns*; raises UserError if *path* is none that fits this version."""
        try:
            # From memory: numpy leaves a file open that turns out to be no archive.
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as data:
                facts = json.loads(bytes(data["facts"]))
                _refuse_other_versions(path, facts, columns)
                _refuse_other_tiers(path, facts, cls.tier)
                model = cls(
                    temperature=float(facts["temperature"]),
                    card=dict(facts["card"]),
                    columns=columns,
                    **cls.arrays_in(data),
                )
        except OSError as error:
            raise UserError(f"{path} cannot be read as a model: {error.strerror}") from error
        except KeyError as error:
            raise UserError(f"{path} cannot be read as a model: it has no {error}") from error
        except _DAMAGE as error:
            raise UserError(f"{path} cannot be read as a model: {error}; {_ANEW}") from error
        if why := model.fault:
            raise UserError(f"{path} cannot be read as a model: {why}; {_ANEW}")
        return model

    @property
    def fault(self) -> str:
        """Return what about its numbers no trained model can have, or ""."""
        count, shape = len(self.columns), self.thresholds.shape
        signals = self.signals.shape[:1]
        if self.columns == COLUMNS:
            shape, signals = (len(Topic),), (SIGNALS,)
        shapes = {
            "idf": (BUCKETS,),
            "weights": (BUCKETS, count),
            "scale": (count,),
            "signals": (*signals, count),
            "bias": (count,),
            "thresholds": shape,
        }
        for name, wanted_shape in shapes.items():
            numbers = getattr(self, name)
            wanted = np.int8 if name == "weights" else np.float32
            if numbers.shape != wanted_shape or numbers.dtype != wanted:
                return f"its {name} are of another shape"
            if name != "weights" and not np.isfinite(numbers).all():
                return f"its {name} are no numbers"
        good = 0 < self.temperature < np.inf and bool((self.thresholds > 0).all())
        return "" if good else "its temperature or thresholds are not above 0"

    def scores(self, batch: Pieces) -> Floats:
        """Return what the pieces of a batch say: a row for each text, a column for each score."""
        weighed = batch.values * self.idf[batch.buckets]
        # `take` copies rows of bytes four times as fast as indexing does.
        weights = self.weights.take(batch.buckets, axis=0).astype(np.float32)
        bounds = batch.starts.tolist()
        sums = np.empty((len(bounds) - 1, self.weights.shape[1]), np.float32)
        for row, (start, stop) in enumerate(pairwise(bounds)):
            mine = weighed[start:stop]
            sums[row] = mine @ weights[start:stop] / max(sqrt(mine @ mine), 1e-9)
        scored: Floats = sums * self.scale
        return scored

    def judge(self, texts: Sequence[str], ruled: Sequence[Finding | Verdict]) -> Floats:
        """Return the scores of *texts*, of which the rules say *ruled*."""
        return self.weighed(texts, signals_of(texts, ruled))

    def weighed(self, texts: Sequence[str], signals: Floats) -> Floats:
        """Return the scores of *texts*, whose further inputs are *signals*."""
        scored: Floats = self.scores(pieces(texts)) + signals @ self.signals + self.bias
        return scored


def _refuse_other_versions(path: Path, facts: Mapping[str, Any], columns: tuple[str, ...]) -> None:
    if facts["format"] > FORMAT:
        newer = f"{path} is a model of a newer inboxd (format {facts['format']}, this one reads"
        raise UserError(f"{newer} {FORMAT}); upgrade inboxd, or {_ANEW}")
    if facts["format"] != FORMAT or tuple(facts["columns"]) != columns:
        raise UserError(f"{path} is a model for another version of inboxd; {_ANEW}")


def _refuse_other_tiers(path: Path, facts: Mapping[str, Any], tier: str) -> None:
    other = facts.get("tier", "compact")
    if other != tier:
        raise UserError(
            f"{path} is a model of the tier {other}, not of {tier}; choose its tier, or {_ANEW}"
        )


class CompactClassifier:
    """Judges messages by a model; see :class:`inboxd.classify.Classifier`."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._speaking = Speaking(self._alone, len(COLUMNS))

    @property
    def name(self) -> str:
        """Return the tier, and the beginning of its training data's digest."""
        return f"{self._model.tier}-{str(self._model.card.get('data', ''))[:8]}"

    @property
    def batch(self) -> int:
        """Return how many texts take it about a tenth of a second."""
        return 200

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """Return one verdict for each text, in order; any string is a text."""
        verdicts: list[Verdict] = []
        for start in range(0, len(texts), _BATCH):
            verdicts.extend(self._classify(texts[start : start + _BATCH]))
        return verdicts

    def _classify(self, texts: Sequence[str]) -> list[Verdict]:
        ruled = list(map(find, texts))
        return self.verdicts(texts, ruled, self._model.judge(texts, ruled))

    def verdicts(
        self, texts: Sequence[str], ruled: Sequence[Finding], scores: Floats
    ) -> list[Verdict]:
        """Return the verdicts that *scores* make, given what the rules say."""
        shares = softmax(scores[:, _KINDS].astype(np.float64) / self._model.temperature)
        kinds = [_KIND_ORDER[place] for place in shares.argmax(axis=1)]
        topics = self._named(1 / (1 + np.exp(-scores[:, _TOPICS])))
        urgencies = [_URGENCY_ORDER[place] for place in scores[:, _URGENCIES].argmax(axis=1)]
        languages = [LANGUAGES[place] for place in scores[:, _LANGUAGES].argmax(axis=1)]
        labels = zip(kinds, topics, urgencies, strict=True)
        wanted = [
            [_SHOWN[label] for label in (kind, *about, urgency) if label in _SHOWN]
            for kind, about, urgency in labels
        ]
        evidence = self._speaking.shown(texts, wanted)
        said = zip(
            kinds, topics, urgencies, languages,
            (dict(zip(_KIND_NAMES, row, strict=True)) for row in shares.tolist()),
            (
                (*spans, *rule.hold_time) if rule.waited else spans
                for spans, rule in zip(evidence, ruled, strict=True)
            ),
            strict=True,
        )  # fmt: skip
        return [
            # Of a text without words the rules know all that can be known.
            rule.verdict() if rule.language == UNDETERMINED else Verdict(*parts)
            for rule, parts in zip(ruled, said, strict=True)
        ]

    def _named(self, shares: NDArray[np.floating]) -> list[tuple[Topic, ...]]:
        """Return the topics that are sure enough, the surest first; OTHER if none is."""
        sure = shares / self._model.thresholds
        sure[:, _TOPIC_ORDER.index(Topic.OTHER)] = 0
        named: list[list[Topic]] = [[] for _ in sure]
        rows, places = np.nonzero(sure >= 1)
        surest_first = np.lexsort((-sure[rows, places], rows))
        for row, place in zip(rows[surest_first], places[surest_first], strict=True):
            named[row].append(_TOPIC_ORDER[place])
        return [tuple(topics) or (Topic.OTHER,) for topics in named]

    def _alone(self, words: Sequence[str]) -> Floats:
        """Return what each of *words* says: of kind and urgency, for one and against the others."""
        said = self._model.scores(pieces_of_words(words))
        for columns in (_KINDS, _URGENCIES):
            said[:, columns] -= said[:, columns].mean(axis=1, keepdims=True)
        return said


def signals_of(texts: Sequence[str], ruled: Sequence[Finding | Verdict]) -> Floats:
    """Return what the rules say of *texts*, and their form, as numbers between 0 and 1."""
    rows = [
        (
            *(verdict.scores[kind] for kind in _KIND_ORDER),
            *_marks(verdict.topics, verdict.urgency),
            verdict.language == "ru",
            verdict.language == "uk",
            min(len(text), _LONG) / _LONG,
            "?" in text,
            text.count("?") > 1,
            "!" in text,
            _DIGIT.search(text, 0, _LONG) is not None,
            text.count(" ") < _FEW_BLANKS,
        )
        for text, verdict in zip(texts, ruled, strict=True)
    ]
    return np.array(rows, np.float32)


@lru_cache(maxsize=1 << 10)
def _marks(topics: tuple[Topic, ...], urgency: Urgency) -> tuple[bool, ...]:
    """Return which topic and which urgency it is, each label in its place."""
    named = (topic in topics for topic in _TOPIC_ORDER)
    return (*named, *(each is urgency for each in _URGENCY_ORDER))


def seen_rows(rows: Iterable[Row]) -> NDArray[np.uint32]:
    """Return the texts and ideas of *rows* as numbers, which tell nobody what they say."""
    said = {part for row in rows for part in (row.text.strip().casefold(), row.idea)}
    digests = (hashlib.blake2s(part.encode("utf-8", "replace"), digest_size=4) for part in said)
    return np.array(sorted({int.from_bytes(each.digest(), "big") for each in digests}), np.uint32)


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return *scores* as shares that sum to 1 in each row."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


assert len(COLUMNS) == _LANGUAGES.stop  # noqa: S101 - the slices above are the columns
