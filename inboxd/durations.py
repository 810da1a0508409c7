"""
How spans of time are written and read: ``90s``, ``30m``, ``2h``, ``1d``, ``1h30m``.

Two kinds share the notation. A *duration* is time on the wall, and its day has 24 hours. A
*business span* is open time, and its day is the business day of a calendar, which only that
calendar knows (:meth:`inboxd.core.hours.OpeningHours.span`).
"""

from __future__ import annotations

import re
import reprlib
from dataclasses import dataclass
from datetime import timedelta

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"([0-9]+)([dhms])")
_WHOLE = re.compile(r"(?:\s*[0-9]+[dhms])+\s*")
_STEP = re.compile(r"\s*([0-9]+)\s*%\s*(?:([+-])(.+))?|([^%+-]+)", re.DOTALL)
_STEP_FORMS = 'write "50%", "100%", "100% - 30m", "100% + 1h" or "45m"'

_MOST_PERCENT = 1_000
_LONGEST = timedelta(days=3_660)
"""Ten years: farther from now, the times that follow from a span leave the calendar."""


class _Brief(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        """Return a number that a person could have meant; Python refuses to print the longest."""
        return super().repr_int(x, level) if abs(x) < 10**18 else "a number that long"


_BRIEF = _Brief()
_BRIEF.maxstring = _BRIEF.maxother = 60


@dataclass(frozen=True, slots=True)
class BusinessSpan:
    """
    An amount of open time: *days* business days and *time* beside them.

    ``25h`` is 25 open hours and not a day and an hour, so the two are never converted into
    each other here.
    """

    days: int = 0
    time: timedelta = timedelta()

    def __str__(self) -> str:
        """Return the span as it is written in the configuration: ``1d4h``, ``25h``, ``0s``."""
        hours, seconds = divmod(int(self.time.total_seconds()), 3_600)
        counts = (self.days, "d"), (hours, "h"), (seconds // 60, "m"), (seconds % 60, "s")
        return "".join(f"{count}{unit}" for count, unit in counts if count) or "0s"

    def __bool__(self) -> bool:
        """Return whether there is any time in it."""
        return bool(self.days or self.time)


@dataclass(frozen=True, slots=True)
class StepAt:
    """
    When a step is due in a wait: at *percent* of its target, *plus* after or *minus* before that.

    At most one of the two spans is any time at all.
    """

    percent: int = 0
    plus: BusinessSpan = BusinessSpan()
    minus: BusinessSpan = BusinessSpan()

    def __str__(self) -> str:
        """Return the moment as it is written in the configuration: ``100% + 1h``, ``45m``."""
        if not self.percent and self.plus:
            return str(self.plus)
        if self.minus:
            return f"{self.percent}% - {self.minus}"
        return f"{self.percent}% + {self.plus}" if self.plus else f"{self.percent}%"


def parse_duration(value: object) -> timedelta:
    """Return the span that *value* names; raises ValueError with what would be right."""
    if isinstance(value, timedelta):
        return value
    counts = _counts(value, "duration")
    seconds = sum(count * _SECONDS[unit] for unit, count in counts.items())
    _refuse_longest(value, seconds)
    return timedelta(seconds=seconds)


def parse_business(value: object) -> BusinessSpan:
    """Return the open time that *value* names; raises ValueError with what would be right."""
    if isinstance(value, BusinessSpan):
        return value
    counts = _counts(value, "business time")
    days = counts.pop("d", 0)
    seconds = sum(count * _SECONDS[unit] for unit, count in counts.items())
    # No business day is longer than the time between two midnights.
    _refuse_longest(value, days * _SECONDS["d"] + seconds)
    return BusinessSpan(days, timedelta(seconds=seconds))


def parse_step_at(value: object) -> StepAt:
    """
    Return the moment that *value* names within a wait.

    ``50%`` is half of the target, ``100% + 1h`` an open hour after it, ``100% - 30m`` half an
    open hour before it, and ``45m`` 45 open minutes after the wait began, whatever the target.
    Raises ValueError.
    """
    if isinstance(value, StepAt):
        return value
    found = _STEP.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"{brief(value)} is no moment of a wait; {_STEP_FORMS}")
    percent, sign, moved, alone = found.groups()
    if percent and (len(percent) > 9 or int(percent) > _MOST_PERCENT):
        raise ValueError(f"{brief(value)} is beyond {_MOST_PERCENT}%; add a time: 100% + 8h")
    text = moved or alone
    if text and not _WHOLE.fullmatch(text):
        raise ValueError(f"{brief(value)} is no moment of a wait; {_STEP_FORMS}")
    span = parse_business(text) if text else BusinessSpan()
    share = int(percent or 0)
    return StepAt(share, minus=span) if sign == "-" else StepAt(share, span)


def format_duration(span: timedelta) -> str:
    """Return *span* with its two largest units, for people: ``2d 3h``, ``41m``, ``-5m``."""
    seconds = int(span.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    parts = []
    for unit, size in _SECONDS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return sign + " ".join(parts[:2]) if parts else "0s"


def format_minutes(span: timedelta) -> str:
    """Return *span* to the minute, for people, or "" if it is shorter than one."""
    whole = span // timedelta(minutes=1)
    return format_duration(timedelta(minutes=whole)) if whole else ""


def _refuse_longest(value: object, seconds: int) -> None:
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{brief(value)} is longer than ten years")


def _counts(value: object, noun: str) -> dict[str, int]:
    """Return how many of each unit *value* names; a unit named twice counts together."""
    if not (isinstance(value, str) and _WHOLE.fullmatch(value)):
        raise ValueError(f"{brief(value)} is no {noun}; write 90s, 30m, 2h, 1d or a sum like 1h30m")
    counts = dict.fromkeys(_SECONDS, 0)
    for number, unit in _PART.findall(value):
        if len(number) > 12:  # also spares int() a number of a megabyte
            raise ValueError(f"{brief(value)} is longer than any calendar")
        counts[unit] += int(number)
    return counts


def brief(value: object) -> str:
    """Return *value*'s repr, cut short: error texts are for people, and files hold anything."""
    return _BRIEF.repr(value)
