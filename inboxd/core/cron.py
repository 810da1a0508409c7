"""When a cron expression falls due: its five fields mean what crontab(5) says, on a wall clock."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from inboxd.core.localtime import TICK, local_to_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?:\*|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?")
_A_DAY = timedelta(days=1)
_A_LEAP_YEAR = 2024


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: what it is called, its bounds, and the names that may stand for numbers."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def values(self, text: str) -> tuple[int, ...]:
        """Return the numbers that *text* stands for; raises ValueError."""
        return tuple(sorted({each for part in text.split(",") for each in self._part(part)}))

    def _part(self, text: str) -> range:
        found = _PART.fullmatch(text)
        if not found:
            raise ValueError(f'"{text}" is no {self.name}, as in {self._example}')
        first, last, step = found.groups()
        if first and step and not last:
            raise ValueError(f'"{text}": a step goes with a range or *, as in "*/{step}"')
        low, high = self.low, self.high
        if first:
            low = self._number(first)
            # Sunday is 0 and 7: whoever writes sat-sun means the second.
            is_sunday = last == self.names[0] if last and self.low == 0 and self.names else False
            high = 7 if is_sunday and low else self._number(last or first)
        if low > high:
            raise ValueError(f'"{text}" ends before it begins; write it as two, with a comma')
        if step and int(step) == 0:
            raise ValueError(f'"{text}" has a step of 0')
        return range(low, high + 1, int(step or 1))

    def _number(self, text: str) -> int:
        if text in self.names:
            return self.names.index(text) + self.low
        if not text.isdigit() or not self.low <= int(text) <= self.high:
            raise ValueError(f'"{text}" is no {self.name}; it may be {self._range}')
        return int(text)

    @property
    def _range(self) -> str:
        names = f", or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"{self.low} to {self.high}{names}"

    @property
    def _example(self) -> str:
        return f"{self.names[1]} or {self.names[1]}-{self.names[5]}" if self.names else "5 or 5-10"


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """
    A cron expression on the wall clock of *timezone*.

    Of a time that clocks show twice the first counts; one that they skip comes when they have
    moved on (02:30 at 03:30). With a day of the month and a day of the week, either is enough.
    """

    expression: str
    timezone: tzinfo

    @classmethod
    def parse(cls, expression: str, timezone: tzinfo) -> Cron:
        """Return the expression as it is applied; raises ValueError, saying what is wrong."""
        fields = _split(expression)
        values = [field.values(text) for field, text in zip(_FIELDS, fields, strict=True)]
        if fields[4].startswith("*") and not _exist(values[2], values[3]):
            raise ValueError(f"never falls due: no such month has a day {values[2][0]}")
        return cls(" ".join(fields), timezone)

    def next_after(self, instant: datetime) -> datetime:
        """Return the first instant after *instant* at which it falls due, in UTC."""
        # What clocks have just skipped may be still to come; it never was more than a day.
        shown, day_before = self._wall(instant), self._wall(instant - _A_DAY)
        shown -= max(shown - day_before - _A_DAY, timedelta())
        soonest: datetime | None = None
        # While clocks skip, what they would have shown first does not come first.
        while soonest is None or shown < self._wall(soonest):
            shown = _following(self.expression, shown)
            due = local_to_utc(shown, self.timezone)
            if due > instant:
                soonest = min(due, soonest or due)
        return soonest

    def _wall(self, instant: datetime) -> datetime:
        """Return what the clocks show at *instant*."""
        return instant.astimezone(self.timezone).replace(tzinfo=None)

    def last_until(self, now: datetime, back: timedelta) -> datetime | None:
        """Return the last instant, not after *now*, at which it fell due; None if none within *back*."""
        found = None
        for instant in self._after(now - back):
            if instant > now:
                return found
            found = instant
        return found

    def _after(self, instant: datetime) -> Iterator[datetime]:
        while True:
            instant = self.next_after(instant)
            yield instant


def _split(expression: str) -> list[str]:
    fields = expression.lower().split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            "must have five fields: minute, hour, day of the month, month, day of the week, as in "
            f'"0 9 * * mon"; it has {len(fields)}'
        )
    return fields


def _exist(days: Iterable[int], months: Iterable[int]) -> bool:
    """Tell whether any of *days* is in any of *months*, if only in leap years."""
    return min(days) <= max(monthrange(_A_LEAP_YEAR, month)[1] for month in months)


def _following(expression: str, shown: datetime) -> datetime:
    """Return when *expression* fits next after *shown*, by clocks that never change."""
    # Asked in a zone whose clocks do, APScheduler passes over midnights and months after it.
    after = shown.replace(tzinfo=UTC) + TICK
    found: list[datetime] = [
        trigger.get_next_fire_time(None, after) for trigger in _triggers(expression)
    ]
    return min(found).replace(tzinfo=None)


@cache
def _triggers(expression: str) -> tuple[Any, ...]:
    """
    Return what finds the times of *expression*: the first of all of theirs counts.

    APScheduler is given plain lists of values, as its reading differs from cron's: to it, 0 is
    Monday, both days must fit, and what follows a name (``mon/2``) is passed over.
    """
    # Costs a quarter of a second, and whoever only checks what is written needs none.
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415

    fields = _split(expression)
    values = [field.values(text) for field, text in zip(_FIELDS, fields, strict=True)]
    minute, hour, day, month, _ = (",".join(map(str, numbers)) for numbers in values)
    weekday = ",".join(_WEEKDAYS[number % 7] for number in values[4])
    days = [(day, weekday)]
    if not (fields[2].startswith("*") or fields[4].startswith("*")):
        # For a day that never comes it would search until the year 9999.
        days = [(day, "*"), ("*", weekday)] if _exist(values[2], values[3]) else [("*", weekday)]
    return tuple(
        CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=UTC
        )
        for day, weekday in days
    )
