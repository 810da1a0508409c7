"""Promises about a page on its way in: nothing lost, nothing twice, in whatever order."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inboxd.connector import Page
from inboxd.core.policies import Match
from inboxd.durations import parse_business
from inboxd.model import Author, Kind, Message, Topic, Unknown, Urgency, Verdict
from inboxd.pipeline import Origin
from inboxd.store.times import to_text
from tests.store.shop import (
    ANNA,
    BORIS,
    QUIET,
    Shop,
    answered,
    at,
    batches,
    commented,
    open_shop,
    policy,
    replied,
    rules,
    said,
    step,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.store import Unclassified

QUIET_MINUTES = QUIET.total_seconds() / 60
WEEK = 7 * 24 * 6
SLOW_DISK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Three threads of a week: whatever people, the shop and a machine may do in them."""
    messages: list[Message] = []
    moments = st.integers(0, WEEK).map(lambda tens: tens * 10)
    for number, minutes in enumerate(draw(st.lists(moments, min_size=1, max_size=9, unique=True))):
        doing = draw(st.sampled_from(["question", "question", *DOINGS]))
        messages += DOINGS[doing](draw, minutes, f"m{number}")
    doubles = draw(st.lists(st.sampled_from(messages), max_size=3))
    return [*messages, *doubles]


def _question(draw: st.DrawFn, minutes: float, ref: str) -> list[Message]:
    thread, text = draw(st.sampled_from(["dm:1", "dm:2", "wall:1"])), draw(WORDS)
    if thread == "wall:1":
        return [commented(minutes, ref, draw(st.sampled_from([ANNA, BORIS])), text)]
    return [said(minutes, ref, text, thread_id=thread)]


def _answer(draw: st.DrawFn, minutes: float, ref: str) -> list[Message]:
    if draw(st.booleans()):
        to = draw(st.lists(st.sampled_from([ANNA, BORIS]), max_size=2, unique=True))
        return [replied(minutes, ref, *to)]
    thread, other = draw(st.permutations(["dm:1", "dm:2"]))
    also_in = (other,) if draw(st.booleans()) else ()
    return [answered(minutes, ref, thread_id=thread, also_in=also_in)]


def _bot(draw: st.DrawFn, minutes: float, ref: str) -> list[Message]:
    """A machine's answer: marked as one, or half a minute after a question."""
    thread = draw(st.sampled_from(["dm:1", "dm:2"]))
    if draw(st.booleans()):
        return [answered(minutes, ref, thread_id=thread, auto_reply=True)]
    question = said(minutes, f"{ref}-asked", thread_id=thread)
    return [question, answered(minutes + 0.5, ref, SAME_WORDS, thread_id=thread)]


def _edit(draw: st.DrawFn, minutes: float, ref: str) -> list[Message]:
    (message,) = _question(draw, minutes, ref)
    hours = draw(st.lists(st.integers(1, 80), min_size=1, max_size=3, unique=True))
    texts = draw(st.lists(WORDS, min_size=3, max_size=3))
    edits = [
        replace(message, text=text, edited_at=message.sent_at + timedelta(hours=each))
        for each, text in zip(sorted(hours), texts, strict=False)
    ]
    return [message, *edits]


def _deletion(draw: st.DrawFn, minutes: float, ref: str) -> list[Message]:
    """When a deletion is seen is a fact of its own; here it was before the message was."""
    return [replace(message, deleted=True) for message in _question(draw, minutes, ref)]


DOINGS = {
    "question": _question,
    "answer": _answer,
    "bot": _bot,
    "edit": _edit,
    "deletion": _deletion,
}
WORDS = st.sampled_from(["well", "when?", "awful", "please", "thanks"])
SAME_WORDS = "Thank you for writing to us! We will answer soon."


def result(pages: Sequence[Sequence[Message]]) -> list[dict[str, Any]]:
    """Return what a fresh shop makes of *pages*, all heard at the end of the second week."""
    with tempfile.TemporaryDirectory() as folder:
        shop = open_shop(Path(folder) / "inboxd.db", now=at(14 * 24 * 60))
        for page in pages:
            shop.hear(*page)
        shop.judge()
        shop.tick()
        cases = [{k: v for k, v in case.items() if k != "next_step_at"} for case in shop.cases()]
        cases.append({"versions": shop.rows(EARLIER)})
        shop.store.close()
    return cases


EARLIER = (
    "SELECT m.remote_id, m.text, v.text, v.kind, coalesce(v.edited_at, '') FROM messages AS m "
    "LEFT JOIN message_versions AS v ON v.message_id = m.id ORDER BY 1, 5, 3"
)


