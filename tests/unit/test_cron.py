"""Promises about cron expressions: they mean what cron means, on any wall clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.cron import Cron

BERLIN = ZoneInfo("Europe/Berlin")
CAIRO, SANTIAGO = ZoneInfo("Africa/Cairo"), ZoneInfo("America/Santiago")
KYIV, NEW_YORK = ZoneInfo("Europe/Kyiv"), ZoneInfo("America/New_York")
ZONES = [BERLIN, KYIV, NEW_YORK, CAIRO, SANTIAGO, ZoneInfo("Australia/Lord_Howe"), UTC]
CHANGES = [
    datetime(2026, month, day, tzinfo=UTC)
    for month, day in [
        (3, 8), (3, 29), (4, 5), (4, 24), (9, 6), (10, 4), (10, 25), (10, 30), (11, 1), (7, 1)
    ]
]  # fmt: skip
"""The days on which clocks change in those zones, and one on which they do not."""
MINUTE, SPAN, DAY = timedelta(minutes=1), timedelta(hours=30), timedelta(days=1)


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


def test_a_day_that_never_comes_leaves_the_weekdays() -> None:
    """Either is enough, and February has Mondays."""
    assert times("0 9 31 feb mon", "2026-02-20T00:00", 2) == [
        "Mon 23 Feb 09:00 +0100", "Mon 01 Feb 09:00 +0100",
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


@pytest.mark.parametrize(
    ("expression", "zone", "begin", "then"),
    [
        ("0 0 1 * *", KYIV, "2026-03-01T00:00", ["Wed 01 Apr 00:00 +0300", "Fri 01 May 00:00 +0300"]),
        ("0 0 1 * *", NEW_YORK, "2026-03-01T00:00", ["Wed 01 Apr 00:00 -0400", "Fri 01 May 00:00 -0400"]),
        ("0 0 * * mon", KYIV, "2026-03-23T00:00", ["Mon 30 Mar 00:00 +0300", "Mon 06 Apr 00:00 +0300"]),
        ("30 0 * * *", KYIV, "2026-03-29T00:30", ["Mon 30 Mar 00:30 +0300", "Tue 31 Mar 00:30 +0300"]),
        ("0 0 * * *", CAIRO, "2026-04-23T00:00", ["Fri 24 Apr 01:00 +0300", "Sat 25 Apr 00:00 +0300"]),
        ("0 0 * * 0", SANTIAGO, "2026-08-30T00:00", ["Sun 06 Sep 01:00 -0300", "Sun 13 Sep 00:00 -0300"]),
        ("30 2,3 * * *", BERLIN, "2026-03-29T00:00", ["Sun 29 Mar 03:30 +0200", "Mon 30 Mar 02:30 +0200"]),
        ("30 0 30 12 *", ZoneInfo("Pacific/Apia"), "2011-12-29T12:00", ["Sat 31 Dec 00:30 +1400", "Sun 30 Dec 00:30 +1400"]),
    ],
)  # fmt: skip
def test_after_clocks_have_moved_nothing_is_left_out(
    expression: str, zone: ZoneInfo, begin: str, then: list[str]
) -> None:
    """Not the first midnight nor the first of the month; nor does one time come twice."""
    assert times(expression, begin, len(then), zone) == then


def test_the_next_minute_counts_from_the_last_moment_before_it() -> None:
    """Whoever asks less than a second before it is due is not told of the next day."""
    due = datetime(2026, 11, 26, 9, tzinfo=UTC)
    cron = Cron.parse("0 9 * * *", UTC)
    assert cron.next_after(due - timedelta(milliseconds=1)) == due
    assert cron.next_after(due) == due + DAY


@given(
    st.sampled_from(ZONES),
    st.sampled_from([
        "0 * * * *", "15,45 1-3 * * *", "30 2 * * 0", "0 9 1,15 * fri", "*/20 2 * 4,10 *",
        "0 0 * * *", "30 0 * * 0-1", "0,45 0 * * *", "0 0,1 * * *", "59 23 * * *", "30 2 31 2 0",
    ]),
    st.sampled_from(CHANGES),
    st.integers(-12 * 60 * 60, 48 * 60 * 60),
)  # fmt: skip
def test_what_was_last_due_is_what_looking_at_each_minute_finds(
    zone: ZoneInfo, expression: str, near: datetime, seconds: int
) -> None:
    """In any zone, across clock changes of half an hour and at midnight as well."""
    cron, now = Cron.parse(expression, zone), near + timedelta(seconds=seconds)
    found = [now - SPAN]
    while (following := cron.next_after(found[-1])) <= now:
        found.append(following)
    assert cron.last_until(now, SPAN) == (found[-1] if len(found) > 1 else None)
    assert all(earlier < later for earlier, later in pairwise(found))
    assert {*found[1:]} == {due for due in _due_by_each_minute(cron, now) if now - SPAN < due}


def _due_by_each_minute(cron: Cron, now: datetime) -> set[datetime]:
    """Return when it is due until *now*, by all minutes that clocks show, and that they skip."""
    whole = now.replace(second=0, microsecond=0)
    due = set()
    for back in range((SPAN + MINUTE) // MINUTE):
        minute = whole - back * MINUTE
        local = minute.astimezone(cron.timezone)
        skipped = _skipped_before(minute, cron.timezone)
        shown = [local.replace(tzinfo=None)] if local.fold == 0 else []
        if any(_fits_all(cron, each) for each in (*shown, *skipped)):
            due.add(minute)
    return due


def _skipped_before(minute: datetime, zone: tzinfo) -> list[datetime]:
    """Return the time that clocks would show at *minute* if they had not been moved within the hour."""
    local, before = minute.astimezone(zone), (minute - timedelta(hours=2)).astimezone(zone)
    moved = (local.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
    would = (local - moved).replace(tzinfo=None)
    # PEP 495: a time that was skipped does not come back as it went.
    real = would.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    return [would] if moved > timedelta() and real != would else []


def _fits_all(cron: Cron, local: datetime) -> bool:
    """Tell whether it is due at *local*: the five fields, read in another way."""
    fields = cron.expression.split()
    values = (local.minute, local.hour, local.day, local.month, local.isoweekday() % 7)
    fits = [_fits(field, value) for field, value in zip(fields, values, strict=True)]
    days = fits[2] or fits[4] if "*" not in (fields[2], fields[4]) else fits[2] and fits[4]
    return fits[0] and fits[1] and fits[3] and days


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
