"""What one token may still ask today: counted in the ledger, spread over the day, told in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from connectors.vk.errors import DAILY_LIMITS, next_midnight
from inboxd.connector import Allowance
from inboxd.errors import RateLimited

if TYPE_CHECKING:
    from inboxd.clock import Clock
    from inboxd.connector import Ledger

_DAY: Final = timedelta(days=1)
_HEAD_START: Final = 10
"""A tenth of a day's calls may be used as fast as one likes; the rest comes with the hours."""
_SHORT_WAIT: Final = timedelta(minutes=10)


class Quota:
    """The daily limits of the methods that one token calls."""

    def __init__(self, token: str, ledger: Ledger, clock: Clock) -> None:
        self._token = token
        self._ledger = ledger
        self._clock = clock

    def require(self, method: str) -> None:
        """Raise RateLimited while *method* rests; asking all the same would only prolong it."""
        until = self._ledger.rests_until(self._name(method))
        if until is not None:
            raise RateLimited(f"{method}: VK takes no more from the {self._token} for now", until)

    def count(self, method: str) -> None:
        """Count a call that is about to be made."""
        if method in DAILY_LIMITS:
            self._ledger.spend(self._name(method))

    def rest(self, method: str, until: datetime) -> None:
        """Note that VK has said no until then."""
        self._ledger.rest(self._name(method), until)

    def behind(self, method: str, calls: int = 1) -> bool:
        """
        Whether *method* has been used faster than its day allows, so that a poll is better skipped.

        Raises RateLimited where the day will catch up only after more than a short wait: then
        it is no skipped poll but a source that is not read, and people must be told.
        """
        limit, now = DAILY_LIMITS[method], self._clock.now()
        at_once = limit / _HEAD_START
        share = (self._used(method) + calls - at_once) / (limit - at_once)
        due = (next_midnight(now) - _DAY) + _DAY * share
        if due <= now:
            return False
        if due - now <= _SHORT_WAIT:
            return True
        raise RateLimited(
            f"{method}: {self._used(method)} of {limit} calls a day are used; the rest is spread "
            "over the day",
            min(due, next_midnight(now)),
        )

    def allowance(self, method: str) -> Allowance:
        """Return how much of *method* is used today; `behind` spreads it, so it will last."""
        used, now, limit = self._used(method), self._clock.now(), DAILY_LIMITS[method]
        passed = (now - (next_midnight(now) - _DAY)) / _DAY
        projected = min(round(used / passed), limit) if passed > 0 else used
        return Allowance(
            name=f"{method} ({self._token})",
            used=used,
            limit=limit,
            resets_at=next_midnight(now),
            projected=max(used, projected),
        )

    def _used(self, method: str) -> int:
        return self._ledger.spent(self._name(method), self._clock.now().date())

    def _name(self, method: str) -> str:
        return f"{self._token} {method}"
