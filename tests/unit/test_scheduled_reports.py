"""Promises about scheduled reports: of which days each is, and how it is called."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.cron import Cron
from inboxd.core.reports import Report, checked_period, days_of, file_name
from inboxd.core.scorecard.periods import RELATIVE

KYIV = ZoneInfo("Europe/Kyiv")
WEEKLY = Report("weekly", Cron.parse("0 9 * * mon", KYIV), ("lead",))


@pytest.mark.parametrize(
    ("period", "due", "name", "since", "until"),
    [
        ("last-week", "2026-11-30T09:00", "2026-W48", "2026-11-23", "2026-11-30"),
        ("last-week", "2027-01-04T09:00", "2026-W53", "2026-12-28", "2027-01-04"),
        ("last-month", "2027-01-01T09:00", "2026-12", "2026-12-01", "2027-01-01"),
        ("last-quarter", "2026-12-31T09:00", "2026-Q3", "2026-07-01", "2026-10-01"),
        ("last-quarter", "2027-02-01T09:00", "2026-Q4", "2026-10-01", "2027-01-01"),
        ("last-year", "2027-01-02T09:00", "2026", "2026-01-01", "2027-01-01"),
        ("yesterday", "2026-03-01T09:00", "2026-02-28", "2026-02-28", "2026-03-01"),
        ("today", "2026-03-29T18:00", "2026-03-29", "2026-03-29", "2026-03-30"),
        ("7d", "2026-11-27T18:00", "2026-11-21..2026-11-27", "2026-11-21", "2026-11-28"),
    ],
)
def test_a_period_names_its_days(period: str, due: str, name: str, since: str, until: str) -> None:
    """By what `inboxd report --period` takes, so that the same can be had again."""
    at = datetime.fromisoformat(due).replace(tzinfo=KYIV)
    found, days = days_of(period, at, KYIV)
    assert found == name
    assert (days.since, days.until) == (date.fromisoformat(since), date.fromisoformat(until))
    again, same = days_of(period, at.astimezone(UTC), KYIV)
    assert (again, same) == (found, days)


@given(st.sampled_from([each for each in RELATIVE if each != "today"]), st.dates(date(2000, 1, 1)))
def test_what_is_called_last_is_over(period: str, day: date) -> None:
    """Whenever the report is due: no day of it is still to come or under way."""
    due = datetime(day.year, day.month, day.day, tzinfo=KYIV)
    _, days = days_of(period, due, KYIV)
    assert days.since < days.until <= day


@pytest.mark.parametrize("period", ["2026-W47", "last week", "0d", "07d", "1000d", "30", "d", ""])
def test_a_period_that_does_not_move_on_is_none(period: str) -> None:
    """What is the same each time is asked for once, at the terminal."""
    with pytest.raises(ValueError, match="no period that moves on; there are: last-week, "):
        checked_period(period)


def test_a_page_is_called_by_its_days() -> None:
    """In a way that every file system takes."""
    assert file_name("2026-W47") == "inboxd-report-2026-W47.html"
    assert file_name("2026-11-21..2026-11-27") == "inboxd-report-2026-11-21-to-2026-11-27.html"


def test_one_that_is_older_than_a_day_is_let_go() -> None:
    """The instant is part of the key, in UTC, whatever its own clocks show."""
    due = datetime(2026, 11, 30, 7, tzinfo=UTC)
    assert WEEKLY.key(due) == "report:weekly/2026-11-30T07:00Z"
    assert WEEKLY.due(due) == due
    assert WEEKLY.due(due.replace(day=30, hour=23)) == due
    assert WEEKLY.due(due.replace(month=12, day=1, hour=7)) is None
    assert WEEKLY.due(due.replace(hour=6)) is None
