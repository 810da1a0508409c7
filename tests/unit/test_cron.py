"""Promises about cron expressions: they mean what cron means, on any wall clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.cron import Cron

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), UTC]
CHANGES = [
    datetime(2026, month, day, tzinfo=UTC)
    for month, day in [(3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1), (7, 1)]
]
"""The days on which clocks change in those zones, and one on which they do not."""
MINUTE, SPAN, DAY = timedelta(minutes=1), timedelta(hours=6), timedelta(days=1)


def times(expression: str, begin: str, count: int = 3, zone: ZoneInfo = BERLIN) -> list[str]:
    """Return when it falls due next, as the wall in *zone* shows it, from *begin* there on."""
    cron = Cron.parse(expression, zone)
    instant = datetime.fromisoformat(begin).replace(tzinfo=zone).astimezone(UTC)
    found = []
    for _ in range(count):
        instant = cron.next_after(instant)
        found.append(f"{instant.astimezone(zone):%a %d %b %H:%M %z}")
    return found


@pytest.mark.parametrize(
    ("weekday", "days"),
    [
        ("0", "Sun"), ("1", "Mon"), ("6", "Sat"), ("7", "Sun"), ("sun", "Sun"), ("MON", "Mon"),
        ("1-5", "Mon Tue Wed Thu Fri"), ("mon-fri", "Mon Tue Wed Thu Fri"), ("5-7", "Fri Sat Sun"),
        ("0-1", "Sun Mon"), ("sat-sun", "Sat Sun"), ("sun-mon", "Sun Mon"), ("fri,1", "Mon Fri"),
        ("*/2", "Sun Tue Thu Sat"), ("1-5/2", "Mon Wed Fri"), ("mon-fri/2", "Mon Wed Fri"),
    ],
)  # fmt: skip
def test_weekdays_are_those_of_cron(weekday: str, days: str) -> None:
    """0 and 7 are Sunday, 1 is Monday: not as APScheduler counts them."""
    found = times(f"0 9 * * {weekday}", "2026-11-08T12:00", 7)
    assert {each[:3] for each in found} == {*days.split()}


def test_of_a_day_of_the_month_and_one_of_the_week_either_is_enough() -> None:
    """As crontab(5) says; where one begins with a star, both must fit."""
    assert [each[:6] for each in times("0 9 1 * mon", "2026-10-20T00:00", 4)] == [
        "Mon 26", "Sun 01", "Mon 02", "Mon 09",
    ]  # fmt: skip
    assert [each[:10] for each in times("0 9 1-7 * */7", "2026-10-20T00:00", 2)] == [
        "Sun 01 Nov", "Sun 06 Dec",
    ]  # fmt: skip


def test_months_have_names_and_a_leap_day_is_waited_for() -> None:
    """Once in four years is not never."""
    assert times("0 9 1 feb,aug *", "2026-03-01T00:00", 2) == [
        "Sat 01 Aug 09:00 +0200", "Mon 01 Feb 09:00 +0100",
    ]  # fmt: skip
    leap = Cron.parse("0 9 29 2 *", UTC)
    assert leap.next_after(datetime(2026, 11, 26, tzinfo=UTC)).year == 2028


def test_a_time_that_clocks_skip_comes_when_they_have_moved_on() -> None:
    """02:30 on the night of the clock change in spring is 03:30."""
    assert times("30 2 * * *", "2026-03-28T00:00") == [
        "Sat 28 Mar 02:30 +0100", "Sun 29 Mar 03:30 +0200", "Mon 30 Mar 02:30 +0200",
    ]  # fmt: skip


def test_a_time_that_clocks_show_twice_comes_once() -> None:
    """The first counts; from the second on it is the next day's turn."""
    assert times("30 2 * * *", "2026-10-24T00:00") == [
        "Sat 24 Oct 02:30 +0200", "Sun 25 Oct 02:30 +0200", "Mon 26 Oct 02:30 +0100",
    ]  # fmt: skip
    cron, second = Cron.parse("30 2 * * *", BERLIN), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert cron.last_until(second, DAY) == second - timedelta(hours=1)


