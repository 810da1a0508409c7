"""The words of alerts about accounts: whether they can be read, and for how long yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inboxd.durations import format_duration, format_minutes
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta


def blind_alert(
    account: str, sources: Sequence[str], since: datetime, errors: Sequence[str], now: datetime
) -> Alert:
    """Return the alert that *sources* of an account have not been read since *since*."""
    names, lasted = _in_words(sources), format_duration(now - since)
    return replace(
        _account_alert("blind", account, sources, since, now),
        headline=f"{account} is blind: {names} not read for {lasted}",
        detail="\n".join(errors) or "No read has been completed.",
    )


def refused_alert(
    account: str, sources: Sequence[str], since: datetime, errors: Sequence[str], now: datetime
) -> Alert:
    """Return the alert that only a person can make *sources* of an account readable again."""
    return replace(
        _account_alert("refused", account, sources, since, now),
        headline=f"{account} cannot read {_in_words(sources)}: a person must act",
        detail="\n".join(errors),
    )


def sighted_alert(
    account: str, sources: Sequence[str], since: datetime, found: int, now: datetime
) -> Alert:
    """Return the notice that sources people were told of are read again."""
    messages = "1 message" if found == 1 else f"{found} messages"
    return replace(
        _account_alert("read_again", account, sources, since, now),
        tone=Tone.RECOVERY,
        headline=f"{account} sees again after {format_duration(now - since)}",
        detail=f"Read again: {_in_words(sources)}; {messages} found since.",
    )


def delivers_alert(
    account: str, sources: Sequence[str], since: datetime, found: int, now: datetime
) -> Alert:
    """Return the notice that sources which were only read back deliver again."""
    return replace(
        sighted_alert(account, sources, since, found, now),
        headline=f"{account} delivers again after {format_duration(now - since)}",
    )


def deaf_alert(
    account: str, sources: Sequence[str], since: datetime, missed: int, now: datetime
) -> Alert:
    """Return the alert that an account answers but delivers nothing: others had to find it."""
    return replace(
        _account_alert("deaf", account, sources, since, now),
        headline=f"{account} answers but does not deliver what is written",
        detail=f"{missed} messages were only found by reading back ({_in_words(sources)}); they "
        "come later than they should. `inboxd check --online` says which events are off.",
    )


def lost_alert(account: str, source: str, since: datetime, what: str, now: datetime) -> Alert:
    """Return the alert that something written since *since* may never be seen."""
    return replace(
        _account_alert("lost", account, [source], since, now),
        headline=f"{account} may have lost messages of the last {format_duration(now - since)}",
        detail=what,
    )


def silent_alert(account: str, stream: str, since: datetime, usual: int, now: datetime) -> Alert:
    """Return the alert that nobody writes where, at these hours, *usual* messages come."""
    return replace(
        _account_alert("silent", account, [stream], since, now),
        reason="stream_silent",
        headline=f"{account} is abnormally quiet: no {stream.replace('_', ' ')} "
        f"for {format_duration(now - since)}",
        detail=f"At these hours about {usual} come. It is read without an error; look whether "
        "the network shows something there that is not in `inboxd waiting`.",
    )


def speaks_alert(account: str, stream: str, since: datetime, now: datetime) -> Alert:
    """Return the notice that somebody writes again in a stream that was abnormally quiet."""
    return replace(
        _account_alert("speaks", account, [stream], since, now),
        tone=Tone.RECOVERY,
        reason="stream_speaks",
        headline=f"{account}: {stream.replace('_', ' ')} come in again after "
        f"{format_duration(now - since)}",
    )


def expiring_alert(
    account: str, expires_at: datetime, before: timedelta, renewal: str, now: datetime
) -> Alert:
    """Return the alert that an account's token ends within *before*."""
    return Alert(
        key=f"account:{account}/expires/{expires_at.isoformat()}/{format_duration(before)}",
        thread=f"account:{account}",
        reason="token_expires",
        tone=Tone.WARNING,
        headline=f"{account}: the token expires in {format_minutes(expires_at - now) or 'a moment'}",
        detail=renewal or "Make a new one and put it where the configuration says.",
        created_at=now,
    )


def renewed_alert(account: str, ended_at: str, expires_at: datetime | None, now: datetime) -> Alert:
    """Return the notice that a token was renewed of which people heard that it ends at *ended_at*."""
    until = f"until {expires_at:%Y-%m-%d}" if expires_at else "without an end"
    return Alert(
        key=f"account:{account}/renewed/{ended_at}",
        thread=f"account:{account}",
        reason="token_renewed",
        tone=Tone.RECOVERY,
        headline=f"{account}: the token is renewed and works {until}",
        created_at=now,
    )


def allowance_alert(  # noqa: PLR0913 - what is used up is five facts
    account: str,
    name: str,
    *,
    used: int,
    limit: int,
    resets_at: datetime,
    share: int,
    now: datetime,
) -> Alert:
    """Return the alert that *share* per cent of what a network allows until then are used."""
    spent = share >= 100
    until = f"{resets_at:%Y-%m-%d %H:%M} UTC"
    return Alert(
        key=f"account:{account}/allowance/{name}/{until}/{share}",
        thread=f"account:{account}",
        reason="allowance_spent" if spent else "allowance_low",
        tone=Tone.BREACH if spent else Tone.WARNING,
        headline=f"{account}: {name} {'used up' if spent else 'nearly used up'}",
        detail=f"{used:,} of {limit:,} are used, and there are no more before {until}. "
        "`inboxd doctor` shows how fast they go.",
        created_at=now,
    )


def _account_alert(
    what: str, account: str, sources: Sequence[str], since: datetime, now: datetime
) -> Alert:
    """Return what all alerts about an account's sources share; the words are still missing."""
    return Alert(
        key=f"account:{account}/{what}/{','.join(sources)}/{since.isoformat()}",
        thread=f"account:{account}",
        reason=f"account_{what}",
        tone=Tone.BREACH,
        headline="",
        created_at=now,
    )


def _in_words(sources: Sequence[str]) -> str:
    return ", ".join(sources).replace("_", " ")
