"""
What is counted and measured, as Prometheus reads it.

Counters live in the process and begin anew with it. Gauges of customers, deliveries and reading
are the database's, and a process without a daemon tells them as well. Labels are names of the
configuration and words of the program's own: never a customer.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from inboxd import __version__
from inboxd.metrics.counts import Counts
from inboxd.metrics.families import Families

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.store.gauges import Gauges

# A time of creation for each counter would double what is scraped, and nothing here asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """Everything that one process tells; to be kept while configurations come and go."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        _build_info(registry)
        self.counts = Counts(registry)
        self._families = Families()
        registry.register(self._families)
        self._ready = Gauge(
            "inboxd_ready", "1 while /readyz says that nothing is wrong, else 0.", registry=registry
        )
        self._readable = Gauge(
            "inboxd_database_readable",
            "1 if what the database tells could be read for this answer, else 0: it is missing then.",
            registry=registry,
        )
        self._ticked_at = Gauge(
            "inboxd_last_tick_timestamp_seconds",
            "When the tick last came round; 0 if it never did.",
            registry=registry,
        )
        self._reloaded = Gauge(
            "inboxd_config_last_reload_successful",
            "1 if the file was taken over when it was last read, 0 if an older one is in force.",
            registry=registry,
        )
        self._reloaded_at = Gauge(
            "inboxd_config_last_reload_success_timestamp_seconds",
            "When a configuration was last taken over.",
            registry=registry,
        )

    def reloaded(self, at: datetime) -> None:
        """Note that a configuration was taken over, the first one among them."""
        self._reloaded.set(1)
        self._reloaded_at.set(at.timestamp())

    def reload_refused(self) -> None:
        """Note that the file could not be taken over, and an older one stays in force."""
        self._reloaded.set(0)

    def text(self, gauges: Gauges | None, ticked_at: datetime | None, *, ready: bool) -> bytes:
        """Return everything; without *gauges*, which could not be read, what the process knows."""
        self._ready.set(ready)
        self._readable.set(gauges is not None)
        self._ticked_at.set(ticked_at.timestamp() if ticked_at else 0)
        self._families.show(gauges)
        return generate_latest(self._registry)


def text_of(gauges: Gauges) -> str:
    """Return what the database tells, for a process without a daemon."""
    registry = CollectorRegistry()
    _build_info(registry)
    families = Families()
    families.show(gauges)
    registry.register(families)
    return generate_latest(registry).decode()


def _build_info(registry: CollectorRegistry) -> None:
    info = Gauge(
        "inboxd_build_info",
        "Which version it is; always 1.",
        ["version", "python"],
        registry=registry,
    )
    info.labels(__version__, platform.python_version()).set(1)
