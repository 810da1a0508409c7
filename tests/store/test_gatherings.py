"""Promises about alerts that are told as one: none lost, none twice, and one message for many."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.core.grouping import Grouping, Trait
from inboxd.model import Author
from tests.store.shop import Shop, answered, at, open_shop, rules, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inboxd.store import OutboxItem

GROUPED = Grouping(
    (Trait.POLICY, Trait.ACCOUNT), timedelta(seconds=30), timedelta(hours=1), at_most=3
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(tmp_path / "grouped.db")
    plain = rules()
    shop.rules = type(plain)(plain.policies, plain.quiet_after, GROUPED)
    yield shop
    shop.store.close()


def write(shop: Shop, *refs: str, minutes: float = 0) -> None:
    """Let a customer of their own write each of *refs*."""
    for ref in refs:
        author = Author(ref, ref)
        shop.hear(said(minutes, ref, author=author, thread_id=f"dm:{ref}"))


def due(shop: Shop, minutes: float, receiver: str = "support") -> list[OutboxItem]:
    return shop.store.outbox.due(receiver, at(minutes))


def deliver(shop: Shop, item: OutboxItem) -> None:
    claimed = shop.store.outbox.claim(item, shop.now)
    assert claimed
    shop.store.outbox.sent(claimed, {"ts": str(item.rows[0])}, shop.now)


def keys_of(shop: Shop) -> list[str]:
    """Return the keys of the rows for support, oldest first."""
    sql = "SELECT key FROM outbox WHERE receiver = 'support' ORDER BY id"
    return [key for (key,) in shop.rows(sql)]


def bundles(shop: Shop) -> set[str]:
    """Return the names under which something was told."""
    return {name for (name,) in shop.rows("SELECT bundle FROM outbox WHERE state = 'sent'")}


def test_those_who_fall_due_together_are_told_as_one(shop: Shop) -> None:
    """After a short wait, in which nobody is told anything."""
    write(shop, "a", "b", "c")
    shop.tick(30)
    assert due(shop, 30) == []
    (item,) = due(shop, 30.5)
    assert [
        alert.case.author.name for alert in item.alerts if alert.case and alert.case.author
    ] == [
        "a",
        "b",
        "c",
    ]


def test_who_is_due_while_others_are_held_back_goes_with_them(shop: Shop) -> None:
    """The first one's wait is everybody's: it is never prolonged."""
    write(shop, "a")
    write(shop, "b", minutes=0.4)
    shop.tick(30)
    shop.tick(30.4)
    (item,) = due(shop, 30.5)
    assert len(item.alerts) == 2


def test_who_is_due_later_joins_the_same_thread(shop: Shop) -> None:
    """As a second delivery, which knows where the first one went."""
    write(shop, "a")
    shop.tick(30)
    (first,) = due(shop, 31)
    deliver(shop, first)
    write(shop, "b", minutes=10)
    shop.tick(40)
    (second,) = due(shop, 41)
    assert {alert.thread for alert in (*first.alerts, *second.alerts)} == {"gathering:1"}
    assert shop.store.outbox.head(second) == {"ts": str(first.rows[0])}


def test_a_full_message_is_followed_by_another(shop: Shop) -> None:
    """Three fit here; the fourth begins anew."""
    write(shop, "a", "b", "c", "d")
    shop.tick(30)
    assert [len(item.alerts) for item in due(shop, 31)] == [3, 1]


def test_a_message_is_not_for_ever(shop: Shop) -> None:
    """What is due after the window would be overlooked in what scrolled by."""
    write(shop, "a")
    shop.tick(30)
    write(shop, "b", minutes=70)
    shop.tick(100)
    threads = shop.rows("SELECT DISTINCT thread FROM alerts WHERE reason = 'step_due' ORDER BY id")
    assert threads == [("gathering:1",), ("gathering:2",)]


def test_what_was_told_of_a_wait_stays_together(shop: Shop) -> None:
    """Its later steps and its end go where its beginning is, however old that is."""
    write(shop, "a")
    shop.tick(30)
    deliver(shop, *due(shop, 31))
    shop.tick(60)
    deliver(shop, *due(shop, 61))
    shop.now = at(200)
    shop.hear(answered(200, "answer", thread_id="dm:a"))
    assert shop.rows("SELECT reason, thread FROM alerts ORDER BY id") == [
        ("step_due", "gathering:1"),
        ("step_due", "gathering:1"),
        ("wait_answered", "gathering:1"),
    ]


def test_who_is_answered_meanwhile_is_left_out(shop: Shop) -> None:
    """The others are told of, under a name that is theirs: the first one may need its own yet."""
    write(shop, "a", "b")
    shop.tick(30)
    (item,) = due(shop, 31)
    shop.hear(answered(30.2, "answer", thread_id="dm:a"))
    claimed = shop.store.outbox.claim(item, shop.now)
    assert claimed
    assert (claimed.key, claimed.rows) == (keys_of(shop)[1], item.rows[1:])
    assert [alert.key for alert in claimed.alerts] == [item.alerts[1].key]


def test_who_is_answered_between_two_attempts_is_left_out(shop: Shop) -> None:
    """The others are told of under the name that the delivery had before."""
    write(shop, "a", "b")
    shop.tick(30)
    (item,) = due(shop, 31)
    assert shop.store.outbox.claim(item, at(31))
    shop.store.outbox.retry(item, at(31), "no answer")
    shop.hear(answered(30.2, "answer", thread_id="dm:a"))
    (left,) = due(shop, 31)
    claimed = shop.store.outbox.claim(left, at(31))
    assert claimed
    assert (claimed.key, claimed.rows) == (item.key, item.rows[1:])


@pytest.mark.parametrize("attempts", [0, 1])
def test_what_is_told_after_all_has_a_name_that_nothing_was_told_by(
    shop: Shop, attempts: int
) -> None:
    """Who looks for it, or sorts out repeats, must not take what went without it for it."""
    write(shop, "a", "b")
    shop.tick(30)
    (item,) = due(shop, 31)
    for _ in range(attempts):
        assert shop.store.outbox.claim(item, at(31))
        shop.store.outbox.retry(item, at(31), "no answer")
    left = due(shop, 31)
    shop.store.outbox.withdraw(1)
    deliver(shop, *left)
    names = bundles(shop)
    shop.store.outbox.revive(1, at(32))
    (again,) = due(shop, 32)
    deliver(shop, again)
    assert [alert.key for alert in again.alerts] == [item.alerts[0].key]
    assert len(bundles(shop) - names) == 1
    assert len(shop.store.outbox.told_at("support", at(0), at(60))) == 2


def test_what_was_tried_together_is_tried_again_together(shop: Shop) -> None:
    """Nobody joins it: whoever looks for it must find what was sent."""
    write(shop, "a", "b")
    shop.tick(30)
    (item,) = due(shop, 31)
    claimed = shop.store.outbox.claim(item, at(31))
    assert claimed
    shop.store.outbox.doubt(claimed, "the answer was lost")
    (unsure,) = shop.store.outbox.unsure("support")
    assert (unsure.key, unsure.rows) == (item.key, item.rows)
    shop.store.outbox.retry(unsure, at(33), uncertain=True)

    write(shop, "c", minutes=2)
    shop.tick(32)
    assert [len(each.alerts) for each in due(shop, 32.6)] == [1]
    assert next((each.key, each.uncertain) for each in due(shop, 33)) == (item.key, True)


def test_how_it_stands_is_told_of_all(shop: Shop) -> None:
    """Who waits, who was answered, and who took it, as it is now."""
    write(shop, "a", "b")
    shop.tick(30)
    deliver(shop, *due(shop, 31))
    shop.now = at(35)
    shop.hear(answered(35, "answer", thread_id="dm:a"))
    shop.act("ack", case=2)
    standings = shop.store.gatherings.told("gathering:1")
    assert [(each.outcome, each.ended_at, each.taken_by) for each in standings] == [
        ("answered", at(35), ""),
        ("", None, "anna"),
    ]


def test_one_sinks_trouble_is_not_the_others(shop: Shop) -> None:
    """What the lead could not be told is held back there alone."""
    write(shop, "a", "b")
    shop.tick(60)
    (item,) = due(shop, 61, "lead")
    claimed = shop.store.outbox.claim(item, at(61))
    assert claimed
    shop.store.outbox.retry(claimed, at(70), "no answer")
    assert due(shop, 61, "lead") == []
    assert len(due(shop, 61)) == 1


def test_how_it_stands_with_a_case_is_how_it_stands_with_its_last_wait(shop: Shop) -> None:
    """Who was answered and asked again waits; that there was an answer once is past."""
    write(shop, "a", "b")
    shop.tick(30)
    deliver(shop, *due(shop, 31))
    shop.now = at(32)
    shop.hear(answered(32, "answer", thread_id="dm:a"))
    author = Author("a", "a")
    shop.now = at(34)
    shop.hear(said(34, "a2", author=author, thread_id="dm:a"))
    shop.tick(65)
    standings = shop.store.gatherings.told("gathering:1")
    assert [(each.card.id, each.ended_at) for each in standings] == [(1, None), (2, None)]
