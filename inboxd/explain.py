"""Why a case is what it is: the verdict, the policy, the clock, and everything that was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from inboxd.core.conversations import AUTOMATIC_WITHIN
from inboxd.core.owed import SURE
from inboxd.core.policies import choose
from inboxd.core.sla import dues
from inboxd.core.text import one_line
from inboxd.core.tracking import decisions, facts_of, folded, silence_of
from inboxd.core.waits import REPEATED, WaitEnd
from inboxd.durations import format_duration
from inboxd.model import Direction
from inboxd.reasons import Reasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime, tzinfo

    from inboxd.core.escalation import Decision
    from inboxd.core.policies import Policy
    from inboxd.core.silences import Silence
    from inboxd.core.sla import Due
    from inboxd.core.states import CaseState, Setting, WaitState
    from inboxd.core.tracking import Rules
    from inboxd.store import Store
    from inboxd.store.views import ThreadMessage

_MOST_PERIODS = 12
"""How many open intervals of a wait are listed one by one."""
_LONGEST_SAYING = 100
_LATE = timedelta(minutes=10)
"""What was heard of later than that after it was written is said to have been."""
_MOST_DAYS = 92
"""How many days of a wait are looked through for holidays."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of an explanation: a title, and lines of plain text that may hold anything."""

    title: str
    lines: tuple[str, ...]


def explain(store: Store, rules: Rules, case: int, now: datetime, tz: tzinfo) -> list[Section]:
    """Return the explanation of *case* as it stands at *now*, times told in *tz*."""
    state, setting = store.cases.find(case)
    teller = _Teller(store, rules, state, setting, now, tz)
    return [
        Section("Case", tuple(teller.standing())),
        Section("Messages", tuple(teller.messages())),
        Section("Verdict", tuple(teller.verdicts())),
        Section("Policy", tuple(teller.policy())),
        Section("Clock", tuple(teller.clock())),
        Section("Steps", tuple(teller.steps())),
        Section("What happened", tuple(teller.trail())),
    ]


def explain_json(
    store: Store, rules: Rules, case: int, now: datetime, tz: tzinfo
) -> dict[str, Any]:
    """Return the same as JSON: the words by section, and what became of each step."""
    state, setting = store.cases.find(case)
    policy = next((p for p in rules.policies if p.name == state.policy), None)
    sections = explain(store, rules, case, now, tz)
    return {
        "case": case,
        "account": setting.account,
        "status": state.status,
        "policy": state.policy or None,
        "waits": Reasons(store, state, setting, policy, (now, tz)).as_json(),
        "sections": {section.title: list(section.lines) for section in sections},
    }


def automatic_answers(store: Store, rules: Rules, case: int, now: datetime) -> Mapping[int, str]:
    """Return why which messages of a case's conversation were taken for a machine's."""
    history = store.cases.history(case)
    if history is None:
        return {}
    spans = folded(history, rules, now)
    seconds = f"{AUTOMATIC_WITHIN.seconds} s"
    quick = dict.fromkeys(
        (number for span in spans for number in span.automatic),
        f"it came within {seconds} of the customer's message",
    )
    repeated = [event.ref for event in history.events if event.detail == REPEATED]
    why = "somebody else was sent the same text as quickly"
    return quick | dict.fromkeys(repeated, why)


def continuation_lines(store: Store, case: int, tz: tzinfo) -> Iterator[str]:
    """Yield where the customer of *case* goes on, or where they began."""
    there = store.views.continued_in_private(case)
    if there:
        answered = there.answered_at
        how = f"answered there at {_clock(answered, tz)}" if answered else _NOBODY
        yield f"continued in private (case {there.case_id}): {how}"
    public = store.views.began_in_public(case)
    if public is not None:
        yield f"began in public (case {public})"


def _is_late(message: ThreadMessage) -> bool:
    return message.seen_at - message.sent_at >= _LATE


_NOBODY = "nobody has followed up there"


