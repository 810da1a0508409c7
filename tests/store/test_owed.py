"""Promises about what our answers owe, from the verdict to the alert, on a real database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.core.tracking import Rules
from inboxd.durations import parse_business
from inboxd.explain import explain
from inboxd.model import Manners, Promised, ReplyVerdict
from inboxd.store.replies import promising_words
from tests.store.shop import (
    ANNA,
    BORIS,
    QUIET,
    Shop,
    answered,
    at,
    commented,
    policy,
    replied,
    said,
    step,
)

if TYPE_CHECKING:
    from inboxd.model import Message
    from inboxd.store import UnjudgedReply

MANNERS = Manners(greeting=False, thanks=False, apology=False, punctuation=True, capitals=True)
PROMISE = "We will call you back."
TIMED = "We will call you by ten."
TO_DO = f"We said: “{PROMISE}”\nIf it was done without a message: `inboxd close 1`."
AWAY = "Please write to the hotline."


def verdict(text: str) -> ReplyVerdict:
    """Return what a reader of three words makes of an answer."""
    promises, deflects = "will call" in text, "hotline" in text
    promised = Promised(0, 4, "ten", date(2026, 11, 23), at(60)) if "ten" in text else None
    scores = {"promise": 0.9 * promises, "deflection": 0.8 * deflects, "non_answer": 0.1}
    return ReplyVerdict(deflects, promises, False, "en", scores, MANNERS, promised)


def judge(shop: Shop) -> list[UnjudgedReply]:
    """Judge our answers that are to be judged; returns them."""
    waiting = shop.store.replies.unjudged(100)
    shop.pipeline.judge_replies([(each, verdict(each.text)) for each in waiting], shop.now, "test")
    return waiting


def rules(**changes: Any) -> Rules:
    plain: dict[str, Any] = {
        "next_response": parse_business("1h"),
        "promise": parse_business("2h"),
        "steps": (step("50%", "support"), step("100%", "support", "lead")),
    }
    return Rules((policy(**plain | changes),), QUIET)


@pytest.fixture
def promising(shop: Shop) -> Shop:
    """Return a shop that keeps its promises within two hours."""
    shop.rules = rules()
    return shop


def hear(shop: Shop, minutes: float, *messages: Message) -> None:
    """Take in messages at a time, and judge our answers among them."""
    shop.now = at(minutes)
    shop.hear(*messages)
    judge(shop)


def told(shop: Shop) -> list[tuple[str, str, str]]:
    return shop.rows("SELECT tone, headline, detail FROM alerts ORDER BY id")


def test_a_promise_escalates_like_any_target_and_its_keeping_is_told(promising: Shop) -> None:
    """With our words; once a step; and when it was kept, that it was."""
    hear(promising, 10, said(0, "q"), answered(10, "a", PROMISE))
    assert promising.tick(69) == 0
    for minutes in (70, 71, 130, 131):
        promising.tick(minutes)
    assert told(promising) == [
        (
            "warning",
            "A message by Оксана on shop-vk was promised something that is due in 1h",
            TO_DO,
        ),
        (
            "breach",
            "A message by Оксана on shop-vk: what we promised is due now",
            TO_DO,
        ),
    ]
    promising.deliver()
    hear(promising, 150, answered(150, "kept", "It is here."))
    assert told(promising)[2:] == [
        (
            "recovery",
            "A message by Оксана on shop-vk: the promise was kept after 2h 20m of open time, too late",
            f"We said: “{PROMISE}”",
        )
    ]
    assert promising.tick(600) == 0
    assert promising.rows("SELECT text, outcome, late FROM promises") == [(PROMISE, "answered", 1)]
    assert promising.value("SELECT count(*) FROM response_times") == 1


def test_who_waits_for_a_promise_is_listed(promising: Shop) -> None:
    """As a promise, with the customer's words and ours."""
    hear(promising, 10, said(0, "q"), answered(10, "a", TIMED))
    (case,) = promising.store.views.waiting()
    assert (case.wait, case.text, case.promised, case.due_at, case.unanswered) == (
        "promise",
        "Where is my order?",
        TIMED,
        at(60),
        0,
    )
    assert promising.rows("SELECT wait, text, author, due_at FROM waiting") == [
        ("promise", "Where is my order?", "Оксана", "2026-11-23T10:00:00.000Z")
    ]
    hear(promising, 20, said(20, "more", "Hello?"))
    (case,) = promising.store.views.waiting()
    assert (case.wait, case.text, case.promised, case.due_at) == (
        "next_response",
        "Hello?",
        TIMED,
        at(60),
    )
    assert promising.value("SELECT count(*) FROM waiting") == 1
    place = promising.store.views.find_reply_place(case.case_id)
    assert place is not None
    assert [known.remote_id for known in promising.store.known.waiting("shop-vk")] == ["more"]


