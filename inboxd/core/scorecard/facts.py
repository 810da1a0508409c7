"""
What happened, as the figures ask for it: plain columns from the rows of the day sheets.

Here stands what counts as a contact, as answered, as late. Spans are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from inboxd.core.localtime import EPOCH, local_to_utc
from inboxd.core.scorecard.columns import KINDS, NEVER, NO_MARK, OUTCOMES, STATUSES, WAIT_KINDS
from inboxd.core.scorecard.model import ServiceLevel
from inboxd.core.scorecard.tables import Column, Columns
from inboxd.core.waits import CaseStatus, WaitEnd, WaitKind
from inboxd.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, tzinfo

    from inboxd.core.scorecard.columns import Sheets
    from inboxd.core.scorecard.model import Period

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

MILLISECOND = timedelta(milliseconds=1)
GOOD_MARK: Final = 3
"""A good answer has more than this."""
TABLES: Final = ("contacts", "promises", "cases", "messages", "replies")


def outcome(end: WaitEnd | None) -> int:
    """Return the number of *end* in the column, of None that of an open wait."""
    return OUTCOMES.index(end or "")


def milliseconds(instant: datetime) -> int:
    """Return *instant* as the columns have it."""
    return (instant - EPOCH) // MILLISECOND


def midnight(day: date, timezone: tzinfo) -> datetime:
    """Return the instant at which *day* begins on the clocks of *timezone*."""
    return local_to_utc(datetime.combine(day, time()), timezone)


class Moment(NamedTuple):
    """
    From when on it is looked back, and when the days begin: *midnights* of local days.

    They reach from the period's first day to two days after its last one: what is later than
    that is not "the next day" of anything.
    """

    now: int
    midnights: NDArray[np.int64]

    @classmethod
    def of(cls, period: Period, now: datetime) -> Self:
        """Return that of *period*; days with a clock change have 23 or 25 hours."""
        days = (period.since + timedelta(days=day) for day in range(period.days + 3))
        ticks = [milliseconds(midnight(day, period.timezone)) for day in days]
        return cls(milliseconds(now.astimezone(UTC)), np.array(ticks, np.int64))

    def day_of(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return in which day each of *instants* is: 0 is the period's first."""
        return np.searchsorted(self.midnights, instants, side="right") - 1


class Contacts(Columns):
    """
    Waits for an answer: a customer turned to us, with one message or several in a row.

    *answered* and *open* ones need an answer, the others ended without need of one. *wall* and
    *business* are how long they waited, or wait by now; business time is nan of what is open.
    *days* is how many days after its own a contact was answered (or it is by now), *late* whether
    that was after its target, if it is *targeted*; *blind* if the connector is to blame.
    """

    first = Column[np.bool_]()
    answered = Column[np.bool_]()
    open = Column[np.bool_]()
    wall = Column[np.float64]()
    business = Column[np.float64]()
    days = Column[np.int64]()
    targeted = Column[np.bool_]()
    late = Column[np.bool_]()
    blind = Column[np.bool_]()
    judged = Column[np.bool_]()
    good = Column[np.bool_]()
    outcome = Column[np.uint8]()

    @property
    def needy(self) -> Flags:
        """Return which ones need an answer, or got it."""
        return self.answered | self.open

    @classmethod
    def of(cls, waits: NDArray[np.void], moment: Moment) -> Self:
        """Return those of *waits*, which are for an answer and not void."""
        since, due, outcomes = waits["since"], waits["due"], waits["outcome"]
        is_open = outcomes == outcome(None)
        answered = outcomes == outcome(WaitEnd.ANSWERED)
        end = np.where(is_open, moment.now, waits["ended"])
        targeted = due != NEVER
        late = (answered | is_open) & targeted & (end > due)
        judged = answered & waits["judged"] & (waits["mark"] != NO_MARK)
        return cls(
            first=waits["wait"] == WAIT_KINDS.index(WaitKind.FIRST_RESPONSE),
            answered=answered,
            open=is_open,
            wall=np.maximum(end - since, 0) / 1_000,
            business=np.where(is_open, np.nan, waits["business"]),
            days=moment.day_of(end) - moment.day_of(since),
            targeted=targeted,
            late=late,
            blind=late & (end <= _due_when_seen(waits)),
            judged=judged,
            good=judged & (waits["mark"] > GOOD_MARK),
            outcome=outcomes,
        )


def _due_when_seen(waits: NDArray[np.void]) -> NDArray[np.int64]:
    """Return when each had been due if it had begun when we saw it."""
    lag = np.maximum(np.nan_to_num(waits["lag"].astype(np.float64)), 0) * 1_000
    lag[waits["history"]] = 0
    moved: NDArray[np.int64] = waits["due"] + lag.astype(np.int64)
    return np.where(waits["seen_due"] > 0, waits["seen_due"], moved)


class Promises(Columns):
    """
    What our answers promised: it was *kept*, *broken*, is still to be kept (*open*), or neither.

    The last: taken back by another promise, or the case was over before it fell due.
    """

    kept = Column[np.bool_]()
    broken = Column[np.bool_]()
    open = Column[np.bool_]()

    @classmethod
    def of(cls, waits: NDArray[np.void], moment: Moment) -> Self:
        """Return those of *waits*, which are promises and not void."""
        due, outcomes = waits["due"], waits["outcome"]
        is_open = outcomes == outcome(None)
        end = np.where(is_open, moment.now, waits["ended"])
        broken = (due != NEVER) & (end > due)
        kept = (outcomes == outcome(WaitEnd.ANSWERED)) & ~broken
        return cls(kept=kept, broken=broken, open=is_open & ~broken)


