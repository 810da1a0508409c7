"""Promises about a case that is overdue: that is told once, and whoever writes is still heard."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest

from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match, Policy
from inboxd.desk import Desk, Done
from inboxd.durations import parse_business
from inboxd.explain import explain, explain_json
from tests.store.shop import (
    ANNA,
    BORIS,
    Shop,
    answered,
    at,
    commented,
    policy,
    replied,
    rules,
    said,
    step,
)
from tests.store.test_rehearsal import asked, let_pass

OFFICE = OpeningHours(
    "office", UTC, {day: [(32_400, 46_800), (50_400, 64_800)] for day in range(5)}
)
TUESDAY, FRIDAY = 24 * 60, 4 * 24 * 60 + 8 * 60
TARGETS: dict[str, Any] = {
    "hours": OFFICE,
    "first_response": parse_business("30m"),
    "next_response": parse_business("2h"),
    "resolution": parse_business("1d"),
}


def told(shop: Shop) -> list[tuple[str, str]]:
    """Return when each step was told, and which of which promise."""
    found = shop.rows(
        "SELECT substr(created_at, 9, 8), substr(key, instr(key, 'all/') + 4) FROM alerts "
        "WHERE tone <> 'recovery' ORDER BY id"
    )
    return [(when, what.rpartition("/")[0]) for when, what in found]


def steps_of(shop: Shop) -> list[str]:
    """Return what `explain` says of the case's steps."""
    sections = explain(shop.store, shop.rules, 1, shop.now, UTC)
    lines = next(each.lines for each in sections if each.title == "Steps")
    return [line.strip() for line in lines]


def asked_and_answered(shop: Shop) -> None:
    """Let three questions be answered in time, and the case be overdue before the last of them."""
    for number, (minutes, after) in enumerate([(0, 10), (420, 20), (TUESDAY + 60, 30)]):
        asked(shop, minutes, f"m{number}")
        let_pass(shop, minutes + after)
        shop.hear(answered(minutes + after, f"a{number}"))
        shop.tick()


def test_whoever_writes_in_an_overdue_case_is_heard(shop: Shop) -> None:
    """That the case is overdue is told once, and then each message has steps of its own."""
    shop.rules = rules(policy(**TARGETS))
    asked_and_answered(shop)
    asked(shop, TUESDAY + 120, "m4")
    let_pass(shop, TUESDAY + 10 * 60)
    assert told(shop) == [
        ("24T10:00", "resolution/100%"),
        ("24T12:00", "next_response/50%"),
        ("24T13:00", "next_response/100%"),
    ]


def test_who_breaks_it_by_writing_is_heard_as_well(shop: Shop) -> None:
    """The message at which people hear that the case is overdue has an answer to get, too."""
    shop.rules = rules(policy(**TARGETS, steps=(*policy().steps, step("100% + 1h", "boss"))))
    asked(shop, 0, "m1")
    let_pass(shop, 10)
    shop.hear(answered(10, "a1"))
    asked(shop, TUESDAY + 30, "m2")
    let_pass(shop, TUESDAY + 10 * 60)
    assert told(shop) == [
        ("24T09:30", "resolution/100%"),
        ("24T10:00", "resolution/100%+1h"),
        ("24T10:30", "next_response/50%"),
        ("24T11:30", "next_response/100%"),
        ("24T12:30", "next_response/100%+1h"),
    ]


def test_a_later_step_of_an_overdue_case_is_told_in_whatever_wait_it_falls(shop: Shop) -> None:
    """Each message is answered in time, and yet whoever is to hear of it a day later does: once."""
    steps = (step("100%", "support", repeat="2h"), step("100% + 8h", "boss"))
    shop.rules = rules(policy(**TARGETS, steps=steps))
    for day in range(5):
        asked(shop, day * TUESDAY + 30, f"m{day}")
        let_pass(shop, day * TUESDAY + 60)
        shop.hear(answered(day * TUESDAY + 60, f"a{day}"))
        shop.tick()
    assert told(shop) == [
        ("24T09:30", "resolution/100%every2h"),
        ("25T09:30", "resolution/100%+8h"),
    ]


def test_another_policy_does_not_tell_anew_of_an_overdue_case(shop: Shop) -> None:
    """What the people of one have heard is no news under the name of another."""
    steps = (step("50%", "support"), step("100%", "lead"), step("100% + 30m", "boss"))
    shop.rules = rules(policy(**TARGETS, steps=steps))
    asked_and_answered(shop)
    shop.rules = rules(policy("other", **TARGETS, steps=steps))
    asked(shop, TUESDAY + 120, "m4")
    let_pass(shop, TUESDAY + 121)
    alerts = shop.rows("SELECT key FROM alerts WHERE tone <> 'recovery'")
    assert alerts == [("wait:3/all/resolution/100%+30m/0",)]


