"""
What a case looks like now: folded spans joined with what was known of them before.

Pure: the same history, policies and instant give the same states. The numbers of cases and
waits are carried over by the messages in them, so that a late message changes a case
instead of making a second one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.core.conversations import CaseStatus, EventType, WaitEnd, WaitKind, fold
from inboxd.core.escalation import Attention, decide
from inboxd.core.policies import Facts, choose
from inboxd.core.sla import Dues, Target, dues, response_due
from inboxd.model import Kind, Stream, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from re import Pattern

    from inboxd.core.conversations import CaseSpan, Event, Wait
    from inboxd.core.policies import Policy

MERGED = "merged with another case"
"""Why a case is closed whose messages turned out to belong to another one."""
_RESOLUTION = timedelta(milliseconds=1)
"""How finely instants are kept."""
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
        return next((wait for wait in reversed(self.waits) if wait.end is None), None)


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
    """
    All that tracking needs to know of one conversation.

    What happened up to *settled_until* is left out, unless the history is *whole*.
    """

    conversation: int
    setting: Setting
    events: tuple[Event, ...]
    traits: Mapping[int, Traits]
    cases: tuple[CaseState, ...]
    settled_until: datetime | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says about tracking."""

    policies: tuple[Policy, ...]
    quiet_after: timedelta
    automatic: Mapping[str, tuple[Pattern[str], ...]] = field(default_factory=dict)
    """By account: what the brand's automatic texts look like; they stop no clock."""

    def is_automatic(self, account: str, text: str) -> bool:
        """Tell whether *text*, written by the brand, is one that a machine sends."""
        return any(pattern.search(text) for pattern in self.automatic.get(account, ()))


@dataclass(frozen=True, slots=True)
class Tracked:
    """The cases as they are now, and until when the conversation needs no second look."""

    cases: tuple[CaseState, ...]
    settled_until: datetime | None


def track(history: History, rules: Rules, now: datetime, *, old: bool = False) -> Tracked:
    """
    Return the present cases of a conversation; *old* ones begin without alerts.

    Known cases that no span explains any more (two that a late message joined into one)
    are closed as merged; their waits, with what people were told of them, go over to the
    case that is left.
    """
    spans = fold(history.events, quiet_after=rules.quiet_after, now=now)
    known = _Known(history.cases, now)
    tracker = _Tracker(history, rules, now, old=old)
    matched = [(span, *known.of(span)) for span in spans]
    cases = [tracker.case(span, case, waits) for span, case, waits in matched]
    cases = [known.with_leftovers(case) for case in cases]
    return Tracked((*cases, *known.spare_cases()), _settled_until(history, spans, rules))


def traits_of(messages: Iterable[int], traits: Mapping[int, Traits]) -> Traits:
    """Return what is true of a case: its weightiest kind, every topic, the top urgency."""
    known = [traits[message] for message in messages if message in traits]
    if not known:
        return Traits()
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
    return _attention(case, case.wait or case.waits[-1], case.wrote_at)


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


class _Known:
    """The cases and waits as they were, handed out to the spans that they turn out to be."""

    def __init__(self, cases: Sequence[CaseState], now: datetime) -> None:
        self._now = now
        # Where several were one all along, the one that people work on is the one to keep.
        self._cases = sorted(cases, key=lambda case: (case.ended_at is not None, case.id or 0))
        self._waits = [wait for case in cases for wait in case.waits]
        self._owner = {wait.id: case.id for case in cases for wait in case.waits}

    def of(self, span: CaseSpan) -> tuple[CaseState | None, tuple[WaitState | None, ...]]:
        """Return the case that *span* was until now, and what each of its waits was."""
        own = next((case for case in self._cases if _is_in(span, case)), None)
        if own:
            self._cases.remove(own)
        waits = [self._take(wait) for wait in span.waits]
        if waits[-1] is None and span.wait:
            waits[-1] = self._take_open(own)
        return own, tuple(waits)

    def _take(self, wait: Wait) -> WaitState | None:
        for known in self._waits:
            if known.message in wait.messages or known.message in wait.withdrawn:
                self._waits.remove(known)
                return known
        return None

    def _take_open(self, own: CaseState | None) -> WaitState | None:
        """Return the wait of *own* that goes on, though from another message."""
        known = own.wait if own else None
        if known not in self._waits:
            return None
        self._waits.remove(known)
        return known

    def with_leftovers(self, case: CaseState) -> CaseState:
        """Return *case* with those waits of its past that nothing explains any more."""
        left = self._leftovers(case)
        return (
            replace(case, waits=tuple(sorted((*case.waits, *left), key=_since))) if left else case
        )

    def spare_cases(self) -> list[CaseState]:
        """Return the cases that are none any more, closed."""
        return [case if case.close_reason == MERGED else self._merged(case) for case in self._cases]

    def _merged(self, case: CaseState) -> CaseState:
        return replace(
            case,
            status=CaseStatus.CLOSED,
            waits=self._leftovers(case),
            ended_at=case.ended_at or self._now,
            close_reason=MERGED,
            unanswered=0,
            quiet_at=None,
            response_due_at=None,
            resolution_due_at=None,
            due_at=None,
            next_step_at=None,
        )

    def _leftovers(self, case: CaseState) -> tuple[WaitState, ...]:
        left = [wait for wait in self._waits if self._owner[wait.id] == case.id]
        return tuple(
            wait if wait.end else replace(wait, end=WaitEnd.CLOSED, ended_at=self._now)
            for wait in left
        )


