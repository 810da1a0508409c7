"""Promises about what an answer of ours is for, and whether it can miss a question at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inboxd.model import Kind
from inboxd.store.corrections import Said
from tests.store.shop import ANNA, BORIS, answered, commented, replied, said
from tests.unit.test_replies import judge

if TYPE_CHECKING:
    from inboxd.model import Message
    from tests.store.shop import Shop


def needs(shop: Shop, *messages: Message) -> list[bool]:
    """Return of each answer that is to be judged whether anything was asked, oldest first."""
    shop.hear(*messages)
    shop.judge()
    return [each.needs_answer for each in reversed(shop.store.replies.unjudged(100))]


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (["thanks, lovely"], False),
        (["thanks, is it new?"], True),
        (["please send it"], True),
        (["awful"], True),
        (["so it goes"], False),
        (["awful", "thanks anyway"], True),
    ],
)
def test_an_answer_is_needed_by_who_asks_or_complains(
    shop: Shop, words: list[str], *, needed: bool
) -> None:
    """In any of the messages since our last answer; who only praises waits for nothing."""
    asked = [said(minute, f"q{minute}", text) for minute, text in enumerate(words)]
    assert needs(shop, *asked, answered(10, "a")) == [needed]


def test_what_we_answered_before_asks_no_more(shop: Shop) -> None:
    """Unless nobody wrote since: then the second answer is for the same message."""
    said_so = said(0, "q", "awful"), answered(1, "a"), said(2, "t", "thanks"), answered(3, "b")
    assert needs(shop, *said_so, answered(4, "c")) == [True, False, False]


def test_a_machine_answers_nothing(shop: Shop) -> None:
    """What it wrote in between leaves the question to be answered."""
    machine = answered(1, "m", auto_reply=True)
    assert needs(shop, said(0, "q", "awful"), machine, said(2, "t", "thanks"), answered(3, "b"))[-1]


def test_in_a_thread_of_several_it_is_who_was_named_who_asked(shop: Shop) -> None:
    """By the addressee, and by the message that the network says it is for."""
    assert needs(
        shop,
        commented(0, "q1", ANNA, "awful"),
        commented(1, "q2", BORIS, "thanks"),
        replied(2, "a", BORIS),
        replied(3, "b", ANNA),
        replied(4, "c", parent_id="q2"),
        replied(5, "d", parent_id="q1"),
    ) == [False, True, False, True]


def test_a_persons_word_on_the_question_has_its_answer_judged_anew(shop: Shop) -> None:
    """It was praise, a person says it was a complaint: then "Thanks!" did miss it; and back."""
    text = "Thanks for being with us!"
    assert needs(shop, said(0, "q", "thanks"), answered(1, "a", text)) == [False]
    (waiting,) = shop.store.replies.unjudged(100)
    shop.pipeline.judge_replies([(waiting, judge(text))], shop.now, "test")
    assert not shop.store.replies.unjudged(100)

    shop.pipeline.correct(1, None, Said(kind=Kind.COMPLAINT), "anna", shop.now)
    (waiting,) = shop.store.replies.unjudged(100)
    assert waiting.needs_answer
