"""What one key or dialog changes about each of the cases that are meant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inboxd.tui.when import coming_moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from inboxd.desk import Desk, Done
    from inboxd.store import Mark
    from inboxd.tui.dialogs.correct import Corrected


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done to a case; *doing* and *done* are its words: ``Closing``, ``closed``."""

    doing: str
    done: str
    do: Callable[[Desk, int, Mark | None], Done]


def acknowledge(me: str, now: datetime) -> Change:
    """Return taking cases."""
    return Change(
        "Acknowledging",
        "acknowledged",
        lambda desk, case, seen: desk.acknowledge(case, me, now, seen),
    )


def reopen(me: str, now: datetime) -> Change:
    """Return putting cases back among the waiting."""
    return Change(
        "Reopening", "reopened", lambda desk, case, seen: desk.reopen(case, me, now, seen)
    )


def assign(who: str, me: str, now: datetime) -> Change:
    """Return giving cases to *who*, "" for nobody."""
    return Change(
        "Assigning",
        f"assigned to {who or 'nobody'}",
        lambda desk, case, seen: desk.assign(case, who, me, now, seen),
    )


def snooze(until: datetime, me: str, now: datetime, tz: tzinfo) -> Change:
    """Return letting cases sleep; until when is told as it was picked, in *tz*."""
    done = f"snoozed until {coming_moment(until, now, tz)}"

    def do(desk: Desk, case: int, seen: Mark | None) -> Done:
        return replace(desk.snooze(case, until, me, now, seen), words=f"case {case} {done}")

    return Change("Snoozing", done, do)


def close(reason: str, me: str, now: datetime) -> Change:
    """Return closing cases."""
    return Change(
        "Closing",
        f"closed: {reason}",
        lambda desk, case, seen: desk.close(case, reason, me, now, seen),
    )


def note(text: str, me: str, now: datetime) -> Change:
    """Return keeping a note; it needs no look at what others did."""
    return Change("Noting", "noted", lambda desk, case, _: desk.note(case, text, me, now))


def excuse(me: str, now: datetime) -> Change:
    """Return saying that the last answer of ours that something is held against was fine."""
    return Change("Excusing", "excused", lambda desk, case, seen: desk.excuse(case, me, now, seen))


def correct(said: Corrected, me: str, now: datetime) -> Change:
    """Return saying what messages really are."""
    return Change(
        "Correcting",
        "corrected",
        lambda desk, case, seen: desk.correct(case, said.message, said.said, me, now, seen),
    )
