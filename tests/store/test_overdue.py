"""Promises about a case that is overdue: that is told once, and whoever writes is still heard."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from inboxd.core.hours import OpeningHours
from inboxd.durations import parse_business
from inboxd.explain import explain, explain_json
from tests.store.shop import Shop, answered, at, policy, rules, step
from tests.store.test_rehearsal import asked, let_pass

OFFICE = OpeningHours(
    "office", UTC, {day: [(32_400, 46_800), (50_400, 64_800)] for day in range(5)}
)
TUESDAY = 24 * 60
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
        ("24T10:30", "next_response/50%"),
        ("24T11:30", "next_response/100%"),
        ("24T12:30", "next_response/100%+1h"),
    ]


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


def test_explain_tells_of_both_promises(shop: Shop) -> None:
    """What was told of the case is under its promise, and what is to come under the message's."""
    shop.rules = rules(policy(**TARGETS))
    asked(shop, 0, "m1")
    let_pass(shop, 10)
    shop.hear(answered(10, "a1"))
    asked(shop, TUESDAY + 30, "m2")
    let_pass(shop, TUESDAY + 91)
    sections = explain(shop.store, shop.rules, 1, shop.now, UTC)
    lines = next(list(each.lines) for each in sections if each.title == "Steps")
    text = "\n".join(line for line in lines if "delivered" not in line)
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
