"""Promises about edits, deletions and restorations: what they keep, and whom they let wait."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.model import Attachment
from inboxd.store.times import to_text
from tests.store.shop import answered, at, said

if TYPE_CHECKING:
    from tests.store.shop import Shop

VERSIONS = "SELECT text, kind, edited_at, replaced_at FROM message_versions ORDER BY rowid"


def statuses(shop: Shop) -> list[str]:
    return [case["status"] for case in shop.cases()]


def test_every_version_is_kept_with_its_verdict_and_its_times(shop: Shop) -> None:
    """By the network's clock, where it tells, and by ours."""
    photo = Attachment("photo", "https://vk.com/photo1", "A wet parcel")
    shop.hear(said(0, "m1", "well"))
    shop.judge()
    shop.now = at(6)
    stored = shop.hear(said(0, "m1", "please", edited_at=at(5)))
    shop.now = at(11)
    shop.hear(said(0, "m1", "awful", edited_at=at(10), attachments=(photo,)))
    assert (stored.new, stored.edited, stored.changed) == ([], [1], [1])
    assert shop.rows(VERSIONS) == [
        ("well", "other", None, to_text(at(6))),
        ("please", None, to_text(at(5)), to_text(at(11))),
    ]
    assert "A wet parcel" in shop.value("SELECT attachments FROM messages")
    shop.judge()
    (message,) = shop.store.views.thread(1)
    assert message.kind == "complaint"
    assert [(each.text, each.kind, each.replaced_at) for each in message.versions] == [
        ("well", "other", at(5)),
        ("please", "request", at(10)),
    ]


def test_an_older_version_that_arrives_late_is_kept_but_replaces_nothing(shop: Shop) -> None:
    """Once, however often it comes, and in its place."""
    shop.hear(said(0, "m1", "awful", edited_at=at(10)))
    for _ in range(2):
        assert shop.hear(said(0, "m1", "please", edited_at=at(5))).edited == []
        shop.hear(said(0, "m1", "well"))
    (message,) = shop.store.views.thread(1)
    assert (message.text, message.edited_at) == ("awful", at(10))
    assert [each.text for each in message.versions] == ["well", "please"]


def test_a_page_that_tells_a_message_and_its_edits_keeps_them_all(shop: Shop) -> None:
    """After an outage all of them come at once, in any order."""
    states = [
        said(0, "m1", "please", edited_at=at(5)),
        said(0, "m1", "well"),
        said(0, "m1", "awful", edited_at=at(10)),
    ]
    shop.hear(*states)
    (message,) = shop.store.views.thread(1)
    assert (message.text, [each.text for each in message.versions]) == (
        "awful",
        ["well", "please"],
    )
    shop.hear(said(1, "m2", "well"))
    shop.hear(said(1, "m2", "awful", edited_at=at(10)), said(1, "m2", "please", edited_at=at(5)))
    assert [each.text for each in shop.store.views.thread(1)[1].versions] == ["well", "please"]


def test_a_page_with_an_edit_and_a_deletion_keeps_both(shop: Shop) -> None:
    """What was said last is known, though it stands no more."""
    shop.hear(said(0, "m1", "well"))
    edit = said(0, "m1", "awful", edited_at=at(5))
    shop.hear(edit, replace(edit, text="", author=None, edited_at=None, deleted=True))
    (message,) = shop.store.views.thread(1)
    assert (message.text, [each.text for each in message.versions]) == ("awful", ["well"])
    assert message.deleted_at is not None


def test_an_edit_after_the_answer_that_became_a_complaint_lets_the_customer_wait(
    shop: Shop,
) -> None:
    """From the edit on, by the network's clock, and nobody is told of the first wait again."""
    shop.hear(said(0, "m1", "well"))
    shop.judge()
    shop.now = at(20)
    shop.hear(answered(10, "a1"))
    shop.now = at(32)
    shop.hear(said(0, "m1", "this is awful", edited_at=at(30)))
    assert statuses(shop) == ["answered"]
    shop.judge()
    (case,) = shop.cases()
    assert (case["status"], case["waiting_since"]) == ("waiting", to_text(at(30)))
    assert [(wait[0], wait[4]) for wait in case["waits"]] == [
        (to_text(at(0)), "answered"),
        (to_text(at(30)), ""),
    ]
    shop.tick(90)
    assert [receiver for _, receiver, _ in shop.queued()] == ["support", "lead"]


