"""Promises about closed days from an iCalendar file."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from inboxd.config.calendars import CalendarSettings
from inboxd.config.closures import Closures, UnusableFile
from inboxd.config.loader import load
from inboxd.connector import AccountSettings
from inboxd.errors import ConfigError
from inboxd.plan import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from inboxd.core.hours import OpeningHours

pytest.importorskip("recurring_ical_events", reason="needs the extra ical")

KYIV = ZoneInfo("Europe/Kyiv")
FILE = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//shop//closed//EN
{events}
END:VCALENDAR
"""


def event(number: int, *lines: str) -> str:
    return "\n".join(["BEGIN:VEVENT", f"UID:{number}", *lines, "END:VEVENT"])


def written(path: Path, *events: str) -> Path:
    path.write_text(FILE.format(events="\n".join(events)).replace("\n", "\r\n"))
    return path


def office(path: Path) -> OpeningHours:
    """Return a calendar that is open from nine to five every day, and at night on Saturdays."""
    settings = CalendarSettings.model_validate(
        {
            "name": "office",
            **{day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sun")},
            "sat": ["09:00-17:00", "22:00-06:00"],
            "closed_file": str(path),
        }
    )
    return settings.hours(KYIV)


def opens(hours: OpeningHours, day: str, days: int = 1) -> list[tuple[str, str]]:
    """Return when it is open in some days, on the clocks of Kyiv."""
    start = datetime.fromisoformat(day).replace(tzinfo=KYIV)
    periods = hours.periods(start, start + timedelta(days=days))
    return [
        (f"{a.astimezone(KYIV):%d %H:%M}", f"{b.astimezone(KYIV):%d %H:%M}") for a, b in periods
    ]


def test_whole_days_close_and_hours_are_breaks(tmp_path: Path) -> None:
    """Several days, every year; breaks in a zone of their own, in UTC, or on our clocks."""
    hours = office(
        written(
            tmp_path / "closed.ics",
            event(1, "DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=YEARLY"),
            event(2, "DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227"),
            event(3, "DTSTART;TZID=Europe/Berlin:20261123T110000", "DURATION:PT1H"),
            event(4, "DTSTART:20261124T100000Z", "DTEND:20261124T103000Z"),
            event(5, "DTSTART:20261125T120000", "DTEND:20261125T123000"),
            event(6, "DTSTART;VALUE=DATE:20261126", "STATUS:CANCELLED"),
        )
    )
    assert opens(hours, "2027-01-01") == opens(hours, "2031-01-01") == []
    assert opens(hours, "2026-12-23", 5) == [("23 09:00", "23 17:00"), ("27 09:00", "27 17:00")]
    assert opens(hours, "2026-11-23") == [("23 09:00", "23 12:00"), ("23 13:00", "23 17:00")]
    assert opens(hours, "2026-11-24") == [("24 09:00", "24 12:00"), ("24 12:30", "24 17:00")]
    assert opens(hours, "2026-11-25") == [("25 09:00", "25 12:00"), ("25 12:30", "25 17:00")]
    assert opens(hours, "2026-11-26") == [("26 09:00", "26 17:00")]


def test_what_repeats_is_worked_out_in_whatever_year_is_asked(tmp_path: Path) -> None:
    """With its exceptions; over the change of the clocks it keeps its hour."""
    hours = office(
        written(
            tmp_path / "closed.ics",
            event(
                1,
                "DTSTART;TZID=Europe/Kyiv:20260105T120000",
                "DTEND;TZID=Europe/Kyiv:20260105T130000",
                "RRULE:FREQ=WEEKLY;BYDAY=MO",
                "EXDATE;TZID=Europe/Kyiv:20260706T120000",
            ),
        )
    )
    halves = [("09:00", "12:00"), ("13:00", "17:00")]
    for day in ("2026-01-12", "2026-06-29", "2040-10-29"):
        assert opens(hours, day) == [(f"{day[8:]} {a}", f"{day[8:]} {b}") for a, b in halves]
    assert opens(hours, "2026-07-06") == [("06 09:00", "06 17:00")]


def test_on_a_closed_day_nothing_begins(tmp_path: Path) -> None:
    """The night that would begin on it is closed, and what runs into it stops at midnight."""
    path = written(tmp_path / "closed.ics", event(1, "DTSTART;VALUE=DATE:20261128"))
    assert opens(office(path), "2026-11-28", 2) == [("29 09:00", "29 17:00")]
    path = written(tmp_path / "closed.ics", event(1, "DTSTART;VALUE=DATE:20261129"))
    assert opens(office(path), "2026-11-28", 2) == [
        ("28 09:00", "28 17:00"),
        ("28 22:00", "29 00:00"),
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "holds no calendar"),
        (FILE.partition("END")[0], "holds no calendar"),
        ("closed on Mondays", "is no iCalendar file"),
        (FILE.format(events=event(1, "DTSTART:2026")), "is no iCalendar file"),
        (FILE.format(events=event(1, "SUMMARY:when?")), "is no iCalendar file"),
        (
            FILE.format(events=event(1, "DTSTART:20260101T000000Z", "RRULE:FREQ=SECONDLY")),
            "has an event that repeats SECONDLY; daily is the most",
        ),
        (
            FILE.format(events=event(1, "DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=BANANA")),
            "is no iCalendar file",
        ),
    ],
)
def test_a_broken_file_is_told_with_its_reason(tmp_path: Path, content: str, why: str) -> None:
    """At once, and not at the first message that is late because of it."""
    path = tmp_path / "closed.ics"
    path.write_text(content.replace("\n", "\r\n"))
    with pytest.raises(UnusableFile, match=why):
        Closures(path, UTC)


