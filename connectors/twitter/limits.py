"""What X's headers say of how often it may be asked; pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WINDOWS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
_FEW = 15
"""So few calls are spread from the first on; of a larger window the second half is."""
_LONGEST = timedelta(hours=25)
"""No window is longer: a reset that claims to be is no reason to be silent for years."""
_NUMBER = re.compile(r"(?<=[^/])/[0-9]+(-[0-9]+)?(?=/|$)")
"""An id in a path; the version, which comes first, is none."""


def endpoint_of(method: str, path: str) -> str:
    """Return the name under which X counts a call: ``GET /2/users/{id}/mentions``."""
    return f"{method} {_NUMBER.sub('/{id}', path)}"


def used_up_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when the windows that are used up are over; None if none is, or nobody tells."""
    resets = (
        _reset(headers, window) for window in _WINDOWS if _count(headers, window, "remaining") == 0
    )
    return _sensible(max(filter(None, resets), default=None), now)


def refused_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return until when a 429 holds; X tells in these headers and sends no Retry-After."""
    return used_up_until(headers, now) or _sensible(_reset(headers, _WINDOWS[0]), now)


def paced_until(headers: Mapping[str, str], every: timedelta, now: datetime) -> datetime | None:
    """
    Return when to ask next so that what is left lasts until the window ends.

    None where asking *every* so often does not use it up.
    """
    times = (_paced(headers, window, every, now) for window in _WINDOWS)
    return _sensible(max(filter(None, times), default=None), now)


def _paced(
    headers: Mapping[str, str], window: str, every: timedelta, now: datetime
) -> datetime | None:
    left, reset = _count(headers, window, "remaining"), _reset(headers, window)
    if not left or reset is None or reset <= now or left * every >= reset - now:
        return None
    if left > max(_FEW, (_count(headers, window, "limit") or 0) // 2):
        return None
    return now + (reset - now) / left


def _sensible(until: datetime | None, now: datetime) -> datetime | None:
    return until if until is not None and until - now <= _LONGEST else None


def _reset(headers: Mapping[str, str], window: str) -> datetime | None:
    seconds = _count(headers, window, "reset")
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _count(headers: Mapping[str, str], window: str, name: str) -> int | None:
    text = headers.get(f"{window}-{name}", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
