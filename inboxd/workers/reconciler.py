"""
Holds what is stored against what the networks still offer, and repairs the difference.

Every night, and on demand, an account's lists are read anew, whatever the cursors say, and
what is stored of the last days is looked up: so messages that were missed are found, and
edits and deletions that nobody told of. Messages of customers who wait are looked up more often.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from inboxd.connector import Ledger
from inboxd.errors import DatabaseError, InboxdError, Spared
from inboxd.pipeline import Origin
from inboxd.workers.account import Account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from inboxd.clock import Clock
    from inboxd.connector import AccountSettings, Connector, Known, Page
    from inboxd.store import Store, Stored
    from inboxd.workers.context import Context

    Connect = Callable[[AccountSettings, Clock, Ledger], Connector]

log = structlog.get_logger(__name__)

_VERIFY_EVERY = timedelta(hours=1)
_AT_ONCE = 500
"""How many stored messages are handed to a connector to be looked up in one go."""
VERIFYING = "verify"
"""The name under which pages that only look up what is stored are kept."""


@dataclass(frozen=True, slots=True)
class Repairs:
    """What a reconciliation of one account found, and which of its parts could not be read."""

    account: str
    read: int = 0
    missed: int = 0
    edited: int = 0
    deleted: int = 0
    restored: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the line that a person reads."""
        return (
            f"{self.account}: {self.missed} missed, {self.edited} edited, {self.deleted} deleted, "
            f"{self.restored} restored; {self.read} read"
        )

    def as_json(self) -> dict[str, object]:
        """Return it as `inboxd reconcile --json` prints it."""
        return asdict(self)

    def after(self, page: Page, stored: Stored) -> Repairs:
        """Return the sum with what storing one more page changed."""
        return replace(
            self,
            read=self.read + len(page.messages),
            missed=self.missed + len(stored.new),
            edited=self.edited + len(stored.edited),
            deleted=self.deleted + len(stored.deleted),
            restored=self.restored + len(stored.restored),
        )

    def without(self, part: str, error: Exception) -> Repairs:
        """Return the same, and that *part* could not be read."""
        return replace(self, failed={**self.failed, part: str(error)})


class Reconciler:
    """One account's reconciliation, with a connector of its own."""

    def __init__(self, settings: AccountSettings, connect: Connect, context: Context) -> None:
        self.settings = settings
        self._connect = connect
        self._context = context
        self._store = context.store

    async def reconcile(self, reach: timedelta) -> Repairs:
        """
        Read everything of the last *reach* anew and look up what is stored of it.

        Never further back than the account has been watched: what was written before is
        nobody's waiting customer. Raises nothing but DatabaseError: what fails is in the result.
        """
        since = await self._since(reach)
        now = self._context.clock.now()
        settings = self.settings.model_copy(update={"backfill": now - since})
        ledger = Ledger(self._context.clock)
        connector = self._connect(settings, self._context.clock, ledger)
        account = Account(settings, connector, ledger, settings.poll_every)
        repairs = Repairs(settings.name)
        try:
            await account.restore_ledger(self._context)
            for source in connector.sources():
                pages = connector.poll(source.name, None)
                old = await self._was_never_read(source.name)
                repairs = await self._take_in(account, source.name, pages, repairs, old=old)
            known = await self._store.run(lambda store: store.known.since(settings.name, since))
            for start in range(0, len(known), _AT_ONCE):
                pages = connector.verify(known[start : start + _AT_ONCE])
                repairs = await self._take_in(account, VERIFYING, pages, repairs)
        finally:
            await connector.close()
        await self._store.run(partial(self._record, now))
        return repairs

    async def _was_never_read(self, source: str) -> bool:
        """Tell whether a source has not been polled to its end yet: what it has is history."""
        account = self.settings.name
        state = await self._store.run(lambda store: store.sources.get(account, source))
        return state.succeeded_at is None

    async def _since(self, reach: timedelta) -> datetime:
        name, now = self.settings.name, self._context.clock.now()
        began = await self._store.run(lambda store: store.watched_since(name, now))
        earliest = now - reach
        return max(earliest, began) if began else earliest

    async def _take_in(
        self,
        account: Account,
        part: str,
        pages: AsyncIterator[Page],
        repairs: Repairs,
        *,
        old: bool = False,
    ) -> Repairs:
        try:
            async for page in pages:
                stored = await repair(self._context, account, part, page, old=old)
                repairs = repairs.after(page, stored)
        except DatabaseError:
            raise
        except Spared as error:
            log.info("not reconciled", account=self.settings.name, part=part, text=str(error))
        except InboxdError as error:
            repairs = repairs.without(part, error)
        except Exception as error:
            log.exception("reconciliation crashed", account=self.settings.name, part=part)
            repairs = repairs.without(part, error)
        return repairs

    def _record(self, at: datetime, store: Store) -> None:
        with store.transaction():
            store.remember(reconciled_at(self.settings), at.isoformat())


class Verifier:
    """Looks up, now and then, the messages that customers wait for an answer to."""

    def __init__(self, account: Account, context: Context) -> None:
        self._account = account
        self._context = context

    async def look(self) -> None:
        """Verify what waits, if it is time, in whichever process; a failure waits for the next."""
        now, name = self._context.clock.now(), self._account.name
        if not await self._context.store.run(lambda store: self._takes_its_turn(store, now)):
            return
        known = await self._context.store.run(lambda store: store.known.waiting(name))
        try:
            for start in range(0, len(known), _AT_ONCE):
                await self._verify(known[start : start + _AT_ONCE])
        except DatabaseError:
            raise
        except Spared as error:
            log.info("not verified", account=name, text=str(error))
        except InboxdError as error:
            log.warning("not verified", account=name, text=str(error))
        except Exception:
            log.exception("verification crashed", account=name)

    def _takes_its_turn(self, store: Store, now: datetime) -> bool:
        """Tell whether it is time; what has just been read for the first time has an hour."""
        key = f"verified:{self._account.name}"
        last = store.recall_time(key, now)
        if last and now - last < _VERIFY_EVERY:
            return False
        with store.transaction():
            store.remember(key, now.isoformat())
        return last is not None

    async def _verify(self, known: Sequence[Known]) -> None:
        async for page in self._account.connector.verify(known):
            await repair(self._context, self._account, VERIFYING, page)


async def repair(
    context: Context, account: Account, part: str, page: Page, *, old: bool = False
) -> Stored:
    """Store a page that was read beside the polls; nobody is alerted to what is *old*."""
    if page.note:
        log.info("repair noted", account=account.name, part=part, note=page.note)
    origin, used = Origin(account.name, account.settings.network, part), account.ledger.taken()
    now = context.clock.now()
    stored = await context.store.run(
        lambda _: context.pipeline.repair(origin, page, now, used=used, old=old)
    )
    context.observer.stored(account.name, stored.arrived, now, history=old)
    return stored


def reconciled_at(settings: AccountSettings) -> str:
    """Return the name under which it is remembered when an account was last reconciled."""
    return f"reconciled:{settings.name}"