def test_a_step_of_a_promise_silences_none_of_the_customers_own_wait(promising: Shop) -> None:
    """Each is told of by itself, once."""
    hear(promising, 10, said(0, "q"), answered(10, "a", PROMISE))
    hear(promising, 80, said(80, "more"))
    for minutes in range(60, 300, 5):
        promising.tick(minutes)
    steps = promising.rows(
        "SELECT w.kind, a.key FROM alerts AS a JOIN waits AS w ON w.id = a.wait_id ORDER BY a.id"
    )
    assert [(kind, key.rpartition("/")[0].rpartition("/")[2]) for kind, key in steps] == [
        ("promise", "50%"),
        ("next_response", "50%"),
        ("promise", "100%"),
        ("next_response", "100%"),
    ]


def test_taking_a_case_stops_the_steps_of_all_its_waits_with_one_reminder(promising: Shop) -> None:
    """Whoever took it is reminded of it once."""
    promising.rules = rules(remind_after=parse_business("3h"))
    hear(promising, 10, said(0, "q"), answered(10, "a", PROMISE))
    hear(promising, 20, said(20, "more"))
    promising.now = at(30)
    promising.act("ack")
    for minutes in range(30, 600, 10):
        promising.tick(minutes)
    assert promising.rows("SELECT reason FROM alerts") == [("reminder_due",)]


def test_a_promise_is_void_when_we_delete_it_and_judged_anew_when_we_edit_it(
    promising: Shop,
) -> None:
    """What the answer says now is what we owe."""
    message = answered(10, "a", PROMISE)
    hear(promising, 10, said(0, "q"), message)
    promising.tick(70)
    promising.deliver()
    edited = replace(message, text="It is here.", edited_at=at(75))
    promising.now = at(75)
    promising.hear(edited)
    assert promising.value("SELECT status FROM cases") == "waiting"
    assert [each.text for each in judge(promising)] == ["It is here."]
    assert promising.value("SELECT status FROM cases") == "answered"
    assert promising.rows("SELECT outcome FROM promises") == [("void",)]
    hear(promising, 80, replace(message, text=TIMED, edited_at=at(80)))
    (due_at,) = promising.rows("SELECT due_at FROM promises WHERE ended_at IS NULL")
    assert due_at == ("2026-11-23T10:00:00.000Z",)
    hear(promising, 90, replace(message, text=TIMED, edited_at=at(80), deleted=True))
    assert promising.value("SELECT status FROM cases") == "answered"
    assert promising.value("SELECT outcome FROM promises ORDER BY wait_id DESC") == "deleted"


def test_an_answer_that_is_not_judged_yet_tells_nobody_that_a_promise_is_kept(
    promising: Shop,
) -> None:
    """It may be no more than the same promise again."""
    hear(promising, 10, said(0, "q"), answered(10, "a", PROMISE))
    promising.tick(70)
    promising.deliver()
    promising.now = at(80)
    promising.hear(answered(80, "b", PROMISE))
    assert promising.value("SELECT count(*) FROM alerts WHERE tone = 'recovery'") == 0
    judge(promising)
    assert promising.value("SELECT count(*) FROM alerts WHERE tone = 'recovery'") == 0
    assert promising.rows("SELECT since, outcome FROM promises") == [
        ("2026-11-23T09:10:00.000Z", None)
    ]


