"""Times to come as dialogs show them: on the clock of the place, and how far away."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.durations import format_duration

if TYPE_CHECKING:
    from datetime import datetime, tzinfo


def on_the_clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """Return when *at* is for people in *zone*: ``today 14:00``, ``Fri 27 Nov 09:00``."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"today {local:%H:%M}"
    if local.date() == today + timedelta(days=1):
        return f"tomorrow {local:%H:%M}"
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"


def away(at: datetime, now: datetime) -> str:
    """Return how long it is until *at*: ``in 2h 30m``."""
    return f"in {format_duration(at - now)}"