@SLOW_DISK
@given(conversations(), st.randoms(use_true_random=False), st.lists(st.integers(0, 40), max_size=5))
def test_order_and_batching_of_arrival_change_nothing(
    messages: list[Message], shuffle: Any, cuts: list[int]
) -> None:
    """However a history arrives, the same customers wait since the same instants."""
    shuffled = messages.copy()
    shuffle.shuffle(shuffled)
    whole = result([sorted(messages, key=lambda message: message.sent_at)])
    assert result(batches(shuffled, cuts)) == whole


def test_a_page_that_comes_twice_changes_nothing(shop: Shop) -> None:
    """Ingest is idempotent, row by row."""
    page = [said(0, "m1"), answered(30, "m2"), said(60, "m3")]
    first = shop.hear(*page)
    before = list(shop.store.database.iterdump())
    again = shop.hear(*page)
    assert (len(first.new), again.new, again.changed) == (3, [], [])
    assert list(shop.store.database.iterdump()) == before


def test_two_accounts_never_collide(shop: Shop) -> None:
    """Identity is the account and the remote id: the same id elsewhere is another message."""
    shop.hear(said(0, "m1", "to one"), account="one")
    shop.hear(said(0, "m1", "to the other"), account="other")
    texts = shop.rows("SELECT account, text FROM messages ORDER BY account")
    assert texts == [("one", "to one"), ("other", "to the other")]
    assert [case["account"] for case in shop.cases()] == ["one", "other"]
    assert shop.value("SELECT count(*) FROM authors") == 2


@pytest.mark.parametrize(
    ("store", "method"),
    [
        ("messages", "add"),
        ("quarantine", "add"),
        ("messages", "set_windows"),
        ("cases", "histories"),
        ("cases", "save"),
        ("outbox", "withdraw"),
        ("sources", "advance"),
    ],
)
def test_a_crash_within_the_transaction_leaves_neither_page_nor_cursor(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, store: str, method: str
) -> None:
    """Whatever breaks after whichever step, the page is read again from the old cursor."""
    shop.hear(said(0, "m1"))
    shop.tick(60)
    before = list(shop.store.database.iterdump())
    part = getattr(shop.store, store)
    whole = getattr(part, method)

    def crash(*arguments: object, **more: object) -> None:
        whole(*arguments, **more)
        raise RuntimeError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(part, method, crash)
        with pytest.raises(RuntimeError):
            shop.hear(answered(61, "m2"), said(62, "m3"), cursor=2)
    assert list(shop.store.database.iterdump()) == before
    shop.hear(answered(61, "m2"), said(62, "m3"), cursor=2)
    assert shop.store.sources.get("shop-vk", "feed").cursor == {"position": 2}
    assert len(shop.cases()[0]["waits"]) == 2


def test_an_auto_reply_does_not_stop_the_clock(shop: Shop) -> None:
    """A bot's thanks for a message is no answer to it."""
    shop.hear(said(0, "m1"), answered(1, "m2", auto_reply=True))
    assert shop.cases()[0]["status"] == "waiting"


def test_a_late_message_joins_two_cases_without_a_second_alert(shop: Shop) -> None:
    """What a case becomes part of knows what people were told, and who took it."""
    shop.now = at(20)
    shop.hear(said(0, "m1"), answered(10, "a1"))
    shop.tick(QUIET_MINUTES + 60)
    shop.hear(said(QUIET_MINUTES + 30, "m5"))
    shop.tick(QUIET_MINUTES + 90)
    assert [case["status"] for case in shop.cases()] == ["resolved", "waiting"]
    told = shop.queued()
    assert told
    shop.hear(said(600, "m3"), answered(610, "a3"))
    shop.tick()
    (case,) = shop.cases()
    assert (case["status"], len(case["waits"])) == ("waiting", 3)
    assert shop.queued() == told
    assert shop.value("SELECT count(*) FROM waits") == 3


def test_an_acknowledged_case_stays_so_when_it_turns_out_to_be_part_of_another(
    shop: Shop,
) -> None:
    """The case that people work on is the one that is kept."""
    shop.now = at(20)
    shop.hear(said(0, "m1"), answered(10, "a1"))
    shop.tick(QUIET_MINUTES + 60)
    shop.hear(said(QUIET_MINUTES + 30, "m5"))
    working_on = shop.value("SELECT id FROM cases WHERE status = 'waiting'")
    shop.act("ack", case=working_on)
    shop.hear(said(600, "m3"), answered(610, "a3"))
    shop.tick(QUIET_MINUTES + 300)
    assert shop.rows("SELECT id, acknowledged_by FROM cases WHERE status = 'waiting'") == [
        (working_on, "anna")
    ]
    assert shop.queued() == []


