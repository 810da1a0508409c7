"""By when a customer must be served: targets turned into due times."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from inboxd.core.waits import CaseStatus, WaitKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.hours import OpeningHours, Pause
    from inboxd.core.policies import Policy
    from inboxd.core.waits import Promise


class Target(StrEnum):
    """What a policy promises."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    PROMISE = "promise"


@dataclass(frozen=True, slots=True)
class Due:
    """
    One promise with its clock: open time counts from *since*, and ends at *at*.

    It does not count in *pauses*. After *repeated_until* no step of it is repeated; None: each is
    until the customer is answered.
    """

    target: Target
    since: datetime
    allowed: timedelta
    at: datetime
    pauses: tuple[Pause, ...] = ()
    repeated_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """
    When an open wait is due by the target that is its *own*, and by its case's *resolution*.

    Where the resolution is another wait's, or is nothing to this one, it is None.
    """

    wait: OpenWait
    own: Due | None
    resolution: Due | None = None

    @property
    def governs(self) -> Due | None:
        """Return the promise that falls due first."""
        return _first(self.own, self.resolution)

    @property
    def told(self) -> tuple[Due, ...]:
        """
        Return the promises whose steps are told, first the one that falls due first.

        However long a case is overdue, whoever writes has an answer to get: beside a resolution
        that falls due first the wait's own target keeps its steps. The resolution's are repeated
        until that is late as well, and not at all once the case was overdue when the wait began.
        """
        own, resolution = self.own, self.resolution
        if own is None or resolution is None or own.at <= resolution.at:
            first = self.governs
            return (first,) if first else ()
        was_overdue = resolution.at <= self.wait.since
        until = resolution.at if was_overdue else own.at
        return replace(resolution, repeated_until=until), own


@dataclass(frozen=True, slots=True)
class Dues:
    """The promises that are running in a case; None for what is kept or was not made."""

    response: Due | None = None
    resolution: Due | None = None
    promise: Due | None = None
    waits: tuple[Running, ...] = field(default=(), compare=False)
    """Each open wait, in the case's order."""

    @property
    def governing(self) -> Due | None:
        """Return the promise that falls due first."""
        return _first(self.response, self.resolution, self.promise)


class OpenWait(Protocol):
    """What due times need to know of a wait."""

    @property
    def kind(self) -> WaitKind:
        """Return which target measures it."""
        ...

    @property
    def since(self) -> datetime:
        """Return when the oldest unanswered message began to wait, or we made our promise."""
        ...

    @property
    def promise(self) -> Promise | None:
        """Return what was promised of the time, if it is a promise that is waited for."""
        ...


class Obligation(Protocol):
    """What due times need to know of a case, folded or stored."""

    @property
    def status(self) -> CaseStatus:
        """Return where the case stands."""
        ...

    @property
    def opened_at(self) -> datetime:
        """Return when its first message began to wait."""
        ...

    @property
    def open_waits(self) -> Sequence[OpenWait]:
        """Return what the customer waits for now."""
        ...

    @property
    def pauses(self) -> tuple[Pause, ...]:
        """Return when the case was snoozed."""
        ...


def dues(case: Obligation, policy: Policy) -> Dues:
    """
    Return what is promised to the customer of *case* under *policy*.

    A response counts from the oldest unanswered message, so further messages do not move
    it; the resolution counts from the opening of the case until the case is over.
    """
    pauses = case.pauses if policy.snooze_pauses else ()
    resolution = _resolution(case, policy, pauses)
    found = [(wait, _own(wait, policy, pauses, resolution)) for wait in case.open_waits]
    # The resolution matters to whoever waits for an answer, unless it has a wait of its own.
    apart = any(wait.kind is WaitKind.RESOLUTION for wait, _ in found)
    return Dues(
        _first(*(own for wait, own in found if not wait.kind.is_owed)),
        resolution,
        _first(*(own for wait, own in found if wait.kind is WaitKind.PROMISE)),
        tuple(
            Running(wait, own, None if apart or wait.kind.is_owed else resolution)
            for wait, own in found
        ),
    )


def _own(
    wait: OpenWait, policy: Policy, pauses: tuple[Pause, ...], resolution: Due | None
) -> Due | None:
    if wait.kind is WaitKind.RESOLUTION:
        return resolution
    if wait.kind is WaitKind.PROMISE:
        return promise_due(wait, policy, pauses)
    return response_due(wait.kind, wait.since, policy, pauses)


def _first(*running: Due | None) -> Due | None:
    first: Due | None = None
    for due in running:
        if due and (first is None or due.at < first.at):
            first = due
    return first


def response_due(
    kind: WaitKind, since: datetime, policy: Policy, pauses: tuple[Pause, ...] = ()
) -> Due | None:
    """Return by when a wait of *kind* that began at *since* must be answered."""
    first = kind is WaitKind.FIRST_RESPONSE
    span = policy.first_response if first else policy.next_response
    if span is None:
        return None
    target = Target.FIRST_RESPONSE if first else Target.NEXT_RESPONSE
    return _due(policy, target, since, policy.hours.span(span), pauses)


def promise_due(wait: OpenWait, policy: Policy, pauses: tuple[Pause, ...] = ()) -> Due | None:
    """
    Return by when a promise must be kept.

    That is the instant that was named; else the end of business of the named day, in the
    policy's calendar; else the policy's own time for promises. That we let the case sleep
    moves only the last of these: the customer was not told of it.
    """
    if wait.promise is None or policy.promise is None:
        return None
    at = _promised_at(wait.promise, wait.since, policy.hours)
    with suppress(ValueError):  # a promise for the next century is taken for none of a time
        if at is not None:
            allowed = policy.hours.between(wait.since, at)
            return Due(Target.PROMISE, wait.since, allowed, at)
    span = policy.hours.span(policy.promise)
    return _due(policy, Target.PROMISE, wait.since, span, pauses)


def _promised_at(promise: Promise, since: datetime, hours: OpeningHours) -> datetime | None:
    """Return the instant that was promised, None where no time after *since* was named."""
    if promise.at and promise.at > since:
        return promise.at
    if promise.on is None:
        return None
    try:
        midnight = hours.end_of(promise.on)
        close = hours.subtract(midnight, timedelta())
    except (ValueError, OverflowError):
        return None
    # Of a day that is closed, it is the last closing before: nobody works on it. What is promised
    # after that has the whole day, which is what the customer was told.
    at = close if close > since else midnight
    return at if at > since else None


def _resolution(case: Obligation, policy: Policy, pauses: tuple[Pause, ...]) -> Due | None:
    if case.status in {CaseStatus.RESOLVED, CaseStatus.CLOSED}:
        return None
    return resolution_due(case.opened_at, policy, pauses)


def resolution_due(
    opened_at: datetime, policy: Policy, pauses: tuple[Pause, ...] = ()
) -> Due | None:
    """Return by when a case that was opened at *opened_at* must be over."""
    if policy.resolution is None:
        return None
    span = policy.hours.span(policy.resolution)
    return _due(policy, Target.RESOLUTION, opened_at, span, pauses)


def _due(
    policy: Policy,
    target: Target,
    since: datetime,
    allowed: timedelta,
    pauses: tuple[Pause, ...],
) -> Due | None:
    at = reach(policy.hours, since, allowed, pauses)
    return Due(target, since, allowed, at, pauses) if at else None


def reach(
    hours: OpeningHours, start: datetime, span: timedelta, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """Return when *span* of open time has passed, or None if the calendar never opens again."""
    try:
        return hours.add(start, span, pauses)
    except ValueError:
        return None
