"""
How the model of replies is trained: as the compact one, with the lists' findings beside.

Needs scikit-learn (the extra ``train``). Each reply is learnt four times: with the customer's
message and without, because it is judged either way; without half of what lists and grammar
found, drawn by lot; and by its pieces alone. What is found knows the wording of the seeds better
than that of the world, and a model that never had to do without it trusts its silence too much.
The same rows give the same model, bit for bit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from inboxd.classify import Reply, load
from inboxd.classify.compact import LANGUAGES
from inboxd.classify.replies import FLAGS, CompactReplyJudge, asked_of, inputs_of
from inboxd.classify.reply_evaluation import evaluate_replies
from inboxd.classify.reply_reading import read_reply
from inboxd.classify.training import FOLDS, column, fold_of, linear, seen_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from inboxd.classify.compact import Model
    from inboxd.classify.reply_reading import ReplyReading
    from inboxd.classify.reply_rows import ReplyRow
    from inboxd.model import Verdict

STEPS = 2 * FOLDS + 1
"""The folds, with the customer's message and without it, and all rows."""

_STRENGTH = 30.0
"""How little the weights are held back (scikit-learn's C), chosen on folds of the seeds."""

_FOUND = 0.6
"""How much what lists and grammar found counts beside the pieces, chosen with it."""

_LEAST = 2
"""A piece that only one reply has says nothing about others."""

_DIGITS = 6
"""What calibration is rounded to, lest the last bit of a sum decide about the file."""


@dataclass(frozen=True, slots=True)
class _Set:
    """Replies to learn from, with what is read of them once and used in every fold."""

    rows: tuple[ReplyRow, ...]
    replies: tuple[Reply, ...]
    readings: tuple[ReplyReading, ...]
    asked: tuple[Verdict | None, ...]
    inputs: NDArray[np.float32]

    def taken(self, places: Sequence[int]) -> _Set:
        """Return the part at *places*."""
        return _Set(
            tuple(self.rows[place] for place in places),
            tuple(self.replies[place] for place in places),
            tuple(self.readings[place] for place in places),
            tuple(self.asked[place] for place in places),
            self.inputs[list(places)],
        )


def train_replies(rows: Sequence[ReplyRow], tell: Callable[[str], None] = lambda _: None) -> Model:
    """
    Return the model of *rows*, calibrated on folds of ideas; *tell* hears of each of :data:`STEPS`.

    Its card has the figures that were reached on the folds, with the customer's message
    known and not, each by a model that had seen nothing of the same idea.
    """
    known = _read(rows, with_question=True)
    blind = _read(rows, with_question=False)
    held_out = [_held_out(part, known, blind, tell) for part in (known, blind)]
    tell("all rows")
    model = _fit(known, blind)
    raw = np.concatenate(held_out)
    holds = np.array([[row.labels.get(flag, np.nan) for flag in FLAGS] for row in (*rows, *rows)])
    slopes, offsets = _calibration(raw, holds)
    shares = 1 / (1 + np.exp(-(raw * slopes + offsets)))
    model = replace(
        model,
        scale=(model.scale * slopes).astype(np.float32),
        signals=(model.signals * slopes).astype(np.float32),
        bias=(model.bias * slopes + offsets).astype(np.float32),
        thresholds=_thresholds(shares, holds),
    )
    calibrated = [(scores * slopes + offsets).astype(np.float32) for scores in held_out]
    figures = {
        "question known": _figures(model, known, calibrated[0]),
        "question unknown": _figures(model, blind, calibrated[1]),
    }
    return replace(model, card={"rows": len(rows), "data": digest_of(rows), "figures": figures})


def digest_of(rows: Sequence[ReplyRow]) -> str:
    """Return what tells whether a model was trained on just these rows."""
    return hashlib.sha256("\n".join(repr(row) for row in rows).encode()).hexdigest()


def _read(rows: Sequence[ReplyRow], *, with_question: bool) -> _Set:
    replies = tuple(Reply(row.text, question=row.question if with_question else "") for row in rows)
    readings = tuple(read_reply(reply.text) for reply in replies)
    asked = tuple(asked_of(replies, load()))
    return _Set(tuple(rows), replies, readings, asked, inputs_of(replies, readings, asked))


