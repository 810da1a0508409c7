"""``[[calendars]]``: opening hours as they are written, with a country's holidays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, Field

from inboxd.config.closures import Closures, UnusableFile
from inboxd.config.fields import STRICT, LocalInterval, Zone
from inboxd.config.problems import nearest
from inboxd.connector import LocalPath, Name
from inboxd.core.hours import OpeningHours
from inboxd.core.localtime import DAY
from inboxd.durations import brief

if TYPE_CHECKING:
    from datetime import tzinfo

ALWAYS = "always"
"""The name of the calendar of a policy that names none."""

_LONG = timedelta(days=2 * 366)
"""A calendar that is not open within it, after the last new event of its file, never is."""
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _parse_day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(f"{brief(value)} is no date; write 2026-12-31 in quotes")


def _parse_country(value: object) -> str:
    """Return *value* if there are holidays for it: ``UA``, ``DE-BY``."""
    import holidays  # noqa: PLC0415 - 50 ms and 5 MB that only calendars with holidays need

    if not isinstance(value, str):
        raise ValueError('must be a country in quotes, such as "UA" or "DE-BY"')  # noqa: TRY004 - pydantic collects ValueErrors
    countries = holidays.list_supported_countries()
    country, _, region = value.partition("-")
    if country not in countries:
        near = _nearest_country(value, countries)
        hint = f"did you mean {near}?" if near else 'write its code, such as "UA" or "DE-BY"'
        raise ValueError(f"{brief(value)} is no country with known holidays; {hint}")
    if "-" in value and region not in countries[country]:
        there_are = ", ".join(countries[country]) or "none"
        raise ValueError(f"{brief(value)} is no region with known holidays; there are: {there_are}")
    return value


def _nearest_country(value: str, countries: Mapping[str, object]) -> str | None:
    """Return the code of the country whose code or English name *value* almost is."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415 - as above

    codes = {name.replace("_", " "): entry[1] for name, entry in COUNTRIES.items()}
    if value.upper() in countries:
        return value.upper()
    name = nearest(value, codes)
    return codes[name] if name else None


Intervals = tuple[LocalInterval, ...]
Day = Annotated[date, BeforeValidator(_parse_day)]


class CalendarSettings(BaseModel):
    """Opening hours: where a policy names them, time counts in them alone."""

    model_config = STRICT

    name: Name
    """
    What policies and digests call it by; ``always`` is built in, and open at all times, on the
    days of ``[inboxd]`` timezone.
    """
    timezone: Zone | None = None
    """Where its hours are meant; by default that of ``[inboxd]``."""
    mon: Intervals = ()
    """When it is open on Mondays; a day that is left out is closed."""
    tue: Intervals = ()
    """On Tuesdays."""
    wed: Intervals = ()
    """On Wednesdays."""
    thu: Intervals = ()
    """On Thursdays."""
    fri: Intervals = ()
    """On Fridays."""
    sat: Intervals = ()
    """On Saturdays."""
    sun: Intervals = ()
    """On Sundays."""
    holidays: Annotated[str, BeforeValidator(_parse_country)] | None = None
    """A country whose holidays close it, or one of its regions: ``UA``, ``DE-BY``."""
    closed: tuple[Day, ...] = ()
    """Dates on which it is closed, whatever else is said of them."""
    open: Mapping[Day, Intervals] = Field(default_factory=dict)
    """The hours of single dates, instead of their weekday's; an empty list closes one."""
    breaks: Mapping[Day, Intervals] = Field(default_factory=dict)
    """What is taken out of the hours of single dates."""
    closed_file: LocalPath | None = None
    """An iCalendar file: events of whole days close them, others are breaks."""

    def hours(self, timezone: tzinfo) -> OpeningHours:
        """
        Return the calendar, in *timezone* unless it has its own.

        Raises ValueError if it is never open, and UnusableFile if *closed_file* is no use.
        """
        zone = self.timezone or timezone
        file = Closures(self.closed_file, zone) if self.closed_file else None
        hours = OpeningHours(
            name=self.name,
            timezone=zone,
            week={day: getattr(self, name) for day, name in enumerate(_WEEKDAYS)},
            closed=_ClosedDays(frozenset(self.closed), self.holidays, file),
            open=self.open,
            breaks=self.breaks,
            shut=file.breaks if file else None,
        )
        # Single dates lie where they lie: that they are open has been looked at already.
        if file and any(hours.week.values()) and not _opens_after(file.last, hours):
            raise UnusableFile(
                f"closes every day after {file.last}: a wait would never be due. What repeats for "
                "ever needs an end (UNTIL)"
            )
        return hours


def _opens_after(day: date, hours: OpeningHours) -> bool:
    return bool(hours.between(hours.end_of(day), hours.end_of(day + _LONG)))


@dataclass(frozen=True, slots=True)
class _ClosedDays:
    """The dates on which a calendar is closed; a year's holidays are worked out when asked."""

    closed: frozenset[date]
    country: str | None
    file: Closures | None = None

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date) or day in self.closed:
            return isinstance(day, date)
        if self.file is not None and day in self.file:
            return True
        return self.country is not None and day in _holidays(self.country, day.year)

    def why(self, day: date) -> str:
        """Return why *day* is closed."""
        name = _holidays(self.country, day.year).get(day) if self.country else None
        if name and day not in self.closed:
            return f"holiday: {name}"
        return "closed date" if day in self.closed else "closed by the calendar's file"


def always(timezone: tzinfo) -> OpeningHours:
    """Return the calendar in which every hour counts, and whose days begin in *timezone*."""
    return OpeningHours(ALWAYS, timezone, dict.fromkeys(range(7), ((0, DAY),)))


def country_of(hours: OpeningHours) -> str:
    """Return the country, ``UA`` or ``DE-BY``, whose holidays close a calendar; "" for none."""
    return (hours.closed.country or "") if isinstance(hours.closed, _ClosedDays) else ""


def holidays_known(country: str, year: int) -> bool:
    """Tell whether any holiday of a *year* is known."""
    return bool(_holidays(country, year))


@cache
def _holidays(country: str, year: int) -> Mapping[date, str]:
    """Return one year's holidays by name: a value of its own, so threads cannot see half of it."""
    import holidays  # noqa: PLC0415 - as above

    code, _, region = country.partition("-")
    return dict(holidays.country_holidays(code, subdiv=region or None, years=year))