def test_an_answer_reaches_a_case_that_was_reopened(shop: Shop) -> None:
    """What a person took back is not settled any more."""
    shop.hear(said(0, "m1"))
    shop.now = at(10)
    shop.act("close")
    shop.now = at(20)
    shop.act("reopen")
    shop.now = at(40)
    shop.hear(answered(30, "a1"))
    (case,) = shop.cases()
    assert case["status"] == "answered"
    assert [wait[4] for wait in case["waits"]] == ["answered"]


def test_a_message_from_the_future_is_not_a_second_case(shop: Shop) -> None:
    """It began to wait when we saw it, and is over when its case is."""
    shop.hear(said(60 * 24 * 365 * 4, "m1"))
    shop.now = at(10)
    shop.act("close")
    shop.now = at(20)
    shop.hear(said(15, "m2"))
    assert [case["first_message_id"] for case in shop.cases()] == ["m1", "m2"]
    assert [case["status"] for case in shop.cases()] == ["closed", "waiting"]


def test_what_is_written_as_the_quiet_time_ends_is_answered_too(shop: Shop) -> None:
    """The boundary belongs to the new case, and nothing of it is forgotten."""
    shop.now = at(20)
    shop.hear(said(0, "m1"), answered(10, "a1"))
    shop.now = at(10 + QUIET_MINUTES + 5)
    shop.hear(said(10 + QUIET_MINUTES, "m2"))
    shop.hear(answered(10 + QUIET_MINUTES + 2, "a2"))
    assert [case["status"] for case in shop.cases()] == ["resolved", "answered"]


def test_a_case_that_is_reopened_and_answered_is_told_to_have_ended_again(shop: Shop) -> None:
    """Everybody who heard of a wait hears of each of its ends."""
    shop.hear(said(0, "m1"))
    shop.tick(60)
    shop.deliver()
    shop.act("close")
    assert shop.deliver() == [("wait_closed", "lead"), ("wait_closed", "support")]
    shop.now = at(90)
    shop.act("reopen")
    shop.now = at(100)
    shop.hear(answered(95, "a1"))
    assert shop.deliver() == [("wait_answered", "lead"), ("wait_answered", "support")]


def test_a_resolution_is_told_once_however_often_the_customer_writes(shop: Shop) -> None:
    """A promise of the case is broken once, not at each of its waits."""
    shop.rules = rules(policy(resolution=parse_business("2h"), next_response=parse_business("8h")))
    shop.now = at(21)
    shop.hear(said(0, "m1"), answered(10, "a1"), said(20, "m2"))
    shop.tick(130)
    assert len(shop.deliver()) == 2
    shop.now = at(141)
    shop.hear(answered(131, "a2"))
    shop.deliver()
    shop.hear(said(140, "m3"))
    shop.tick(150)
    assert shop.queued()[-1][0] != "step_due"


def test_who_did_not_hear_of_a_wait_does_not_hear_of_its_end(shop: Shop) -> None:
    """An alert that an answer overtakes in the outbox is withdrawn without a word."""
    shop.hear(said(0, "m1"))
    shop.tick(30)
    assert shop.queued() == [("step_due", "support", "pending")]
    shop.hear(answered(31, "a1"))
    assert shop.queued() == [("step_due", "support", "cancelled")]


def test_exactly_those_who_heard_of_a_wait_hear_of_its_end(shop: Shop) -> None:
    """Support heard at half of the target; the lead never did."""
    shop.hear(said(0, "m1"))
    shop.tick(30)
    shop.deliver()
    shop.now = at(41)
    shop.hear(answered(40, "a1"))
    assert shop.deliver() == [("wait_answered", "support")]


def test_the_history_that_a_first_poll_brings_is_not_alerted_on(shop: Shop) -> None:
    """What was overdue before inboxd came is listed; what falls due later is told."""
    shop.now = at(60 * 24)
    shop.hear(
        said(0, "m1", thread_id="dm:1"), said(60 * 24 - 40, "m2", thread_id="dm:2"), first=True
    )
    shop.tick()
    assert shop.queued() == []
    assert len(shop.store.views.waiting()) == 2
    shop.tick(60 * 24 + 20)
    assert shop.queued() == [("step_due", "support", "pending"), ("step_due", "lead", "pending")]