def _held_out(
    judged: _Set, known: _Set, blind: _Set, tell: Callable[[str], None]
) -> NDArray[np.float64]:
    """Return each row's scores by a model that has seen no row of the same idea."""
    folds = [fold_of(row.idea) for row in judged.rows]
    scores = np.zeros((len(folds), len(FLAGS)))
    for fold in range(FOLDS):
        tell(f"fold {fold + 1} of {FOLDS}")
        outside = [place for place, its in enumerate(folds) if its != fold]
        inside = [place for place, its in enumerate(folds) if its == fold]
        if inside and outside:
            model = _fit(known.taken(outside), blind.taken(outside))
            part = judged.taken(inside)
            scores[inside] = model.weighed([reply.text for reply in part.replies], part.inputs)
    return scores


def _fit(*parts: _Set) -> Model:
    found = parts[0].inputs
    halved = found * (np.random.default_rng(0).random(found.shape) < 0.5).astype(np.float32)
    learnt = (*parts, *(replace(parts[0], inputs=each) for each in (halved, np.zeros_like(found))))
    texts = [reply.text for part in learnt for reply in part.replies]
    rows = [row for part in learnt for row in part.rows]
    inputs = np.concatenate([part.inputs for part in learnt]) * np.float32(_FOUND)
    seen = seen_in(texts, inputs, least=_LEAST * len(learnt))
    columns = [
        column(seen.matrix, [row.labels.get(flag) for row in rows], _STRENGTH) for flag in FLAGS
    ]
    thresholds = np.full(len(FLAGS), 0.5, np.float32)
    model = linear(seen, np.stack(columns, axis=1), FLAGS, thresholds)
    return replace(model, signals=model.signals * np.float32(_FOUND))


def _calibration(
    scores: NDArray[np.float64], holds: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Return slope and offset for each flag by which its scores become log-odds (Platt 1999).

    Where a flag is not labelled, *holds* is nan.
    """
    slopes, offsets = np.ones(len(FLAGS)), np.zeros(len(FLAGS))
    for place in range(len(FLAGS)):
        given, truth = _labelled(scores, holds, place)
        if truth.any() and not truth.all():
            fitted = LogisticRegression(C=1e3, solver="liblinear", random_state=0)
            fitted.fit(given[:, np.newaxis], truth)
            slopes[place] = round(max(float(fitted.coef_[0, 0]), 1e-3), _DIGITS)
            offsets[place] = round(float(fitted.intercept_[0]), _DIGITS)
    return slopes, offsets


def _labelled(
    scores: NDArray[np.float64], holds: NDArray[np.float64], place: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return one flag's scores of the rows that are labelled with it, and whether it holds there."""
    known = ~np.isnan(holds[:, place])
    return scores[known, place], holds[known, place] > 0


def _thresholds(shares: NDArray[np.float64], holds: NDArray[np.float64]) -> NDArray[np.float32]:
    """
    Return, for each flag, the share from which on saying it serves its F1 best.

    Never more than a half: other people's replies are less like the seeds, and score lower.
    """
    steps = [step / 40 for step in range(10, 21)]
    labelled = [_labelled(shares, holds, place) for place in range(len(FLAGS))]
    return np.array([_best(steps, *each) for each in labelled], np.float32)


def _best(steps: Sequence[float], shares: NDArray[np.float64], holds: NDArray[np.bool_]) -> float:
    return max(steps, key=lambda step: _f1(shares >= step, holds))


def _f1(said: NDArray[np.bool_], holds: NDArray[np.bool_]) -> float:
    return 2 * int((said & holds).sum()) / max(int(said.sum() + holds.sum()), 1)


def _figures(
    model: Model, judged: _Set, scores: NDArray[np.float32]
) -> dict[str, dict[str, float]]:
    judge = CompactReplyJudge(model, load())
    verdicts = judge.verdicts(judged.replies, judged.readings, judged.asked, scores)
    figures = {}
    for language in ("all", *LANGUAGES):
        places = [
            place for place, row in enumerate(judged.rows) if language in {"all", row.language}
        ]
        if places:
            result = evaluate_replies(
                [judged.rows[place] for place in places], [verdicts[place] for place in places]
            )
            figures[language] = {
                "rows": float(len(places)),
                **{name: round(value, 3) for name, value in result.summary().items()},
            }
    return figures
