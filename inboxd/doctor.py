"""What is well and what needs a person: one line for each thing that the program depends on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd import classify, findings, notify, plugins
from inboxd.config import advice
from inboxd.connector import Ledger
from inboxd.errors import ConfigError, InboxdError
from inboxd.findings import Finding, Health

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.config import Settings
    from inboxd.connector import AccountCheck, AccountSettings, Connector
    from inboxd.store import Store

_SOON = timedelta(days=14)


async def examine(settings: Settings, store: Store, clock: Clock, *, online: bool) -> list[Finding]:
    """Return how everything stands; with *online* the networks are asked as well."""
    now = clock.now()
    damage = store.integrity()
    found = [*_configuration(settings), *_classifier(settings), *findings.database(store, damage)]
    if damage:
        # Whatever else it says may be wrong, if it can be read at all.
        return found
    found += [
        *findings.daemon(store),
        *_reading(settings, store, clock),
        *findings.gaps(store, now),
        *findings.delivery(store, [sink.name for sink in settings.sinks], now),
        *findings.quarantine(store),
        *await _buttons(settings, store, clock, online=online),
    ]
    for account in settings.accounts:
        ledger = Ledger(clock)
        ledger.restored(store.ledger.entries(account.name, now))
        connector = plugins.connect(account, clock, ledger)
        try:
            found += [findings.allowance(account.name, each) for each in connector.allowances()]
            if online:
                found += await _account(account, connector, now)
                store.ledger.add(account.name, ledger.taken())
        finally:
            await connector.close()
    return found


def _configuration(settings: Settings) -> Iterator[Finding]:
    accounts = f"{len(settings.accounts)} accounts, {len(settings.policies)} policies"
    yield Finding(Health.WELL, "configuration", f"{settings.path}: {accounts}")
    for hint in advice(settings):
        yield Finding(Health.NOTICE, "configuration", str(hint))


def _classifier(settings: Settings) -> Iterator[Finding]:
    """Yield whether the semantic tier runs, where it is asked for; loading it takes seconds."""
    if settings.classifier.tier == "compact":
        return
    lacking: list[str] = []
    try:
        chosen = classify.configured(settings, lacking.append)
    except ConfigError as error:
        yield Finding(Health.TROUBLE, "classifier", str(error.problems[0]))
    else:
        judge = Finding(Health.WELL, "classifier", f"{chosen.name} judges")
        yield Finding(Health.NOTICE, "classifier", lacking[0]) if lacking else judge


def _reading(settings: Settings, store: Store, clock: Clock) -> Iterator[Finding]:
    for account in settings.accounts:
        patience = account.poll_every * settings.general.blind_after
        served = {source.name for source in plugins.connect(account, clock).sources()}
        # A stream that was given up since is not read for good reason.
        states = [each for each in store.sources.all(account.name) if each.source in served]
        if not states:
            yield Finding(Health.NOTICE, account.name, "has never been read")
        for state in states:
            yield findings.source(state, patience, clock.now())


async def _buttons(
    settings: Settings, store: Store, clock: Clock, *, online: bool
) -> list[Finding]:
    """Say of each Slack app whether pressed buttons are heard of; *online* asks Slack."""
    found = []
    for listener in notify.listeners(settings.sinks, clock):
        what = f"{', '.join(listener.sinks)} buttons"
        if online:
            try:
                await listener.check()
            except InboxdError as error:
                found.append(Finding(Health.TROUBLE, what, str(error)))
                continue
            found.append(Finding(Health.WELL, what, "the app_token opens connections"))
        if since := store.recall_time(listener.memory, clock.now()):
            text = f"presses are not heard of since {since:%Y-%m-%d %H:%M}Z"
            found.append(Finding(Health.TROUBLE, what, text, "see the daemon's log for why"))
    return found


async def _account(account: AccountSettings, connector: Connector, now: datetime) -> list[Finding]:
    try:
        check = await connector.check()
    except InboxdError as error:
        return [Finding(Health.TROUBLE, account.name, f"{type(error).__name__}: {error}")]
    found = [Finding(Health.WELL, account.name, check.identity), *_token(account.name, check, now)]
    for stream in check.streams:
        health = Health.WELL if stream.ok else Health.TROUBLE
        state = "can be read" if stream.ok else "cannot be read"
        text = f"{state}: {stream.text}" if stream.text else state
        found.append(Finding(health, f"{account.name} {stream.stream}", text))
    return found


def _token(account: str, check: AccountCheck, now: datetime) -> Iterator[Finding]:
    if check.expires_at is None:
        return
    text = f"expires {check.expires_at:%Y-%m-%d %H:%M}Z"
    soon = check.expires_at - now <= _SOON
    health = Health.TROUBLE if soon else Health.WELL
    yield Finding(health, f"{account} token", text, check.renewal if soon else "")
