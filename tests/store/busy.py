"""
A busy shop in simulated time: everything that can happen to it does, at the whim of a seed.

The daemon's part is played by the real store, pipeline and escalation; its clock jumps from one
instant at which something happens to the next. What must hold is checked as it happens.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from inboxd.connector import Page
from inboxd.core.escalation import Reason
from inboxd.core.grouping import Grouping, Trait
from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match, Policy, Step, Until
from inboxd.core.silences import silenced_until
from inboxd.core.sla import Target
from inboxd.core.states import FOR_EVER
from inboxd.core.told import BROKEN, OVERDUE, step_name
from inboxd.core.tracking import Rules, attention_of, decisions, facts_of, silence_of
from inboxd.core.waits import WaitKind
from inboxd.desk import Desk, Done
from inboxd.durations import parse_business, parse_step_at
from inboxd.errors import UserError
from inboxd.model import Author, Direction, Manners, Message, Promised, ReplyVerdict, Stream
from inboxd.pipeline import Origin, Pipeline
from inboxd.store.times import from_text, to_text
from inboxd.workers.escalator import Escalator
from tests.store.shop import BRAND, Shop, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inboxd.core.states import CaseState, Setting, WaitState
    from inboxd.store import Store

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")
HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in (
        "2026-01-01", "2026-03-08", "2026-03-09", "2026-04-12", "2026-04-13", "2026-05-01",
        "2026-05-08", "2026-06-29", "2026-07-15", "2026-08-24", "2026-10-01", "2026-12-25",
    )
)  # fmt: skip
"""Closed days in Kyiv; some fall on the days beside a change of the clocks."""
_WORKDAY = ((9 * 3_600, 13 * 3_600), (14 * 3_600, 18 * 3_600))
OFFICE = OpeningHours("office", KYIV, dict.fromkeys(range(5), _WORKDAY), closed=HOLIDAYS)
NIGHTS = OpeningHours("nights", KYIV, dict.fromkeys(range(7), ((22 * 3_600, 28 * 3_600),)))
ALWAYS = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})
TOGETHER = Grouping((Trait.POLICY, Trait.ACCOUNT), timedelta(seconds=30))
TEXTS = (
    "awful, where is order {0}?", "awful service {0}", "please send {0} again", "hello, {0}",
    "thanks for {0}", "is {0} sold out?", "please, {0}", "anybody there? {0}",
)  # fmt: skip


def _steps(hard: bool) -> tuple[Step, ...]:  # noqa: FBT001 - which of two
    late = Step(parse_step_at("100%"), ("support", "lead"), until=Until.ANSWERED)
    return (
        Step(parse_step_at("50%"), ("support",)),
        late if hard else replace(late, until=Until.ACKNOWLEDGED),
        Step(parse_step_at("100% + 1h"), ("lead",), parse_business("4h")),
    )


def _policy(name: str, response: str, hours: OpeningHours, **changes: Any) -> Policy:
    plain: dict[str, Any] = {
        "first_response": parse_business(response),
        "next_response": parse_business(response),
        "steps": _steps(hard=False),
        "remind_after": parse_business("2h"),
    }
    match = changes.pop("match", Match())
    return Policy(name, match, hours, **plain | changes)


_COMPLAINTS = Match(kind=frozenset({"complaint"}))
_REQUESTS = Match(kind=frozenset({"request"}), stream=frozenset({"direct_messages"}))
_QUIET = timedelta(days=1)
RULES = (
    Rules(
        (
            _policy(
                "complaints",
                "30m",
                ALWAYS,
                match=_COMPLAINTS,
                resolution=parse_business("1d"),
                promise=parse_business("4h"),
                snooze_pauses=True,
            ),
            _policy("requests", "2h", OFFICE, match=_REQUESTS, steps=_steps(hard=True)),
            _policy("everything else", "4h", OFFICE, promise=parse_business("1d")),
        ),
        _QUIET,
        TOGETHER,
    ),
    Rules(
        (
            _policy("complaints", "1h", OFFICE, match=_COMPLAINTS, steps=_steps(hard=True)),
            _policy("everything else", "3h", NIGHTS, first_response=parse_business("90m")),
        ),
        timedelta(days=3),
        Grouping(),
    ),
    Rules(
        (
            _policy("angry", "20m", OFFICE, match=_COMPLAINTS, remind_after=None),
            _policy("requests", "2h", OFFICE, match=_REQUESTS, steps=()),
            _policy(
                "all",
                "1d",
                OFFICE,
                next_response=None,
                resolution=parse_business("3d"),
                promise=parse_business("2h"),
            ),
        ),
        _QUIET,
        TOGETHER,
    ),
)
"""What a shop changes its configuration to: hours, targets, names, steps, and whom it watches."""


ANSWERS = (
    *["Answer {} is on its way to you."] * 6,
    "We will call you about {}.",
    "We will call you about {} by ten.",
    "Please ask the hotline about {}.",
)
_MANNERS = Manners(greeting=False, thanks=False, apology=False, punctuation=True, capitals=True)


def owed_by(text: str, now: datetime) -> ReplyVerdict:
    """Return what a reader of three words makes of an answer."""
    at_ten = Promised(0, 3, "ten", now.date() + timedelta(days=1)) if "ten" in text else None
    promises, deflects = "will call" in text, "hotline" in text
    scores = {"promise": 1.0 * promises, "deflection": 1.0 * deflects, "non_answer": 0.0}
    return ReplyVerdict(deflects, promises, False, "en", scores, _MANNERS, at_ten)


@dataclass(frozen=True, slots=True)
class Habits:
    """How often what happens, of a hundred polls."""

    messages: float = 1.9
    """How many customers write between two polls by day."""
    downtimes: float = 0.5
    clock_jumps: float = 0.0
    rule_changes: float = 0.0
    broken_sinks: float = 1.0
    late: float = 3.0
    """Of a hundred messages."""


CALM = Habits(downtimes=0.0, broken_sinks=0.0)


@dataclass
class BusyShop:
    """A shop on *store*, from the beginning of a year on; the same *seed* does the same."""

    store: Store
    seed: int
    habits: Habits = Habits()
    now: datetime = BEGINS
    told: int = 0
    """The number of the last alert that was looked at."""
    told_until: dict[int, str] = field(default_factory=dict)
    broken: set[tuple[int | None, str]] = field(default_factory=set)
    """Of which waits people know which promise to be broken."""
    counts: dict[str, int] = field(default_factory=dict)
    known: list[Message] = field(default_factory=list)
    late: list[Message] = field(default_factory=list)
    rules: Rules = RULES[0]
    _number: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._restart()

    def _restart(self) -> None:
        self.pipeline = Pipeline(self.store, self.rules)
        self.escalator = Escalator(self.store, self.pipeline, self.rules)
        self.store.outbox.abandon_claims()

    @cached_property
    def shop(self) -> Shop:
        """Return who asks the database what only tests ask."""
        return Shop(self.store)

    def run(self, days: float, at_night: Any = lambda: None) -> None:
        """Let *days* go by; *at_night* is called once a day."""
        end = self.now + timedelta(days=days)
        tomorrow = self.now + timedelta(days=1)
        while self.now < end:
            self._pass(self._next_poll())
            self._poll()
            if self.now >= tomorrow:
                tomorrow = self.now + timedelta(days=1)
                at_night()

    def _next_poll(self) -> datetime:
        by_day = 8 <= self.now.astimezone(KYIV).hour < 20
        minutes = self.random.randint(10, 120 if by_day else 300)
        seconds = self.random.randint(0, 59)
        return self.now + timedelta(
            minutes=minutes, seconds=seconds, milliseconds=self.seed % 1_000
        )

    def _pass(self, until: datetime) -> None:
        """Tick at every instant before *until* at which a daemon would find something to do."""
        while (at := self.store.told.next_look()) and at < until:
            # Instants are kept to the millisecond: what is due within one is due after it.
            self.now = max(at, self.now + timedelta(milliseconds=1))
            self._tick()
        self.now = max(until, self.now)

    def _tick(self) -> None:
        self.escalator.tick(self.now)
        self._check_new_alerts()
        self._deliver()

    def _poll(self) -> None:
        """Hear, judge, do and tell whatever has come up since the last poll."""
        self._troubles()
        before = self.counts.get("messages", 0)
        page = [*self._heard_late(), *self._written(), *self._answers(), *self._changes()]
        self.counts["messages"] = before + len(page)
        if page:
            origin = Origin("shop-vk", "vk", "feed")
            self.pipeline.ingest(origin, Page({"position": self._number}, page), self.now)
        while waiting := self.store.messages.unclassified(200):
            self.pipeline.judge([(each, verdict(each.text)) for each in waiting], self.now)
        while replies := self.store.replies.unjudged(200):
            owing = [(each, owed_by(each.text, self.now)) for each in replies]
            self.pipeline.judge_replies(owing, self.now, "test")
        self._deeds()
        self._tick()

    def _chance(self, of_a_hundred: float) -> bool:
        return self.random.random() * 100 < of_a_hundred

    def _troubles(self) -> None:
        habits = self.habits
        if self._chance(habits.downtimes):
            self._be_down(timedelta(hours=self.random.randint(1, 60)))
        if self._chance(habits.clock_jumps):
            self.count("clock jumps")
            self.now += timedelta(hours=self.random.choice([-30, -3, -1, 1, 5, 50]))
        if self._chance(habits.rule_changes):
            self.count("rule changes")
            self.rules = self.random.choice([each for each in RULES if each is not self.rules])
            self._restart()
            self.pipeline.track_open(self.now)

    def _be_down(self, span: timedelta) -> None:
        self.count("downtimes")
        began, self.now = self.now, self.now + span
        with self.store.transaction():
            self.store.coverage.begin("shop-vk", "feed", began, "not_running")
            self.store.coverage.end("shop-vk", "feed", self.now, 0)
        self._restart()

    def count(self, what: str) -> None:
        """Count what happened, to see that a test saw enough of it."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def _written(self) -> Iterator[Message]:
        by_day = 7 <= self.now.astimezone(KYIV).hour < 23
        busy = self.habits.messages * (1 if by_day else 0.3)
        if self._chance(1):
            busy *= 12  # A courier broke down.
        for _ in range(int(self.random.expovariate(1 / busy)) if busy else 0):
            message = self._message(self.random.randint(0, 40))
            self.known.append(message)
            if self._chance(self.habits.late):
                self.late.append(message)
            else:
                yield message
        del self.known[:-400]

    def _message(self, minutes_ago: int) -> Message:
        self._number += 1
        customer = self.random.randint(1, 3_000)
        public = customer % 4 == 0
        thread = f"wall:{customer // 40}" if public else f"dm:{customer}"
        return Message(
            remote_id=f"m{self._number}",
            thread_id=thread,
            stream=Stream.COMMENTS if public else Stream.DIRECT_MESSAGES,
            direction=Direction.INBOUND,
            public=public,
            sent_at=self.now - timedelta(minutes=minutes_ago, seconds=self.random.randint(0, 59)),
            text=self.random.choice(TEXTS).format(self._number),
            author=Author(f"c{customer}", f"Customer {customer}", followers=customer),
        )

    def _heard_late(self) -> Iterator[Message]:
        for message in [each for each in self.late if self._chance(20)]:
            self.late.remove(message)
            self.count("late")
            yield message
        if self.known and self._chance(5):
            yield self.random.choice(self.known)  # once more: networks repeat themselves

    def _answers(self) -> Iterator[Message]:
        waiting = self.shop.rows(
            "SELECT v.remote_id, v.stream, v.public, "
            "iif(w.kind IN ('promise', 'resolution'), NULL, a.remote_id), w.since FROM cases AS c "
            "JOIN conversations AS v ON v.id = c.conversation_id "
            "JOIN waits AS w ON w.case_id = c.id AND w.ended_at IS NULL "
            "JOIN messages AS m ON m.id = w.message_id LEFT JOIN authors AS a ON a.id = m.author_id "
            "WHERE c.status = 'waiting' ORDER BY c.id"
        )
        for thread, stream, public, author, since in waiting:
            if not self._chance(45 if self.now.astimezone(KYIV).hour in range(9, 18) else 12):
                continue
            self._number += 1
            self.count("answers")
            minutes = self.random.randint(0, 20)
            sent_at = max(self.now - timedelta(minutes=minutes), from_text(since))
            named = public and author and self._chance(70)
            yield Message(
                remote_id=f"a{self._number}",
                thread_id=thread,
                stream=Stream(stream),
                direction=Direction.OUTBOUND,
                public=bool(public),
                sent_at=min(sent_at + timedelta(seconds=61), self.now),
                text=self.random.choice(ANSWERS).format(self._number),
                author=BRAND,
                addressees=(author,) if named else (),
            )

    def _changes(self) -> Iterator[Message]:
        """Yield what customers edit, and what they take back."""
        heard = [each for each in self.known[-60:] if each not in self.late]
        for message in heard:
            if self._chance(0.15):
                self.count("deletions")
                yield replace(message, deleted=True)
            elif self._chance(0.2):
                self.count("edits")
                text = self.random.choice(TEXTS).format(f"{message.remote_id} edited")
                edited = replace(message, text=text, edited_at=self.now - timedelta(minutes=1))
                self.known[self.known.index(message)] = edited
                yield edited

    def _deeds(self) -> None:
        for number, status in self.shop.rows(
            "SELECT id, status FROM cases WHERE status = 'waiting' "
            "OR (ended_at IS NULL AND status = 'answered') ORDER BY id"
        ):
            if self._chance(2.5):
                self._do(number, status)
        if self._chance(1) and (over := self._any_over()):
            self._act(over, "reopen")
        if self._chance(1.5):
            self._take_back()
        if self._chance(0.7):
            self.count("silences")
            account, kind = self.random.choice(
                [("shop-vk", "complaint"), ("shop-vk", ""), ("x", "")]
            )
            match = Match(frozenset({account}), kind=frozenset(filter(None, [kind])))
            until = self.now + timedelta(minutes=self.random.randint(20, 900))
            with self.store.transaction():
                self.store.silences.add(match, until, "boris", "", self.now)
        self.pipeline.track_pending(self.now)

    def _any_over(self) -> int | None:
        rows = self.shop.rows(
            "SELECT id FROM cases WHERE status IN ('closed', 'resolved') "
            "AND close_reason NOT LIKE 'merged%' AND close_reason NOT LIKE 'deleted%' "
            "ORDER BY id DESC LIMIT 40"
        )
        return self.random.choice(rows)[0] if rows else None

    def _do(self, case: int, status: str) -> None:
        doing = self.random.choice(["ack", "ack", "snooze", "close", "assign", "nothing"])
        if status == "waiting" and doing == "snooze":
            until = self.now + timedelta(minutes=self.random.randint(10, 1_500))
            self._act(case, doing, to_text(until))
        elif (status == "waiting" and doing == "ack") or doing == "close":
            self._act(case, doing)
        elif doing == "assign":
            self._act(case, doing, self.random.choice(["anna", ""]))

    def _act(self, case: int, doing: str, detail: str = "") -> None:
        self.count(doing)
        with self.store.transaction():
            self.store.actions.add(case, doing, "anna", self.now, detail)

    def _take_back(self) -> None:
        """Take one of the latest deeds back, where the world allows."""
        done = self.shop.rows(
            "SELECT case_id, id FROM actions WHERE undone_at IS NULL ORDER BY id DESC LIMIT 4"
        )
        if done:
            case, number = self.random.choice(done)
            with suppress(UserError):
                Desk(self.store, self.rules).undo(Done(case, "", number), "boris", self.now)
                self.count("taken back")

    def _deliver(self) -> None:
        for receiver in self.store.outbox.receivers(self.now):
            for item in self.store.outbox.due(receiver, self.now):
                claimed = self.store.outbox.claim(item, self.now)
                if claimed and self._chance(self.habits.broken_sinks):
                    later = self.now + timedelta(minutes=self.random.randint(1, 90))
                    unsure = self._chance(30)
                    self.store.outbox.retry(claimed, later, "503", uncertain=unsure)
                elif claimed:
                    self.store.outbox.sent(claimed, {}, self.now)

    # What must hold.

    def _check_new_alerts(self) -> None:
        """Of each new alert: it has a reason, nobody was told before, and it is still true."""
        silences = None
        for number, reason, wait, case in self.shop.rows(
            "SELECT a.id, a.reason, a.wait_id, w.case_id FROM alerts AS a "
            "LEFT JOIN waits AS w ON w.id = a.wait_id WHERE a.id > ? ORDER BY a.id",
            self.told,
        ):
            self.told = number
            self.count(f"told {reason}")
            assert case, f"alert {number} is about a case and a wait"
            if reason.startswith("wait_"):
                continue
            assert reason in {Reason.STEP_DUE, Reason.REMINDER_DUE}
            silences = self.store.silences.active(self.now) if silences is None else silences
            ((state, setting),) = self.store.cases.load([case])
            open_wait = next((each for each in state.open_waits if each.id == wait), None)
            assert open_wait, f"alert {number} tells of nobody who waits"
            self._check_attention(number, reason, (state, open_wait), setting, silences)
            until = to_text(open_wait.told_until or BEGINS)
            self._check_news(number, reason, open_wait, until)

    def _check_news(self, number: int, reason: str, wait: WaitState, until: str) -> None:
        """A step is of a later time than what was told before, or the first of a broken promise."""
        told = self.told_until.get(wait.id or 0, "")
        broken = {(wait.id, mark) for mark in (BROKEN, OVERDUE) if mark in wait.told}
        if reason == Reason.STEP_DUE:
            assert until > told or broken - self.broken, f"alert {number} was told before"
        assert until >= told, "what was told stays told"
        ahead = until > to_text(self.now)
        assert not ahead or until == told, f"alert {number} was told ahead of its time"
        self.told_until[wait.id or 0] = until
        self.broken |= broken

    def _check_attention(
        self,
        number: int,
        reason: str,
        about: tuple[CaseState, WaitState],
        setting: Setting,
        silences: Sequence[Any],
    ) -> None:
        case, wait = about
        facts = facts_of(setting, case.traits)
        assert not silenced_until(silences, facts, self.now), f"alert {number} is silenced"
        wrote_since = case.snoozed_at and case.wrote_at and case.wrote_at > case.snoozed_at
        asleep = case.snoozed_until and case.snoozed_until > self.now and not wrote_since
        # What began after it was not put off by it.
        asleep = asleep and case.snoozed_at and wait.since <= case.snoozed_at
        assert not asleep, f"alert {number} tells of a case that sleeps"
        taken_at = case.acknowledged_at
        taken = taken_at is not None and taken_at >= wait.since
        assert taken or reason != Reason.REMINDER_DUE, f"alert {number} reminds nobody"
        policy = self._policies[case.policy]
        going_on = any(step.until is Until.ANSWERED for step in policy.steps)
        if taken and reason == Reason.STEP_DUE:
            assert going_on, f"alert {number} tells of what somebody has taken"

    @property
    def _policies(self) -> dict[str, Policy]:
        return {policy.name: policy for policy in self.rules.policies}

    def check(self) -> None:
        """Check what must hold of everything that is open; on Mondays, of all that was told."""
        silences = self.store.silences.active(self.now)
        numbers = [n for (n,) in self.shop.rows("SELECT id FROM cases WHERE status = 'waiting'")]
        for case, setting in self.store.cases.load(numbers):
            self._check_case(case, setting, silences)
        if self.now.weekday() == 0:
            self.check_told()

    def _check_case(self, case: CaseState, setting: Setting, silences: Sequence[Any]) -> None:
        policy = self._policies[case.policy]
        assert case.open_waits, f"case {case.id} waits for nothing"
        targets = {
            WaitKind.FIRST_RESPONSE: policy.first_response,
            WaitKind.NEXT_RESPONSE: policy.next_response,
            WaitKind.PROMISE: policy.promise,
            WaitKind.RESOLUTION: policy.resolution,
        }
        silenced = silence_of(case, setting, silences, self.now)
        for wait, due, decision in decisions(case, policy, self.now, silenced):
            is_due = wait.due_at is not None
            assert is_due == (targets[wait.kind] is not None), f"case {case.id} is not due"
            # A reminder comes in the tick after a step that goes on.
            waits_its_turn = case.next_step_at is not None and case.next_step_at <= self.now
            assert waits_its_turn or not decision.firings, f"case {case.id} was overlooked"
            if due is None or not policy.steps:
                continue
            _, full, _ = policy.steps
            if due.at > self.now:
                continue
            attention = attention_of(case, wait, silenced)
            excused = decision.reason in {Reason.SNOOZED, Reason.SILENCED, Reason.ACKNOWLEDGED}
            excused = excused or attention.is_taken or attention.told_until == FOR_EVER
            # A resolution that was told of in an earlier wait of the case is told of for good.
            broken = OVERDUE if due.target is Target.RESOLUTION else BROKEN
            known = broken in attention.told or step_name(policy, due, full) in attention.told
            assert known or excused, f"the breach of case {case.id} was told to nobody"

    def check_told(self) -> None:
        """Check everything that was ever told, and the outbox."""
        self._check_endings()
        self._check_outbox()

    def _check_endings(self) -> None:
        """Whoever heard of a wait hears of its end, and nobody hears of it after that."""
        unheard = self.shop.rows(
            "SELECT w.id FROM waits AS w WHERE w.ended_at IS NOT NULL AND EXISTS ("
            "SELECT 1 FROM alerts AS a JOIN outbox AS o ON o.alert_id = a.id "
            "WHERE a.wait_id = w.id AND a.tone <> 'recovery' AND o.state = 'sent') "
            "AND NOT EXISTS (SELECT 1 FROM alerts WHERE wait_id = w.id AND tone = 'recovery')"
        )
        assert not unheard, "the end of a wait that people heard of was told to nobody"
        after = self.shop.rows(
            "SELECT a.id FROM alerts AS a JOIN waits AS w ON w.id = a.wait_id "
            "JOIN outbox AS o ON o.alert_id = a.id WHERE a.tone <> 'recovery' "
            "AND w.ended_at IS NOT NULL AND o.state = 'pending'"
        )
        assert not after, "something is still to be told of a wait that has ended"

    def _check_outbox(self) -> None:
        questions = {
            "an alert goes to nobody": "SELECT id FROM alerts "
            "WHERE id NOT IN (SELECT alert_id FROM outbox WHERE alert_id IS NOT NULL)",
            "a row is in two minds": "SELECT id FROM outbox WHERE (state = 'sent') <> (done_at IS NOT NULL)",
            "a row is of no alert": "SELECT id FROM outbox WHERE alert_id NOT IN (SELECT id FROM alerts)",
            "an alert has lost its wait": "SELECT id FROM alerts WHERE wait_id NOT IN "
            "(SELECT id FROM waits) OR case_id NOT IN (SELECT id FROM cases)",
            "a claim was left": "SELECT id FROM outbox WHERE state IN ('sending', 'unsure')",
            "a wait has lost its case": "SELECT id FROM waits WHERE case_id NOT IN (SELECT id FROM cases)",
            "a case waits twice": "SELECT case_id FROM waits WHERE ended_at IS NULL "
            "AND kind NOT IN ('promise', 'resolution') GROUP BY case_id HAVING count(*) > 1",
        }
        for what, question in questions.items():
            assert not self.shop.rows(question), what
