"""
Delivering what is in the outbox: alerts to sinks, replies to networks.

Each receiver is served on its own, so that a slow or broken one holds up nobody else. A row is
claimed before anything leaves the house and settled afterwards; what a crash leaves claimed
is looked for at the receiver before it is sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.receivers import delivers_again_alert, others
from inboxd.core.alerts.reports import REPORT
from inboxd.core.delivery import (
    GIVE_UP_AFTER,
    TELL_AT_ATTEMPT,
    Fate,
    Outcome,
    after_doubt,
    after_failure,
    after_looking,
    pause_after,
)
from inboxd.errors import (
    DatabaseError,
    InboxdError,
    NetworkError,
    OutcomeUnknown,
    SendRefused,
    SinkRefused,
    Unavailable,
)
from inboxd.notify import Attachment, Delivery
from inboxd.observer import DELIVERED
from inboxd.workers.sparing import let_through
from inboxd.workers.undelivered import Failure, record, record_left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inboxd.core.restraint import Restraint
    from inboxd.core.spikes import SpikeStanding
    from inboxd.model import Standing
    from inboxd.notify import Receipt, Sink
    from inboxd.store import OutboxItem, Store
    from inboxd.workers.account import Account
    from inboxd.workers.context import Context

log = structlog.get_logger(__name__)

_KEYS_LAST = timedelta(minutes=30)
"""How long a network can be trusted to recognise a repeated send (VK: about an hour)."""
_CLOCK_SKEW = timedelta(minutes=2)
"""How far a network's clock may be behind ours when we look for our own reply."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What a sink is spared, and which one tells what it does not take."""

    restraint: Restraint | None = None
    fallback: str = ""


_NONE = Handling()


def _attached_to(store: Store, item: OutboxItem) -> tuple[Attachment, ...]:
    """Return the pages of the reports that *item* tells of."""
    keys = [alert.key for alert in item.alerts if alert.reason == REPORT]
    return tuple(
        Attachment(each.filename, "text/html", each.html.encode())
        for each in (store.reports.told_by(keys) if keys else ())
    )


def _thread_of(
    store: Store, item: OutboxItem, now: datetime, sink: Sink
) -> tuple[Receipt | None, tuple[Standing, ...], SpikeStanding | None]:
    """Return what *item* goes below, and how it stands there; nothing if that is several."""
    if item.is_mixed:
        return None, (), None
    thread = item.alerts[0].thread
    head = store.outbox.head(item, continues=sink.continues)
    return head, tuple(store.gatherings.told(thread)), store.spikes.standing_in(thread, now)


