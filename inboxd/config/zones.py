"""Time zones by name, and the name that was meant."""

from __future__ import annotations

import re
from importlib import resources
from zoneinfo import ZoneInfo, available_timezones

from inboxd.config.problems import nearest
from inboxd.durations import brief

_NO_PLACE = re.compile(r"(?!(?:UTC|GMT)$)(?:[A-Z]{2,4}|[A-Za-z]{0,4} ?[+-] ?[0-9:]+)")
"""``MSK``, ``CET+1``, ``+02:00``: hours that hold for a part of the year, or for nobody."""
_LINK = re.compile(r"^L (\S+) (\S+)$", re.MULTILINE)


def parse_zone(value: object) -> ZoneInfo:
    """Return the zone named *value*; raises ValueError with the nearest name there is."""
    if isinstance(value, ZoneInfo):
        return value
    if isinstance(value, str):
        try:
            return ZoneInfo(value)
        except (ValueError, KeyError, OSError):
            pass  # no such name, a folder of the zone data, or no name at all
        if _NO_PLACE.fullmatch(value):
            text = "name a city, like Europe/Kyiv, and its clock changes are known as well"
            raise ValueError(f"{brief(value)} is no time zone; {text}")
    near = _nearest(value)
    hint = f"did you mean {near}?" if near else "they are named like Europe/Kyiv"
    raise ValueError(f"{brief(value)} is no time zone; {hint}")


def _nearest(value: object) -> str | None:
    """Return the zone that *value* names almost, or whose city it names, as it is called today."""
    places = sorted({name for name in available_timezones() if "/" in name}, reverse=True)
    cities = {name.rpartition("/")[2]: name for name in places} | {"UTC": "UTC"}
    city = nearest(value, cities)
    of_city, whole = cities[city] if city else None, nearest(value, places)
    found = whole or of_city if "/" in str(value) else of_city or whole
    return _name_today(found) if found else None


def _name_today(name: str) -> str:
    """Return *name*, or what has taken its place: ``Europe/Kiev`` is a link to ``Europe/Kyiv``."""
    data = resources.files("tzdata") / "zoneinfo"
    if re.search(rf"\t{re.escape(name)}\s", (data / "zone.tab").read_text("utf-8")):
        return name  # a place of its own, though its clock may be another's
    links: dict[str, str] = {
        old: new for new, old in _LINK.findall((data / "tzdata.zi").read_text("utf-8"))
    }
    return links.get(name, name)
