"""The examination as a whole: what is looked at, what beside what, and for how long at most."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from inboxd import findings, plugins
from inboxd.config import inspect
from inboxd.doctor import (
    accounts,
    backups,
    configuration,
    daemon,
    database,
    machine,
    network,
    rivals,
    sinks,
)
from inboxd.doctor.guarding import failure, looked_at, waited_for
from inboxd.errors import DatabaseError
from inboxd.findings import TITLES, Code, Finding
from inboxd.store import Store, condition
from inboxd.store.rivals import payer_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from inboxd.clock import Clock
    from inboxd.config import Settings
    from inboxd.connector import AccountSettings, LedgerEntries, WatchSettings
    from inboxd.store.condition import Size

_PATIENCE = timedelta(seconds=15)
"""Real time that a network, a sink or systemd gets; several calls fit into it."""
_WHOLE = timedelta(seconds=27)
"""Real time after which a report is to be there; reading a large or busy database takes part of it."""
_LEAST = timedelta(seconds=5)
_GROUPS = {group: number for number, group in enumerate(TITLES)}
_CODES = {code: number for number, code in enumerate(Code)}


@dataclass(frozen=True, slots=True)
class Wishes:
    """
    How far to look.

    *online* asks networks and sinks, *deep* reads the database from end to end, however long that
    takes, and *send* sends a test message through each sink.
    """

    online: bool = False
    deep: bool = False
    send: bool = False


@dataclass(frozen=True, slots=True)
class _Patient:
    """
    What is looked at: *known* is the configuration without any secret, *usable* what has its own.

    An account whose token cannot be read is in the first alone.
    """

    known: Settings
    usable: Settings
    clock: Clock
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class _Read:
    """What the database told: findings, and what others go on from; None where it told nothing."""

    found: list[Finding]
    size: Size | None = None
    newest: datetime | None = None
    version: str | None = None
    ledgers: Mapping[str, LedgerEntries] | None = None


async def examine(config: Path, clock: Clock, wishes: Wishes) -> list[Finding]:
    """
    Return how everything stands, sorted by group.

    What of the configuration is wrong is a finding, and the rest of it is looked at all the same:
    an account or a sink whose secret cannot be read, as far as the database tells of it.
    """
    networks = plugins.networks()
    usable = inspect(config, networks)
    known = inspect(config, networks, secrets=False) if usable.problems else usable
    found = list(configuration.problems(config, usable.problems))
    found += looked_at("time zones", lambda: machine.zones(clock.now()))
    if known.settings is None or usable.settings is None:
        found += looked_at("clock", lambda: machine.clock(None, clock.now()))
        return _sorted(found)
    patient = _Patient(known.settings, usable.settings, clock, wishes)
    found += [] if usable.problems else configuration.summary(usable.settings)
    found += _at_once(patient)
    parts = await asyncio.gather(_database(patient), *_others(patient))
    names = [account.name for account in known.settings.accounts]
    return _sorted([*found, *chain.from_iterable(parts)], names)


def _sorted(found: list[Finding], names: Sequence[str] = ()) -> list[Finding]:
    """Return what was found by group, each thing once; in that of the accounts by their *names*."""

    def place(finding: Finding) -> tuple[int, int, int]:
        group = finding.code.group
        owners = [n for n, name in enumerate(names) if f"{finding.what} ".startswith(f"{name} ")]
        account = owners[-1] if group == "account" and owners else len(names)
        return _GROUPS[group], account, _CODES[finding.code]

    return sorted(dict.fromkeys(found), key=place)


def _at_once(patient: _Patient) -> Iterator[Finding]:
    """Yield what takes no time to look at."""
    settings, now = patient.usable, patient.clock.now()
    yield from looked_at("advice", lambda: configuration.hints(patient.known))
    yield from looked_at("calendars", lambda: configuration.calendars(settings, now))
    yield from looked_at("closed_file", lambda: configuration.closed_files(settings, now))
    yield from looked_at("files", lambda: machine.files(settings))
    yield from looked_at("backups", lambda: backups.backups(settings, now))
    yield from looked_at("heartbeat", lambda: daemon.heartbeat(patient.known.heartbeat))


def _others(patient: _Patient) -> Iterator[Awaitable[list[Finding]]]:
    """Yield what takes its time, and needs no database."""
    settings, clock = patient.usable, patient.clock
    zone, wishes = settings.general.timezone, patient.wishes
    yield asyncio.to_thread(looked_at, "classifier", partial(configuration.classifier, settings))
    yield waited_for("health", daemon.health(settings), _PATIENCE)
    yield waited_for("systemd", daemon.units(), _PATIENCE)
    if wishes.online:
        yield waited_for("network", network.reach(settings, clock), _PATIENCE)
        yield waited_for("buttons", sinks.buttons(settings, clock), _PATIENCE)
    for sink in settings.sinks:
        if wishes.online and not wishes.send:
            yield waited_for(sink.name, sinks.ask(sink, clock, zone), _PATIENCE)
        if wishes.send:
            yield waited_for(sink.name, sinks.tell(sink, clock, zone), _PATIENCE)


async def _database(patient: _Patient) -> list[Finding]:
    """Return what the database tells, and what comes after it: room, time, and the networks' word."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    read = await asyncio.to_thread(_read, patient)
    left = _WHOLE - timedelta(seconds=loop.time() - began)
    clock, path = patient.clock, patient.known.general.database
    found = [
        *read.found,
        *looked_at("daemon", lambda: daemon.process(path, read.version)),
        *looked_at("disk", lambda: machine.disk(path.parent, read.size)),
        *looked_at("clock", lambda: machine.clock(read.newest, clock.now())),
    ]
    ledgers = read.ledgers or {}
    for account in patient.usable.accounts:
        used = partial(accounts.allowances, account, ledgers.get(account.name), clock)
        found += looked_at(account.name, used)
    if patient.wishes.online:
        patience = min(max(left, _LEAST), _PATIENCE)
        asked = [_ask(patient, each, ledgers, patience) for each in patient.usable.accounts]
        asked += [_ask_rival(patient, each, ledgers, patience) for each in patient.usable.watch]
        found += chain.from_iterable(await asyncio.gather(*asked))
    return found


