"""How the accounts are read, as the database tells, and what their networks say of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from inboxd import findings, plugins
from inboxd.connector import Ledger
from inboxd.doctor.guarding import failure, looked_at
from inboxd.errors import InboxdError, NetworkError
from inboxd.findings import Code, Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.config import Settings
    from inboxd.connector import AccountCheck, AccountSettings, Connector, LedgerEntries
    from inboxd.store import Store

_SOON = timedelta(days=14)
_A_CALL_LASTS = timedelta(seconds=8)
"""The longest that one call may take here, however long the daemon waits: somebody looks on."""


def reading(settings: Settings, store: Store, clock: Clock) -> Iterator[Finding]:
    """Yield how each account is read, and the gaps of the last week."""
    for account in settings.accounts:
        look = partial(_sources, account, settings, store, clock)
        yield from looked_at(account.name, look)
    yield from findings.gaps(store, clock.now())
    yield from findings.quarantine(store)


def _sources(
    account: AccountSettings, settings: Settings, store: Store, clock: Clock
) -> Iterator[Finding]:
    patience = account.poll_every * settings.general.blind_after
    try:
        served = {source.name for source in plugins.connect(account, clock).sources()}
    except InboxdError as error:
        todo = "install inboxd anew: a part of it, or of what it needs, is missing"
        yield Finding(Code.ACCOUNT_BROKEN, account.name, str(error), todo)
        return
    # A stream that was given up since is not read for good reason.
    states = [each for each in store.sources.all(account.name) if each.source in served]
    if not states:
        yield Finding(Code.ACCOUNT_NEW, account.name, "has never been read")
    for state in states:
        yield findings.source(state, patience, clock.now())


def allowances(
    account: AccountSettings, entries: LedgerEntries | None, clock: Clock
) -> Iterator[Finding]:
    """Yield how much of what its network counts an account has used."""
    connector = plugins.connect(account, clock, _ledger(entries, clock))
    for each in connector.allowances():
        yield findings.allowance(account.name, each)


async def ask(
    account: AccountSettings, entries: LedgerEntries | None, clock: Clock
) -> tuple[list[Finding], LedgerEntries]:
    """Return what the network says of an account, and what it cost to ask."""
    ledger = _ledger(entries, clock)
    longest = min(account.timeout, _A_CALL_LASTS)
    async with _connected(account.model_copy(update={"timeout": longest}), clock, ledger) as asked:
        try:
            found = list(_told(account.name, await asked.check(), clock.now()))
        except InboxdError as error:
            text = f"{type(error).__name__}: {error}"
            busy = isinstance(error, NetworkError)
            todo = "try again; how its host is stands under Network" if busy else ""
            found = [Finding(Code.ACCOUNT_CHECK_FAILED, account.name, text, todo)]
        except Exception as error:  # noqa: BLE001 - what it cost is to be kept even so
            found = [failure(account.name, error)]
    return found, ledger.taken()


def _told(account: str, check: AccountCheck, now: datetime) -> Iterator[Finding]:
    yield Finding(Code.ACCOUNT_IDENTITY, account, check.identity)
    if check.expires_at is None and check.renewal:
        yield Finding(Code.ACCOUNT_TOKEN, f"{account} token", check.renewal)
    elif check.expires_at is not None:
        text = f"ends {check.expires_at:%Y-%m-%d %H:%M}Z"
        if check.expires_at - now <= _SOON:
            yield Finding(Code.ACCOUNT_TOKEN_ENDS, f"{account} token", text, check.renewal)
        else:
            yield Finding(Code.ACCOUNT_TOKEN, f"{account} token", text)
    for stream in check.streams:
        code = Code.ACCOUNT_STREAM if stream.ok else Code.ACCOUNT_STREAM_CLOSED
        state = "can be read" if stream.ok else "cannot be read"
        text = f"{state}: {stream.text}" if stream.text else state
        yield Finding(code, f"{account} {stream.stream}", text)


def _ledger(entries: LedgerEntries | None, clock: Clock) -> Ledger:
    ledger = Ledger(clock)
    if entries:
        ledger.restored(entries)
    return ledger


@asynccontextmanager
async def _connected(
    account: AccountSettings, clock: Clock, ledger: Ledger
) -> AsyncIterator[Connector]:
    connector = plugins.connect(account, clock, ledger)
    try:
        yield connector
    finally:
        await connector.close()
