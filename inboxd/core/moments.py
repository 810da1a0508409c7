"""What people mean when they say until when: ``2h``, ``09:00``, ``fri 14:00``. Pure."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from inboxd.core.localtime import local_to_utc
from inboxd.durations import brief, parse_duration

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from inboxd.core.hours import OpeningHours

FORMS = "write 2h, 09:00, fri 14:00 or 2026-12-01 09:00"
"""How a time can be said, for error texts and hints."""
MORNING = time(9)
"""The hour of a day that is named without one."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")


def ahead(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant that is meant by *text* and still to come; raises ValueError."""
    instant = moment(text, now, zone)
    if instant <= now:
        raise ValueError(f"{text.strip()} is not in the future")
    return instant


def mornings(hours: OpeningHours | None, now: datetime, zone: tzinfo) -> list[datetime]:
    """
    Return when business begins tomorrow and next Monday, or on the first open day after each.

    Where no *hours* are known, or they never close, it begins at `MORNING`.
    """
    today = now.astimezone(zone).date()
    days = today + timedelta(days=1), today + timedelta(days=7 - today.weekday())
    return sorted({_opening(hours, day, zone) for day in days})


def _opening(hours: OpeningHours | None, day: date, zone: tzinfo) -> datetime:
    midnight = local_to_utc(datetime.combine(day, time()), zone)
    with suppress(ValueError):
        opening = hours.add(midnight, timedelta()) if hours else midnight
        if opening > midnight:
            return opening
    return local_to_utc(datetime.combine(day, MORNING), zone)


def moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    """
    Return the instant that a person in *zone* means by *text*.

    A span counts from *now*, an hour or a day of the week is the next one, and a day without an
    hour is its morning. What is said may lie in the past where it names a date. Raises
    ValueError with what would be right.
    """
    with suppress(ValueError, OverflowError):
        return now + parse_duration(text)
    words = text.lower().split()
    with suppress(ValueError, OverflowError):
        if words and len(words) <= 2:
            return _named(words, now, zone)
    with suppress(ValueError, OverflowError):
        said = datetime.fromisoformat(text.strip())
        return local_to_utc(said, zone) if said.tzinfo is None else said.astimezone(UTC)
    raise ValueError(f"{brief(text)} is no time; {FORMS}")


def _named(words: list[str], now: datetime, zone: tzinfo) -> datetime:
    """Return the instant of a clock's time, of a day, or of both; raises ValueError."""
    today = now.astimezone(zone).date()
    if len(words) == 1 and _CLOCK.fullmatch(words[0]):
        return _next([today, today + timedelta(days=1)], _clock(words[0]), now, zone)
    hour = _clock(words[1]) if len(words) == 2 else MORNING
    return _next(_dates(words[0], today), hour, now, zone)


def _dates(word: str, today: date) -> list[date]:
    """Return the days that *word* may mean, the likeliest first; raises ValueError."""
    if word in {"today", "tomorrow"}:
        return [today + timedelta(days=word == "tomorrow")]
    found = [
        number for number, name in enumerate(_DAYS) if len(word) >= 2 and name.startswith(word)
    ]
    if len(found) == 1:
        ahead = (found[0] - today.weekday()) % 7
        return [today + timedelta(days=ahead), today + timedelta(days=ahead + 7)]
    return [datetime.strptime(word, "%Y-%m-%d").date()]  # noqa: DTZ007 - a day has no zone


def _clock(word: str) -> time:
    found = _CLOCK.fullmatch(word)
    if not found:
        raise ValueError(word)
    return time(int(found[1]), int(found[2]))


def _next(days: list[date], at: time, now: datetime, zone: tzinfo) -> datetime:
    """Return the first of *days* on which *at* is still to come, or else the last."""
    instants = [local_to_utc(datetime.combine(day, at), zone) for day in days]
    return next((each for each in instants if each > now), instants[-1])