def test_whoever_was_sent_elsewhere_is_not_served_while_a_resolution_runs(promising: Shop) -> None:
    """It escalates towards the resolution, though the customer is quiet."""
    promising.rules = rules(resolution=parse_business("2h"))
    hear(promising, 10, said(0, "q"), answered(10, "a", AWAY))
    for minutes in (30, 59, 60, 119, 120, 9_000):
        promising.tick(minutes)
    assert promising.rows("SELECT status FROM cases") == [("waiting",)]
    assert [detail for _, _, detail in told(promising)] == [
        "The customer was answered, but only sent elsewhere."
    ] * 2
    assert [case.wait for case in promising.store.views.waiting()] == ["resolution"]
    promising.deliver()
    hear(promising, 9_010, answered(9_010, "b", "Here is your money."))
    assert told(promising)[-1][1].startswith(
        "A message by Оксана on shop-vk was served after all, too late"
    )


def test_without_a_resolution_target_a_deflection_is_an_answer(promising: Shop) -> None:
    """It is still to be seen that it was one."""
    hear(promising, 10, said(0, "q"), answered(10, "a", AWAY))
    assert promising.rows("SELECT status FROM cases") == [("answered",)]
    (_, ours) = promising.store.views.thread(1)
    assert ours.reply is not None
    assert (ours.reply.counts, ours.reply.flags) == (("deflection",), ("deflection",))


def test_only_answers_in_a_case_are_judged_and_each_once(promising: Shop) -> None:
    """What we wrote before anybody asked, and what a machine sent, owes nothing."""
    promising.now = at(60)
    promising.hear(answered(0, "news", PROMISE), said(10, "q"), answered(20, "a", PROMISE))
    promising.hear(answered(15, "bot", PROMISE, auto_reply=True))
    assert [each.sent_at for each in judge(promising)] == [at(20)]
    assert judge(promising) == []


def test_a_reply_is_judged_with_the_question_that_it_answers(promising: Shop) -> None:
    """Of those whom it names, the last one before it; else the last of all."""
    promising.now = at(60)
    promising.hear(
        commented(0, "a", ANNA, "Is it red?"),
        commented(5, "b", BORIS, "Is it blue?"),
        replied(10, "to anna", ANNA, text="Yes."),
        replied(11, "to all", text="Both."),
        commented(20, "c", BORIS, "Thanks, and green?"),
    )
    questions = {each.text: each.question for each in promising.store.replies.unjudged(10)}
    assert questions == {"Yes.": "Is it red?", "Both.": "Is it blue?"}


def test_promises_from_before_we_watched_are_listed_and_told_to_nobody(promising: Shop) -> None:
    """What the first poll brings is history; what falls due later is not."""
    promising.store.watch_from("shop-vk", at(0))
    promising.now = at(5)
    promising.hear(said(-700, "q"), answered(-600, "a", PROMISE), first=True)
    judge(promising)
    for minutes in range(5, 600, 20):
        promising.tick(minutes)
    assert promising.rows("SELECT wait FROM waiting") == [("promise",)]
    assert told(promising) == []


def test_what_was_over_long_before_the_first_poll_is_not_judged(promising: Shop) -> None:
    """Years of history must not keep the machine busy."""
    promising.now = at(0)
    week = 7 * 24 * 60
    promising.hear(said(-2 * week, "q"), answered(-2 * week + 5, "a", PROMISE), first=True)
    assert judge(promising) == []
    promising.hear(
        said(-week + 20, "q2", thread_id="dm:2"),
        answered(-week + 30, "a2", PROMISE, thread_id="dm:2"),
        first=True,
    )
    assert len(judge(promising)) == 1


def test_a_snooze_lets_the_clock_stand_where_the_policy_says_so(shop: Shop) -> None:
    """Due times move, steps move with them, and the report counts the same time."""
    shop.rules = rules(snooze_pauses=True)
    hear(shop, 0, said(0, "q"))
    shop.tick(20)
    shop.act("snooze", at(120).isoformat())
    assert shop.value("SELECT due_at FROM cases") == "2026-11-23T11:40:00.000Z"
    for minutes in (30, 60, 119, 120, 129):
        shop.tick(minutes)
    assert told(shop) == []
    shop.tick(130)
    assert len(told(shop)) == 1
    hear(shop, 150, answered(150, "a", "Yes."))
    assert shop.rows("SELECT open_seconds, late FROM response_times") == [(50 * 60, 0)]
    assert shop.rows("SELECT pauses FROM cases") == [
        ('[["2026-11-23T09:20:00.000Z", "2026-11-23T11:00:00.000Z"]]',)
    ]


