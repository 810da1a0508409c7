"""The inbox: pages of cases for somebody who looks through them, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.waits import CaseStatus, WaitKind
    from inboxd.model import Author, Kind, Stream, Topic, Urgency


@dataclass(frozen=True, slots=True)
class InboxRow:
    """
    One line of the inbox: a case, and of its texts as much as fits into a line.

    *since* is when what is waited for began, or when the case was opened where nobody waits;
    *taken_by* has taken the present wait ("": nobody); *snoozed_until* is None where the case is
    awake. *wait* is what is waited for, None where nothing is. *promised* are the words of ours
    for the time of the promise that is to be kept first. *text* is the beginning of the message
    that tells most.
    """

    case_id: int
    status: CaseStatus
    account: str
    network: str
    stream: Stream
    public: bool
    author: Author | None
    kind: Kind | None
    topics: tuple[Topic, ...]
    urgency: Urgency | None
    language: str
    policy: str
    since: datetime
    due_at: datetime | None
    unanswered: int
    taken_by: str
    assigned_to: str
    snoozed_until: datetime | None
    wait: WaitKind | None
    promised: str
    ended_at: datetime | None
    close_reason: str
    text: str
    url: str


class Listing(Protocol):
    """The cases that a query finds, in its order; only what is asked for is read."""

    def __len__(self) -> int:
        """Return how many they are."""
        ...

    def page(self, offset: int, limit: int) -> Sequence[InboxRow]:
        """Return *limit* of them from *offset* on, fewer at the end."""
        ...

    def place(self, case: int) -> int | None:
        """Return at which offset a case is, None if it is not among them."""
        ...
