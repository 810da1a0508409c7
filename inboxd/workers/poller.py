"""
Reading one account: each source in turn, page by page, and its troubles one by one.

A source that fails waits longer each time; the others of the account go on. One that has much
to read gives way after its share of a round and goes on in the next, so that old work never
keeps new messages waiting. Whether people must hear of a trouble is the watcher's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from inboxd.clock import stopwatch
from inboxd.core.delivery import pause_after
from inboxd.durations import format_duration
from inboxd.errors import (
    BudgetSpent,
    DatabaseError,
    InboxdError,
    RateLimited,
    Spared,
    Unavailable,
    UnexpectedPayload,
    is_shortage,
)
from inboxd.observer import Read
from inboxd.pipeline import Origin
from inboxd.store import AccountFacts
from inboxd.workers.readings import LONGEST_PAUSE, Notes, Reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inboxd.connector import Page, Source
    from inboxd.store import SourceState, Stored
    from inboxd.workers.account import Account
    from inboxd.workers.context import Context

log = structlog.get_logger(__name__)

_SAID_UNTIL_WHEN = {RateLimited.__name__, BudgetSpent.__name__, Spared.__name__}
_LEAST_PAGES = 5
"""So many pages a source may always read before it gives way: most need no more."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """
    What one round over an account brought.

    *unfinished* are sources that gave way to the others and go on in the next round.
    """

    new: int = 0
    failed: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How far the reading of a source has come: messages so far, and back to when.

    *share* is how much of the backfill is behind it, from 0 to 1; a later read is one look.
    """

    account: str
    source: str
    messages: int
    reached: datetime | None
    share: float


