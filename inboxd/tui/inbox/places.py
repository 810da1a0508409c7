"""What gives a case its place in the list, and what has become of one that is there no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.core.text import one_line
from inboxd.core.waits import CaseStatus, WaitKind
from inboxd.tui.names import case_name
from inboxd.tui.when import brief_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, tzinfo

    from inboxd.store.inbox import InboxRow
    from inboxd.store.meanwhile import News

_LONGEST = 40
_ANSWERED = {WaitKind.PROMISE: "was answered", WaitKind.RESOLUTION: "was sent elsewhere"}
"""What happened if that is waited for from now on."""


def is_as_it_was(before: InboxRow, after: InboxRow) -> bool:
    """Tell whether nothing that gives a case its place is other than it was."""
    return _standing(before) == _standing(after)


def passed(case: int, at: int, was: Mapping[int, int], now: Mapping[int, int]) -> int:
    """Return how many of its neighbours a *case*, *at* its offset now, is further down; up: below 0."""
    before = was.get(case, at)
    return sum(
        (now[each] < at) - (place < before)
        for each, place in was.items()
        if each != case and each in now
    )


@dataclass(frozen=True, slots=True)
class Looker:
    """Who is told what happened, when and in which zone, and the *news* of the case since."""

    me: str
    now: datetime
    tz: tzinfo
    news: Sequence[News] = ()


def parted(before: InboxRow, after: InboxRow | None, looker: Looker) -> str:
    """Return who is no more where they were, and why: what is most of all another than it was."""
    name = case_name(before.author, before.case_id)
    if after is None:
        return f"{name} was merged with another case"
    return f"{name} {next(_reasons(before, after, looker), 'fits this view no more')}"


def _standing(row: InboxRow) -> tuple[object, ...]:
    return row.status, row.wait, row.since, row.due_at, row.snoozed_until, row.ended_at


def _reasons(before: InboxRow, after: InboxRow, looker: Looker) -> Iterator[str]:
    """Yield what happened to a case, the most telling first."""
    if after.status is not before.status:
        yield _ended(after, looker)
    if after.snoozed_until != before.snoozed_until:
        until = after.snoozed_until
        yield (
            f"fell asleep until {brief_moment(until, looker.now, looker.tz)}"
            if until
            else "woke up"
        )
    if after.wait is not before.wait and after.wait in _ANSWERED:
        yield _ANSWERED[after.wait]
    if after.unanswered > before.unanswered or after.since > before.since:
        yield "wrote again"
    yield from _given(before, after, looker)
    if _judged(after) != _judged(before):
        yield "is taken for something else"
    if after.due_at and after.due_at <= looker.now:
        yield "is late"
    if after.due_at != before.due_at:
        yield "has another target"


def _given(before: InboxRow, after: InboxRow, looker: Looker) -> Iterator[str]:
    if after.assigned_to != before.assigned_to:
        yield f"was assigned to {_person(after.assigned_to, looker) or 'nobody'}"
    if after.taken_by != before.taken_by:
        taken = f"was taken by {_person(after.taken_by, looker)}"
        yield taken if after.taken_by else "was given up"


def _ended(after: InboxRow, looker: Looker) -> str:
    match after.status:
        case CaseStatus.CLOSED:
            reason = f": {one_line(after.close_reason, _LONGEST)}" if after.close_reason else ""
            return f"was closed{_by('close', looker)}{reason}"
        case CaseStatus.ANSWERED:
            return f"was answered{_by('answered', looker)}"
        case CaseStatus.WAITING:
            return "waits again"
        case _:
            return f"is {after.status}"


def _by(what: str, looker: Looker) -> str:
    """Return who did it last, as far as that is known."""
    who = [each.who or each.whose for each in looker.news if each.what == what]
    return f" by {_person(who[-1], looker)}" if who and who[-1] else ""


def _person(name: str, looker: Looker) -> str:
    return "you" if name == looker.me else one_line(name, _LONGEST)


def _judged(row: InboxRow) -> tuple[object, ...]:
    return row.kind, row.topics, row.urgency, row.language
