"""
How the compact model is trained: linear models on hashed pieces, checked on folds of ideas.

Needs scikit-learn (the extra ``train``), which the daemon does not. The same rows give the
same model, bit for bit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from inboxd.classify.compact import (
    COLUMNS,
    LANGUAGES,
    CompactClassifier,
    Model,
    seen_rows,
    signals_of,
    softmax,
)
from inboxd.classify.evaluation import evaluate
from inboxd.classify.features import BUCKETS, pieces
from inboxd.classify.partial import completed, lacks_kinds
from inboxd.classify.rows import NOT_COMPLAINT
from inboxd.classify.rules import find
from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from inboxd.classify.rows import Row
    from inboxd.model import Verdict

FOLDS = 5
STEPS = FOLDS + 2
"""The folds, all rows, and the comparison with the present model."""
_STRENGTH = 40.0
"""How little the weights are held back (scikit-learn's C), chosen on folds of the seeds."""
_HINGE = 1.0
"""The same for the squared hinge."""
_SIGNAL = 0.5
"""How much what the rules say counts beside the pieces, whose squares sum to 1."""
_FEW_WORDS = 3
_TAUGHT = 0.5
"""How much a kind that the teacher named counts beside complaint or not; see `_fit`."""
_LEAST = 2
"""A piece that only one message has says nothing about others."""


def train(rows: Sequence[Row], tell: Callable[[str], None] = lambda _: None) -> Model:
    """
    Return the model of *rows*, its temperature and thresholds found on folds of ideas.

    Its card has the figures that were reached on the folds, each by a model that had seen
    nothing of the same idea.
    """
    return train_judging(rows, tell)[0]


def train_judging(
    rows: Sequence[Row],
    tell: Callable[[str], None] = lambda _: None,
    fit: Callable[[Sequence[Row]], Model] | None = None,
) -> tuple[Model, list[Verdict]]:
    """
    Return the model of *rows*, and a verdict on each by one that has not learnt from its fold.

    *tell* hears of each of the :data:`STEPS` as it begins; *fit* makes models of another tier.
    """
    taught = completed(rows)
    fitting = fit or partial(_fit, opposed=lacks_kinds(rows))
    held_out = out_of_fold(taught, tell, fitting)
    tell("all rows")
    model = _finished(fitting(taught), taught, held_out)
    verdicts = _held_back(model, taught, held_out)
    figures = {"all": _figures(rows, verdicts)}
    for language in LANGUAGES:
        inside = [place for place, row in enumerate(rows) if row.language == language]
        if inside:
            own = [rows[place] for place in inside], [verdicts[place] for place in inside]
            figures[language] = _figures(*own)
    return replace(model, card={**model.card, "figures": figures}), verdicts


def _held_back(model: Model, rows: Sequence[Row], held_out: NDArray[np.float32]) -> list[Verdict]:
    """Return verdicts whose temperature and thresholds were chosen on the other folds, too."""
    folds = [fold_of(row.idea) for row in rows]
    verdicts: dict[int, Verdict] = {}
    for fold in range(FOLDS):
        others = [place for place, its in enumerate(folds) if its != fold]
        inside = [place for place, its in enumerate(folds) if its == fold]
        if not inside:
            continue
        by = _finished(model, [rows[place] for place in others], held_out[others])
        texts = [rows[place].text for place in inside]
        said = CompactClassifier(by).verdicts(texts, list(map(find, texts)), held_out[inside])
        verdicts |= zip(inside, said, strict=True)
    return [verdicts[place] for place in range(len(rows))]


def _figures(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in evaluate(rows, verdicts).summary().items()}


def out_of_fold(
    rows: Sequence[Row], tell: Callable[[str], None], fit: Callable[[Sequence[Row]], Model]
) -> NDArray[np.float32]:
    """Return each row's scores by a model that has seen no row of the same idea."""
    folds = [fold_of(row.idea) for row in rows]
    scores = np.zeros((len(rows), len(COLUMNS)), np.float32)
    for fold in range(FOLDS):
        tell(f"fold {fold + 1} of {FOLDS}")
        model = fit([row for row, its in zip(rows, folds, strict=True) if its != fold])
        inside = [place for place, its in enumerate(folds) if its == fold]
        if inside:
            texts = [rows[place].text for place in inside]
            scores[inside] = model.judge(texts, list(map(find, texts)))
    return scores


def fold_of(idea: str) -> int:
    """Return the fold of an idea; it depends on nothing but the idea's name."""
    return hashlib.blake2s(idea.encode("utf-8", "replace"), digest_size=4).digest()[0] % FOLDS


@dataclass(frozen=True, slots=True)
class Seen:
    """The training rows as numbers: pieces that occur more than once, then the signals."""

    matrix: csr_matrix
    buckets: NDArray[np.int64]
    idf: NDArray[np.float32]


def _fit(rows: Sequence[Row], *, opposed: bool = False) -> Model:
    """
    Return the model of *rows*, as yet without temperature and thresholds.

    Where kinds are *opposed*, only complaint or not is known for sure: each other kind begins
    as the contrary of a complaint, and how it differs from its like counts for less.
    """
    texts = [row.text for row in rows]
    seen = seen_in(texts, signals_of(texts, list(map(find, texts))))
    # One core: for sums so short, sharing them out costs six times as much as it saves, and
    # rounds differently on each machine. Nor does the solver bear threads of ours.
    with threadpool_limits(1):
        ordinary = labels(rows)[: -len(LANGUAGES)]
        more, languages = _shortened(seen, rows)
        columns = np.stack(
            [
                *(told(seen, holds) for holds in ordinary),
                *(
                    told(more, [said == each if said else None for said in languages])
                    for each in LANGUAGES
                ),
            ],
            axis=1,
        )
    if opposed:
        oppose(columns)
    return linear(seen, columns, COLUMNS, np.full(len(Topic), 0.5, np.float32))


def oppose(columns: NDArray[np.floating]) -> None:
    """Make each kind but the first, a complaint, begin as the contrary of that; see `_fit`."""
    columns[..., 1 : len(Kind)] = _TAUGHT * columns[..., 1 : len(Kind)] - columns[..., :1]


def linear(
    seen: Seen,
    columns: NDArray[np.float64],
    names: tuple[str, ...],
    thresholds: NDArray[np.float32],
) -> Model:
    """Return the model of what was *seen*; *columns* are the weights as `column` gives them."""
    known, end = columns[:-1], len(seen.buckets)
    scale = np.maximum(np.abs(known[:end]).max(axis=0), 1e-9).astype(np.float32) / 127
    weights = np.zeros((BUCKETS, len(names)), np.int8)
    weights[seen.buckets] = np.rint(known[:end] / scale)
    return Model(
        idf=seen.idf,
        weights=weights,
        scale=scale,
        signals=(known[end:] * _SIGNAL).astype(np.float32),
        bias=columns[-1].astype(np.float32),
        temperature=1.0,
        thresholds=thresholds,
        card={},
        columns=names,
    )


def seen_in(texts: Sequence[str], signals: NDArray[np.float32], least: int = _LEAST) -> Seen:
    """Return *texts* and their *signals* as they are trained on; *least* texts have a piece."""
    counted = pieces(texts)
    shape = (len(texts), BUCKETS)
    matrix = csr_matrix((counted.values, counted.buckets, counted.starts), shape=shape)
    occurrences = np.asarray((matrix > 0).sum(axis=0)).ravel()
    # Stored in half precision; what was trained on is what will be judged by.
    idf = (np.log((1 + len(texts)) / (1 + occurrences)) + 1).astype(np.float16)
    weighed = normalize(matrix @ diags(idf.astype(np.float32)))
    buckets = np.flatnonzero(occurrences >= least)
    beside = csr_matrix(signals * _SIGNAL)
    return Seen(hstack([weighed[:, buckets], beside]).tocsr(), buckets, idf.astype(np.float32))


def _shortened(seen: Seen, rows: Sequence[Row]) -> tuple[Seen, list[str]]:
    """Return *seen* and each row's language, with three words from the middle of most rows besides."""
    parts = [(_middle(row.text), row.language) for row in rows]
    texts = [text for text, _ in parts if text]
    counted = pieces(texts)
    shape = (len(texts), BUCKETS)
    matrix = csr_matrix((counted.values, counted.buckets, counted.starts), shape=shape)
    weighed = normalize(matrix @ diags(seen.idf))[:, seen.buckets]
    beside = csr_matrix(signals_of(texts, list(map(find, texts))) * _SIGNAL)
    more = hstack([weighed, beside])
    languages = [*(row.language for row in rows), *(language for text, language in parts if text)]
    return replace(seen, matrix=vstack([seen.matrix, more]).tocsr()), languages


def _middle(text: str) -> str:
    """Return three words from the middle of *text*, "" if it is hardly longer."""
    words = text.split()
    begin = (len(words) - _FEW_WORDS) // 2
    return " ".join(words[begin : begin + _FEW_WORDS]) if begin > 0 else ""


def told(seen: Seen, holds: Sequence[bool | None]) -> NDArray[np.float64]:
    """
    Return the weights of one score, the bias last, in which telling pieces may count for more.

    How telling a piece is the root of its log-count ratio says, softening what Wang and Manning
    (2012, "Baselines and Bigrams") do: on folds it is worth a point. The squared hinge is as good
    as logistic regression there, and found in a third of the time.
    """
    if None in holds:
        known = [place for place, each in enumerate(holds) if each is not None]
        seen, holds = replace(seen, matrix=seen.matrix[known]), [holds[place] for place in known]
    if not any(holds) or all(holds):
        return column(seen.matrix, holds)
    ratios = np.ones(seen.matrix.shape[1] + 1)
    end = len(seen.buckets)
    ratios[:end] = _telling(seen.matrix[:, :end], np.array(holds, bool))
    model = LinearSVC(C=_HINGE, class_weight="balanced", tol=0.1, random_state=0)
    model.fit(seen.matrix @ diags(ratios[:-1]), list(holds))
    return np.append(model.coef_[0], model.intercept_[0]) * ratios


def _telling(pieces: csr_matrix, holds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how telling each piece is, so that messages stay as long as they are on the whole."""
    occurs = csr_matrix((np.ones_like(pieces.data), pieces.indices, pieces.indptr), pieces.shape)
    inside, outside = (1 + occurs.T @ part.astype(np.float64) for part in (holds, ~holds))
    ratios = np.abs(np.log(inside / inside.sum()) - np.log(outside / outside.sum()))
    mass = np.asarray(pieces.power(2).sum(axis=0)).ravel()
    telling: NDArray[np.float64] = np.sqrt(ratios * mass.sum() / max((ratios * mass).sum(), 1e-9))
    return telling


def _is(row: Row, kind: Kind) -> bool | None:
    """Return whether *row* is of a kind, None where its label does not tell."""
    if row.kind == NOT_COMPLAINT:
        return False if kind is Kind.COMPLAINT else None
    return row.kind == kind if row.kind else None


def _has(row: Row, topic: Topic) -> bool | None:
    return None if row.topics is None else topic in row.topics


def labels(rows: Sequence[Row]) -> list[list[bool | None]]:
    """Return, for each column of a model, of which rows it holds; None where nobody has said."""
    return [
        *([_is(row, kind) for row in rows] for kind in Kind),
        *([_has(row, topic) for row in rows] for topic in Topic),
        *([row.urgency == each if row.urgency else None for row in rows] for each in Urgency),
        *([row.language == each if row.language else None for row in rows] for each in LANGUAGES),
    ]


def column(
    matrix: csr_matrix, holds: Sequence[bool | None], strength: float = _STRENGTH
) -> NDArray[np.float64]:
    """
    Return the weights of one score, the bias last; without examples it says never.

    Rows of which it is not known whether it holds (None) are left out.
    """
    if None in holds:
        known = [place for place, each in enumerate(holds) if each is not None]
        matrix, holds = matrix[known], [holds[place] for place in known]
    if not any(holds) or all(holds):
        return np.append(np.zeros(matrix.shape[1]), 20.0 if all(holds) else -20.0)
    model = LogisticRegression(
        C=strength, class_weight="balanced", solver="liblinear", tol=1e-2, random_state=0
    )
    model.fit(matrix, list(holds))
    return np.append(model.coef_[0], model.intercept_[0])


def _finished(model: Model, rows: Sequence[Row], held_out: NDArray[np.float32]) -> Model:
    allowed = np.array([[_is(row, kind) is not False for kind in Kind] for row in rows])
    kinds = held_out[:, : len(Kind)].astype(np.float64)
    topics = 1 / (1 + np.exp(-held_out[:, len(Kind) : len(Kind) + len(Topic)]))
    digest = hashlib.sha256("\n".join(repr(row) for row in rows).encode()).hexdigest()
    card: dict[str, Any] = {"rows": len(rows), "data": digest}
    return replace(
        model,
        temperature=_temperature(kinds, allowed),
        thresholds=_thresholds(topics, rows),
        card=card,
        seen=seen_rows(rows),
    )


def _temperature(scores: NDArray[np.float64], allowed: NDArray[np.bool_]) -> float:
    """Return the temperature at which the held-out kinds, as far as they are known, are likeliest."""

    def loss(temperature: float) -> float:
        shares = (softmax(scores / temperature) * allowed).sum(axis=1)
        return float(-np.log(np.maximum(shares, 1e-9)).mean())

    return min((step / 20 for step in range(2, 81)), key=loss)


def _thresholds(shares: NDArray[np.float64], rows: Sequence[Row]) -> NDArray[np.float32]:
    """Return, for each topic, the share from which on naming it serves its F1 best."""
    steps = np.arange(0.15, 0.9, 0.025)
    best = []
    known = [place for place, row in enumerate(rows) if row.topics is not None]
    for place, topic in enumerate(Topic):
        holds = np.array([_has(rows[row], topic) for row in known], bool)
        said = shares[known, place]
        best.append(max(steps, key=lambda step: _f1(said >= step, holds)))
    return np.array(best, np.float32)


def _f1(said: NDArray[np.bool_], holds: NDArray[np.bool_]) -> float:
    right = int((said & holds).sum())
    return 2 * right / max(int(said.sum() + holds.sum()), 1)
