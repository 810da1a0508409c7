"""X's rate limits: windows per user and per app, and the headers that tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.simulator.twitter import problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.simulator.twitter.credentials import Caller

_QUARTER = timedelta(minutes=15)
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Limit:
    """Requests allowed in 15 minutes to a user and to an app, and in 24 hours; None: no limit."""

    user: int | None
    app: int | None = None
    user_daily: int | None = None
    app_daily: int | None = None


# docs.x.com, "Rate limits", 2026-10 (contracts/README.md).
LIMITS = {
    "GET /2/users/me": Limit(75),
    "GET /2/users/by/username/{username}": Limit(900, 300),
    "GET /2/users/{id}/mentions": Limit(300, 450),
    "GET /2/users/{id}/tweets": Limit(900, 10_000),
    "GET /2/tweets/search/recent": Limit(300, 450),
    "GET /2/tweets": Limit(5000, 3500),
    "GET /2/dm_events": Limit(15),
    "GET /2/dm_conversations/with/{participant_id}/dm_events": Limit(15),
    "POST /2/tweets": Limit(100, app_daily=10_000),
    "POST /2/dm_conversations/with/{participant_id}/messages": Limit(
        15, user_daily=1440, app_daily=1440
    ),
    "POST /2/dm_conversations/{dm_conversation_id}/messages": Limit(
        15, user_daily=1440, app_daily=1440
    ),
    "GET /2/usage/tweets": Limit(None, 50),
}


@dataclass(slots=True)
class _Window:
    """A count that begins with the first request and ends a fixed time later."""

    length: timedelta
    limit: int
    ends: datetime
    used: int = 0

    def roll(self, now: datetime) -> None:
        if now >= self.ends:
            self.ends, self.used = now + self.length, 0

    def headers(self, prefix: str) -> dict[str, str]:
        return {
            f"{prefix}-limit": str(self.limit),
            f"{prefix}-remaining": str(max(0, self.limit - self.used)),
            f"{prefix}-reset": str(int(self.ends.timestamp())),
        }


class Limits:
    """The windows of every endpoint; not enforced, they say nothing either."""

    def __init__(self, now: Callable[[], datetime], *, enforced: bool = True) -> None:
        self._now = now
        self._enforced = enforced
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, endpoint: str, caller: Caller) -> dict[str, str]:
        """Count a request and return the headers; raise 429 where a window is used up."""
        limit = LIMITS.get(endpoint)
        if limit is None or not self._enforced:
            return {}
        now = self._now()
        windows = [
            (prefix, self._window(endpoint, prefix, length, allowed, now))
            for prefix, length, allowed in _which(limit, caller)
        ]
        full = any(window.used >= window.limit for _prefix, window in windows)
        headers: dict[str, str] = {}
        for prefix, window in windows:
            window.used += 0 if full else 1
            headers |= window.headers(prefix)
        if full:
            raise RateLimitedError(headers)
        return headers

    def _window(
        self, endpoint: str, prefix: str, length: timedelta, allowed: int, now: datetime
    ) -> _Window:
        window = self._windows.setdefault(
            (endpoint, prefix), _Window(length, allowed, now + length)
        )
        window.roll(now)
        return window


class RateLimitedError(problems.ProblemError):
    """The 429 of a used-up window, with the headers that say until when."""

    def __init__(self, headers: dict[str, str]) -> None:
        problem = problems.plain(429)
        super().__init__(problem.status, problem.body)
        self.headers = headers


def _which(limit: Limit, caller: Caller) -> list[tuple[str, timedelta, int]]:
    """Return header prefix, length and size of the windows that count for *caller*."""
    quarter = limit.user if caller == "user" else limit.app
    rows = [
        ("x-rate-limit", _QUARTER, quarter),
        ("x-user-limit-24hour", _DAY, limit.user_daily if caller == "user" else None),
        ("x-app-limit-24hour", _DAY, limit.app_daily),
    ]
    return [(prefix, length, allowed) for prefix, length, allowed in rows if allowed is not None]
