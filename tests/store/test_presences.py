"""Promises about presences and drafts: who is at which case, and what they had begun to write."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.store.shop import at, said

if TYPE_CHECKING:
    from tests.store.shop import Shop

SECOND = timedelta(seconds=1)


@pytest.fixture
def asked(shop: Shop) -> Shop:
    """A shop with the cases 1 and 2."""
    shop.hear(said(0, "m1"), said(0, "m2", thread_id="dm:2"))
    return shop


def seen(shop: Shop, session: str, case: int, seconds: float = 0) -> list[tuple[str, str]]:
    """Return who else is at a case *seconds* after the start, and doing what."""
    there = shop.store.presences.at(case, session, at(0) + seconds * SECOND)
    return [(each.actor, each.doing) for each in there]


def test_everybody_else_is_seen_at_their_case(asked: Shop) -> None:
    """Not oneself, but the same person in another terminal."""
    presences = asked.store.presences
    presences.here("t1", "max", 1, "reading", at(0))
    presences.here("t2", "olena", 1, "replying", at(0))
    presences.here("t3", "max", 2, "reading", at(0))
    assert seen(asked, "t1", 1) == [("olena", "replying")]
    assert seen(asked, "t4", 1) == [("max", "reading"), ("olena", "replying")]
    others = presences.others("t1", at(0))
    assert {case: [each.session for each in there] for case, there in others.items()} == {
        1: ["t2"],
        2: ["t3"],
    }


def test_whoever_goes_on_to_another_case_has_left_the_first(asked: Shop) -> None:
    """A terminal shows one case at a time, and after it is left none."""
    presences = asked.store.presences
    presences.here("t1", "max", 1, "reading", at(0))
    presences.here("t1", "max", 2, "replying", at(0))
    assert (seen(asked, "t2", 1), seen(asked, "t2", 2)) == ([], [("max", "replying")])
    presences.gone("t1")
    assert seen(asked, "t2", 2) == []


def test_one_that_is_not_renewed_counts_no_more_and_is_deleted_in_the_end(asked: Shop) -> None:
    """A terminal that was killed is nobody's presence."""
    presences = asked.store.presences
    presences.here("t1", "max", 1, "reading", at(0))
    assert seen(asked, "t2", 1, 19) == [("max", "reading")]
    assert seen(asked, "t2", 1, 20) == []
    presences.here("t2", "olena", 2, "reading", at(0) + timedelta(hours=23))
    assert asked.value("SELECT count(*) FROM presences") == 2
    presences.here("t2", "olena", 2, "reading", at(0) + timedelta(hours=25))
    assert asked.rows("SELECT session FROM presences") == [("t2",)]


def test_a_clock_that_was_ahead_leaves_no_ghosts(asked: Shop) -> None:
    """What it wrote counts for nothing now, and is gone with the next word of anybody's."""
    presences = asked.store.presences
    presences.here("t1", "max", 1, "replying", at(0) + timedelta(days=365))
    assert seen(asked, "t2", 1) == []
    presences.here("t2", "olena", 2, "reading", at(0))
    assert asked.rows("SELECT session FROM presences") == [("t2",)]


def test_a_draft_is_kept_for_each_case_and_person(asked: Shop) -> None:
    """The last that was saved, until it is thrown away or empty."""
    drafts = asked.store.drafts
    drafts.save(1, "max", "It", at(0))
    drafts.save(1, "max", "It is \ud800", at(1))
    drafts.save(1, "olena", "Dear", at(1))
    assert (drafts.of(1, "max"), drafts.of(1, "olena"), drafts.of(2, "max")) == (
        "It is \N{REPLACEMENT CHARACTER}", "Dear", "",
    )  # fmt: skip
    drafts.discard(1, "max")
    drafts.save(1, "olena", " \n", at(2))
    assert asked.rows("SELECT * FROM drafts") == []
