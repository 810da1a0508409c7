"""Promises about the desk: what people do, what they take back, and two people at once."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from inboxd.core.policies import Match
from inboxd.desk import Desk, Done, Meanwhile
from inboxd.durations import parse_business
from inboxd.errors import UserError
from inboxd.explain import explain
from inboxd.model import Kind, Urgency
from inboxd.store import Said, Store
from inboxd.store.deeds import deeds_since
from inboxd.store.times import to_text
from tests.store.shop import answered, at, policy, rules, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inboxd.store import Mark
    from tests.store.shop import Shop


def desk(shop: Shop) -> Desk:
    return Desk(shop.store, shop.rules)


@pytest.fixture
def asked(shop: Shop) -> Shop:
    """A shop with one waiting case, number 1, five minutes after the customer wrote."""
    shop.hear(said(0, "m1"))
    shop.now = at(5)
    return shop


def standing(shop: Shop) -> list[object]:
    """Return everything about cases and waits, and how far conversations are settled."""
    settled = shop.rows("SELECT remote_id, settled_until, untracked FROM conversations ORDER BY id")
    verdicts = shop.rows("SELECT id, kind, topics, urgency, language, verdict FROM messages")
    judged = [(*row[:5], json.loads(row[5] or "{}")) for row in verdicts]
    return [shop.cases(), settled, judged]


# Deeds


def test_each_deed_is_done_told_and_kept(asked: Shop) -> None:
    """The receipt says in words what was done, and the trail who did it."""
    at_work, now = desk(asked), asked.now
    done = [
        at_work.acknowledge(1, "max", now),
        at_work.assign(1, "  Olena \n K. ", "max", now),
        at_work.snooze(1, now + timedelta(hours=2), "max", now),
        at_work.note(1, " calls at noon ", "max", now),
        at_work.close(1, "spam", "max", now),
        at_work.reopen(1, "max", now),
    ]
    assert [each.words for each in done] == [
        "case 1 acknowledged",
        "case 1 assigned to Olena K.",
        "case 1 snoozed for 2h",
        "case 1 noted: “calls at noon”",
        "case 1 closed: spam",
        "case 1 reopened",
    ]
    assert [each.action for each in done] == [1, 2, 3, 4, 5, 6]
    assert [(entry.what, entry.text) for entry in asked.store.views.trail(1)] == [
        ("ack", "max"),
        ("assign", "max Olena K."),
        ("snooze", f"max {to_text(now + timedelta(hours=2))}"),
        ("note", "max calls at noon"),
        ("close", "max spam"),
        ("reopen", "max"),
    ]


def test_what_makes_no_sense_is_refused_and_leaves_nothing_behind(asked: Shop) -> None:
    """Each refusal says why; the database is as it was."""
    at_work, now = desk(asked), asked.now
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: at_work.acknowledge(9, "max", now), "there is no case 9"),
        (lambda: at_work.note(9, "hello", "max", now), "there is no case 9"),
        (lambda: at_work.mark(9), "there is no case 9"),
        (lambda: at_work.reopen(1, "max", now), "case 1 is waiting; reopen does not apply to it"),
        (lambda: at_work.snooze(1, now, "max", now), "is not in the future"),
        (lambda: at_work.note(1, " \n", "max", now), "the note is empty"),
        (lambda: at_work.reply(1, " ", "max", now), "the reply is empty"),
        (lambda: at_work.correct(1, None, Said(), "max", now), "say what it is"),
        (lambda: at_work.correct(1, 7, Said(Kind.OTHER), "max", now), "no message 7 in case 1"),
        (lambda: at_work.release(1, "max", now), "nobody has taken it"),
        (lambda: Desk(asked.store, asked.rules, ["shop-fb"]).reply(1, "Hi", "max", now),
         "shop-vk is not configured any more"),
    ]  # fmt: skip
    before = asked.store.database.total_changes
    for deed, why in refused:
        with pytest.raises(UserError, match=why):
            deed()
    assert asked.store.database.total_changes == before


def test_a_note_changes_nothing_but_the_trail(asked: Shop) -> None:
    """No due time, no Slack message and no fold depends on it."""
    before = standing(asked)
    desk(asked).note(1, "calls at noon", "max", asked.now)
    assert standing(asked) == before
    assert asked.rows("SELECT * FROM refreshes") == []


# Taking back


def test_what_is_taken_back_is_as_if_it_had_never_been_done(asked: Shop) -> None:
    """Each deed, alone: cases, waits and conversations are as before."""
    at_work = desk(asked)
    asked.judge()
    deeds: list[Callable[[datetime], Done]] = [
        lambda now: at_work.acknowledge(1, "max", now),
        lambda now: at_work.assign(1, "olena", "max", now),
        lambda now: at_work.snooze(1, now + timedelta(hours=2), "max", now),
        lambda now: at_work.close(1, "spam", "max", now),
        lambda now: at_work.note(1, "hello", "max", now),
        lambda now: at_work.correct(1, None, Said(Kind.COMPLAINT), "max", now),
        lambda now: at_work.reply(1, "It is here.", "max", now),
    ]
    before = standing(asked)
    for deed in deeds:
        done = deed(asked.now)
        said = at_work.undo(done, "olena", asked.now)
        assert said.startswith(f"taken back: {done.words.removesuffix(' is queued')}")
        assert standing(asked) == before, done.words


def test_an_earlier_deed_stands_again_where_a_later_one_is_taken_back(asked: Shop) -> None:
    """Who had it, whom it was for and until when it slept are what was last decided and stands."""
    at_work, now, later = desk(asked), asked.now, at(6)
    at_work.acknowledge(1, "max", now)
    at_work.assign(1, "max", "max", now)
    at_work.snooze(1, at(30), "max", now)
    before = standing(asked)
    done = [
        at_work.acknowledge(1, "olena", later),
        at_work.assign(1, "", "olena", later),
        at_work.snooze(1, at(60), "olena", later),
    ]
    assert done[0].words == "case 1 acknowledged, taken over from max"
    for each in reversed(done):
        at_work.undo(each, "olena", at(7))
    assert standing(asked) == before


def test_the_trail_shows_what_was_taken_back_and_by_whom(asked: Shop) -> None:
    """Nothing is deleted: who asks later finds both."""
    at_work = desk(asked)
    at_work.undo(at_work.acknowledge(1, "max", asked.now), "olena", at(6))
    (entry,) = asked.store.views.trail(1)
    assert (entry.what, entry.text, entry.undone_at, entry.undone_by) == (
        "ack", "max", at(6), "olena",
    )  # fmt: skip
    happened = explain(asked.store, asked.rules, 1, at(7), UTC)[-1].lines
    assert happened == (
        "2026-11-23 09:05:00 ack: max (taken back by olena at 2026-11-23 09:06:00)",
    )


def test_nothing_is_taken_back_twice(asked: Shop) -> None:
    """The second hears who was faster."""
    at_work, now = desk(asked), asked.now
    asked.judge()
    done = [
        at_work.acknowledge(1, "max", now),
        at_work.correct(1, None, Said(Kind.COMPLAINT), "max", now),
        at_work.reply(1, "It is here.", "max", now),
    ]
    for each in done:
        at_work.undo(each, "olena", now)
        with pytest.raises(UserError, match=r"already"):
            at_work.undo(each, "max", now)
    with pytest.raises(UserError, match="taken back already by olena"):
        at_work.undo(done[0], "max", now)


def test_what_others_built_upon_is_not_taken_back(asked: Shop) -> None:
    """A closing stays that somebody reopened, or after which the customer wrote or was answered."""
    at_work = desk(asked)
    closed = at_work.close(1, "spam", "max", asked.now)
    reopened = at_work.reopen(1, "olena", at(6))
    with pytest.raises(UserError, match="cannot be taken back: reopened by olena since"):
        at_work.undo(closed, "max", at(7))
    asleep = at_work.snooze(1, at(60), "max", at(8))
    asked.now = at(9)
    asked.hear(said(9, "m2"))
    with pytest.raises(UserError, match="snoozed by max since"):
        at_work.undo(reopened, "olena", at(10))
    taken = at_work.acknowledge(1, "max", at(10))
    asked.now = at(11)
    asked.hear(answered(11, "a1"))
    with pytest.raises(UserError, match="the customer was answered since"):
        at_work.undo(asleep, "max", at(12))
    assert at_work.undo(taken, "max", at(12)) == "taken back: case 1 acknowledged"
    closed = at_work.close(1, "done", "max", at(13))
    asked.now = at(14)
    asked.hear(said(14, "m3"))
    with pytest.raises(UserError, match="the customer has written since"):
        at_work.undo(closed, "max", at(15))


def test_the_steps_go_on_where_a_taking_is_given_up(asked: Shop) -> None:
    """Only who has it can; what fell due meanwhile is told at the next look."""
    at_work = desk(asked)
    at_work.acknowledge(1, "max", asked.now)
    with pytest.raises(UserError, match="it is max's"):
        at_work.release(1, "olena", asked.now)
    asked.tick(40)
    assert asked.queued() == []
    done = at_work.release(1, "max", at(41))
    asked.tick(41)
    assert asked.queued() == [("step_due", "support", "pending")]
    asked.deliver()
    steps = explain(asked.store, asked.rules, 1, at(41), UTC)[-2].lines
    why = "(11m after its time: somebody had acknowledged it, and took that back)"
    assert any(line.endswith(why) for line in steps), steps
    with pytest.raises(UserError, match="case 1 given up: that cannot be taken back"):
        at_work.undo(done, "max", at(42))


def test_a_closing_taken_back_withdraws_that_it_was_told(asked: Shop) -> None:
    """Who heard of the wait hears nothing of an end that was none, and hears of the real one."""
    asked.tick(35)
    asked.deliver()
    at_work = desk(asked)
    at_work.undo(at_work.close(1, "spam", "max", asked.now), "max", asked.now)
    assert asked.deliver() == []
    asked.now = at(36)
    at_work.close(1, "no reply needed", "max", asked.now)
    assert asked.deliver() == [("wait_closed", "support")]


def test_a_correction_taken_back_leaves_the_verdict_from_before(asked: Shop) -> None:
    """That of the machine, or an earlier word; what is learnt from does not know it either."""
    asked.rules = rules(
        policy("complaints", Match(kind=frozenset({Kind.COMPLAINT}))),
        policy("rest", first_response=parse_business("8h")),
    )
    asked.judge()
    at_work = desk(asked)
    before = standing(asked)
    first = at_work.correct(1, None, Said(Kind.COMPLAINT), "max", asked.now)
    between = standing(asked)
    second = at_work.correct(1, None, Said(Kind.REQUEST, urgency=Urgency.LOW), "olena", at(6))
    assert asked.value("SELECT policy FROM cases") == "rest"
    at_work.undo(second, "olena", at(7))
    assert standing(asked) == between
    assert [each.actor for each in asked.store.corrections.all()] == ["max"]
    at_work.undo(first, "max", at(8))
    assert standing(asked) == before
    assert asked.store.corrections.all() == []


def test_a_correction_of_a_text_that_was_edited_is_taken_back_as_well(shop: Shop) -> None:
    """The edit made a complaint of a question after all: the customer waits again."""
    at_work = desk(shop)
    shop.now = at(5)
    shop.hear(said(0, "m1", "please"), answered(5, "a1"))
    shop.judge()
    done = at_work.correct(1, None, Said(Kind.COMPLAINT), "max", shop.now)
    shop.now = at(6)
    shop.hear(said(0, "m1", "awful", edited_at=at(6)))
    shop.judge()
    assert shop.value("SELECT status FROM cases") == "answered"
    at_work.undo(done, "max", at(7))
    assert shop.value("SELECT status FROM cases") == "waiting"


def test_what_was_taken_back_is_not_said_in_slack(asked: Shop) -> None:
    """A message shows the deeds that count, without notes; its refresh is due again."""
    asked.tick(35)
    (item,) = asked.store.outbox.due("support", asked.now)
    assert asked.store.outbox.claim(item, asked.now)
    asked.store.outbox.sent(item, {"ts": "1.0"}, asked.now)
    at_work = desk(asked)
    done = at_work.acknowledge(1, "max", at(36))
    at_work.note(1, "hello", "max", at(36))
    assert [deed.action for deed in deeds_since(asked.store.database, {1: at(0)})[1]] == ["ack"]
    (refresh,) = asked.store.refreshes.due("support", at(36), 9)
    asked.store.refreshes.done(refresh)
    at_work.undo(done, "max", at(37))
    assert deeds_since(asked.store.database, {1: at(0)}) == {}
    assert len(asked.store.refreshes.due("support", at(37), 9)) == 1


def test_the_last_that_was_done_is_found(asked: Shop) -> None:
    """Actions, corrections and replies, the newest first, until nothing is left."""
    asked.judge()
    at_work = desk(asked)
    at_work.acknowledge(1, "max", at(5))
    at_work.correct(1, None, Said(Kind.COMPLAINT), "max", at(6))
    at_work.note(1, "hello", "olena", at(7))
    at_work.reply(1, "It is here.", "max", at(8))
    words = []
    while done := at_work.last(1):
        words.append(done.words)
        at_work.undo(done, "anna", at(9))
    assert words == [
        "the reply to case 1 is queued",
        "case 1 noted: “hello”",
        "the verdict on message 1 corrected",
        "case 1 acknowledged",
    ]


# Replies


def test_a_reply_leaves_when_it_shall_and_names_its_author(asked: Shop) -> None:
    """Until then nothing is sent, and nothing counts as late."""
    at_work, now = desk(asked), asked.now
    asked.store.drafts.save(1, "max", "It is", now)
    done = at_work.reply(1, "It is here.", "max", now, leaves_at=now + timedelta(seconds=5))
    assert done.words == "the reply to Оксана (shop-vk, private) is queued"
    assert asked.store.drafts.of(1, "max") == ""
    assert asked.store.outbox.replies_under_way(1) == 1
    assert asked.store.outbox.due("shop-vk", now + timedelta(seconds=4.9)) == []
    assert asked.store.outbox.undelivered(now, now + timedelta(seconds=4.9)) == 0
    a_moment_ago = now - timedelta(milliseconds=300)
    assert asked.store.outbox.due("shop-vk", a_moment_ago) == [], "the daemon looked a bit before"
    (item,) = asked.store.outbox.due("shop-vk", now + timedelta(seconds=5))
    assert item.reply is not None
    assert item.reply.text == "It is here."
    (entry,) = asked.store.views.trail(1)
    assert (entry.what, entry.text) == ("reply pending", "shop-vk by max")
    with pytest.raises(UserError, match="is on its way already"):
        at_work.reply(1, "Here it is.", "olena", now)
    assert at_work.reply(1, "Here it is.", "olena", now, anyway=True).reply == 2


def test_a_recalled_reply_is_never_sent_and_its_text_is_kept(asked: Shop) -> None:
    """It is a draft of its author's again, and another one can be written."""
    at_work, now = desk(asked), asked.now
    done = at_work.reply(1, "It is here.", "max", now, leaves_at=now + timedelta(seconds=5))
    said = at_work.undo(done, "max", now)
    assert said == "taken back: the reply to Оксана (shop-vk, private); its text is your draft"
    assert asked.store.outbox.receivers(at(60)) == []
    assert asked.store.outbox.replies_under_way(1) == 0
    assert asked.store.drafts.of(1, "max") == "It is here."
    again = at_work.reply(1, "It is there.", "max", now)
    assert again.reply == 2
    assert at_work.undo(again, "olena", now).endswith("; its text is max's draft")
    at_work.reply(1, "It was there.", "max", now)
    asked.store.drafts.save(1, "max", "It will be", now)
    last = at_work.last(1)
    assert last is not None
    said = at_work.undo(last, "max", now)
    assert said == "taken back: the reply to case 1; your later draft stays as it is"
    assert asked.store.drafts.of(1, "max") == "It will be"


