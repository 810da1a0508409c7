"""How good a classifier is on labelled messages: F1 by class, and whether its shares are true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inboxd.classify.rows import Row
    from inboxd.model import Verdict

_BINS = 10


@dataclass(frozen=True, slots=True)
class Score:
    """How one label was found: shares between 0 and 1, and how many rows have it."""

    label: str
    precision: float
    recall: float
    rows: int

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of judging labelled rows."""

    rows: int
    kinds: tuple[Score, ...]
    complaint: tuple[Score, ...]
    topics: tuple[Score, ...]
    urgencies: tuple[Score, ...]
    language_accuracy: float
    calibration_error: float

    def summary(self) -> dict[str, float]:
        """Return the headline figures: macro-F1, but for the last two."""
        return {
            "kind": macro(self.kinds),
            "complaint or not": macro(self.complaint),
            "topic": macro(self.topics),
            "urgency": macro(self.urgencies),
            "language (accuracy)": self.language_accuracy,
            "calibration error of P(complaint)": self.calibration_error,
        }


def evaluate(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> Evaluation:
    """Hold *verdicts* against the labels of *rows*."""
    kinds = [({row.kind}, {str(verdict.kind)}) for row, verdict in zip(rows, verdicts, strict=True)]
    complaints = [({str("complaint" in true)}, {str("complaint" in said)}) for true, said in kinds]
    pairs = list(zip(rows, verdicts, strict=True))
    return Evaluation(
        rows=len(rows),
        kinds=tuple(scores_of(kinds, [str(kind) for kind in Kind])),
        complaint=tuple(scores_of(complaints, ["True", "False"])),
        topics=tuple(
            scores_of(
                [(set(row.topics), {str(topic) for topic in said.topics}) for row, said in pairs],
                [str(topic) for topic in Topic],
            )
        ),
        urgencies=tuple(
            scores_of(
                [({row.urgency}, {str(said.urgency)}) for row, said in pairs],
                [str(urgency) for urgency in Urgency],
            )
        ),
        language_accuracy=sum(row.language == said.language for row, said in pairs)
        / max(len(pairs), 1),
        calibration_error=calibration_error(
            [said.scores["complaint"] for said in verdicts],
            [row.kind == "complaint" for row in rows],
        ),
    )


def macro(scores: Sequence[Score]) -> float:
    """Return the mean F1 of the labels that occur."""
    present = [score.f1 for score in scores if score.rows]
    return sum(present) / max(len(present), 1)


def scores_of(pairs: Sequence[tuple[set[str], set[str]]], labels: Sequence[str]) -> Iterator[Score]:
    """Yield how each of *labels* was found; *pairs* are those that hold and those that were said."""
    for label in labels:
        true = sum(label in truth for truth, _ in pairs)
        said = sum(label in names for _, names in pairs)
        right = sum(label in truth and label in names for truth, names in pairs)
        yield Score(label, right / max(said, 1), right / max(true, 1), true)


def calibration_error(shares: Sequence[float], holds: Sequence[bool]) -> float:
    """Return the expected calibration error over ten equal bins."""
    error = 0.0
    for place in range(_BINS):
        inside = [
            (share, held)
            for share, held in zip(shares, holds, strict=True)
            if min(int(share * _BINS), _BINS - 1) == place
        ]
        error += abs(sum(share for share, _ in inside) - sum(held for _, held in inside))
    return error / max(len(shares), 1)
