"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.moments import moment

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
"""10:30 in Kyiv, a Wednesday."""


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2h", "2026-11-25 12:30"),
        ("1d 30m", "2026-11-26 11:00"),
        ("14:00", "2026-11-25 14:00"),
        ("9:05", "2026-11-26 09:05"),
        ("fri", "2026-11-27 09:00"),
        ("Fri 14:00", "2026-11-27 14:00"),
        ("friday 9:00", "2026-11-27 09:00"),
        ("wed 14:00", "2026-11-25 14:00"),
        ("wed 09:00", "2026-12-02 09:00"),
        ("today 18:00", "2026-11-25 18:00"),
        ("tomorrow", "2026-11-26 09:00"),
        ("tomorrow 17:30", "2026-11-26 17:30"),
        ("2026-12-01", "2026-12-01 09:00"),
        ("2026-12-01 08:15", "2026-12-01 08:15"),
        ("2026-12-01T08:15", "2026-12-01 08:15"),
        ("2026-12-01T08:15:00Z", "2026-12-01 10:15"),
        ("  2026-12-01 08:15 ", "2026-12-01 08:15"),
    ],
)
def test_a_time_is_understood_as_it_is_meant(text: str, local: str):
    """Each form of saying a time gives the instant that the clocks of the place show."""
    assert moment(text, NOW, KYIV).astimezone(KYIV).strftime("%Y-%m-%d %H:%M") == local


@pytest.mark.parametrize(
    "text",
    ["", " ", "soon", "25:00", "12:60", "t 09:00", "fri noon", "2026-13-01", "fri 14:00 sharp", "2"],
)
def test_what_is_no_time_is_refused_with_what_would_be_right(text: str):
    """Nothing is guessed: what is no time says how a time is written."""
    with pytest.raises(ValueError, match="is no time; write 2h, 09:00"):
        moment(text, NOW, KYIV)


def test_an_hour_that_clocks_skip_is_the_one_after():
    """In the night in which clocks go forward, 03:30 comes as 04:30."""
    evening = datetime(2026, 3, 28, 20, tzinfo=UTC)
    assert moment("03:30", evening, KYIV) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_date_may_lie_in_the_past():
    """A date is taken at its word, so that whoever asks can say that it is over."""
    assert moment("2026-11-01", NOW, KYIV) < NOW


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str):
    """Whatever is typed on the way to a time breaks nothing."""
    try:
        assert moment(text, NOW, KYIV).tzinfo is UTC
    except ValueError:
        pass


@given(st.integers(0, 23), st.integers(0, 59))
def test_an_hour_is_the_next_one(hour: int, minute: int):
    """An hour alone is at most a day away, and never over."""
    assert NOW < moment(f"{hour}:{minute:02}", NOW, KYIV) <= NOW + timedelta(days=1)
