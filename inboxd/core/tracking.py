"""
What a case looks like now: folded spans joined with what was known of them before.

Pure: the same history, policies and instant give the same states. The numbers of cases and
waits are carried over by the messages in them, so that a late message changes a case
instead of making a second one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.core.conversations import fold
from inboxd.core.escalation import Attention, Decision, decide
from inboxd.core.grouping import ALONE, Grouping
from inboxd.core.matching import NOTHING, Known, in_order
from inboxd.core.owed import Follow
from inboxd.core.policies import Facts, choose
from inboxd.core.silences import silenced_until
from inboxd.core.sla import (
    Dues,
    dues,
    promise_due,
    resolution_due,
    response_due,
)
from inboxd.core.states import FOR_EVER, CaseState, History, Setting, Traits, WaitState
from inboxd.core.told import HISTORY, OVERDUE, is_of_resolution, is_reminder
from inboxd.core.waits import REPEATED, CaseStatus, EventType, WaitKind
from inboxd.model import Kind, Topic, Urgency
from inboxd.patterns import finds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from re import Pattern

    from inboxd.core.hours import Pause
    from inboxd.core.matching import Before
    from inboxd.core.policies import Policy
    from inboxd.core.silences import Silence
    from inboxd.core.sla import Due
    from inboxd.core.spikes import Spikes
    from inboxd.core.waits import CaseSpan, Wait

_SAYS_SO = re.compile(
    r"\((?:automatische antwort|automat(?:ic|ed) (?:reply|response)|автоматический ответ"
    r"|автоматична відповідь)\)"
    r"|\b(?:dies ist eine|this is an|это|це) (?:automatische|automat(?:ic|ed)|автоматическ(?:ий|ое)"
    r"|автоматичн[ае]) (?:antwort|nachricht|reply|response|message|ответ|сообщение|відповідь"
    r"|повідомлення)\b",
    re.IGNORECASE,
)
"""What a receipt says of itself; whoever only mentions one is a person."""
_RESOLUTION = timedelta(milliseconds=1)
"""How finely instants are kept."""
_STILL_OWED = timedelta(days=7)
"""How long ago an answer may have been given whose promise the first poll still looks for."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_BY_WEIGHT = (Kind.COMPLAINT, Kind.REQUEST, Kind.PRAISE, Kind.OTHER)
_BY_URGENCY = (Urgency.HIGH, Urgency.NORMAL, Urgency.LOW)


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
        """Tell whether *text*, written by the brand, is one that a machine sends, or says so."""
        return finds(_SAYS_SO, text) or any(
            finds(pattern, text) for pattern in self.automatic.get(account, ())
        )


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
    tracker = _Tracker(history, rules, now, old=old)
    spans = folded(history, rules, now)
    settled_until = _settled_until(history, spans, rules)
    if not history.cases:
        new = [tracker.case(span, None, (NOTHING,) * len(span.waits)) for span in spans]
        return Tracked(tuple(new), settled_until)
    known = Known(history.cases, spans, now)
    cases = [tracker.case(span, *known.of(place, span)) for place, span in enumerate(spans)]
    cases = [known.with_leftovers(case) for case in cases]
    return Tracked((*cases, *known.spare_cases()), settled_until)


def unjudged(
    history: History, cases: Sequence[CaseState], now: datetime, *, old: bool = False
) -> list[int]:
    """
    Return our answers in *history* that are to be judged: they may owe somebody something.

    Those from before the conversation's first case were to nobody; of *old* ones, those matter
    that are not long ago, or whose case is not over.
    """
    answers = [
        event
        for event in history.events
        if event.type is EventType.ANSWER and event.judged is None and event.detail != REPEATED
    ]
    if not answers or not (cases or history.settled_until):
        return []
    opened = () if history.settled_until else (case.opened_at for case in cases)
    since = min(opened, default=_LONG_AGO)
    if old and all(case.ended_at for case in cases):
        since = max(since, now - _STILL_OWED)
    return [answer.ref for answer in answers if answer.at >= since]


def folded(history: History, rules: Rules, now: datetime) -> list[CaseSpan]:
    """Return the cases that a history comes to, under the policies of *rules*."""

    def follows(messages: Sequence[int]) -> Follow:
        traits = traits_of(messages, history.traits)
        policy = choose(rules.policies, facts_of(history.setting, traits)).policy
        if policy is None:
            return Follow()
        return Follow(policy.promise is not None, policy.resolution is not None)

    return fold(history.events, quiet_after=rules.quiet_after, now=now, follows=follows)


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
    case: CaseState, wait: WaitState, silenced_until: datetime | None = None
) -> Attention:
    """Return what people did about *wait* of *case*, and were told of it."""
    attention = _attention(case, wait, case.wrote_at)
    return replace(attention, silenced_until=silenced_until) if silenced_until else attention


def silence_of(
    case: CaseState, setting: Setting, silences: Iterable[Silence], now: datetime
) -> datetime | None:
    """Return until when nobody wants to hear of *case*, None if somebody does."""
    return silenced_until(silences, facts_of(setting, case.traits), now)


