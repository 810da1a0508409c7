"""
Decides whether the daemon's work goes on: its service manager's watchdog is fed by that alone.

Work shows a sign of life whenever it begins, gets on and ends, whatever its result: a network
that is down for a day is no hang, a read that has not got on for ten minutes is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd import clock
from inboxd.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PATIENCE = timedelta(minutes=5)
"""How long work may show no sign of life, where no watchdog says how long."""
_CALLS = 30
"""So many calls, each as slow as may be, may pass between two signs of speaking to a network."""


@dataclass(frozen=True, slots=True)
class Sign:
    """When a piece of work last showed that it goes on, and by when it must do so again."""

    work: str
    at: timedelta
    """By `clock.monotonic`: no setting of the clock and no sleep of the machine is a hang."""
    patience: timedelta


def hung(signs: Iterable[Sign], now: timedelta) -> tuple[str, ...]:
    """Return, in words, what has shown no sign of life for longer than it may."""
    return tuple(
        f"{sign.work}: no sign of life for {format_duration(now - sign.at)}"
        for sign in signs
        if now - sign.at > sign.patience
    )


class Vigil:
    """
    Watches over the work of a daemon.

    Work that does not speak to networks has *patience*; what does has as long as thirty of its
    calls may take, if that is longer.
    """

    def __init__(
        self,
        patience: timedelta = PATIENCE,
        monotonic: Callable[[], timedelta] = clock.monotonic,
    ) -> None:
        self.patience = patience
        self._monotonic = monotonic
        self._signs: dict[str, Sign] = {}

    def patience_with(self, timeout: timedelta) -> timedelta:
        """Return how long work may show no sign whose calls take up to *timeout* each."""
        return max(self.patience, _CALLS * timeout)

    def sign(self, work: str, patience: timedelta) -> None:
        """Note that *work* goes on, and will show so again within *patience*."""
        self._signs[work] = Sign(work, self._monotonic(), patience)

    def over(self, work: str) -> None:
        """Expect no more of *work*."""
        self._signs.pop(work, None)

    def hung(self) -> tuple[str, ...]:
        """Return, in words, what hangs."""
        return hung(self._signs.values(), self._monotonic())