def test_a_reply_that_leaves_is_not_recalled(asked: Shop) -> None:
    """Nor one of which an attempt may have arrived; the reason is said."""
    at_work, now, outbox = desk(asked), asked.now, asked.store.outbox
    done = at_work.reply(1, "It is here.", "max", now)
    (item,) = outbox.due("shop-vk", now)
    claimed = outbox.claim(item, now)
    assert claimed

    def refused(why: str) -> None:
        with pytest.raises(UserError, match=f"cannot be taken back: {why}"):
            at_work.undo(done, "max", now)

    refused("it is leaving already")
    outbox.retry(claimed, at(6), "timeout", uncertain=True)
    refused("an earlier attempt to send it may have arrived")
    outbox.sent(claimed, {"remote_id": "a1"}, at(7))
    refused("it has been sent")
    assert asked.store.outbox.state_of(1) == "sent"


def test_a_reply_is_taken_back_or_sent_and_never_both(asked: Shop) -> None:
    """A sender that had read the row before it was recalled gets no claim on it."""
    at_work, now = desk(asked), asked.now
    done = at_work.reply(1, "It is here.", "max", now)
    (item,) = asked.store.outbox.due("shop-vk", now)
    with closing(Store(asked.store.path)) as other:
        Desk(other, asked.rules).undo(done, "max", now)
    assert asked.store.outbox.claim(item, now) is None


