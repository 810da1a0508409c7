"""
What would have been told under other rules: the past once more, by a clock that jumps.

Everything that was heard, judged and done happens again, in the order in which it did, in a
database in memory, through the very pipeline and escalation that the daemon runs. The clock
goes from one instant at which something happens to the next. Nothing is sent, and nothing is
written where the past is read.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from inboxd.connector import OutgoingReply, Page
from inboxd.pipeline import Origin, Pipeline
from inboxd.store import IN_MEMORY, Store, UnjudgedReply
from inboxd.store.past import (
    Corrected,
    CorrectedReply,
    Deed,
    Found,
    FoundOfReply,
    Gone,
    Heard,
    Muted,
    TakenBack,
)
from inboxd.store.times import from_text
from inboxd.workers.escalator import Escalator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime, tzinfo

    from inboxd.core.tracking import Rules
    from inboxd.store import Past
    from inboxd.store.past import Happening
    from inboxd.store.told import Breach, ToldStep

ABSENT = timedelta(minutes=2)
"""From how long on it matters that no daemon ran: what fell due meanwhile was told later."""
NEARLY = timedelta(minutes=2)
"""Alerts that are less apart went out at the same time: a daemon polls, judges and looks."""
_AN_INSTANT = timedelta(milliseconds=1)
_REPLAY = "rehearsal"
"""The source of every page that is heard again."""


class Change(StrEnum):
    """How what would be told differs from what was."""

    NEW = "would be told"
    GONE = "would not be told"
    EARLIER = "would be told earlier"
    LATER = "would be told later"
    OTHERS = "would be told to others"


@dataclass(frozen=True, slots=True)
class Difference:
    """One alert that went out, or would, and not alike: *was* and *now* are None for none."""

    change: Change
    case: int | None
    was: ToldStep | None
    now: ToldStep | None

    @property
    def at(self) -> datetime:
        """Return the first instant at which the two differ."""
        return min(each.at for each in (self.was, self.now) if each)

    @property
    def step(self) -> ToldStep:
        """Return the alert, as it would be where it still is."""
        either = self.now or self.was
        if either is None:
            raise ValueError("a difference is of some alert")
        return either


@dataclass(frozen=True, slots=True)
class Tally:
    """How many alerts there were (*was*) and would be (*now*), by whatever counts."""

    was: Counter[str] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)

    @property
    def names(self) -> list[str]:
        """Return what was counted, in order."""
        return sorted({*self.was, *self.now})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rehearsal comes to, against what went out since *since*."""

    since: datetime
    until: datetime
    policies: Tally
    sinks: Tally
    days: Tally
    breaches: Tally
    alike: int
    differences: tuple[Difference, ...]
    absences: tuple[tuple[datetime, datetime], ...]


