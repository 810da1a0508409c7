"""Tells people of a configuration that is refused, once, and when one is accepted again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from inboxd.core.alerts.program import config_accepted_alert, config_refused_alert
from inboxd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.store import Store


_TOLD_AT, _TOLD = "config_refused_at", "config_refused"


def problems_in(error: Exception) -> tuple[str, ...]:
    """Return, in words, each thing that keeps a configuration from being taken over."""
    if isinstance(error, ConfigError):
        return tuple(str(problem) for problem in error.problems)
    return (str(error) or type(error).__name__,)


def refuse(problems: Sequence[str], store: Store, alert_to: Sequence[str], now: datetime) -> None:
    """Queue the alert about *problems*, unless these are what people have heard of already."""
    digest = hashlib.sha256("\n".join(problems).encode(errors="replace")).hexdigest()
    if store.recall(_TOLD) == digest:
        return
    with store.transaction():
        store.outbox.add_alert(config_refused_alert(problems, now), alert_to)
        if store.recall(_TOLD) is None:
            store.remember(_TOLD_AT, now.isoformat())
        store.remember(_TOLD, digest)


def accept(store: Store, alert_to: Sequence[str], now: datetime) -> None:
    """Queue the notice that all is well again, if people heard of a refusal."""
    if store.recall(_TOLD) is None:
        return
    since = store.recall_time(_TOLD_AT, now) or now
    with store.transaction():
        store.outbox.add_alert(config_accepted_alert(since, now), alert_to)
        store.forget(_TOLD)
        store.forget(_TOLD_AT)
