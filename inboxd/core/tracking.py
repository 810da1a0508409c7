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

from inboxd.core.conversations import CaseStatus, WaitEnd, WaitKind, fold
from inboxd.core.escalation import Attention, decide
from inboxd.core.grouping import ALONE, Grouping
from inboxd.core.matching import FOR_EVER, NOTHING, Known, in_order
from inboxd.core.policies import Facts, choose
from inboxd.core.silences import silenced_until
from inboxd.core.sla import Dues, Target, dues, response_due
from inboxd.model import Kind, Stream, Topic, Urgency
from inboxd.patterns import finds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from re import Pattern

    from inboxd.core.conversations import CaseSpan, Event, Wait
    from inboxd.core.matching import Before
    from inboxd.core.policies import Policy
    from inboxd.core.silences import Silence
    from inboxd.core.spikes import Spikes

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
    """
    A wait with its number, its due time, and what people were told of it.

    *message* is the oldest in it, and *telling* the one that tells most.
    """

    kind: WaitKind
    since: datetime
    message: int
    telling: int
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
    """
    A case as it is stored. *id* is None until the store has given it a number.

    Its *waits* are sorted by when they began; where an answer was for some customers of a
    thread only, one can have begun before another that has ended.
    """

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
    assigned_to: str = ""
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
    """What the configuration says about tracking, and about telling of it."""

    policies: tuple[Policy, ...]
    quiet_after: timedelta
    grouping: Grouping = ALONE
    automatic: Mapping[str, tuple[Pattern[str], ...]] = field(default_factory=dict)
    """By account: what the brand's automatic texts look like; they stop no clock."""
    spikes: Spikes | None = None

    def is_automatic(self, account: str, text: str) -> bool:
        """Tell whether *text*, written by the brand, is one that a machine sends."""
        return any(finds(pattern, text) for pattern in self.automatic.get(account, ()))


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
    tracker = _Tracker(history, rules, now, old=old)
    settled_until = _settled_until(history, spans, rules)
    if not history.cases:
        new = [tracker.case(span, None, (NOTHING,) * len(span.waits)) for span in spans]
        return Tracked(tuple(new), settled_until)
    known = Known(history.cases, spans, now)
    cases = [tracker.case(span, *known.of(place, span)) for place, span in enumerate(spans)]
    cases = [known.with_leftovers(case) for case in cases]
    return Tracked((*cases, *known.spare_cases()), settled_until)


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


def attention_of(
    case: CaseState, setting: Setting, silences: Iterable[Silence], now: datetime
) -> Attention:
    """Return what people did about the open wait of *case*, and were told of it."""
    attention = _attention(case, case.wait or case.waits[-1], case.wrote_at)
    until = silenced_until(silences, facts_of(setting, case.traits), now)
    return replace(attention, silenced_until=until) if until else attention


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


_NEW = CaseState(CaseStatus.WAITING, 0, datetime.min.replace(tzinfo=UTC), ())
"""What is known of a case that was not known: nothing."""


