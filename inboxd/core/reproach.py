"""
What can be held against an answer of ours, by rules that are fair to whoever wrote it.

For coaching: what a person said of an answer goes before what the judge of replies found.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from inboxd.core.text import is_shouted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.core.scorecard.mark import Graded
    from inboxd.model import Manners

_ROWS_OF_MARKS = re.compile(r"[!?]{2,}")
_WORST = 1
"""The mark up to which nearly everything is missing."""
_LOOKED_AT = 4_000


class Fault(StrEnum):
    """One thing that can be held against an answer."""

    DEFLECTION = "deflection"
    """It sends the customer elsewhere."""
    NON_ANSWER = "non_answer"
    """It misses what was asked."""
    PROMISE = "promise"
    """It promises something; whether that was kept is known later."""
    RUDE = "rude"


CALLED: Final = {
    Fault.DEFLECTION: "sent elsewhere",
    Fault.NON_ANSWER: "missed the question",
    Fault.PROMISE: "promised",
    Fault.RUDE: "rude",
}
"""What is held against an answer, in words."""


def faults_of(
    text: str, grade: Graded, manners: Manners, said: Mapping[Fault, bool]
) -> dict[Fault, str]:
    """
    Return what is held against an answer with *text*, and why where words of it do not tell.

    *said* is what a person said of it, which is final. The flags of *grade* follow it already.
    """
    rude = _rudeness(text, grade, manners)
    if said.get(Fault.RUDE):
        rude = "a person says so"
    elif Fault.RUDE in said:
        rude = ""
    found = {
        Fault.DEFLECTION: grade.deflection,
        Fault.NON_ANSWER: grade.non_answer,
        Fault.PROMISE: grade.promise,
        Fault.RUDE: bool(rude),
    }
    return {fault: rude if fault is Fault.RUDE else "" for fault, holds in found.items() if holds}


def rude_spans(text: str) -> list[tuple[int, int]]:
    """Return the places at which *text* is loud: rows of marks, or all of it if it shouts."""
    looked_at = text[:_LOOKED_AT]
    if is_shouted(looked_at):
        return [(0, len(looked_at))]
    return [match.span() for match in _ROWS_OF_MARKS.finditer(looked_at)]


def _rudeness(text: str, grade: Graded, manners: Manners) -> str:
    """
    Return why an answer is rude, "" if it is not.

    To lack a greeting, a full stop or thanks is no rudeness, each by itself.
    """
    if not manners.capitals and is_shouted(text):
        return "it shouts"
    unfeeling = manners.due == "apology" and not manners.apology
    if unfeeling and _ROWS_OF_MARKS.search(text, 0, _LOOKED_AT):
        return "rows of marks to a complaint, and no apology"
    if unfeeling and not (manners.greeting or (manners.punctuation and manners.capitals)):
        return "a complaint got neither greeting nor apology, nor a sentence written as one"
    if grade.judged and grade.mark <= _WORST:
        return f"hardly anything is right: mark {grade.mark} of 5"
    return ""
