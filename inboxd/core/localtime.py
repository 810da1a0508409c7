"""How a place's wall clock maps to instants: times that clocks skip, and times shown twice."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.durations import brief

if TYPE_CHECKING:
    from datetime import time, tzinfo

    from inboxd.core.timetable import Interval

DAY = 86_400
"""The seconds of a day on the wall clock."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()
TICK = timedelta(microseconds=1)
"""The unit in which instants since EPOCH are whole numbers: what datetime itself can say."""
SECOND_TICKS = 1_000_000
DAY_TICKS = DAY * SECOND_TICKS

_INTERVAL = re.compile(r"\s*([0-9]{1,2}):([0-9]{2})\s*[-–]\s*([0-9]{1,2}):([0-9]{2})\s*")


def local_to_utc(local: datetime, zone: tzinfo) -> datetime:
    """
    Return the instant at which the clocks in *zone* show the naive *local*.

    A time that clocks skip moves forward by what they skip (02:30 becomes 03:30); of a time
    that they show twice, the first counts. Both are what PEP 495 calls ``fold=0``.
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def latest(at: time, zone: tzinfo, now: datetime) -> datetime:
    """Return the last instant, not after *now*, at which the clocks in *zone* showed *at*."""
    today = now.astimezone(zone).date()
    # As instants: on the wall clock, what it skips or shows twice would compare otherwise. Samoa
    # once skipped a whole day.
    days = (datetime.combine(today - timedelta(days=back), at) for back in range(3))
    return next(turn for day in days if (turn := local_to_utc(day, zone)) <= now)


def parse_interval(text: str) -> Interval:
    """
    Return the seconds of the local day that ``"09:00-13:00"`` names.

    ``24:00`` is a valid end, and ``22:00-06:00`` runs into the next day: its end is then
    more than a day. Raises ValueError.
    """
    found = _INTERVAL.fullmatch(text)
    if not found:
        raise ValueError(f"{brief(text)} is no interval; write 09:00-13:00")
    hours, minutes, end_hours, end_minutes = map(int, found.groups())
    start, end = hours * 3_600 + minutes * 60, end_hours * 3_600 + end_minutes * 60
    if minutes > 59 or end_minutes > 59 or start >= DAY or end > DAY:
        raise ValueError(f"{text!r} has a time that no clock shows; a day is 00:00-24:00")
    if end == 0:
        raise ValueError(f"{text!r} ends where a day begins; midnight as an end is 24:00")
    if start == end:
        raise ValueError(f"{text!r} is empty; a whole day is 00:00-24:00")
    return start, end if end > start else end + DAY


class LocalLine:
    """The local days of one zone as ticks on the line of UTC."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._midnights: dict[int, int] = {}

    def interval(self, ordinal: int, seconds: Interval) -> Interval:
        """
        Return the instants of *seconds* of the day *ordinal*.

        Where clocks skip a part of it, the end may come before the start: nothing is left.
        """
        start, end = seconds
        return self._tick(ordinal, start), self._tick(ordinal, end)

    def exists(self, ordinal: int) -> bool:
        """Return whether the day takes place: Samoa went without 2011-12-30."""
        return self._midnight(ordinal) < self._midnight(ordinal + 1)

    def _midnight(self, ordinal: int) -> int:
        tick = self._midnights.get(ordinal)
        if tick is None:
            midnight = local_to_utc(datetime.fromordinal(ordinal), self._zone)
            tick = self._midnights[ordinal] = (midnight - EPOCH) // TICK
        return tick

    def _tick(self, ordinal: int, second: int) -> int:
        later, second = divmod(second, DAY)
        ordinal += later
        midnight = self._midnight(ordinal)
        if not second or self._midnight(ordinal + 1) - midnight == DAY_TICKS:
            return midnight + second * SECOND_TICKS
        local = datetime.fromordinal(ordinal) + timedelta(seconds=second)
        return (local_to_utc(local, self._zone) - EPOCH) // TICK
