"""Promises about judging anew: all of it, once, and never against a person's word."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock
from inboxd.core.policies import Match
from inboxd.durations import parse_business
from inboxd.model import Kind, Topic, Urgency, Verdict
from inboxd.store import Said
from inboxd.workers.rejudging import rejudge
from tests.store.shop import START, at, policy, rules, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.store.shop import Shop


class Mild:
    """A classifier that takes everything for praise, and chokes on one text."""

    name = "mild"
    batch = 20

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """Return a verdict for each of *texts*, unless one of them is poison."""
        if "poison" in texts:
            raise ZeroDivisionError
        return [Verdict(Kind.PRAISE, (Topic.OTHER,), Urgency.LOW, "en", {}) for _ in texts]


def anew(shop: Shop, since: float | None = None, batches: int | None = None) -> tuple[int, int]:
    """Judge anew (what was sent since *since* minutes, for some batches); tell how many, changed."""
    instant = None if since is None else at(since)
    judging = rejudge(shop.store, shop.pipeline, Mild(), ManualClock(START), instant)
    done = list(islice(judging, batches))
    return sum(each.messages for each in done), sum(each.changed for each in done)


def models(shop: Shop) -> list[tuple[str | None, str]]:
    return shop.rows("SELECT kind, json_extract(verdict, '$.model') FROM messages ORDER BY id")


def test_new_verdicts_choose_policies_anew(shop: Shop) -> None:
    """As if the message had been judged so at first; nothing is left for a second run."""
    shop.rules = rules(
        policy("complaints", Match(kind=frozenset({Kind.COMPLAINT}))),
        policy("rest", first_response=parse_business("8h")),
    )
    shop.hear(said(0, "m1", "awful"), said(1, "m2", "thanks"))
    shop.judge()
    assert shop.value("SELECT policy FROM cases") == "complaints"
    assert anew(shop) == (2, 1)
    assert models(shop) == [("praise", "mild"), ("praise", "mild")]
    assert shop.rows("SELECT kind, policy, due_at FROM cases") == [
        ("praise", "rest", "2026-11-23T17:00:00.000Z")
    ]
    assert anew(shop) == (0, 0)


def test_a_person_s_word_stands_and_the_machine_s_new_one_is_kept(shop: Shop) -> None:
    """What changes is what the machine would have said."""
    shop.hear(said(0, "m1", "awful"))
    shop.judge()
    shop.pipeline.correct(1, None, Said(kind=Kind.REQUEST), "anna", shop.now)
    assert anew(shop) == (1, 1)
    assert models(shop) == [("request", "mild")]
    assert shop.value("SELECT json_extract(verdict, '$.machine.kind') FROM messages") == "praise"
    assert shop.value("SELECT urgency FROM messages") == "low"


def test_only_what_was_judged_and_is_young_enough(shop: Shop) -> None:
    """What waits for its first verdict is the daemon's."""
    shop.hear(said(0, "m1", "awful"), said(10, "m2", "awful"))
    shop.judge()
    shop.hear(said(20, "m3", "awful"), cursor=2)
    assert shop.store.messages.count_judged_otherwise("mild") == 2
    assert anew(shop, since=5) == (1, 1)
    assert [kind for kind, _ in models(shop)] == ["complaint", "praise", None]


@pytest.mark.parametrize(("text", "changed"), [("please", 1), ("poison", 0)])
def test_who_is_interrupted_goes_on_with_the_rest(shop: Shop, text: str, changed: int) -> None:
    """Each batch stands by itself; a text that nobody can judge holds up none of them."""
    shop.hear(*(said(n, f"m{n}", text if n == 3 else "thanks") for n in range(Mild.batch + 5)))
    shop.judge()
    assert anew(shop, batches=1) == (Mild.batch, changed)
    assert anew(shop)[0] == 5
    assert anew(shop) == (0, 0)


def test_judging_anew_makes_no_message_newer_for_the_report(shop: Shop) -> None:
    """How many messages people could have spoken of is counted from when they came."""
    shop.hear(said(0, "m1", "awful"))
    shop.judge()
    anew(shop)
    assert shop.store.corrections.judged_since(at(1), []) == 0
