"""Promises about business time: to the second, across clock changes, in bounded time."""

from __future__ import annotations

import functools
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxd.core.hours import OpeningHours
from inboxd.core.localtime import local_to_utc, parse_interval
from inboxd.core.timetable import Interval, merged, without
from inboxd.durations import BusinessSpan, parse_business, parse_step_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NINE_TO_FIVE = parse_interval("09:00-17:00")
ALL_DAY = parse_interval("00:00-24:00")


def office(
    zone: str = "UTC", week: str = "09:00-17:00", days: Sequence[int] = range(5), **more: Any
) -> OpeningHours:
    hours = [parse_interval(text) for text in week.split()]
    return OpeningHours("office", ZoneInfo(zone), dict.fromkeys(days, hours), **more)


def round_the_clock(zone: str) -> OpeningHours:
    return office(zone, "00:00-24:00", range(7))


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# Where time ends up ------------------------------------------------------------------------


def test_an_exact_fit_ends_at_the_close() -> None:
    """A target that fills the day is due at the close, not the next morning."""
    assert office().add(at("2026-01-05T09:00"), 8 * HOUR) == at("2026-01-05T17:00")


def test_no_time_from_a_closed_moment_is_the_next_opening() -> None:
    """A closing instant is closed already, so nothing can begin at it."""
    assert office().add(at("2026-01-09T17:00"), timedelta()) == at("2026-01-12T09:00")
    assert office().add(at("2026-01-09T16:59:59"), timedelta()) == at("2026-01-09T16:59:59")


def test_subtracting_mirrors_adding() -> None:
    """Backwards, an exact fit begins at the opening, and nothing at all is the last close."""
    assert office().subtract(at("2026-01-05T17:00"), 8 * HOUR) == at("2026-01-05T09:00")
    assert office().subtract(at("2026-01-12T09:00"), timedelta()) == at("2026-01-09T17:00")
    assert office().subtract(at("2026-01-12T10:00"), 2 * HOUR) == at("2026-01-09T16:00")


def test_every_day_of_years_begins_at_its_opening_and_ends_at_its_close() -> None:
    """Where the tables of the years meet is nothing that anybody can see."""
    always = office(days=range(7))
    for day in range(800):
        opening = at("2025-01-01T09:00") + timedelta(days=day)
        assert always.add(opening, 8 * HOUR) == opening + 8 * HOUR
        assert always.subtract(opening + 8 * HOUR, 8 * HOUR) == opening


def test_fractions_of_a_second_are_kept() -> None:
    """Networks send milliseconds; sums neither round nor drift."""
    start = at("2026-01-05T16:59:59.999999")
    assert office().add(start, 2 * timedelta(microseconds=1)) == at("2026-01-06T09:00:00.000001")


def test_instants_in_any_zone_mean_the_same_and_answers_are_utc() -> None:
    """The machine's zone and the caller's are irrelevant."""
    local = datetime(2026, 1, 5, 11, tzinfo=ZoneInfo("Europe/Kyiv"))
    due = office().add(local, HOUR)
    assert (due, due.tzinfo) == (at("2026-01-05T10:00"), UTC)


def test_naive_instants_are_refused() -> None:
    """A time without a zone is a guess, and a guess is a bug."""
    with pytest.raises(TypeError):
        office().add(datetime(2026, 1, 5, 11), HOUR)  # noqa: DTZ001 - the point of the test


def test_a_span_backwards_is_refused() -> None:
    """Nothing is due before it arrived."""
    with pytest.raises(ValueError, match="negative; subtract it instead"):
        office().add(at("2026-01-05T09:00"), -HOUR)
    with pytest.raises(ValueError, match="negative; add it instead"):
        office().subtract(at("2026-01-05T09:00"), -HOUR)


def test_no_time_passes_backwards() -> None:
    """An empty or reversed stretch holds no open time."""
    morning, noon = at("2026-01-05T09:00"), at("2026-01-05T12:00")
    assert office().between(noon, morning) == office().between(noon, noon) == timedelta()
    assert office().between(morning, noon) == 3 * HOUR


def test_a_leap_day_is_a_day() -> None:
    """February has 29 days when it has."""
    always = round_the_clock("Europe/Kyiv")
    assert always.between(at("2028-02-01"), at("2028-03-01")) == timedelta(days=29)


