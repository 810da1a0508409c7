"""Promises about threads: several customers, parents, and answers that count elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inboxd.model import Kind, Topic, Urgency, Verdict
from inboxd.store.times import to_text
from tests.store.shop import ANNA, BORIS, answered, at, commented, replied, said

if TYPE_CHECKING:
    from tests.store.shop import Shop


def statuses(shop: Shop) -> list[str]:
    return [case["status"] for case in shop.cases()]


def test_who_joins_a_thread_waits_until_somebody_answers_them(shop: Shop) -> None:
    """An answer by name ends the wait of those it names, and only theirs."""
    shop.now = at(31)
    shop.hear(commented(0, "a1", ANNA), commented(10, "b1", BORIS), replied(30, "r1", ANNA))
    (case,) = shop.cases()
    assert (case["status"], case["waiting_since"]) == ("waiting", to_text(at(10)))
    assert [(wait[2], wait[1], wait[4]) for wait in case["waits"]] == [
        ("a1", "first_response", "answered"),
        ("b1", "first_response", ""),
    ]
    (listed,) = shop.store.views.waiting()
    assert listed.author == BORIS
    shop.now = at(41)
    shop.hear(replied(40, "r2", BORIS))
    assert statuses(shop) == ["answered"]


def test_who_goes_on_waiting_is_escalated_by_the_next_step(shop: Shop) -> None:
    """Those who heard of both hear that one was answered, and later that the other was not."""
    shop.now = at(11)
    shop.hear(commented(0, "a1", ANNA), commented(10, "b1", BORIS))
    shop.tick(60)
    assert shop.deliver() == [("step_due", "lead"), ("step_due", "support")]
    shop.now = at(65)
    shop.hear(replied(64, "r1", ANNA))
    assert shop.deliver() == [("wait_answered", "lead"), ("wait_answered", "support")]
    assert "1 more" in shop.value("SELECT detail FROM alerts ORDER BY id DESC")
    shop.tick(69.9)
    assert shop.deliver() == []
    shop.tick(70)
    assert shop.deliver() == [("step_due", "lead"), ("step_due", "support")]


def test_an_alert_quotes_who_still_waits(shop: Shop) -> None:
    """And not the complaint of somebody who was answered meanwhile."""
    awful = Verdict(Kind.COMPLAINT, (Topic.SHIPPING,), Urgency.HIGH, "en", {})
    shop.now = at(31)
    shop.hear(commented(0, "b1", BORIS, "and mine?"), commented(10, "a1", ANNA, "awful"))
    waiting = shop.store.messages.unclassified(9)
    shop.pipeline.judge([(each, awful) for each in waiting if each.text == "awful"], shop.now)
    assert [case.text for case in shop.store.views.waiting()] == ["awful"]
    shop.hear(replied(30, "r1", ANNA))
    assert [case.text for case in shop.store.views.waiting()] == ["and mine?"]


def test_in_private_an_answer_is_for_everybody(shop: Shop) -> None:
    """Whatever names a network puts into it."""
    shop.now = at(20)
    shop.hear(said(0, "m1"), answered(10, "r1", addressees=("somebody",)))
    assert statuses(shop) == ["answered"]


def test_whom_an_answer_is_for_may_be_learnt_later(shop: Shop) -> None:
    """The send tells no names, the next poll does; a poll that tells none takes none back."""
    shop.now = at(31)
    shop.hear(commented(0, "a1", ANNA), commented(10, "b1", BORIS), replied(30, "r1"))
    assert statuses(shop) == ["answered"]
    shop.hear(replied(30, "r1", ANNA))
    shop.hear(replied(30, "r1"))
    assert statuses(shop) == ["waiting"]
    assert shop.value("SELECT addressees FROM messages WHERE remote_id = 'r1'") == '["anna"]'


def test_who_wrote_may_be_learnt_later(shop: Shop) -> None:
    """An event names nobody, and a later read does."""
    shop.now = at(31)
    shop.hear(commented(0, "a1", ANNA), replace(commented(10, "b1", BORIS), author=None))
    shop.hear(commented(10, "b1", BORIS), replied(30, "r1", ANNA))
    (case,) = shop.cases()
    assert (case["status"], case["waiting_since"]) == ("waiting", to_text(at(10)))


def test_a_reply_goes_to_who_waits_and_not_to_who_wrote_last(shop: Shop) -> None:
    """The one who was answered already has written once more to say so."""
    shop.now = at(41)
    shop.hear(commented(0, "a1", ANNA), commented(10, "b1", BORIS), replied(30, "r1", ANNA))
    shop.hear(commented(40, "a2", ANNA, "ok"))
    place = shop.store.views.reply_place(1)
    assert (place.parent_id, place.recipient) == ("b1", BORIS)


@pytest.mark.parametrize("answer_first", [False, True])
def test_an_answer_counts_in_the_further_threads_that_it_names(
    shop: Shop, *, answer_first: bool
) -> None:
    """Whether it is heard of before their customers' messages or after."""
    shop.now = at(31)
    asked = [said(0, "m1", thread_id="x:1"), said(10, "m2", thread_id="x:2")]
    answer = answered(30, "r1", thread_id="x:1", also_in=("x:2", "x:3"))
    for page in [[answer], asked][:: 1 if answer_first else -1]:
        shop.hear(*page)
    shop.hear(answer)
    assert statuses(shop) == ["answered", "answered"]
    assert [message.from_elsewhere for message in shop.store.views.thread(2)] == [False, True]
    shop.now = at(41)
    shop.hear(said(40, "m3", thread_id="x:2"), said(5, "m4", thread_id="x:3"))
    assert sorted(statuses(shop)) == ["answered", "answered", "waiting"]