@dataclass(frozen=True, slots=True)
class _Tracker:
    """One look at one history."""

    history: History
    rules: Rules
    now: datetime
    old: bool

    def case(self, span: CaseSpan, known: CaseState | None, was: Sequence[Before]) -> CaseState:
        """Return the state of *span*, with the numbers and the people's doings of *known*."""
        traits = traits_of(span.messages, self.history.traits)
        policy = choose(self.rules.policies, facts_of(self.history.setting, traits)).policy
        promised = dues(span, policy) if policy else Dues()
        governing, wait, before = promised.governing, span.wait, known or _NEW
        wrote_again = before.wrote_at is not None and span.wrote_at > before.wrote_at
        waits = self._waits(span, was, promised, policy, kind=traits.kind, wrote_again=wrote_again)
        next_step_at = None
        if policy and wait:
            attention = _attention(before, waits[-1], span.wrote_at)
            decision = decide(policy, governing, attention, self.now)
            next_step_at = self.now if decision.firings else decision.look_again_at
        return CaseState(
            id=before.id,
            status=span.status,
            first_message=span.messages[0],
            opened_at=span.opened_at,
            waits=in_order(waits) if len(waits) > 1 else waits,
            unanswered=len(wait.messages) if wait else 0,
            wrote_at=span.wrote_at,
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
            assigned_to=before.assigned_to,
            snoozed_at=before.snoozed_at,
            snoozed_until=before.snoozed_until,
        )

    def _waits(  # noqa: PLR0913 - what was known, what is promised, and what has changed
        self,
        span: CaseSpan,
        was: Sequence[Before],
        promised: Dues,
        policy: Policy | None,
        *,
        kind: Kind | None,
        wrote_again: bool,
    ) -> tuple[WaitState, ...]:
        states: list[WaitState] = []
        for wait, before in zip(span.waits, was, strict=True):
            known = before.wait
            due_at, open_time = _measured(wait, known, promised, policy)
            told, told_until = _told(before, wait, states)
            if known is None and told_until is None:
                told_until = self._told_until(due_at)
            if told_until == FOR_EVER and wrote_again and not self.old:
                told_until = self.now
            state = WaitState(
                id=known.id if known else None,
                kind=wait.kind,
                since=wait.since,
                message=wait.messages[0],
                telling=self._telling(wait, kind),
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

    def _telling(self, wait: Wait, kind: Kind | None) -> int:
        """
        Return the message of *wait* that tells most: the first of the *kind* that the case has.

        "Hello?" before a complaint is not why anybody should hurry.
        """
        if kind is None:
            return wait.messages[0]
        traits = self.history.traits
        alike = (ref for ref in wait.messages if ref in traits and traits[ref].kind == kind)
        return next(alike, wait.messages[0])

    def _told_until(self, due_at: datetime | None) -> datetime | None:
        """Return what counts as told of a new wait: of an old one that is overdue, all.

        It is listed, but nobody is alerted until the customer writes again.
        """
        overdue = self.old and due_at is not None and due_at <= self.now
        return FOR_EVER if overdue else self.now if self.old else None


def _told(
    before: Before, wait: Wait, earlier: Sequence[WaitState]
) -> tuple[Mapping[str, int], datetime | None]:
    """
    Return what people know of *wait*: which steps, and that everything until when was told.

    What is left waiting when somebody else was answered was told of with them: its steps of
    that time are no news, nor is a reminder; what falls due later is.
    """
    if before.wait and not before.swallowed:
        return before.wait.told, before.wait.told_until
    if before.wait:
        return _united([before.wait, *before.swallowed])
    if not earlier:
        return {}, None
    beside = [state for state in earlier if state.ended_at and state.ended_at > wait.since]
    told, told_until = _united(beside)
    reminded = {step: turn for step, turn in told.items() if step.startswith("reminder/")}
    return {**_told_for_good(earlier), **reminded}, told_until


def _united(waits: Sequence[WaitState]) -> tuple[Mapping[str, int], datetime | None]:
    """Return what was told of any of *waits*."""
    told: dict[str, int] = {}
    for wait in waits:
        for step, turn in wait.told.items():
            told[step] = max(turn, told.get(step, turn))
    return told, max((wait.told_until for wait in waits if wait.told_until), default=None)


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
    ends = [_settled_by(spans[place], rules.quiet_after) for place in _over(spans)]
    if history.settled_until and not history.whole:
        ends.append(history.settled_until)
    return max((end for end in ends if end), default=None)


def _over(spans: Sequence[CaseSpan]) -> list[int]:
    """Return the places of the cases that have ended, and of whose messages no later one is."""
    if len(spans) < 2:
        return [place for place, span in enumerate(spans) if span.ended_at]
    begun_in: dict[int, int] = {}
    for place, span in enumerate(spans):
        for message in span.messages:
            begun_in.setdefault(message, place)
    over, oldest = [], len(spans)
    for place in range(len(spans) - 1, -1, -1):
        if spans[place].ended_at and oldest > place:
            over.append(place)
        oldest = min(oldest, *(begun_in[message] for message in spans[place].messages))
    return over


def _settled_by(span: CaseSpan, quiet_after: timedelta) -> datetime | None:
    if span.status is CaseStatus.RESOLVED and span.ended_at:
        # What is written at the very end of the quiet time is new.
        return span.ended_at + quiet_after - _RESOLUTION
    return span.covered_until or span.ended_at