def test_years_of_open_time_are_summed() -> None:
    """Windows are an implementation's matter: sums run across them."""
    always = round_the_clock("UTC")
    assert always.between(at("1975-01-01"), at("2026-07-01")) == at("2026-07-01") - at("1975-01-01")
    assert always.add(at("1999-12-31T12:00"), timedelta(days=10_000)) == at(
        "1999-12-31T12:00"
    ) + timedelta(days=10_000)
    assert always.subtract(at("2026-07-01"), timedelta(days=10_000)) == at(
        "2026-07-01"
    ) - timedelta(days=10_000)
    assert list(always.periods(at("1990-01-01"), at("2010-01-01"))) == [
        (at("1990-01-01"), at("2010-01-01"))
    ]


# Clock changes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Kyiv", "2026-03-29", 23),
        ("Europe/Kyiv", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("America/Havana", "2026-03-08", 23),
        ("Africa/Cairo", "2024-10-31", 25),
        ("Antarctica/Troll", "2024-03-31", 22),
        ("Africa/Casablanca", "2026-02-15", 25),
        ("Africa/Casablanca", "2026-03-22", 23),
        ("America/St_Johns", "2026-03-08", 23),
        ("Asia/Kolkata", "2026-02-28", 24),
        ("Pacific/Apia", "2011-12-29", 24),
        ("Pacific/Kwajalein", "1993-08-20", 24),
        ("Asia/Kathmandu", "2026-03-29", 24),
    ],
)
def test_a_day_has_the_hours_it_really_has(zone: str, day: str, hours: float) -> None:
    """Open all day is 23, 23.5, 25 … hours on the day of a clock change."""
    midnight = datetime.fromisoformat(day)
    start, end = (
        local_to_utc(moment, ZoneInfo(zone)) for moment in (midnight, midnight + timedelta(days=1))
    )
    assert round_the_clock(zone).between(start, end) == end - start == hours * HOUR


def test_skipped_times_move_forward_and_repeated_ones_are_the_first() -> None:
    """The rule for wall-clock times that do not exist, or exist twice."""
    kyiv, lord_howe = ZoneInfo("Europe/Kyiv"), ZoneInfo("Australia/Lord_Howe")
    assert local_to_utc(datetime(2026, 3, 29, 3, 30), kyiv) == at("2026-03-29T04:30+03:00")  # noqa: DTZ001
    assert local_to_utc(datetime(2026, 10, 25, 3, 30), kyiv) == at("2026-10-25T03:30+03:00")  # noqa: DTZ001
    assert local_to_utc(datetime(2026, 10, 4, 2, 15), lord_howe) == at("2026-10-04T02:45+11:00")  # noqa: DTZ001


def test_an_interval_that_the_clocks_skip_is_dropped_or_cut() -> None:
    """On the night of the change, hours lose what moves past their end."""
    start, end = at("2026-03-29T00:00+02:00"), at("2026-03-30T00:00+03:00")
    assert not list(office("Europe/Kyiv", "03:30-04:15", [6]).periods(start, end))
    cut = list(office("Europe/Kyiv", "03:30-06:00", [6]).periods(start, end))
    assert cut == [(at("2026-03-29T04:30+03:00"), at("2026-03-29T06:00+03:00"))]


def test_a_date_that_never_took_place_has_no_hours() -> None:
    """Samoa had no Friday, 30 December 2011; its hours are not another day's."""
    apia = office("Pacific/Apia", days=[4])
    assert apia.between(at("2011-12-28"), at("2012-01-03")) == timedelta()


# Holidays, shifts, breaks, nights ----------------------------------------------------------


def test_a_date_of_its_own_replaces_the_weekday() -> None:
    """Hours given for a date are that date's only hours; none means closed."""
    saturday, monday = date(2026, 12, 26), date(2026, 12, 28)
    hours = office(open={saturday: [parse_interval("10:00-14:00")], monday: []})
    assert hours.between(at("2026-12-26"), at("2026-12-29")) == 4 * HOUR


def test_a_closed_date_beats_hours_of_its_own() -> None:
    """A holiday is a holiday, whatever else is said about the date."""
    day = date(2026, 12, 25)
    assert not office(closed={day}, open={day: [NINE_TO_FIVE]}).is_open(at("2026-12-25T12:00"))


