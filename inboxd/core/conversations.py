"""
Who is waiting: a conversation's history folded into cases and waits.

The fold is a pure function of what happened and when, never of the order in which it was
heard of. Whatever arrives late, twice or out of order, folding the whole history again
gives the same cases.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

THANKS = "praise"
"""The kind of message that ends its own wait when it follows our answer and asks nothing."""
AUTOMATIC_WITHIN = timedelta(seconds=5)
"""Nobody reads a message and writes an answer in less: such an answer is a machine's."""


_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class EventType(IntEnum):
    """
    What happened. The numbers order events of the same instant.

    An answer comes before the customer's words: nobody answers within the second in which
    they were sent, and to think so would lose a customer without a sound.
    """

    ANSWER = 1
    """The brand wrote, whoever it was and with whatever tool; marked auto-replies are none."""
    INBOUND = 2
    """A customer wrote."""
    DELETED = 3
    """A customer took a message back."""
    CLOSED = 4
    """A person decided that no (further) reply is needed."""
    REOPENED = 5
    """A person took that back, or put an answered case back among the waiting."""


@dataclass(frozen=True, slots=True)
class Event:
    """
    One event of a conversation. *ref* is the message's or the action's own number.

    *claimed* is when the network says it happened, where that is not believed: it still
    orders what would otherwise have happened at one instant. A closing stands behind the
    newest message that was seen when a person decided it, and *claimed* is when that was:
    what the customer had written meanwhile, unseen by anybody, is not closed with the rest.
    """

    at: datetime
    type: EventType
    ref: int
    detail: str = ""
    claimed: datetime | None = None

    def order(self) -> tuple[datetime, datetime, EventType, int]:
        """Return what events are sorted by."""
        behind_all = self.type is EventType.CLOSED and self.claimed
        claimed = _END_OF_TIME if behind_all else self.claimed or self.at
        return self.at, claimed, self.type, self.ref


class WaitKind(StrEnum):
    """Which target measures a wait."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"


class WaitEnd(StrEnum):
    """What ended a wait."""

    ANSWERED = "answered"
    CLOSED = "closed"
    DELETED = "deleted"
    NO_REPLY_NEEDED = "no_reply_needed"
    """By rule: the customer said thanks for our answer."""


class CaseStatus(StrEnum):
    """Where a case stands."""

    WAITING = "waiting"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Wait:
    """
    One span between a customer's oldest unanswered message and what ended it.

    *messages* are all that were waiting in it, oldest first, but for the *withdrawn* ones
    that their author deleted while others still waited; *ended_by* is the answer's or the
    action's number.
    """

    kind: WaitKind
    since: datetime
    messages: tuple[int, ...]
    withdrawn: tuple[int, ...] = ()
    end: WaitEnd | None = None
    ended_at: datetime | None = None
    ended_by: int | None = None


@dataclass(frozen=True, slots=True)
class CaseSpan:
    """
    One obligation, from the first unanswered message until it is over.

    *messages* are the customer's; *covered_until* is how far a closing reaches; *ended_at* of a resolved case is its last answer, for
    that is when the customer was served, though it is known only after the quiet time.
    """

    opened_at: datetime
    messages: tuple[int, ...]
    waits: tuple[Wait, ...]
    status: CaseStatus
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    covered_until: datetime | None = None
    close_reason: str = ""

    @property
    def wait(self) -> Wait | None:
        """Return the open wait, if a customer is waiting now."""
        last = self.waits[-1]
        return last if last.end is None else None


@dataclass(slots=True)
class _Fold:
    """The state of the walk through a history; values of it never leave this module."""

    quiet_after: timedelta
    done: list[CaseSpan] = field(default_factory=list)
    case: CaseSpan | None = None
    unanswered: dict[int, datetime] = field(default_factory=dict)
    """Since when each message of the open wait has been waiting, oldest first."""

    def settle(self, now: datetime) -> None:
        """End the current case if it has been quiet for long enough after our answer."""
        case = self.case
        if case and case.status is CaseStatus.ANSWERED and case.answered_at:
            if case.answered_at + self.quiet_after > now:
                return
            self.case = replace(case, status=CaseStatus.RESOLVED, ended_at=case.answered_at)
            self.shelve()

    def shelve(self) -> None:
        if self.case:
            self.done.append(self.case)
        self.case, self.unanswered = None, {}

    def open_wait(self, at: datetime, ref: int) -> None:
        case = self.case
        if case is None:
            wait = Wait(WaitKind.FIRST_RESPONSE, at, (ref,))
            self.case = CaseSpan(at, (ref,), (wait,), CaseStatus.WAITING)
        else:
            wait = Wait(WaitKind.NEXT_RESPONSE, at, (ref,))
            messages = case.messages if ref in case.messages else (*case.messages, ref)
            self.case = replace(
                case, messages=messages, waits=(*case.waits, wait), status=CaseStatus.WAITING
            )
        self.unanswered = {ref: at}

    def end_wait(self, end: WaitEnd, at: datetime, ref: int | None, status: CaseStatus) -> None:
        case = self.case
        if case is None:
            return
        waits = case.waits
        if waits[-1].end is None:
            ended = replace(waits[-1], end=end, ended_at=at, ended_by=ref)
            waits = (*waits[:-1], ended)
        self.unanswered = {}
        self.case = replace(case, waits=waits, status=status)


def _inbound(fold: _Fold, event: Event) -> None:
    if fold.case is None or fold.case.wait is None:
        answered = fold.case is not None
        fold.open_wait(event.at, event.ref)
        if answered and event.detail == THANKS:
            fold.end_wait(WaitEnd.NO_REPLY_NEEDED, event.at, event.ref, CaseStatus.ANSWERED)
        return
    case, wait = fold.case, fold.case.wait
    wait = replace(wait, messages=(*wait.messages, event.ref))
    fold.case = replace(case, messages=(*case.messages, event.ref), waits=(*case.waits[:-1], wait))
    fold.unanswered[event.ref] = event.at


def _deleted(fold: _Fold, event: Event) -> None:
    if event.ref not in fold.unanswered or fold.case is None:
        return
    if len(fold.unanswered) > 1:
        _withdraw(fold, event.ref)
    elif fold.case.answered_at:
        fold.end_wait(WaitEnd.DELETED, event.at, event.ref, CaseStatus.ANSWERED)
    else:
        fold.end_wait(WaitEnd.DELETED, event.at, event.ref, CaseStatus.CLOSED)
        fold.case = replace(fold.case, ended_at=event.at, close_reason="deleted by the customer")
        fold.shelve()


def _withdraw(fold: _Fold, ref: int) -> None:
    """Let the wait go on from the oldest message that is left in it."""
    if fold.case is None or fold.case.wait is None:
        return
    del fold.unanswered[ref]
    wait = replace(
        fold.case.wait,
        since=next(iter(fold.unanswered.values())),
        messages=tuple(fold.unanswered),
        withdrawn=(*fold.case.wait.withdrawn, ref),
    )
    fold.case = replace(fold.case, waits=(*fold.case.waits[:-1], wait))


def _answer(fold: _Fold, event: Event) -> None:
    if fold.case and not _is_automatic(fold.case, event):
        fold.end_wait(WaitEnd.ANSWERED, event.at, event.ref, CaseStatus.ANSWERED)
        fold.case = replace(fold.case, answered_at=event.at)


def _is_automatic(case: CaseSpan, answer: Event) -> bool:
    """Tell a bot's receipt by its speed, where the network does not mark it as one."""
    return case.wait is not None and answer.at - case.wait.since <= AUTOMATIC_WITHIN