async def _ask(
    patient: _Patient,
    account: AccountSettings,
    ledgers: Mapping[str, LedgerEntries],
    patience: timedelta,
) -> list[Finding]:
    """Return what an account's network says; what it cost is kept, where there is a database."""

    async def ask() -> list[Finding]:
        entries = ledgers.get(account.name)
        found, cost = await accounts.ask(account, entries, patient.clock)
        if cost and entries is not None:
            await asyncio.to_thread(_keep, patient.known.general.database, account.name, cost)
        return found

    return await waited_for(account.name, ask(), patience)


async def _ask_rival(
    patient: _Patient,
    watch: WatchSettings,
    ledgers: Mapping[str, LedgerEntries],
    patience: timedelta,
) -> list[Finding]:
    """Return what a watched account's network says; its cost is kept as that of ours."""

    async def ask() -> list[Finding]:
        payer = payer_of(watch.name)
        found, cost = await rivals.ask(watch, ledgers.get(payer), patient.clock)
        if cost and payer in ledgers:
            await asyncio.to_thread(_keep, patient.known.general.database, payer, cost)
        return found

    return await waited_for(watch.name, ask(), patience)


def _keep(path: Path, account: str, cost: LedgerEntries) -> None:
    with Store(path, create=False) as store, store.transaction():
        store.ledger.add(account, cost)


def _read(patient: _Patient) -> _Read:
    """Return what the database tells; one that is damaged tells nothing else that can be believed."""
    path, now = patient.known.general.database, patient.clock.now()
    try:
        store = Store(path, create=False, to_write=False)
    except DatabaseError as error:
        return _Read([database.unopened(path, error)])
    with store:
        found: list[Finding] = []
        try:
            size = condition.size(store, now)
            found += database.integrity(store, size, deep=patient.wishes.deep)
            if any(each.code is Code.DATABASE_DAMAGED for each in found):
                return _Read(found, size)
            payers = [account.name for account in patient.known.accounts]
            payers += [payer_of(watch.name) for watch in patient.known.watch]
            ledgers = {payer: store.ledger.entries(payer, now) for payer in payers}
            newest, version = condition.newest(store), store.recall(daemon.VERSION)
        except Exception as error:  # noqa: BLE001 - a file that cannot be read is what was found
            return _Read([*found, failure("database", error)])
        found += looked_at("database", lambda: database.writing(path))
        found += looked_at("database", lambda: database.room(size))
        found += _stored(patient, store)
        return _Read(found, size, newest, version, ledgers)


def _stored(patient: _Patient, store: Store) -> Iterator[Finding]:
    """Yield what the database tells of everything else."""
    settings, clock, now = patient.known, patient.clock, patient.clock.now()
    names = [sink.name for sink in settings.sinks]
    yield from looked_at("policies", lambda: configuration.policies(settings, store, now))
    yield from looked_at("removal", lambda: database.unfinished(store, settings.general, now))
    yield from looked_at("accounts", lambda: accounts.reading(settings, store, clock))
    yield from looked_at("outbox", lambda: findings.delivery(store, names, now))
    yield from looked_at("buttons", lambda: sinks.unheard(settings, store, clock))
    yield from looked_at("rivals", lambda: rivals.reading(settings, store, clock))
