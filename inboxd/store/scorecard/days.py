"""Local days as spans of UTC, and the hours of the local week in them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from inboxd.core.localtime import EPOCH, local_to_utc
from inboxd.store.times import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

QUARTER = timedelta(minutes=15)
"""Zones differ from UTC by whole ones."""
MILLISECOND = timedelta(milliseconds=1)
AN_HOUR = timedelta(hours=1)


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

    def hours_of_week(self, zone: tzinfo) -> list[int]:
        """Return for each quarter of an hour in which hour of the local week it is."""
        quarters = -(-(self.ends - self.begins) // QUARTER)
        local = ((self.begins + place * QUARTER).astimezone(zone) for place in range(quarters))
        return [each.weekday() * 24 + each.hour for each in local]


def days_between(since: date, until: date, zone: tzinfo) -> Iterator[Day]:
    """Yield the days from *since* up to and without *until*."""
    for number in range((until - since).days):
        yield Day.of(since + timedelta(days=number), zone)


def milliseconds(instant: datetime) -> int:
    """Return *instant* as it stands in a sheet."""
    return (instant - EPOCH) // MILLISECOND


def instant(number: int) -> datetime:
    """Return the instant that a sheet names by *number*."""
    return EPOCH + number * MILLISECOND
