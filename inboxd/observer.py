"""The port to whoever counts what workers do."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from inboxd.model import Message

DELIVERED = "delivered"
"""What became of a delivery that did not fail; else it has a `core.delivery.Fate`."""


class Read(StrEnum):
    """How a turn of reading a source ended."""

    COMPLETE = "complete"
    UNFINISHED = "unfinished"
    """It gave way to the others, and goes on in the next round."""
    SPARED = "spared"
    """By choice, to leave something of an allowance: that is no failure."""
    FAILED = "failed"


class Observer:
    """
    Hears what happens, once it is so; this one counts nothing.

    No method may fail, wait or take long. What something *took* is real time.
    """

    def polled(self, account: str, source: str, how: Read, took: timedelta) -> None:
        """Hear that a source was read for a turn."""

    def poll_failed(self, account: str, source: str, error: Exception) -> None:
        """Hear why a source could not be read."""

    def stored(
        self, account: str, messages: Iterable[Message], seen_at: datetime, *, history: bool
    ) -> None:
        """Hear of messages that were not known before; *history* is what a first read brings."""

    def tried(self, receiver: str, outcome: str, *, reply: bool) -> None:
        """Hear what became of an attempt to deliver alerts, or a *reply*."""

    def ticked(self, took: timedelta) -> None:
        """Hear that the tick came round."""

    def work_failed(self, work: str, error: BaseException) -> None:
        """Hear that a job, or a turn of delivering to a receiver, ended with an error."""