def test_where_an_answer_counts_may_be_learnt_later(shop: Shop) -> None:
    """As its send tells only where it was written."""
    shop.now = at(31)
    shop.hear(said(0, "m1", thread_id="x:1"), said(10, "m2", thread_id="x:2"))
    shop.hear(answered(30, "r1", thread_id="x:1"))
    assert sorted(statuses(shop)) == ["answered", "waiting"]
    shop.hear(answered(30, "r1", thread_id="x:1", also_in=("x:2",)))
    assert statuses(shop) == ["answered", "answered"]


@pytest.mark.parametrize("parent_first", [False, True])
def test_a_reply_and_its_parent_are_one_thread_in_whatever_order(
    shop: Shop, *, parent_first: bool
) -> None:
    """The customer waits from the first of the two."""
    parent = commented(0, "a1", ANNA)
    child = commented(10, "a2", ANNA, "anybody?", parent_id="a1")
    shop.now = at(11)
    for message in [parent, child][:: 1 if parent_first else -1]:
        shop.hear(message)
    (case,) = shop.cases()
    assert (case["first_message_id"], case["unanswered"]) == ("a1", 2)


@pytest.mark.parametrize("gone_first", [False, True])
def test_a_reply_to_a_deleted_message_keeps_its_thread_and_its_wait(
    shop: Shop, *, gone_first: bool
) -> None:
    """And who looks at it is told that its parent is gone."""
    parent, child = commented(0, "a1", ANNA), commented(10, "b1", BORIS, parent_id="a1")
    shop.now = at(11)
    gone = replace(parent, text="", author=None, deleted=True)
    pages = [[parent, child], [gone]] if not gone_first else [[parent], [gone], [child]]
    for page in pages:
        shop.hear(*page)
    waiting = [case for case in shop.cases() if case["status"] == "waiting"]
    assert [(case["waiting_since"], case["unanswered"]) for case in waiting] == [
        (to_text(at(10)), 1)
    ]
    thread = shop.store.views.thread(shop.value("SELECT max(id) FROM cases"))
    assert [message.parent_deleted for message in thread] == [False, True]


def test_an_answer_in_the_second_of_a_reopening_answers(shop: Shop) -> None:
    """VK and Facebook tell whole seconds; the poll that brings it again changes nothing."""
    shop.now = at(20)
    shop.hear(said(0, "m1"), answered(10, "a1"))
    shop.now = at(30.01)
    shop.act("reopen")
    shop.hear(answered(30, "a2"))
    before = shop.cases()
    assert [case["status"] for case in before] == ["answered"]
    shop.now = at(31)
    shop.hear(answered(30, "a2"))
    assert shop.cases() == before


def test_who_is_left_waiting_is_told_of_if_the_common_alert_never_left(shop: Shop) -> None:
    """It was held back, and withdrawn when somebody else was answered: nobody heard of either."""
    shop.hear(commented(0, "c1", ANNA), commented(0.5, "c2", BORIS))
    shop.tick(70)
    shop.now = at(71)
    shop.hear(replied(71, "r1", ANNA))
    shop.tick(72)
    assert shop.queued() == [
        ("step_due", "support", "cancelled"),
        ("step_due", "lead", "cancelled"),
        ("step_due", "support", "pending"),
        ("step_due", "lead", "pending"),
    ]
    shop.tick(73)
    assert len(shop.queued()) == 4
