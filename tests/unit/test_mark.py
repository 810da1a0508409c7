"""Promises of the mark of a reply, counted by hand."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import product

import numpy as np
import pytest

from inboxd.core.scorecard.columns import NO_MARK, PARTS, REPLIES
from inboxd.core.scorecard.mark import UNGRADED, Graded, graded, graded_columns
from inboxd.model import Manners, ReplyVerdict

POLITE = Manners(greeting=True, thanks=True, apology=True, punctuation=True, capitals=True)
BARE = Manners(greeting=False, thanks=False, apology=False, punctuation=False, capitals=False)
FINE = ReplyVerdict(
    deflection=False,
    promise=False,
    non_answer=False,
    language="en",
    scores={"deflection": 0.01, "promise": 0.02, "non_answer": 0.03},
    manners=POLITE,
)


@pytest.mark.parametrize(
    ("verdict", "parts", "mark"),
    [
        (FINE, 0b11111, 5),
        (replace(FINE, non_answer=True), 0b11110, 4),
        (replace(FINE, deflection=True), 0b11101, 4),
        (replace(FINE, manners=replace(POLITE, greeting=False)), 0b11011, 4),
        (replace(FINE, manners=replace(POLITE, punctuation=False)), 0b01111, 4),
        (replace(FINE, manners=replace(POLITE, capitals=False)), 0b01111, 4),
        (replace(FINE, manners=replace(POLITE, punctuation=False, capitals=False)), 0b01111, 4),
        (replace(FINE, deflection=True, non_answer=True), 0b11100, 3),
        (replace(FINE, manners=BARE), 0b01011, 3),
        (replace(FINE, manners=replace(BARE, due="thanks")), 0b00011, 2),
        (replace(FINE, deflection=True, manners=replace(BARE, due="apology")), 0b00001, 1),
        (
            replace(FINE, deflection=True, non_answer=True, manners=replace(BARE, due="thanks")),
            0,
            0,
        ),
    ],
)
def test_a_reply_earns_a_point_for_each_part(verdict: ReplyVerdict, parts: int, mark: int) -> None:
    """Bit i is PARTS[i]; punctuation and capitals are one part together."""
    assert (graded(verdict).parts, graded(verdict).mark) == (parts, mark)


@pytest.mark.parametrize(
    ("due", "thanks", "apology", "feels"),
    [
        ("", False, False, True),
        ("apology", False, False, False),
        ("apology", True, False, False),
        ("apology", False, True, True),
        ("thanks", False, False, False),
        ("thanks", False, True, False),
        ("thanks", True, False, True),
    ],
)
def test_what_is_due_is_wanted_and_nothing_else(
    due: str, *, thanks: bool, apology: bool, feels: bool
) -> None:
    """Thanks do not stand in for an apology, and where nothing is due nothing is missed."""
    manners = replace(POLITE, thanks=thanks, apology=apology, due=due)
    assert ("feels" in graded(replace(FINE, manners=manners)).earned) is feels


def test_a_promise_costs_nothing() -> None:
    """It is kept or broken later: the words themselves are no fault."""
    promising = graded(replace(FINE, promise=True))
    assert promising.promise
    assert promising.mark == graded(FINE).mark


def test_columns_and_verdicts_have_the_same_mark() -> None:
    """Whether a reply has just been judged or is read from a table: all 768 there can be."""
    for said in product((False, True), repeat=8):
        for due in ("", "thanks", "apology"):
            deflection, promise, non_answer, greeting, thanks, apology, punctuation, capitals = said
            manners = Manners(greeting, thanks, apology, punctuation, capitals, due)
            verdict = replace(FINE, deflection=deflection, promise=promise, manners=manners)
            verdict = replace(verdict, non_answer=non_answer)
            flags = [name for name in FINE.scores if getattr(verdict, name)]
            stored = graded_columns(json.dumps(flags), json.dumps(asdict(manners)))
            assert stored == graded(verdict)
            assert stored.mark == len(stored.earned) == 5 - len(stored.missed)


@pytest.mark.parametrize(("flags", "manners"), [(None, None), ("[]", None), (None, "{}")])
def test_what_nobody_judged_has_no_mark(flags: str | None, manners: str | None) -> None:
    """It is unknown, and neither 0 nor 5."""
    assert graded_columns(flags, manners) == UNGRADED
    assert UNGRADED.mark == NO_MARK
    assert UNGRADED.missed == ()


def test_a_verdict_that_says_nothing_has_no_mark() -> None:
    """An answer that crashed the judge was not found wanting."""
    assert graded(replace(FINE, scores={}, manners=BARE)) == UNGRADED


def test_a_graded_reply_fills_the_last_columns_of_replies() -> None:
    """The store appends it to a row as it stands."""
    assert REPLIES.names is not None
    assert REPLIES.names[-len(Graded._fields) :] == Graded._fields
    row = np.zeros(1, REPLIES)
    row[list(Graded._fields)] = graded(FINE)
    assert (row["mark"][0], row["parts"][0]) == (5, 2 ** len(PARTS) - 1)