# Two people at once


def test_the_news_since_a_look_are_told_in_words(asked: Shop) -> None:
    """Whoever did it, when, and what they wrote; of one's own doings nothing."""
    asked.judge()
    at_work = desk(asked)
    asked.hear(said(4, "m2", "And my money?"), said(4, "m3", "Sorry, never mind"))
    mark = at_work.mark(1)
    at_work.acknowledge(1, "max", at(6))
    at_work.assign(1, "olena", "max", at(7))
    at_work.snooze(1, at(90), "max", at(7))
    at_work.note(1, "calls", "max", at(7))
    at_work.correct(1, None, Said(Kind.COMPLAINT), "max", at(7))
    at_work.close(1, "spam", "olena", at(7))
    at_work.reopen(1, "olena", at(7))
    at_work.reply(1, "It is here.", "max", at(7))
    asked.now = at(8)
    asked.hear(
        said(8, "m4", "Hello?\nAre you\x1b[31m there?"),
        said(4, "m2", "And my 40 euros?", edited_at=at(8)),
        said(4, "m3", "", deleted=True),
        answered(8, "a1", "Soon.", staff="Petra"),
        answered(8, "a2", "We are closed.", auto_reply=True),
    )
    assert set(at_work.news_since(1, mark, "olena", at(8))) == {
        "max acknowledged it 2m ago",
        "assigned to olena by max 1m ago",
        "snoozed by max 1m ago",
        "max noted 1m ago: “calls”",
        "max corrected the verdict 1m ago: complaint",
        "a reply of max's is on its way: “It is here.”",
        "the customer wrote again 0s ago: “Hello? Are you [31m there?”",
        "the customer changed a message 0s ago: “And my 40 euros?”",
        "the customer took a message back 0s ago: “Sorry, never mind”",
        "answered on the network by Petra 0s ago: “Soon.”",
    }
    of_olena = {"closed by olena 1m ago: spam", "reopened by olena 1m ago"}
    assert of_olena < set(at_work.news_since(1, mark, "max", at(8)))
    assert "closed by olena: spam" in at_work.news_since(1, mark)
    assert at_work.news_since(1, at_work.mark(1)) == ()