def test_a_night_shift_runs_into_the_next_day() -> None:
    """Hours belong to the day they begin on, also past midnight and past the weekend."""
    nights = office("Europe/Kyiv", "22:00-06:00", [4])
    assert list(nights.periods(at("2026-01-05"), at("2026-01-12"))) == [
        (at("2026-01-09T22:00+02:00"), at("2026-01-10T06:00+02:00"))
    ]


def test_a_holiday_ends_a_night_shift_at_midnight() -> None:
    """A closed date is closed from midnight to midnight, and its own night never begins."""
    nights = office("UTC", "22:00-06:00", range(7), closed={date(2026, 1, 7)})
    assert list(nights.periods(at("2026-01-06T12:00"), at("2026-01-08T23:00"))) == [
        (at("2026-01-06T22:00"), at("2026-01-07T00:00")),
        (at("2026-01-08T22:00"), at("2026-01-08T23:00")),
    ]


def test_breaks_are_taken_out_of_everything() -> None:
    """A break cuts hours, swallows them, or splits them; at its end it is open again."""
    breaks = {date(2026, 1, 5): [parse_interval("08:00-10:00"), parse_interval("12:00-13:00")]}
    hours = office(breaks=breaks)
    assert list(hours.periods(at("2026-01-05"), at("2026-01-06"))) == [
        (at("2026-01-05T10:00"), at("2026-01-05T12:00")),
        (at("2026-01-05T13:00"), at("2026-01-05T17:00")),
    ]
    assert hours.is_open(at("2026-01-05T13:00"))


def test_overlapping_hours_count_once() -> None:
    """Time is not counted twice, whichever way a week is written."""
    assert office("UTC", "09:00-13:00 12:00-17:00 10:00-11:00").business_day == 8 * HOUR
    both = OpeningHours("both", UTC, {0: [(79_200, 108_000)], 1: [(3_600, 43_200)]})
    assert both.between(at("2026-01-05"), at("2026-01-07")) == 14 * HOUR


# The calendar as a whole -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("week", "dates"),
    [
        ({}, {}),
        ({0: []}, {}),
        ({}, {date(2026, 1, 5): []}),
        ({}, {date(2026, 12, 25): [NINE_TO_FIVE]}),
        ({}, {date.max: [NINE_TO_FIVE]}),
    ],
)
def test_a_calendar_that_is_never_open_is_refused(
    week: Mapping[int, Sequence[Interval]], dates: Mapping[date, Sequence[Interval]]
) -> None:
    """It would hold every deadline for ever."""
    with pytest.raises(
        ValueError, match=r"^calendar 'shop' is never open; give it hours on some day$"
    ):
        OpeningHours("shop", UTC, week, frozenset({date(2026, 12, 25)}), dates)


@pytest.mark.parametrize("interval", [(0, 0), (5, 4), (-1, 5), (86_400, 90_000), (10, 86_411)])
def test_an_impossible_interval_is_refused(interval: Interval) -> None:
    """The error names the calendar and the seconds."""
    with pytest.raises(
        ValueError, match=f"^calendar 'shop' has an interval from second {interval[0]} to"
    ):
        OpeningHours("shop", UTC, {0: [interval]})


def test_a_day_outside_the_week_is_refused() -> None:
    """There are seven weekdays."""
    with pytest.raises(ValueError, match=r"^calendar 'shop' has no weekday 7; 0 is Monday$"):
        OpeningHours("shop", UTC, {7: [NINE_TO_FIVE]})


class Always:
    """A container of every date, as holidays gone wrong would be."""

    def __contains__(self, day: object) -> bool:
        return True


def test_a_calendar_with_only_holidays_ahead_answers_with_an_error() -> None:
    """The search for open time ends, and says so."""
    with pytest.raises(
        ValueError, match=r"^calendar 'office' has no answer within a century after 2026-01-05"
    ):
        office(closed=Always()).add(at("2026-01-05"), HOUR)


