"""What a process counts while it works."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram

from inboxd.core.delivery import Fate
from inboxd.model import Direction
from inboxd.observer import DELIVERED, Observer, Read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from prometheus_client import CollectorRegistry

    from inboxd.config import Settings
    from inboxd.model import Message

_POLL = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_TICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LAG = (1, 5, 15, 30, 60, 120, 300, 900, 3_600, 14_400, 86_400)


class Counts(Observer):
    """
    The counters and histograms, told by the workers.

    What a label can be is there from the beginning, as 0: of a counter that appears with its
    first count, Prometheus does not see that it rose.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._polls = Counter(
            "inboxd_polls",
            "Turns of reading a source, by how they ended.",
            ["account", "source", "outcome"],
            registry=registry,
        )
        self._poll_errors = Counter(
            "inboxd_poll_errors",
            "Turns of reading a source that failed, by the class of the error.",
            ["account", "source", "error"],
            registry=registry,
        )
        self._poll_duration = Histogram(
            "inboxd_poll_duration_seconds",
            "How long a turn of reading a source took.",
            ["account"],
            buckets=_POLL,
            registry=registry,
        )
        self._messages = Counter(
            "inboxd_messages",
            "Messages stored for the first time, with the history that a first read brings.",
            ["account", "stream", "direction"],
            registry=registry,
        )
        self._lag = Histogram(
            "inboxd_message_lag_seconds",
            "From when the network says that a customer's message was sent until it was seen; "
            "without the history that a first read brings.",
            ["account"],
            buckets=_LAG,
            registry=registry,
        )
        self._alerts = Counter(
            "inboxd_alerts",
            "Attempts to deliver a message with alerts, by what became of them.",
            ["sink", "outcome"],
            registry=registry,
        )
        self._replies = Counter(
            "inboxd_replies",
            "Attempts to deliver a reply to a customer, by what became of them.",
            ["account", "outcome"],
            registry=registry,
        )
        self._breaches = Counter(
            "inboxd_breaches",
            "Due times that passed without an answer, seen since the first scrape.",
            ["account"],
            registry=registry,
        )
        self._work_errors = Counter(
            "inboxd_work_errors",
            "Jobs, and turns of delivering to a receiver, that ended with an error, by its class.",
            ["work", "error"],
            registry=registry,
        )
        self._tick_duration = Histogram(
            "inboxd_tick_duration_seconds",
            "How long it took to judge, to escalate and to begin what is to be delivered.",
            buckets=_TICK,
            registry=registry,
        )

    def expect(self, settings: Settings) -> None:
        """Begin to count, at 0, what can happen under *settings*."""
        for account in settings.accounts:
            self._poll_duration.labels(account.name)
            self._lag.labels(account.name)
            self._breaches.labels(account.name)
            for stream in account.streams:
                for direction in Direction:
                    self._messages.labels(account.name, stream, direction)
        for outcome in (DELIVERED, *Fate):
            for sink in settings.sinks:
                self._alerts.labels(sink.name, outcome)
            for account in settings.accounts:
                self._replies.labels(account.name, outcome)

    def polled(self, account: str, source: str, how: Read, took: timedelta) -> None:
        """Count a turn of reading a source."""
        for outcome in Read:
            self._polls.labels(account, source, outcome).inc(outcome is how)
        self._poll_duration.labels(account).observe(took.total_seconds())

    def poll_failed(self, account: str, source: str, error: Exception) -> None:
        """Count why a source could not be read."""
        self._poll_errors.labels(account, source, type(error).__name__).inc()

    def stored(
        self, account: str, messages: Iterable[Message], seen_at: datetime, *, history: bool
    ) -> None:
        """Count messages that were not known before, and measure how late customers' are seen."""
        for message in messages:
            self._messages.labels(account, message.stream, message.direction).inc()
            if message.direction is Direction.INBOUND and not history:
                # The network's clock may be ahead of ours.
                lag = max(seen_at - message.sent_at, timedelta())
                self._lag.labels(account).observe(lag.total_seconds())

    def tried(self, receiver: str, outcome: str, *, reply: bool) -> None:
        """Count an attempt to deliver."""
        (self._replies if reply else self._alerts).labels(receiver, outcome).inc()

    def ticked(self, took: timedelta) -> None:
        """Measure a tick."""
        self._tick_duration.observe(took.total_seconds())

    def work_failed(self, work: str, error: BaseException) -> None:
        """Count a job that ended with an error."""
        self._work_errors.labels(work, type(error).__name__).inc()

    def breached(self, account: str, count: int) -> None:
        """Count due times that passed without an answer."""
        self._breaches.labels(account).inc(count)
