"""A reading of one source, and what is noted of it: that it came to its end, failed, or left a gap."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.blotting import blotted
from inboxd.core.alerts.accounts import lost_alert
from inboxd.core.delivery import pause_after
from inboxd.errors import UnexpectedPayload
from inboxd.model import Unknown
from inboxd.store.coverage import NOT_RUNNING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from datetime import datetime

    from inboxd.connector import Page, Source
    from inboxd.errors import InboxdError
    from inboxd.pipeline import Origin
    from inboxd.store import AccountFacts, SourceState, Store, Stored
    from inboxd.workers.account import Account
    from inboxd.workers.context import Context

LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(slots=True)
class Reading:
    """A reading of one source that has begun, and may be taken up again in the next round."""

    source: Source
    origin: Origin
    pages: AsyncGenerator[Page, None]
    before: SourceState
    begun_at: datetime
    messages: int = 0
    new: int = 0
    reached: datetime | None = None
    restarted: bool = False
    notes: set[str] = field(default_factory=set)

    @property
    def first(self) -> bool:
        """Whether the source had never been read to its end: what it brings is history."""
        return self.before.succeeded_at is None

    def note(self, page: Page, stored: Stored) -> None:
        """Count what a page brought."""
        self.messages += len(page.messages)
        self.new += len(stored.new)
        self.restarted = self.restarted or page.restarted
        self.notes.add(page.note)
        times = [message.sent_at for message in page.messages]
        self.reached = min(filter(None, [*times, self.reached]), default=None)


class Notes:
    """Writes down how the readings of an account went, which this process has done *since*."""

    def __init__(self, account: Account, context: Context, since: datetime) -> None:
        self._account = account
        self._clock = context.clock
        self._alert_to = context.alert_to
        self.since = since

    def lost(self, store: Store, reading: Reading, what: str, now: datetime) -> None:
        """Note *what* a network does not give any more, and tell people."""
        account, source = self._account.name, reading.source.name
        since = reading.before.succeeded_at or reading.begun_at
        with store.transaction():
            store.coverage.lose(account, source, since, now, what)
            alert = lost_alert(account, source, since, what, now)
            store.outbox.add_alert(alert, self._alert_to)

    def succeeded(self, store: Store, reading: Reading, facts: AccountFacts) -> None:
        """Note a complete read, and the gap that it ends where the last one is too long ago."""
        account, source, now = self._account.name, reading.source.name, self._clock.now()
        since = reading.before.succeeded_at
        blind = since is not None and now - since > self._account.patience
        with store.transaction():
            if since is not None and blind:
                store.coverage.begin(account, source, since, self._why_unread(reading.before))
            store.coverage.end(account, source, now, reading.new)
            # What a reading brings that began before is not what it failed to deliver.
            anew = reading.begun_at if blind or reading.first or reading.restarted else None
            store.sources.succeeded(account, source, now, reading_since=anew)
            store.ledger.add(account, self._account.ledger.taken())
            store.accounts.keep(account, facts)

    def _why_unread(self, before: SourceState) -> str:
        if before.error_class:
            return before.error_class
        ran = before.succeeded_at is not None and before.succeeded_at >= self.since
        return "slow" if ran else NOT_RUNNING

    def failed(
        self, store: Store, source: Source, error: InboxdError, facts: AccountFacts
    ) -> SourceState:
        """Note a read that failed, and when to try again; returns how the source stands."""
        account, now = self._account.name, self._clock.now()
        with store.transaction():
            failures = store.sources.get(account, source.name).failures
            pause = pause_after(error, failures, now, LONGEST_PAUSE)
            # A time that the network named may be weeks away: a share of that would be days.
            apart = min(pause, LONGEST_PAUSE) * _spread(f"{account}/{source.name}")
            store.quarantine.add(account, source.name, _unreadable(source.name, error), now)
            store.ledger.add(account, self._account.ledger.taken())
            store.accounts.keep(account, facts)
            return store.sources.failed(account, source.name, now, error, now + pause + apart)


def _unreadable(source: str, error: Exception) -> list[Unknown]:
    """Return the answer that *error* could make nothing of, to be kept; the same one once."""
    raw = error.raw if isinstance(error, UnexpectedPayload) else None
    if raw is None:
        return []
    whole: Mapping[str, object] = raw if isinstance(raw, dict) else {"value": raw}
    # A connector leaves its secrets out; somebody else's may not.
    text = blotted(json.dumps(whole, sort_keys=True, default=str))
    name = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return [Unknown(f"answer:{name}", f"{source}:answer", json.loads(text), blotted(str(error)))]


def _spread(name: str) -> float:
    """Return a share between 0 and 0.25, always the same for *name*, to keep things apart."""
    return hashlib.blake2s(name.encode(), digest_size=1).digest()[0] / 1024