CONFIG = """
[[accounts]]
name = "a"
network = "shop"
streams = ["mentions"]

[[calendars]]
name = "office"
mon = ["09:00-17:00"]
closed_file = "closed.ics"
"""


def test_a_file_that_is_missing_is_named_where_the_configuration_names_it(tmp_path: Path) -> None:
    """Its path is relative to the configuration's folder."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    with pytest.raises(ConfigError) as error:
        load(path, {})
    assert (
        'calendars[0].closed_file = "closed.ics"; cannot be read: no such file or directory'
        in str(error.value)
    )


def test_a_file_that_closes_for_ever_from_some_day_on_is_named_with_that_day(
    tmp_path: Path,
) -> None:
    """The calendar is open until then; but nobody would be told of who writes afterwards."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    written(tmp_path / "closed.ics", event(1, "DTSTART;VALUE=DATE:20270101", "RRULE:FREQ=DAILY"))
    with pytest.raises(ConfigError) as error:
        load(path, {})
    assert (
        'calendars[0].closed_file = "closed.ics"; closes every day after 2027-01-01: a wait would '
        "never be due. What repeats for ever needs an end (UNTIL)" in str(error.value)
    )


@pytest.mark.parametrize(
    "events", [(), (event(1, "DTSTART;VALUE=DATE:20271225"),)], ids=["none", "a later one"]
)
def test_single_dates_stay_open_whatever_a_file_closes_elsewhere(
    tmp_path: Path, events: tuple[str, ...]
) -> None:
    """That nothing opens after the file's last event is no fault of theirs; to close them is."""
    settings = CalendarSettings.model_validate(
        {
            "name": "fair",
            "open": {"2026-12-26": ["10:00-14:00"]},
            "closed_file": str(written(tmp_path / "closed.ics", *events)),
        }
    )
    assert opens(settings.hours(KYIV), "2026-12-20", 20) == [("26 10:00", "26 14:00")]
    written(tmp_path / "closed.ics", *events, event(2, "DTSTART;VALUE=DATE:20261226"))
    with pytest.raises(ValueError, match="never open"):
        settings.hours(KYIV)


@pytest.mark.parametrize(
    "begins", ["DTSTART;VALUE=DATE:99981231", "DTSTART:99991231T235959Z\nDTEND:99991231T235959Z"]
)
def test_an_event_at_the_end_of_all_time_is_a_problem_of_the_file(
    tmp_path: Path, begins: str
) -> None:
    """It is named where the configuration names it; that something repeats says for ever better."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    written(tmp_path / "closed.ics", event(1, begins))
    with pytest.raises(ConfigError) as error:
        load(path, {})
    assert 'calendars[0].closed_file = "closed.ics"; has an event on 999' in str(error.value)


def test_without_its_libraries_a_file_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are an extra, for most calendars have no file."""
    monkeypatch.setitem(sys.modules, "recurring_ical_events", None)
    path = written(tmp_path / "closed.ics", event(1, "DTSTART;VALUE=DATE:20260101"))
    with pytest.raises(UnusableFile, match=r"pip install 'inboxd\[ical\]'"):
        Closures(path, UTC)


def test_thousands_of_events_cost_no_more_than_a_moment(tmp_path: Path) -> None:
    """Each day of eleven years as an event of its own."""
    first = date(2020, 1, 1)
    days = [f"{first + timedelta(days=n):%Y%m%d}" for n in range(4_000)]
    path = written(
        tmp_path / "closed.ics",
        *(event(n, f"DTSTART;VALUE=DATE:{day}") for n, day in enumerate(days)),
    )
    hours = office(path)
    assert opens(hours, "2026-11-23", 300) == []
    assert opens(hours, "2031-01-01") == [("01 09:00", "01 17:00")]


def test_another_file_lets_due_times_be_worked_out_anew(tmp_path: Path) -> None:
    """As another configuration does: the daemon sees it at its next start."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    closed = written(tmp_path / "closed.ics", event(1, "DTSTART;VALUE=DATE:20260101"))
    read = load(path, {"shop": lambda: AccountSettings})
    before = fingerprint(read)
    assert read.closed_files == (closed,)
    assert fingerprint(read) == before
    written(closed, event(1, "DTSTART;VALUE=DATE:20260102"))
    assert fingerprint(read) != before
