"""What follows from a delivery that failed: in the outbox, and for those who must hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from inboxd.blotting import blotted
from inboxd.core.alerts.receivers import (
    left_out_alert,
    others,
    reaches_all_alert,
    undelivered_alert,
)
from inboxd.core.delivery import Fate
from inboxd.errors import OutcomeUnknown
from inboxd.notify import PartlyDelivered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.delivery import Outcome
    from inboxd.errors import InboxdError
    from inboxd.notify import Receipt
    from inboxd.store import OutboxItem, Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed, why, what is to become of it, and when that was."""

    item: OutboxItem
    error: InboxdError
    outcome: Outcome
    at: datetime


def record(store: Store, failure: Failure, fallback: str, alert_to: Sequence[str]) -> None:
    """
    Note a *failure*, and tell *alert_to* of it where that is its outcome.

    The sink *fallback*, "" for none, then tells what the other does not take.
    """
    item, outcome = failure.item, failure.outcome
    # It is told in alerts, and kept: also what a plugin of somebody else's says.
    text, reached = blotted(str(failure.error)), _reached_by(failure)
    with store.transaction():
        if outcome.fate is Fate.RETRY and outcome.retry_at:
            maybe_arrived = isinstance(failure.error, OutcomeUnknown)
            at = outcome.retry_at
            store.outbox.retry(item, at, text, uncertain=maybe_arrived, reached=reached)
        elif outcome.fate is Fate.DOUBT:
            store.outbox.doubt(item, text)
        elif reached:
            store.outbox.sent(item, reached, failure.at)
        else:
            store.outbox.refuse(item, text, failure.at)
        if outcome.tell and reached:
            record_left_out(store, item, reached, failure.at, alert_to)
        elif outcome.tell:
            _tell(store, failure, text, alert_to)
            _hand_over(store, failure, fallback)


def record_left_out(
    store: Store, item: OutboxItem, receipt: Receipt, now: datetime, alert_to: Sequence[str]
) -> None:
    """Tell whom a delivery has not reached for good: once, until there is nobody any more."""
    refused, since = receipt.get("refused"), store.outbox.leaving_out_since(item.receiver)
    if refused and not since:
        alert = left_out_alert(item.key, item.receiver, blotted(refused), now)
        store.outbox.add_alert(alert, alert_to)
    elif since and not refused:
        store.outbox.add_alert(reaches_all_alert(item.receiver, since, now), alert_to)


def _reached_by(failure: Failure) -> Receipt | None:
    if not isinstance(failure.error, PartlyDelivered):
        return None
    return failure.item.marked(failure.error.receipt)


def _tell(store: Store, failure: Failure, error: str, alert_to: Sequence[str]) -> None:
    """Say by the other sinks that a receiver takes nothing: once, until it does again."""
    item = failure.item
    if item.reply is None and store.outbox.refusing_since(item.receiver):
        return
    alert = undelivered_alert(item.key, item.receiver, error, failure.at, reply=bool(item.reply))
    store.outbox.add_alert(alert, others(alert_to, item.receiver))


def _hand_over(store: Store, failure: Failure, fallback: str) -> None:
    """Let another sink tell what this one does not take, if there is one for that."""
    item = failure.item
    if fallback and item.reply is None and store.outbox.hand_over(item, fallback, failure.at):
        log.warning("handed over", receiver=item.receiver, key=item.key, to=fallback)