def decisions(
    case: CaseState, policy: Policy, now: datetime, silenced: datetime | None = None
) -> list[tuple[WaitState, Due | None, Decision]]:
    """
    Return what is to be done about each thing that the customer of *case* waits for.

    With it is the promise that is told of, or would be.
    """
    found = []
    for wait, running in zip(case.open_waits, dues(case, policy).waits, strict=True):
        decision = decide(policy, running.told, attention_of(case, wait, silenced), now)
        found.append((wait, decision.due or next(iter(running.told), None), decision))
    return found


def next_look(decided: Iterable[Decision], now: datetime) -> datetime | None:
    """Return when the first of what was *decided* is to be decided again."""
    looks = (now if each.firings else each.look_again_at for each in decided)
    return min((look for look in looks if look), default=None)


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


_NEW = CaseState(CaseStatus.WAITING, 0, _LONG_AGO, ())
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
        if policy and promised.waits:
            open_waits = (state for state in waits if state.end is None)
            attention = (_attention(before, state, span.wrote_at) for state in open_waits)
            running = zip(promised.waits, attention, strict=True)
            decided = [decide(policy, due.told, each, self.now) for due, each in running]
            next_step_at = next_look(decided, self.now)
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
            pauses=span.pauses,
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
        running = iter(promised.waits)
        for wait, before in zip(span.waits, was, strict=True):
            known = before.wait
            if wait.end is not None:
                due_at, open_time = _measured(wait, known, span, policy)
            else:
                own = next(running).own if policy else None
                due_at, open_time = own.at if own else None, None
            told, told_until = _told(before, wait, states)
            if known is None and told_until is None and self.old:
                told, told_until = {**HISTORY, **told}, self.now
            if wrote_again and not self.old:
                told, told_until = self._awoken(told, told_until)
            elif told == HISTORY:
                told_until = _of_history(told_until, due_at)
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
                promise=wait.promise,
            )
            states.append(state)
        return tuple(states)

    def _telling(self, wait: Wait, kind: Kind | None) -> int:
        """
        Return the message of *wait* that tells most: the first of the *kind* that the case has.

        "Hello?" before a complaint is not why anybody should hurry.
        """
        messages, traits = wait.about or wait.messages, self.history.traits
        if kind is None:
            return messages[0]
        alike = (ref for ref in messages if ref in traits and traits[ref].kind == kind)
        return next(alike, messages[0])

    def _awoken(
        self, told: Mapping[str, int], told_until: datetime | None
    ) -> tuple[Mapping[str, int], datetime | None]:
        """Return what people know of a wait whose customer has written again: no more of history."""
        return (
            {} if told == HISTORY else told,
            self.now if told_until == FOR_EVER else told_until,
        )


def _of_history(told_until: datetime | None, due_at: datetime | None) -> datetime | None:
    """
    Return until when all counts as told of an old wait: of one that was late by then, for ever.

    It is listed, but nobody is alerted until the customer writes again. What was promised may turn
    out only when it is judged.
    """
    return FOR_EVER if due_at and told_until and due_at <= told_until else told_until


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
    if not earlier or wait.kind is WaitKind.PROMISE:
        return {}, None
    beside = [
        state
        for state in earlier
        if state.ended_at and state.ended_at > wait.since and not state.kind.is_owed
    ]
    told, told_until = _united(beside)
    known = {step: turn for step, turn in told.items() if is_reminder(step) or step in HISTORY}
    return {**_told_for_good(earlier), **known}, told_until


def _united(waits: Sequence[WaitState]) -> tuple[Mapping[str, int], datetime | None]:
    """Return what was told of any of *waits*."""
    told: dict[str, int] = {}
    for wait in waits:
        for step, turn in wait.told.items():
            told[step] = max(turn, told.get(step, turn))
    return told, max((wait.told_until for wait in waits if wait.told_until), default=None)


def _told_for_good(earlier: Sequence[WaitState]) -> Mapping[str, int]:
    """Return what need not be told again in a case's next wait: its one resolution."""
    told, _ = _united(earlier)
    return {
        step: turn
        for step, turn in told.items()
        if is_of_resolution(step) or (step == OVERDUE and turn)
    }


def _measured(
    wait: Wait, known: WaitState | None, case: CaseSpan, policy: Policy | None
) -> tuple[datetime | None, timedelta | None]:
    """Return when *wait*, which has ended, was due, and how long it lasted."""
    facts = wait.since, wait.kind, wait.promise
    same = known is not None and (known.since, known.kind, known.promise) == facts
    # A resolution counts from the case's beginning, which a late message may have moved.
    kept = known if same and wait.kind is not WaitKind.RESOLUTION else None
    due_at = kept.due_at if kept else None
    if policy is None or wait.ended_at is None:
        return due_at, None
    pauses = case.pauses if policy.snooze_pauses else ()
    if due_at is None:
        due_at = _own_due_at(wait, case, policy, pauses)
    return due_at, policy.hours.between(wait.since, wait.ended_at, pauses)


def _own_due_at(
    wait: Wait, case: CaseSpan, policy: Policy, pauses: tuple[Pause, ...]
) -> datetime | None:
    """Return when *wait* was due by the target that is its own, whatever else governed it."""
    if wait.kind is WaitKind.PROMISE:
        due = promise_due(wait, policy, pauses)
    elif wait.kind is WaitKind.RESOLUTION:
        due = resolution_due(case.opened_at, policy, pauses)
    else:
        due = response_due(wait.kind, wait.since, policy, pauses)
    return due.at if due else None


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
