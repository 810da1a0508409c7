"""
What a case looks like now: folded spans joined with what was known of them before.

Pure: the same history, policies and instant give the same states. The numbers of cases and
waits are carried over by the messages in them, so that a late message changes a case
instead of making a second one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from inboxd.core.conversations import CaseStatus, EventType, WaitEnd, WaitKind, fold
from inboxd.core.escalation import Attention, decide
from inboxd.core.policies import Facts, choose
from inboxd.core.sla import Dues, dues, response_due
from inboxd.model import Kind, Stream, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from inboxd.core.conversations import CaseSpan, Event, Wait
    from inboxd.core.policies import Policy

_BY_WEIGHT = (Kind.COMPLAINT, Kind.REQUEST, Kind.PRAISE, Kind.OTHER)
_BY_URGENCY = (Urgency.HIGH, Urgency.NORMAL, Urgency.LOW)


@dataclass(frozen=True, slots=True)
class Traits:
    """What the classifier says of a message, or of all customer messages of a case."""

    kind: Kind | None = None
    topics: tuple[Topic, ...] = ()
    urgency: Urgency | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class WaitState:
    """A wait with its number, its due time, and what people were told of it."""

    kind: WaitKind
    since: datetime
    message: int
    id: int | None = None
    due_at: datetime | None = None
    end: WaitEnd | None = None
    ended_at: datetime | None = None
    ended_by: int | None = None
    open_time: timedelta | None = None
    told_until: datetime | None = None
    told: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseState:
    """A case as it is stored. *id* is None until the store has given it a number."""

    status: CaseStatus
    first_message: int
    opened_at: datetime
    waits: tuple[WaitState, ...]
    id: int | None = None
    unanswered: int = 0
    wrote_at: datetime | None = None
    answered_at: datetime | None = None
    quiet_at: datetime | None = None
    ended_at: datetime | None = None
    close_reason: str = ""
    traits: Traits = Traits()
    policy: str = ""
    response_due_at: datetime | None = None
    resolution_due_at: datetime | None = None
    due_at: datetime | None = None
    next_step_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None

    @property
    def wait(self) -> WaitState | None:
        """Return the open wait, if a customer is waiting now."""
        last = self.waits[-1] if self.waits else None
        return last if last and last.end is None else None


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a conversation takes place: the facts that no message changes."""

    account: str
    network: str
    stream: Stream
    public: bool
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """All that tracking needs to know of one conversation, from *settled_until* on."""

    conversation: int
    setting: Setting
    events: tuple[Event, ...]
    traits: Mapping[int, Traits]
    cases: tuple[CaseState, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says about tracking."""

    policies: tuple[Policy, ...]
    quiet_after: timedelta


@dataclass(frozen=True, slots=True)
class Tracked:
    """The cases as they are now, and until when the conversation needs no second look."""

    cases: tuple[CaseState, ...]
    settled_until: datetime | None


def track(history: History, rules: Rules, now: datetime, *, old: bool = False) -> Tracked:
    """
    Return the present cases of a conversation; *old* ones begin without alerts.

    Known cases that no span explains any more (two that a late message joined into one)
    are closed as merged.
    """
    spans = fold(history.events, quiet_after=rules.quiet_after, now=now)
    spare = list(history.cases)
    tracker = _Tracker(history, rules, now, told_until=now if old else None)
    cases = [tracker.case(span, _take(spare, span.messages)) for span in spans]
    cases.extend(_merged(case, now) for case in spare if case.ended_at is None)
    return Tracked(tuple(cases), _settled_until(spans, rules.quiet_after))


def traits_of(messages: Iterable[int], traits: Mapping[int, Traits]) -> Traits:
    """Return what is true of a case: its weightiest kind, every topic, the top urgency."""
    known = [traits[message] for message in messages if message in traits]
    kinds = {item.kind for item in known}
    urgencies = {item.urgency for item in known}
    topics = dict.fromkeys(topic for item in known for topic in item.topics)
    if len(topics) > 1:
        topics.pop(Topic.OTHER, None)
    return Traits(
        kind=next((kind for kind in _BY_WEIGHT if kind in kinds), None),
        topics=tuple(topics),
        urgency=next((urgency for urgency in _BY_URGENCY if urgency in urgencies), None),
        language=next((item.language for item in reversed(known) if item.language), ""),
    )


def facts_of(setting: Setting, traits: Traits) -> Facts:
    """Return what policies are matched against."""
    return Facts(
        account=setting.account,
        network=setting.network,
        stream=setting.stream,
        public=setting.public,
        kind=traits.kind,
        topics=frozenset(traits.topics),
        urgency=traits.urgency,
        language=traits.language,
        followers=setting.followers,
    )


def attention_of(case: CaseState) -> Attention:
    """Return what people did about the open wait of *case*, and were told of it."""
    return _attention(case, case.waits[-1], case.wrote_at)


def _attention(case: CaseState, wait: WaitState, wrote_at: datetime | None) -> Attention:
    return Attention(
        since=wait.since,
        acknowledged_at=case.acknowledged_at,
        snoozed_at=case.snoozed_at,
        snoozed_until=case.snoozed_until,
        customer_wrote_at=wrote_at,
        told_until=wait.told_until,
        told=wait.told,
    )


def _take(spare: list[CaseState], messages: tuple[int, ...]) -> CaseState | None:
    for known in spare:
        if known.first_message in messages:
            spare.remove(known)
            return known
    return None


_NEW = CaseState(CaseStatus.WAITING, 0, datetime.min.replace(tzinfo=UTC), ())
"""What is known of a case that was not known: nothing."""


@dataclass(frozen=True, slots=True)
class _Tracker:
    """One look at one history."""

    history: History
    rules: Rules
    now: datetime
    told_until: datetime | None

    def case(self, span: CaseSpan, known: CaseState | None) -> CaseState:
        """Return the state of *span*, with the numbers and the people's doings of *known*."""
        traits = traits_of(span.messages, self.history.traits)
        policy = choose(self.rules.policies, facts_of(self.history.setting, traits)).policy
        promised = dues(span, policy) if policy else Dues()
        governing, wait, before = promised.governing, span.wait, known or _NEW
        waits = tuple(_waits(span, before.waits, promised, policy, self.told_until))
        wrote_at = self._wrote_at(span)
        next_step_at = None
        if policy and wait:
            attention = _attention(before, waits[-1], wrote_at)
            decision = decide(policy, governing, attention, self.now)
            next_step_at = self.now if decision.firings else decision.look_again_at
        return CaseState(
            id=before.id,
            status=span.status,
            first_message=span.messages[0],
            opened_at=span.opened_at,
            waits=waits,
            unanswered=len(wait.messages) if wait else 0,
            wrote_at=wrote_at,
            answered_at=span.answered_at,
            quiet_at=_quiet_at(span, self.rules.quiet_after),
            ended_at=span.ended_at,
            close_reason=span.close_reason,
            traits=traits,
            policy=policy.name if policy else "",
            response_due_at=promised.response.at if promised.response else None,
            resolution_due_at=promised.resolution.at if promised.resolution else None,
            due_at=governing.at if governing else None,
            next_step_at=next_step_at,
            acknowledged_at=before.acknowledged_at,
            acknowledged_by=before.acknowledged_by,
            snoozed_at=before.snoozed_at,
            snoozed_until=before.snoozed_until,
        )

    def _wrote_at(self, span: CaseSpan) -> datetime:
        messages = span.messages if len(span.messages) < 8 else frozenset(span.messages)
        return max(
            event.at
            for event in self.history.events
            if event.type is EventType.INBOUND and event.ref in messages
        )


def _waits(
    span: CaseSpan,
    known: tuple[WaitState, ...],
    promised: Dues,
    policy: Policy | None,
    told_until: datetime | None,
) -> Iterator[WaitState]:
    spare = list(known)
    for wait in span.waits:
        before = next((w for w in spare if w.message in wait.messages), None)
        if before:
            spare.remove(before)
        yield _wait(wait, before, promised, policy, told_until)


def _wait(
    wait: Wait,
    known: WaitState | None,
    promised: Dues,
    policy: Policy | None,
    told_until: datetime | None,
) -> WaitState:
    """Return *wait* with its due time and, once it has ended, with its length."""
    due_at, open_time = known.due_at if known else None, None
    if wait.ended_at is None:
        due_at = promised.response.at if promised.response else None
    elif policy:
        due = response_due(wait.kind, wait.since, policy) if due_at is None else None
        due_at = due.at if due else due_at
        open_time = policy.hours.between(wait.since, wait.ended_at)
    return WaitState(
        id=known.id if known else None,
        kind=wait.kind,
        since=wait.since,
        message=wait.messages[0],
        due_at=due_at,
        end=wait.end,
        ended_at=wait.ended_at,
        ended_by=wait.ended_by,
        open_time=open_time,
        told_until=known.told_until if known else told_until,
        told=known.told if known else {},
    )


def _quiet_at(span: CaseSpan, quiet_after: timedelta) -> datetime | None:
    if span.status is not CaseStatus.ANSWERED or span.answered_at is None:
        return None
    return span.answered_at + quiet_after


def _merged(case: CaseState, now: datetime) -> CaseState:
    wait = case.wait
    waits = case.waits
    if wait:
        ended = replace(wait, end=WaitEnd.CLOSED, ended_at=now)
        waits = (*waits[:-1], ended)
    return replace(
        case,
        status=CaseStatus.CLOSED,
        waits=waits,
        ended_at=now,
        close_reason="merged with an earlier case",
        unanswered=0,
        due_at=None,
        next_step_at=None,
    )


def _settled_until(spans: Sequence[CaseSpan], quiet_after: timedelta) -> datetime | None:
    """Return the instant before which nothing can change but by a late arrival."""
    ends = [
        span.ended_at + quiet_after if span.status is CaseStatus.RESOLVED else span.ended_at
        for span in spans
        if span.ended_at
    ]
    return max(ends, default=None)