def test_a_reply_that_was_seen_on_its_way_is_no_news_when_it_arrives(asked: Shop) -> None:
    """Another's that was not seen is, with its author; one's own never."""
    at_work, now = desk(asked), asked.now
    before = at_work.mark(1)
    at_work.reply(1, "It is here.", "max", now)
    seen = at_work.mark(1)
    (item,) = asked.store.outbox.due("shop-vk", now)
    claimed = asked.store.outbox.claim(item, now)
    assert claimed
    sent = answered(6, "a1", "It is here.")
    asked.pipeline.reply_sent(claimed, "shop-vk", "vk", sent, at(6))
    assert at_work.news_since(1, seen, "olena", at(7)) == ()
    assert at_work.news_since(1, before, "max", at(7)) == ()
    assert at_work.news_since(1, before, "olena", at(7)) == ("max answered 1m ago: “It is here.”",)


def test_what_was_taken_back_unseen_is_no_news_and_what_was_seen_is(asked: Shop) -> None:
    """Done and undone between two looks is nothing; what somebody saw standing is gone."""
    asked.judge()
    at_work = desk(asked)
    before = at_work.mark(1)
    taken = at_work.acknowledge(1, "max", asked.now)
    said_so = at_work.correct(1, None, Said(Kind.COMPLAINT), "max", asked.now)
    seen = at_work.mark(1)
    at_work.undo(taken, "max", at(6))
    at_work.undo(said_so, "max", at(6))
    assert at_work.news_since(1, before, "olena") == ()
    assert at_work.news_since(1, seen, "olena") == (
        "max took back the acknowledgement by max",
        "max took back the correction by max",
    )