def _clock(instant: datetime, tz: tzinfo) -> str:
    return instant.astimezone(tz).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells of one case; each method yields the lines of one section."""

    store: Store
    rules: Rules
    case: CaseState
    setting: Setting
    now: datetime
    tz: tzinfo

    def standing(self) -> Iterator[str]:
        case = self.case
        yield f"case {case.id} on {self.setting.account} ({self.setting.network}): {case.status}"
        messages = "message" if case.unanswered == 1 else "messages"
        yield f"opened {self._time(case.opened_at)}, {case.unanswered} unanswered {messages}"
        if case.acknowledged_at:
            yield f"taken by {case.acknowledged_by or '?'} at {self._time(case.acknowledged_at)}"
        if case.assigned_to:
            yield f"assigned to {case.assigned_to}"
        if case.snoozed_until:
            yield f"snoozed until {self._time(case.snoozed_until)}"
        if case.ended_at:
            yield f"over since {self._time(case.ended_at)} {case.close_reason}".rstrip()
        yield from continuation_lines(self.store, case.id or 0, self.tz)

    def messages(self) -> Iterator[str]:
        for message in self.store.views.thread(self.case.id or 0):
            if not self._is_of_case(message):
                continue
            ours = message.direction is Direction.OUTBOUND
            who = f"us{f' ({message.staff})' if message.staff else ''}" if ours else "customer"
            marks = [
                f"edited {self._time(message.edited_at)}" if message.edited_at else "",
                f"deleted, seen {self._time(message.deleted_at)}" if message.deleted_at else "",
                "auto-reply: stops no clock" if message.auto_reply else "",
                f"heard of {self._time(message.seen_at)}" if _is_late(message) else "",
            ]
            noted = f" ({'; '.join(filter(None, marks))})" if any(marks) else ""
            said = one_line(message.text, _LONGEST_SAYING) or "(no text)"
            yield f"{self._time(message.sent_at)} {who}, {message.id}: “{said}”{noted}"

    def verdicts(self) -> Iterator[str]:
        for message in self.store.views.thread(self.case.id or 0):
            if not self._is_of_case(message):
                continue
            if message.direction is Direction.OUTBOUND:
                yield from self._reply_lines(message)
                continue
            for earlier in message.versions:
                kind = earlier.kind or "not judged"
                yield f"message {message.id}: {kind} until {self._time(earlier.replaced_at)}"
            if message.kind is None:
                yield f"message {message.id}: not judged yet"
                continue
            scores = ", ".join(f"{kind} {share:.2f}" for kind, share in message.scores.items())
            topics = ", ".join(message.topics) or "none"
            yield f"message {message.id}: {message.kind}, {message.urgency} urgency, {topics}"
            yield from self._correction(message)
            model = f" (by {message.model})" if message.model else ""
            yield f"  language {message.language}; {scores}{model}"
            for span in message.evidence:
                yield f"  {span['label']}: “{span['text']}”"

    def _reply_lines(self, message: ThreadMessage) -> Iterator[str]:
        """Yield what is said of an answer of ours, where that is anything."""
        said = message.reply
        if said is None or not {*said.flags, *said.counts}:
            return
        shares = ", ".join(f"{name.replace('_', ' ')} {s:.2f}" for name, s in said.shares.items())
        yield f"our message {message.id}: {shares} (by {said.model})"
        for flag in said.flags:
            if flag != "non_answer" and flag not in said.counts:
                yield f"  not followed up as a {flag}: that takes {SURE:.2f}"
        for span in said.evidence:
            if span["label"].partition(":")[0] in said.flags:
                yield f"  {span['label']}: “{span['text']}”"
        if "promise" in said.counts:
            by = said.promised_at and self._time(said.promised_at)
            when = by or (said.promised_on and f"the end of {said.promised_on}") or "no time named"
            yield f"  promised: {when}"

    def _correction(self, message: ThreadMessage) -> Iterator[str]:
        if message.corrected is None:
            return
        by, machine = message.corrected.by, message.corrected.machine
        yield f"  this is the word of {by}, since {self._time(message.corrected.at)}"
        said = f"{machine.kind}, {machine.urgency} urgency, {', '.join(machine.topics or ())}"
        yield f"  the classifier ({message.model or '?'}) said {said}, language {machine.language}"

    def _is_of_case(self, message: ThreadMessage) -> bool:
        return message.sent_at >= self.case.opened_at or message.id == self.case.first_message

    def policy(self) -> Iterator[str]:
        choice = choose(self.rules.policies, facts_of(self.setting, self.case.traits))
        for name, reason in choice.refused:
            yield f"{name} does not match: {reason}"
        if choice.policy is None:
            yield "no policy matches: there is no target, and nobody will be told"
            return
        yield f"{choice.policy.name} matches"
        for name in ("first_response", "next_response", "resolution", "promise"):
            span = getattr(choice.policy, name)
            if span is not None:
                yield f"  {name.replace('_', ' ')} within {span}"

    def clock(self) -> Iterator[str]:
        policy = self._policy()
        waits = [wait for wait in self.case.waits if wait.end is not WaitEnd.VOID]
        answers = automatic_answers(self.store, self.rules, self.case.id or 0, self.now)
        for number, why in answers.items():
            yield f"message {number} is taken for automatic and stops no clock: {why}"
        if policy is None or not waits:
            yield "no policy, no clock"
            return
        yield f"calendar {policy.hours.name} ({policy.hours.timezone})"
        yield from self._pauses(policy)
        for wait in waits:
            yield from self._wait_lines(wait, policy)
        yield from self._due_lines(policy)

    def _pauses(self, policy: Policy) -> Iterator[str]:
        for since, until in self.case.pauses:
            counts = "the clock stood" if policy.snooze_pauses else "the clock ran on"
            yield f"snoozed {self._time(since)} – {self._time(until)}: {counts}"

    def _wait_lines(self, wait: WaitState, policy: Policy) -> Iterator[str]:
        until = wait.ended_at or self.now
        pauses = self.case.pauses if policy.snooze_pauses else ()
        waited = policy.hours.between(wait.since, until, pauses)
        begun = f" by our message {wait.message}" if wait.kind.is_owed else ""
        yield f"{wait.kind.replace('_', ' ')}: waiting since {self._time(wait.since)}{begun}"
        last = max(until, wait.due_at or until)
        periods = policy.hours.periods(wait.since, last)
        for opens, closes in islice(periods, _MOST_PERIODS):
            span = format_duration(closes - opens)
            yield f"  open {self._time(opens)} – {self._time(closes)}: {span}"
        # They are not counted: what another program wrote may be due in eight thousand years.
        if next(periods, None):
            yield f"  … and more until {self._time(last)}"
        yield from self._closed_days(policy, wait.since, last)
        ended = f"{wait.end} at {self._time(wait.ended_at)}" if wait.ended_at else "so far"
        yield f"  {format_duration(waited)} of open time, {ended}"

    def _closed_days(self, policy: Policy, since: datetime, until: datetime) -> Iterator[str]:
        """Yield which days of a span are closed, replaced or cut, and why."""
        hours = policy.hours
        first, last = (at.astimezone(hours.timezone).date() for at in (since, until))
        for number in range(min((last - first).days, _MOST_DAYS) + 1):
            day = first + timedelta(days=number)
            if why := hours.closed_because(day):
                yield f"  closed {day:%Y-%m-%d}: {why}"
            elif day in hours.open:
                yield f"  {day:%Y-%m-%d} has hours of its own"
            if day in hours.breaks:
                yield f"  {day:%Y-%m-%d} has breaks of its own"

    def _due_lines(self, policy: Policy) -> Iterator[str]:
        running = dues(self.case, policy)
        for due in (running.response, running.resolution, running.promise):
            if due:
                governs = " (governs)" if due == running.governing else ""
                name = due.target.replace("_", " ")
                yield f"{name} due {self._time(due.at)}{governs}"

    def steps(self) -> Iterator[str]:
        policy = self._policy()
        reasons = Reasons(self.store, self.case, self.setting, policy, (self.now, self.tz))
        if policy is None:
            yield "no policy: no steps"
        yield from reasons.lines()
        silences = self.store.silences.active(self.now)
        silenced = silence_of(self.case, self.setting, silences, self.now)
        decided = decisions(self.case, policy, self.now, silenced) if policy else []
        if decided:
            yield from self._silences(silences)
        for _, due, decision in decided:
            if due:
                yield self._decision(due, decision)

    def _silences(self, silences: Iterable[Silence]) -> Iterator[str]:
        facts = facts_of(self.setting, self.case.traits)
        for silence in silences:
            if silence.covers(facts, self.now):
                why = f": {silence.reason}" if silence.reason else ""
                yield f"muted by silence {silence.id} of {silence.actor}{why}"

    def _decision(self, due: Due, decision: Decision) -> str:
        line = f"now, {due.target.replace('_', ' ')}: {decision.reason.replace('_', ' ')}"
        if decision.look_again_at:
            line += f", decided again at {self._time(decision.look_again_at)}"
        return line

    def trail(self) -> Iterator[str]:
        entries = self.store.views.trail(self.case.id or 0)
        if not entries:
            yield "nothing was told and nobody acted"
        for entry in entries:
            line = f"{self._time(entry.at)} {entry.what}: {entry.text}".rstrip(": ")
            if entry.undone_at:
                line += f" (taken back by {entry.undone_by} at {self._time(entry.undone_at)})"
            yield line

    def _policy(self) -> Policy | None:
        return next((p for p in self.rules.policies if p.name == self.case.policy), None)

    def _time(self, instant: datetime) -> str:
        return _clock(instant, self.tz)
