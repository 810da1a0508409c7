"""Promises of what is held against an answer, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inboxd.core.reproach import Fault, faults_of, rude_spans
from inboxd.core.scorecard.mark import graded
from inboxd.model import Manners, ReplyVerdict

PLAIN = Manners(greeting=False, thanks=False, apology=False, punctuation=True, capitals=True)
FINE = ReplyVerdict(
    deflection=False,
    promise=False,
    non_answer=False,
    language="en",
    scores={"deflection": 0.0, "promise": 0.0, "non_answer": 0.0},
    manners=PLAIN,
)
COMPLAINED = replace(PLAIN, due="apology")


def held(text: str, verdict: ReplyVerdict, **said: bool) -> set[str]:
    word = {Fault(name): holds for name, holds in said.items()}
    return {*map(str, faults_of(text, graded(verdict), verdict.manners, word))}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("WE HAVE TOLD YOU THREE TIMES", replace(FINE, manners=replace(PLAIN, capitals=False))),
        ("Read the rules!!!", replace(FINE, manners=replace(COMPLAINED, punctuation=False))),
        ("Did you even look?? It is there.", replace(FINE, manners=COMPLAINED)),
        (
            "nope, not ours",
            replace(FINE, manners=replace(COMPLAINED, punctuation=False, capitals=False)),
        ),
        (
            "see the faq",
            replace(
                FINE,
                deflection=True,
                non_answer=True,
                manners=replace(PLAIN, punctuation=False, due="thanks"),
            ),
        ),
    ],
)
def test_what_nobody_would_say_to_a_guest_is_rude(text: str, verdict: ReplyVerdict) -> None:
    """Shouting, marks in rows at who complains, and nothing that anybody is owed."""
    assert "rude" in held(text, verdict)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("It is on its way.", FINE),
        ("It is on its way.", replace(FINE, manners=replace(PLAIN, due="thanks"))),
        ("It is on its way.", replace(FINE, manners=COMPLAINED)),
        ("on its way", replace(FINE, manners=replace(PLAIN, punctuation=False, capitals=False))),
        ("Glad you like it!!!", replace(FINE, manners=replace(PLAIN, punctuation=False))),
        (
            "So sorry!! It left today.",
            replace(FINE, manners=replace(COMPLAINED, apology=True, punctuation=False)),
        ),
        ("Please write to us.", replace(FINE, deflection=True, manners=COMPLAINED)),
    ],
)
def test_what_only_lacks_something_is_not(text: str, verdict: ReplyVerdict) -> None:
    """A greeting, a full stop, thanks, or an apology that is merely not there."""
    assert "rude" not in held(text, verdict)


def test_what_is_held_against_it_is_what_was_found() -> None:
    """Each by itself; a promise is no fault, but what became of it may be one."""
    everything = replace(FINE, deflection=True, promise=True, non_answer=True)
    assert held("We will.", everything) == {"deflection", "promise", "non_answer"}
    assert held("Here it is.", FINE) == set()


def test_a_persons_word_on_the_tone_is_final() -> None:
    """Either way; the other flags follow it where they are stored."""
    loud = replace(FINE, manners=replace(PLAIN, capitals=False))
    assert held("THIS IS OUR LAST WORD", loud, rude=False) == set()
    assert held("It is on its way.", FINE, rude=True) == {"rude"}


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Read it!! Or not?", [(7, 9)]),
        ("READ THE RULES NOW", [(0, 18)]),
        ("Read it.", []),
    ],
)
def test_the_loud_words_are_shown(text: str, spans: list[tuple[int, int]]) -> None:
    """Rows of marks, or everything where everything is loud."""
    assert rude_spans(text) == spans
