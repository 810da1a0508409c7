"""What X's headers and prices mean, apart from any call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.twitter.budget import LOOK_AGAIN, Budget, Month
from connectors.twitter.limits import endpoint_of, paced_until, refused_until, used_up_until
from connectors.twitter.weighing import weight
from inboxd.clock import ManualClock
from inboxd.connector import Ledger
from inboxd.errors import BudgetSpent, Spared

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVERY = timedelta(minutes=2)


def headers(window: str = "x-rate-limit", **values: object) -> dict[str, str]:
    """Return the headers of a window; a datetime becomes a reset."""
    return {
        f"{window}-{name}": str(int(value.timestamp()) if isinstance(value, datetime) else value)
        for name, value in values.items()
    }


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/2/users/2244994945/mentions", "GET /2/users/{id}/mentions"),
        ("/2/dm_events", "GET /2/dm_events"),
        ("/2/tweets", "GET /2/tweets"),
        ("/2/users/me", "GET /2/users/me"),
        ("/2/dm_conversations/17-2244994945/messages", "GET /2/dm_conversations/{id}/messages"),
        ("/2/dm_conversations/with/17/messages", "GET /2/dm_conversations/with/{id}/messages"),
    ],
)
def test_an_endpoint_is_named_without_ids(path: str, endpoint: str) -> None:
    """X counts calls by endpoint, whoever they are about."""
    assert endpoint_of("GET", path) == endpoint


def test_a_used_up_window_says_until_when() -> None:
    """The latest of those that are used up; one with calls left says nothing."""
    soon, late = NOW + timedelta(minutes=9), NOW + timedelta(hours=20)
    quarter = headers(limit=15, remaining=0, reset=soon)
    day = headers("x-user-limit-24hour", limit=1440, remaining=0, reset=late)
    spare = headers("x-app-limit-24hour", limit=1440, remaining=7, reset=late)

    assert used_up_until(quarter, NOW) == soon
    assert used_up_until(quarter | day, NOW) == late
    assert used_up_until(spare, NOW) is None
    assert used_up_until({}, NOW) is None


def test_a_refusal_without_a_used_up_window_believes_the_reset() -> None:
    """Some 429 leave out how many calls are left."""
    reset = NOW + timedelta(minutes=3)

    assert refused_until(headers(reset=reset), NOW) == reset
    assert refused_until({}, NOW) is None


@pytest.mark.parametrize("reset", ["soon", "-1", "99999999999999999999", "4102444800", ""])
def test_a_reset_that_cannot_be_is_none(reset: str) -> None:
    """Nobody is silent until 2100 because of a header."""
    assert used_up_until(headers(remaining=0, reset=reset), NOW) is None


def test_few_calls_are_spread_over_their_window() -> None:
    """Fourteen calls for fifteen minutes are one every 64 s; every 30 s would not last."""
    window = headers(limit=15, remaining=14, reset=NOW + timedelta(minutes=15))

    until = paced_until(window, timedelta(seconds=30), NOW)

    assert until is not None
    assert timedelta(seconds=64) < until - NOW < timedelta(seconds=65)
    assert paced_until(window, EVERY, NOW) is None


def test_many_calls_are_spread_when_half_are_used() -> None:
    """A burst at the beginning is what a large window is for."""
    end = NOW + timedelta(minutes=15)
    every = timedelta(seconds=1)

    assert paced_until(headers(limit=300, remaining=299, reset=end), every, NOW) is None
    assert paced_until(headers(limit=300, remaining=149, reset=end), every, NOW) is not None


@given(st.integers(0, 500), st.integers(0, 500), st.integers(-1000, 100_000), st.integers(1, 7200))
def test_a_pace_never_uses_up_a_window(limit: int, left: int, ends_in: int, every: int) -> None:
    """Whoever waits as told has calls left at the end, and waits no longer than that."""
    end = NOW + timedelta(seconds=ends_in)

    until = paced_until(
        headers(limit=limit, remaining=left, reset=end), timedelta(seconds=every), NOW
    )

    if until is not None:
        assert NOW < until <= end
        assert (until - NOW) * left >= (end - NOW) - timedelta(seconds=1)


# The month


@pytest.mark.parametrize(
    ("now", "used", "projected"),
    [
        (datetime(2026, 11, 16, tzinfo=UTC), 100, 200),
        (datetime(2026, 11, 1, 0, 5, tzinfo=UTC), 100, 3000),
        (datetime(2026, 11, 30, 23, 59, tzinfo=UTC), 100, 100),
        (datetime(2026, 12, 31, tzinfo=UTC), 30, 31),
    ],
)
def test_a_projection_goes_by_the_share_of_the_month(
    now: datetime, used: int, projected: int
) -> None:
    """In its first minutes a day's worth is taken for one, not for a minute's."""
    assert round(Month(now).projected(used)) == projected


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1)))  # noqa: DTZ001 - hypothesis wants them naive
def test_a_month_holds_its_instants(naive: datetime) -> None:
    """From its first instant to before the first of the next."""
    now = naive.replace(tzinfo=UTC)
    month = Month(now)

    assert month.start <= now < month.end
    assert (month.start.day, month.end.day) == (1, 1)
    assert 28 <= (month.end - month.start).days <= 31


def spent(used: int, limit: int | None, now: datetime) -> Budget:
    """Return the budget of an account that has read so many posts this month."""
    clock = ManualClock(now)
    ledger = Ledger(clock)
    ledger.spend("posts read", used)
    return Budget(limit, ledger, clock)


def test_without_a_budget_nothing_stops() -> None:
    """Then only X's own cap does."""
    spent(10**9, None, NOW).demand(optional=True)


@given(st.integers(0, 3000), st.integers(1, 3000), st.integers(0, 29 * 24 * 60))
def test_who_waits_as_told_may_read_again(used: int, limit: int, minute: int) -> None:
    """The instant that the error names is when to look again, and no later than it is of use."""
    now = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=minute)
    try:
        spent(used, limit, now).demand(optional=True)
    except (Spared, BudgetSpent) as error:
        until = error.until
    else:
        return

    assert until is not None
    assert now < until <= now + LOOK_AGAIN
    if until.month == now.month and until < now + LOOK_AGAIN:
        spent(used, limit, until).demand(optional=True)


def test_optional_reads_may_run_a_day_ahead() -> None:
    """On the first of the month there is a day's worth to begin with."""
    first = datetime(2026, 11, 1, 0, 1, tzinfo=UTC)

    spent(99, 3000, first).demand(optional=True)
    with pytest.raises(Spared):
        spent(102, 3000, first).demand(optional=True)
    spent(2999, 3000, first).demand(optional=False)


# What a text weighs


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("Grüße из Києва", 14),
        ("😀", 2),
        ("日本", 4),
        ("see https://shop.example/a/very/long/path?with=everything now", 4 + 23 + 4),
        ("", 0),
    ],
)
def test_a_text_weighs_what_x_says(text: str, counted: int) -> None:
    """Links count 23, emoji and CJK two, everything else one."""
    assert weight(text) == counted
