"""How instants are written in the database: ISO-8601 in UTC, to the millisecond, sortable."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from inboxd.core.states import FOR_EVER

_FIRST, _LAST = "1970", "9999-12-28"
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 28, tzinfo=UTC)


@lru_cache(maxsize=2_048)  # what follows from a message names its few instants again and again
def to_text(instant: datetime) -> str:
    """Return *instant* as ``2026-11-22T08:30:00.000Z``; every text has the same length."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds")[:23] + "Z"


def from_text(text: str) -> datetime:
    """
    Return the aware UTC instant that *text* names.

    Nothing is older than 1970, of which calendars know, nor younger than what has a local time
    everywhere, but for `FOR_EVER` itself. What says no zone, as SQLite's own functions write it,
    is UTC.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    if _FIRST < text < _LAST or instant == FOR_EVER:
        return instant
    return min(max(instant, _EARLIEST), _LATEST)


def maybe_text(instant: datetime | None) -> str | None:
    """Return *instant* as text, or None."""
    return None if instant is None else to_text(instant)


def maybe_instant(text: str | None) -> datetime | None:
    """Return the instant that *text* names, or None."""
    return None if text is None else from_text(text)
