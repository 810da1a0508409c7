"""
Who is waiting: a conversation's history folded into cases and waits.

The fold is a pure function of what happened and when, never of the order in which it was
heard of. Whatever arrives late, twice or out of order, folding the whole history again
gives the same cases.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from inboxd.core import owed
from inboxd.core.waits import (
    BY_STAFF,
    END_OF_TIME,
    REPEATED,
    THANKS,
    CaseSpan,
    CaseStatus,
    Event,
    EventType,
    Wait,
    WaitEnd,
    WaitKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from inboxd.core.owed import Follows

AUTOMATIC_WITHIN = timedelta(seconds=5)
"""Nobody reads a message and writes an answer in less: such an answer is a machine's."""


Facts = dict[str, Any]
"""What an event makes true of a case, by the names of its fields."""

_WHOLE_SECOND = timedelta(seconds=1)


def asks_for_more(before: Asking, after: Asking) -> bool:
    """Tell whether an edit made a complaint of what was none, or a question of what was none."""
    return (after.complains and not before.complains) or (after.asks and not before.asks)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a version of a message wants of us."""

    complains: bool
    asks: bool

    @classmethod
    def of(cls, kind: str, *, question_mark: bool) -> Asking:
        """Return what a text that was judged to be of *kind* wants."""
        return cls(kind == "complaint", question_mark or kind == "request")


@dataclass(slots=True)
class _Fold:
    """The state of the walk through a history; values of it never leave this module."""

    quiet_after: timedelta
    follows: Follows
    turn: owed.Turn = field(default_factory=owed.Turn)
    """What we wrote last, without a word of a customer's in between."""
    done: list[CaseSpan] = field(default_factory=list)
    case: CaseSpan | None = None
    unanswered: dict[int, datetime] = field(default_factory=dict)
    """Since when each message of the open wait has been waiting, oldest first."""
    authors: dict[int, str] = field(default_factory=dict)
    """Who wrote each message."""
    spoke_at: datetime | None = None
    """When a customer wrote last."""
    deleted: set[int] = field(default_factory=set)
    reopened: bool = False
    """A person opened the wait that is open."""

    def take(self, event: Event) -> None:
        """Let an event do what it does to the case."""
        self.settle(event.at)
        _STEPS[event.type](self, event)
        self.stand()

    def settle(self, now: datetime) -> None:
        """End the current case if it has been quiet for long enough after our answer."""
        case = self.case
        if case and case.status is CaseStatus.ANSWERED and case.answered_at:
            if case.answered_at + self.quiet_after > now:
                return
            self.case = replace(case, status=CaseStatus.RESOLVED, ended_at=case.answered_at)
            self.shelve()

    def wake(self, at: datetime) -> None:
        """End a snooze that lasts: the customer wrote, or a person thought of another time."""
        case = self.case
        if case and case.pauses and case.pauses[-1][1] > at:
            since = case.pauses[-1][0]
            cut = (*case.pauses[:-1], *([(since, at)] if since < at else []))
            self.case = replace(case, pauses=cut)

    def wake_answered(self, at: datetime) -> None:
        """End a snooze if nobody waits any more of those who waited when it began."""
        case = self.case
        if case and case.pauses:
            since = case.pauses[-1][0]
            if all(wait.end or wait.since > since for wait in case.waits):
                self.wake(at)

    def stand(self) -> None:
        """Let a case that is not over wait for as long as anything in it does."""
        case = self.case
        if case is None:
            return
        waits = case.waits[-1].end is None or any(wait.end is None for wait in case.waits)
        status = CaseStatus.WAITING if waits else CaseStatus.ANSWERED
        if status is not case.status:
            self.case = replace(case, status=status)

    def shelve(self) -> None:
        if self.case:
            self.done.append(self.case)
        self.case, self.unanswered = None, {}

    def open_wait(self, at: datetime, ref: int) -> None:
        case = self.case
        wait = Wait(self.kind_for(ref), at, (ref,))
        if case is None:
            self.case = CaseSpan(at, (ref,), (wait,), CaseStatus.WAITING, wrote_at=at)
        else:
            self.case = replace(
                case,
                messages=_with(case.messages, ref),
                waits=(*case.waits, wait),
                status=CaseStatus.WAITING,
                wrote_at=at,
            )
        self.unanswered, self.reopened = {ref: at}, False

    def join_wait(self, at: datetime, ref: int) -> None:
        """Let a message wait with those that wait already."""
        case = self.case
        if case and case.wait:
            waits = case.waits_with(replace(case.wait, messages=(*case.wait.messages, ref)))
            messages = _with(case.messages, ref)
            self.case = replace(case, messages=messages, waits=waits, wrote_at=at)
            self.unanswered[ref] = at

    def take_all(self, events: Sequence[Event]) -> None:
        """
        Let messages that follow another in a row wait with it.

        It is what they would do one by one, without as many copies of all that wait.
        """
        case = self.case
        if case and case.wait:
            refs = [event.ref for event in events]
            wait = replace(case.wait, messages=(*case.wait.messages, *refs))
            messages, waits = (*case.messages, *refs), case.waits_with(wait)
            self.case = replace(case, messages=messages, waits=waits, wrote_at=events[-1].at)
            self.authors.update((event.ref, event.author) for event in events)
            self.unanswered.update((event.ref, event.at) for event in events)
            self.spoke_at = events[-1].at

    def kind_for(self, ref: int) -> WaitKind:
        """Return which target measures a wait whose oldest message is *ref*."""
        if self.case and self.authors.get(ref, "") in self.case.served:
            return WaitKind.NEXT_RESPONSE
        return WaitKind.FIRST_RESPONSE

    def answered_by(self, answer: Event) -> list[int]:
        """
        Return which of the waiting messages an answer is for.

        Whoever the network does not name may be the one that an answer names, unless that is
        somebody who wrote in this case under that name.
        """
        if not answer.to or self.case is None:
            return list(self.unanswered)
        known = {self.authors.get(ref, "") for ref in self.case.messages}
        names = {*answer.to} if known.issuperset(answer.to) else {*answer.to, ""}
        return [ref for ref in self.unanswered if self.authors.get(ref, "") in names]

    def end_wait(
        self, end: WaitEnd, event: Event, at: datetime, status: CaseStatus, facts: Facts
    ) -> None:
        """Let *event* end the open wait, if there is one, and let *facts* be true of the case."""
        case = self.case
        if case is None:
            return
        waits = case.waits_with(case.wait.ended(end, event, at)) if case.wait else case.waits
        self.unanswered = {}
        self.case = replace(case, waits=waits, status=status, **facts)

    def end_part(self, answer: Event, served: Iterable[int], facts: Facts) -> None:
        """End the wait of the messages that are *served*; the others go on in one of their own."""
        case = self.case
        if case is None or case.wait is None:
            return
        kinds = self.kind_for
        done = {ref: self.unanswered.pop(ref) for ref in served}
        first, since = next(iter(done.items()))
        ended = Wait(kinds(first), since, tuple(done)).ended(WaitEnd.ANSWERED, answer)
        first, since = next(iter(self.unanswered.items()))
        left = tuple(self.unanswered)
        rest = replace(case.wait, kind=kinds(first), since=since, messages=left)
        self.case = replace(case, waits=case.waits_with(ended, rest), **facts)