class Cases(Columns):
    """
    Cases: *served* were answered at all, *by_answer* ended so, *at_once* with the first one.

    *wall* and *business* are from opened to the last answer, of *resolved* ones.
    """

    resolved = Column[np.bool_]()
    open = Column[np.bool_]()
    by_answer = Column[np.bool_]()
    at_once = Column[np.bool_]()
    served = Column[np.bool_]()
    reopened = Column[np.bool_]()
    judged = Column[np.bool_]()
    complaint = Column[np.bool_]()
    wall = Column[np.float64]()
    business = Column[np.float64]()

    @classmethod
    def of(cls, cases: NDArray[np.void]) -> Self:
        """Return those of *cases*."""
        status, by_answer = cases["status"], cases["by_answer"]
        unfinished = [STATUSES.index(each) for each in (CaseStatus.WAITING, CaseStatus.ANSWERED)]
        resolved = (status == STATUSES.index(CaseStatus.RESOLVED)) & (cases["ended"] != NEVER)
        once = (cases["answers"] == 1) & ~cases["reopened"] & ~cases["deflected"]
        return cls(
            resolved=resolved,
            open=np.isin(status, unfinished),
            by_answer=by_answer,
            at_once=by_answer & once,
            served=(cases["answers"] > 0) | cases["reopened"],
            reopened=cases["reopened"],
            judged=cases["kind"] > 0,
            complaint=cases["kind"] == KINDS.index(Kind.COMPLAINT),
            wall=np.where(resolved, np.maximum(cases["ended"] - cases["opened"], 0), 0) / 1_000,
            business=cases["business"],
        )


class Messages(Columns):
    """What customers wrote; *lag* is nan where it is not known, or not the connector's."""

    count = Column[np.uint32]()
    author = Column[np.int64]()
    lag = Column[np.float32]()
    hold = Column[np.bool_]()
    complaint = Column[np.bool_]()

    @classmethod
    def of(cls, messages: NDArray[np.void]) -> Self:
        """Return those of *messages*."""
        lag = np.where(messages["history"], np.float32(np.nan), messages["lag"])
        return cls(
            count=np.ascontiguousarray(messages["count"]),
            author=np.ascontiguousarray(messages["author"]),
            lag=lag,
            hold=messages["hold"],
            complaint=messages["kind"] == KINDS.index(Kind.COMPLAINT),
        )


class Replies(Columns):
    """Our answers; those of machines are never *judged*."""

    automatic = Column[np.bool_]()
    judged = Column[np.bool_]()
    deflection = Column[np.bool_]()
    non_answer = Column[np.bool_]()
    marked = Column[np.bool_]()
    parts = Column[np.uint8]()
    mark = Column[np.uint8]()

    @classmethod
    def of(cls, replies: NDArray[np.void]) -> Self:
        """Return those of *replies*."""
        automatic = replies["automatic"]
        judged = replies["judged"] & ~automatic
        return cls(
            automatic=automatic,
            judged=judged,
            deflection=judged & replies["deflection"],
            non_answer=judged & replies["non_answer"],
            marked=judged & (replies["mark"] != NO_MARK),
            parts=replies["parts"],
            mark=replies["mark"],
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """
    All that the figures follow from.

    *raw* are the rows of the sheets, table by table as the columns have them: by them figures
    are told apart. *unknown* says why nothing is known at all, *of_staff* whether only single
    members of staff are asked for. *spikes* is how many there were, *unspiked* why that is
    not known.
    """

    contacts: Contacts
    promises: Promises
    cases: Cases
    messages: Messages
    replies: Replies
    raw: Mapping[str, NDArray[np.void]] = field(default_factory=dict)
    level: ServiceLevel = field(default_factory=ServiceLevel)
    spikes: int | None = None
    unspiked: str = ""
    unknown: str = ""
    of_staff: bool = False

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing happened at all."""
        tables = (self.contacts, self.cases, self.messages, self.replies)
        return not any(table.size for table in tables)

    @classmethod
    def of(cls, sheets: Sheets, moment: Moment) -> Self:
        """Return those of *sheets*, looked at from *moment*."""
        waits = sheets.waits
        counted = waits["outcome"] != outcome(WaitEnd.VOID)
        answers = [WAIT_KINDS.index(kind) for kind in WaitKind if not kind.is_owed]
        contacts = waits[counted & np.isin(waits["wait"], answers)]
        promises = waits[counted & (waits["wait"] == WAIT_KINDS.index(WaitKind.PROMISE))]
        tables = (contacts, promises, sheets.cases, sheets.messages, sheets.replies)
        return cls(
            Contacts.of(contacts, moment),
            Promises.of(promises, moment),
            Cases.of(sheets.cases),
            Messages.of(sheets.messages),
            Replies.of(sheets.replies),
            dict(zip(TABLES, tables, strict=True)),
        )