def test_the_message_that_tells_most_is_quoted(shop: Shop) -> None:
    """Not the greeting before a complaint, but the complaint, is what people read."""
    shop.hear(said(0, "m1", "hello?"))
    judged(shop, Kind.OTHER)
    shop.hear(said(1, "m2", "the parcel is wet"))
    judged(shop, Kind.COMPLAINT)
    shop.tick(60)
    assert [case.text for case in shop.store.views.waiting()] == ["the parcel is wet"]
    due = shop.store.outbox.due("lead", at(60))
    cards = [alert.case for item in due for alert in item.alerts]
    assert [card.text for card in cards if card] == ["the parcel is wet"]


def judged(shop: Shop, kind: Kind) -> None:
    verdict = Verdict(kind, (Topic.SHIPPING,), Urgency.HIGH, "en", {"complaint": 0.9})
    waiting: list[Unclassified] = shop.store.messages.unclassified(100)
    shop.pipeline.judge([(message, verdict) for message in waiting], shop.now)


def test_a_verdict_chooses_the_policy_anew(shop: Shop) -> None:
    """A message is tracked at once and judged a moment later."""
    urgent = policy(
        "complaints", Match(kind=frozenset({"complaint"})), first_response=parse_business("10m")
    )
    shop.rules = rules(urgent, policy("rest"))
    shop.hear(said(0, "m1"))
    assert shop.cases()[0]["policy"] == "rest"
    judged(shop, Kind.COMPLAINT)
    case = shop.cases()[0]
    assert (case["policy"], case["due_at"], case["topics"]) == (
        "complaints",
        "2026-11-23T09:10:00.000Z",
        ["shipping"],
    )
    assert shop.store.messages.unclassified(100) == []


def test_an_edit_is_kept_with_what_it_replaces_and_judged_again(shop: Shop) -> None:
    """The text changes, its place in the queue does not."""
    shop.hear(said(0, "m1", "helo"))
    judged(shop, Kind.OTHER)
    shop.hear(said(0, "m1", "hello", edited_at=at(5)))
    shop.hear(said(0, "m1", "helo"))
    assert shop.rows("SELECT text FROM messages") == [("hello",)]
    assert shop.rows("SELECT text FROM message_versions") == [("helo",)]
    assert len(shop.store.messages.unclassified(10)) == 1
    assert shop.cases()[0]["opened_at"] == "2026-11-23T09:00:00.000Z"


def test_a_deletion_keeps_what_is_known(shop: Shop) -> None:
    """The text stays for who must explain; nobody is waiting for an answer any more."""
    shop.hear(said(0, "m1", "a secret"))
    shop.now = at(10)
    shop.hear(said(0, "m1", "", author=None, deleted=True))
    assert shop.rows("SELECT text, author_id IS NULL FROM messages") == [("a secret", 0)]
    (case,) = shop.cases()
    assert (case["status"], case["close_reason"]) == ("closed", "deleted by the customer")


@pytest.mark.parametrize("turn", [1, -1])
def test_a_page_with_a_message_and_its_deletion_keeps_the_message(shop: Shop, turn: int) -> None:
    """After an outage both come at once: what was said is still known."""
    page = [said(0, "m1", "a secret"), said(0, "m1", "", author=None, deleted=True)]
    shop.hear(*page[::turn])
    assert shop.rows("SELECT text, author_id IS NULL, deleted_at IS NULL FROM messages") == [
        ("a secret", 0, 0)
    ]
    assert shop.cases() == []


STRANGE = {
    "no text": {"text": ""},
    "no author": {"author": None},
    "a NUL": {"text": "a\x00b"},
    "lone surrogates": {"text": "\ud83d hello \udc00"},
    "a strange author": {"author": Author("x\ud800", "\ud800\x00", "\x00", 3)},
    "strange ids": {"remote_id": "m\ud800", "thread_id": "t\x00", "parent_id": "\udfff"},
    "100 KB": {"text": "ж" * 100_000},
    "right to left": {"text": "\u202eabc\u200f"},
    "1970": {"sent_at": datetime(1970, 1, 1, tzinfo=UTC)},
    "year 1": {"sent_at": datetime.min.replace(tzinfo=UTC)},
    "year 9999": {"sent_at": datetime.max.replace(tzinfo=UTC)},
    "a strange payload": {"raw": {"a": "\ud800\x00", "when": datetime(2026, 1, 1, tzinfo=UTC)}},
    "an absurd audience": {"author": Author("x", followers=2**70)},
    "less than no audience": {"author": Author("x", followers=-(2**70))},
}


