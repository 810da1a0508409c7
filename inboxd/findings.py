"""
What is well and what needs a person, as far as the store and the settings tell: one line each.

Nothing here loads a connector, a sink or a classifier, so that a terminal may ask at any time.
"""

from __future__ import annotations

import stat
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inboxd.core.standing import Standing, standing_of
from inboxd.durations import format_duration
from inboxd.store import daemon_pid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from inboxd.connector import Allowance
    from inboxd.store import Gap, SourceState, Store

_GAPS_OF = timedelta(days=7)
_MOST_GAPS = 5
_SLOW_DELIVERY = timedelta(minutes=10)


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


def database(store: Store, damage: str) -> Iterator[Finding]:
    """Yield how the file is, *damage* being what SQLite finds wrong with it."""
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


def daemon(store: Store) -> Iterator[Finding]:
    """Yield whether a daemon runs."""
    pid = daemon_pid(store.path)
    if pid:
        yield Finding(Health.WELL, "daemon", f"runs as process {pid}")
    else:
        todo = "start it, unless cron or a timer runs `inboxd run --once`"
        yield Finding(Health.NOTICE, "daemon", "does not run", todo)


def source(state: SourceState, patience: timedelta, now: datetime) -> Finding:
    """Return how one source of an account stands."""
    name = f"{state.account} {state.source}"
    standing = standing_of(state, patience, now)
    if standing is Standing.REFUSED:
        return Finding(Health.TROUBLE, name, f"{state.error_class}: {state.error}")
    if standing is Standing.RESTING:
        until = f" until {state.retry_at:%Y-%m-%d %H:%M}Z" if state.retry_at else ""
        return Finding(Health.NOTICE, name, f"rests{until}: {state.error}")
    if standing is Standing.DEAF:
        missed = f"{state.missed} messages came only by reading back"
        return Finding(Health.NOTICE, name, missed, "see `inboxd check --online`")
    if state.succeeded_at is None:
        return Finding(Health.NOTICE, name, state.error or "has not been read to its end yet")
    age = format_duration(max(now - state.succeeded_at, timedelta()))
    if standing is not Standing.BLIND:
        return Finding(Health.WELL, name, f"read {age} ago")
    why = f"; {state.error_class}: {state.error}" if state.error else ""
    return Finding(Health.TROUBLE, name, f"not read for {age}{why}")


def gaps(store: Store, now: datetime) -> Iterator[Finding]:
    """Yield the gaps of a week, the latest by name."""
    gaps = store.coverage.gaps(now - _GAPS_OF, now)
    for gap in gaps[-_MOST_GAPS:]:
        yield Finding(Health.NOTICE, f"{gap.account} {gap.source}", gap_in_words(gap, now))
    if len(gaps) > _MOST_GAPS:
        more = f"{len(gaps) - _MOST_GAPS} more in a week; the table coverage has them all"
        yield Finding(Health.NOTICE, "gaps", more)


def gap_in_words(gap: Gap, now: datetime) -> str:
    """Return when, for how long and why something was not read, and what became of it."""
    lasted = format_duration((gap.ended_at or now) - gap.began_at)
    if gap.ended_at is None:
        how = "and still is not"
    elif gap.found is None:
        how = "and something may be lost for good"
    else:
        how = f"and then found {gap.found}"
    return f"not read from {gap.began_at:%Y-%m-%d %H:%M}Z for {lasted} ({gap.reason}), {how}"


def delivery(store: Store, sinks: Sequence[str], now: datetime) -> Iterator[Finding]:
    """Yield whether what is queued gets away, and what keeps it."""
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


def quarantine(store: Store) -> Iterator[Finding]:
    """Yield what no connector understands."""
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


def allowance(account: str, allowance: Allowance) -> Finding:
    """Return how an allowance of *account* stands."""
    used, limit = allowance.used, allowance.limit
    health, todo = Health.WELL, ""
    if limit and used >= limit:
        health, todo = Health.TROUBLE, "nothing more is read until it is renewed; raise it"
    elif limit and (allowance.projected or 0) > limit:
        health, todo = Health.NOTICE, "it will not last: read less often, or raise it"
    return Finding(health, f"{account} {allowance.name}", allowance_in_words(allowance), todo)
