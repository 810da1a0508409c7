"""
How the semantic tier is trained: kernel ridge regression on pieces and nearness together.

Needs scikit-learn (the extra ``train``) and the encoders (the extra ``semantic``). On one machine
the same rows give the same model, bit for bit; on another the encoders may round otherwise.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from inboxd.classify import training
from inboxd.classify.compact import COLUMNS, Model, signals_of
from inboxd.classify.embedding import embedder
from inboxd.classify.partial import lacks_kinds
from inboxd.classify.rules import find
from inboxd.classify.semantic import (
    DIMENSIONS,
    PROBE,
    Neighbours,
    SemanticModel,
    Space,
    evened,
    kernel,
)
from inboxd.errors import UserError
from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from inboxd.classify.rows import Row
    from inboxd.model import Verdict

    Floats = NDArray[np.float32]

MOST_ROWS = 20_000
"""Nearness is between all pairs of messages: with so many, training takes about 4 GB."""
_CORES = 2
_AT_ONCE = 64
_STRIP = 500
_NEARNESS = 6.0
"""How much nearness counts beside the pieces; 4 to 10 do equally well on folds of the seeds."""
_RIDGE = 0.6
"""How little is learnt by heart; 0.3 to 1 do equally well on folds of the seeds."""
_SHARPNESS = 2.0
"""Regression aims at 1 and -1: with this, what a topic's best threshold can be lies well inside."""
_NEVER = 20.0

_PARTS_TOLD = 10
STEPS = training.STEPS + _PARTS_TOLD


def train_judging(
    rows: Sequence[Row], tell: Callable[[str], None] = lambda _: None
) -> tuple[Model, list[Verdict]]:
    """
    Return the semantic model of *rows*, and a verdict on each by one that has not learnt from it.

    Raises SemanticUnavailable where the encoders do not run, UserError for more than :data:`MOST_ROWS`.
    """
    if len(rows) > MOST_ROWS:
        raise UserError(f"the semantic tier learns from at most {MOST_ROWS:,} messages")
    known = _embedded({row.text for row in rows} | {PROBE}, tell)

    def encode(texts: Sequence[str]) -> Floats:
        return np.stack([known[text] for text in texts])

    fit = partial(_fit, encode=encode, opposed=lacks_kinds(rows))
    return training.train_judging(rows, tell, fit)


