"""Promises about what is far more than usual: what is usual never is, ten times as much always."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.silence import Span
from inboxd.core.spikes import (
    ENOUGH_WEEKS,
    WARM_UP,
    Spike,
    Spikes,
    Usual,
    reference,
    strongest,
    topic_in_words,
)
from inboxd.model import Topic

RULE = Spikes(("support",))
KYIV = ZoneInfo("Europe/Kyiv")
MONDAY = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)

some_weeks = st.lists(st.integers(0, 400), min_size=3, max_size=15).map(tuple)
minima = st.integers(3, 200)


@given(some_weeks, minima, st.integers(0, 199), st.booleans())
def test_fewer_than_the_minimum_are_no_spike(
    counts: tuple[int, ...],
    at_least: int,
    count: int,
    warming_up: bool,  # noqa: FBT001 - a drawn value
) -> None:
    """However quiet it always was."""
    if count < at_least:
        usual = Usual(counts, warming_up)
        assert not usual.is_exceeded_by(count, Spikes((), at_least=at_least))


@given(some_weeks, st.integers(0, 5_000))
def test_fewer_than_so_many_times_the_usual_are_no_spike(
    counts: tuple[int, ...], count: int
) -> None:
    """However unlikely that is."""
    usual = Usual(counts)
    if count < 3 * (usual.middle or 0):
        assert not usual.is_exceeded_by(count, RULE)


@given(some_weeks, st.integers(0, 5_000), st.integers(1, 500))
def test_more_complaints_are_never_less_of_a_spike(
    counts: tuple[int, ...], count: int, more: int
) -> None:
    """What is far more than usual stays so when yet another complains."""
    usual = Usual(counts)
    if usual.is_exceeded_by(count, RULE):
        assert usual.is_exceeded_by(count + more, RULE)


@given(some_weeks, st.integers(0, 5_000), st.integers(2, 20))
def test_a_shop_that_is_so_many_times_as_large_sees_the_same_spikes(
    counts: tuple[int, ...], count: int, times: int
) -> None:
    """More customers are more evidence, never less."""
    if Usual(counts).is_exceeded_by(count, RULE):
        larger = Usual(tuple(times * each for each in counts))
        assert larger.is_exceeded_by(times * count, RULE)


@given(st.integers(0, 2_000), st.integers(3, 15))
def test_what_is_always_so_is_never_a_spike(rate: int, weeks: int) -> None:
    """Every hour of every week the same."""
    assert not Usual((rate,) * weeks).is_exceeded_by(rate, RULE)


@given(st.integers(2, 2_000), st.integers(3, 15))
def test_ten_times_as_many_as_always_is_a_spike(rate: int, weeks: int) -> None:
    """With two an hour or more; with one, that needs more weeks to be sure."""
    assert Usual((rate,) * weeks).is_exceeded_by(10 * rate, RULE)


@pytest.mark.parametrize("weeks", [3, 8])
def test_after_silent_nights_the_minimum_is_enough(weeks: int) -> None:
    """What never was is no basis for a ratio; it takes what the configuration says."""
    silent = Usual((0,) * weeks)
    assert not silent.is_exceeded_by(RULE.at_least - 1, RULE)
    assert silent.is_exceeded_by(RULE.at_least, RULE)


@pytest.mark.parametrize("rate", [1, 2, 4, 8, 20, 60])
def test_chance_makes_hardly_any_spikes_in_a_year(rate: float) -> None:
    """A year of customers who complain at a steady rate, looked at every five minutes."""
    random = np.random.default_rng(20)
    arrivals = random.poisson(rate / 12, 365 * 24 * 12)
    hours = np.convolve(arrivals, np.ones(12, int), "valid")
    spikes = 0
    for count in hours[hours >= max(RULE.at_least, 2 * rate)]:
        spikes += Usual(tuple(random.poisson(rate, 8))).is_exceeded_by(int(count), RULE)
    assert spikes <= 3


@pytest.mark.parametrize(("rate", "found"), [(2, 0.6), (4, 0.93), (10, 0.99), (50, 1)])
def test_ten_times_a_rate_that_chance_has_shown_is_found(rate: float, found: float) -> None:
    """Where eight weeks differed as chance makes them differ."""
    random = np.random.default_rng(21)
    draws = [
        Usual(tuple(random.poisson(rate, 8))).is_exceeded_by(int(random.poisson(10 * rate)), RULE)
        for _ in range(500)
    ]
    assert np.mean(draws) >= found


def test_one_bad_week_does_not_make_the_next_one_normal() -> None:
    """The last strike of the courier is in the history, too."""
    assert Usual((4, 3, 5, 90, 4, 4, 2, 5)).is_exceeded_by(40, RULE)


def test_weeks_that_differ_much_take_more() -> None:
    """Where it always goes up and down, going up is no news."""
    calm, wild = Usual((10,) * 8), Usual((2, 30, 4, 18, 10, 25, 1, 10))
    assert calm.is_exceeded_by(35, RULE)
    assert not wild.is_exceeded_by(35, RULE)


def test_without_a_week_of_history_it_takes_a_multiple_of_the_minimum() -> None:
    """And so many times the busiest hour there was."""
    nothing = Usual((), warming_up=True)
    assert not nothing.is_exceeded_by(WARM_UP * RULE.at_least - 1, RULE)
    assert nothing.is_exceeded_by(WARM_UP * RULE.at_least, RULE)
    assert nothing.middle is None
    assert not Usual((2, 40), warming_up=True).is_exceeded_by(100, RULE)
    assert Usual((2, 40), warming_up=True).is_exceeded_by(120, RULE)


def test_the_same_hour_of_eight_weeks_is_what_is_usual() -> None:
    """On the wall: nine o'clock stays nine o'clock when the clocks change."""
    now = datetime(2026, 10, 26, 7, 30, tzinfo=UTC)
    found = reference(now, RULE, now - 20 * WEEK, KYIV)
    assert len(found.spans) == 8
    summer = datetime(2026, 10, 19, 6, 30, tzinfo=UTC)
    assert found.spans[0] == Span(summer - HOUR, summer)
    assert not found.warming_up


def test_with_few_weeks_the_neighbouring_hours_help() -> None:
    """Three for each week; one that lies before we began is left out."""
    found = reference(MONDAY, RULE, MONDAY - 2 * WEEK - HOUR, KYIV)
    last = Span(MONDAY - HOUR - WEEK, MONDAY - WEEK)
    assert found.spans[:3] == (
        Span(last.begins - HOUR, last.begins),
        last,
        Span(last.ends, last.ends + HOUR),
    )
    assert len(found.spans) == 5
    assert not found.warming_up
    assert len(reference(MONDAY, RULE, MONDAY - ENOUGH_WEEKS * WEEK - 2 * HOUR, KYIV).spans) == 6


def test_before_a_week_is_known_all_hours_of_late_are() -> None:
    """Up to three days of them, the one in question left out."""
    found = reference(MONDAY, RULE, MONDAY - 5 * HOUR, KYIV)
    assert found.warming_up
    assert [span.ends for span in found.spans] == [MONDAY - hours * HOUR for hours in (1, 2, 3, 4)]
    assert reference(MONDAY, RULE, MONDAY, KYIV).spans == ()


def test_of_several_topics_the_one_that_grew_most_is_the_spike() -> None:
    """Many of those who complain of a late parcel speak of their order as well."""
    usual = {Topic.SHIPPING: Usual((4,) * 8), Topic.ORDERS: Usual((9,) * 8)}
    customers = {Topic.SHIPPING: range(37), Topic.ORDERS: range(40)}
    assert strongest(customers, usual, RULE) is Topic.SHIPPING
    assert strongest({Topic.SHIPPING: range(5)}, usual, RULE) is None


def spike(**changes: object) -> Spike:
    plain = {
        "id": 1, "topic": Topic.SHIPPING, "thread": "gathering:1", "since": MONDAY - HOUR,
        "began_at": MONDAY, "window": HOUR, "usual": 4.0, "told": 20,
    }  # fmt: skip
    return Spike(**plain | changes)  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.integers(0, 900))
def test_what_follows_is_told_at_set_times(seconds: int, every: int) -> None:
    """Soon enough, never in the past, and always at the same few instants."""
    now, pace = MONDAY + timedelta(seconds=seconds), timedelta(seconds=every)
    at = spike().next_update(now, pace)
    assert now <= at <= now + pace
    if every:
        assert (at - MONDAY) % pace == timedelta()


def test_a_spike_grows_when_it_has_doubled() -> None:
    """Every tenth more would be noise."""
    assert not spike().grew_to(39)
    assert spike().grew_to(40)


def test_topics_are_words() -> None:
    """Also the one that has none."""
    assert topic_in_words(Topic.GIFT_CARDS) == "gift cards"
    assert topic_in_words(Topic.OTHER) == "other things"