def test_a_deed_on_what_is_not_seen_any_more_is_refused_with_the_news(asked: Shop) -> None:
    """With a fresh mark, the same goes through."""
    at_work, now = desk(asked), asked.now
    asked.judge()
    later = at(9)
    deeds: list[Callable[[Mark], Done]] = [
        lambda seen: at_work.reply(1, "It is here.", "olena", later, seen=seen),
        lambda seen: at_work.acknowledge(1, "olena", later, seen),
        lambda seen: at_work.assign(1, "olena", "olena", later, seen),
        lambda seen: at_work.snooze(1, at(60), "olena", later, seen),
        lambda seen: at_work.correct(1, None, Said(Kind.OTHER), "olena", later, seen),
        lambda seen: at_work.release(1, "olena", later, seen),
        lambda seen: at_work.close(1, "spam", "olena", later, seen),
        lambda seen: at_work.reopen(1, "olena", later, seen),
    ]
    for deed in deeds:
        mark = at_work.mark(1)
        at_work.note(1, "mine", "max", now)
        with pytest.raises(
            Meanwhile, match="case 1 has changed meanwhile: max noted 4m ago"
        ) as told:
            deed(mark)
        assert told.value.news == ("max noted 4m ago: “mine”",)
        deed(told.value.mark)


def test_of_two_who_act_in_the_same_moment_one_hears_of_the_other(asked: Shop) -> None:
    """Both have seen the same; whoever is second is asked, and nothing is overwritten."""
    paths = asked.store.path
    together = threading.Barrier(2)

    def take(actor: str) -> str:
        with closing(Store(paths)) as store:
            at_work = Desk(store, asked.rules)
            mark = at_work.mark(1)
            together.wait(10)
            try:
                return at_work.acknowledge(1, actor, asked.now, mark).words
            except Meanwhile as meanwhile:
                return meanwhile.news[0]

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(take, ["max", "olena"]))
    taken_by = asked.value("SELECT acknowledged_by FROM cases")
    assert told == ["case 1 acknowledged", f"{taken_by} acknowledged it 0s ago"]
    assert asked.value("SELECT count(*) FROM actions") == 1


def test_a_deed_is_done_whole_or_not_at_all(asked: Shop) -> None:
    """What follows from it fails: then nothing of it is kept, and the connection is free."""
    asked.judge()
    broken = policy(match=Match(min_followers=cast("int", "many")))
    at_work, now = Desk(asked.store, rules(broken)), asked.now
    done = desk(asked).acknowledge(1, "olena", now)
    before = standing(asked), asked.rows("SELECT * FROM actions")
    deeds: list[Callable[[], object]] = [
        lambda: at_work.close(1, "spam", "max", now),
        lambda: at_work.correct(1, None, Said(Kind.COMPLAINT), "max", now),
        lambda: at_work.undo(done, "max", now),
    ]
    for deed in deeds:
        with pytest.raises(TypeError):
            deed()
        assert not asked.store.database.in_transaction
        assert (standing(asked), asked.rows("SELECT * FROM actions")) == before
    assert asked.rows("SELECT * FROM corrections") == []