def _with(messages: tuple[int, ...], ref: int) -> tuple[int, ...]:
    return messages if ref in messages else (*messages, ref)


def _inbound(fold: _Fold, event: Event) -> None:
    fold.authors[event.ref] = event.author
    fold.spoke_at, fold.turn = event.at, owed.Turn()
    fold.wake(event.at)
    case = fold.case
    if case is None:
        fold.open_wait(event.at, event.ref)
        return
    thanks = event.detail == THANKS and event.author in case.served
    if case.wait is None:
        fold.open_wait(event.at, event.ref)
        if thanks:
            fold.end_wait(WaitEnd.NO_REPLY_NEEDED, event, event.at, CaseStatus.ANSWERED, {})
    elif thanks and all(fold.authors[ref] != event.author for ref in fold.unanswered):
        # Others wait; who says thanks for an answer does not begin to wait with them.
        messages = (*case.messages, event.ref)
        fold.case = replace(case, messages=messages, wrote_at=event.at)
    else:
        fold.join_wait(event.at, event.ref)
    if thanks and fold.case:
        fold.case = owed.thanked(fold.case, event)


def _edited(fold: _Fold, event: Event) -> None:
    stands = event.ref in fold.authors and event.ref not in fold.deleted
    if not stands or event.ref in fold.unanswered:
        return
    fold.turn = owed.Turn()
    fold.wake(event.at)
    if fold.case is None or fold.case.wait is None:
        fold.open_wait(event.at, event.ref)
    else:
        fold.join_wait(event.at, event.ref)