def test_after_the_last_date_of_a_calendar_of_dates_there_is_no_answer() -> None:
    """A pop-up shop that has gone has no deadlines."""
    popup = office(days=[], open={date(2026, 1, 5): [NINE_TO_FIVE]})
    assert popup.add(at("2026-01-01"), 8 * HOUR) == at("2026-01-05T17:00")
    with pytest.raises(ValueError, match="no answer within a century after"):
        popup.add(at("2026-01-01"), 9 * HOUR)
    with pytest.raises(ValueError, match="no answer within a century before"):
        popup.subtract(at("2026-01-05T10:00"), 2 * HOUR)


def test_the_ends_of_the_calendar_are_errors_and_not_endless() -> None:
    """A message from the year 9999 stops nothing."""
    hours = office("Asia/Tokyo")
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert not hours.is_open(first)
    assert not hours.is_open(last)
    with pytest.raises(ValueError, match="century"):
        hours.between(first, last)
    with pytest.raises(ValueError, match="century"):
        hours.add(last, HOUR)
    with pytest.raises(ValueError, match="century"):
        hours.subtract(first, HOUR)


def test_a_calendar_cannot_be_changed() -> None:
    """What is shared by every case must not move under them."""
    hours = office()
    with pytest.raises(AttributeError):
        hours.name = "other"  # type: ignore[misc]  # the point of the test
    with pytest.raises(TypeError):
        hours.week[0] = []  # type: ignore[index]  # the point of the test


def test_a_business_day_is_the_commonest_day() -> None:
    """One day of open time means a usual day; on a tie the longest."""
    short, long = parse_interval("10:00-14:00"), parse_interval("08:00-20:00")
    assert office().business_day == 8 * HOUR
    assert (
        OpeningHours("x", UTC, {0: [long], 1: [NINE_TO_FIVE], 2: [NINE_TO_FIVE]}).business_day
        == 8 * HOUR
    )
    assert OpeningHours("x", UTC, {0: [short], 1: [long]}).business_day == 12 * HOUR
    assert office(days=[], open={date(2026, 1, 5): [short]}).business_day == 4 * HOUR
    assert office("UTC", "22:00-06:00").business_day == 8 * HOUR


