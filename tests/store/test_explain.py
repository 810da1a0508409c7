"""Promises about `explain`: it names the reason for everything that was told, and for the rest."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from inboxd.config.calendars import CalendarSettings
from inboxd.core.grouping import Grouping, Trait
from inboxd.core.policies import Match
from inboxd.core.restraint import Held
from inboxd.explain import explain, explain_json
from inboxd.store.times import to_text
from tests.store.shop import START, Shop, answered, at, policy, rules, said, step
from tests.store.test_rehearsal import asked, let_pass

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.core.tracking import Rules

NOT_TOLD = "not told: answered before"


def section(shop: Shop, title: str, case: int = 1, now: datetime | None = None) -> list[str]:
    sections = explain(shop.store, shop.rules, case, now or shop.now, UTC)
    return next([line.strip() for line in each.lines] for each in sections if each.title == title)


def grouped() -> Rules:
    together = Grouping((Trait.POLICY,), timedelta(seconds=30))
    return replace(rules(), grouping=together)


def test_what_was_said_is_quoted_with_what_became_of_it(shop: Shop) -> None:
    """Who wrote, what, when, and that we heard of it late or it is gone."""
    let_pass(shop, 30)
    shop.hear(said(0, "m1", "Where is\nmy order?"), answered(20, "a1", "Soon!", staff="Olha"))
    let_pass(shop, 40)
    shop.hear(said(0, "m1", "Where is\nmy order?", deleted=True))
    first, second = section(shop, "Messages")
    assert first == (
        "2026-11-23 09:00:00 customer, 1: “Where is my order?” "
        "(deleted, seen 2026-11-23 09:40:00; heard of 2026-11-23 09:30:00)"
    )
    assert second == ("2026-11-23 09:20:00 us (Olha), 2: “Soon!” (heard of 2026-11-23 09:30:00)")


def test_each_step_says_when_it_was_told_to_whom_and_with_whom(shop: Shop) -> None:
    """Told together, delivered, covered, still to come: every line is one of these."""
    shop.rules = grouped()
    asked(shop, 0, "m1")
    asked(shop, 0.2, "m2", thread_id="dm:2")
    let_pass(shop, 40)
    shop.hear(answered(40, "a1"))
    shop.tick()
    let_pass(shop, 41)
    assert section(shop, "Steps") == [
        "first response, since 2026-11-23 09:00:00, due 2026-11-23 10:00:00",
        "50% to support at 2026-11-23 09:30:00: told at 2026-11-23 09:30:00",
        "support: delivered 2026-11-23 09:30:30, in one message with case 2",
        f"100% to support, lead at 2026-11-23 10:00:00: {NOT_TOLD}, at 2026-11-23 09:40:00",
        "its end (answered) was told 2026-11-23 09:40:00",
        "support: delivered 2026-11-23 09:40:30",
    ]


def test_what_is_withdrawn_held_refused_or_handed_over_says_so(shop: Shop) -> None:
    """Between an alert and people there is a sink, and what it did is named."""
    shop.rules = rules(policy(steps=(step("50%", "support", "lead", "night"),)))
    asked(shop, 0, "m1")
    let_pass(shop, 29)
    shop.tick(30)
    store, now = shop.store, shop.now
    due = {name: store.outbox.due(name, now)[0] for name in ("support", "lead", "night")}
    with store.transaction():
        store.outbox.hold(due["lead"], at(600), Held.QUIET, now)
        claimed = store.outbox.claim(due["support"], now)
        assert claimed
        store.outbox.refuse(claimed, "channel_not_found", now)
        store.outbox.hand_over(claimed, "desk", now)
    lines = section(shop, "Steps")
    assert "lead: waits until 2026-11-23 19:00:00, held back by quiet hours" in lines
    assert "support: refused 2026-11-23 09:30:00, channel_not_found" in lines
    (desk,) = [line for line in lines if line.startswith("desk")]
    assert "instead of support, which did not take it" in desk
    shop.hear(answered(31, "a1"))
    lines = section(shop, "Steps")
    assert "night: was withdrawn before it left" in lines


def test_what_nobody_was_told_names_who_or_what_kept_it(shop: Shop) -> None:
    """Taken by somebody, asleep, silenced: with the instant and the name."""
    asked(shop, 0, "m1")
    shop.act("ack")
    asked(shop, 1, "m2", thread_id="dm:2")
    shop.act("snooze", to_text(at(45)))
    let_pass(shop, 2)
    match = Match(kind=frozenset({"complaint"}))
    with shop.store.transaction():
        shop.store.silences.add(match, at(500), "boris", "the courier strikes", shop.now)
    asked(shop, 2, "m3", "awful", thread_id="dm:3")
    let_pass(shop, 40)
    assert section(shop, "Steps", 1)[1].endswith("acknowledged by anna at 2026-11-23 09:00:00")
    assert section(shop, "Steps", 2)[1].endswith("snoozed until 2026-11-23 09:45:00")
    silenced = section(shop, "Steps", 3)
    assert silenced[1].endswith("silenced until 2026-11-23 17:20:00")
    assert "muted by silence 1 of boris: the courier strikes" in silenced
    let_pass(shop, 46)
    late = section(shop, "Steps", 2)[1]
    assert late.endswith("told at 2026-11-23 09:45:00 (14m after its time: the case was snoozed)")


def test_each_wait_of_a_case_has_its_own_clock_and_steps(shop: Shop) -> None:
    """What was asked again after an answer is told of apart from the first question."""
    asked(shop, 0, "m1")
    let_pass(shop, 10)
    shop.hear(answered(10, "a1"))
    asked(shop, 20, "m2")
    clock = section(shop, "Clock")
    assert "first response: waiting since 2026-11-23 09:00:00" in clock
    assert "next response: waiting since 2026-11-23 09:20:00" in clock
    waits = explain_json(shop.store, shop.rules, 1, shop.now, UTC)["waits"]
    assert [(each["target"], each["outcome"]) for each in waits] == [
        ("first_response", "answered"),
        ("next_response", None),
    ]
    assert [[step["fate"] for step in each["steps"]] for each in waits] == [
        ["answered_before", "answered_before"],
        ["not_yet", "not_yet"],
    ]


def test_a_time_that_is_none_costs_no_time(shop: Shop) -> None:
    """Another program wrote when the wait began and is due: open hours until then are not counted."""
    office = CalendarSettings.model_validate({"name": "office", "mon": ["09:00-13:00"]})
    shop.rules = rules(policy(hours=office.hours(UTC)))
    asked(shop, 0, "m1")
    senseless = "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"
    shop.store.database.execute("UPDATE waits SET since = ?, due_at = ?", senseless)
    began = time.process_time()
    clock = section(shop, "Clock")
    assert time.process_time() - began < 2
    assert "… and more until 9999-12-28 00:00:00" in clock
    assert len([line for line in clock if line.startswith("open ")]) == 12


def test_closed_days_are_named(shop: Shop) -> None:
    """A holiday by its name, a date because the calendar says so, and hours that are replaced."""
    week = {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    days = {"closed": ["2026-12-28"], "open": {"2026-12-29": ["10:00-12:00"]}}
    written = CalendarSettings.model_validate({"name": "office", "holidays": "DE", **week, **days})
    shop.rules = rules(policy(hours=written.hours(UTC)))
    christmas = (date(2026, 12, 24) - START.date()).days * 24 * 60
    asked(shop, christmas, "m1")
    clock = section(shop, "Clock", now=at(christmas + 6 * 24 * 60))
    named = [line for line in clock if line.startswith(("closed", "2026-12"))]
    assert [line.partition(": ")[0] for line in named] == [
        "closed 2026-12-25",
        "closed 2026-12-26",
        "closed 2026-12-28",
        "2026-12-29 has hours of its own",
    ]
    # Its language is that of the computer.
    assert named[0].startswith("closed 2026-12-25: holiday: ")
    assert named[2] == "closed 2026-12-28: closed date"


def test_as_json_it_is_the_same(shop: Shop) -> None:
    """Programs get what people read, and it survives being written down."""
    asked(shop, 0, "m1")
    let_pass(shop, 100)
    explained = json.loads(json.dumps(explain_json(shop.store, shop.rules, 1, shop.now, UTC)))
    sections = explain(shop.store, shop.rules, 1, shop.now, UTC)
    assert explained["sections"] == {each.title: list(each.lines) for each in sections}
    assert set(explained) == {"case", "account", "status", "policy", "waits", "sections"}
    (wait,) = explained["waits"]
    alert = wait["alerts"][0]
    assert (alert["reason"], alert["deliveries"][0]["state"]) == ("step_due", "sent")
    assert [each["fate"] for each in wait["steps"]] == ["told", "told"]
