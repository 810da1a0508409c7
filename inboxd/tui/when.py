"""How instants and spans are said on the screen: as short as they are clear today."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.durations import format_duration

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=6)
_MOST = 9_999


def moment(at: datetime, now: datetime, tz: tzinfo) -> str:
    """Return an instant: ``10:48`` if it is today, ``Tue 24 Nov 10:48``, with a year if need be."""
    local, today = at.astimezone(tz), now.astimezone(tz).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    return f"{day(local.date(), today, short=True)} {local:%H:%M}"


def brief_moment(at: datetime, now: datetime, tz: tzinfo) -> str:
    """Return an instant for a column: ``18:00`` today, ``Thu 09:00``, ``3 Dec 09:00``."""
    there, here = at.astimezone(tz), now.astimezone(tz)
    if there.date() == here.date():
        return f"{there:%H:%M}"
    if abs(at - now) < _WEEK:
        return f"{there:%a %H:%M}"
    return f"{there.day} {there:%b %H:%M}"


def coming_moment(at: datetime, now: datetime, tz: tzinfo) -> str:
    """Return an instant to choose: ``today 14:00``, ``tomorrow 09:00``, ``Fri 27 Nov 09:00``."""
    local = at.astimezone(tz)
    ahead = (local.date() - now.astimezone(tz).date()).days
    near = {0: "today", 1: "tomorrow"}.get(ahead)
    return f"{near} {local:%H:%M}" if near else moment(at, now, tz)


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


def brief_span(time: timedelta) -> str:
    """Return a span in the one unit that tells most: ``72m``, ``17h``, ``3d``."""
    minutes = max(0, time // _MINUTE)
    if minutes < 100:
        return f"{minutes}m"
    hours = minutes // 60
    return f"{hours}h" if hours < 48 else f"{min(hours // 24, _MOST)}d"


def brief_open_span(time: timedelta) -> str:
    """Return a span of business time in one unit, again never in days: ``72m``, ``142h``."""
    hours = time // timedelta(hours=1)
    return brief_span(time) if hours < 48 else f"{min(hours, _MOST)}h"


def left(time: timedelta, *, late: bool) -> str:
    """
    Return how far off a target is, by the business time up to it, or since it if it is *late*.

    Outside of opening hours no time has gone, and late it is all the same.
    """
    if late:
        return f"overdue by {open_span(time)}" if time else "overdue"
    return f"{open_span(time) if time else '0m'} left"


def brief_left(time: timedelta, *, late: bool) -> str:
    """Return the same for a column: ``12m left``, ``2h over``, or ``now`` within a minute."""
    if time < _MINUTE:
        return "now"
    return f"{brief_open_span(time)} {'over' if late else 'left'}"
