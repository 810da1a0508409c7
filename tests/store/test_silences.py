"""Promises about silences: they mute what matches, for as long as they last, and lose nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inboxd.core.policies import Match
from inboxd.errors import UserError
from inboxd.model import Stream
from tests.store.shop import Shop, at, commented, said

if TYPE_CHECKING:
    from inboxd.core.silences import Silence

PRIVATE = Match(stream=frozenset({"direct_messages"}), public=False)


def silence(shop: Shop, until: float, match: Match = PRIVATE) -> Silence:
    with shop.store.transaction():
        return shop.store.silences.add(match, at(until), "anna", "a test", shop.now)


def test_what_matches_is_not_told_of_until_the_silence_ends(shop: Shop) -> None:
    """Then the newest step that fell due is, and it says how many it covers."""
    shop.hear(said(0, "m1"))
    silence(shop, 90)
    for minutes in (30, 60, 89):
        shop.tick(minutes)
    assert shop.queued() == []
    shop.tick(90)
    assert shop.queued() == [("step_due", "support", "pending"), ("step_due", "lead", "pending")]
    assert shop.value("SELECT detail FROM alerts") == (
        "An earlier alert fell due meanwhile; this one stands for it."
    )


def test_what_does_not_match_is_told_of(shop: Shop) -> None:
    """A silence is for some, and the others' customers wait as before."""
    author = said(0, "m1").author
    assert author
    shop.hear(said(0, "m1"), commented(0, "c1", author))
    silence(shop, 90)
    shop.tick(30)
    assert shop.rows("SELECT c.id, v.stream FROM alerts AS a JOIN cases AS c ON c.id = a.case_id "
                     "JOIN conversations AS v ON v.id = c.conversation_id") == [
        (2, Stream.COMMENTS)
    ]  # fmt: skip


def test_a_silence_that_is_ended_early_tells_at_once(shop: Shop) -> None:
    """Nobody has to wait for the time that was planned for it."""
    shop.hear(said(0, "m1"))
    begun = silence(shop, 600)
    shop.tick(60)
    shop.now = at(70)
    with shop.store.transaction():
        shop.store.silences.end(begun.id, shop.now)
    shop.tick(70)
    assert [reason for reason, _, _ in shop.queued()] == ["step_due", "step_due"]
    assert shop.store.silences.active(shop.now) == []


def test_the_longest_of_several_silences_counts(shop: Shop) -> None:
    """Ending one does not end another."""
    shop.hear(said(0, "m1"))
    first = silence(shop, 90)
    silence(shop, 200)
    shop.tick(60)
    with shop.store.transaction():
        shop.store.silences.end(first.id, shop.now)
    shop.tick(100)
    assert shop.queued() == []
    shop.tick(200)
    assert len(shop.queued()) == 2


def test_a_customer_who_is_answered_meanwhile_is_not_told_of(shop: Shop) -> None:
    """What is no longer true is no news."""
    shop.hear(said(0, "m1"))
    silence(shop, 90)
    shop.tick(60)
    shop.act("close", "spam")
    shop.tick(90)
    assert shop.queued() == []


def test_a_silence_comes_out_as_it_went_in(shop: Shop) -> None:
    """Conditions, end, and whose it is."""
    match = Match(kind=frozenset({"praise"}), topic=frozenset({"staff", "orders"}), min_followers=3)
    begun = silence(shop, 5, match)
    assert shop.store.silences.active(shop.now) == [begun]


def test_only_what_lasts_can_be_ended(shop: Shop) -> None:
    """A wrong number is an error and no shrug."""
    begun = silence(shop, 5)
    shop.now = at(6)
    with pytest.raises(UserError, match=f"no silence {begun.id} that lasts"):
        shop.store.silences.end(begun.id, shop.now)
