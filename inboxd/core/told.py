"""
What people know of a wait: its steps by their names, and what of them was told.

Pure. A step's name is for ever, and so is what people have heard: nothing here is taken back, but
for what turned out to have reached nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from inboxd.core.sla import Target
from inboxd.core.states import FOR_EVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from inboxd.core.policies import Policy, Step
    from inboxd.core.sla import Due

BROKEN = "broken"
"""What is told of a wait, among its steps, once people know that its promise is broken."""
OVERDUE = f"{BROKEN}/{Target.RESOLUTION}"
"""
The same of the resolution of its case, in all later waits too.

Instead of a turn it has until when people know its steps, in seconds since 1970.
"""
HISTORY: Mapping[str, int] = MappingProxyType({BROKEN: 0, OVERDUE: 0})
"""What is told of a wait that was old when it was read first: what was broken by then is no news."""


@dataclass(frozen=True, slots=True)
class Firing:
    """
    One turn of one step: *turn* counts its repetitions from 0.

    *step* (``complaints/first_response/100%+1h``) and *turn* say within a wait, for ever, what
    was told. A step is named by its moment and not by its place in the list: that the first
    of three was told must not silence the one that is first after an edit. *due* is the promise
    that it is a step of; a reminder is of none.
    """

    step: str
    turn: int
    at: datetime
    to: tuple[str, ...]
    mentions: tuple[str, ...] = ()
    due: Due | None = None

    @property
    def is_breach(self) -> bool:
        """Tell whether it says that a promise is broken."""
        return self.due is not None and self.at >= self.due.at

    @property
    def is_resolution(self) -> bool:
        """Tell whether it is of the one promise that all waits of a case share."""
        return self.due is not None and self.due.target is Target.RESOLUTION


def step_name(policy: Policy, due: Due, step: Step) -> str:
    """Return what *step* is called in a wait, for ever: ``complaints/first_response/100%+1h``."""
    repeated = f" every {step.repeat}" if step.repeat else ""
    moment = f"{step.at}{repeated}".replace(" ", "")
    return f"{policy.name}/{due.target}/{moment}"


def is_of_resolution(step: str) -> bool:
    """Tell whether that is the name of a step of a case's resolution."""
    return f"/{Target.RESOLUTION}/" in step


def is_reminder(step: str) -> bool:
    """Tell whether that is the name of the reminder of an acknowledgement."""
    return step.startswith("reminder/")


def reminder_name(acknowledged_at: datetime) -> str:
    """Return what the one reminder of an acknowledgement is called."""
    return f"reminder/{acknowledged_at.isoformat()}"


def is_told(told: Mapping[str, int], told_until: datetime | None, firing: Firing) -> bool:
    """
    Return whether people know what *firing* would tell them.

    What was planned before something that was told is covered by it; but that a promise is
    broken is news to whoever was told no more than that it would be, though a change of the
    rules has put it before that.
    """
    if firing.turn <= told.get(firing.step, -1):
        return True
    if firing.is_resolution and _covers(told, told_until, firing):
        return True
    if told_until is None or firing.at > told_until:
        return False
    broken = OVERDUE if firing.is_resolution else BROKEN
    return not firing.is_breach or broken in told or told_until == FOR_EVER


def _covers(told: Mapping[str, int], told_until: datetime | None, firing: Firing) -> bool:
    """Tell whether what people know of a case covers *firing*; if it was late as history, all of it."""
    until = told.get(OVERDUE, -1)
    if until == 0 and firing.due and told_until:
        return firing.due.at <= told_until
    return seconds(firing.at) <= until


def remembered(
    told: Mapping[str, int], told_until: datetime | None, heard: Iterable[Firing]
) -> tuple[Mapping[str, int], datetime | None]:
    """Return what people know of a wait, and until when, once they have *heard* more of it."""
    now = dict(told)
    for firing in heard:
        now[firing.step] = firing.turn
        told_until = max(firing.at, told_until or firing.at)
        if firing.is_breach and firing.is_resolution:
            now[OVERDUE] = max(now.get(OVERDUE, 0), seconds(firing.at))
        elif firing.is_breach:
            now[BROKEN] = 0
    return now, told_until


def still_known(told: Mapping[str, int], heard: Mapping[str, int]) -> Mapping[str, int]:
    """
    Return what people know of a wait of whose case they have *heard* no more than that.

    Its own steps stay as they are: they are no other wait's, and it has ended.
    """
    outlives = {step for step in told if is_of_resolution(step) or is_reminder(step)}
    if told.get(OVERDUE):
        outlives.add(OVERDUE)
    return {
        step: min(turn, heard.get(step, turn))
        for step, turn in told.items()
        if step in heard or step not in outlives
    }


def seconds(at: datetime) -> int:
    """Return *at* as it is kept in what was told."""
    return int(at.timestamp())
