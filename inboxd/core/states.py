"""
How a case and its waits are kept: their numbers, what they are of, and what people were told.

Values only. What makes them is :mod:`inboxd.core.tracking`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from inboxd.core.hours import Pause
    from inboxd.core.waits import CaseStatus, Event, Promise, WaitEnd, WaitKind
    from inboxd.model import Kind, Stream, Topic, Urgency

FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Traits:
    """What the classifier says of a message, or of all customer messages of a case."""

    kind: Kind | None = None
    topics: tuple[Topic, ...] = ()
    urgency: Urgency | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class WaitState:
    """
    A wait with its number, its due time, and what people were told of it.

    *message* is the oldest in it, and *telling* the customer's that tells most. Where our own
    answer began it, *message* is that answer, and *promise* what it said of the time.
    """

    kind: WaitKind
    since: datetime
    message: int
    telling: int
    id: int | None = None
    due_at: datetime | None = None
    end: WaitEnd | None = None
    ended_at: datetime | None = None
    ended_by: int | None = None
    open_time: timedelta | None = None
    told_until: datetime | None = None
    told: Mapping[str, int] = field(default_factory=dict)
    promise: Promise | None = None


@dataclass(frozen=True, slots=True)
class CaseState:
    """
    A case as it is stored. *id* is None until the store has given it a number.

    Its *waits* are sorted by when they began; where an answer was for some customers of a
    thread only, one can have begun before another that has ended.
    """

    status: CaseStatus
    first_message: int
    opened_at: datetime
    waits: tuple[WaitState, ...]
    id: int | None = None
    unanswered: int = 0
    wrote_at: datetime | None = None
    answered_at: datetime | None = None
    quiet_at: datetime | None = None
    ended_at: datetime | None = None
    close_reason: str = ""
    traits: Traits = Traits()
    policy: str = ""
    response_due_at: datetime | None = None
    resolution_due_at: datetime | None = None
    due_at: datetime | None = None
    next_step_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    assigned_to: str = ""
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None
    pauses: tuple[Pause, ...] = ()

    @property
    def wait(self) -> WaitState | None:
        """Return the open wait that speaks for the case: for an answer, else the first due."""
        return min(
            self.open_waits, key=lambda w: (w.kind.is_owed, w.due_at or FOR_EVER), default=None
        )

    @property
    def open_waits(self) -> tuple[WaitState, ...]:
        """Return what the customer waits for now: an answer, and what our answers owe them."""
        return tuple([wait for wait in self.waits if wait.end is None])


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a conversation takes place: the facts that no message changes."""

    account: str
    network: str
    stream: Stream
    public: bool
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """
    All that tracking needs to know of one conversation.

    What happened up to *settled_until* is left out, unless the history is *whole*.
    """

    conversation: int
    setting: Setting
    events: tuple[Event, ...]
    traits: Mapping[int, Traits]
    cases: tuple[CaseState, ...]
    settled_until: datetime | None = None
    whole: bool = True
