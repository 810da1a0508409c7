"""Why a case is no more where it was, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from inboxd.core.waits import CaseStatus, WaitKind
from inboxd.model import Author, Kind
from inboxd.store.meanwhile import News
from inboxd.tui.inbox.places import Looker, parted
from tests.tui.listings import PLAIN
from tests.tui.stage import HOSTILE, NOW

CLOSED = {"status": CaseStatus.CLOSED, "wait": None, "close_reason": "spam"}
ANSWERED = {"status": CaseStatus.ANSWERED, "wait": None}


@pytest.mark.parametrize(
    ("changes", "news", "words"),
    [
        (CLOSED, ("close", "Max", ""), "was closed by Max: spam"),
        (CLOSED, ("close", "Olena", ""), "was closed by you: spam"),
        (CLOSED | {"close_reason": ""}, None, "was closed"),
        (ANSWERED, None, "was answered"),
        (ANSWERED, ("answered", "", "Ira"), "was answered by Ira"),
        ({"status": CaseStatus.RESOLVED, "wait": None}, None, "is resolved"),
        ({"snoozed_until": NOW + timedelta(hours=2)}, None, "fell asleep until 10:30"),
        ({"wait": WaitKind.PROMISE, "due_at": NOW + timedelta(days=1)}, None, "was answered"),
        ({"wait": WaitKind.RESOLUTION}, None, "was sent elsewhere"),
        ({"assigned_to": "Max"}, None, "was assigned to Max"),
        ({"taken_by": "Max"}, None, "was taken by Max"),
        ({"unanswered": 2, "due_at": NOW}, None, "wrote again"),
        ({"kind": Kind.PRAISE, "due_at": None}, None, "is taken for something else"),
        ({"due_at": NOW}, None, "is late"),
        ({"due_at": NOW + timedelta(days=1)}, None, "has another target"),
        ({}, None, "fits this view no more"),
    ],
)
def test_the_name_and_the_reason_are_told(
    changes: dict[str, object], news: tuple[str, str, str] | None, words: str
) -> None:
    """Whatever happened to a case, its customer is named, and what happened, by whom if known."""
    told = [News(NOW, news[0], news[1], "", news[2])] if news else []
    after = replace(PLAIN, **changes)  # type: ignore[arg-type]
    assert parted(PLAIN, after, Looker("Olena", NOW, UTC, told)) == f"Анна Коваль (case 1) {words}"


def test_what_wakes_and_what_waits_again_and_what_is_gone_is_told() -> None:
    """Also where nothing but time has passed, or nothing is left."""
    looker = Looker("Olena", NOW, UTC)
    asleep = replace(PLAIN, snoozed_until=NOW)
    assert parted(asleep, PLAIN, looker) == "Анна Коваль (case 1) woke up"
    closed = replace(PLAIN, **CLOSED)  # type: ignore[arg-type]
    assert parted(closed, PLAIN, looker) == "Анна Коваль (case 1) waits again"
    taken = replace(PLAIN, taken_by="Max")
    assert parted(taken, PLAIN, looker) == "Анна Коваль (case 1) was given up"
    assert parted(PLAIN, None, looker) == "Анна Коваль (case 1) was merged with another case"


def test_a_customer_s_name_is_short_and_inert() -> None:
    """However long it is, what happened is within the line."""
    before = replace(PLAIN, author=Author("x", HOSTILE * 90))
    words = parted(before, replace(before, due_at=NOW), Looker("Olena", NOW, UTC))
    assert words.endswith("… (case 1) is late")
    assert words.isprintable()
    assert len(words) < 60
