"""Promises about messages that are out of date: each is marked, once, and none is forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.model import Kind
from inboxd.store import Said
from tests.store.shop import Shop, answered, at, open_shop, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inboxd.store import Refresh


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(tmp_path / "refreshed.db")
    yield shop
    shop.store.close()


def tell(shop: Shop, minutes: float, *, where: bool = True, channel: str = "C1") -> None:
    """Deliver what is due by then; with *where* each message can be found again, and changed."""
    shop.tick(minutes)
    for receiver in shop.store.outbox.receivers(shop.now):
        for item in shop.store.outbox.due(receiver, shop.now):
            claimed = shop.store.outbox.claim(item, shop.now)
            assert claimed
            receipt = {"channel": channel, "ts": str(item.rows[0])} if where else {"key": item.key}
            shop.store.outbox.sent(claimed, receipt, shop.now)


def due(shop: Shop) -> list[Refresh]:
    return shop.store.refreshes.due("support", shop.now, 100)


def receipts(shop: Shop) -> list[str]:
    """Return which messages are out of date, by their ts."""
    found = [shop.store.refreshes.shown(each) for each in due(shop)]
    return [shown.receipt["ts"] for shown in found if shown]


def test_a_deed_marks_the_first_and_the_newest_message(shop: Shop) -> None:
    """What lies between them is history."""
    shop.hear(said(0, "a"))
    tell(shop, 30)
    tell(shop, 60)
    shop.act("snooze", (at(0) + timedelta(days=1)).isoformat())
    assert len(due(shop)) == 2
    assert receipts(shop) == ["1", "2"]


def test_in_another_channel_the_first_message_there_is_marked(shop: Shop) -> None:
    """The configuration names another channel since: nobody looks at the old one."""
    shop.hear(said(0, "a"))
    tell(shop, 30, channel="C0OLD")
    tell(shop, 60, channel="C0NEW")
    shop.act("ack")
    assert receipts(shop) == ["2"]
    (shown,) = (shop.store.refreshes.shown(each) for each in due(shop))
    assert shown
    assert shown.head == {"channel": "C0NEW", "ts": "2"}


def test_what_was_told_after_all_is_marked_like_any_other(shop: Shop) -> None:
    """It goes by a name of its own, which is no row's key."""
    shop.hear(said(0, "a"))
    shop.tick(30)
    (item,) = shop.store.outbox.due("support", shop.now)
    assert shop.store.outbox.claim(item, shop.now)
    shop.store.outbox.retry(item, shop.now, "no answer")
    shop.store.outbox.withdraw(1)
    shop.store.outbox.revive(1, shop.now)
    tell(shop, 31)
    shop.act("snooze", (at(0) + timedelta(days=1)).isoformat())
    assert receipts(shop) == ["1"]


def test_many_deeds_are_one_mark(shop: Shop) -> None:
    """Which counts how often, so that nothing that happens meanwhile is lost."""
    shop.hear(said(0, "a"))
    tell(shop, 30)
    for who in ("anna", "boris"):
        shop.act("assign", who)
    (before,) = due(shop)
    shop.act("ack")
    shop.store.refreshes.done(before)
    (after,) = due(shop)
    assert (before.marks, after.marks) == (2, 3)
    shop.store.refreshes.done(after)
    assert due(shop) == []


def test_what_cannot_be_changed_is_not_marked(shop: Shop) -> None:
    """A webhook's message, and a mail, are as they are."""
    shop.hear(said(0, "a"))
    tell(shop, 30, where=False)
    shop.act("ack")
    assert shop.store.refreshes.receivers(shop.now) == []


def test_what_nobody_was_told_of_marks_nothing(shop: Shop) -> None:
    """There is no message."""
    shop.hear(said(0, "a"))
    shop.act("ack")
    assert due(shop) == []


def test_an_answer_marks_what_still_calls_for_one(shop: Shop) -> None:
    """The notice of the end is a message of its own; the older ones must not go on calling."""
    shop.hear(said(0, "a"))
    tell(shop, 30)
    tell(shop, 60)
    shop.hear(answered(61, "b"))
    assert receipts(shop) == ["1", "2"]


def test_a_correction_marks_too(shop: Shop) -> None:
    """What a case counts as is shown."""
    shop.hear(said(0, "a", "awful"))
    shop.judge()
    tell(shop, 30)
    shop.pipeline.correct(1, None, Said(kind=Kind.OTHER), "anna", shop.now)
    assert receipts(shop) == ["1"]
    (standing,) = shop.store.gatherings.told("case:1")
    assert [(deed.action, deed.detail) for deed in standing.deeds] == [("correct", "other")]
    assert standing.kind is Kind.OTHER


def test_what_fails_comes_back_later(shop: Shop) -> None:
    """And not before."""
    shop.hear(said(0, "a"))
    tell(shop, 30)
    shop.act("ack")
    (each,) = due(shop)
    shop.store.refreshes.retry(each, at(35))
    assert due(shop) == []
    shop.now = at(35)
    assert [again.attempts for again in due(shop)] == [1]
    shop.store.refreshes.give_up(each)
    assert due(shop) == []


def test_deeds_are_those_of_the_present_wait(shop: Shop) -> None:
    """Who took the customer's last question has not taken this one."""
    shop.hear(said(0, "a"))
    shop.act("ack")
    shop.now = at(10)
    shop.hear(answered(10, "b"), said(20, "c"))
    shop.now = at(21)
    tell(shop, 51)
    (standing,) = shop.store.gatherings.told("case:1")
    assert standing.deeds == ()
    shop.act("ack")
    shop.act("snooze", at(200).isoformat())
    shop.act("ack")
    (standing,) = shop.store.gatherings.told("case:1")
    assert [deed.action for deed in standing.deeds] == ["snooze", "ack"]


def test_a_press_is_new_once(shop: Shop) -> None:
    """For a week, which is longer than anybody delivers it again."""
    presses = shop.store.presses
    assert presses.is_new("p", shop.now)
    assert not presses.is_new("p", shop.now + timedelta(days=6))
    assert presses.is_new("q", shop.now + timedelta(days=8))
    assert shop.value("SELECT count(*) FROM presses") == 1