def _embedded(texts: set[str], tell: Callable[[str], None]) -> dict[str, Floats]:
    """Return the embedding of each text; it takes a second for about twenty on a core."""
    encoders = embedder()
    known: list[Floats] = []
    ordered = sorted(texts)
    size = -(-len(ordered) // _PARTS_TOLD)
    with ThreadPoolExecutor(_CORES) as cores:
        for begin in range(0, len(ordered), size):
            tell(f"embeddings of {len(ordered)} messages")
            part = ordered[begin : begin + size]
            chunks = [part[at : at + _AT_ONCE] for at in range(0, len(part), _AT_ONCE)]
            known.extend(row for rows in cores.map(encoders.embed, chunks) for row in rows)
    return dict(zip(ordered, known, strict=True))


def _fit(
    rows: Sequence[Row], *, encode: Callable[[Sequence[str]], Floats], opposed: bool
) -> SemanticModel:
    texts = [row.text for row in rows]
    seen = training.seen_in(texts, signals_of(texts, list(map(find, texts))))
    embeddings = encode(texts)
    # One core: on several, sums are rounded differently on each machine.
    with threadpool_limits(1):
        space = _space(embeddings)
        places = space.places(embeddings)
        lies = places * space.units
        pulls, bias = _solved(_likeness(seen.matrix, lies), rows)
        if opposed:
            training.oppose(pulls)
            training.oppose(bias)
        columns = np.vstack([seen.matrix.T @ pulls, bias])
    linear = training.linear(seen, columns, COLUMNS, np.full(len(Topic), 0.5, np.float32))
    return SemanticModel(
        **{each.name: getattr(linear, each.name) for each in fields(Model)},
        space=space,
        neighbours=Neighbours(
            places, space.units, (_NEARNESS * pulls).astype(np.float16).astype(np.float32)
        ),
        probe=encode([PROBE])[0],
        encode=encode,
    )


def _likeness(matrix: csr_matrix, lies: Floats) -> Floats:
    """Return how like each row is to each, by its pieces and by where it *lies*."""
    likeness = np.empty((len(lies), len(lies)), np.float32)
    # In strips: all pairs at once would take several times as much memory on the way.
    for begin in range(0, len(lies), _STRIP):
        strip = slice(begin, begin + _STRIP)
        likeness[strip] = (matrix[strip] @ matrix.T).toarray()
        likeness[strip] += _NEARNESS * kernel(lies[strip], lies)
    return likeness


def _space(embeddings: Floats) -> Space:
    """Return the main directions of *embeddings*; as they are stored, in half precision."""
    mean = embeddings.mean(axis=0)
    spread = np.maximum(embeddings.std(axis=0), np.float32(1e-6))
    even = evened(embeddings, mean, spread).astype(np.float64)
    middle = even.mean(axis=0)
    _, directions = np.linalg.eigh((even - middle).T @ (even - middle))
    projection = directions[:, : -DIMENSIONS - 1 : -1].astype(np.float16).astype(np.float32)
    centre = (middle @ projection).astype(np.float32)
    turned = even @ projection - centre
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
    units = np.maximum(np.abs(turned).max(axis=0), 1e-6).astype(np.float32) / 127
    return Space(mean, spread, projection, centre, units)


def _solved(likeness: Floats, rows: Sequence[Row]) -> tuple[Floats, Floats]:
    """
    Return how much each row pulls each score, and where the scores begin.

    Each kind counts the same, however rare, and each urgency; the topics' thresholds do that.
    """
    columns = training.labels(rows)
    pulls = np.zeros((len(rows), len(columns)), np.float32)
    bias = np.zeros(len(columns), np.float32)
    alike: dict[tuple[bytes, bytes], list[int]] = {}
    for place, name in enumerate(COLUMNS):
        known = np.array([each is not None for each in columns[place]])
        holds = [bool(each) for each in columns[place] if each is not None]
        if not any(holds) or all(holds):
            bias[place] = _NEVER if all(holds) else -_NEVER
            continue
        weights = _weights(rows, name)
        alike.setdefault((known.tobytes(), weights.tobytes()), []).append(place)
    for (mask, weighed), places in alike.items():
        known, weights = np.frombuffer(mask, bool), np.frombuffer(weighed, np.float32)
        inside = np.flatnonzero(known)
        aims = np.array([[columns[place][row] for place in places] for row in inside])
        found, begin = _ridge(likeness[np.ix_(inside, inside)], aims, weights[inside])
        pulls[np.ix_(inside, np.array(places))] = found * _SHARPNESS
        bias[places] = begin * _SHARPNESS
    return pulls, bias


def _weights(rows: Sequence[Row], name: str) -> Floats:
    """Return how much each row counts for the column *name*."""
    if isinstance(name, Kind):
        classes = [row.kind for row in rows]
    elif isinstance(name, Urgency):
        classes = [row.urgency for row in rows]
    else:
        return np.ones(len(rows), np.float32)
    counts = Counter(classes)
    return np.array([len(rows) / len(counts) / counts[each] for each in classes], np.float32)


def _ridge(likeness: Floats, holds: NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats]:
    """Return the solution of weighted kernel ridge regression, and the mean that it starts from."""
    aims = np.where(holds, np.float32(1), np.float32(-1))
    begin = (weights[:, None] * aims).sum(axis=0) / weights.sum()
    likeness[np.diag_indices(len(aims))] += _RIDGE / weights
    factors = cho_factor(likeness, overwrite_a=True, check_finite=False)
    return cho_solve(factors, aims - begin, check_finite=False), begin
