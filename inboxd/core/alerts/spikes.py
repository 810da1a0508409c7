"""The words of spikes: that one begins, grows, and is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.durations import format_duration
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from inboxd.core.spikes import SpikeStanding


def begins_alert(
    now_is: SpikeStanding, accounts: Mapping[str, int], every: timedelta, now: datetime
) -> Alert:
    """Return the alert that far more customers than usual complain of one topic."""
    spike = now_is.spike
    pace = f", at most every {format_duration(every)}," if every else ""
    return Alert(
        key=f"spike:{spike.id}/begins",
        thread=spike.thread,
        reason="spike_begins",
        tone=Tone.BREACH,
        headline=spike_headline(now_is),
        detail=f"What falls due of these customers is told together{pace} until it is over.",
        created_at=now,
        facts=(*spike_facts(now_is), ("Where", _by_number(accounts))),
        examples=now_is.examples,
    )


def grows_alert(now_is: SpikeStanding, now: datetime) -> Alert:
    """Return the alert that twice as many have complained as people know of."""
    spike = now_is.spike
    return Alert(
        key=f"spike:{spike.id}/grows/{now_is.total}",
        thread=spike.thread,
        reason="spike_grows",
        tone=Tone.BREACH,
        headline=f"Complaints about {spike.about}: {now_is.total} by now, {now_is.lately} of them "
        f"in {format_duration(spike.window)}",
        created_at=now,
        facts=spike_facts(now_is),
    )


def over_alert(now_is: SpikeStanding, now: datetime) -> Alert:
    """Return the notice that no more complain than usual."""
    spike = now_is.spike
    waiting = f"{now_is.waiting} still wait" if now_is.waiting else "nobody waits any more"
    return Alert(
        key=f"spike:{spike.id}/over",
        thread=spike.thread,
        reason="spike_over",
        tone=Tone.RECOVERY,
        headline=f"Complaints about {spike.about} are as usual again: {_customers(now_is.total)} "
        f"in {format_duration(now - spike.since)}, {waiting}",
        detail="What falls due of those who wait is told as ever." if now_is.waiting else "",
        created_at=now,
        facts=spike_facts(now_is),
    )


def spike_headline(now_is: SpikeStanding) -> str:
    """Return what a spike is in one line."""
    spike, usual = now_is.spike, now_is.spike.usual
    known = "what is usual is not known yet" if usual is None else f"usually {_number(usual)}"
    window = format_duration(spike.window)
    return f"{now_is.lately} complaints about {spike.about} in {window}, {known}"


def spike_facts(now_is: SpikeStanding) -> tuple[tuple[str, str], ...]:
    """Return how a spike stands, as labels and values."""
    late = f", {now_is.late} of them late" if now_is.late else ""
    return (
        ("In all", _customers(now_is.total)),
        ("Waiting", f"{now_is.waiting}{late}"),
    )


def _customers(count: int) -> str:
    return "1 customer" if count == 1 else f"{count} customers"


def _number(usual: float) -> str:
    return "none" if usual < 0.5 else f"{usual:.0f}"


def _by_number(accounts: Mapping[str, int]) -> str:
    ranked = sorted(accounts.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{account}: {count}" for account, count in ranked)