def test_an_edit_after_the_answer_that_asks_for_no_more_wakes_nobody(shop: Shop) -> None:
    """A lost letter, or a better word, of what was answered already."""
    shop.hear(said(0, "m1", "this is awfull awful"))
    shop.judge()
    shop.now = at(20)
    shop.hear(answered(10, "a1"))
    shop.hear(said(0, "m1", "this is awful", edited_at=at(15)))
    shop.judge()
    assert statuses(shop) == ["answered"]


def test_thanks_that_become_a_complaint_wait_from_the_edit_on(shop: Shop) -> None:
    """They needed no reply as long as they were thanks."""
    shop.now = at(20)
    shop.hear(said(0, "m1"), answered(10, "a1"), said(15, "m2", "thanks"))
    shop.judge()
    assert statuses(shop) == ["answered"]
    shop.now = at(40)
    shop.hear(said(15, "m2", "thanks for nothing, awful", edited_at=at(35)))
    shop.judge()
    (case,) = shop.cases()
    assert [(wait[0], wait[4]) for wait in case["waits"]] == [
        (to_text(at(0)), "answered"),
        (to_text(at(15)), "no_reply_needed"),
        (to_text(at(35)), ""),
    ]


def test_an_edit_before_the_answer_changes_nothing_in_the_wait(shop: Shop) -> None:
    """It goes on from when the message was sent, and the case is judged anew."""
    shop.hear(said(0, "m1", "well"))
    shop.judge()
    shop.hear(said(0, "m1", "awful", edited_at=at(5)))
    shop.judge()
    (case,) = shop.cases()
    assert (case["waiting_since"], case["kind"], len(case["waits"])) == (
        to_text(at(0)),
        "complaint",
        1,
    )


def test_an_edit_of_a_closed_case_opens_a_new_one_that_outlives_the_next_page(shop: Shop) -> None:
    """With a number of its own, whatever is read afterwards."""
    shop.hear(said(0, "m1", "well"))
    shop.judge()
    shop.now = at(10)
    shop.act("close")
    shop.now = at(22)
    shop.hear(said(0, "m1", "awful", edited_at=at(20)))
    shop.judge()
    assert shop.rows("SELECT id, status, opened_at FROM cases ORDER BY id") == [
        (1, "closed", to_text(at(0))),
        (2, "waiting", to_text(at(20))),
    ]
    shop.now = at(30)
    shop.hear(said(29, "m2", "hello?"))
    shop.pipeline.track_open(shop.now)
    assert shop.rows("SELECT id, status, unanswered FROM cases ORDER BY id") == [
        (1, "closed", 0),
        (2, "waiting", 2),
    ]
    shop.now = at(40)
    shop.hear(answered(35, "a1"))
    assert statuses(shop) == ["closed", "answered"]


def test_edits_of_our_own_words_matter_to_nobody(shop: Shop) -> None:
    """They are kept, and the case stays as it is."""
    shop.now = at(20)
    shop.hear(said(0, "m1"), answered(10, "a1", "Tomorow."))
    shop.judge()
    before = shop.cases()
    shop.hear(answered(10, "a1", "Is it awful? Tomorrow.", edited_at=at(15)))
    shop.judge()
    assert shop.cases() == before
    assert shop.rows(VERSIONS) == [("Tomorow.", "", None, to_text(at(20)))]


def test_a_version_that_was_replaced_before_it_was_judged_is_judged_all_the_same(
    shop: Shop,
) -> None:
    """Else nobody could say whether the edit made more of it."""
    shop.now = at(20)
    shop.hear(said(0, "m1", "well"), answered(10, "a1"))
    shop.hear(said(0, "m1", "awful", edited_at=at(15)))
    shop.judge()
    assert shop.value("SELECT kind FROM message_versions") == "other"
    assert statuses(shop) == ["waiting"]


def test_what_is_gone_is_marked_and_waits_no_more(shop: Shop) -> None:
    """Where the network tells no more than that; what is not known is nothing to mark."""
    shop.hear(said(0, "m1"))
    with shop.store.transaction():
        stored = shop.store.messages.mark_gone("shop-vk", ["m1", "m9"], at(5))
        shop.pipeline.track(stored.touched, at(5))
    assert (stored.deleted, statuses(shop)) == ([1], ["closed"])
    assert shop.store.messages.mark_gone("shop-vk", ["m1"], at(6)).deleted == []


