"""The words of alerts about sinks and networks that take nothing, or whose buttons are not heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.durations import format_duration, format_minutes
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def undelivered_alert(
    key: str, receiver: str, error: str, now: datetime, *, reply: bool = False
) -> Alert:
    """Return the alert that something could not be delivered to *receiver*."""
    what = "a reply was not delivered" if reply else "alerts are not delivered"
    return Alert(
        key=f"outbox:{key}/refused",
        thread=f"receiver:{receiver}",
        reason="reply_refused" if reply else "sink_refused",
        tone=Tone.BREACH,
        headline=f"{receiver}: {what}",
        detail=error,
        created_at=now,
    )


def delivers_again_alert(receiver: str, since: datetime, now: datetime) -> Alert:
    """Return the notice that *receiver*, of which people know that it took none, takes alerts."""
    return Alert(
        key=f"receiver:{receiver}/delivers_again/{since.isoformat()}",
        thread=f"receiver:{receiver}",
        reason="sink_delivers_again",
        tone=Tone.RECOVERY,
        headline=f"{receiver}: alerts are delivered again after {format_duration(now - since)}",
        created_at=now,
    )


def left_out_alert(key: str, receiver: str, refused: str, now: datetime) -> Alert:
    """Return the alert that of several people *receiver* does not reach those in *refused*."""
    return Alert(
        key=f"outbox:{key}/left_out",
        thread=f"receiver:{receiver}",
        reason="recipients_refused",
        tone=Tone.WARNING,
        headline=f"{receiver}: not everybody gets the alerts",
        detail=f"{refused}; mend or remove these addresses in `to`. The others get them.",
        created_at=now,
    )


def reaches_all_alert(receiver: str, since: datetime, now: datetime) -> Alert:
    """Return the notice that *receiver* reaches everybody who was left out."""
    return Alert(
        key=f"receiver:{receiver}/reaches_all/{since.isoformat()}",
        thread=f"receiver:{receiver}",
        reason="recipients_taken",
        tone=Tone.RECOVERY,
        headline=f"{receiver}: everybody gets the alerts again after {format_duration(now - since)}",
        created_at=now,
    )


def unheard_alert(sinks: Sequence[str], since: datetime, error: str, now: datetime) -> Alert:
    """Return the alert that nobody hears of the buttons that people press at *sinks*."""
    names, lasted = ", ".join(sinks), format_minutes(now - since)
    for_a_while = f" for {lasted}" if lasted else ""
    return Alert(
        key=f"buttons:{names}/unheard/{since.isoformat()}",
        thread=f"buttons:{names}",
        reason="buttons_unheard",
        tone=Tone.BREACH,
        headline=f"{names}: pressed buttons are not heard of{for_a_while}",
        detail=f"{error}\nAlerts are delivered as ever; act by `inboxd ack` and its like.",
        created_at=now,
    )


def heard_again_alert(sinks: Sequence[str], since: datetime, now: datetime) -> Alert:
    """Return the notice that pressed buttons are heard of again."""
    names = ", ".join(sinks)
    return Alert(
        key=f"buttons:{names}/heard_again/{since.isoformat()}",
        thread=f"buttons:{names}",
        reason="buttons_heard_again",
        tone=Tone.RECOVERY,
        headline=f"{names}: buttons work again after {format_duration(now - since)}",
        created_at=now,
    )


def others(sinks: Sequence[str], broken: str) -> list[str]:
    """Return the sinks that can tell of a *broken* one: all but itself."""
    return [sink for sink in sinks if sink != broken]