def _closed(fold: _Fold, event: Event) -> None:
    if fold.case:
        at = event.claimed or event.at
        fold.end_wait(WaitEnd.CLOSED, at, event.ref, CaseStatus.CLOSED)
        fold.case = replace(
            fold.case, ended_at=at, covered_until=event.at, close_reason=event.detail
        )
        fold.shelve()


def _reopened(fold: _Fold, event: Event) -> None:
    if fold.case is None and fold.done:
        last = fold.done.pop()
        fold.case = replace(last, ended_at=None, close_reason="")
    if fold.case and fold.case.wait is None:
        fold.open_wait(event.at, fold.case.messages[-1])


_STEPS = {
    EventType.INBOUND: _inbound,
    EventType.DELETED: _deleted,
    EventType.ANSWER: _answer,
    EventType.CLOSED: _closed,
    EventType.REOPENED: _reopened,
}


def _without_undone_closings(events: Iterable[Event]) -> list[Event]:
    """
    Drop each closing that was taken back, with its taking back.

    Closing by mistake must not shorten a wait: it goes on as if nothing had happened.
    """
    kept: list[Event] = []
    closings: list[int] = []
    for event in sorted(events, key=Event.order):
        if event.type is EventType.REOPENED and closings:
            for index in reversed(closings):
                del kept[index]
            closings = []
            continue
        if event.type is EventType.CLOSED:
            closings.append(len(kept))
        elif event.type in {EventType.INBOUND, EventType.ANSWER}:
            # The conversation went on after the closing: there is nothing left to undo.
            closings = []
        kept.append(event)
    return kept


def fold(events: Iterable[Event], *, quiet_after: timedelta, now: datetime) -> list[CaseSpan]:
    """
    Return the cases of one conversation, oldest first; only the last can be unfinished.

    *events* may come in any order. A case that was answered is resolved when the customer
    stays quiet for *quiet_after* of wall time; what is written later opens a new one.
    """
    state = _Fold(quiet_after)
    for event in _without_undone_closings(events):
        state.settle(event.at)
        _STEPS[event.type](state, event)
    state.settle(now)
    state.shelve()
    return state.done
