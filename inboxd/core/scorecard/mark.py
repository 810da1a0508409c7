"""
The mark of a reply: which of its five parts it earned, and so 0 to 5.

Both a verdict and the columns in which it is stored (tables reply_verdicts and past_replies) have
one. Whoever shows a single mark needs no arrays: this module knows nothing of them.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from inboxd.model import Manners

if TYPE_CHECKING:
    from collections.abc import Collection

    from inboxd.model import ReplyVerdict


PARTS: Final = ("answers", "serves", "greets", "feels", "writes")
"""
The parts of the mark of a reply, a point each: it says something to what was asked (no
non-answer), it serves here (no deflection), it greets, it thanks or apologises where the
customer's message calls for it, and it is written as one writes (punctuation and capitals).
"""
NO_MARK: Final = 255
"""The mark of a reply that was not judged."""
_FLAGS = ("deflection", "promise", "non_answer")


class Graded(NamedTuple):
    """
    A reply as the last columns of :data:`inboxd.core.scorecard.columns.REPLIES` have it.

    *parts* has bit *i* for ``PARTS[i]``; *mark* is how many there are, NO_MARK where nobody
    judged the reply.
    """

    judged: bool
    deflection: bool
    promise: bool
    non_answer: bool
    parts: int
    mark: int

    @property
    def earned(self) -> tuple[str, ...]:
        """Return the names of the parts that it earned."""
        return tuple(name for bit, name in enumerate(PARTS) if self.parts >> bit & 1)

    @property
    def missed(self) -> tuple[str, ...]:
        """Return the names of those that it did not; none where it was not judged."""
        return tuple(name for name in PARTS if self.judged and name not in self.earned)


UNGRADED: Final = Graded(
    judged=False, deflection=False, promise=False, non_answer=False, parts=0, mark=NO_MARK
)
"""A reply that nobody judged (yet)."""


def graded(verdict: ReplyVerdict) -> Graded:
    """Return *verdict* with its parts and its mark; without scores it says nothing."""
    if not verdict.scores:
        return UNGRADED
    return _graded([flag for flag in _FLAGS if getattr(verdict, flag)], verdict.manners)


# There are 8 × 96 different ones, and a year has hundreds of thousands of replies.
@lru_cache(maxsize=1024)
def graded_columns(flags: str | None, manners: str | None) -> Graded:
    """
    Return what stands in the columns *flags* and *manners* of a judged reply.

    Both are JSON; NULL where it was not judged, or the judge could say nothing.
    """
    if flags is None or manners is None:
        return UNGRADED
    return _graded(json.loads(flags), Manners(**json.loads(manners)))


def _graded(flags: Collection[str], manners: Manners) -> Graded:
    earned = {
        "answers": "non_answer" not in flags,
        "serves": "deflection" not in flags,
        "greets": manners.greeting,
        "feels": _feels(manners),
        "writes": manners.punctuation and manners.capitals,
    }
    parts = sum(1 << bit for bit, name in enumerate(PARTS) if earned[name])
    return Graded(
        judged=True,
        deflection="deflection" in flags,
        promise="promise" in flags,
        non_answer="non_answer" in flags,
        parts=parts,
        mark=parts.bit_count(),
    )


def _feels(manners: Manners) -> bool:
    """Return whether the thanks or the apology that is due was given; nothing due is given."""
    return {"apology": manners.apology, "thanks": manners.thanks}.get(manners.due, True)
