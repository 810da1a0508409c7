"""
Reading one account: each source in turn, page by page, and its troubles one by one.

A source that fails waits longer each time; the others of the account go on. Whether people
must hear of it is the watcher's business.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.delivery import pause_after
from inboxd.durations import format_duration
from inboxd.errors import BudgetSpent, DatabaseError, InboxdError, RateLimited, UnexpectedPayload

if TYPE_CHECKING:
    from inboxd.connector import AccountSettings, Connector, Page, Source
    from inboxd.store import SourceState, Store, Stored
    from inboxd.workers.context import Context

log = structlog.get_logger(__name__)

_SAID_UNTIL_WHEN = {RateLimited.__name__, BudgetSpent.__name__}
_LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one round over an account brought."""

    new: int = 0
    failed: tuple[str, ...] = ()


class Poller:
    """One account's reading."""

    def __init__(self, connector: Connector, settings: AccountSettings, context: Context) -> None:
        self._connector = connector
        self._settings = settings
        self._pipeline = context.pipeline
        self._store = context.store
        self._clock = context.clock

    async def poll(self, *, impatient: bool = False) -> PollResult:
        """
        Read every source once; a failing one does not stop the next.

        A source that rests after a failure is left out. An *impatient* caller, who will not
        come back soon, has it read all the same, unless the network itself said until when.
        """
        new, failed = 0, []
        for source in self._connector.sources():
            state = await self._state(source)
            if self._rests(state, impatient=impatient):
                failed.append(source.name)
                continue
            found = await self._poll_source(source, state)
            if found is None:
                failed.append(source.name)
            new += found or 0
        return PollResult(new, tuple(failed))

    def _rests(self, state: SourceState, *, impatient: bool) -> bool:
        if state.retry_at is None or state.retry_at <= self._clock.now():
            return False
        return state.error_class in _SAID_UNTIL_WHEN or not impatient

    async def _state(self, source: Source) -> SourceState:
        account = self._settings.name
        return await self._store.run(lambda store: store.sources.get(account, source.name))

    async def _poll_source(self, source: Source, state: SourceState) -> int | None:
        """Read *source* to its end; returns how many messages are new, or None if it failed."""
        new = 0
        try:
            async for page in self._connector.poll(source.name, state.cursor):
                stored = await self._ingest(source, page, first=state.succeeded_at is None)
                new += len(stored.new)
        except DatabaseError:
            # Not the account's trouble, and there is no noting it now: the page comes again.
            raise
        except InboxdError as error:
            await self._failed(source, error)
            return None
        except Exception as error:
            # Our own bug must not stop the other sources.
            log.exception("poll crashed", account=self._settings.name, source=source.name)
            await self._failed(
                source, UnexpectedPayload(f"{type(error).__name__}: a bug in inboxd")
            )
            return None
        await self._succeeded(source, state, new)
        return new

    async def _ingest(self, source: Source, page: Page, *, first: bool) -> Stored:
        account, now = self._settings, self._clock.now()
        if page.note:
            log.warning("poll noted", account=account.name, source=source.name, note=page.note)
        return await self._store.run(
            lambda _: self._pipeline.ingest(
                account.name, account.network, source.name, page, now, first=first
            )
        )

    async def _succeeded(self, source: Source, before: SourceState, new: int) -> None:
        now, account = self._clock.now(), self._settings.name
        await self._store.run(lambda store: store.sources.succeeded(account, source.name, now))
        if before.failing_since:
            after = format_duration(now - before.failing_since)
            log.info("poll recovered", account=account, source=source.name, after=after, new=new)
        elif new:
            log.info("poll found", account=account, source=source.name, new=new)

    async def _failed(self, source: Source, error: InboxdError) -> None:
        state = await self._store.run(lambda store: self._record_failure(store, source, error))
        if state.failures > 1:
            return
        retry_in = format_duration((state.retry_at or self._clock.now()) - self._clock.now())
        log.warning(
            "poll failed",
            account=self._settings.name,
            source=source.name,
            error=type(error).__name__,
            text=str(error),
            retry_in=retry_in,
        )

    def _record_failure(self, store: Store, source: Source, error: InboxdError) -> SourceState:
        account, now = self._settings.name, self._clock.now()
        with store.transaction():
            failures = store.sources.get(account, source.name).failures
            pause = pause_after(error, failures, now, _LONGEST_PAUSE)
            # A time that the network named may be weeks away: a share of that would be days.
            apart = min(pause, _LONGEST_PAUSE) * spread(f"{account}/{source.name}")
            retry_at = now + pause + apart
            return store.sources.failed(account, source.name, now, error, retry_at)


def spread(name: str) -> float:
    """Return a share between 0 and 0.25, always the same for *name*, to keep things apart."""
    return hashlib.blake2s(name.encode(), digest_size=1).digest()[0] / 1024
