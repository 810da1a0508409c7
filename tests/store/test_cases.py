"""Promises about ticks, actions and what people see of cases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inboxd.connector import Page
from inboxd.core.policies import Match
from inboxd.durations import parse_business
from inboxd.errors import UserError
from inboxd.model import ReplyWindow
from inboxd.pipeline import Origin
from inboxd.store.times import to_text
from tests.store.shop import QUIET, Shop, answered, at, policy, rules, said, step


def changes(shop: Shop) -> int:
    return int(shop.value("SELECT total_changes()"))


def test_a_tick_with_nothing_due_writes_nothing(shop: Shop) -> None:
    """Not a row, however many cases are waiting."""
    shop.now = at(20)
    for number in range(20):
        shop.hear(said(number, f"m{number}", thread_id=f"dm:{number}"))
    shop.tick()
    before = changes(shop)
    assert shop.tick(29.9) == 0
    assert changes(shop) == before
    assert shop.tick(30) == 1


def test_a_tick_looks_at_what_is_due_and_at_nothing_else(shop: Shop) -> None:
    """Each case is told once, in the order in which they fell due."""
    shop.now = at(5)
    for number in range(5):
        shop.hear(said(number, f"m{number}", thread_id=f"dm:{number}"))
    assert shop.tick(32) == 3
    assert shop.tick(32) == 0
    assert len(shop.queued()) == 3


def test_one_case_that_cannot_be_looked_at_does_not_stop_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again a while later, and not at every tick."""
    shop.hear(said(0, "m1", thread_id="dm:1"), said(1, "m2", thread_id="dm:2"))
    whole = shop.store.views.card

    def broken(case: object, *more: object) -> object:
        if case.id == 1:  # type: ignore[attr-defined]  # a case, as the original has it
            raise ZeroDivisionError
        return whole(case, *more)  # type: ignore[arg-type]  # the same

    monkeypatch.setattr(shop.store.views, "card", broken)
    shop.tick(40)
    assert shop.queued() == [("step_due", "support", "pending")]
    assert shop.tick(40.1) == 0
    monkeypatch.undo()
    shop.tick(60)
    assert {case for (case,) in shop.rows("SELECT case_id FROM alerts")} == {1, 2}


def test_an_acknowledged_case_is_not_told_again(shop: Shop) -> None:
    """From the moment the action is recorded, not from the next look on."""
    shop.hear(said(0, "m1"))
    shop.tick(30)
    with shop.store.transaction():
        shop.store.actions.add(1, "ack", "anna", shop.now)
    shop.tick(60)
    assert len(shop.queued()) == 1
    assert shop.store.views.waiting()[0].acknowledged_by == "anna"


def test_a_snoozed_case_sleeps_until_the_customer_writes(shop: Shop) -> None:
    """And no longer than it was told to."""
    shop.hear(said(0, "m1"))
    shop.act("snooze", to_text(at(600)))
    shop.tick(120)
    assert shop.queued() == []
    shop.now = at(121)
    shop.hear(said(121, "m2"))
    shop.tick()
    assert shop.queued()


def test_a_snooze_is_kept_as_every_instant_is(shop: Shop) -> None:
    """Whoever writes it, in whichever zone, it sorts and reads like the others."""
    shop.hear(said(0, "m1"))
    shop.act("snooze", "2026-11-24T12:00:00+02:00")
    assert shop.value("SELECT snoozed_until FROM cases") == "2026-11-24T10:00:00.000Z"


def test_quiet_cases_are_resolved_by_the_tick(shop: Shop) -> None:
    """The case ended with our last answer."""
    shop.now = at(20)
    shop.hear(said(0, "m1"), answered(10, "a1"))
    shop.tick(10 + QUIET / timedelta(minutes=1) - 1)
    assert shop.cases()[0]["status"] == "answered"
    shop.tick(10 + QUIET / timedelta(minutes=1))
    assert (shop.cases()[0]["status"], shop.cases()[0]["ended_at"]) == (
        "resolved",
        to_text(at(10)),
    )


def test_a_new_configuration_puts_open_cases_on_its_clock(shop: Shop) -> None:
    """Due times follow; what was told is not told again."""
    shop.hear(said(0, "m1"))
    shop.tick(30)
    shop.rules = rules(policy(first_response=parse_business("40m"), steps=(step("100%", "lead"),)))
    shop.pipeline.track_open(shop.now)
    assert shop.cases()[0]["due_at"] == to_text(at(40))
    assert shop.tick(31) == 0
    shop.tick(40)
    assert [receiver for _, receiver, _ in shop.queued()] == ["support", "lead"]


