"""
What is public of somebody else's account, as the sheets that our own figures are made of.

The same fold, the same columns, the same arithmetic: only what fills them is less. Nobody set a
target there, so nothing is late; who of their staff answered is not told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from inboxd.core.rivals import Thread, threads
from inboxd.core.scorecard.columns import (
    CASES,
    KINDS,
    MESSAGES,
    NEVER,
    OUTCOMES,
    REPLIES,
    STATUSES,
    STREAMS,
    TOPICS,
    URGENCIES,
    WAIT_KINDS,
    WAITS,
    Sheets,
)
from inboxd.core.scorecard.facts import midnight, milliseconds
from inboxd.core.scorecard.mark import UNGRADED, Graded, graded_columns
from inboxd.core.tracking import traits_of
from inboxd.core.waits import CaseStatus, WaitEnd, WaitKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from numpy.typing import NDArray

    from inboxd.core.hours import OpeningHours
    from inboxd.core.rivals import PublicMessage
    from inboxd.core.scorecard.model import Period
    from inboxd.core.states import Traits
    from inboxd.core.waits import CaseSpan, Wait

    Row = dict[str, Any]

_NO_REASON_TO_COUNT: Final = {WaitEnd.NO_REPLY_NEEDED, WaitEnd.DELETED, WaitEnd.VOID}


def public_sheets(  # noqa: PLR0913 - an account, a period, and the rules that it is timed by
    name: str,
    network: str,
    messages: Iterable[PublicMessage],
    period: Period,
    now: datetime,
    *,
    quiet_after: timedelta,
    hours: OpeningHours | None = None,
) -> Sheets:
    """
    Return the rows of *period* of an account, from the *messages* of whole threads.

    Business time is that of *hours*, unknown without them.
    """
    maker = _Maker(period, hours)
    for number, thread in enumerate(threads(messages, quiet_after, now), start=1):
        maker.add(number, thread)
    return Sheets(
        [name],
        [network],
        waits=_filled(WAITS, maker.waits),
        cases=_filled(CASES, maker.cases),
        messages=_filled(MESSAGES, maker.messages),
        replies=_filled(REPLIES, maker.replies),
    )


class _Maker:
    """Gathers the rows that began within a period."""

    def __init__(self, period: Period, hours: OpeningHours | None) -> None:
        self._zone = period.timezone
        self._begins = midnight(period.since, period.timezone)
        self._ends = midnight(period.until, period.timezone)
        self._hours = hours
        self.waits: list[Row] = []
        self.cases: list[Row] = []
        self.messages: list[Row] = []
        self.replies: list[Row] = []

    def add(self, number: int, thread: Thread) -> None:
        """Take in one thread; *number* tells its cases from those of others."""
        by_id = {message.id: message for message in thread.messages}
        traits = {each.id: each.traits for each in thread.messages if each.by_customer}
        about = [traits_of(case.messages, traits) for case in thread.cases]
        for place, case in enumerate(thread.cases):
            stream = by_id[case.messages[0]].stream
            shared = self._shared(stream, about[place]) | {"case": number * 1_000 + place}
            if self._is_within(case.opened_at):
                self.cases.append(shared | self._case(case, by_id))
            for wait in case.waits:
                if self._is_within(wait.since):
                    self.waits.append(shared | self._wait(wait, by_id))
        for message in thread.messages:
            if self._is_within(message.sent_at):
                self._add_message(message, thread, about)

    def _add_message(self, message: PublicMessage, thread: Thread, about: Sequence[Traits]) -> None:
        """Take in a message; *about* is what each case of the thread is about."""
        if message.by_customer:
            shared = self._shared(message.stream, message.traits)
            self.messages.append(shared | self._message(message))
            return
        # What they wrote before anybody asked them anything is no answer.
        opened = sum(case.opened_at <= message.sent_at for case in thread.cases)
        if opened:
            shared = self._shared(message.stream, about[opened - 1])
            self.replies.append(shared | self._reply(message, thread))

    def _shared(self, stream: str, traits: Traits) -> Row:
        """Return the columns by which figures are told apart."""
        topics = sum(1 << TOPICS.index(topic) for topic in traits.topics)
        return {
            "account": 0,
            "stream": STREAMS.index(stream),
            "public": True,
            "kind": KINDS.index(traits.kind or ""),
            "topics": topics,
            "language": traits.language.encode("ascii", "ignore")[:8],
            "urgency": URGENCIES.index(traits.urgency or ""),
            "staff": 0,
        }

    def _wait(self, wait: Wait, by_id: Mapping[int, PublicMessage]) -> Row:
        answered = wait.end is WaitEnd.ANSWERED
        answer = by_id.get(wait.ended_by or NEVER) if answered else None
        grade = _grade(answer)
        return {
            "hour": self._hour(wait.since),
            "wait": WAIT_KINDS.index(wait.kind),
            "author": _author(by_id[wait.messages[0]]),
            "since": milliseconds(wait.since),
            "due": NEVER,
            "seen_due": NEVER,
            "ended": NEVER if wait.ended_at is None else milliseconds(wait.ended_at),
            "outcome": OUTCOMES.index(wait.end or ""),
            "business": self._business(wait.since, wait.ended_at),
            "lag": np.nan,
            "answer": answer.id if answer else NEVER,
            "judged": grade.judged,
            "deflection": grade.deflection,
            "non_answer": grade.non_answer,
            "mark": grade.mark,
        }

    def _case(self, case: CaseSpan, by_id: Mapping[int, PublicMessage]) -> Row:
        answers = [
            by_id[wait.ended_by]
            for wait in case.waits
            if wait.end is WaitEnd.ANSWERED and wait.ended_by is not None
        ]
        again = (
            wait.kind is WaitKind.NEXT_RESPONSE and wait.end not in _NO_REASON_TO_COUNT
            for wait in case.waits
        )
        return {
            "hour": self._hour(case.opened_at),
            "opened": milliseconds(case.opened_at),
            "ended": NEVER if case.ended_at is None else milliseconds(case.ended_at),
            "status": STATUSES.index(case.status),
            "business": self._business(case.opened_at, case.ended_at),
            "answers": len(answers),
            "reopened": any(again),
            "deflected": any(_grade(answer).deflection for answer in answers),
            "by_answer": case.status is CaseStatus.RESOLVED,
        }

    def _message(self, message: PublicMessage) -> Row:
        return {
            "hour": self._hour(message.sent_at),
            "day": message.sent_at.astimezone(self._zone).date().toordinal(),
            "count": 1,
            "author": _author(message),
            "lag": np.nan,
            "deleted": message.deleted_at is not None,
        }

    def _reply(self, message: PublicMessage, thread: Thread) -> Row:
        grade = _grade(message)
        return {
            "hour": self._hour(message.sent_at),
            "language": message.traits.language.encode("ascii", "ignore")[:8],
            "message": message.id,
            "automatic": message.id in thread.machines,
            **{name: getattr(grade, name) for name in _GRADES},
        }

    def _hour(self, at: datetime) -> int:
        local = at.astimezone(self._zone)
        return local.weekday() * 24 + local.hour

    def _business(self, since: datetime, until: datetime | None) -> float:
        if self._hours is None or until is None:
            return float("nan")
        return self._hours.between(since, until).total_seconds()

    def _is_within(self, at: datetime) -> bool:
        return self._begins <= at < self._ends


_GRADES: Final = ("judged", "deflection", "promise", "non_answer", "parts", "mark")


def _grade(answer: PublicMessage | None) -> Graded:
    return graded_columns(answer.flags, answer.manners) if answer else UNGRADED


def _author(message: PublicMessage) -> int:
    """Return a number for who wrote, the same only within a thread."""
    return int(message.author[:15], 16) if message.author else NEVER


def _filled(kind: np.dtype[np.void], rows: Sequence[Row]) -> NDArray[np.void]:
    """Return *rows* as an array; what a row does not say is 0."""
    table = np.zeros(len(rows), kind)
    for column in _columns(rows):
        table[column] = [row[column] for row in rows]
    return table


def _columns(rows: Sequence[Row]) -> Iterator[str]:
    yield from rows[0] if rows else ()
