"""Promises about answers that nobody wrote: the same words, at once, to several customers."""

from __future__ import annotations

import itertools
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from inboxd.connector import OutgoingReply
from inboxd.explain import automatic_answers, explain
from inboxd.model import Stream
from tests.store.shop import answered, at, said

if TYPE_CHECKING:
    from inboxd.model import Message
    from tests.store.shop import Shop

WORDS = "Thank you for writing to us! We will answer soon."
HALF_A_MINUTE = 0.5


def statuses(shop: Shop) -> list[str]:
    return [case["status"] for case in shop.cases()]


def exchange(minutes: float, name: str, after: float, text: str = WORDS) -> list[Message]:
    """Return a question, and what came *after* so many minutes, in a thread of its own."""
    thread = f"dm:{name}"
    return [
        said(minutes, f"{name}-asked", thread_id=thread),
        answered(minutes + after, f"{name}-told", text, thread_id=thread),
    ]


QUICK_TWICE = [*exchange(0, "1", HALF_A_MINUTE), *exchange(600, "2", HALF_A_MINUTE)]


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))])
def test_the_same_quick_words_to_two_customers_are_a_machines(
    shop: Shop, order: tuple[int, ...]
) -> None:
    """Both wait, from when they wrote, whichever message is heard of last."""
    shop.now = at(700)
    for place in order:
        shop.hear(QUICK_TWICE[place])
    assert statuses(shop) == ["waiting", "waiting"]
    assert [len(case["waits"]) for case in shop.cases()] == [1, 1]


@pytest.mark.parametrize(
    "second",
    [
        exchange(600, "2", 2),
        exchange(600, "2", HALF_A_MINUTE, "Your parcel will be there tomorrow."),
        exchange(31 * 24 * 60, "2", HALF_A_MINUTE),
        [answered(600, "unasked", WORDS, thread_id="dm:2")],
    ],
    ids=["after two minutes", "other words", "a month later", "unasked"],
)
def test_what_a_person_may_have_sent_stops_the_clock(shop: Shop, second: list[Message]) -> None:
    """Who uses a saved reply is a person."""
    shop.now = at(32 * 24 * 60)
    shop.hear(*exchange(0, "1", HALF_A_MINUTE))
    shop.hear(*second)
    assert "waiting" not in statuses(shop)


@pytest.mark.parametrize("text", ["Да", "👍", "Yes, of course."])
def test_short_words_are_everybodys(shop: Shop, text: str) -> None:
    """A thumb is the same in the hands of people and machines."""
    shop.now = at(700)
    shop.hear(
        *exchange(0, "1", HALF_A_MINUTE, text),
        *exchange(600, "2", HALF_A_MINUTE, text),
    )
    assert statuses(shop) == ["answered", "answered"]


def test_accounts_do_not_share_their_words(shop: Shop) -> None:
    """The same sentence of another shop says nothing about this one."""
    shop.now = at(700)
    shop.hear(*QUICK_TWICE[:2], account="one")
    shop.hear(*QUICK_TWICE[2:], account="other")
    assert statuses(shop) == ["answered", "answered"]


def test_the_same_words_to_the_same_customer_are_no_machines(shop: Shop) -> None:
    """Somebody asked twice, and was told twice."""
    shop.now = at(700)
    shop.hear(*exchange(0, "1", HALF_A_MINUTE))
    shop.hear(said(600, "m2", thread_id="dm:1"), answered(600.5, "a2", WORDS, thread_id="dm:1"))
    assert statuses(shop) == ["answered"]


def test_a_person_after_the_machine_answers(shop: Shop) -> None:
    """The wait that the machine did not end ends with them."""
    shop.now = at(700)
    shop.hear(*QUICK_TWICE, answered(20, "a1", thread_id="dm:1"))
    first, second = shop.cases()
    assert (first["status"], first["waits"][0][6], second["status"]) == (
        "answered",
        "a1",
        "waiting",
    )


def test_the_third_of_the_same_words_looks_at_nobody_elses_case(shop: Shop) -> None:
    """Else a busy machine would have everything folded again at each of its messages."""
    shop.now = at(2_000)
    shop.hear(*QUICK_TWICE)
    stored = shop.hear(*exchange(1_200, "3", HALF_A_MINUTE))
    assert len(stored.touched) == 1


def test_a_machines_edit_frees_whom_it_made_suspect(shop: Shop) -> None:
    """Where the words are not the same any more, the other answer was a person's."""
    shop.now = at(700)
    shop.hear(*QUICK_TWICE)
    shop.hear(answered(600.5, "2-told", "You are late.", thread_id="dm:2", edited_at=at(650)))
    assert statuses(shop) == ["answered", "answered"]


@pytest.mark.parametrize("minutes", [0.05, HALF_A_MINUTE])
def test_what_a_person_sent_by_way_of_us_is_no_machines(shop: Shop, minutes: float) -> None:
    """However quickly, and in whatever words."""
    shop.now = at(0.5)
    for name in ("1", "2"):
        question, answer = exchange(0, name, minutes)
        shop.hear(question)
        reply = OutgoingReply(
            f"reply:{name}", question.thread_id, Stream.DIRECT_MESSAGES, WORDS, None, None, at(0)
        )
        shop.store.outbox.add_reply("shop-vk", int(name), reply, shop.now)
        (item,) = shop.store.outbox.due("shop-vk", shop.now)
        shop.pipeline.reply_sent(item, "shop-vk", "vk", answer, shop.now)
    shop.pipeline.track_open(shop.now)
    assert statuses(shop) == ["answered", "answered"]


def test_a_wait_that_only_a_machine_ended_is_told_of_again(shop: Shop) -> None:
    """Its steps fall due as if the answer had never come, each of them once."""
    shop.now = at(1)
    shop.hear(*QUICK_TWICE[:2])
    shop.tick(45)
    assert shop.queued() == []
    shop.hear(said(40, "2-asked", thread_id="dm:2"))
    shop.hear(answered(40.5, "2-told", WORDS, thread_id="dm:2"))
    shop.tick(46)
    assert shop.deliver() == [("step_due", "support")]


def test_it_is_said_why_an_answer_was_taken_for_automatic(shop: Shop) -> None:
    """By its words, or by its speed."""
    shop.now = at(700)
    shop.hear(*QUICK_TWICE)
    shop.hear(*exchange(650, "3", 0.05, "Hello"))
    reasons = [automatic_answers(shop.store, shop.rules, case, shop.now) for case in (1, 2, 3)]
    assert [list(each) for each in reasons] == [[2], [4], [6]]
    assert ["same text" in why for each in reasons for why in each.values()] == [True, True, False]
    told = explain(shop.store, shop.rules, 1, shop.now, UTC)
    assert any("message 2 is taken for automatic" in line for part in told for line in part.lines)


def test_what_a_named_member_of_the_staff_writes_is_no_machines(shop: Shop) -> None:
    """However quick: VK names who of the administrators answered."""
    shop.hear(said(0, "m1"), answered(0.05, "m2", "We have it, come by!", staff="77"))
    assert [case["status"] for case in shop.cases()] == ["answered"]
    shop.hear(
        said(0, "m3", thread_id="dm:2"), answered(0.05, "m4", "We have it!", thread_id="dm:2")
    )
    assert [case["status"] for case in shop.cases()] == ["answered", "waiting"]
