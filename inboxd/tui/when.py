"""How instants and spans are said on the screen: as short as they are clear today."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.durations import format_duration

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def moment(at: datetime, now: datetime, tz: tzinfo) -> str:
    """Return an instant: ``10:48`` if it is today, ``Tue 24 Nov 10:48``, with a year if need be."""
    local, today = at.astimezone(tz), now.astimezone(tz).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    return f"{day(local.date(), today, short=True)} {local:%H:%M}"


def day(date: date, today: date, *, short: bool = False) -> str:
    """Return a day: ``Tuesday 24 November``, or ``Tue 24 Nov``, with its year if it is not this."""
    year = "" if date.year == today.year else f" {date.year}"
    return (
        f"{date:%a} {date.day} {date:%b}{year}"
        if short
        else f"{date:%A} {date.day} {date:%B}{year}"
    )


def span(time: timedelta) -> str:
    """Return how long something is, without seconds where there are minutes: ``2d 3h``, ``41m``."""
    time = abs(time)
    return format_duration(time - time % _MINUTE if time >= _MINUTE else time)


def open_span(time: timedelta) -> str:
    """Return a span of business time: never in days, of which each calendar has its own."""
    if time < _DAY:
        return span(time)
    hours, minutes = divmod(time // _MINUTE, 60)
    return f"{hours}h {minutes}m" if minutes else f"{hours}h"