@given(
    st.sampled_from(ZONES),
    st.sampled_from(["0 * * * *", "15,45 1-3 * * *", "30 2 * * 0", "0 9 1,15 * fri", "*/20 2 * 4,10 *"]),
    st.sampled_from(CHANGES),
    st.integers(-12 * 60 * 60, 36 * 60 * 60),
)  # fmt: skip
def test_what_was_last_due_is_what_looking_at_each_minute_finds(
    zone: ZoneInfo, expression: str, near: datetime, seconds: int
) -> None:
    """In any zone, across clock changes of half an hour as well."""
    cron, now = Cron.parse(expression, zone), near + timedelta(seconds=seconds)
    found = [now - SPAN]
    while (following := cron.next_after(found[-1])) <= now:
        found.append(following)
    assert cron.last_until(now, SPAN) == (found[-1] if len(found) > 1 else None)
    assert all(earlier < later for earlier, later in pairwise(found))
    whole = now.replace(second=0, microsecond=0)
    minutes = [
        whole - back * MINUTE for back in range(6 * 60) if whole - back * MINUTE > now - SPAN
    ]
    skipped = [minute for minute in found[1:] if not _shows(cron, minute)]
    assert {*found[1:]} - {*skipped} == {minute for minute in minutes if _shows(cron, minute)}
    assert all(_is_after_a_change(zone, minute) for minute in skipped)


def _shows(cron: Cron, minute: datetime) -> bool:
    """Tell, by the wall alone, whether it is due: the five fields, read in another way."""
    local = minute.astimezone(cron.timezone)
    fields = cron.expression.split()
    values = (local.minute, local.hour, local.day, local.month, local.isoweekday() % 7)
    fits = [_fits(field, value) for field, value in zip(fields, values, strict=True)]
    days = fits[2] or fits[4] if "*" not in (fields[2], fields[4]) else fits[2] and fits[4]
    return local.fold == 0 and fits[0] and fits[1] and fits[3] and days


def _fits(field: str, value: int) -> bool:
    if field.startswith("*"):
        return value % int(field[2:] or 1) == 0
    names = {"fri": 5}
    for part in field.split(","):
        first, _, last = part.partition("-")
        low = names.get(first) or int(first)
        if low <= value <= int(last or low):
            return True
    return False


def _is_after_a_change(zone: ZoneInfo, minute: datetime) -> bool:
    """Tell whether clocks have skipped something within the hour before *minute*."""
    before = (minute - timedelta(hours=1, minutes=1)).astimezone(zone).utcoffset()
    now = minute.astimezone(zone).utcoffset()
    return before is not None and now is not None and now > before


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("0 9 * *", "must have five fields: minute, hour, day of the month, month, day of the week"),
        ("0 0 9 * * mon", "it has 6"),
        ("@weekly", "it has 1"),
        ("0 25 * * mon", '"25" is no hour; it may be 0 to 23'),
        ("60 9 * * mon", '"60" is no minute; it may be 0 to 59'),
        ("0 9 0 * *", '"0" is no day of the month; it may be 1 to 31'),
        ("0 9 * 13 *", '"13" is no month; it may be 1 to 12, or jan to dec'),
        ("0 9 * * 8", '"8" is no day of the week; it may be 0 to 7, or sun to sat'),
        ("0 9 * * monday", '"monday" is no day of the week, as in mon or mon-fri'),
        ("0 9 * * mom", '"mom" is no day of the week; it may be 0 to 7, or sun to sat'),
        ("0 9 * * fri-mon", '"fri-mon" ends before it begins; write it as two, with a comma'),
        ("0 9 * * mon/2", '"mon/2": a step goes with a range or *, as in "*/2"'),
        ("*/0 9 * * *", '"*/0" has a step of 0'),
        ("x 9 * * *", '"x" is no minute, as in 5 or 5-10'),
        ("0 9 * * mon#1", '"mon#1" is no day of the week, as in mon or mon-fri'),
        ("0 9 last * *", '"last" is no day of the month, as in 5 or 5-10'),
        ("0 9 31 2 *", "never falls due: no such month has a day 31"),
        ("0 9 31 4,6 *", "never falls due"),
        ("0, 9 * * *", '"" is no minute'),
    ],
)  # fmt: skip
def test_what_is_no_cron_expression_is_told(expression: str, what: str) -> None:
    """With the part that is wrong; nothing is passed over, as APScheduler passes over "/2"."""
    with pytest.raises(ValueError, match=re.escape(what)):
        Cron.parse(expression, UTC)


def test_a_day_back_is_looked_through_in_no_time() -> None:
    """Even where each minute is one: it is done once for each that falls due."""
    cron, now = Cron.parse("* * * * *", BERLIN), datetime(2026, 11, 26, 9, 0, 1, tzinfo=UTC)
    assert cron.last_until(now, DAY) == now - timedelta(seconds=1)