def test_a_case_is_not_known_to_be_overdue_by_an_alert_that_was_withdrawn(shop: Shop) -> None:
    """The answer was faster than the alert: whoever writes next makes it heard."""
    shop.rules = rules(policy(**TARGETS))
    asked(shop, 0, "m1")
    let_pass(shop, 10)
    shop.hear(answered(10, "a1"))
    asked(shop, 8 * 60, "m2")
    let_pass(shop, 8 * 60 + 30)
    shop.tick(9 * 60)
    shop.hear(answered(9 * 60 + 1, "a2"))
    asked(shop, TUESDAY + 30, "m3")
    let_pass(shop, TUESDAY + 40)
    shop.hear(answered(TUESDAY + 40, "a3"))
    asked(shop, TUESDAY + 60, "m4")
    let_pass(shop, TUESDAY + 70)
    assert told(shop) == [
        ("23T17:00", "resolution/50%"),
        ("23T18:00", "resolution/100%"),
        ("24T09:30", "resolution/100%"),
    ]
    states = shop.rows(
        "SELECT state FROM outbox JOIN alerts ON alerts.id = alert_id WHERE tone <> 'recovery'"
    )
    assert [state for (state,) in states] == ["sent", "cancelled", "cancelled", "sent", "sent"]


@pytest.mark.parametrize(
    ("answer", "last"), [(None, 8), (None, FRIDAY - 10), ("2h", FRIDAY - 10), ("9d", 8)]
)
def test_what_was_overdue_when_it_was_read_first_is_history(
    shop: Shop, answer: str | None, last: int
) -> None:
    """Nobody is told of it, until the customer writes again."""
    target = parse_business(answer) if answer else None
    changes = TARGETS | {"first_response": target, "next_response": target}
    shop.rules = rules(policy(**changes), quiet_after=timedelta(days=30))
    shop.now = at(FRIDAY)
    past = said(0, "m1"), answered(5, "a1"), said(last, "m2")
    shop.hear(*past, first=True)
    shop.judge()
    let_pass(shop, FRIDAY + 20)
    assert told(shop) == []
    asked(shop, FRIDAY + 30, "m3")
    assert told(shop) == [("27T17:30", "resolution/100%")]


@pytest.mark.parametrize("others", [[], [policy("others", first_response=parse_business("9d"))]])
def test_what_a_first_read_brings_is_history_whatever_it_is_judged_to_be(
    shop: Shop, others: list[Policy]
) -> None:
    """Which promise was broken turns out later, and still alerts nobody, nor is it repeated."""
    steps = (step("100%", "support"), step("100% + 1h", "lead", repeat="1h"))
    complaints = policy("c", Match(kind=frozenset({"complaint"})), steps=steps)
    shop.rules = rules(complaints, *others)
    shop.now = at(75)
    shop.hear(said(0, "m1", "awful"), said(70, "m2", "awful", thread_id="dm:2"), first=True)
    shop.tick()
    shop.judge()
    let_pass(shop, 8 * 60)
    cases = "SELECT DISTINCT case_id FROM alerts ORDER BY 1"
    assert shop.rows(cases) == [(2,)], "whoever wrote an hour ago is not history yet"
    asked(shop, 8 * 60, "m3", "Hello?")
    assert shop.rows(cases) == [(1,), (2,)]


def test_who_turns_out_to_have_waited_before_a_first_read_is_history(shop: Shop) -> None:
    """That "thanks" asked for nothing is known once it is judged: then the question has its own wait."""
    past = said(0, "m1"), answered(5, "a1"), said(10, "m2", "thanks"), said(200, "m3", "awful")
    shop.now = at(FRIDAY)
    shop.hear(*past, first=True)
    before = shop.value("SELECT max(id) FROM waits")
    shop.judge()
    assert shop.value("SELECT max(id) FROM waits WHERE ended_at IS NULL") > before
    let_pass(shop, FRIDAY + TUESDAY)
    assert told(shop) == []
    asked(shop, FRIDAY + TUESDAY, "m4")
    assert told(shop) != []


def test_what_was_withdrawn_is_told_when_its_wait_goes_on_after_all(shop: Shop) -> None:
    """Nobody had heard that the case is overdue, and closing it was a mistake."""
    shop.rules = rules(policy(**TARGETS))
    asked(shop, 0, "m1")
    let_pass(shop, 10)
    shop.hear(answered(10, "a1"))
    asked(shop, TUESDAY + 30, "m2")
    shop.act("close")
    assert {state for *_, state in shop.queued()} == {"cancelled"}
    done = Done(1, "closed", shop.value("SELECT max(id) FROM actions"))
    Desk(shop.store, shop.rules).undo(done, "anna", shop.now)
    shop.pipeline.track_pending(shop.now)
    shop.tick(TUESDAY + 31)
    assert [(reason, state) for reason, _, state in shop.queued()] == [("step_due", "pending")] * 2
    shop.deliver()
    shop.tick(TUESDAY + 32)
    assert told(shop) == [("24T09:30", "resolution/100%")]


