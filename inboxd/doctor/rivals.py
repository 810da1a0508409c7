"""How watched accounts are read, as the database tells, and what their networks say of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd import findings, plugins
from inboxd.config.watching import lends
from inboxd.connector import Ledger
from inboxd.core.text import one_line
from inboxd.errors import InboxdError
from inboxd.findings import Code, Finding
from inboxd.store.rivals import payer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inboxd.clock import Clock
    from inboxd.config import Settings
    from inboxd.connector import AccountSettings, LedgerEntries, WatchSettings
    from inboxd.public import PublicReader
    from inboxd.store import Store

_A_CALL_LASTS = timedelta(seconds=8)
"""The longest that one call may take here: somebody looks on."""


def reading(settings: Settings, store: Store, clock: Clock) -> Iterator[Finding]:
    """Yield how each watched account is read, and how much of what it may use is used."""
    for watch in settings.watch:
        yield findings.rival(watch.name, store.rivals.state(watch.name), clock.now())
        for each in _reader(watch, settings.accounts, store, clock).allowances():
            yield findings.rival_allowance(watch.name, each)


def _reader(
    watch: WatchSettings, accounts: Sequence[AccountSettings], store: Store, clock: Clock
) -> PublicReader:
    """Return what reads an account, with what was used before; it asks nobody."""
    lender = next((each.name for each in accounts if lends(each, watch)), None)
    ledger, ours = Ledger(clock), Ledger(clock) if lender else None
    ledger.restored(store.ledger.entries(payer_of(watch.name), clock.now()))
    if ours and lender:
        ours.restored(store.ledger.entries(lender, clock.now()))
    return plugins.watch(watch, clock, ledger, ours)


async def ask(
    watch: WatchSettings, entries: LedgerEntries | None, clock: Clock
) -> tuple[list[Finding], LedgerEntries]:
    """Return what the network says of a watched account, and what it cost to ask."""
    longest, ledger = min(watch.timeout, _A_CALL_LASTS), Ledger(clock)
    if entries:
        ledger.restored(entries)
    reader = plugins.watch(watch.model_copy(update={"timeout": longest}), clock, ledger)
    try:
        found = await reader.check()
    except InboxdError as error:
        text = f"{type(error).__name__}: {error}"
        return [Finding(Code.RIVAL_CHECK_FAILED, watch.name, text)], ledger.taken()
    finally:
        await reader.close()
    # What strangers call themselves may be anything.
    identity = one_line(found.identity, 200)
    said = f"{identity}; {found.text}" if found.text else identity
    return [Finding(Code.RIVAL_IDENTITY, watch.name, said)], ledger.taken()
