"""
The words of waiting: what happens in a conversation, and the cases and waits that follow.

Values only. How they follow is :mod:`inboxd.core.conversations`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from inboxd.core.hours import Pause

THANKS = "praise"
"""The kind of message that ends its own wait when it follows our answer and asks nothing."""
REPEATED = "repeated"
"""The detail of an answer that was given as quickly, in the same words, to somebody else."""
BY_STAFF = "by_staff"
"""The detail of an answer that a person surely wrote: the network names them, or they used us."""

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


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
    EDITED = 3
    """A customer made a message ask for more than it did; other edits are none."""
    DELETED = 4
    """A customer took a message back."""
    CLOSED = 5
    """A person decided that no (further) reply is needed."""
    REOPENED = 6
    """A person took that back, or put an answered case back among the waiting."""
    SNOOZED = 7
    """A person let a case sleep."""


class Promise(NamedTuple):
    """
    By when we said that something will be done, as far as we said it.

    *on* is the last day that our words allow, *at* the instant; None: they name none.
    """

    on: date | None = None
    at: datetime | None = None

    @property
    def is_timed(self) -> bool:
        """Tell whether a day or an hour was named at all."""
        return self.on is not None or self.at is not None


class Judged(NamedTuple):
    """What the judge of replies found in an answer of ours, as far as waits depend on it."""

    deflects: bool = False
    promise: Promise | None = None


class Event(NamedTuple):
    """
    One event of a conversation. *ref* is the message's or the action's own number.

    *claimed* is when the network says it happened, where that is not believed: it still
    orders what would otherwise have happened at one instant. A closing stands behind the
    newest message that was seen when a person decided it, and *claimed* is when that was:
    what the customer had written meanwhile, unseen by anybody, is not closed with the rest.

    *author* is who wrote, "" where that is not known or a thread has one customer only; *to*
    are the authors whom an answer names, none of them if it is for everybody. *judged* is what
    was found in an answer, None until it has been judged; *until* is how long a case sleeps.
    """

    at: datetime
    type: EventType
    ref: int
    detail: str = ""
    claimed: datetime | None = None
    author: str = ""
    to: tuple[str, ...] = ()
    judged: Judged | None = None
    until: datetime | None = None

    def order(self) -> tuple[datetime, datetime, EventType, int]:
        """Return what events are sorted by."""
        behind_all = self.type is EventType.CLOSED and self.claimed
        claimed = END_OF_TIME if behind_all else self.claimed or self.at
        return self.at, claimed, self.type, self.ref


class WaitKind(StrEnum):
    """Which target measures a wait."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    PROMISE = "promise"
    """The customer waits for what we promised them."""
    RESOLUTION = "resolution"
    """The customer was sent elsewhere: answered, but not served."""

    @property
    def is_owed(self) -> bool:
        """Tell whether our own answer began it, and not a customer's message."""
        return self is WaitKind.PROMISE or self is WaitKind.RESOLUTION


class WaitEnd(StrEnum):
    """What ended a wait."""

    ANSWERED = "answered"
    CLOSED = "closed"
    DELETED = "deleted"
    NO_REPLY_NEEDED = "no_reply_needed"
    """By rule: the customer said thanks for our answer."""
    REPLACED = "replaced"
    """We promised something else, with another time, instead."""
    VOID = "void"
    """It turned out to be none, or a part of another; only what people heard of is kept."""


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

    Of a wait that our own answers began, *messages* are those answers, *about* the customers'
    messages that they answered, *to* the authors whom they name (none: everybody), and
    *promise* what was said of the time.
    """

    kind: WaitKind
    since: datetime
    messages: tuple[int, ...]
    withdrawn: tuple[int, ...] = ()
    end: WaitEnd | None = None
    ended_at: datetime | None = None
    ended_by: int | None = None
    about: tuple[int, ...] = ()
    to: tuple[str, ...] = ()
    promise: Promise | None = None

    def ended(self, end: WaitEnd, event: Event, at: datetime | None = None) -> Wait:
        """Return this wait as *event* ends it."""
        return replace(self, end=end, ended_at=at or event.at, ended_by=event.ref)


@dataclass(frozen=True, slots=True)
class CaseSpan:
    """
    One obligation, from the first unanswered message until it is over.

    *messages* are the customers'; *wrote_at* is when the latest of them came, or was edited so
    that it asks for more; *served* are the authors whom we have answered, and *automatic* the
    answers that were taken for a machine's. *covered_until* is how far a closing reaches;
    *ended_at* of a resolved case is its last answer, for that is when the customer was served,
    though it is known only after the quiet time. *pauses* are when it was snoozed.
    """

    opened_at: datetime
    messages: tuple[int, ...]
    waits: tuple[Wait, ...]
    status: CaseStatus
    wrote_at: datetime
    served: frozenset[str] = frozenset()
    automatic: tuple[int, ...] = ()
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    covered_until: datetime | None = None
    close_reason: str = ""
    pauses: tuple[Pause, ...] = ()

    @property
    def wait(self) -> Wait | None:
        """Return the open wait for an answer, if a customer is waiting for one now."""
        for wait in reversed(self.waits):
            if wait.end is None and not wait.kind.is_owed:
                return wait
        return None

    @property
    def open_waits(self) -> tuple[Wait, ...]:
        """Return the waits that have not ended."""
        return tuple([wait for wait in self.waits if wait.end is None])

    def waits_with(self, *parts: Wait) -> tuple[Wait, ...]:
        """Return the waits with *parts* in the place of the open wait for an answer."""
        wait = self.wait
        place = self.waits.index(wait) if wait else len(self.waits)
        return (*self.waits[:place], *parts, *self.waits[place + 1 :])
