"""Promises about the outbox: one row a reason and receiver, and one sender a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.connector import OutgoingReply
from inboxd.model import Alert, Author, Stream, Tone
from inboxd.store import OutboxItem, Store
from tests.store.shop import START, Shop, answered, at, said

if TYPE_CHECKING:
    from pathlib import Path


def alert(key: str, thread: str = "receiver:x") -> Alert:
    return Alert(key, thread, "step_due", Tone.WARNING, "Somebody waits", START, detail="why")


def queue(shop: Shop, key: str, *sinks: str) -> bool:
    with shop.store.transaction():
        return shop.store.outbox.add_alert(alert(key), sinks or ("support",))


def due(shop: Shop, receiver: str = "support") -> list[OutboxItem]:
    return shop.store.outbox.due(receiver, shop.now)


def test_a_key_is_queued_once_for_ever(shop: Shop) -> None:
    """Even after it was delivered, and whatever the sinks are by then."""
    assert queue(shop, "k", "support", "lead")
    shop.deliver()
    assert not queue(shop, "k", "support", "lead", "pager")
    assert [state for _, _, state in shop.queued()] == ["sent", "sent"]


def test_an_alert_comes_out_as_it_went_in(shop: Shop) -> None:
    """With everything a sink shows."""
    queue(shop, "k")
    (item,) = due(shop)
    assert item.alerts == (alert("k"),)
    assert (item.key, item.attempts, item.uncertain) == ("k > support", 1, False)


def test_a_case_alert_carries_the_customers_words(shop: Shop) -> None:
    """The card is the case as it was at that moment, author and all."""
    shop.hear(said(0, "m1", "де \x00 замовлення?"))
    shop.tick(60)
    (item,) = due(shop, "lead")
    card = item.alerts[0].case
    assert card is not None
    assert card.author is not None
    assert (card.text, card.author.name, card.due_at) == ("де \ufffd замовлення?", "Оксана", at(60))
    assert (card.messages, card.policy, card.waiting_since) == (1, "all", START)


def test_a_reply_comes_out_as_it_went_in(shop: Shop) -> None:
    """With its key, its place and its recipient."""
    shop.hear(said(0, "m1"))
    reply = OutgoingReply("r1", "dm:1", Stream.COMMENTS, "Yes", "m1", Author("7", "Eva"), START)
    with shop.store.transaction():
        shop.store.outbox.add_reply("shop-vk", 1, reply, START)
    (item,) = due(shop, "shop-vk")
    assert (item.reply, item.case_id, item.alerts) == (reply, 1, ())


def test_a_row_is_claimed_by_one_only(shop: Shop, database: Path) -> None:
    """Two senders on one database do not send the same thing."""
    queue(shop, "k")
    (item,) = due(shop)
    with Store(database) as other:
        assert other.outbox.claim(item, START) == item
        assert shop.store.outbox.claim(item, START) is None
    assert due(shop) == []


def test_a_claim_counts_the_attempt(shop: Shop) -> None:
    """A crash during an attempt is an attempt too."""
    queue(shop, "k")
    (item,) = due(shop)
    shop.store.outbox.claim(item, START)
    shop.store.outbox.retry(item, START)
    (again,) = due(shop)
    assert (item.attempts, again.attempts) == (1, 2)


def test_abandoned_claims_become_unsure(shop: Shop) -> None:
    """What a dead daemon was sending may have arrived."""
    queue(shop, "k", "support", "lead")
    shop.store.outbox.claim(due(shop)[0], START)
    assert shop.store.outbox.abandon_claims() == 1
    assert [item.key for item in shop.store.outbox.unsure("support")] == ["k > support"]
    assert shop.store.outbox.unsure("lead") == []
    assert shop.store.outbox.receivers(START) == ["lead", "support"]


def test_what_is_to_be_tried_later_waits(shop: Shop) -> None:
    """Nobody has anything to take before its time."""
    queue(shop, "k")
    (item,) = due(shop)
    shop.store.outbox.claim(item, START)
    shop.store.outbox.retry(item, at(5), "no answer")
    assert shop.store.outbox.receivers(at(4.9)) == []
    assert shop.store.outbox.receivers(at(5)) == ["support"]


def test_what_was_queued_or_tried_by_a_clock_that_was_ahead_is_due(shop: Shop) -> None:
    """An alert must not wait until a wrong time has come."""
    later = START + timedelta(days=365)
    queue(shop, "tried")
    (item,) = due(shop)
    shop.store.outbox.claim(item, later)
    shop.store.outbox.retry(item, later + timedelta(minutes=1), "no answer")
    with shop.store.transaction():
        shop.store.outbox.add_alert(replace(alert("new"), created_at=later), ["lead"])

    assert shop.store.outbox.receivers(START) == ["lead", "support"]
    assert [len(due(shop, receiver)) for receiver in ("lead", "support")] == [1, 1]


def test_who_may_have_heard_hears_of_the_end(shop: Shop) -> None:
    """An unsure delivery counts as heard; a pending one is withdrawn and does not."""
    shop.hear(said(0, "m1"))
    shop.tick(60)
    (item,) = due(shop)
    shop.store.outbox.claim(item, shop.now)
    shop.store.outbox.doubt(item, "the answer was lost")
    shop.hear(answered(60, "a1"))
    assert shop.queued() == [
        ("step_due", "support", "unsure"),
        ("step_due", "lead", "cancelled"),
        ("wait_answered", "support", "pending"),
    ]


def test_a_repeat_that_would_admit_to_be_one_is_withdrawn_too(shop: Shop) -> None:
    """The first attempt may have been heard, so its end is told; the repeat is not sent."""
    shop.hear(said(0, "m1"))
    shop.tick(30)
    (item,) = due(shop)
    shop.store.outbox.claim(item, shop.now)
    shop.store.outbox.retry(item, shop.now, uncertain=True)
    shop.now = at(31)
    shop.hear(answered(31, "a1"))
    assert shop.queued() == [
        ("step_due", "support", "cancelled"),
        ("wait_answered", "support", "pending"),
    ]


def test_the_head_of_a_thread_is_its_first_delivery_at_that_sink(shop: Shop) -> None:
    """Other sinks, other threads and what was not delivered do not count."""
    for key in ("k1", "k2", "k3"):
        queue(shop, key, "support", "lead")
    first, second, third = due(shop)
    assert shop.store.outbox.head(third) is None
    shop.store.outbox.refuse(first, "no", START)
    shop.store.outbox.sent(second, {"ts": "2"}, START)
    assert shop.store.outbox.head(third) == {"ts": "2"}
    assert shop.store.outbox.head(due(shop, "lead")[2]) is None


def test_what_is_not_delivered_is_counted(shop: Shop) -> None:
    """For the exit code of `run --once`: open rows, and what was refused in this round."""
    for key in ("k1", "k2", "k3", "k4"):
        queue(shop, key)
    first, second, third, _ = due(shop)
    shop.store.outbox.sent(first, {}, START)
    shop.store.outbox.refuse(second, "no", at(-10))
    shop.store.outbox.refuse(third, "no", at(1))
    assert shop.store.outbox.undelivered(START, shop.now) == 2
