"""Which policy governs a case: matching by its facts, first match wins."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from inboxd.core.hours import OpeningHours
    from inboxd.core.rota import Rota
    from inboxd.durations import BusinessSpan, StepAt
    from inboxd.model import Kind, Stream, Topic, Urgency


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a case when a policy is chosen; None where it is not known (yet)."""

    account: str
    network: str
    stream: Stream
    public: bool
    kind: Kind | None = None
    topics: frozenset[Topic] = frozenset()
    urgency: Urgency | None = None
    language: str = ""
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The conditions of a policy: each holds if it is empty or names the case's fact."""

    account: frozenset[str] = frozenset()
    network: frozenset[str] = frozenset()
    stream: frozenset[str] = frozenset()
    kind: frozenset[str] = frozenset()
    topic: frozenset[str] = frozenset()
    urgency: frozenset[str] = frozenset()
    language: frozenset[str] = frozenset()
    public: bool | None = None
    min_followers: int | None = None

    def refusal(self, facts: Facts) -> str:
        """Return why *facts* do not match, in words, or "" if they do."""
        for name, allowed, value in (
            ("account", self.account, facts.account),
            ("network", self.network, facts.network),
            ("stream", self.stream, facts.stream),
            ("kind", self.kind, facts.kind or "unknown"),
            ("urgency", self.urgency, facts.urgency or "unknown"),
            ("language", self.language, facts.language or "unknown"),
        ):
            if allowed and value not in allowed:
                return f"{name} is {value}, not {_one_of(allowed)}"
        if self.topic and not self.topic & facts.topics:
            topics = ", ".join(sorted(facts.topics)) or "unknown"
            return f"topics are {topics}, not {_one_of(self.topic)}"
        if self.public is not None and self.public != facts.public:
            return "it is public" if facts.public else "it is private"
        if self.min_followers is not None and (facts.followers or 0) < self.min_followers:
            return f"{facts.followers or 0} followers are fewer than {self.min_followers}"
        return ""


class Until(StrEnum):
    """What stops a step."""

    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Step:
    """
    When to tell whom: a share of the target, with open time before or after it.

    It is repeated if asked, and goes on *until* somebody has taken the case, or only until the
    customer is answered. In Slack it calls those *mentioned*, and who is on duty by *rota*.
    """

    at: StepAt
    to: tuple[str, ...]
    repeat: BusinessSpan | None = None
    until: Until = Until.ACKNOWLEDGED
    mentions: tuple[str, ...] = ()
    rota: Rota | None = None

    def called(self, at: datetime, timezone: tzinfo) -> tuple[str, ...]:
        """Return who is called by name at *at*."""
        on_duty = (self.rota.on_duty(at, timezone),) if self.rota else ()
        return tuple(dict.fromkeys((*self.mentions, *on_duty)))


@dataclass(frozen=True, slots=True)
class Policy:
    """Which cases it is for, how soon they must be served, and who hears of it when not."""

    name: str
    match: Match
    hours: OpeningHours
    first_response: BusinessSpan | None = None
    next_response: BusinessSpan | None = None
    resolution: BusinessSpan | None = None
    promise: BusinessSpan | None = None
    """Within it what we promised must be done if no time was named; None: promises start nothing."""
    snooze_pauses: bool = False
    """Whether time does not count while a case sleeps."""
    steps: tuple[Step, ...] = ()
    remind_after: BusinessSpan | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The policy that governs, if any, and why each one before it did not match."""

    policy: Policy | None
    refused: tuple[tuple[str, str], ...] = ()


def choose(policies: Sequence[Policy], facts: Facts) -> Choice:
    """Return the first of *policies* that matches *facts*."""
    refused: list[tuple[str, str]] = []
    for policy in policies:
        reason = policy.match.refusal(facts)
        if not reason:
            return Choice(policy, tuple(refused))
        refused.append((policy.name, reason))
    return Choice(None, tuple(refused))


def _one_of(names: frozenset[str]) -> str:
    return " or ".join(sorted(names))
