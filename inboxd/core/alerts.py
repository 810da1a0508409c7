"""The words of alerts: what is told, once, about a case, a source or a sink."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.escalation import Reason
from inboxd.core.sla import Target
from inboxd.core.text import one_line
from inboxd.core.waits import WaitKind
from inboxd.durations import format_duration
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.escalation import Decision
    from inboxd.core.sla import Due
    from inboxd.core.tracking import WaitState
    from inboxd.model import CaseCard

_LONGEST_PROMISE = 300
"""Characters of our own answer that are quoted as what was promised."""
_PROMISES = {
    "first_response": "first response",
    "next_response": "next response",
    "resolution": "resolution",
    "promise": "what we promised",
}


def step_alert(  # noqa: PLR0913 - the facts of one alert
    card: CaseCard,
    wait: WaitState,
    due: Due,
    decision: Decision,
    now: datetime,
    *,
    unread_since: datetime | None = None,
) -> Alert:
    """
    Return the alert for the steps of *decision*, or for its reminder.

    It is not held back where the account has not been read (*unread_since*): the customer
    may well be waiting. But it says so, for somebody may have answered unseen.
    """
    firing = decision.firings[0]
    late = now >= due.at
    skipped = len(decision.skipped)
    return Alert(
        key=f"wait:{wait.id}/{firing.step}/{firing.turn}",
        thread=f"case:{card.id}",
        reason=decision.reason,
        tone=Tone.BREACH if late else Tone.WARNING,
        headline=_step_headline(card, due, decision, now),
        detail="\n".join(
            filter(
                None,
                (_words(wait, card), _skipped(skipped), _unread(card.account, unread_since, now)),
            )
        ),
        case=card,
        created_at=now,
        mentions=decision.mentions,
    )


def _step_headline(card: CaseCard, due: Due, decision: Decision, now: datetime) -> str:
    customer, promised = who(card), due.target is Target.PROMISE
    if decision.reason is Reason.REMINDER_DUE:
        return f"{customer} is still waiting, though {card.acknowledged_by or 'somebody'} took it"
    if now < due.at:
        left = _minutes(due.at - now) or "1m"
        if promised:
            return f"{customer} was promised something that is due in {left}"
        return f"{customer} needs a {_PROMISES[due.target]} within {left}"
    lateness = _minutes(now - due.at)
    if promised:
        how = f"is {lateness} overdue" if lateness else "is due now"
        return f"{customer}: {_PROMISES[due.target]} {how}"
    how = f"is {lateness} late for" if lateness else "is now due"
    return f"{customer} {how} a {_PROMISES[due.target]}"


def _words(wait: WaitState, card: CaseCard) -> str:
    """Return what our own answer said that is waited for."""
    if wait.kind is WaitKind.RESOLUTION:
        return "The customer was answered, but only sent elsewhere."
    if not card.promised:
        return ""
    words = one_line(card.promised, _LONGEST_PROMISE)
    done = "" if wait.end else f"\nIf it was done without a message: `inboxd close {card.id}`."
    return f"We said: “{words}”{done}"


def _skipped(count: int) -> str:
    if not count:
        return ""
    return f"{count} earlier step(s) fell due meanwhile and are covered by this one."


def _unread(account: str, since: datetime | None, now: datetime) -> str:
    if since is None:
        return ""
    span = format_duration(now - since)
    return f"{account} has not been read for {span}: somebody may have answered already."


def recovery_alert(card: CaseCard, wait: WaitState, now: datetime) -> Alert:
    """Return the notice that a wait people were told of has ended."""
    took = f" after {format_duration(wait.open_time)} of open time" if wait.open_time else ""
    ended = {
        "answered": "was answered",
        "deleted": "took the message back",
        "no_reply_needed": "said thanks",
    }
    outcome = ended.get(wait.end or "", "needs no reply any more")
    # A wait may end twice: a closing is taken back, and then it is answered; or a message is
    # deleted, restored, and deleted for good.
    again = f"/{wait.ended_at.isoformat()}" if wait.end == "deleted" and wait.ended_at else ""
    headline = f"{who(card)} {outcome}{took}{_punctually(wait)}"
    if wait.kind is WaitKind.PROMISE:
        headline = _promise_ended(card, wait, took)
    elif wait.kind is WaitKind.RESOLUTION and wait.end == "answered":
        headline = f"{who(card)} was served after all{_punctually(wait)}"
    unanswered = f"Unanswered there: {card.messages} more." if card.messages else ""
    return Alert(
        key=f"wait:{wait.id}/ended/{wait.end}/{wait.ended_by or 0}{again}",
        thread=f"case:{card.id}",
        reason=f"wait_{wait.end}",
        tone=Tone.RECOVERY,
        headline=headline,
        detail="\n".join(filter(None, (_words(wait, card), unanswered))),
        case=card,
        created_at=now,
    )


def _promise_ended(card: CaseCard, wait: WaitState, took: str) -> str:
    """Return what became of a promise."""
    customer = who(card)
    if wait.end == "answered":
        return f"{customer}: the promise was kept{took}{_punctually(wait)}"
    ended = {
        "replaced": "was promised something else instead",
        "deleted": "is promised nothing any more: we deleted the answer",
    }
    return f"{customer} {ended.get(wait.end or '', 'no longer waits for what we promised')}"


def _minutes(span: timedelta) -> str:
    """Return *span* to the minute, or "" if it is shorter than one."""
    whole = span // timedelta(minutes=1)
    return format_duration(timedelta(minutes=whole)) if whole else ""


def _punctually(wait: WaitState) -> str:
    """Return whether an answer kept its promise; what needed none kept nothing."""
    if wait.end != "answered" or wait.due_at is None or wait.ended_at is None:
        return ""
    return ", too late" if wait.ended_at > wait.due_at else ", in time"


def blind_alert(
    account: str, sources: Sequence[str], since: datetime, errors: Sequence[str], now: datetime
) -> Alert:
    """Return the alert that *sources* of an account have not been read since *since*."""
    names, lasted = ", ".join(sources), format_duration(now - since)
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
        headline=f"{account} cannot read {', '.join(sources)}: a person must act",
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
        detail=f"Read again: {', '.join(sources)}; {messages} found since.",
    )


def deaf_alert(
    account: str, sources: Sequence[str], since: datetime, missed: int, now: datetime
) -> Alert:
    """Return the alert that an account answers but delivers nothing: others had to find it."""
    return replace(
        _account_alert("deaf", account, sources, since, now),
        headline=f"{account} answers but does not deliver what is written",
        detail=f"{missed} messages were only found by reading back ({', '.join(sources)}); they "
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
        headline=f"{account}: the token expires in {_minutes(expires_at - now) or 'a moment'}",
        detail=renewal or "Make a new one and put it where the configuration says.",
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


def unheard_alert(sinks: Sequence[str], since: datetime, error: str, now: datetime) -> Alert:
    """Return the alert that nobody hears of the buttons that people press at *sinks*."""
    names, lasted = ", ".join(sinks), _minutes(now - since)
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


def backup_failed_alert(since: datetime, error: str, now: datetime) -> Alert:
    """Return the alert that the nightly copy of the database could not be made."""
    return Alert(
        key=f"inboxd:backup/failed/{since.isoformat()}",
        thread="inboxd:backup",
        reason="backup_failed",
        tone=Tone.BREACH,
        headline="The database could not be backed up",
        detail=f"{error}\nIt is tried again every hour; `inboxd backup` tries at once.",
        created_at=now,
    )


def backup_made_again_alert(since: datetime, now: datetime) -> Alert:
    """Return the notice that the database, of which people know that it was not, is backed up."""
    return Alert(
        key=f"inboxd:backup/made_again/{since.isoformat()}",
        thread="inboxd:backup",
        reason="backup_made_again",
        tone=Tone.RECOVERY,
        headline=f"The database is backed up again after {format_duration(now - since)}",
        created_at=now,
    )


def others(sinks: Sequence[str], broken: str) -> list[str]:
    """Return the sinks that can tell of a *broken* one: all but itself."""
    return [sink for sink in sinks if sink != broken]


def who(card: CaseCard) -> str:
    """Return who wrote, in a few words: never more of a name than fits on a line."""
    name = (card.author.name or card.author.handle) if card.author else ""
    what = {"complaint": "A complaint", "request": "A request", "praise": "Praise"}
    by = f" by {' '.join(name.split())[:60]}" if name else ""
    return f"{what.get(card.kind or '', 'A message')}{by} on {card.account}"
