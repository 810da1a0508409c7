"""Promises about intervals: they are those that were published, and hold what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.scorecard.intervals import (
    mean_interval,
    order_ranks,
    quantile,
    student,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_the_interval_of_a_share_is_the_published_one(
    hits: int, of: int, low: float, high: float
) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert [*wilson(hits, of)] == pytest.approx([low, high], abs=5e-5)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_a_share_is_within_its_interval_and_that_between_0_and_1(of: int, part: float) -> None:
    """However few there are, none and all included."""
    hits = round(part * of)
    low, high = wilson(hits, of)

    assert 0 <= low <= hits / of <= high <= 1
    assert (low == 0) == (hits == 0)
    assert (high == 1) == (hits == of)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (1, 0, 0), (5, 0, 0), (6, 1, 6), (7, 1, 7), (8, 1, 8), (9, 2, 8), (10, 2, 9), (15, 4, 12),
        (20, 6, 15), (25, 8, 18), (30, 10, 21), (40, 14, 27), (50, 18, 33), (100, 40, 61),
    ],
)  # fmt: skip
def test_the_ranks_about_a_median_are_the_published_ones(count: int, low: int, high: int) -> None:
    """The tables of the sign test, for instance Gibbons and Chakraborti, table G."""
    assert order_ranks(count, 0.5) == (low, high)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95])
@pytest.mark.parametrize("count", [1, 7, 35, 36, 73, 74, 200])
def test_ranks_miss_a_quantile_with_at_most_2_5_percent_on_each_side(
    count: int, share: float
) -> None:
    """Summed up from the binomial coefficients themselves, and no nearer ranks would do."""
    chances = [
        math.comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(count + 1)
    ]
    low, high = order_ranks(count, share)

    assert sum(chances[:low]) <= 0.025 < sum(chances[: low + 1])
    if high:
        assert sum(chances[high:]) <= 0.025 < sum(chances[high - 1 :])
    else:
        assert sum(chances[count:]) > 0.025


@given(st.integers(1, 10**6), st.sampled_from([0.5, 0.9, 0.95]))
def test_ranks_enclose_the_quantile_of_any_number(count: int, share: float) -> None:
    """Of a million as of one; where a bound is not known, it is 0."""
    low, high = order_ranks(count, share)
    at = (count - 1) * share + 1

    assert 0 <= low <= at
    assert high == 0 or at <= high <= count


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=60), st.sampled_from([0.5, 0.9, 0.95]))
def test_a_quantile_is_numpys_and_within_its_bounds(values: list[float], share: float) -> None:
    """By the method that is called linear."""
    array = np.array(values)
    value, low, high = quantile(array, share)

    assert value == pytest.approx(float(np.quantile(array, share)), rel=1e-12)
    assert low is None or low in values
    assert high is None or high in values
    assert (low if low is not None else value) <= value <= (high if high is not None else value)
    assert array.tolist() == values


def test_intervals_of_medians_hold_the_true_one_as_often_as_they_say() -> None:
    """Of 2,000 samples of 40 times, as skewed as times are, at least 95 in 100 do."""
    random = np.random.default_rng(8)
    samples = random.lognormal(8, 1.5, (2_000, 40))
    bounds = [quantile(sample, 0.5)[1:] for sample in samples]
    held = [low <= math.exp(8) <= high for low, high in bounds if low and high]

    assert len(held) == 2_000
    assert np.mean(held) >= 0.945


@pytest.mark.parametrize(
    ("freedom", "value"),
    [(9, 2.262), (10, 2.228), (15, 2.131), (20, 2.086), (30, 2.042), (60, 2.000), (120, 1.980)],
)
def test_students_quantile_is_the_one_of_the_tables(freedom: int, value: float) -> None:
    """Two-sided, 95 %."""
    assert student(freedom) == pytest.approx(value, abs=1.1e-3)


def test_the_mean_of_ten_marks_has_an_interval_and_of_nine_none() -> None:
    """
    Marks 1, 2, 3, 4, 5, twice: mean 3, variance 20/9, error sqrt(2/9) = 0.4714.

    With nine degrees of freedom 2.262 of it: 1.066.
    """
    marks = np.array([1.0, 2, 3, 4, 5] * 2)

    assert [*mean_interval(marks)] == pytest.approx([1.934, 4.066], abs=1e-3)
    assert mean_interval(marks[:9]) == (None, None)
