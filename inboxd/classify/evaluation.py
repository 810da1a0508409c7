"""How good a classifier is on labelled messages: each part on the rows that are labelled with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.classify.compact import seen_rows
from inboxd.classify.measures import Judged, accuracy
from inboxd.classify.rows import NOT_COMPLAINT
from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from inboxd.classify.compact import Model
    from inboxd.classify.measures import Measure, Score
    from inboxd.classify.rows import Row
    from inboxd.model import Verdict


@dataclass(frozen=True, slots=True)
class Evaluation:
    """
    What came of judging labelled rows.

    *scores* are by part and label; *headline* holds the figures that stand for the whole. What
    no row is labelled with is in neither.
    """

    rows: int
    scores: Mapping[str, Sequence[Score]]
    headline: Mapping[str, Measure]

    def summary(self) -> dict[str, float]:
        """Return the headline figures without their intervals."""
        return {name: measure.value for name, measure in self.headline.items()}

    def as_json(self) -> dict[str, Any]:
        """Return it as `classifier evaluate --json` prints it."""
        return {
            "rows": self.rows,
            "headline": {name: measure.as_json() for name, measure in self.headline.items()},
            "labels": {
                part: {score.label: score.as_json() for score in scores}
                for part, scores in self.scores.items()
            },
        }


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a verdict: its labels, those that hold of a row (none: not labelled), those said."""

    labels: Sequence[str]
    truth: Callable[[Row], Collection[str]]
    said: Callable[[Verdict], Collection[str]]
    shares: Callable[[Verdict], Mapping[str, float]] | None = None


_BINARY = {True: (Kind.COMPLAINT,), False: (NOT_COMPLAINT,), None: ()}


def _odds(said: Verdict) -> dict[str, float]:
    share = said.scores[Kind.COMPLAINT]
    return {Kind.COMPLAINT: share, NOT_COMPLAINT: 1 - share}


_PARTS = {
    "kind": _Part(
        tuple(Kind),
        lambda row: () if row.kind in {"", NOT_COMPLAINT} else (row.kind,),
        lambda said: (said.kind,),
        lambda said: said.scores,
    ),
    "complaint or not": _Part(
        (Kind.COMPLAINT, NOT_COMPLAINT),
        lambda row: _BINARY[row.complaint],
        lambda said: _BINARY[said.kind is Kind.COMPLAINT],
        _odds,
    ),
    "topic": _Part(tuple(Topic), lambda row: row.topics or (), lambda said: said.topics),
    "urgency": _Part(
        tuple(Urgency),
        lambda row: (row.urgency,) if row.urgency else (),
        lambda said: (said.urgency,),
    ),
}


def evaluate(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> Evaluation:
    """Hold *verdicts* against the labels of *rows*: macro-F1, but for the last two figures."""
    judged = {name: _judged(part, rows, verdicts) for name, part in _PARTS.items()}
    if {row.kind for row in rows} <= {"", Kind.COMPLAINT, NOT_COMPLAINT}:
        # Among complaints alone there is nothing that a kind could be taken for.
        del judged["kind"]
    judged = {name: each for name, each in judged.items() if each.truth}
    headline = {name: each.macro_f1(_PARTS[name].labels) for name, each in judged.items()}
    told = [(row, said) for row, said in zip(rows, verdicts, strict=True) if row.language]
    if told:
        right = [row.language == said.language for row, said in told]
        headline["language (accuracy)"] = accuracy(right, [row.idea for row, _ in told])
    if binary := judged.get("complaint or not"):
        headline["calibration error of P(complaint)"] = binary.calibration(Kind.COMPLAINT)
    scores = {name: each.scores(_PARTS[name].labels) for name, each in judged.items()}
    return Evaluation(len(rows), scores, headline)


def _judged(part: _Part, rows: Sequence[Row], verdicts: Sequence[Verdict]) -> Judged:
    """Return what *part* is on the rows that are labelled with it."""
    labelled = [
        (truth, said, row.idea)
        for row, said in zip(rows, verdicts, strict=True)
        if (truth := part.truth(row))
    ]
    return Judged(
        truth=[truth for truth, _, _ in labelled],
        said=[part.said(said) for _, said, _ in labelled],
        ideas=[idea for _, _, idea in labelled],
        shares=[part.shares(said) for _, said, _ in labelled] if part.shares else (),
    )


def learnt_from(rows: Sequence[Row], model: Model) -> list[bool]:
    """Return which of *rows* have an idea or a text that *model* has learnt from."""
    known = set(model.seen.tolist())
    return [not known.isdisjoint(seen_rows([row]).tolist()) for row in rows]
