"""How spans of time are written and read: ``90s``, ``30m``, ``2h``, ``1d``, ``1h30m``."""

from __future__ import annotations

import re
from datetime import timedelta

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+)([dhms])")
_WHOLE = re.compile(r"(?:\d+[dhms])+")


def parse_duration(value: object) -> timedelta:
    """Return the span that *value* names; raises ValueError with what would be right."""
    if isinstance(value, timedelta):
        return value
    compact = value.replace(" ", "") if isinstance(value, str) else ""
    if not _WHOLE.fullmatch(compact):
        raise ValueError(f"{value!r} is no duration; write 90s, 30m, 2h, 1d or a sum like 1h30m")
    parts = _PART.findall(compact)
    try:
        return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))
    except OverflowError:
        raise ValueError(f"{value!r} is longer than any calendar") from None


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
