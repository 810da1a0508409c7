"""What is well and what needs a person: one line for each thing that the program depends on."""

from __future__ import annotations

import stat
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inboxd import classify, notify, plugins
from inboxd.config import advice
from inboxd.connector import Ledger
from inboxd.durations import format_duration
from inboxd.errors import ConfigError, InboxdError, Spared
from inboxd.store import daemon_pid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inboxd.clock import Clock
    from inboxd.config import Settings
    from inboxd.connector import AccountCheck, AccountSettings, Allowance, Connector
    from inboxd.store import Gap, SourceState, Store

_GAPS_OF = timedelta(days=7)
_MOST_GAPS = 5
_SLOW_DELIVERY = timedelta(minutes=10)
_SOON = timedelta(days=14)


class Health(StrEnum):
    """How one thing stands."""

    WELL = "well"
    NOTICE = "notice"
    """Nothing is broken, but somebody should know."""
    TROUBLE = "trouble"
    """It needs a person."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands, in a line, and what to do about it."""

    health: Health
    what: str
    text: str
    todo: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it as `inboxd doctor --json` prints it."""
        return {name: str(value) for name, value in asdict(self).items()}


async def examine(settings: Settings, store: Store, clock: Clock, *, online: bool) -> list[Finding]:
    """Return how everything stands; with *online* the networks are asked as well."""
    now = clock.now()
    damage = store.integrity()
    found = [*_configuration(settings), *_classifier(settings), *_database(store, damage)]
    if damage:
        # Whatever else it says may be wrong, if it can be read at all.
        return found
    found += [
        *_daemon(store),
        *_reading(settings, store, clock),
        *_gaps(store, now),
        *_delivery(store, [sink.name for sink in settings.sinks], now),
        *_quarantine(store),
        *await _buttons(settings, store, clock, online=online),
    ]
    for account in settings.accounts:
        ledger = Ledger(clock)
        ledger.restored(store.ledger.entries(account.name, now))
        connector = plugins.connect(account, clock, ledger)
        try:
            found += [_allowance(account.name, each) for each in connector.allowances()]
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


def _database(store: Store, damage: str) -> Iterator[Finding]:
    if damage:
        todo = "restore a backup, or move the file away to start afresh"
        yield Finding(Health.TROUBLE, "database", f"{store.path} is damaged: {damage}", todo)
        return
    size = store.path.stat().st_size / 1_048_576
    yield Finding(Health.WELL, "database", f"{store.path}: whole, {size:,.1f} MiB")
    mode = stat.S_IMODE(store.path.stat().st_mode)
    if mode & 0o077:
        text = f"{store.path} can be read by others (mode {mode:04o})"
        yield Finding(Health.TROUBLE, "database", text, f"chmod 600 {store.path}")


def _daemon(store: Store) -> Iterator[Finding]:
    pid = daemon_pid(store.path)
    if pid:
        yield Finding(Health.WELL, "daemon", f"runs as process {pid}")
    else:
        todo = "start it, unless cron or a timer runs `inboxd run --once`"
        yield Finding(Health.NOTICE, "daemon", "does not run", todo)


def _reading(settings: Settings, store: Store, clock: Clock) -> Iterator[Finding]:
    for account in settings.accounts:
        patience = account.poll_every * settings.general.blind_after
        served = {source.name for source in plugins.connect(account, clock).sources()}
        # A stream that was given up since is not read for good reason.
        states = [each for each in store.sources.all(account.name) if each.source in served]
        if not states:
            yield Finding(Health.NOTICE, account.name, "has never been read")
        for state in states:
            yield _source(state, patience, clock.now())


def _source(state: SourceState, patience: timedelta, now: datetime) -> Finding:
    name = f"{state.account} {state.source}"
    if state.needs_person:
        return Finding(Health.TROUBLE, name, f"{state.error_class}: {state.error}")
    if state.error_class == Spared.__name__:
        until = f" until {state.retry_at:%Y-%m-%d %H:%M}Z" if state.retry_at else ""
        return Finding(Health.NOTICE, name, f"rests{until}: {state.error}")
    if state.missed:
        missed = f"{state.missed} messages came only by reading back"
        return Finding(Health.NOTICE, name, missed, "see `inboxd check --online`")
    if state.succeeded_at is None:
        return Finding(Health.NOTICE, name, state.error or "has not been read to its end yet")
    age = format_duration(max(now - state.succeeded_at, timedelta()))
    if now - state.succeeded_at <= patience:
        return Finding(Health.WELL, name, f"read {age} ago")
    why = f"; {state.error_class}: {state.error}" if state.error else ""
    return Finding(Health.TROUBLE, name, f"not read for {age}{why}")


def _gaps(store: Store, now: datetime) -> Iterator[Finding]:
    gaps = store.coverage.gaps(now - _GAPS_OF, now)
    for gap in gaps[-_MOST_GAPS:]:
        yield Finding(Health.NOTICE, f"{gap.account} {gap.source}", _gap_in_words(gap, now))
    if len(gaps) > _MOST_GAPS:
        more = f"{len(gaps) - _MOST_GAPS} more in a week; the table coverage has them all"
        yield Finding(Health.NOTICE, "gaps", more)


def _gap_in_words(gap: Gap, now: datetime) -> str:
    lasted = format_duration((gap.ended_at or now) - gap.began_at)
    if gap.ended_at is None:
        how = "and still is not"
    elif gap.found is None:
        how = "and something may be lost for good"
    else:
        how = f"and then found {gap.found}"
    return f"not read from {gap.began_at:%Y-%m-%d %H:%M}Z for {lasted} ({gap.reason}), {how}"


def _delivery(store: Store, sinks: Sequence[str], now: datetime) -> Iterator[Finding]:
    stuck = store.outbox.waiting_since(now - _SLOW_DELIVERY, now)
    for receiver in stuck:
        text = f"{receiver} has not taken what was queued over 10 minutes ago"
        yield Finding(Health.TROUBLE, "outbox", text)
    if not stuck:
        yield Finding(Health.WELL, "outbox", "nothing waits for long")
    for sink in sinks:
        if since := store.outbox.refusing_since(sink):
            text = f"takes no alerts since {since:%Y-%m-%d %H:%M}Z"
            yield Finding(Health.TROUBLE, sink, text, "see the error in `inboxd explain CASE`")
        if held := store.outbox.held(sink, now):
            yield Finding(Health.NOTICE, sink, f"{held} alerts are held back")
    for silence in store.silences.active(now):
        text = (
            f"until {silence.until:%Y-%m-%d %H:%M}Z, by {silence.actor}; see `inboxd silence list`"
        )
        yield Finding(Health.NOTICE, f"silence {silence.id}", text)


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


def _quarantine(store: Store) -> Iterator[Finding]:
    counts = Counter(
        (held.account, held.item.kind, held.item.error) for held in store.quarantine.held()
    )
    for (account, kind, error), count in counts.items():
        text = f"{count} of {kind} not understood" + (f" ({error})" if error else "")
        todo = "after an upgrade: `inboxd replay-quarantine`; until then look in the network's app"
        yield Finding(Health.NOTICE, f"{account} quarantine", text, todo)


def allowance_in_words(allowance: Allowance) -> str:
    """Return how much of an allowance is used, and will be."""
    used, limit = allowance.used, allowance.limit
    parts = [f"{used:,}" + (f" of {limit:,}" if limit is not None else "")]
    if allowance.cost is not None:
        parts.append(f"${allowance.cost:,.2f} so far")
    if allowance.projected is not None:
        parts.append(f"{allowance.projected:,} by the end")
    if allowance.projected_cost is not None:
        parts.append(f"${allowance.projected_cost:,.2f} by the end")
    if allowance.resets_at:
        parts.append(f"renewed {allowance.resets_at:%Y-%m-%d %H:%M}Z")
    return ", ".join(parts)


def _allowance(account: str, allowance: Allowance) -> Finding:
    used, limit = allowance.used, allowance.limit
    health, todo = Health.WELL, ""
    if limit and used >= limit:
        health, todo = Health.TROUBLE, "nothing more is read until it is renewed; raise it"
    elif limit and (allowance.projected or 0) > limit:
        health, todo = Health.NOTICE, "it will not last: read less often, or raise it"
    return Finding(health, f"{account} {allowance.name}", allowance_in_words(allowance), todo)


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