def test_a_snooze_does_not_put_off_what_is_promised_after_it(promising: Shop) -> None:
    """Whoever wakes up to answer has not put off their own promise."""
    hear(promising, 0, said(0, "q"))
    promising.now = at(5)
    promising.act("snooze", at(1_000).isoformat())
    (case,) = promising.store.views.waiting()
    assert case.snoozed_until == at(1_000)
    hear(promising, 10, answered(10, "a", PROMISE))
    (case,) = promising.store.views.waiting()
    assert (case.wait, case.snoozed_until) == ("promise", None)
    assert promising.value("SELECT snoozed_until FROM waiting") is None
    promising.tick(70)
    assert len(told(promising)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hi! Sorry. We will call today. Have a nice day!", "We will call today."),
        ("We checked… it will be there at 5.30 p.m.\nYour shop", "it will be there at 5.30 p.m."),
        ("Wir rufen an", "Wir rufen an"),
    ],
)
def test_of_an_answer_the_sentence_that_promises_is_told(text: str, words: str) -> None:
    """Greetings and excuses are no part of it."""
    start = next((text.index(word) for word in ("will", "rufen") if word in text), 0)
    spans = [
        {"start": 0, "end": 2, "text": "Hi", "label": "manners:greeting"},
        {"start": start, "end": start + 4, "text": "", "label": "promise:act"},
    ]
    assert promising_words(text, json.dumps(spans)) == words
    assert promising_words(text, None) == promising_words(text, "[]") == text


def test_explain_tells_what_is_owed_and_why(promising: Shop) -> None:
    """Our words, how sure the judge is, by when, and what will be told."""
    hear(promising, 10, said(0, "q"), answered(10, "a", TIMED))
    lines = [
        line for s in explain(promising.store, promising.rules, 1, at(20), UTC) for line in s.lines
    ]
    assert "our message 2: deflection 0.00, promise 0.90, non answer 0.10 (by test)" in lines
    assert "  promised: 2026-11-23 10:00:00" in lines
    assert "promise due 2026-11-23 10:00:00 (governs)" in lines
    assert "promise: waiting since 2026-11-23 09:10:00 by our message 2" in lines
    assert "  50% to support at 2026-11-23 09:35:00: not yet" in lines


def test_the_end_of_a_wait_that_goes_over_to_a_new_case_is_told_with_it(shop: Shop) -> None:
    """New rules and a late message part a case anew, in the round in which its wait is answered."""
    shop.rules = rules()
    hear(shop, 10, said(0, "m1"), answered(10, "a1", AWAY))
    day = 24 * 60
    shop.now = at(10 * day)
    shop.hear(said(10 * day, "m2", "thanks"))
    shop.judge()
    hear(shop, 10 * day + 10, answered(10 * day + 10, "a2"))
    hear(shop, 12 * day, said(12 * day, "m3"))
    shop.tick(12 * day + 60)
    shop.deliver()
    shop.rules = rules(resolution=parse_business("30d"))
    hear(shop, 12 * day + 70, answered(12 * day + 70, "a3"), said(1, "late"))
    assert [case["status"] for case in shop.cases()] == ["resolved", "answered"]
    assert shop.deliver() == [("wait_answered", "lead"), ("wait_answered", "support")]
    assert shop.rows(
        "SELECT m.remote_id, a.case_id = w.case_id, json_extract(a.card, '$.id') = w.case_id "
        "FROM alerts AS a JOIN waits AS w ON w.id = a.wait_id JOIN messages AS m "
        "ON m.id = w.message_id WHERE a.reason = 'wait_answered'"
    ) == [("m3", 1, 1)]
