"""Promises about the desk: what people do, what they take back, and two people at once."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxd.core.policies import Match
from inboxd.desk import Desk, Done, Meanwhile
from inboxd.durations import parse_business
from inboxd.errors import UserError
from inboxd.model import Kind, Urgency
from inboxd.store import IN_MEMORY, Said, Store
from inboxd.store.times import to_text
from tests.store.shop import Shop, answered, at, open_shop, policy, rules, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path


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