def _is_in(span: CaseSpan, case: CaseState) -> bool:
    return case.first_message in span.messages and case.close_reason != MERGED


def _since(wait: WaitState) -> datetime:
    return wait.since


_FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)
_NEW = CaseState(CaseStatus.WAITING, 0, datetime.min.replace(tzinfo=UTC), ())
"""What is known of a case that was not known: nothing."""


@dataclass(frozen=True, slots=True)
class _Tracker:
    """One look at one history."""

    history: History
    rules: Rules
    now: datetime
    old: bool

    def case(
        self, span: CaseSpan, known: CaseState | None, known_waits: Sequence[WaitState | None]
    ) -> CaseState:
        """Return the state of *span*, with the numbers and the people's doings of *known*."""
        traits = traits_of(span.messages, self.history.traits)
        policy = choose(self.rules.policies, facts_of(self.history.setting, traits)).policy
        promised = dues(span, policy) if policy else Dues()
        governing, wait, before = promised.governing, span.wait, known or _NEW
        wrote_at = self._wrote_at(span)
        wrote_again = before.wrote_at is not None and wrote_at > before.wrote_at
        waits = self._waits(span, known_waits, promised, policy, wrote_again=wrote_again)
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

    def _waits(
        self,
        span: CaseSpan,
        known: Sequence[WaitState | None],
        promised: Dues,
        policy: Policy | None,
        *,
        wrote_again: bool,
    ) -> tuple[WaitState, ...]:
        states: list[WaitState] = []
        for wait, before in zip(span.waits, known, strict=True):
            told = before.told if before else _told_for_good(states)
            due_at, open_time = _measured(wait, before, promised, policy)
            told_until = before.told_until if before else self._told_until(due_at)
            if told_until == _FOR_EVER and wrote_again and not self.old:
                told_until = self.now
            state = WaitState(
                id=before.id if before else None,
                kind=wait.kind,
                since=wait.since,
                message=wait.messages[0],
                due_at=due_at,
                end=wait.end,
                ended_at=wait.ended_at,
                ended_by=wait.ended_by,
                open_time=open_time,
                told_until=told_until,
                told=told,
            )
            states.append(state)
        return tuple(states)

    def _told_until(self, due_at: datetime | None) -> datetime | None:
        """Return what counts as told of a new wait: of an old one that is overdue, all.

        It is listed, but nobody is alerted until the customer writes again.
        """
        overdue = self.old and due_at is not None and due_at <= self.now
        return _FOR_EVER if overdue else self.now if self.old else None

    def _wrote_at(self, span: CaseSpan) -> datetime:
        messages = span.messages if len(span.messages) < 8 else frozenset(span.messages)
        return max(
            event.at
            for event in self.history.events
            if event.type is EventType.INBOUND and event.ref in messages
        )


def _told_for_good(earlier: Sequence[WaitState]) -> Mapping[str, int]:
    """Return what need not be told again in a case's next wait: its one resolution."""
    told = earlier[-1].told if earlier else {}
    return {step: turn for step, turn in told.items() if f"/{Target.RESOLUTION}/" in step}


def _measured(
    wait: Wait, known: WaitState | None, promised: Dues, policy: Policy | None
) -> tuple[datetime | None, timedelta | None]:
    """Return when *wait* is or was due and, once it has ended, how long it lasted."""
    if wait.ended_at is None:
        return promised.response.at if promised.response else None, None
    same = known is not None and (known.since, known.kind) == (wait.since, wait.kind)
    due_at = known.due_at if known and same else None
    if policy is None:
        return due_at, None
    if due_at is None:
        due = response_due(wait.kind, wait.since, policy)
        due_at = due.at if due else None
    return due_at, policy.hours.between(wait.since, wait.ended_at)


def _quiet_at(span: CaseSpan, quiet_after: timedelta) -> datetime | None:
    if span.status is not CaseStatus.ANSWERED or span.answered_at is None:
        return None
    return span.answered_at + quiet_after


def _settled_until(history: History, spans: Sequence[CaseSpan], rules: Rules) -> datetime | None:
    """Return the instant up to which nothing can change but by a late arrival."""
    ends = [_settled_by(span, rules.quiet_after) for span in spans if span.ended_at]
    if history.settled_until and not history.whole:
        ends.append(history.settled_until)
    return max((end for end in ends if end), default=None)


def _settled_by(span: CaseSpan, quiet_after: timedelta) -> datetime | None:
    if span.status is CaseStatus.RESOLVED and span.ended_at:
        # What is written at the very end of the quiet time is new.
        return span.ended_at + quiet_after - _RESOLUTION
    return span.covered_until or span.ended_at
