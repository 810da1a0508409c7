"""
What a scorecard is computed from: a day of an account as four tables of numbers.

They hold no customer's name or word. A day is one of ``[inboxd] timezone``; a row belongs to the
day in which it began: a wait when the customer began to wait, a case when it was opened, a
message or a reply when it was sent. Instants are milliseconds since 1970 in UTC, spans seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard import mark
from inboxd.core.waits import CaseStatus, WaitEnd, WaitKind
from inboxd.model import Kind, Stream, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

STREAMS: Final = tuple(Stream)
KINDS: Final = ("", *Kind)
"""The first is what was not judged (yet)."""
URGENCIES: Final = ("", *Urgency)
TOPICS: Final = tuple(Topic)
"""Of several at once: topic *i* is bit *i* of the column."""
WAIT_KINDS: Final = tuple(WaitKind)
OUTCOMES: Final = ("", *WaitEnd)
"""The first: it is open."""
STATUSES: Final = tuple(CaseStatus)
NEVER: Final = -1
"""The instant of what has not happened, or the number of what is not known."""
NO_MARK: Final = mark.NO_MARK

_DIMENSIONS = [
    ("account", "u2"),  # index into Sheets.accounts
    ("stream", "u1"),
    ("public", "?"),
    ("kind", "u1"),
    ("topics", "u4"),
    ("language", "S8"),  # ISO 639-1, b"" if it is not known
    ("urgency", "u1"),
    ("hour", "u1"),  # of the local week: 0 is Monday from midnight on; of where the row began
    ("staff", "i4"),  # key into Sheets.staff; 0: the network does not say
]
"""By what figures are told apart. Of waits and replies *staff* is who answered."""

WAITS: Final = np.dtype(
    [
        *_DIMENSIONS,
        ("wait", "u1"),  # WAIT_KINDS
        ("case", "i8"),
        ("author", "i8"),  # whose message began it; NEVER where that is not known any more
        ("since", "i8"),
        ("due", "i8"),  # NEVER: it has no target
        (
            "seen_due",
            "i8",
        ),  # when it had been due if it had begun when we saw it; NEVER, 0: unknown
        ("ended", "i8"),  # NEVER: it is open
        ("outcome", "u1"),  # OUTCOMES
        ("business", "f8"),  # seconds of business time; nan while it is open, or without a policy
        ("lag", "f4"),  # seconds from the network's sent_at of its first message to our seen_at
        ("answer", "i8"),  # the reply that ended it; NEVER
        ("judged", "?"),  # of that reply, and so are the next
        ("deflection", "?"),
        ("non_answer", "?"),
        ("mark", "u1"),  # 0 to 5; NO_MARK if it was not judged
        ("history", "?"),  # its first message came with the first read of its source
    ]
)
CASES: Final = np.dtype(
    [
        *_DIMENSIONS,  # staff: who gave the first answer
        ("case", "i8"),
        ("opened", "i8"),
        ("ended", "i8"),  # of resolved cases their last answer; NEVER
        ("status", "u1"),  # STATUSES
        ("business", "f8"),  # opened to ended in business time of its policy; nan
        ("answers", "u2"),  # waits for an answer that an answer ended
        ("reopened", "?"),  # the customer wrote again after an answer, or a person reopened it
        ("deflected", "?"),  # an answer in it sent the customer elsewhere
        ("by_answer", "?"),  # it ended by our answer, and not by a person or a deletion
    ]
)
MESSAGES: Final = np.dtype(
    [
        *_DIMENSIONS,  # customers' messages; staff is 0
        ("day", "i4"),  # in which it was sent: date.toordinal() of the local day
        ("count", "u4"),  # more than 1 only of what retention has summed up
        ("author", "i8"),  # NEVER where that is not known any more
        ("lag", "f4"),  # seconds from sent_at to seen_at; nan of history and of what is not known
        ("deleted", "?"),
        ("history", "?"),
        ("hold", "?"),  # it says that its author waits, or waited, on the phone
    ]
)
REPLIES: Final = np.dtype(
    [
        *_DIMENSIONS,  # the brand's answers; kind and topics are of the case, where known
        ("message", "i8"),
        ("automatic", "?"),
        ("judged", "?"),
        ("deflection", "?"),
        ("promise", "?"),
        ("non_answer", "?"),
        ("parts", "u1"),  # a bit for each part of the mark that it earned, in the order of PARTS
        ("mark", "u1"),  # how many; NO_MARK if it was not judged
    ]
)

PARTS: Final = mark.PARTS
"""The parts of the mark of a reply, each a bit of the column in this order."""


@dataclass(frozen=True, slots=True)
class Sheets:
    """
    The rows of a period, of all accounts asked for.

    *accounts* are the names that the column counts, *networks* theirs, *staff* the names by
    their number. The arrays have the types above and are not to be written to.
    """

    accounts: Sequence[str]
    networks: Sequence[str]
    staff: Mapping[int, str] = field(default_factory=dict)
    waits: NDArray[np.void] = field(default_factory=lambda: np.empty(0, WAITS))
    cases: NDArray[np.void] = field(default_factory=lambda: np.empty(0, CASES))
    messages: NDArray[np.void] = field(default_factory=lambda: np.empty(0, MESSAGES))
    replies: NDArray[np.void] = field(default_factory=lambda: np.empty(0, REPLIES))
