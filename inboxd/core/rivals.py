"""
What is public of somebody else's account, folded by the rules that our own conversations go by.

Pure. Nobody there closes a case or snoozes one, no policy sets a target, and what an answer
promises is not followed up: what is left are customers who wait, and answers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.conversations import fold
from inboxd.core.waits import REPEATED, Event, EventType
from inboxd.model import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from inboxd.core.states import Traits
    from inboxd.core.waits import CaseSpan
    from inboxd.model import Stream

QUICK = timedelta(seconds=60)
"""Within it a machine answers; the same rule as for our own answers."""
_APART = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PublicMessage:
    """
    One message as it is kept: without its text, and by names that nobody can look up.

    *words* stands for the text of an answer, "" if it is short. *asks* tells of a question mark,
    *automatic* that it is a machine's by what it says. *flags* and *manners* are what the judge of
    replies said, as the columns have it; None where it was not judged.
    """

    id: int
    thread: str
    stream: Stream
    direction: Direction
    sent_at: datetime
    seen_at: datetime
    traits: Traits
    author: str = ""
    addressees: tuple[str, ...] = ()
    deleted_at: datetime | None = None
    automatic: bool = False
    asks: bool = False
    words: str = ""
    flags: str | None = None
    manners: str | None = None

    @property
    def by_customer(self) -> bool:
        """Whether it is a customer's."""
        return self.direction is Direction.INBOUND


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation, oldest first, and the cases that it comes to."""

    messages: tuple[PublicMessage, ...]
    cases: tuple[CaseSpan, ...]
    machines: frozenset[int] = frozenset()
    """The answers in it that are a machine's."""


def threads(
    messages: Iterable[PublicMessage], quiet_after: timedelta, now: datetime
) -> list[Thread]:
    """Return the conversations that *messages* of one account make."""
    by_thread: dict[str, list[PublicMessage]] = defaultdict(list)
    for message in sorted(messages, key=lambda each: (each.sent_at, each.id)):
        by_thread[message.thread].append(message)
    repeated = _repeated(by_thread)
    found = []
    for each in by_thread.values():
        cases = fold(_events(each, repeated), quiet_after=quiet_after, now=now)
        taken = {answer for case in cases for answer in case.automatic}
        said_so = {message.id for message in each if message.automatic}
        found.append(Thread(tuple(each), tuple(cases), frozenset(taken | said_so)))
    return found


def _events(messages: Sequence[PublicMessage], repeated: set[int]) -> list[Event]:
    """Return what happened; what was taken back before anybody saw it asks for nothing."""
    events = []
    for each in messages:
        if each.automatic or (each.by_customer and _never_seen(each)):
            continue
        if not each.by_customer:
            detail = REPEATED if each.id in repeated else ""
            events.append(
                Event(each.sent_at, EventType.ANSWER, each.id, detail, to=each.addressees)
            )
            continue
        kind = "" if each.asks else each.traits.kind or ""
        events.append(Event(each.sent_at, EventType.INBOUND, each.id, kind, author=each.author))
        if each.deleted_at:
            events.append(Event(each.deleted_at, EventType.DELETED, each.id))
    return events


def _never_seen(message: PublicMessage) -> bool:
    return message.deleted_at is not None and message.deleted_at <= message.seen_at


def _repeated(by_thread: Mapping[str, Sequence[PublicMessage]]) -> set[int]:
    """Return the answers that came as quickly, in the same words, in several threads."""
    alike: dict[str, list[tuple[datetime, str, int]]] = defaultdict(list)
    for thread, messages in by_thread.items():
        asked = [each.sent_at for each in messages if each.by_customer]
        for each in messages:
            if each.by_customer or not each.words:
                continue
            place = bisect_left(asked, each.sent_at - QUICK)
            if place < bisect_right(asked, each.sent_at):
                alike[each.words].append((each.sent_at, thread, each.id))
    return {
        number
        for answers in alike.values()
        for at, thread, number in answers
        if any(other != thread and abs(when - at) <= _APART for when, other, _ in answers)
    }