def test_a_restored_message_waits_as_if_nothing_had_happened(shop: Shop) -> None:
    """The same wait since the same instant; what people were told is not told again."""
    shop.hear(said(0, "m1"))
    shop.tick(30)
    assert shop.deliver() == [("step_due", "support")]
    shop.now = at(40)
    gone = said(0, "m1", "", author=None, deleted=True)
    assert shop.hear(gone).deleted == [1]
    assert shop.deliver() == [("wait_deleted", "support")]
    shop.now = at(50)
    stored = shop.hear(said(0, "m1", restored=True))
    assert (stored.restored, stored.changed) == ([1], [1])
    (case,) = shop.cases()
    assert (case["status"], case["waiting_since"], len(case["waits"])) == (
        "waiting",
        to_text(at(0)),
        1,
    )
    shop.tick(55)
    assert shop.deliver() == []
    shop.tick(60)
    assert shop.deliver() == [("step_due", "lead"), ("step_due", "support")]
    shop.now = at(70)
    shop.hear(gone)
    assert shop.deliver() == [("wait_deleted", "lead"), ("wait_deleted", "support")]


def test_what_a_deletion_withdrew_is_told_when_the_message_is_back(shop: Shop) -> None:
    """An alert that never left is not taken for one that was read."""
    shop.hear(said(0, "m1"))
    shop.tick(30)
    shop.hear(said(0, "m1", "", author=None, deleted=True))
    assert shop.queued() == [("step_due", "support", "cancelled")]
    shop.hear(said(0, "m1", restored=True))
    assert shop.deliver() == [("step_due", "support")]


@pytest.mark.parametrize("facts", [{}, {"text": "and more", "edited_at": at(3)}])
def test_a_deleted_message_that_merely_comes_again_stays_deleted(
    shop: Shop, facts: dict[str, Any]
) -> None:
    """Networks deliver late, and out of order."""
    shop.hear(said(0, "m1"))
    shop.now = at(10)
    shop.hear(said(0, "m1", deleted=True))
    shop.hear(said(0, "m1", **facts))
    assert statuses(shop) == ["closed"]


def test_a_page_that_deletes_and_restores_leaves_the_message_as_it_was(shop: Shop) -> None:
    """And one that restores and deletes leaves it deleted."""
    gone, back = said(0, "m1", deleted=True), said(0, "m1", restored=True)
    shop.hear(said(0, "m1"))
    shop.now = at(10)
    shop.hear(gone, back)
    assert statuses(shop) == ["waiting"]
    shop.hear(back, gone)
    assert statuses(shop) == ["closed"]


def test_a_deletion_that_comes_before_its_message_is_filled_in(shop: Shop) -> None:
    """What was said becomes known; nobody waits for an answer to it."""
    shop.hear(said(0, "m1", "", author=None, deleted=True))
    shop.hear(said(0, "m1", "a secret"))
    assert shop.rows("SELECT text, author_id, deleted_at IS NULL, versions FROM messages") == [
        ("a secret", 1, 0, 0)
    ]
    assert shop.cases() == []


def test_a_message_that_waits_because_of_an_edit_is_looked_up_with_what_waits(shop: Shop) -> None:
    """Its author may take it back like any other, and nobody else would tell."""
    shop.hear(said(0, "m1", "well"), answered(10, "m2"))
    shop.now = at(30)
    shop.judge()
    shop.hear(said(0, "m1", "awful", edited_at=at(20)))
    shop.judge()
    assert statuses(shop) == ["waiting"]
    assert [each.remote_id for each in shop.store.known.waiting("shop-vk")] == ["m1"]


def test_a_closing_covers_the_edits_that_had_been_seen(shop: Shop) -> None:
    """Whoever closes has read what the customer made of it; what they make of it later waits."""
    shop.hear(said(0, "m1", "please"))
    shop.judge()
    shop.now = at(2)
    shop.hear(said(0, "m1", "awful", edited_at=at(1)))
    shop.judge()
    shop.now = at(3)
    shop.act("close", "no reply needed")
    assert [case["status"] for case in shop.cases()] == ["closed"]
    shop.now = at(5)
    shop.hear(said(0, "m1", "awful! Where is it?", edited_at=at(4)))
    shop.judge()
    assert [case["status"] for case in shop.cases()] == ["closed", "waiting"]


def test_an_edit_that_nobody_had_seen_is_not_closed_with_the_rest(shop: Shop) -> None:
    """Though an earlier one had been seen, and it was made before somebody closed."""
    shop.hear(said(0, "m1", "well"))
    shop.judge()
    shop.now = at(2)
    shop.hear(said(0, "m1", "please", edited_at=at(1)))
    shop.judge()
    shop.now = at(4)
    shop.act("close", "no reply needed")
    assert statuses(shop) == ["closed"]
    shop.now = at(5)
    shop.hear(said(0, "m1", "please, this is awful", edited_at=at(3)))
    shop.judge()
    assert [(case["status"], case["opened_at"]) for case in shop.cases()] == [
        ("closed", to_text(at(0))),
        ("waiting", to_text(at(3))),
    ]
