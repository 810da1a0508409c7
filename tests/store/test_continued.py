"""Promises about customers who complain in public and go on in private."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from inboxd.explain import continuation_lines
from tests.store.shop import ANNA, BORIS, answered, at, commented, replied, said

if TYPE_CHECKING:
    from tests.store.shop import Shop

QUERY = "EXPLAIN QUERY PLAN "


def test_both_sides_of_a_complaint_that_goes_on_in_private_know_each_other(shop: Shop) -> None:
    """Neither ends the other's wait."""
    shop.now = at(31)
    shop.hear(commented(0, "c1", ANNA), replied(10, "r1", text="Please write to us privately."))
    shop.hear(commented(20, "c2", ANNA, "I did!"), said(15, "m1", author=ANNA))
    views = shop.store.views
    there = views.continued_in_private(1)
    assert there is not None
    assert (there.case_id, there.began_at, there.answered_at) == (2, at(15), None)
    assert (views.began_in_public(2), views.began_in_public(1)) == (1, None)
    assert [(case.case_id, case.continued_in) for case in views.waiting()] == [(2, None), (1, 2)]
    assert [*continuation_lines(shop.store, 1, UTC)] == [
        "continued in private (case 2): nobody has followed up there"
    ]
    assert [*continuation_lines(shop.store, 2, UTC)] == ["began in public (case 1)"]


def test_whether_somebody_followed_up_in_private_is_what_the_tracking_says(shop: Shop) -> None:
    """A machine's answer is no following up; a person's is, since when it was given."""
    shop.now = at(31)
    shop.hear(commented(0, "c1", ANNA), said(15, "m1", author=ANNA))
    shop.hear(answered(15.05, "bot", "Hello!"))
    assert not shop.store.views.followed_up_in_private(1)
    shop.hear(answered(30, "a1"))
    assert shop.store.views.followed_up_in_private(1)
    (line,) = continuation_lines(shop.store, 1, UTC)
    assert line == "continued in private (case 2): answered there at 2026-11-23 09:30:00"


def test_what_is_no_continuation_is_not_taken_for_one(shop: Shop) -> None:
    """Somebody else, what began before, another account, and what comes weeks later."""
    shop.now = at(31 * 24 * 60)
    shop.hear(said(-5, "early", author=ANNA, thread_id="dm:anna"))
    shop.hear(commented(0, "c1", ANNA), said(10, "m1", author=BORIS))
    shop.hear(said(20, "m2", author=ANNA, thread_id="dm:other"), account="another")
    shop.hear(said(30 * 24 * 60, "late", author=ANNA, thread_id="dm:late"))
    public = shop.value("SELECT id FROM cases WHERE first_message_id = 2")
    assert shop.store.views.continued_in_private(public) is None
    assert not shop.store.views.followed_up_in_private(public)


def test_the_continuation_is_found_by_indexes_alone(shop: Shop) -> None:
    """Reports ask it of every case: no table is read from end to end."""
    asked: list[str] = []
    shop.store.database.set_trace_callback(asked.append)
    shop.store.views.followed_up_in_private(1)
    shop.store.database.set_trace_callback(None)
    (question,) = asked
    plan = [row[3] for row in shop.rows(QUERY + question)]
    assert any("messages_of_author" in step for step in plan)
    assert not any(step.startswith("SCAN") for step in plan)
