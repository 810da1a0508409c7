"""An account and a sink that do what their scripts say: for tests of the workers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inboxd.connector import (
    AccountCheck,
    AccountSettings,
    Allowance,
    Connector,
    Known,
    Ledger,
    OutgoingReply,
    Page,
    SendResult,
    Source,
)
from inboxd.model import Stream
from inboxd.notify import Delivery, Receipt, Sink
from inboxd.workers.account import Account
from tests.store.shop import answered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from inboxd.clock import ManualClock

STREAMS = (Stream.COMMENTS, Stream.DIRECT_MESSAGES)


class ScriptedSink(Sink):
    """A sink whose next outcomes are written down; what it is not told, it delivers."""

    def __init__(self, name: str, *, idempotent: bool = False) -> None:
        self.name = name
        self.idempotent = idempotent
        self.outcomes: list[Exception] = []
        self.found: Receipt | Exception | None = None
        self.heard: list[Delivery] = []
        self.asked: list[Delivery] = []

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Raise what is scripted next, or take the alert."""
        self.heard.append(delivery)
        if self.outcomes:
            raise self.outcomes.pop(0)
        return {"id": delivery.alerts[0].key}

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Return or raise what is scripted."""
        self.asked.append(delivery)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def told(self) -> list[str]:
        """Return the keys of all attempts."""
        return [delivery.alerts[0].key for delivery in self.heard]


class ScriptedConnector(Connector):
    """Two sources; each call takes what is written down next, or finds nothing amiss."""

    network = "vk"

    def __init__(
        self, settings: AccountSettings, clock: ManualClock, ledger: Ledger | None = None
    ) -> None:
        self.settings, self.clock, self.ledger = settings, clock, ledger or Ledger(clock)
        self.script: dict[str, list[list[Page | Exception]]] = {"comments": [], "messages": []}
        self.cursors: list[tuple[str, Mapping[str, Any] | None]] = []
        self.reads_back: dict[str, str] = {}
        self.takes = timedelta()
        """How long it takes until a page is there."""
        self.verifications: list[list[Page | Exception]] = []
        self.verified: list[Known] = []
        self.outcomes: list[Exception] = []
        self.sent: list[OutgoingReply] = []
        self.checks: list[AccountCheck | Exception] = []
        self.allowed: list[Allowance] = []
        self.closed = 0

    def sources(self) -> Sequence[Source]:
        """Return what the script has, in its order."""
        streams = frozenset(self.settings.streams)
        return [Source(name, streams, self.reads_back.get(name, "")) for name in self.script]

    async def poll(self, source: str, cursor: Mapping[str, Any] | None) -> AsyncIterator[Page]:
        """Do what is written down next, or find nothing."""
        self.cursors.append((source, cursor))
        script = self.script[source]
        for step in script.pop(0) if script else [Page(cursor or {"position": 0})]:
            if isinstance(step, Exception):
                raise step
            self.clock.advance(self.takes)
            yield step

    async def verify(self, known: Sequence[Known]) -> AsyncIterator[Page]:
        """Do what is written down next, or find everything as it was."""
        self.verified += known
        for step in self.verifications.pop(0) if self.verifications else []:
            if isinstance(step, Exception):
                raise step
            yield step

    async def send(self, reply: OutgoingReply) -> SendResult:
        """Raise what is scripted next, or take the reply."""
        self.sent.append(reply)
        if self.outcomes:
            raise self.outcomes.pop(0)
        message = answered(0, f"reply-{len(self.sent)}", reply.text, thread_id=reply.thread_id)
        return SendResult(replace(message, sent_at=self.clock.now()))

    async def check(self) -> AccountCheck:
        """Return or raise what is scripted next, or a shop without troubles."""
        found = self.checks.pop(0) if self.checks else AccountCheck("shop")
        if isinstance(found, Exception):
            raise found
        return found

    def allowances(self) -> Sequence[Allowance]:
        """Return what is scripted."""
        return self.allowed

    async def close(self) -> None:
        """Hold nothing."""
        self.closed += 1


def scripted_account(
    clock: ManualClock, patience: timedelta = timedelta(minutes=5), **settings: Any
) -> tuple[Account, ScriptedConnector]:
    """Return an account on *clock*, and its connector to write scripts for."""
    facts = {"name": "shop-vk", "network": "vk", "streams": STREAMS, **settings}
    described = AccountSettings(**facts)
    ledger = Ledger(clock)
    connector = ScriptedConnector(described, clock, ledger)
    return Account(described, connector, ledger, patience), connector
