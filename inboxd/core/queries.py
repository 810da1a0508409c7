"""What somebody wants to see of the cases: a view, words, and conditions; values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from inboxd.core.policies import Match


class View(StrEnum):
    """One way through all cases, each with an order of its own."""

    WAITING = "waiting"
    """Who waits and is not asleep: what is due next first, what has no target last."""
    DUE = "due"
    """Of these, what is due within the hour and not late yet."""
    BREACHED = "breached"
    """Of these, what is late."""
    PROMISES = "promises"
    """Cases in which we have promised something and not kept it yet: what is due next first."""
    MINE = "mine"
    """What waits and is acknowledged by me, or assigned to me."""
    SNOOZED = "snoozed"
    """What waits and is asleep: what wakes next first."""
    PUBLIC = "public"
    """What waits where everybody can read it."""
    ANSWERED = "answered"
    """What is answered and may be taken up again: what was answered last first."""
    CLOSED = "closed"
    """What is over, resolved or closed: what ended last first."""
    ALL = "all"
    """Everything: what was opened last first."""


@dataclass(frozen=True, slots=True)
class Query:
    """
    Which cases are to be seen.

    *words* are looked for in all messages of a case, each as the beginning of a word; *match*
    has further conditions. With words, the case whose message fits and is newest comes first.
    """

    view: View = View.WAITING
    words: tuple[str, ...] = ()
    match: Match = field(default_factory=Match)
    assigned_to: str = ""
    """Only what is for this colleague."""
    author: str = ""
    """Only whose name or handle contains this."""
