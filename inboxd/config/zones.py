"""Time zones by name, and the name that was meant."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from inboxd.config.problems import nearest
from inboxd.durations import brief


def parse_zone(value: object) -> ZoneInfo:
    """Return the zone named *value*; raises ValueError with the nearest name there is."""
    if isinstance(value, ZoneInfo):
        return value
    if isinstance(value, str):
        try:
            return ZoneInfo(value)
        except (ValueError, KeyError, OSError):
            pass  # no such name, a folder of the zone data, or no name at all
    near = _nearest(value)
    hint = f"did you mean {near}?" if near else "they are named like Europe/Kyiv"
    raise ValueError(f"{brief(value)} is no time zone; {hint}")


def _nearest(value: object) -> str | None:
    """Return the zone that *value* names almost, or whose city it names."""
    names = available_timezones()
    cities = {name.rpartition("/")[2]: name for name in sorted(names, reverse=True)}
    city = nearest(value, cities)
    return nearest(value, names) or (cities[city] if city else None)
