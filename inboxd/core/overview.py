"""How a day goes: its bounds on the wall clock, ages in business time, and what times come to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from inboxd.core.localtime import EPOCH, local_to_utc
from inboxd.durations import BusinessSpan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from inboxd.core.hours import OpeningHours
    from inboxd.core.policies import Policy

AGES = (
    BusinessSpan(time=timedelta(minutes=15)),
    BusinessSpan(time=timedelta(hours=1)),
    BusinessSpan(time=timedelta(hours=4)),
    BusinessSpan(days=1),
)
"""Between which the ages of those who wait are told apart, in business time."""
SPANS = tuple(timedelta(minutes=each) for each in (5, 15, 30, 60, 120, 240, 480))
"""Between which first responses are told apart."""
WEEK = 7
"""How many days before today are what is usual."""
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A day on the wall clock, up to the time that it is today: what is compared with today."""

    begins: datetime
    until: datetime
    ends: datetime


def days_up_to(now: datetime, tz: tzinfo, count: int) -> list[Day]:
    """Return today and the *count* days before, the latest first, each up to the present time."""
    wall = now.astimezone(tz).replace(tzinfo=None)
    midnight = datetime.combine(wall.date(), time())
    found = [Day(local_to_utc(midnight, tz), now, local_to_utc(midnight + _A_DAY, tz))]
    for back in range(1, count + 1):
        begins, until = midnight - back * _A_DAY, wall - back * _A_DAY
        found.append(
            Day(
                local_to_utc(begins, tz), local_to_utc(until, tz), local_to_utc(begins + _A_DAY, tz)
            )
        )
    return found


def since_when(hours: OpeningHours | None, now: datetime) -> tuple[datetime, ...]:
    """
    Return, for each of `AGES`, the last instant from which as much time has passed by *now*.

    Whoever has waited since then or longer is that old. Without *hours* the wall clock counts.
    """
    return tuple(_last(hours, now, span) for span in AGES)


def _last(hours: OpeningHours | None, now: datetime, span: BusinessSpan) -> datetime:
    if hours is None:
        return now - span.time - span.days * _A_DAY
    try:
        return hours.subtract(now, hours.span(span))
    except ValueError:
        # A calendar that opens on a few dates only has not been open for so long.
        return EPOCH


@dataclass(frozen=True, slots=True)
class Answer:
    """
    An answer of today: whose, to a first message or not, after how long, and whether in time.

    *took* is business time where a policy counts it. *in_time* is None without a target.
    """

    account: str
    first: bool
    took: timedelta
    in_time: bool | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Those who wait for an answer by how old that is, and what is owed beside it."""

    counts: tuple[int, ...] = (0,) * (len(AGES) + 1)
    overdue: tuple[int, ...] = (0,) * (len(AGES) + 1)
    asleep: int = 0
    """How many of them sleep."""
    owed: int = 0
    """Cases in which we promised something, or only sent the customer elsewhere."""
    owed_late: int = 0

    @property
    def total(self) -> int:
        """Return how many wait for an answer."""
        return sum(self.counts)

    @property
    def late(self) -> int:
        """Return how many of them have waited for too long."""
        return sum(self.overdue)

    def __add__(self, other: Waiting) -> Waiting:
        """Return both together."""
        return Waiting(
            tuple(map(sum, zip(self.counts, other.counts, strict=True))),
            tuple(map(sum, zip(self.overdue, other.overdue, strict=True))),
            self.asleep + other.asleep,
            self.owed + other.owed,
            self.owed_late + other.owed_late,
        )


@dataclass(frozen=True, slots=True)
class Times:
    """What times of answers come to; None where there is none."""

    count: int
    median: timedelta | None
    ninth: timedelta | None
    """Nine of ten took no longer."""
    in_time: int
    late: int

    @property
    def share(self) -> float | None:
        """Return how many were in time, from 0 to 1, of those that had a target."""
        aimed = self.in_time + self.late
        return self.in_time / aimed if aimed else None


def times_of(answers: Sequence[Answer]) -> Times:
    """Return what the times of *answers* come to."""
    took = sorted(each.took for each in answers)
    return Times(
        len(took),
        _rank(took, 50),
        _rank(took, 90),
        sum(each.in_time is True for each in answers),
        sum(each.in_time is False for each in answers),
    )


def _rank(ordered: Sequence[timedelta], percent: int) -> timedelta | None:
    """Return the least of *ordered* that so many *percent* of them do not exceed."""
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else None


def place_of(took: timedelta) -> int:
    """Return between which of `SPANS` a time is: what is as long as one of them is within it."""
    return sum(took > span for span in SPANS)


def hour_of(instant: datetime, tz: tzinfo) -> int:
    """Return the hour that the wall clock shows."""
    return instant.astimezone(tz).hour


def blind_hours(spans: Sequence[tuple[datetime, datetime]], day: Day, tz: tzinfo) -> set[int]:
    """Return the hours of *day*, as the wall clock shows them, in which one of *spans* was."""
    found = set()
    for began, ended in spans:
        at, end = max(began, day.begins), min(ended, day.ends)
        at = at.astimezone(UTC)
        while at < end:
            found.add(hour_of(at, tz))
            at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return found


def targets(policies: Sequence[Policy]) -> Mapping[str, BusinessSpan]:
    """Return how soon a first response is due by each policy that says so."""
    return {each.name: each.first_response for each in policies if each.first_response}
