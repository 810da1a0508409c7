"""What the store tells of how everything stands: sources, gaps, the outbox, what is not understood."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.standing import Standing, standing_of
from inboxd.durations import format_duration
from inboxd.findings.finding import Code, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from inboxd.connector import Allowance
    from inboxd.store import Gap, SourceState, Store
    from inboxd.store.rivals import RivalState

_GAPS_OF = timedelta(days=7)
_MOST_GAPS = 5
_SLOW_DELIVERY = timedelta(minutes=10)
_SEE_CHECK = "see `inboxd check --online`"
_RESTS = {"RateLimited", "BudgetSpent", "Spared"}


def source(state: SourceState, patience: timedelta, now: datetime) -> Finding:
    """Return how one source of an account stands."""
    name = f"{state.account} {state.source}"
    standing = standing_of(state, patience, now)
    if standing is Standing.REFUSED:
        return Finding(
            Code.ACCOUNT_REFUSED, name, f"{state.error_class}: {state.error}", _SEE_CHECK
        )
    if standing is Standing.RESTING:
        until = f" until {state.retry_at:%Y-%m-%d %H:%M}Z" if state.retry_at else ""
        return Finding(Code.ACCOUNT_RESTS, name, f"rests{until}: {state.error}")
    if standing is Standing.DEAF:
        missed = f"{state.missed} messages came only by reading back"
        return Finding(Code.ACCOUNT_DEAF, name, missed, _SEE_CHECK)
    if state.succeeded_at is None:
        return Finding(Code.ACCOUNT_FIRST, name, state.error or "has not been read to its end yet")
    age = format_duration(max(now - state.succeeded_at, timedelta()))
    if standing is not Standing.BLIND:
        return Finding(Code.ACCOUNT_READ, name, f"read {age} ago")
    why = f"; {state.error_class}: {state.error}" if state.error else ""
    todo = "if it lasts: `inboxd doctor --online`, and the daemon's log"
    return Finding(Code.ACCOUNT_BLIND, name, f"not read for {age}{why}", todo)


def gaps(store: Store, now: datetime) -> Iterator[Finding]:
    """Yield the gaps of a week, the latest by name."""
    gaps = store.coverage.gaps(now - _GAPS_OF, now)
    for gap in gaps[-_MOST_GAPS:]:
        yield Finding(Code.ACCOUNT_GAP, f"{gap.account} {gap.source}", gap_in_words(gap, now))
    if len(gaps) > _MOST_GAPS:
        more = f"{len(gaps) - _MOST_GAPS} more in a week; the table coverage has them all"
        yield Finding(Code.ACCOUNT_GAP, "gaps", more)


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
        todo = "see the daemon's log; `inboxd doctor --online` asks whether it can be reached"
        yield Finding(Code.SINK_STUCK, "outbox", text, todo)
    if not stuck:
        yield Finding(Code.SINK_QUEUE, "outbox", "nothing waits for long")
    for sink in sinks:
        if since := store.outbox.refusing_since(sink):
            text = f"takes no alerts since {since:%Y-%m-%d %H:%M}Z"
            todo = "`inboxd doctor --send` tells why"
            yield Finding(Code.SINK_REFUSES, sink, text, todo)
        if held := store.outbox.held(sink, now):
            yield Finding(Code.SINK_HELD, sink, f"{held} alerts are held back")
    for silence in store.silences.active(now):
        text = (
            f"until {silence.until:%Y-%m-%d %H:%M}Z, by {silence.actor}; see `inboxd silence list`"
        )
        yield Finding(Code.SINK_SILENCE, f"silence {silence.id}", text)


def quarantine(store: Store) -> Iterator[Finding]:
    """Yield what no connector understands."""
    counts = Counter(
        (held.account, held.item.kind, held.item.error) for held in store.quarantine.held()
    )
    for (account, kind, error), count in counts.items():
        text = f"{count} of {kind} not understood" + (f" ({error})" if error else "")
        todo = "after an upgrade: `inboxd replay-quarantine`; until then look in the network's app"
        yield Finding(Code.ACCOUNT_QUARANTINE, f"{account} quarantine", text, todo)


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
    code, todo = Code.ACCOUNT_ALLOWANCE, ""
    if limit and used >= limit:
        code, todo = (
            Code.ACCOUNT_ALLOWANCE_SPENT,
            "nothing more is read until it is renewed; raise it",
        )
    elif limit and (allowance.projected or 0) > limit:
        code, todo = Code.ACCOUNT_ALLOWANCE_LOW, "it will not last: read less often, or raise it"
    name, text = _named(allowance)
    return Finding(code, f"{account} {name}", text, todo)


def _named(allowance: Allowance) -> tuple[str, str]:
    """Return what an allowance is called in short, and how it stands."""
    # What stands in brackets explains a name, and would make it too long to stand beside others.
    name, bracket, remark = allowance.name.partition(" (")
    return name, allowance_in_words(allowance) + bracket + remark


def rival_allowance(rival: str, allowance: Allowance) -> Finding:
    """Return how an allowance stands of which a watched account is read: nobody waits for it."""
    spent = allowance.limit is not None and allowance.used >= allowance.limit
    name, text = _named(allowance)
    return Finding(
        Code.RIVAL_ALLOWANCE_SPENT if spent else Code.RIVAL_ALLOWANCE,
        f"{rival} {name}",
        text,
        "nothing more is read there until it is renewed" if spent else "",
    )


def rival(name: str, state: RivalState | None, now: datetime) -> Finding:
    """Return how the reading of a watched account stands."""
    if state is None or state.polled_at is None:
        return Finding(Code.RIVAL_NEW, name, "has never been read")
    age = format_duration(max(now - (state.succeeded_at or state.began_at), timedelta()))
    if not state.error_class:
        return Finding(Code.RIVAL_READ, name, f"read {age} ago")
    read = f"read {age} ago" if state.succeeded_at else "has never been read to its end"
    until = f", next try {state.retry_at:%Y-%m-%d %H:%M}Z" if state.retry_at else ""
    text = f"{read}{until}; {state.error_class}: {state.error}"
    if state.error_class in _RESTS:
        return Finding(Code.RIVAL_RESTS, name, text)
    return Finding(Code.RIVAL_UNREAD, name, text, _SEE_CHECK)
