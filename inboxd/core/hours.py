"""
Business time: when a calendar is open, and how long that is, exact to the second.

Sums are done on the line of UTC, so a day with a clock change is 23 or 25 hours long, as it
really is. The wall clock matters only where local hours become instants, and the rule for
times that do not exist or exist twice is :func:`inboxd.core.localtime.local_to_utc`.

The line is cut into windows of about a year. Each is built when it is first asked about and
kept, with its open time summed up, so that an answer costs a bisection however long the
span and however many intervals and holidays there are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from inboxd.core.localtime import (
    DAY,
    DAY_TICKS,
    EPOCH,
    EPOCH_ORDINAL,
    TICK,
    LocalLine,
    local_to_utc,
)
from inboxd.core.timetable import Interval, Timetable, merged, without

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from inboxd.durations import BusinessSpan, StepAt

Pause = tuple[datetime, datetime]
"""A stretch in which the clock stands: from the first instant, up to the second."""

_WINDOW_DAYS = 366
_WINDOW = _WINDOW_DAYS * DAY_TICKS
_LAST_ORDINAL = date.max.toordinal() - 3
_MOST_WINDOWS = 100
"""How far (in years, nearly) one question may reach: a wait of a century is a mistake."""


@dataclass(frozen=True, slots=True, eq=False)
class OpeningHours:
    """
    One calendar's open time.

    Intervals are seconds of the local day, half-open; an end above 86,400 runs into the next
    day. An interval belongs to the date it begins on. *open* gives a date hours that replace
    its weekday's (none: closed); on a *closed* date nothing begins, and what runs into it
    from the day before stops at midnight, whatever *open* says; *breaks* are taken out of
    everything. *closed* may be any container, so holidays can be worked out as they are asked
    for; its answers must never change.

    Raises ValueError for a calendar that can never be open. Every instant given must be
    aware, every instant returned is in UTC; a question that reaches a century away, or the
    end of what datetime can say, is a ValueError too.
    """

    name: str
    timezone: tzinfo
    week: Mapping[int, Sequence[Interval]]
    """By weekday, Monday 0."""
    closed: Container[date] = frozenset()
    open: Mapping[date, Sequence[Interval]] = field(default_factory=dict)
    breaks: Mapping[date, Sequence[Interval]] = field(default_factory=dict)
    shut: Callable[[date, date], Iterable[Pause]] | None = None
    """Further breaks from one date to another, however many there may be in all time."""
    business_day: timedelta = field(init=False)
    """What "1d" means: the commonest open time among the open weekdays, on a tie the longest."""
    _windows: dict[int, Timetable] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be, and freeze the rest."""
        if strange := set(self.week) - set(range(7)):
            raise ValueError(
                f"calendar {self.name!r} has no weekday {strange.pop()!r}; 0 is Monday"
            )
        for days in ("week", "open", "breaks"):
            given: Mapping[object, Sequence[Interval]] = getattr(self, days)
            checked = {day: tuple(map(self._checked, hours)) for day, hours in given.items()}
            object.__setattr__(self, days, MappingProxyType(checked))
        if not any(self.week.values()) and not self._opens_on_some_date():
            raise ValueError(f"calendar {self.name!r} is never open; give it hours on some day")
        object.__setattr__(self, "business_day", _business_day(self.week, self.open))

    def _checked(self, interval: Interval) -> Interval:
        start, end = interval
        if not 0 <= start < DAY or not start < end <= start + DAY:
            raise ValueError(
                f"calendar {self.name!r} has an interval from second {start} to second {end}; "
                "it must begin within its day, end after that, and last a day at most"
            )
        return start, end

    def _opens_on_some_date(self) -> bool:
        return any(self._window(index).total for index in self._windows_of_open_dates())

    def _windows_of_open_dates(self) -> set[int]:
        days = (day.toordinal() - EPOCH_ORDINAL for day in self.open)
        return {(day + near) // _WINDOW_DAYS for day in days for near in (-1, 0, 1, 2)}

    def is_open(self, at: datetime) -> bool:
        """Return whether *at* is open time. A closing instant is not, an opening one is."""
        ticks = (at - EPOCH) // TICK
        return self._window(ticks // _WINDOW).is_open(ticks)

    def closed_because(self, day: date) -> str:
        """Return why a *closed* day is closed, as whoever closes it says; "" of any other day."""
        if day not in self.closed:
            return ""
        why = getattr(self.closed, "why", None)
        return str(why(day)) if why else "closed date"

    def add(self, start: datetime, span: timedelta, pauses: Iterable[Pause] = ()) -> datetime:
        """
        Return the first instant at which *span* of open time has passed since *start*.

        A span that exactly fills a period ends at its close, not at the next opening. No time
        at all from a closed moment is the next opening. *pauses* do not count.
        """
        at, ticks = (start - EPOCH) // TICK, span // TICK
        if ticks < 0:
            raise ValueError(f"{span} is negative; subtract it instead")
        if pauses:
            at, ticks = self._after_pauses(at, ticks, pauses)
        return EPOCH + self._forward(at, ticks) * TICK

    def subtract(self, end: datetime, span: timedelta) -> datetime:
        """
        Return the last instant from which *span* of open time remains until *end*.

        The mirror of :meth:`add`: a span that exactly fills a period begins at its opening,
        and no time at all before a closed moment is the close before it.
        """
        at, ticks = (end - EPOCH) // TICK, span // TICK
        if ticks < 0:
            raise ValueError(f"{span} is negative; add it instead")
        return EPOCH + self._backward(at, ticks) * TICK

    def between(self, start: datetime, end: datetime, pauses: Iterable[Pause] = ()) -> timedelta:
        """Return the open time in ``[start, end)`` outside *pauses*; none if *end* is earlier."""
        first, last = (start - EPOCH) // TICK, (end - EPOCH) // TICK
        ticks = self._elapsed(first, last)
        for pause_start, pause_end in _ticks(pauses) if pauses else ():
            ticks -= self._elapsed(max(first, pause_start), min(last, pause_end))
        return ticks * TICK

    def end_of(self, day: date) -> datetime:
        """Return the instant at which *day* ends on the clocks of this calendar's place."""
        midnight = datetime.combine(day + timedelta(days=1), time())
        return local_to_utc(midnight, self.timezone)

    def periods(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield each opening and close within ``[start, end)``, cut to it, in order."""
        first, last = (start - EPOCH) // TICK, (end - EPOCH) // TICK
        pending: Interval | None = None
        for index in range(first // _WINDOW, last // _WINDOW + 1):
            for opens, closes in self._window(index).between(first, last):
                if pending and pending[1] == opens:
                    pending = pending[0], closes
                    continue
                if pending:
                    yield _instants(pending)
                pending = opens, closes
        if pending:
            yield _instants(pending)

    def span(self, span: BusinessSpan) -> timedelta:
        """Return how much open time *span* is in this calendar."""
        return self.business_day * span.days + span.time

    def step(self, at: StepAt, target: BusinessSpan) -> timedelta:
        """
        Return the open time from a wait's beginning to *at*, if *target* is its target.

        A step cannot come before its wait: one that is meant to is due at its beginning.
        """
        moment = self.span(target) * at.percent // 100 + self.span(at.plus) - self.span(at.minus)
        return max(moment, timedelta())

    def _forward(self, at: int, ticks: int) -> int:
        index = at // _WINDOW
        table = self._window(index)
        goal = table.elapsed(at) + ticks
        for _ in range(_MOST_WINDOWS):
            if ticks and goal <= table.total:
                return table.first_with(goal)
            if not ticks and (opening := table.open_from(at)) is not None:
                return opening
            goal -= table.total
            index += 1
            table = self._window(index)
        raise self._beyond("after", at)

    def _backward(self, at: int, ticks: int) -> int:
        index = at // _WINDOW
        table = self._window(index)
        goal = table.elapsed(at) - ticks
        for _ in range(_MOST_WINDOWS):
            if ticks and goal >= 0:
                return table.last_with(goal)
            if not ticks and (close := table.open_until(at)) is not None:
                return close
            index -= 1
            table = self._window(index)
            goal += table.total
        raise self._beyond("before", at)

    def _elapsed(self, start: int, end: int) -> int:
        if end <= start:
            return 0
        first, last = start // _WINDOW, end // _WINDOW
        if last - first > _MOST_WINDOWS:
            raise self._beyond("after", start)
        elapsed = self._window(last).elapsed(end) - self._window(first).elapsed(start)
        for index in range(first, last):
            elapsed += self._window(index).total
        return elapsed

    def _after_pauses(self, at: int, ticks: int, pauses: Iterable[Pause]) -> tuple[int, int]:
        """Return the end of the last pause that matters, and how much is then still to run."""
        for pause_start, pause_end in _ticks(pauses):
            ran = self._elapsed(at, pause_start)
            if ran and ticks <= ran:
                break
            ticks -= ran
            at = max(at, pause_end)
        return at, ticks

    def _beyond(self, side: str, at: int) -> ValueError:
        instant = EPOCH + at * TICK
        return ValueError(f"calendar {self.name!r} has no answer within a century {side} {instant}")

    def _window(self, index: int) -> Timetable:
        table = self._windows.get(index)
        if table is None:
            table = self._windows[index] = self._built(index)
        return table

    def _built(self, index: int) -> Timetable:
        """Return the timetable of one window; two days beside it reach into it."""
        begin, end = index * _WINDOW, (index + 1) * _WINDOW
        opened: list[Interval] = []
        shut = [(begin - _WINDOW, begin), (end, end + _WINDOW)]
        line = LocalLine(self.timezone)
        first = EPOCH_ORDINAL + index * _WINDOW_DAYS - 2
        for ordinal in range(max(first, 3), min(first + _WINDOW_DAYS + 4, _LAST_ORDINAL)):
            day = date.fromordinal(ordinal)
            if day in self.closed:
                shut.append(line.interval(ordinal, (0, DAY)))
            elif line.exists(ordinal):
                hours = self.open.get(day, self.week.get(day.weekday(), ()))
                opened.extend(line.interval(ordinal, interval) for interval in hours)
            shut.extend(line.interval(ordinal, pause) for pause in self.breaks.get(day, ()))
        if self.shut:
            shut.extend(_ticks(self.shut(_date(first), _date(first + _WINDOW_DAYS + 4))))
        return Timetable(without(opened, shut))


def _date(ordinal: int) -> date:
    """Return the date of an *ordinal*, or the nearest that there is."""
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))


def _business_day(
    week: Mapping[int, Sequence[Interval]], dates: Mapping[date, Sequence[Interval]]
) -> timedelta:
    """Return the commonest open length of a day; single dates count if no weekday is open."""
    days = [hours for hours in week.values() if hours] or [
        hours for hours in dates.values() if hours
    ]
    lengths = Counter(sum(end - start for start, end in merged(hours)) for hours in days)
    return timedelta(seconds=max(lengths, key=lambda length: (lengths[length], length)))


def _instants(interval: Interval) -> tuple[datetime, datetime]:
    start, end = interval
    return EPOCH + start * TICK, EPOCH + end * TICK


def _ticks(pauses: Iterable[Pause]) -> list[Interval]:
    return merged(((start - EPOCH) // TICK, (end - EPOCH) // TICK) for start, end in pauses)
