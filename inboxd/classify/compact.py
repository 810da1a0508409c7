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
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from inboxd.classify.features import BUCKETS, pieces
from inboxd.classify.rules import judge
from inboxd.errors import UserError
from inboxd.model import Evidence, Kind, Topic, Urgency, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from inboxd.classify.features import Pieces
    from inboxd.classify.rows import Row

    Floats = NDArray[np.float32]

FORMAT = 1
LANGUAGES = ("ru", "uk", "de", "en")
COLUMNS = (*Kind, *Topic, *Urgency, *LANGUAGES)
"""What the model has a score for, in the order of its columns."""

_KINDS = slice(0, len(Kind))
_TOPICS = slice(_KINDS.stop, _KINDS.stop + len(Topic))
_URGENCIES = slice(_TOPICS.stop, _TOPICS.stop + len(Urgency))
_LANGUAGES = slice(_URGENCIES.stop, _URGENCIES.stop + len(LANGUAGES))

_KIND_ORDER, _URGENCY_ORDER = tuple(Kind), tuple(Urgency)
_PLACES = {
    (part, label): columns.start + place
    for part, columns, labels in (
        ("kind", _KINDS, _KIND_ORDER),
        ("topic", _TOPICS, tuple(Topic)),
        ("urgency", _URGENCIES, _URGENCY_ORDER),
    )
    for place, label in enumerate(labels)
}
"""The column of each label that evidence is shown for."""

WORD = re.compile(r"[^\W_][\w'’ʼ-]*|[^\w\s]+")
"""What is tried as evidence: a word, or a row of signs."""
_LONG = 500
_FEW_BLANKS = 3
MOST_WORDS = 40
"""Words of a message that are tried as evidence."""
_EVIDENCE_A_LABEL = 3
_BATCH = 64


_DAMAGE = (
    ValueError, TypeError, LookupError, EOFError, AttributeError, NotImplementedError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What numpy, zip and JSON raise for a file that is none of theirs, or damaged."""
_ANEW = "train it anew, or name another"
SIGNALS = len(Kind) + len(Topic) + len(Urgency) + 6
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
        starts = batch.starts[:-1]
        norms = np.sqrt(np.add.reduceat(weighed * weighed, starts))
        products = self.weights[batch.buckets].astype(np.float32) * weighed[:, None]
        sums = np.add.reduceat(products, starts, axis=0) * self.scale
        return (sums / np.maximum(norms, 1e-9)[:, None]).astype(np.float32)

    def judge(self, texts: Sequence[str], ruled: Sequence[Verdict]) -> Floats:
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
        ruled = [judge(text) for text in texts]
        return self.verdicts(texts, ruled, self._model.judge(texts, ruled))

    def verdicts(
        self, texts: Sequence[str], ruled: Sequence[Verdict], scores: Floats
    ) -> list[Verdict]:
        """Return the verdicts that *scores* make, given what the rules say."""
        kinds = softmax(scores[:, _KINDS].astype(np.float64) / self._model.temperature)
        topics = 1 / (1 + np.exp(-scores[:, _TOPICS]))
        urgencies = scores[:, _URGENCIES].argmax(axis=1)
        languages = scores[:, _LANGUAGES].argmax(axis=1)
        labels = [
            _Labels(
                kind=_KIND_ORDER[kind.argmax()],
                topics=self._named(topic),
                urgency=_URGENCY_ORDER[urgency],
                language=LANGUAGES[language],
            )
            for kind, topic, urgency, language in zip(
                kinds, topics, urgencies, languages, strict=True
            )
        ]
        shown = self._evidence(texts, labels)
        return [
            # Of a text without words the rules know all that can be known.
            rule
            if rule.language == "und"
            else Verdict(
                kind=label.kind,
                topics=label.topics,
                urgency=label.urgency,
                language=label.language,
                scores={str(each): float(share) for each, share in zip(Kind, kind, strict=True)},
                evidence=spans,
            )
            for rule, label, kind, spans in zip(ruled, labels, kinds, shown, strict=True)
        ]

    def _named(self, shares: Floats) -> tuple[Topic, ...]:
        """Return the topics that are sure enough, the surest first; OTHER if none is."""
        sure = shares / self._model.thresholds
        named = [
            topic
            for certainty, topic in sorted(zip(sure, Topic, strict=True), reverse=True)
            if certainty >= 1 and topic is not Topic.OTHER
        ]
        return tuple(named) or (Topic.OTHER,)

    def _evidence(
        self, texts: Sequence[str], labels: Sequence[_Labels]
    ) -> list[tuple[Evidence, ...]]:
        """Return, for each text, the words that speak most for its labels."""
        found = [list(WORD.finditer(text[:20_000]))[:MOST_WORDS] for text in texts]
        words = [match.group() for matches in found for match in matches]
        if not words:
            return [()] * len(texts)
        said = self._model.scores(pieces(words))
        for columns in (_KINDS, _URGENCIES):
            said[:, columns] -= said[:, columns].mean(axis=1, keepdims=True)
        shown, at = [], 0
        for label, matches in zip(labels, found, strict=True):
            rows = said[at : at + len(matches)]
            at += len(matches)
            shown.append(tuple(_strongest(label, matches, rows)))
        return shown


@dataclass(frozen=True, slots=True)
class _Labels:
    kind: Kind
    topics: tuple[Topic, ...]
    urgency: Urgency
    language: str


def _strongest(label: _Labels, matches: Sequence[re.Match[str]], said: Floats) -> list[Evidence]:
    """Return the words that speak for *label*, at most a few for each part of it."""
    wanted = [("kind", label.kind), *(("topic", topic) for topic in label.topics)]
    if label.urgency is Urgency.HIGH:
        wanted.append(("urgency", label.urgency))
    spans: list[Evidence] = []
    for part, value in wanted:
        if value is Topic.OTHER or value is Kind.OTHER:
            continue
        column = said[:, _PLACES[part, value]]
        best = np.argsort(-column, kind="stable")[:_EVIDENCE_A_LABEL]
        spans.extend(
            Evidence(
                matches[row].start(), matches[row].end(), matches[row].group(), f"{part}:{value}"
            )
            for row in sorted(best)
            if column[row] > 0
        )
    return spans


def signals_of(texts: Sequence[str], ruled: Sequence[Verdict]) -> Floats:
    """Return what the rules say of *texts*, and their form, as numbers between 0 and 1."""
    rows = [
        [
            *(verdict.scores[kind] for kind in Kind),
            *(float(topic in verdict.topics) for topic in Topic),
            *(float(urgency is verdict.urgency) for urgency in Urgency),
            min(len(text), _LONG) / _LONG,
            float("?" in text),
            float(text.count("?") > 1),
            float("!" in text),
            float(any(letter.isdigit() for letter in text[:_LONG])),
            float(text.count(" ") < _FEW_BLANKS),
        ]
        for text, verdict in zip(texts, ruled, strict=True)
    ]
    return np.array(rows, np.float32)


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
