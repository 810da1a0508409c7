"""
What our own answers owe: promises to be kept, and customers who were only sent elsewhere.

Such a wait begins with an answer of ours, beside whatever the customer waits for. Pure: each
function returns the case as an event leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.waits import Judged, Wait, WaitEnd, WaitKind

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.core.waits import CaseSpan, Event

SURE = 0.7
"""From which share on a promise or a deflection counts: a false one would hold a case open."""
SAME_TURN = timedelta(seconds=60)
"""What we write within it of our last words goes on with them: it does not keep their promise."""


@dataclass(frozen=True, slots=True)
class Follow:
    """What is followed up in a case: its policy says so."""

    promises: bool = False
    deflections: bool = False


Follows = Callable[[Sequence[int]], Follow]
"""Tells, of a case with these messages of customers, what is followed up."""


def follow_nothing(_: Sequence[int]) -> Follow:
    """Return that neither promises nor deflections are followed up."""
    return Follow()


@dataclass(frozen=True, slots=True)
class Turn:
    """Our last words: people part what they say into several messages."""

    messages: tuple[int, ...] = ()
    until: datetime | None = None

    def going_on(self, answer: Event) -> Turn:
        """Return our last words with *answer*: it goes on with them, or begins anew."""
        goes_on = self.until is not None and answer.at - self.until <= SAME_TURN
        return Turn((*self.messages, answer.ref) if goes_on else (answer.ref,), answer.at)


def answered(
    case: CaseSpan, answer: Event, about: tuple[int, ...], turn: Turn, follows: Follows
) -> CaseSpan:
    """
    Return *case* as *answer* leaves what is owed in it.

    It keeps what was promised before it, unless it merely promises again; and whoever was sent
    elsewhere is served, unless it sends them elsewhere again. Until it has been judged it does
    neither: a wait that ends and goes on again would be told.
    """
    if answer.judged is None:
        return case
    follow = follows(case.messages)
    promise = answer.judged.promise if follow.promises else None
    said = Judged(answer.judged.deflects and follow.deflections, promise)
    waits = [
        _after(wait, answer, said, turn) if _concerns(wait, answer.to) else wait
        for wait in case.waits
    ]
    begun = [
        Wait(kind, answer.at, (answer.ref,), about=about, to=answer.to, promise=promised)
        for kind, owes, promised in (
            (WaitKind.PROMISE, promise is not None, promise),
            (WaitKind.RESOLUTION, said.deflects, None),
        )
        if owes and not any(wait.kind is kind and answer.ref in wait.messages for wait in waits)
    ]
    return replace(case, waits=(*waits, *begun))


def _after(wait: Wait, answer: Event, said: Judged, turn: Turn) -> Wait:
    """Return *wait*, which is owed, as an answer leaves it that says what is *said*."""
    going_on = not {*turn.messages}.isdisjoint(wait.messages)
    if wait.kind is WaitKind.RESOLUTION:
        if said.deflects:
            return replace(wait, messages=(*wait.messages, answer.ref))
        return wait if going_on else wait.ended(WaitEnd.ANSWERED, answer)
    if said.promise is None:
        return wait if going_on else wait.ended(WaitEnd.ANSWERED, answer)
    if going_on or not said.promise.is_timed:
        # "Soon" once more: who was told a time, or waits since the first time, waits on.
        promise = said.promise if said.promise.is_timed else wait.promise
        return replace(wait, messages=(*wait.messages, answer.ref), promise=promise)
    return wait.ended(WaitEnd.REPLACED, answer)


def _concerns(wait: Wait, to: Sequence[str]) -> bool:
    """Tell whether an answer *to* somebody, or to everybody, is for those of an owed wait."""
    if wait.end is not None or not wait.kind.is_owed:
        return False
    return not to or not wait.to or not {*to}.isdisjoint(wait.to)


def thanked(case: CaseSpan, thanks: Event) -> CaseSpan:
    """Return *case* with the customer content who was sent elsewhere and says thanks for it."""
    to = (thanks.author,) if thanks.author else ()
    return _ending(
        case,
        lambda wait: wait.kind is WaitKind.RESOLUTION and _concerns(wait, to),
        WaitEnd.NO_REPLY_NEEDED,
        thanks,
    )


def taken_back(case: CaseSpan, deletion: Event) -> CaseSpan:
    """Return *case* without the promises of an answer that we deleted."""
    waits = [
        replace(wait, messages=tuple(ref for ref in wait.messages if ref != deletion.ref))
        if len(wait.messages) > 1 and _is_promised_by(wait, deletion.ref)
        else wait
        for wait in case.waits
    ]
    return _ending(
        replace(case, waits=tuple(waits)),
        lambda wait: _is_promised_by(wait, deletion.ref),
        WaitEnd.DELETED,
        deletion,
    )


def _is_promised_by(wait: Wait, ref: int) -> bool:
    return wait.kind is WaitKind.PROMISE and wait.end is None and ref in wait.messages


def over(case: CaseSpan, end: WaitEnd, event: Event, at: datetime) -> CaseSpan:
    """Return *case* with nothing owed any more: it is over at *at*."""
    return _ending(case, lambda wait: _concerns(wait, ()), end, event, at)


def _ending(
    case: CaseSpan,
    ends: Callable[[Wait], bool],
    end: WaitEnd,
    event: Event,
    at: datetime | None = None,
) -> CaseSpan:
    if not any(map(ends, case.waits)):
        return case
    waits = [wait.ended(end, event, at) if ends(wait) else wait for wait in case.waits]
    return replace(case, waits=tuple(waits))