class Sender:
    """Works through the outbox."""

    def __init__(
        self,
        sinks: Mapping[str, Sink],
        accounts: Mapping[str, Account],
        context: Context,
        handling: Mapping[str, Handling] = MappingProxyType({}),
    ) -> None:
        self._sinks = sinks
        self._handling = handling
        self._accounts = accounts
        self._context = context
        self._store = context.store
        self._resting: dict[str, datetime] = {}

    @property
    def receivers(self) -> list[str]:
        """Return everybody who can be sent something."""
        return [*self._sinks, *self._accounts]

    async def recover(self) -> int:
        """Take over what a dead daemon was sending; returns how many rows that were."""
        return await self._store.run(lambda store: store.outbox.abandon_claims())

    async def drain(self, receiver: str, get_on: Callable[[], None] = lambda: None) -> None:
        """
        Settle what is unsure at *receiver*, and deliver to it everything that is due.

        It calls *get_on* before each attempt.

        Only one may do so at a time: a claim that is there already was left behind when the
        database could not be written.
        """
        await self._store.run(lambda store: store.outbox.abandon_claims(receiver))
        for item in await self._store.run(lambda store: store.outbox.unsure(receiver)):
            if not self._rests(receiver):
                get_on()
                await self._settle(item)
        while not self._rests(receiver) and (due := await self._due(receiver)):
            for item in due:
                if not self._rests(receiver):
                    get_on()
                    await self._deliver(item)

    async def _due(self, receiver: str) -> list[OutboxItem]:
        now = self._context.clock.now()
        restraint = self._handling.get(receiver, _NONE).restraint
        return await self._store.run(lambda store: let_through(store, receiver, restraint, now))

    def _rests(self, receiver: str) -> bool:
        until = self._resting.get(receiver)
        return until is not None and until > self._context.clock.now()

    async def _deliver(self, item: OutboxItem) -> None:
        now = self._context.clock.now()
        claimed = await self._store.run(lambda store: store.outbox.claim(item, now))
        if claimed is None:
            return
        item = claimed
        try:
            if item.reply:
                await self._send_reply(item)
            else:
                await self._send_alerts(item)
        except DatabaseError:
            # It may have left, and that cannot be noted now: the next drain looks for it.
            raise
        except InboxdError as error:
            await self._failed(item, error)
        except Exception as error:
            # Our own bug must not stop the other deliveries, nor repeat this one blindly.
            log.exception("delivery crashed", receiver=item.receiver, key=item.key)
            await self._failed(item, OutcomeUnknown(f"{type(error).__name__}: a bug in inboxd"))

    async def _send_alerts(self, item: OutboxItem) -> None:
        sink, delivery = await self._prepared(item)
        await self._delivered(item, await sink.deliver(delivery))

    async def _prepared(self, item: OutboxItem) -> tuple[Sink, Delivery]:
        sink = self._sinks.get(item.receiver)
        if sink is None or not item.alerts:
            raise SendRefused(f"there is no sink named {item.receiver} in the configuration")
        now = self._context.clock.now()
        head, told, spike = await self._store.run(lambda store: _thread_of(store, item, now, sink))
        attached = await self._store.run(lambda store: _attached_to(store, item))
        # Where people cannot see a repeat there is nothing to admit.
        uncertain = item.uncertain and not sink.idempotent
        return sink, Delivery(
            alerts=item.alerts,
            head=head,
            attempt=item.attempts,
            uncertain=uncertain,
            key=item.key,
            standings=told,
            held=item.held,
            instead_of=item.instead_of,
            spike=spike,
            origin=self._context.origin,
            attachments=attached,
            reached=item.reached,
        )

    async def _delivered(self, item: OutboxItem, receipt: Receipt) -> None:
        now = self._context.clock.now()
        await self._store.run(lambda store: self._record_delivery(store, item, receipt, now))
        self._observe(item, DELIVERED)
        log.info("alert delivered", sink=item.receiver, key=item.key, attempt=item.attempts)

    def _record_delivery(
        self, store: Store, item: OutboxItem, receipt: Receipt, now: datetime
    ) -> None:
        with store.transaction():
            store.outbox.sent(item, item.marked(receipt), now)
            store.refreshes.catch_up(item, now)
            record_left_out(store, item, receipt, now, self._context.alert_to)
            if since := store.outbox.refusing_since(item.receiver):
                alert = delivers_again_alert(item.receiver, since, now)
                store.outbox.add_alert(alert, others(self._context.alert_to, item.receiver))
                store.outbox.resume(item.receiver, now)

    async def _send_reply(self, item: OutboxItem) -> None:
        if item.receiver not in self._accounts or item.reply is None:
            raise SendRefused(f"there is no account named {item.receiver} in the configuration")
        if item.uncertain and not self._idempotent(item):
            raise OutcomeUnknown(
                "an earlier attempt may have arrived, and the network would not know it again"
            )
        account = self._accounts[item.receiver]
        result = await account.connector.send(item.reply)
        now = self._context.clock.now()
        stored = await self._store.run(
            lambda _: self._context.pipeline.reply_sent(
                item, account.name, account.settings.network, result.message, now
            )
        )
        self._context.observer.stored(account.name, stored.arrived, now, history=False)
        self._observe(item, DELIVERED)
        log.info("reply sent", account=item.receiver, case=item.case_id, attempt=item.attempts)

    async def _failed(self, item: OutboxItem, error: InboxdError) -> None:
        now = self._context.clock.now()
        outcome = after_failure(
            error,
            item.attempts,
            item.created_at,
            now,
            idempotent=self._idempotent(item),
            tries=1 if item.reply else TELL_AT_ATTEMPT,
            doubts=None if item.reply else item.doubts,
            in_doubt=item.reply is not None and item.uncertain,
        )
        if outcome.rest and outcome.retry_at:
            self._resting[item.receiver] = outcome.retry_at
        await self._record(item, error, outcome)
        self._note(item, error, outcome)

    async def _record(self, item: OutboxItem, error: InboxdError, outcome: Outcome) -> None:
        now = self._context.clock.now()
        fallback = self._handling.get(item.receiver, _NONE).fallback
        failure = Failure(item, error, outcome, now)
        to = self._context.alert_to
        await self._store.run(lambda store: record(store, failure, fallback, to))

    def _note(self, item: OutboxItem, error: InboxdError, outcome: Outcome) -> None:
        self._observe(item, outcome.fate)
        log.warning(
            "delivery failed",
            receiver=item.receiver,
            key=item.key,
            error=type(error).__name__,
            text=str(error),
            then=outcome.fate,
        )

    def _observe(self, item: OutboxItem, outcome: str) -> None:
        self._context.observer.tried(item.receiver, outcome, reply=item.reply is not None)

    def _idempotent(self, item: OutboxItem) -> bool:
        if item.reply:
            account = self._accounts.get(item.receiver)
            fresh = self._context.clock.now() - item.created_at < _KEYS_LAST
            return account is not None and account.connector.idempotent_sends and fresh
        sink = self._sinks.get(item.receiver)
        return sink is not None and sink.idempotent

    async def _settle(self, item: OutboxItem) -> None:
        """Find out whether an unsure delivery arrived, and send it again only if it did not."""
        now = self._context.clock.now()
        if not item.reply and self._idempotent(item):
            await self._repeat(item, now)
        elif self._idempotent(item) and not item.error:
            await self._store.run(lambda store: store.outbox.retry(item, now, uncertain=True))
        elif item.reply:
            await self._settle_reply(item)
        else:
            await self._settle_alert(item, now)

    async def _settle_alert(self, item: OutboxItem, now: datetime) -> None:
        try:
            sink, delivery = await self._prepared(item)
            receipt = await sink.find(delivery)
        except NetworkError as error:
            self._resting[item.receiver] = now + pause_after(error, item.attempts, now)
            outcome = after_looking(error, item.claimed_at or now, now)
            await self._record(item, error, outcome)
            if outcome.fate is Fate.REFUSE:
                self._note(item, error, outcome)
            return
        except DatabaseError:
            raise
        except InboxdError:
            await self._repeat(item, now)
            return
        except Exception:
            # Our own bug must not hold up what else is meant for this receiver.
            log.exception("looking crashed", receiver=item.receiver, key=item.key)
            await self._repeat(item, now)
            return
        if receipt is not None:
            await self._delivered(item, receipt)
        elif item.error:
            absent = Unavailable(f"{item.error}; it is not there")
            await self._failed(replace(item, attempts=item.attempts - 1), absent)
        else:
            # A crash has interrupted it: nobody is in trouble who would need a pause.
            await self._store.run(lambda store: store.outbox.retry(item, now))

    async def _repeat(self, item: OutboxItem, now: datetime) -> None:
        """Send again what nobody can tell of: a notice that admits it is better than none at all."""
        outcome = after_doubt(item.doubts, now)
        why = f" ({item.error})" if item.error else ""
        unheard = f"its answers are lost, and nobody can tell whether alerts arrive{why}"
        if outcome.fate is Fate.REFUSE:
            await self._failed(item, SinkRefused(unheard))
            return
        if not item.error:
            # What a crash has interrupted needs no pause: the receiver is in no trouble.
            outcome = replace(outcome, retry_at=now)
        await self._record(item, OutcomeUnknown(unheard if outcome.tell else item.error), outcome)

    async def _settle_reply(self, item: OutboxItem) -> None:
        """A public reply is never sent twice: either it is seen by a poll, or a person decides."""
        reply, sent_at = item.reply, item.claimed_at or item.created_at
        if reply is None:
            return
        found = await self._store.run(
            lambda store: store.views.answered_since(
                item.receiver, reply.thread_id, reply.text, item.created_at - _CLOCK_SKEW
            )
        )
        now = self._context.clock.now()
        if found:
            await self._store.run(lambda store: store.outbox.sent(item, {"remote_id": found}, now))
            self._observe(item, DELIVERED)
            log.info("reply found", account=item.receiver, case=item.case_id)
        elif now - sent_at >= GIVE_UP_AFTER or await self._read_since(
            item.receiver, sent_at + _CLOCK_SKEW
        ):
            why = f" ({item.error})" if item.error else ""
            unseen = SendRefused(
                f"the network's answer was lost and the reply has not appeared since{why}; "
                "look at the conversation, and send it again if it is not there"
            )
            given_up = Outcome(Fate.REFUSE, tell=True)
            await self._record(item, unseen, given_up)
            self._note(item, unseen, given_up)

    async def _read_since(self, account: str, instant: datetime) -> bool:
        """Tell whether every source of *account* has been read to its end after *instant*."""
        if account not in self._accounts:
            return False
        connector = self._accounts[account].connector
        states = await self._store.run(lambda store: store.sources.all(account))
        reads = {state.source: state.succeeded_at for state in states}
        return all(
            (read := reads.get(source.name)) is not None and read > instant
            for source in connector.sources()
        )
