"""
What a case looks like now: folded spans joined with what was known of them before.

Pure: the same history, policies and instant give the same states. The numbers of cases and
waits are carried over by the messages in them, so that a late message changes a case
instead of making a second one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from inboxd.core.conversations import CaseStatus, EventType, WaitEnd, WaitKind, fold
from inboxd.core.escalation import Attention, decide
from inboxd.core.policies import Facts, choose
from inboxd.core.sla import dues, response_due
from inboxd.model import Kind, Stream, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from inboxd.core.conversations import CaseSpan, Event, Wait
    from inboxd.core.policies import Policy
    from inboxd.core.sla import Due, Dues

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
    cases = [tracker.case(span, _take(spare, set(span.messages))) for span in spans]
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
    wait = case.waits[-1]
    return Attention(
        since=wait.since,
        acknowledged_at=case.acknowledged_at,
        snoozed_at=case.snoozed_at,
        snoozed_until=case.snoozed_until,
        customer_wrote_at=case.wrote_at,
        told_until=wait.told_until,
        told=wait.told,
    )


def next_look(case: CaseState, due: Due | None, policy: Policy, now: datetime) -> datetime | None:
    """Return when the escalation must decide about *case*: at once if something is due."""
    if case.wait is None:
        return None
    decision = decide(policy, due, attention_of(case), now)
    return now if decision.firings else decision.look_again_at


def _take(spare: list[CaseState], messages: set[int]) -> CaseState | None:
    for known in spare:
        if known.first_message in messages:
            spare.remove(known)
            return known
    return None


@dataclass(frozen=True, slots=True)
class _Tracker:
    """One look at one history."""

    history: History
    rules: Rules
    now: datetime
    told_until: datetime | None

    def case(self, span: CaseSpan, known: CaseState | None) -> CaseState:
        """Return the state of *span*, with the numbers and the people's doings of *known*."""
        wait = span.wait
        case = CaseState(
            status=span.status,
            first_message=span.messages[0],
            opened_at=span.opened_at,
            waits=tuple(_waits(span, known, self.told_until)),
            unanswered=len(wait.messages) if wait else 0,
            wrote_at=self._wrote_at(span),
            answered_at=span.answered_at,
            quiet_at=_quiet_at(span, self.rules.quiet_after),
            ended_at=span.ended_at,
            close_reason=span.close_reason,
            traits=traits_of(span.messages, self.history.traits),
        )
        if known:
            case = _remembering(case, known)
        facts = facts_of(self.history.setting, case.traits)
        policy = choose(self.rules.policies, facts).policy
        return _timed(case, policy, self.now) if policy else case

    def _wrote_at(self, span: CaseSpan) -> datetime:
        messages = set(span.messages)
        return max(
            event.at
            for event in self.history.events
            if event.type is EventType.INBOUND and event.ref in messages
        )


def _remembering(case: CaseState, known: CaseState) -> CaseState:
    return replace(
        case,
        id=known.id,
        acknowledged_at=known.acknowledged_at,
        acknowledged_by=known.acknowledged_by,
        snoozed_at=known.snoozed_at,
        snoozed_until=known.snoozed_until,
    )


def _timed(case: CaseState, policy: Policy, now: datetime) -> CaseState:
    """Return *case* on the clock of *policy*."""
    promised = dues(case, policy)
    governing = promised.governing
    waits = tuple(_measured(wait, promised, policy) for wait in case.waits)
    case = replace(
        case,
        policy=policy.name,
        waits=waits,
        response_due_at=promised.response.at if promised.response else None,
        resolution_due_at=promised.resolution.at if promised.resolution else None,
        due_at=governing.at if governing else None,
    )
    return replace(case, next_step_at=next_look(case, governing, policy, now))


def _measured(wait: WaitState, promised: Dues, policy: Policy) -> WaitState:
    """Return *wait* with its due time and, once it has ended, with its length."""
    if wait.ended_at is None:
        return replace(wait, due_at=promised.response.at if promised.response else None)
    if wait.open_time is not None:
        return wait
    due = response_due(wait.kind, wait.since, policy)
    return replace(
        wait,
        due_at=wait.due_at or (due.at if due else None),
        open_time=policy.hours.between(wait.since, wait.ended_at),
    )


def _waits(
    span: CaseSpan, known: CaseState | None, told_until: datetime | None
) -> Iterator[WaitState]:
    spare = list(known.waits) if known else []
    for wait in span.waits:
        old = next((w for w in spare if w.message in wait.messages), None)
        if old:
            spare.remove(old)
        yield _wait(wait, old, told_until)


def _wait(wait: Wait, known: WaitState | None, told_until: datetime | None) -> WaitState:
    state = WaitState(
        kind=wait.kind,
        since=wait.since,
        message=wait.messages[0],
        end=wait.end,
        ended_at=wait.ended_at,
        ended_by=wait.ended_by,
        told_until=told_until,
    )
    if known is None:
        return state
    measured = known.open_time if known.ended_at == wait.ended_at else None
    return replace(
        state,
        id=known.id,
        due_at=known.due_at,
        open_time=measured,
        told_until=known.told_until,
        told=known.told,
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