class Rehearsal:
    """One past under one set of rules; *watch* sees the clock jump."""

    def __init__(
        self,
        past: Past,
        rules: Rules,
        absences: Sequence[tuple[datetime, datetime]] = (),
        watch: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        self.store = Store(IN_MEMORY)
        self._pipeline = Pipeline(self.store, rules)
        self._escalator = Escalator(self.store, self._pipeline, rules)
        self._absences = absences
        self._watch = watch
        self._done: dict[Deed | Corrected | CorrectedReply, int] = {}
        """Under which number here people's doings of there are."""
        for name, value in past.watched().items():
            self.store.remember(name, value)

    def run(self, happened: Sequence[Happening], until: datetime) -> None:
        """Let everything in *happened* happen again, and tell what falls due before *until*."""
        with self.store.transaction():
            for at, together in groupby(happened, key=lambda each: each.at):
                if at >= until:
                    break
                self._pass(at)
                self._take(list(together), at)
                self._look(at)
            self._pass(until)

    def _pass(self, until: datetime) -> None:
        """Look at every instant before *until* at which somebody is to be told something."""
        looked: datetime | None = None
        while at := self.store.told.next_look():
            # Instants are kept to the millisecond: what is due within one is due after it.
            at = max(self._present(at), looked + _AN_INSTANT) if looked else self._present(at)
            if at >= until:
                break
            self._look(at)
            looked = at

    def _present(self, at: datetime) -> datetime:
        """Return when a daemon first looks at what is due at *at*."""
        return next((end for begin, end in self._absences if begin < at < end), at)

    def _look(self, at: datetime) -> None:
        self._watch(at)
        if self._present(at) > at:
            return
        self._escalator.tick(at)
        for receiver in self.store.outbox.receivers(at):
            for item in self.store.outbox.due(receiver, at):
                if self.store.outbox.claim(item, at):
                    self.store.outbox.sent(item, {}, at)

    def _take(self, happened: Sequence[Happening], at: datetime) -> None:
        self._hear([each for each in happened if isinstance(each, Heard | Gone)], at)
        self._judge([each for each in happened if isinstance(each, Found)], at)
        self._judge_replies([each for each in happened if isinstance(each, FoundOfReply)], at)
        for each in happened:
            if isinstance(each, Deed):
                self._do(each)
            elif isinstance(each, Corrected):
                self._correct(each)
            elif isinstance(each, CorrectedReply):
                self._correct_reply(each)
            elif isinstance(each, TakenBack):
                self._take_back(each)
            elif isinstance(each, Muted):
                silence = each.silence
                told = silence.match, silence.until, silence.actor, silence.reason
                self.store.silences.add(*told, silence.began_at)
        self._pipeline.track_pending(at)

    def _hear(self, heard: Sequence[Heard | Gone], at: datetime) -> None:
        pages: dict[tuple[str, str, bool], list[Heard | Gone]] = defaultdict(list)
        for each in heard:
            if isinstance(each, Heard) and each.we_sent and self._send(each):
                continue
            old = isinstance(each, Heard) and each.old
            pages[each.account, each.network, old].append(each)
        for (account, network, old), items in pages.items():
            page = Page(
                cursor={},
                messages=[each.message for each in items if isinstance(each, Heard)],
                gone=[each.remote_id for each in items if isinstance(each, Gone)],
            )
            self._pipeline.ingest(Origin(account, network, _REPLAY), page, at, first=old)

    def _send(self, heard: Heard) -> bool:
        """Let a reply of ours be sent once more; False where there is nothing to answer."""
        store, message, at = self.store, heard.message, heard.at
        case = store.cases.of_thread(heard.account, message.thread_id, "")
        if case is None or store.messages.find(heard.account, message.remote_id):
            return False
        reply = OutgoingReply(
            key=f"reply:{message.remote_id}",
            thread_id=message.thread_id,
            stream=message.stream,
            text=message.text,
            parent_id=message.parent_id or "",
            recipient=None,
            sent_after=at,
        )
        store.outbox.add_reply(heard.account, case, reply, at)
        item = next(each for each in store.outbox.due(heard.account, at) if each.reply)
        if claimed := store.outbox.claim(item, at):
            self._pipeline.reply_sent(claimed, heard.account, heard.network, message, at)
        return True

    def _judge(self, found: Sequence[Found], at: datetime) -> None:
        verdicts = []
        for each in found:
            message = self.store.messages.find(each.account, each.remote_id)
            if message:
                # Of a text that stands no more, too: what it asked for counts.
                verdicts.append((replace(message, text=each.text), each.verdict))
        if verdicts:
            self._pipeline.judge(verdicts, at)

    def _judge_replies(self, found: Sequence[FoundOfReply], at: datetime) -> None:
        verdicts = []
        for each in found:
            message = self.store.messages.find(each.account, each.remote_id)
            if message and message.text == each.text:
                sent_at = from_text(message.sent_at)
                reply = UnjudgedReply(message.id, each.account, each.text, sent_at, sent_at, "")
                verdicts.append((reply, each.verdict))
        if verdicts:
            self._pipeline.judge_replies(verdicts, at, "")

    def _do(self, deed: Deed) -> None:
        case = self.store.cases.of_thread(deed.account, deed.thread, deed.opened_by)
        if case is not None:
            self._done[deed] = self.store.actions.add(
                case, deed.action, deed.actor, deed.at, deed.detail
            )

    def _correct(self, word: Corrected) -> None:
        message = self.store.messages.find(word.account, word.remote_id)
        subject = self.store.corrections.subject_of(message.id) if message else None
        if subject and subject.judged:
            touched = self.store.corrections.add(subject, word.said, word.actor, word.at)
            self._done[word] = self.store.corrections.newest(subject.id)
            self._pipeline.track(touched, word.at)

    def _correct_reply(self, word: CorrectedReply) -> None:
        message = self.store.messages.find(word.account, word.remote_id)
        subject = self.store.reply_corrections.subject(message.id) if message else None
        if subject and subject.judged == word.text and word.said:
            self._pipeline.correct_reply(subject.id, dict(word.said), "", word.actor, word.at)
            self._done[word] = self.store.reply_corrections.newest(subject.id)

    def _take_back(self, undone: TakenBack) -> None:
        number = self._done.get(undone.done)
        if number is None:
            return
        if isinstance(undone.done, Deed):
            self.store.actions.undo(number, undone.actor, undone.at)
        elif isinstance(undone.done, CorrectedReply):
            self._pipeline.undo_reply_correction(number, undone.actor, undone.at)
        else:
            touched = self.store.corrections.undo(number, undone.actor, undone.at)
            self._pipeline.track(touched, undone.at)

    def close(self) -> None:
        """Forget everything."""
        self.store.close()


def rehearse(
    past: Past,
    rules: Rules,
    span: tuple[datetime, datetime],
    tz: tzinfo,
    watch: Callable[[datetime], None] = lambda _: None,
) -> Outcome:
    """Return what *rules* would have told in *span*, against what was; days are those of *tz*."""
    since, until = span
    happened = past.happened(since)
    first = min([since, *(each.at for each in happened)])
    absences = past.absences(first, until, ABSENT)
    rehearsal = Rehearsal(past, rules, absences, watch)
    # What was read stays to the end: whoever collects garbage need not look at it over and over.
    gc.freeze()
    try:
        rehearsal.run(happened, until)
        was = [each for each in past.told.steps(since) if each.at < until]
        now = rehearsal.store.told.steps(since)
        breaches = Tally(
            _by_policy(past.told.breaches(since, until)),
            _by_policy(rehearsal.store.told.breaches(since, until)),
        )
    finally:
        gc.unfreeze()
        rehearsal.close()
    alike, differences = compared(was, now, past.case_of)
    return Outcome(
        since=since,
        until=until,
        policies=_tally(was, now, lambda each: [each.policy]),
        sinks=_tally(was, now, lambda each: each.sinks),
        days=_tally(was, now, lambda each: [str(_day(each.at, tz))]),
        breaches=breaches,
        alike=alike,
        differences=tuple(differences),
        absences=tuple((max(a, since), b) for a, b in absences if b > since),
    )


def compared(
    was: Iterable[ToldStep],
    now: Iterable[ToldStep],
    case_of: Callable[[str, str, datetime], int | None],
) -> tuple[int, list[Difference]]:
    """Return how many alerts are alike in two histories, and those that are not, in order."""
    there, here = _numbered(was), _numbered(now)
    differences = []
    for key in dict.fromkeys([*there, *here]):
        before, after = there.get(key), here.get(key)
        change = _change(before, after)
        if change is None:
            continue
        if before:
            case: int | None = before.case
        else:
            case = case_of(after.account, after.message, after.at) if after else None
        differences.append(Difference(change, case, before, after))
    alike = len({*there} | {*here}) - len(differences)
    return alike, sorted(differences, key=lambda each: each.at)


def _numbered(steps: Iterable[ToldStep]) -> Mapping[tuple[str, str, str, int], ToldStep]:
    """Return *steps* by what they are; a wait that begins again can have the same twice."""
    count: Counter[tuple[str, str, str]] = Counter()
    found = {}
    for each in steps:
        found[*each.what, count[each.what]] = each
        count[each.what] += 1
    return found


def _change(was: ToldStep | None, now: ToldStep | None) -> Change | None:
    if was is None or now is None:
        return Change.NEW if was is None else Change.GONE
    if {*was.sinks} != {*now.sinks}:
        return Change.OTHERS
    if abs(now.at - was.at) < NEARLY:
        return None
    return Change.EARLIER if now.at < was.at else Change.LATER


def _tally(
    was: Iterable[ToldStep], now: Iterable[ToldStep], names: Callable[[ToldStep], Iterable[str]]
) -> Tally:
    return Tally(Counter(_each(was, names)), Counter(_each(now, names)))


def _each(steps: Iterable[ToldStep], names: Callable[[ToldStep], Iterable[str]]) -> Iterator[str]:
    for step in steps:
        yield from names(step)


def _by_policy(breaches: Iterable[Breach]) -> Counter[str]:
    return Counter(breach.policy or "no policy" for breach in breaches)


def _day(at: datetime, tz: tzinfo) -> date:
    return at.astimezone(tz).date()
