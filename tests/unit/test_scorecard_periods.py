"""Promises about periods: what people write is understood, or they learn what to write."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.scorecard.periods import in_words, parse_period, previous
from inboxd.errors import UserError

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
"""A Thursday in week 48."""


def parsed(text: str) -> tuple[str, str]:
    period = parse_period(text, NOW, KYIV)
    return period.since.isoformat(), period.until.isoformat()


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("30d", "2026-10-28", "2026-11-27"),
        ("1d", "2026-11-26", "2026-11-27"),
        ("7d", "2026-11-20", "2026-11-27"),
        ("today", "2026-11-26", "2026-11-27"),
        ("yesterday", "2026-11-25", "2026-11-26"),
        ("last-week", "2026-11-16", "2026-11-23"),
        ("last-month", "2026-10-01", "2026-11-01"),
        ("last-quarter", "2026-07-01", "2026-10-01"),
        ("last-year", "2025-01-01", "2026-01-01"),
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("2025-12", "2025-12-01", "2026-01-01"),
        ("2026-W47", "2026-11-16", "2026-11-23"),
        ("2026-W01", "2025-12-29", "2026-01-05"),
        ("2020-W53", "2020-12-28", "2021-01-04"),
        ("2026-Q3", "2026-07-01", "2026-10-01"),
        ("2025-Q4", "2025-10-01", "2026-01-01"),
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-11-01..2026-11-15", "2026-11-01", "2026-11-16"),
        ("2026-11-15..2026-11-15", "2026-11-15", "2026-11-16"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
    ],
)
def test_a_period_is_whole_days_up_to_and_without_until(text: str, since: str, until: str) -> None:
    """Each form that --period takes."""
    assert parsed(text) == (since, until)


def test_today_is_today_where_the_shop_is() -> None:
    """At eleven in the evening in London it is tomorrow in Kyiv."""
    late = datetime(2026, 11, 26, 23, tzinfo=UTC)

    assert parse_period("today", late, KYIV).since == date(2026, 11, 27)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("30", "did you mean 30d?"),
        ("30 days", "did you mean 30d?"),
        ("2w", "did you mean 14d?"),
        ("last week", "did you mean last-week?"),
        ("this-month", "did you mean 2026-11?"),
        ("last_month", "did you mean last-month?"),
        ("november", "did you mean 2026-11?"),
        ("Today", "did you mean today?"),
        ("yesteday", "did you mean yesterday?"),
        ("2026-w47", "did you mean 2026-W47?"),
        ("2026q3", "did you mean 2026-Q3?"),
        ("11/2026", "did you mean 2026-11?"),
        ("2026-11-01 to 2026-11-15", "did you mean 2026-11-01..2026-11-15?"),
        ("2026-11-01...2026-11-15", "did you mean 2026-11-01..2026-11-15?"),
        ("2026/11/5", "did you mean 2026-11-05?"),
        ("2026-11-15..2026-11-01", "did you mean 2026-11-01..2026-11-15?"),
        ("2026-13", "months are 01 to 12"),
        ("2026-Q5", "quarters Q1 to Q4"),
        ("2026-W54", "the weeks of 2026 are 01 to 53"),
        ("2026-02-30", "there is no 2026-02-30"),
        ("0000-01", "there is no 0000-01-01"),
        ("9999-12", "goes on after 9999"),
        ("9999", "goes on after 9999"),
        ("9999-12-31", "goes on after 9999"),
        ("2026-01-01..9999-12-31", "goes on after 9999"),
        ("0d", "write 1d to 3660d"),
        ("99999d", "write 1d to 3660d"),
        ("1990-01-01..2026-01-01", "3660 at most"),
        ("0001", "is before 1990"),
        ("2027", "has not begun: today is 2026-11-26"),
        ("", "There are 30d, today"),
        ("\x1b[2J", "There are 30d, today"),
    ],
)
def test_what_is_no_period_gets_the_nearest_form(text: str, advice: str) -> None:
    """An error names what somebody probably meant, or all forms."""
    with pytest.raises(UserError) as caught:
        parse_period(text, NOW, KYIV)

    assert advice in str(caught.value)
    assert str(caught.value).isprintable()


@given(st.text())
def test_any_text_is_a_period_or_an_error_of_the_users(text: str) -> None:
    """Nothing that is typed ends in a traceback."""
    with suppress(UserError):
        assert parse_period(text, NOW, KYIV).days > 0


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("30d", "2026-09-28", "2026-10-28"),
        ("yesterday", "2026-11-24", "2026-11-25"),
        ("2026-W01", "2025-12-22", "2025-12-29"),
        ("2026-11", "2026-10-01", "2026-11-01"),
        ("2026-03", "2026-02-01", "2026-03-01"),
        ("2026-01", "2025-12-01", "2026-01-01"),
        ("2026-Q1", "2025-10-01", "2026-01-01"),
        ("2026", "2025-01-01", "2026-01-01"),
        ("2026-11-01..2026-11-15", "2026-10-17", "2026-11-01"),
    ],
)
def test_before_a_month_comes_a_month_and_before_days_as_many(
    text: str, since: str, until: str
) -> None:
    """The span before ends where the period begins."""
    before = previous(parse_period(text, NOW, KYIV))

    assert (before.since.isoformat(), before.until.isoformat()) == (since, until)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-11", "November 2026"),
        ("2026-Q3", "quarter 3 of 2026"),
        ("2025", "2025"),
        ("today", "Thursday 26 November 2026"),
        ("2026-W47", "16 to 22 November 2026"),
        ("30d", "28 October to 26 November 2026"),
        ("2025-12-30..2026-01-02", "30 December 2025 to 2 January 2026"),
        ("2026-11-01..2026-11-30", "1 to 30 November 2026"),
    ],
)
def test_a_period_has_words(text: str, words: str) -> None:
    """As one says it, both ends included."""
    assert in_words(parse_period(text, NOW, KYIV)) == words