def _deleted(fold: _Fold, event: Event) -> None:
    fold.deleted.add(event.ref)
    if fold.case and event.ref not in fold.authors:
        fold.case = owed.taken_back(fold.case, event)
    if event.ref not in fold.unanswered or fold.case is None:
        return
    if len(fold.unanswered) > 1:
        _withdraw(fold, event.ref)
    elif fold.case.answered_at:
        fold.end_wait(WaitEnd.DELETED, event, event.at, CaseStatus.ANSWERED, {})
    else:
        why: Facts = {"ended_at": event.at, "close_reason": "deleted by the customer"}
        fold.case = owed.over(fold.case, WaitEnd.DELETED, event, event.at)
        fold.end_wait(WaitEnd.DELETED, event, event.at, CaseStatus.CLOSED, why)
        fold.shelve()


def _withdraw(fold: _Fold, ref: int) -> None:
    """Let the wait go on from the oldest message that is left in it."""
    if fold.case is None or fold.case.wait is None:
        return
    del fold.unanswered[ref]
    first, since = next(iter(fold.unanswered.items()))
    wait = replace(
        fold.case.wait,
        kind=fold.kind_for(first),
        since=since,
        messages=tuple(fold.unanswered),
        withdrawn=(*fold.case.wait.withdrawn, ref),
    )
    fold.case = replace(fold.case, waits=fold.case.waits_with(wait))


def _answer(fold: _Fold, event: Event) -> None:
    case = fold.case or _taken_up(fold, event)
    if case is None:
        return
    served = fold.answered_by(event)
    if event.detail == REPEATED or _is_quick(fold, event, served):
        fold.case = replace(case, automatic=(*case.automatic, event.ref))
        return
    _serve(fold, case, event, served)
    if fold.case:
        about = tuple(served) or case.messages[-1:]
        fold.turn = fold.turn.going_on(event)
        fold.case = owed.answered(fold.case, event, about, fold.turn, fold.follows)
        fold.wake_answered(event.at)


def _taken_up(fold: _Fold, answer: Event) -> CaseSpan | None:
    """Take up a case that was resolved, where we come back to it with a promise."""
    last = fold.done[-1] if fold.done else None
    promise = answer.judged.promise if answer.judged else None
    if last is None or promise is None or last.status is not CaseStatus.RESOLVED:
        return None
    if not fold.follows(last.messages).promises:
        return None
    fold.case = replace(fold.done.pop(), status=CaseStatus.ANSWERED, ended_at=None)
    return fold.case


def _serve(fold: _Fold, case: CaseSpan, event: Event, served: Sequence[int]) -> None:
    """End the wait of those whom an answer is for."""
    if case.wait is None:
        fold.case = replace(case, answered_at=event.at)
        return
    if not served:
        return
    authors = case.served.union(fold.authors.get(ref, "") for ref in served)
    facts: Facts = {"answered_at": event.at, "served": authors}
    if len(served) < len(fold.unanswered):
        fold.end_part(event, served, facts)
    else:
        fold.end_wait(WaitEnd.ANSWERED, event, event.at, CaseStatus.ANSWERED, facts)


def _is_quick(fold: _Fold, answer: Event, served: Iterable[int]) -> bool:
    """Tell a bot's receipt by its speed, where the network does not mark it as one."""
    # A machine thanks for thanks as well, when nobody waits.
    nobody_waits = fold.case is not None and fold.case.wait is None
    last_word = fold.spoke_at if nobody_waits else None
    since = min((fold.unanswered[ref] for ref in served), default=last_word)
    # To a person's reopening, a person's reply may be ready.
    by_person = fold.reopened or answer.detail == BY_STAFF
    return since is not None and not by_person and answer.at - since <= AUTOMATIC_WITHIN


def _closed(fold: _Fold, event: Event) -> None:
    if fold.case:
        at = event.claimed or event.at
        why: Facts = {"ended_at": at, "covered_until": event.at, "close_reason": event.detail}
        fold.case = owed.over(fold.case, WaitEnd.CLOSED, event, at)
        fold.end_wait(WaitEnd.CLOSED, event, at, CaseStatus.CLOSED, why)
        fold.shelve()


