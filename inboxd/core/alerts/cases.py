"""The words of alerts about cases: that somebody waits, and that a wait has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.core.escalation import Reason
from inboxd.core.sla import Target
from inboxd.core.text import one_line
from inboxd.core.waits import WaitKind
from inboxd.durations import format_duration, format_minutes
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.core.escalation import Decision
    from inboxd.core.sla import Due
    from inboxd.core.states import WaitState
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
        left = format_minutes(due.at - now) or "1m"
        if promised:
            return f"{customer} was promised something that is due in {left}"
        return f"{customer} needs a {_PROMISES[due.target]} within {left}"
    lateness = format_minutes(now - due.at)
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
    if count == 1:
        return "An earlier alert fell due meanwhile; this one stands for it."
    return f"{count} earlier alerts fell due meanwhile; this one stands for them."


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


def _punctually(wait: WaitState) -> str:
    """Return whether an answer kept its promise; what needed none kept nothing."""
    if wait.end != "answered" or wait.due_at is None or wait.ended_at is None:
        return ""
    return ", too late" if wait.ended_at > wait.due_at else ", in time"


def who(card: CaseCard) -> str:
    """Return who wrote, in a few words: never more of a name than fits on a line."""
    name = (card.author.name or card.author.handle) if card.author else ""
    what = {"complaint": "A complaint", "request": "A request", "praise": "Praise"}
    by = f" by {' '.join(name.split())[:60]}" if name else ""
    return f"{what.get(card.kind or '', 'A message')}{by} on {card.account}"
