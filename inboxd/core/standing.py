"""How the reading of a source stands: fresh, late, blind, refused, or at rest by choice. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from inboxd.errors import Spared

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

_PATIENCE_AT_FIRST = timedelta(minutes=15)
"""How long the first read may take: it brings days of messages, and goes on page by page."""
_PATIENCE_WITH_THE_SPARED = timedelta(days=1)


class Standing(StrEnum):
    """How the reading of a source stands, the worst first."""

    REFUSED = "refused"
    """It needs a person: waiting does not help."""
    BLIND = "blind"
    """Not read for so long that nobody knows what was written there."""
    DEAF = "deaf"
    """It is read, but what comes in does so only by reading back."""
    LATE = "late"
    """Its last read failed, or it should have been read by now."""
    RESTING = "resting"
    """Left out for a while by choice, to spare an allowance."""
    FIRST = "first"
    """It has not been read to its end yet."""
    FRESH = "fresh"


class Reading(Protocol):
    """What is known of how a source is read: the store's SourceState."""

    @property
    def cursor(self) -> Mapping[str, Any] | None:
        """Where it has been read to."""

    @property
    def succeeded_at(self) -> datetime | None:
        """The last complete read."""

    @property
    def failing_since(self) -> datetime | None:
        """Since when it fails, None while it does not."""

    @property
    def error_class(self) -> str:
        """The class of the last failure."""

    @property
    def needs_person(self) -> bool:
        """Whether waiting does not help."""

    @property
    def missed(self) -> int:
        """How much came only by reading back."""


def patience_with(reading: Reading, usual: timedelta) -> timedelta:
    """
    Return how long a source may go without a complete read.

    A first one goes on for long, and what is left out by choice is told if that lasts.
    """
    if reading.error_class == Spared.__name__:
        return max(usual, _PATIENCE_WITH_THE_SPARED)
    never_failed = reading.succeeded_at is None and reading.failing_since is None
    begun = never_failed and reading.cursor is not None
    return max(usual, _PATIENCE_AT_FIRST) if begun else usual


def standing_of(reading: Reading, patience: timedelta, now: datetime) -> Standing:
    """Return how a source stands that may go unread for *patience*."""
    if reading.needs_person:
        return Standing.REFUSED
    if reading.error_class == Spared.__name__:
        return Standing.RESTING
    if reading.missed:
        return Standing.DEAF
    since = reading.succeeded_at or reading.failing_since
    if since is None:
        return Standing.FIRST
    if now - since > patience:
        return Standing.BLIND
    late = reading.failing_since is not None or now - since > patience * 2 / 3
    return Standing.LATE if late else Standing.FRESH
