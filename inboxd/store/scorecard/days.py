"""Local days as spans of UTC, and the hours of UTC that are marked as stale."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from inboxd.core.localtime import EPOCH, local_to_utc
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

QUARTER = timedelta(minutes=15)
"""Zones differ from UTC by whole ones."""
FIRST, LAST = date(1970, 1, 1), date(9999, 12, 28)
"""Between them lie all days of which the store knows."""
_MILLISECOND = timedelta(milliseconds=1)
_AN_HOUR = timedelta(hours=1)
_HOUR_LENGTH = len("2026-11-26T09")


class Day(NamedTuple):
    """A local day, as the instants between which it lies."""

    local: date
    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, day: date, zone: tzinfo) -> Day:
        """Return *day* as the clocks in *zone* show it: 23, 24 or 25 hours, or none."""
        midnights = (datetime.combine(each, time()) for each in (day, day + timedelta(days=1)))
        begins, ends = (local_to_utc(each, zone) for each in midnights)
        return cls(day, begins, ends)

    @property
    def bounds(self) -> tuple[str, str]:
        """Return its instants as the database has them."""
        return to_text(self.begins), to_text(self.ends)

    @property
    def own_hours(self) -> tuple[str, str]:
        """Return the first hour that lies in it as a whole, and the first after it that does not."""
        return hour_of(self.begins + _AN_HOUR - _MILLISECOND), hour_of(self.ends)

    @property
    def shared_hour(self) -> str | None:
        """Return the hour that it shares with the next day, where clocks differ by half an hour."""
        hour = hour_of(self.ends)
        return None if beginning_of(hour) == self.ends else hour

    def hours_of_week(self, zone: tzinfo) -> list[int]:
        """Return for each quarter of an hour in which hour of the local week it is."""
        quarters = -(-(self.ends - self.begins) // QUARTER)
        local = ((self.begins + place * QUARTER).astimezone(zone) for place in range(quarters))
        return [each.weekday() * 24 + each.hour for each in local]


def hour_of(instant: datetime) -> str:
    """Return the hour of UTC in which *instant* lies, as marks have it."""
    return to_text(instant)[:_HOUR_LENGTH]


def beginning_of(hour: str) -> datetime:
    """Return when a marked hour begins."""
    return from_text(f"{hour}:00:00.000Z")


def days_of(hour: str, zone: tzinfo) -> set[date]:
    """Return the local days that have a part in a marked hour."""
    begins = beginning_of(hour)
    return {each.astimezone(zone).date() for each in (begins, begins + _AN_HOUR - _MILLISECOND)}


def hours_between(begins: str, ends: str) -> Iterator[str]:
    """Yield the hours that have a part in a span of a sheet that was kept."""
    at, last = beginning_of(begins[:_HOUR_LENGTH]), from_text(ends)
    while at < last:
        yield hour_of(at)
        at += _AN_HOUR


def milliseconds(instant: datetime) -> int:
    """Return *instant* as it stands in a sheet."""
    return (instant - EPOCH) // _MILLISECOND


def instant(number: int) -> datetime:
    """Return the instant that a sheet names by *number*."""
    return EPOCH + number * _MILLISECOND
