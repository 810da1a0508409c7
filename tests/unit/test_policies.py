"""Promises about which policy governs a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Facts, Match, Policy, choose
from inboxd.model import Kind, Stream, Topic, Urgency

ALWAYS = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})
FACTS = Facts(
    account="shop-vk",
    network="vk",
    stream=Stream.COMMENTS,
    public=True,
    kind=Kind.COMPLAINT,
    topics=frozenset({Topic.REFUNDS, Topic.STAFF}),
    urgency=Urgency.HIGH,
    language="uk",
    followers=1_000,
)


def policy(name: str, match: Match) -> Policy:
    return Policy(name, match, ALWAYS)


def test_the_first_policy_that_matches_governs() -> None:
    """Order is the only priority there is."""
    narrow = policy("complaints", Match(kind=frozenset({"complaint"})))
    wide = policy("everything", Match())
    assert choose([narrow, wide], FACTS).policy is narrow
    assert choose([wide, narrow], FACTS).policy is wide


def test_no_policy_need_match() -> None:
    """What no policy wants is tracked, and every refusal is told."""
    choice = choose([policy("x only", Match(network=frozenset({"twitter"})))], FACTS)
    assert choice.policy is None
    assert choice.refused == (("x only", "network is vk, not twitter"),)


@pytest.mark.parametrize(
    ("match", "refusal"),
    [
        (
            {"account": frozenset({"shop-fb", "shop-x"})},
            "account is shop-vk, not shop-fb or shop-x",
        ),
        ({"network": frozenset({"facebook"})}, "network is vk, not facebook"),
        ({"stream": frozenset({"reviews"})}, "stream is comments, not reviews"),
        ({"kind": frozenset({"praise"})}, "kind is complaint, not praise"),
        ({"topic": frozenset({"orders"})}, "topics are refunds, staff, not orders"),
        ({"urgency": frozenset({"low", "normal"})}, "urgency is high, not low or normal"),
        ({"language": frozenset({"de"})}, "language is uk, not de"),
        ({"public": False}, "it is public"),
        ({"min_followers": 1_001}, "1000 followers are fewer than 1001"),
    ],
)
def test_each_condition_refuses_in_words(match: dict[str, Any], refusal: str) -> None:
    """`inboxd explain` can say why a policy did not match."""
    assert Match(**match).refusal(FACTS) == refusal


@pytest.mark.parametrize(
    "match",
    [
        {"account": frozenset({"shop-vk", "shop-x"})},
        {"stream": frozenset({"comments"})},
        {"kind": frozenset({"complaint"})},
        {"topic": frozenset({"refunds", "orders"})},
        {"urgency": frozenset({"high"})},
        {"language": frozenset({"uk"})},
        {"public": True},
        {"min_followers": 1_000},
        {},
    ],
)
def test_each_condition_matches_what_it_names(match: dict[str, Any]) -> None:
    """One of the names is enough, and an empty condition always holds."""
    assert Match(**match).refusal(FACTS) == ""


@pytest.mark.parametrize(
    ("match", "refusal"),
    [
        ({"kind": frozenset({"complaint"})}, "kind is unknown, not complaint"),
        ({"urgency": frozenset({"high"})}, "urgency is unknown, not high"),
        ({"language": frozenset({"uk"})}, "language is unknown, not uk"),
        ({"topic": frozenset({"refunds"})}, "topics are unknown, not refunds"),
        ({"min_followers": 1}, "0 followers are fewer than 1"),
    ],
)
def test_what_is_not_known_yet_does_not_match(match: dict[str, Any], refusal: str) -> None:
    """A message that is not judged yet is governed by a policy that does not ask."""
    unjudged = replace(
        FACTS, kind=None, topics=frozenset(), urgency=None, language="", followers=None
    )
    assert Match(**match).refusal(unjudged) == refusal


def test_a_private_case_is_refused_by_a_public_policy() -> None:
    """Public and private are told apart both ways."""
    assert Match(public=True).refusal(replace(FACTS, public=False)) == "it is private"