def test_a_case_that_no_policy_wants_any_more_is_left_alone(shop: Shop) -> None:
    """It still waits, and is listed."""
    shop.hear(said(0, "m1"))
    shop.rules = rules(policy("x only", Match(network=frozenset({"twitter"}))))
    shop.pipeline.track_open(shop.now)
    shop.tick(600)
    assert shop.queued() == []
    assert (shop.store.views.waiting()[0].policy, shop.store.views.waiting()[0].due_at) == (
        None,
        None,
    )


def test_the_waiting_view_has_one_row_a_waiting_case(shop: Shop) -> None:
    """For Datasette and sqlite-utils: who waits, since when, and with which words."""
    shop.now = at(20)
    shop.hear(said(0, "m1", "first"), said(5, "m2", "second"), said(3, "x", thread_id="dm:2"))
    shop.hear(answered(10, "a", thread_id="dm:2"))
    found = shop.rows(
        "SELECT case_id, network, author, waiting_since, due_at, unanswered, text FROM waiting"
    )
    assert found == [(1, "vk", "Оксана", to_text(at(0)), to_text(at(60)), 2, "first")]
    assert [case.case_id for case in shop.store.views.waiting()] == [1]


def test_the_oldest_message_of_the_view_is_one_that_still_stands(shop: Shop) -> None:
    """A text that its author took back is shown to nobody."""
    shop.now = at(6)
    shop.hear(said(0, "m1", "a secret"), said(5, "m2", "a question"))
    shop.now = at(10)
    shop.hear(said(0, "m1", "", deleted=True))
    (row,) = shop.rows("SELECT text, waiting_since, unanswered FROM waiting")
    assert row == ("a question", to_text(at(5)), 1)


def test_the_response_times_view_has_one_row_an_ended_wait(shop: Shop) -> None:
    """On the wall and in open time, late or not."""
    shop.now = at(500)
    shop.hear(
        said(0, "m1"), answered(30, "a1"), said(100, "m2"), answered(190, "a2"), said(200, "m3")
    )
    found = shop.rows(
        "SELECT wait, outcome, wall_seconds, open_seconds, late FROM response_times ORDER BY since"
    )
    assert found == [
        ("first_response", "answered", 1_800, 1_800, 0),
        ("next_response", "answered", 5_400, 5_400, 1),
    ]


def test_a_reply_goes_where_the_customer_wrote_last(shop: Shop) -> None:
    """With what the network says of it, to be told before anybody types."""
    shop.now = at(6)
    shop.hear(said(0, "m1"), said(5, "m2"), said(6, "m3", deleted=True))
    window = ReplyWindow("dm:1", open=False, closes_at=at(60), reason="24 hours", max_length=1_000)
    page = Page({"position": 2}, windows=[window])
    shop.pipeline.ingest(Origin("shop-vk", "vk", "feed"), page, shop.now)
    place = shop.store.views.reply_place(1)
    assert (place.parent_id, place.sent_after, place.thread_id) == ("m2", at(5), "dm:1")
    assert (place.open, place.closes_at, place.note, place.max_length) == (
        False,
        at(60),
        "24 hours",
        1_000,
    )


def test_a_reply_to_no_case_is_the_users_error(shop: Shop) -> None:
    """Exit 2, not a traceback."""
    with pytest.raises(UserError, match="case 7"):
        shop.store.views.reply_place(7)


def test_the_thread_shows_versions_verdicts_and_deletions(shop: Shop) -> None:
    """Nothing that was known of a conversation is hidden from who looks at it."""
    shop.hear(said(0, "m1", "helo"))
    shop.now = at(5)
    shop.hear(said(0, "m1", "hello", edited_at=at(4)), answered(4, "a1", staff="Anna"))
    shop.now = at(9)
    shop.hear(said(0, "m1", "hello", edited_at=at(4), deleted=True))
    question, answer = shop.store.views.thread(1)
    assert (question.text, question.deleted_at) == ("hello", at(9))
    assert [(earlier.text, earlier.replaced_at) for earlier in question.versions] == [
        ("helo", at(4))
    ]
    assert (answer.staff, answer.seen_at) == ("Anna", at(5))


def test_the_trail_tells_actions_alerts_and_deliveries_in_order(shop: Shop) -> None:
    """`inboxd explain` says why an alert did or did not go out."""
    shop.hear(said(0, "m1"))
    shop.tick(30)
    shop.now = at(31)
    shop.deliver()
    shop.now = at(32)
    shop.act("ack")
    assert [entry.what for entry in shop.store.views.trail(1)] == [
        "alert step_due",
        "delivery sent",
        "ack",
    ]
