"""
Closed days and breaks from an iCalendar file, as shops and schools publish them.

An event that lasts whole days closes them; one with hours is a break. The libraries are
imported, and a year's events worked out, only when they are needed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from inboxd.core.localtime import local_to_utc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo
    from pathlib import Path

    from inboxd.core.hours import Pause

_LARGEST = 5_000_000
_LIBRARY = "needs the iCalendar libraries: pip install 'inboxd[ical]'"
_TOO_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
_LAST_YEAR = date.max.year - 1
_LATEST = date(9_000, 1, 1)
"""Whoever means for ever writes that an event repeats; years have to be left after it."""


class UnusableFile(Exception):
    """The file cannot be used; the text says why, in words that continue its key."""


class Closures:
    """
    The closed days and breaks of one file, in the *zone* of the calendar that it belongs to.

    Raises UnusableFile for a file that cannot be read, is no iCalendar, or has an event that
    cannot be worked out; only what lies in the far future is not looked at beforehand.
    """

    def __init__(self, path: Path, zone: tzinfo) -> None:
        self._zone = zone
        self._years: dict[int, tuple[frozenset[date], tuple[Pause, ...]]] = {}
        text = _text(path)
        try:
            import icalendar  # noqa: PLC0415 - only calendars with a file need it
            import recurring_ical_events as recurring  # noqa: PLC0415 - as above
        except ImportError:
            raise UnusableFile(_LIBRARY) from None
        try:
            calendars = icalendar.Calendar.from_ical(text, multiple=True)
            self._events = [recurring.of(calendar) for calendar in calendars]
            first, self.last = _span([e.start for each in calendars for e in _checked(each)])
            self._year(first.year)
            self._year(self.last.year)
        except UnusableFile:
            raise
        except Exception as error:
            # The libraries raise whatever they stumble over.
            why = " ".join(str(error).split())[:120] or type(error).__name__
            raise UnusableFile(f"is no iCalendar file that can be read: {why}") from error
        if not calendars:
            raise UnusableFile("holds no calendar; it must begin with BEGIN:VCALENDAR")

    def __contains__(self, day: object) -> bool:
        """Tell whether an event closes *day*."""
        return isinstance(day, date) and day in self._year(day.year)[0]

    def breaks(self, first: date, last: date) -> Iterator[Pause]:
        """Yield the breaks of all years from that of *first* to that of *last*."""
        for year in range(first.year, last.year + 1):
            yield from self._year(year)[1]

    def _year(self, year: int) -> tuple[frozenset[date], tuple[Pause, ...]]:
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = self._worked_out(year)
        return known

    def _worked_out(self, year: int) -> tuple[frozenset[date], tuple[Pause, ...]]:
        if not 1 < year < _LAST_YEAR:
            return frozenset(), ()
        # A day to either side, for an event of another zone may begin there.
        first, last = date(year, 1, 1) - timedelta(days=1), date(year + 1, 1, 2)
        days: set[date] = set()
        breaks: list[Pause] = []
        for query in self._events:
            for event in query.between(first, last):
                if str(event.get("STATUS", "")).upper() == "CANCELLED":
                    continue
                start, end = event.start, event.end
                if isinstance(start, datetime):
                    breaks.append((self._instant(start), self._instant(end)))
                else:
                    days.update(start + timedelta(days=n) for n in range((end - start).days or 1))
        return frozenset(days), tuple(pause for pause in breaks if pause[0] < pause[1])

    def _instant(self, moment: date) -> datetime:
        """Return an event's moment; one without a zone is meant on this calendar's clocks."""
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        if moment.tzinfo is None:
            return local_to_utc(moment, self._zone)
        return moment.astimezone(UTC)


def _text(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        why = (error.strerror or "it cannot be opened").lower()
        raise UnusableFile(f"cannot be read: {why}") from None
    if len(text) > _LARGEST:
        raise UnusableFile("is larger than 5 MB; that is no list of closed days")
    return text.removeprefix(b"\xef\xbb\xbf")


def _checked(calendar: Any) -> Iterator[Any]:  # noqa: ANN401 - of a library that is not always there
    """Yield the events; one that repeats within the day would take for ever."""
    for event in calendar.walk("VEVENT"):
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            often = {str(word).upper() for word in rule.get("FREQ", [])} & _TOO_OFTEN
            if often:
                raise UnusableFile(f"has an event that repeats {often.pop()}; daily is the most")
        yield event


def _span(starts: list[date]) -> tuple[date, date]:
    """Return the first and the last day on which an event begins."""
    days = [start.date() if isinstance(start, datetime) else start for start in starts]
    today = date(1970, 1, 1)
    first, last = min(days, default=today), max(days, default=today)
    if last > _LATEST:
        raise UnusableFile(f"has an event on {last}; no calendar reaches that far")
    return first, last