def test_a_reminder_that_was_withdrawn_reminds_of_whoever_is_left(shop: Shop) -> None:
    """Of two who wait one was answered as the reminder was about to leave."""
    remind = parse_business("2h")
    shop.rules = rules(policy(remind_after=remind, steps=(step("100%", "support"),)))
    shop.hear(commented(0, "c1", ANNA), commented(0, "c2", BORIS))
    shop.act("ack")
    shop.tick(2 * 60)
    shop.now = at(2 * 60 + 1)
    shop.hear(replied(2 * 60 + 1, "r1", ANNA))
    shop.tick(2 * 60 + 2)
    states = [state for reason, _, state in shop.queued() if reason == "reminder_due"]
    assert states == ["cancelled", "pending"]


def test_a_case_that_is_overdue_while_somebody_waits_goes_on_until_the_answer_is(
    shop: Shop,
) -> None:
    """Its steps are told beside the wait's own, and not repeated once that is broken as well."""
    steps = (step("100%", "support"), step("100% + 30m", "lead", repeat="30m"))
    shop.rules = rules(policy(**TARGETS, steps=steps))
    asked(shop, 0, "m1")
    let_pass(shop, 10)
    shop.hear(answered(10, "a1"))
    asked(shop, 8 * 60, "m2")
    let_pass(shop, TUESDAY + 3 * 60 + 1)
    assert told(shop) == [
        ("23T18:00", "resolution/100%"),
        ("24T09:30", "resolution/100%+30mevery30m"),
        ("24T10:00", "next_response/100%"),
        ("24T10:30", "next_response/100%+30mevery30m"),
        ("24T11:00", "next_response/100%+30mevery30m"),
        ("24T11:30", "next_response/100%+30mevery30m"),
        ("24T12:00", "next_response/100%+30mevery30m"),
    ]


def test_nobody_is_paged_twice_of_a_message_in_an_overdue_case(shop: Shop) -> None:
    """What fell due of both promises while nobody looked is one alert, to everybody."""
    steps = (step("50%", "support"), step("100%", "lead"))
    shop.rules = rules(policy(**TARGETS, steps=steps))
    asked_and_answered(shop)
    shop.now = at(TUESDAY + 5 * 60)
    asked(shop, TUESDAY + 5 * 60, "m4")
    before = len(shop.queued())
    shop.act("snooze", "2026-11-24T17:00:00.000Z")
    let_pass(shop, TUESDAY + 9 * 60)
    assert told(shop)[1:] == [("24T17:00", "next_response/100%")]
    new = [receiver for reason, receiver, _ in shop.queued()[before:] if reason == "step_due"]
    assert new == ["lead", "support"]


def test_without_a_target_of_its_own_a_wait_has_its_case_s(shop: Shop) -> None:
    """A policy that promises a resolution only goes on telling of it."""
    changes = TARGETS | {"first_response": None, "next_response": None}
    repeated = (step("100%", "support", repeat="2h"),)
    shop.rules = rules(policy(**changes, steps=repeated))
    asked_and_answered(shop)
    asked(shop, TUESDAY + 120, "m4")
    let_pass(shop, TUESDAY + 181)
    assert {what for _, what in told(shop)} == {"resolution/100%every2h"}
    assert [when for when, _ in told(shop)] == ["24T10:00", "24T11:00"]


def test_explain_says_that_people_have_heard_of_an_overdue_case_before(shop: Shop) -> None:
    """And not that a later message has nothing promised, or was history."""
    changes = TARGETS | {"first_response": None, "next_response": None}
    shop.rules = rules(policy(**changes))
    asked_and_answered(shop)
    asked(shop, TUESDAY + 120, "m4")
    assert steps_of(shop)[-3:] == [
        "resolution, since 2026-11-23 09:00:00, due 2026-11-23 18:00:00",
        "people have heard of it with another message of the case",
        "now, resolution: no steps left",
    ]


def test_explain_tells_of_both_promises(shop: Shop) -> None:
    """What was told of the case is under its promise, and what is to come under the message's."""
    shop.rules = rules(policy(**TARGETS))
    asked(shop, 0, "m1")
    let_pass(shop, 10)
    shop.hear(answered(10, "a1"))
    asked(shop, TUESDAY + 30, "m2")
    let_pass(shop, TUESDAY + 91)
    text = "\n".join(steps_of(shop))
    assert text.index("resolution, since") < text.index("next response, since")
    assert "changed since" not in text
    waits = explain_json(shop.store, shop.rules, 1, shop.now, UTC)["waits"]
    fates = [(each["target"], each["step"], each["fate"]) for each in waits[-1]["steps"]]
    assert fates == [
        ("resolution", "50%", "covered"),
        ("resolution", "100%", "told"),
        ("next_response", "50%", "told"),
        ("next_response", "100%", "not_yet"),
    ]
    assert waits[-1]["target"] == "resolution"
