"""Promises about corrections: a person's word stands, for the text that it was said of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from inboxd.core.policies import Match
from inboxd.durations import parse_business
from inboxd.errors import UserError
from inboxd.model import Kind, Topic, Urgency
from inboxd.store import Said
from tests.store.shop import answered, at, policy, rules, said, verdict

if TYPE_CHECKING:
    from tests.store.shop import Shop

REQUEST = Said(kind=Kind.REQUEST)
BY_KIND = rules(
    policy("complaints", Match(kind=frozenset({Kind.COMPLAINT}))),
    policy("rest", first_response=parse_business("8h")),
)


def correct(shop: Shop, word: Said, message: int | None = None, who: str = "anna") -> int:
    return shop.pipeline.correct(1, message, word, who, shop.now)


def standing(shop: Shop, number: int = 1) -> tuple[str, list[str], str, str]:
    """Return the verdict that stands on a message."""
    ((kind, topics, urgency, language),) = shop.rows(
        "SELECT kind, topics, urgency, language FROM messages WHERE id = ?", number
    )
    return kind, json.loads(topics), urgency, language


def test_a_correction_moves_the_case_to_another_policy_at_once(shop: Shop) -> None:
    """The due time is that of the policy which the person's word leads to."""
    shop.rules = BY_KIND
    shop.hear(said(0, "m1", "awful"))
    shop.judge()
    assert shop.value("SELECT policy FROM cases") == "complaints"
    assert correct(shop, REQUEST) == 1
    assert shop.rows("SELECT kind, policy, due_at FROM cases") == [
        ("request", "rest", "2026-11-23T17:00:00.000Z")
    ]


def test_only_what_was_said_is_replaced(shop: Shop) -> None:
    """Of the rest the classifier's word stands."""
    shop.hear(said(0, "m1", "awful"))
    shop.judge()
    correct(shop, Said(topics=(Topic.SHIPPING, Topic.STAFF), urgency=Urgency.LOW))
    assert standing(shop) == ("complaint", ["shipping", "staff"], "low", "en")


def test_later_words_stand_over_earlier_ones_part_by_part(shop: Shop) -> None:
    """Whoever adds a topic does not take back the kind; the machine's word is kept as it was."""
    shop.hear(said(0, "m1", "awful"))
    shop.judge()
    correct(shop, REQUEST)
    correct(shop, Said(topics=(Topic.SHIPPING,)), who="boris")
    assert standing(shop)[:2] == ("request", ["shipping"])
    (found,) = shop.store.corrections.all()
    assert (found.actor, found.machine.kind) == ("boris", Kind.COMPLAINT)
    assert shop.rows("SELECT machine_kind FROM corrections") == [("complaint",), ("complaint",)]


def test_a_correction_survives_being_judged_again(shop: Shop) -> None:
    """A new model changes what the machine says, and not what stands."""
    shop.hear(said(0, "m1", "awful"))
    shop.judge()
    correct(shop, REQUEST)
    shop.rows("UPDATE messages SET classified_at = NULL")
    waiting = shop.store.messages.unclassified(9)
    shop.pipeline.judge([(each, verdict("thanks")) for each in waiting], shop.now, "newer")
    assert standing(shop)[0] == "request"
    assert shop.value("SELECT kind FROM cases") == "request"
    (message,) = shop.store.views.thread(1)
    assert message.corrected is not None
    assert (message.model, message.corrected.machine.kind) == ("newer", Kind.PRAISE)


def test_an_edit_ends_it_and_taking_the_edit_back_revives_it(shop: Shop) -> None:
    """A person spoke of one text: what the customer writes instead is judged anew."""
    shop.hear(said(0, "m1", "awful"))
    shop.judge()
    correct(shop, REQUEST)
    for minute, text, kind in ((1, "awful, truly", "complaint"), (2, "awful", "request")):
        shop.hear(said(0, "m1", text, edited_at=at(minute)))
        shop.judge()
        assert standing(shop)[0] == kind


def test_without_a_number_it_is_the_message_that_tells_most(shop: Shop) -> None:
    """As alerts quote it; once nobody waits, that of the last wait."""
    shop.hear(said(0, "m1", "hello"), said(1, "m2", "awful"), said(2, "m3", "please"))
    shop.judge()
    assert correct(shop, Said(urgency=Urgency.HIGH)) == 2
    shop.hear(answered(3, "a1"))
    assert correct(shop, Said(urgency=Urgency.LOW)) == 2


def test_what_cannot_be_corrected_is_told(shop: Shop) -> None:
    """No such case, somebody else's message, our own, one that nobody has judged."""
    shop.hear(said(0, "m1", "awful"), answered(1, "a1"), said(0, "m2", thread_id="dm:2"))
    with pytest.raises(UserError, match="message 1 is not judged yet"):
        correct(shop, REQUEST)
    shop.judge()
    for number, why in ((2, "is our own"), (3, "no message 3 in case 1"), (0, "no message 0")):
        with pytest.raises(UserError, match=why):
            correct(shop, REQUEST, number)
    with pytest.raises(UserError, match="no case 99"):
        shop.pipeline.correct(99, None, REQUEST, "anna", shop.now)
    assert shop.rows("SELECT * FROM corrections") == []


def test_it_is_kept_who_said_what_of_which_model(shop: Shop) -> None:
    """The table tells a later reader what happened, and training what is true."""
    shop.hear(said(0, "m1", "awful"))
    waiting = shop.store.messages.unclassified(9)
    shop.pipeline.judge([(each, verdict(each.text)) for each in waiting], shop.now, "compact-1")
    correct(shop, REQUEST)
    ((text, actor, model, was, now),) = shop.rows(
        "SELECT text, actor, model, machine_kind, kind FROM corrections"
    )
    assert (text, actor, model, was, now) == ("awful", "anna", "compact-1", "complaint", "request")
    (found,) = shop.store.corrections.all()
    truth = found.truth
    assert (truth.kind, truth.topics, truth.language) == (Kind.REQUEST, (Topic.OTHER,), "en")
