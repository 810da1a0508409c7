"""Times as people say them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.hours import OpeningHours
from inboxd.core.localtime import parse_interval
from inboxd.core.moments import ahead, moment, mornings

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
def test_a_time_is_understood_as_it_is_meant(text: str, local: str) -> None:
    """Each form of saying a time gives the instant that the clocks of the place show."""
    assert moment(text, NOW, KYIV).astimezone(KYIV).strftime("%Y-%m-%d %H:%M") == local


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "soon",
        "25:00",
        "12:60",
        "t 09:00",
        "fri noon",
        "2026-13-01",
        "fri 14:00 sharp",
        "2",
    ],
)
def test_what_is_no_time_is_refused_with_what_would_be_right(text: str) -> None:
    """Nothing is guessed: what is no time says how a time is written."""
    with pytest.raises(ValueError, match="is no time; write 2h, 09:00"):
        moment(text, NOW, KYIV)


def test_an_hour_that_clocks_skip_is_the_one_after() -> None:
    """In the night in which clocks go forward, 03:30 comes as 04:30."""
    evening = datetime(2026, 3, 28, 20, tzinfo=UTC)
    assert moment("03:30", evening, KYIV) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_date_may_lie_in_the_past() -> None:
    """A date is taken at its word, so that whoever asks can say that it is over."""
    assert moment("2026-11-01", NOW, KYIV) < NOW


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    """Whatever is typed on the way to a time breaks nothing."""
    with suppress(ValueError):
        assert moment(text, NOW, KYIV).tzinfo is UTC


@given(st.integers(0, 23), st.integers(0, 59))
def test_an_hour_is_the_next_one(hour: int, minute: int) -> None:
    """An hour alone is at most a day away, and never over."""
    assert NOW < moment(f"{hour}:{minute:02}", NOW, KYIV) <= NOW + timedelta(days=1)


def hours(**week: str) -> OpeningHours:
    """Return a calendar in Kyiv, open on some weekdays."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    days = {names.index(day): (parse_interval(open_),) for day, open_ in week.items()}
    return OpeningHours("office", KYIV, days)


def local(instants: list[datetime]) -> list[str]:
    """Return when these are on the clocks in Kyiv."""
    return [each.astimezone(KYIV).strftime("%a %H:%M") for each in instants]


def test_mornings_are_the_openings_of_the_calendar() -> None:
    """Tomorrow and Monday begin when the calendar opens."""
    office = hours(mon="10:00-18:00", thu="08:30-17:00")
    assert local(mornings(office, NOW, KYIV)) == ["Thu 08:30", "Mon 10:00"]


def test_a_closed_day_gives_way_to_the_next_open_one() -> None:
    """Where nobody works tomorrow and on Monday, it is the first open day after each."""
    assert local(mornings(hours(tue="09:00-18:00"), NOW, KYIV)) == ["Tue 09:00"]


@pytest.mark.parametrize(
    "calendar", [None, hours(**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "00:00-24:00"))]
)
def test_without_an_opening_a_day_begins_in_the_morning(calendar: OpeningHours | None) -> None:
    """Without a calendar, or with one that is open at midnight, nobody is woken at midnight."""
    assert local(mornings(calendar, NOW, KYIV)) == ["Thu 09:00", "Mon 09:00"]


def test_what_is_over_is_refused() -> None:
    """A time to come is refused where it is over, in the words that were given."""
    with pytest.raises(ValueError, match="2026-11-01 is not in the future"):
        ahead("2026-11-01", NOW, KYIV)