def _reopened(fold: _Fold, event: Event) -> None:
    if fold.case is None and fold.done:
        last = fold.done.pop()
        fold.case = replace(last, ended_at=None, close_reason="")
    case = fold.case
    if case and case.wait is None:
        last_message = case.messages[-1]
        author = fold.authors.get(last_message, "")
        fold.case = replace(case, served=case.served | {author})
        fold.open_wait(event.at, last_message)
        # That a person did it is no word of the customer's.
        fold.case = replace(fold.case, wrote_at=case.wrote_at)
        fold.reopened = True


def _snoozed(fold: _Fold, event: Event) -> None:
    fold.wake(event.at)
    if fold.case and event.until and event.until > event.at:
        fold.case = replace(fold.case, pauses=(*fold.case.pauses, (event.at, event.until)))


_STEPS = {
    EventType.INBOUND: _inbound,
    EventType.EDITED: _edited,
    EventType.DELETED: _deleted,
    EventType.ANSWER: _answer,
    EventType.CLOSED: _closed,
    EventType.REOPENED: _reopened,
    EventType.SNOOZED: _snoozed,
}


def _without_undone_closings(events: Sequence[Event]) -> list[Event]:
    """
    Drop each closing that was taken back, with its taking back.

    Closing by mistake must not shorten a wait: it goes on as if nothing had happened. A closing
    covers what had been seen, and so it may stand before a reopening that it followed: then it
    stays, and the reopening goes.
    """
    kept: list[Event] = []
    closings: list[int] = []
    for event in events:
        if event.type is EventType.REOPENED and closings:
            undone = [index for index in closings if _happened(kept[index]) <= event.at]
            for index in reversed(undone):
                del kept[index]
            closings = [
                index - sum(gone < index for gone in undone)
                for index in closings
                if index not in undone
            ]
            continue
        if event.type is EventType.CLOSED:
            closings.append(len(kept))
        elif event.type in {EventType.INBOUND, EventType.EDITED, EventType.ANSWER}:
            # The conversation went on after the closing: there is nothing left to undo.
            closings = []
        kept.append(event)
    return kept


def _happened(closing: Event) -> datetime:
    """Return when a person closed, which is not until when that counts."""
    return closing.claimed or closing.at


def _in_order(events: Iterable[Event]) -> list[Event]:
    """
    Return *events* as they happened.

    Some networks date an answer to the whole second. One in the very second of a reopening
    followed it: nobody reads an answer and objects to it within a second. Unless the
    customer wrote in that second, too: then to be answered last might lose them.
    """
    ordered = sorted(events, key=Event.order)
    if all(event.type < EventType.CLOSED for event in ordered):
        return ordered
    reopenings = [event.at for event in ordered if event.type is EventType.REOPENED]
    wrote = [event.at for event in ordered if event.type in {EventType.INBOUND, EventType.EDITED}]
    moved = [_behind(event, reopenings, wrote) for event in ordered]
    return _without_undone_closings(sorted(moved, key=Event.order))


def _behind(event: Event, reopenings: Iterable[datetime], wrote: Iterable[datetime]) -> Event:
    """Return an answer that was dated to the second of a reopening as having come after it."""
    if event.type is not EventType.ANSWER or event.claimed or event.at.microsecond:
        return event
    reopened = [at for at in reopenings if event.at <= at < event.at + _WHOLE_SECOND]
    if not reopened or any(event.at <= at <= reopened[-1] for at in wrote):
        return event
    return event._replace(at=reopened[-1], claimed=END_OF_TIME)


def _is_plain(event: Event) -> bool:
    """Tell whether an event is a message that does nothing but wait for an answer."""
    return event.type is EventType.INBOUND and event.detail != THANKS


def fold(
    events: Iterable[Event],
    *,
    quiet_after: timedelta,
    now: datetime,
    follows: Follows = owed.follow_nothing,
) -> list[CaseSpan]:
    """
    Return the cases of one conversation, oldest first; only the last can be unfinished.

    *events* may come in any order. A case that was answered is resolved when the customer
    stays quiet for *quiet_after* of wall time; what is written later opens a new one. What
    our answers promise, and whom they send elsewhere, is waited for where *follows* says so.
    """
    state = _Fold(quiet_after, follows)
    for is_plain, row in groupby(_in_order(events), _is_plain):
        if is_plain:
            # It opens or joins a wait, wakes who is snoozed, and ends our turn for all of them.
            first, *others = row
            state.take(first)
            if others:
                state.take_all(others)
        else:
            for event in row:
                state.take(event)
    state.settle(now)
    state.shelve()
    return state.done