class Poller:
    """One account's reading, which this process has done *since*."""

    def __init__(
        self,
        account: Account,
        context: Context,
        watch: Callable[[Progress], None] = lambda _: None,
        since: datetime | None = None,
    ) -> None:
        self._account = account
        self._connector = account.connector
        self._settings = account.settings
        self._ledger = account.ledger
        self._context = context
        self._store = context.store
        self._clock = context.clock
        self._observer = context.observer
        self._watch = watch
        self._notes = Notes(account, context, since or context.clock.now())
        self._readings: dict[str, Reading] = {}
        self._noted: dict[str, set[str]] = {}
        """What the last whole reading of each source noted: a post may be closed for a year."""

    def begin_anew(self) -> None:
        """Note that nothing has run until now: the machine slept, or could store nothing."""
        self._notes.since = self._clock.now()

    async def poll(self, *, impatient: bool = False) -> PollResult:
        """
        Read every source for its share of a round; a failing one does not stop the next.

        A source that rests after a failure is left out. An *impatient* caller, who will not
        come back soon, has it read all the same, unless the network itself said until when.
        """
        await self._account.restore_ledger(self._context)
        new, failed = 0, []
        for source in self._connector.sources():
            reading = self._readings.pop(source.name, None)
            if reading is None:
                state = await self._state(source)
                if self._rests(state, impatient=impatient):
                    if state.error_class != Spared.__name__:
                        failed.append(source.name)
                    continue
                reading = self._begun(source, state)
            before = reading.new
            if not await self._go_on(reading):
                failed.append(source.name)
            new += reading.new - before
        return PollResult(new, tuple(failed), tuple(self._readings))

    async def poll_to_the_end(self) -> PollResult:
        """Read every source once, in turns, until none is left that gave way to the others."""
        result = await self.poll(impatient=True)
        new, failed = result.new, list(result.failed)
        while self._readings:
            for name, reading in list(self._readings.items()):
                before = self._readings.pop(name).new
                if not await self._go_on(reading):
                    failed.append(name)
                new += reading.new - before
        return PollResult(new, tuple(failed))

    async def close(self) -> None:
        """Leave off what has begun; the cursors say where to go on."""
        readings, self._readings = self._readings, {}
        for reading in readings.values():
            await reading.pages.aclose()

    async def _state(self, source: Source) -> SourceState:
        account = self._settings.name
        return await self._store.run(lambda store: store.sources.get(account, source.name))

    def _begun(self, source: Source, state: SourceState) -> Reading:
        """Return a reading of *source* from where the last one ended."""
        pages = self._connector.poll(source.name, state.cursor)
        return Reading(source, self._origin(source), pages, state, self._clock.now())  # type: ignore[arg-type] # an async iterator made by yields is a generator

    def _rests(self, state: SourceState, *, impatient: bool) -> bool:
        now = self._clock.now()
        if state.retry_at is None or state.retry_at <= now:
            return False
        if state.polled_at and state.polled_at > now:
            # The clock was ahead then: its pause may last for a year.
            return False
        return state.error_class in _SAID_UNTIL_WHEN or not impatient

    async def _go_on(self, reading: Reading) -> bool:
        """Read on until the end, or until the source has had its share; False if it failed."""
        passed = stopwatch()
        how = await self._read(reading)
        self._observer.polled(self._settings.name, reading.source.name, how, passed())
        return how is not Read.FAILED

    async def _read(self, reading: Reading) -> Read:
        source = reading.source
        until = self._clock.now() + self._settings.poll_every / len(self._connector.sources())
        pages = 0
        try:
            async for page in reading.pages:
                reading.note(page, await self._ingest(reading, page))
                self._watch(self._progress(reading))
                pages += 1
                if pages >= _LEAST_PAGES and self._clock.now() > until:
                    self._readings[source.name] = reading
                    return Read.UNFINISHED
        except DatabaseError:
            # Not the account's trouble, and there is no noting it now: the page comes again.
            raise
        except Spared as error:
            await self._spared(source, error)
            return Read.SPARED
        except InboxdError as error:
            await self._failed(source, error)
            return Read.FAILED
        except Exception as error:
            if is_shortage(error):
                lack = str(error) or "not enough memory"
                await self._failed(
                    source, Unavailable(f"the machine is short of something: {lack}")
                )
                return Read.FAILED
            # Our own bug must not stop the other sources.
            log.exception("poll crashed", account=self._settings.name, source=source.name)
            await self._failed(
                source, UnexpectedPayload(f"{type(error).__name__}: a bug in inboxd")
            )
            return Read.FAILED
        finally:
            if self._readings.get(source.name) is not reading:
                await reading.pages.aclose()
        await self._succeeded(reading)
        return Read.COMPLETE

    def _progress(self, reading: Reading, *, done: bool = False) -> Progress:
        share = float(done)
        if not done and reading.reached and reading.first:
            share = min(1.0, (reading.begun_at - reading.reached) / self._settings.backfill)
        return Progress(
            self._settings.name, reading.source.name, reading.messages, reading.reached, share
        )

    async def _ingest(self, reading: Reading, page: Page) -> Stored:
        now, source = self._clock.now(), reading.source
        if page.note and page.note not in self._noted.get(source.name, ()):
            log.warning(
                "poll noted", account=self._settings.name, source=source.name, note=page.note
            )
        if page.lost:
            await self._store.run(lambda store: self._notes.lost(store, reading, page.lost, now))
        origin, used = reading.origin, self._ledger.taken()
        stored = await self._store.run(
            lambda _: self._context.pipeline.ingest(
                origin, page, now, first=reading.first, used=used
            )
        )
        self._observer.stored(origin.account, stored.arrived, now, history=reading.first)
        return stored

    def _origin(self, source: Source) -> Origin:
        backed = {
            each.name: each.streams
            for each in self._connector.sources()
            if each.reads_back == source.name
        }
        account = self._settings
        return Origin(account.name, account.network, source.name, source.reads_back, backed)

    async def _succeeded(self, reading: Reading) -> None:
        before, source = reading.before, reading.source.name
        self._noted[source] = reading.notes
        facts = self._facts()
        await self._store.run(lambda store: self._notes.succeeded(store, reading, facts))
        self._watch(self._progress(reading, done=True))
        if before.failing_since:
            after = format_duration(self._clock.now() - before.failing_since)
            log.info(
                "poll recovered",
                account=self._settings.name,
                source=source,
                after=after,
                new=reading.new,
            )
        elif reading.new:
            log.info("poll found", account=self._settings.name, source=source, new=reading.new)

    def _facts(self) -> AccountFacts:
        """Return what others cannot know; asked where the connector lives, which may go on counting."""
        sources = tuple(source.name for source in self._connector.sources())
        return AccountFacts(sources, self._account.patience, tuple(self._connector.allowances()))

    async def _spared(self, source: Source, error: Spared) -> None:
        account, now = self._settings.name, self._clock.now()
        retry_at = now + pause_after(error, 0, now, LONGEST_PAUSE)
        log.debug("poll spared", account=account, source=source.name, text=str(error))
        await self._store.run(
            lambda store: store.sources.spared(account, source.name, now, error, retry_at)
        )

    async def _failed(self, source: Source, error: InboxdError) -> None:
        self._observer.poll_failed(self._settings.name, source.name, error)
        facts = self._facts()
        state = await self._store.run(lambda store: self._notes.failed(store, source, error, facts))
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
