"""What every worker works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inboxd.observer import Observer

if TYPE_CHECKING:
    from inboxd.clock import Clock
    from inboxd.pipeline import Pipeline
    from inboxd.workers.storethread import StoreThread


@dataclass(frozen=True, slots=True)
class Context:
    """The store, what writes to it, the time, who hears of inboxd's own troubles, and who counts."""

    store: StoreThread
    pipeline: Pipeline
    clock: Clock
    alert_to: tuple[str, ...]
    observer: Observer = field(default_factory=Observer)
    origin: str = ""
    """Which inboxd it is, for those who hear of its troubles."""
