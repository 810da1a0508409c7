"""By when a customer must be served: targets turned into due times."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from inboxd.core.conversations import CaseStatus, WaitKind

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from inboxd.core.hours import OpeningHours
    from inboxd.core.policies import Policy


class Target(StrEnum):
    """What a policy promises."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True)
class Due:
    """One promise with its clock: open time counts from *since*, and ends at *at*."""

    target: Target
    since: datetime
    allowed: timedelta
    at: datetime


@dataclass(frozen=True, slots=True)
class Dues:
    """The promises that are running in a case; None for what is kept or was not made."""

    response: Due | None = None
    resolution: Due | None = None

    @property
    def governing(self) -> Due | None:
        """Return the promise that falls due first."""
        running = [due for due in (self.response, self.resolution) if due]
        return min(running, key=lambda due: due.at, default=None)


class OpenWait(Protocol):
    """What a response target needs to know of a wait."""

    @property
    def kind(self) -> WaitKind:
        """Return which target measures it."""
        ...

    @property
    def since(self) -> datetime:
        """Return when the oldest unanswered message began to wait."""
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
    def wait(self) -> OpenWait | None:
        """Return the open wait, if a customer is waiting now."""
        ...


def dues(case: Obligation, policy: Policy) -> Dues:
    """
    Return what is promised to the customer of *case* under *policy*.

    A response counts from the oldest unanswered message, so further messages do not move
    it; the resolution counts from the opening of the case until the case is over.
    """
    wait = case.wait
    response = response_due(wait.kind, wait.since, policy) if wait else None
    return Dues(response=response, resolution=_resolution(case, policy))


def response_due(kind: WaitKind, since: datetime, policy: Policy) -> Due | None:
    """Return by when a wait of *kind* that began at *since* must be answered."""
    first = kind is WaitKind.FIRST_RESPONSE
    span = policy.first_response if first else policy.next_response
    if span is None:
        return None
    target = Target.FIRST_RESPONSE if first else Target.NEXT_RESPONSE
    return _due(policy, target, since, policy.hours.span(span))


def _resolution(case: Obligation, policy: Policy) -> Due | None:
    over = case.status in {CaseStatus.RESOLVED, CaseStatus.CLOSED}
    if over or policy.resolution is None:
        return None
    return _due(policy, Target.RESOLUTION, case.opened_at, policy.hours.span(policy.resolution))


def _due(policy: Policy, target: Target, since: datetime, allowed: timedelta) -> Due | None:
    at = reach(policy.hours, since, allowed)
    return Due(target, since, allowed, at) if at else None


def reach(hours: OpeningHours, start: datetime, span: timedelta) -> datetime | None:
    """Return when *span* of open time has passed, or None if the calendar never opens again."""
    try:
        return hours.add(start, span)
    except ValueError:
        return None
