"""Promises about what is told as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inboxd.core.grouping import ALONE, Gathering, Grouping, Trait
from inboxd.model import CaseCard, Kind, Stream, Topic, Urgency

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
CARD = CaseCard(
    id=1,
    account="shop-vk",
    network="vk",
    stream=Stream.DIRECT_MESSAGES,
    public=False,
    kind=Kind.COMPLAINT,
    topics=(Topic.SHIPPING, Topic.REFUNDS),
    urgency=Urgency.NORMAL,
    language="ru",
    author=None,
    text="",
    url="",
    waiting_since=NOW,
    due_at=None,
    messages=1,
    policy="complaints",
)
USUAL = Grouping((Trait.POLICY, Trait.ACCOUNT), timedelta(seconds=30))


def test_cases_alike_have_one_key() -> None:
    """Whoever wrote them, whatever about."""
    other = replace(CARD, id=2, topics=(), text="hello")
    assert USUAL.key(CARD) == USUAL.key(other) == "policy=complaints/account=shop-vk"
    assert USUAL.key(replace(CARD, account="shop-fb")) != USUAL.key(CARD)


def test_without_a_trait_each_is_told_alone() -> None:
    """There is no key that anything could share, and nothing to wait for."""
    assert ALONE.key(CARD) == ""
    assert ALONE.leaves_at(CARD, NOW) == NOW


@pytest.mark.parametrize("trait", list(Trait))
def test_every_trait_tells_cases_apart(trait: Trait) -> None:
    """A trait that made no difference would be a promise not kept."""
    other = replace(
        CARD, policy="b", account="b", network="b", kind=Kind.PRAISE, topics=(Topic.STAFF,)
    )
    assert Grouping((trait,)).key(other) != Grouping((trait,)).key(CARD)


def test_the_order_of_topics_does_not_matter() -> None:
    """The same topics are the same, however sure each was."""
    turned = replace(CARD, topics=tuple(reversed(CARD.topics)))
    by_topic = Grouping((Trait.TOPIC,))
    assert by_topic.key(turned) == by_topic.key(CARD)


@pytest.mark.parametrize(
    ("age", "cases", "admitted"),
    [
        (timedelta(), 1, True),
        (timedelta(minutes=59), 19, True),
        (timedelta(hours=1), 1, False),
        (timedelta(minutes=1), 20, False),
        (timedelta(minutes=-1), 1, False),
    ],
)
def test_who_may_join(age: timedelta, cases: int, *, admitted: bool) -> None:
    """Within the window, while there is room, and not on the word of a clock that was ahead."""
    assert USUAL.admits(Gathering(1, NOW - age, cases), NOW) is admitted


def test_what_is_urgent_waits_for_nobody() -> None:
    """An alert is held back for others, but not where minutes matter."""
    assert USUAL.leaves_at(CARD, NOW) == NOW + timedelta(seconds=30)
    assert USUAL.leaves_at(replace(CARD, urgency=Urgency.HIGH), NOW) == NOW
