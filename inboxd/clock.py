"""The only place that asks what time it is."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(Protocol):
    """What time it is, and how to wait; every instant is an aware UTC datetime."""

    def now(self) -> datetime:
        """Return the present instant."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Wait for *duration* of this clock's time; at once if it is not positive."""
        ...

    def real(self, duration: timedelta) -> timedelta:
        """Return how long *duration* of this clock's time takes in the room where it stands."""
        ...

    def steady(self) -> timedelta:
        """Return how long ago some instant is, whatever the time of day is set to meanwhile."""
        ...

    def awake(self) -> timedelta:
        """Return the same without what the machine has slept."""
        ...


_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The computer's own clock."""

    def now(self) -> datetime:
        """Return the computer's time."""
        return datetime.now(UTC)

    async def sleep(self, duration: timedelta) -> None:
        """Wait in real time."""
        await asyncio.sleep(max(duration.total_seconds(), 0.0))

    def real(self, duration: timedelta) -> timedelta:
        """Return *duration*: a second is a second."""
        return duration

    def steady(self) -> timedelta:
        """Return how long ago the machine was started, as far as the system tells."""
        return timedelta(seconds=time.clock_gettime(_STEADY))

    def awake(self) -> timedelta:
        """Return for how long the machine has run since, which is less if it slept."""
        return timedelta(seconds=time.monotonic())


class FastClock:
    """A clock that starts at *start* and runs *speed* times as fast; for the demo."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._origin = time.monotonic()

    def now(self) -> datetime:
        """Return the simulated instant."""
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self._speed)

    async def sleep(self, duration: timedelta) -> None:
        """Wait for *duration* of simulated time."""
        await asyncio.sleep(max(self.real(duration).total_seconds(), 0.0))

    def real(self, duration: timedelta) -> timedelta:
        """Return the real time that *duration* takes at this speed."""
        return duration / self._speed

    def steady(self) -> timedelta:
        """Return how long it has run: nobody sets it."""
        return self.now() - self._start

    def awake(self) -> timedelta:
        """Return how long it has run."""
        return self.steady()


class ManualClock:
    """A clock that stands still until it is told to move; for tests."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._steady = self._awake = timedelta()
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self._now

    async def sleep(self, duration: timedelta) -> None:
        """Wait until somebody has moved the clock on by *duration*."""
        if duration <= timedelta(0):
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + duration, next(self._order), woken))
        await woken

    def real(self, duration: timedelta) -> timedelta:
        """Return *duration*."""
        return duration

    def set(self, now: datetime) -> None:
        """Jump to *now*, forwards or back, and wake whoever slept until then."""
        self._now = now
        while self._sleepers and self._sleepers[0][0] <= now:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)

    def advance(self, duration: timedelta) -> None:
        """Move on by *duration*."""
        self._awake += duration
        self.suspend(duration)

    def suspend(self, duration: timedelta) -> None:
        """Let the machine sleep for *duration*."""
        self._steady += duration
        self.set(self._now + duration)

    def steady(self) -> timedelta:
        """Return how long it has moved on, without its jumps."""
        return self._steady

    def awake(self) -> timedelta:
        """Return the same without its sleep."""
        return self._awake


def monotonic() -> timedelta:
    """Return the time of a clock that nobody can set and that stands still with the machine."""
    return timedelta(microseconds=time.monotonic_ns() // 1_000)


def stopwatch() -> Callable[[], timedelta]:
    """Return a function that tells how much real time has passed since, whatever the clock does."""
    begun = time.monotonic()
    return lambda: timedelta(seconds=time.monotonic() - begun)