def test_business_spans_and_steps_become_open_time() -> None:
    """A day is the calendar's, a percent is the target's."""
    assert office().span(parse_business("1d4h")) == 12 * HOUR
    assert office().span(parse_business("25h")) == 25 * HOUR
    assert office().step(parse_step_at("50%"), BusinessSpan(1)) == 4 * HOUR
    assert office().step(parse_step_at("100% + 1d"), BusinessSpan(0, HOUR)) == 9 * HOUR
    assert office().step(parse_step_at("45m"), BusinessSpan(1)) == 45 * MINUTE


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("09:00-13:00", (32_400, 46_800)),
        ("9:00 – 13:00", (32_400, 46_800)),
        ("00:00-24:00", (0, 86_400)),
        ("22:00-06:00", (79_200, 108_000)),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, interval: Interval) -> None:
    """Seconds of the local day; past midnight is more than a day."""
    assert parse_interval(text) == interval


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9-13", "'9-13' is no interval; write 09:00-13:00"),
        ("", "'' is no interval; write 09:00-13:00"),
        ("25:00-26:00", "'25:00-26:00' has a time that no clock shows; a day is 00:00-24:00"),
        ("09:60-10:00", "'09:60-10:00' has a time that no clock shows; a day is 00:00-24:00"),
        ("24:00-25:00", "'24:00-25:00' has a time that no clock shows; a day is 00:00-24:00"),
        ("09:00-24:01", "'09:00-24:01' has a time that no clock shows; a day is 00:00-24:00"),
        ("09:00-00:00", "'09:00-00:00' ends where a day begins; midnight as an end is 24:00"),
        ("09:00-09:00", "'09:00-09:00' is empty; a whole day is 00:00-24:00"),
    ],
)
def test_hours_that_cannot_be_are_refused(text: str, why: str) -> None:
    """The error says what to write instead."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        parse_interval(text)
    assert str(caught.value) == why


# Pauses ------------------------------------------------------------------------------------


def pause(start: str, end: str) -> tuple[datetime, datetime]:
    return at(f"2026-01-05T{start}"), at(f"2026-01-05T{end}")


def test_the_clock_stands_in_pauses() -> None:
    """Overlapping, unsorted and closed-hour pauses are each counted for what they are."""
    pauses = [
        pause("14:00", "15:00"),
        pause("10:00", "11:00"),
        pause("10:30", "11:30"),
        pause("18:00", "23:00"),
    ]
    start = at("2026-01-05T09:00")
    assert office().add(start, 5 * HOUR, pauses) == at("2026-01-05T16:30")
    assert office().add(start, 6 * HOUR, pauses) == at("2026-01-06T09:30")
    assert office().between(start, at("2026-01-05T16:30"), pauses) == 5 * HOUR


def test_what_is_due_as_a_pause_begins_is_due() -> None:
    """A pause that begins at the deadline comes too late for it."""
    assert office().add(at("2026-01-05T09:00"), HOUR, [pause("10:00", "12:00")]) == at(
        "2026-01-05T10:00"
    )


def test_a_pause_that_is_over_changes_nothing() -> None:
    """What stood still before a message came is no matter of its."""
    before = [pause("09:00", "10:00")]
    assert office().add(at("2026-01-05T11:00"), HOUR, before) == at("2026-01-05T12:00")
    assert office().between(at("2026-01-05T11:00"), at("2026-01-05T12:00"), before) == HOUR


def test_nothing_begins_within_a_pause() -> None:
    """No time at all from a paused moment is the first that runs."""
    pauses = [pause("08:00", "12:00")]
    assert office().add(at("2026-01-05T07:00"), timedelta(), pauses) == at("2026-01-05T12:00")
    assert office().add(at("2026-01-05T10:00"), timedelta(), pauses) == at("2026-01-05T12:00")


def test_thousands_of_holidays_cost_nothing() -> None:
    """Every day but one in forty years is closed, and the answer is there at once."""
    first = date(2000, 1, 1)
    days = frozenset(first + timedelta(days=n) for n in range(40 * 366)) - {date(2033, 7, 6)}
    hours = OpeningHours("shut", UTC, {day: [(9 * 3600, 17 * 3600)] for day in range(7)}, days)
    assert hours.add(at("2026-01-05T12:00"), HOUR) == at("2033-07-06T10:00")
    assert hours.subtract(at("2039-01-05T12:00"), HOUR) == at("2033-07-06T16:00")
    assert hours.between(at("2001-01-01"), at("2039-01-01")) == 8 * HOUR


def test_a_night_over_a_clock_change_is_as_long_as_it_really_is() -> None:
    """From ten in the evening to six are seven hours in spring, and nine in autumn."""
    night = office("Europe/Kyiv", "22:00-06:00", [5])
    for saturday, hours in (("2026-03-28", 7), ("2026-10-24", 9), ("2026-11-21", 8)):
        start = at(f"{saturday}T12:00")
        assert night.between(start, start + timedelta(days=1)) == hours * HOUR
        (opens, closes), *_ = night.periods(start, start + timedelta(days=1))
        assert night.add(opens, hours * HOUR) == closes
        assert night.subtract(closes, hours * HOUR) == opens


def test_a_pause_that_covers_closed_time_stops_only_what_runs() -> None:
    """From an hour before closing to an hour after opening are two hours."""
    pauses = [(at("2026-01-05T16:00"), at("2026-01-06T10:00"))]
    start = at("2026-01-05T15:00")
    assert office().add(start, 2 * HOUR, pauses) == at("2026-01-06T11:00")
    assert office().between(start, at("2026-01-06T11:00"), pauses) == 2 * HOUR
    shut = [(at("2026-01-05T18:00"), at("2026-01-06T08:00"))]
    assert office().add(start, 3 * HOUR, shut) == office().add(start, 3 * HOUR)


def test_further_breaks_are_asked_for_where_they_are_needed() -> None:
    """However often they repeat, nobody has to count them all out."""
    asked: list[tuple[date, date]] = []

    def noon(first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        asked.append((first, last))
        for number in range((last - first).days + 1):
            day = datetime.combine(first + timedelta(days=number), datetime.min.time(), UTC)
            yield day + 12 * HOUR, day + 13 * HOUR

    hours = OpeningHours("noon", UTC, {day: [(9 * 3600, 17 * 3600)] for day in range(5)}, shut=noon)
    assert not asked
    assert hours.add(at("2026-01-05T11:00"), 2 * HOUR) == at("2026-01-05T14:00")
    assert hours.between(at("2090-01-02"), at("2090-01-03")) == 7 * HOUR
    assert len(asked) == 2
    assert hours.end_of(date(2026, 1, 5)) == at("2026-01-06")


# Laws --------------------------------------------------------------------------------------

CHANGES = {
    "Europe/Kyiv": ["2026-03-29", "2026-10-25"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "Australia/Lord_Howe": ["2026-10-04", "2026-04-05"],
    "America/Sao_Paulo": ["2018-11-04", "2018-02-18"],
    "America/Havana": ["2026-03-08", "2026-11-01"],
    "America/St_Johns": ["2006-04-02", "2006-10-29"],
    "Africa/Cairo": ["2024-04-26", "2024-10-31"],
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],
    "Asia/Kolkata": ["2024-02-29"],
    "Antarctica/Troll": ["2024-03-31", "2024-10-27"],
    "Pacific/Apia": ["2011-12-30"],
    "Asia/Kathmandu": ["2026-03-01"],
    "Europe/Moscow": ["2010-10-31", "2025-12-31"],
}
"""Days on which the clocks do something, where they do strange things."""

INTERVALS = st.tuples(st.integers(0, 287), st.integers(12, 288)).map(
    lambda slots: (slots[0] * 300, (slots[0] + slots[1]) * 300)
)


@st.composite
def calendars(draw: st.DrawFn) -> tuple[OpeningHours, datetime]:
    """Draw a calendar and the UTC midnight of a day on which its clocks change."""
    zone, days = draw(st.sampled_from(sorted(CHANGES.items())))
    day = date.fromisoformat(draw(st.sampled_from(days)))
    near = st.integers(-3, 3).map(lambda offset: day + timedelta(days=offset))
    some = st.lists(INTERVALS, max_size=3)
    week = draw(st.dictionaries(st.integers(0, 6), some, min_size=1))
    week[draw(st.integers(0, 6))] = [draw(INTERVALS)]
    hours = OpeningHours(
        "random",
        ZoneInfo(zone),
        week,
        frozenset(draw(st.sets(near, max_size=2))),
        draw(st.dictionaries(near, some, max_size=2)),
        draw(st.dictionaries(near, some, max_size=2)),
    )
    return hours, datetime(day.year, day.month, day.day, tzinfo=UTC)


@functools.cache
def wall(zone: str, midnight: datetime) -> dict[datetime, datetime]:
    """Return, walking minute by minute, the first instant at which clocks show each minute."""
    shown: dict[datetime, datetime] = {}
    for minute in range(-6 * 1_440, 7 * 1_440):
        moment = midnight + minute * MINUTE
        shown.setdefault(moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None), moment)
    return shown


def first_shown(shown: Mapping[datetime, datetime], local: datetime) -> datetime:
    """Return the instant of *local*; a skipped time moves forward by what is skipped."""
    before = local
    while before not in shown:
        before -= MINUTE
    return shown[before] + (local - before)


def walked(hours: OpeningHours, midnight: datetime) -> set[datetime]:
    """Return the open minutes of eight days, by nothing but walking: the oracle."""
    zone = hours.timezone
    assert isinstance(zone, ZoneInfo)
    shown = wall(zone.key, midnight)
    dates = {local.date() for local in shown}
    opened: set[datetime] = set()
    shut: set[datetime] = set()
    for offset in range(-4, 5):
        day = midnight.date() + timedelta(days=offset)
        begin = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock's time

        def minutes(pairs: Sequence[Interval], begin: datetime = begin) -> Iterator[datetime]:
            for start, end in pairs:
                moment = first_shown(shown, begin + timedelta(seconds=start))
                until = first_shown(shown, begin + timedelta(seconds=end))
                while moment < until:
                    yield moment
                    moment += MINUTE

        shut.update(minutes(hours.breaks.get(day, ())))
        if day in hours.closed:
            shut.update(minutes([ALL_DAY]))
        elif day in dates:
            opened.update(minutes(hours.open.get(day, hours.week.get(day.weekday(), ()))))
    first, last = midnight - timedelta(days=3), midnight + timedelta(days=3)
    return {minute for minute in opened - shut if first <= minute < last}


@settings(deadline=None, max_examples=60)
@given(calendars(), st.integers(-2_500, 2_500), st.integers(0, 1_800))
def test_the_answers_are_those_of_walking_minute_by_minute(
    drawn: tuple[OpeningHours, datetime], offset: int, length: int
) -> None:
    """Whatever the calendar and whatever the clocks do, no minute is lost or won."""
    hours, midnight = drawn
    opened = walked(hours, midnight)
    in_order = sorted(opened)
    start = midnight + offset * MINUTE
    first = bisect_left(in_order, start)
    assert hours.is_open(start) == (start in opened)
    assert hours.between(start, start + length * MINUTE) == MINUTE * sum(
        start <= minute < start + length * MINUTE for minute in in_order
    )
    if 0 < length <= len(in_order) - first:
        assert hours.add(start, length * MINUTE) == in_order[first + length - 1] + MINUTE
    if 0 < length <= first:
        assert hours.subtract(start, length * MINUTE) == in_order[first - length]


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SPANS = st.timedeltas(timedelta(), timedelta(days=5))


@settings(deadline=None)
@given(calendars(), MOMENTS, SPANS)
def test_as_much_time_passes_as_was_added(
    drawn: tuple[OpeningHours, datetime], start: datetime, span: timedelta
) -> None:
    """The open time until a deadline is the target, no more and no less."""
    hours, _ = drawn
    due = hours.add(start, span)
    assert start <= due
    assert hours.between(start, due) == span
    back = hours.subtract(due, span)
    assert hours.between(min(back, start), max(back, start)) == timedelta()


@settings(deadline=None)
@given(calendars(), MOMENTS, MOMENTS, SPANS, SPANS)
def test_a_longer_target_is_never_due_sooner(
    drawn: tuple[OpeningHours, datetime],
    one: datetime,
    other: datetime,
    span: timedelta,
    more: timedelta,
) -> None:
    """Nor is what arrives later due before what came earlier."""
    hours, _ = drawn
    assert hours.add(one, span) <= hours.add(one, span + more)
    early, late = sorted((one, other))
    assert hours.add(early, span) <= hours.add(late, span)
    assert hours.subtract(early, span) <= hours.subtract(late, span)


@settings(deadline=None)
@given(calendars(), st.lists(MOMENTS, min_size=3, max_size=3))
def test_time_adds_up(drawn: tuple[OpeningHours, datetime], moments: list[datetime]) -> None:
    """The open time of two stretches in a row is that of both, and of the periods in them."""
    hours, _ = drawn
    first, middle, last = sorted(moments)
    whole = hours.between(first, last)
    assert hours.between(first, middle) + hours.between(middle, last) == whole
    last = min(last, first + timedelta(days=800))
    periods = list(hours.periods(first, last))
    assert sum((closes - opens for opens, closes in periods), timedelta()) == hours.between(
        first, last
    )
    edges = [edge for period in periods for edge in period]
    assert edges == sorted(set(edges))


@settings(deadline=None)
@given(
    calendars(),
    MOMENTS,
    SPANS,
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 90)), max_size=4),
)
def test_paused_time_never_counts(
    drawn: tuple[OpeningHours, datetime],
    start: datetime,
    span: timedelta,
    pauses: list[tuple[int, int]],
) -> None:
    """With pauses too, the running time until a deadline is the target."""
    hours, _ = drawn
    stretches = [
        (start + HOUR * (a - 24), start + HOUR * (a - 24 + length)) for a, length in pauses
    ]
    due = hours.add(start, span, stretches)
    assert hours.between(start, due, stretches) == span
    assert due >= hours.add(start, span)


def test_intervals_that_touch_become_one() -> None:
    """Two halves of a day without a gap are one period."""
    assert merged([(3, 5), (0, 2), (2, 3), (7, 7)]) == [(0, 5)]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))),
)
def test_holes_are_taken_out_of_intervals(intervals: list[Interval], holes: list[Interval]) -> None:
    """What is left is every point that is in an interval and in no hole, once."""
    left = without(intervals, holes)
    points = [point for start, end in left for point in range(start, end)]
    inside = {point for start, end in intervals for point in range(start, end)}
    assert points == sorted(inside - {point for start, end in holes for point in range(start, end)})