@pytest.mark.parametrize("facts", STRANGE.values(), ids=STRANGE)
def test_a_strange_message_is_stored_as_what_it_is(shop: Shop, facts: dict[str, Any]) -> None:
    """It opens a case like any other, comes twice without harm, and stops nothing beside it."""
    strange = said(0, "m1", thread_id="dm:1")
    strange = replace(strange, **facts)
    for _ in range(2):
        shop.hear(strange, said(0, "m2", thread_id="dm:2"))
    assert shop.value("SELECT count(*) FROM messages") == 2
    assert [case["status"] for case in shop.cases()] == ["waiting", "waiting"]
    shop.tick(1)
    for case in (1, 2):
        assert len(shop.store.views.thread(case)) == 1
    shop.now = at(5)
    shop.hear(answered(3, "a1", thread_id=strange.thread_id))
    assert [case["status"] for case in shop.cases()].count("answered") == 1


def test_items_of_unknown_kinds_are_kept_and_counted(shop: Shop) -> None:
    """What no connector understands is stored raw, never dropped."""
    item = Unknown("gift:1", "gift_sent", {"id": 1, "note": "\ud800"})
    for _ in range(3):
        page = Page({"position": 1}, unknown=[item])
        shop.pipeline.ingest(Origin("shop-vk", "vk", "feed"), page, shop.now)
    assert [(held.account, held.item.kind) for held in shop.store.quarantine.held()] == [
        ("shop-vk", "gift_sent")
    ]
    assert shop.value("SELECT seen FROM unknown_items") == 3


@SLOW_DISK
@given(conversations(), st.data())
def test_what_people_do_does_not_depend_on_the_order_of_arrival_either(
    messages: list[Message], data: st.DataObject
) -> None:
    """Closing and reopening concern what has been seen, in whatever order it was heard of."""
    if not any(m.direction == "inbound" and not m.deleted for m in messages):
        return
    messages = [message for message in messages if not message.deleted]
    first = min(
        (m for m in messages if m.direction == "inbound"), key=lambda m: m.sent_at, default=None
    )
    if first is None:
        return
    rest = [message for message in messages if message is not first]
    deeds = data.draw(st.lists(st.sampled_from(["close", "reopen"]), max_size=3))
    shuffled = data.draw(st.permutations(rest))
    assert _with_deeds(first, rest, deeds) == _with_deeds(first, shuffled, deeds)


def _with_deeds(
    first: Message, late: Sequence[Message], deeds: Sequence[str]
) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        shop = open_shop(Path(folder) / "inboxd.db", now=at(14 * 24 * 60))
        shop.hear(first)
        for message in late:
            shop.hear(message)
        case = shop.value("SELECT min(id) FROM cases")
        for number, deed in enumerate(deeds, 1):
            shop.now = at(14 * 24 * 60 + number)
            shop.act(deed, case=case)
        shop.tick(14 * 24 * 60 + 10)
        cases = [{k: v for k, v in case.items() if k != "next_step_at"} for case in shop.cases()]
        shop.store.close()
    return cases


def test_a_closing_does_not_cover_what_nobody_had_seen(shop: Shop) -> None:
    """What a customer wrote before the closing, but we read after it, waits from when it was sent."""
    shop.hear(said(0, "m1"))
    shop.now = at(30)
    shop.act("close", "no reply needed")
    shop.now = at(31)
    shop.hear(said(29, "m2", "and one more thing"))
    closed, waiting = shop.cases()
    assert (closed["status"], closed["ended_at"]) == ("closed", to_text(at(30)))
    assert (waiting["first_message_id"], waiting["waiting_since"]) == ("m2", to_text(at(29)))
    shop.now = at(40)
    shop.hear(answered(35, "a1"))
    assert [case["status"] for case in shop.cases()] == ["closed", "answered"]


def test_a_closing_covers_everything_that_had_been_seen(shop: Shop) -> None:
    """All messages of the conversation that were there to be read are closed together."""
    shop.now = at(20)
    shop.hear(said(0, "m1"), said(10, "m2"), said(15, "m3"))
    shop.act("close")
    assert [case["status"] for case in shop.cases()] == ["closed"]


def test_overdue_history_stays_silent_until_the_customer_writes_again(shop: Shop) -> None:
    """A first poll starts no storm by its repeating steps; a new message ends the silence."""
    repeating = policy(steps=(step("100%", "support", repeat="30m"),))
    shop.rules = rules(repeating)
    shop.now = at(600)
    shop.hear(said(0, "m1"), first=True)
    shop.tick(700)
    assert shop.queued() == []
    shop.now = at(800)
    shop.hear(said(795, "m2"))
    shop.tick(835)
    assert [reason for reason, _ in shop.deliver()] == ["step_due"]
