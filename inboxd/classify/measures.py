"""
Figures about labelled messages: precision, recall, F1, calibration, and how sure each is.

A :class:`Measure` is made of sums over messages. A thousand samples drawn anew from them are
then one product of matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SAMPLES = 1_000
_AT_ONCE = 100
"""Samples drawn at a time, so that 20,000 messages take 16 MB."""
_TAILS = (2.5, 97.5)
_BINS = 10
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Score:
    """
    How one label was found: shares between 0 and 1, and how many rows have it.

    *calibration_error* is that of the probabilities given for it, None where there are none.
    """

    label: str
    precision: float
    recall: float
    rows: int
    calibration_error: float | None = None

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as `classifier evaluate --json` prints it."""
        shares = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        if self.calibration_error is not None:
            shares["calibration_error"] = self.calibration_error
        return {"rows": self.rows} | {name: round(x, _DIGITS) for name, x in shares.items()}


@dataclass(frozen=True, slots=True)
class Measure:
    """
    One figure: *statistic* of the *sums* over all messages.

    *sums* has a row for each message; *statistic* takes a row of totals for each sample.
    Messages of one idea (a number in *ideas*) are drawn together: they are not independent.
    """

    sums: Floats
    ideas: NDArray[np.int64]
    statistic: Callable[[Floats], Floats]

    @property
    def value(self) -> float:
        """Return the figure on the messages as they are."""
        return float(self.statistic(self.sums.sum(axis=0)[None])[0])

    def as_json(self) -> dict[str, float]:
        """Return it as `classifier evaluate --json` prints it."""
        low, high = self.interval()
        named = {"value": self.value, "low": low, "high": high}
        return {name: round(number, _DIGITS) for name, number in named.items()}

    def interval(self) -> tuple[float, float]:
        """Return between which two values it lies in 95 % of bootstrap samples of ideas."""
        count = int(self.ideas.max()) + 1
        by_idea = np.zeros((count, self.sums.shape[1]))
        np.add.at(by_idea, self.ideas, self.sums)
        generator, found = np.random.default_rng(0), []
        for _ in range(SAMPLES // _AT_ONCE):
            drawn = generator.integers(count, size=(_AT_ONCE, count))
            drawn += np.arange(_AT_ONCE)[:, None] * count
            times = np.bincount(drawn.ravel(), minlength=_AT_ONCE * count)
            found.append(self.statistic(times.reshape(_AT_ONCE, count).astype(float) @ by_idea))
        low, high = np.percentile(np.concatenate(found), _TAILS)
        return float(low), float(high)


def numbered(ideas: Sequence[str]) -> NDArray[np.int64]:
    """Return a number for each idea, the same for the same, from 0 without gaps."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(idea, len(numbers)) for idea in ideas], np.int64)


@dataclass(frozen=True, slots=True)
class Judged:
    """
    What holds and what was said of one part of each message, with its idea.

    *shares* are the probabilities that were given for labels, where there are any.
    """

    truth: Sequence[Collection[str]]
    said: Sequence[Collection[str]]
    ideas: Sequence[str]
    shares: Sequence[Mapping[str, float]] = ()

    def scores(self, labels: Iterable[str]) -> list[Score]:
        """Return how each of *labels* was found."""
        return [self._score(label) for label in labels]

    def _score(self, label: str) -> Score:
        truth, said = self._of(label, self.truth), self._of(label, self.said)
        right = int((truth & said).sum())
        error = self.calibration(label).value if self.shares else None
        precision, recall = right / max(int(said.sum()), 1), right / max(int(truth.sum()), 1)
        return Score(label, precision, recall, int(truth.sum()), error)

    def macro_f1(self, labels: Iterable[str]) -> Measure:
        """Return the mean F1 of those of *labels* that occur."""
        truth = np.stack([self._of(label, self.truth) for label in labels], axis=1)
        said = np.stack([self._of(label, self.said) for label in labels], axis=1)
        counts = np.concatenate([truth & said, truth, said], axis=1).astype(float)
        return Measure(counts, numbered(self.ideas), _mean_f1)

    def calibration(self, label: str) -> Measure:
        """Return the expected calibration error of the shares of *label*, over ten equal bins."""
        shares = np.array([given.get(label, 0.0) for given in self.shares])
        sums = np.zeros((len(shares), _BINS + 1))
        places = np.minimum((shares * _BINS).astype(int), _BINS - 1)
        sums[np.arange(len(shares)), places] = shares - self._of(label, self.truth)
        sums[:, _BINS] = 1
        return Measure(sums, numbered(self.ideas), _off)

    @staticmethod
    def _of(label: str, sets: Sequence[Collection[str]]) -> NDArray[np.bool_]:
        return np.array([label in each for each in sets], bool)


def _mean_f1(totals: Floats) -> Floats:
    right, true, said = np.split(totals, 3, axis=1)
    f1, occurs = 2 * right / np.maximum(true + said, 1), true > 0
    mean: Floats = (f1 * occurs).sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)
    return mean


def _off(totals: Floats) -> Floats:
    error: Floats = np.abs(totals[:, :_BINS]).sum(axis=1) / totals[:, _BINS]
    return error


def accuracy(right: Sequence[bool], ideas: Sequence[str]) -> Measure:
    """Return the share of what is *right*."""
    sums = np.array([[one, 1] for one in right], float)
    return Measure(sums, numbered(ideas), lambda totals: totals[:, 0] / totals[:, 1])
