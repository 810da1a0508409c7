"""Promises about a changing configuration: whatever happens, nothing is told twice or never."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match, Policy
from inboxd.core.told import BROKEN, OVERDUE
from inboxd.core.tracking import Rules, decisions, next_look
from inboxd.core.waits import WaitKind
from inboxd.durations import parse_business
from inboxd.model import Manners, Promised, ReplyVerdict
from inboxd.store.times import to_text
from tests.store.shop import ALWAYS, QUIET, Shop, answered, at, open_shop, policy, said, step

KYIV = ZoneInfo("Europe/Kyiv")
OFFICE = OpeningHours(
    "office",
    KYIV,
    {day: [(9 * 3600, 13 * 3600), (14 * 3600, 18 * 3600)] for day in range(5)},
    closed=frozenset({date(2026, 11, 25)}),
    breaks={date(2026, 11, 24): [(10 * 3600, 11 * 3600)]},
)
NIGHTS = OpeningHours("nights", KYIV, {day: [(22 * 3600, 30 * 3600)] for day in range(7)})
DAYS = 24 * 60
TEXTS = ("It is on its way.", "We will call you.", "We will call you by ten.", "Ask the hotline.")
MANNERS = Manners(greeting=False, thanks=False, apology=False, punctuation=True, capitals=True)

SPANS = st.sampled_from(["30m", "1h", "3h", "1d"]).map(parse_business)
STEPS = st.lists(
    st.tuples(st.sampled_from(["0%", "50%", "100%", "45m", "100%+1h"]), st.booleans()),
    max_size=3,
    unique_by=lambda each: each[0],
).map(
    lambda found: tuple(step(at, "support", repeat="2h" if often else None) for at, often in found)
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """What a person may make of a policy in an afternoon."""
    maybe = st.none() | SPANS
    return policy(
        draw(st.sampled_from(["all", "other"])),
        Match(kind=frozenset(draw(st.sampled_from([(), (), ("complaint",)])))),
        hours=draw(st.sampled_from([ALWAYS, OFFICE, NIGHTS])),
        first_response=draw(maybe),
        next_response=draw(maybe),
        resolution=draw(maybe),
        promise=draw(maybe),
        snooze_pauses=draw(st.booleans()),
        steps=draw(STEPS),
        remind_after=draw(SPANS),
    )


RULES = st.lists(policies(), min_size=1, max_size=2, unique_by=lambda each: each.name).map(
    lambda found: Rules(tuple(found), QUIET)
)
DOINGS = st.one_of(
    st.tuples(st.just("said"), st.sampled_from(["When?", "It is awful!", "Many thanks"])),
    st.tuples(st.just("answered"), st.sampled_from(TEXTS)),
    st.tuples(st.just("act"), st.sampled_from(["ack", "snooze", "close", "reopen"])),
    st.tuples(st.just("rules"), RULES),
    st.tuples(st.just("rules"), RULES),
    st.tuples(st.just("wait"), st.none()),
)
AFTERNOON = st.lists(st.tuples(st.integers(0, 600), DOINGS), min_size=2, max_size=14)


def verdict(text: str) -> ReplyVerdict:
    """Return what a reader of three words makes of an answer."""
    promised = Promised(0, 4, "ten", date(2026, 11, 24), at(DAYS + 60)) if "ten" in text else None
    promises, deflects = "will call" in text, "hotline" in text
    scores = {"promise": 1.0 * promises, "deflection": 1.0 * deflects, "non_answer": 0.0}
    return ReplyVerdict(deflects, promises, False, "en", scores, MANNERS, promised)


@dataclass
class Day:
    """A shop to which everything happens, and what is checked after each of it."""

    shop: Shop
    minutes: float = 0
    heard: int = 0
    told_until: dict[int, str] = field(default_factory=dict)
    broken: set[tuple[int, str]] = field(default_factory=set)
    """Of which waits people know which promise to be broken."""

    def do(self, minutes: int, doing: tuple[str, Any]) -> None:
        """Let time pass, and something happen; then look."""
        self.minutes += minutes
        self.shop.now = at(self.minutes)
        number = self.shop.value("SELECT count(*) FROM messages")
        match doing:
            case "said", text:
                self.shop.hear(said(self.minutes, f"m{number}", text))
                self.shop.judge()
            case "answered", text:
                self.shop.hear(answered(self.minutes, f"m{number}", text))
                waiting = self.shop.store.replies.unjudged(10)
                judged = [(each, verdict(each.text)) for each in waiting]
                self.shop.pipeline.judge_replies(judged, self.shop.now, "test")
            case "act", action:
                if self.shop.value("SELECT count(*) FROM cases"):
                    until = self.shop.now + timedelta(hours=3)
                    self.shop.act(action, to_text(until) if action == "snooze" else "")
            case "rules", rules:
                self.shop.rules = rules
                self.shop.pipeline.track_open(self.shop.now)
        self.look()

    def look(self) -> None:
        """Let the escalation look, and check what it told and left."""
        self.shop.tick()
        self._check_alerts()
        before = self.shop.value("SELECT count(*) FROM alerts")
        self.shop.tick()
        assert self.shop.value("SELECT count(*) FROM alerts") == before
        self._check_waits()

    def _check_alerts(self) -> None:
        new = self.shop.rows(
            "SELECT a.id, a.reason, a.wait_id, w.ended_at, w.told_until, w.since, "
            "c.acknowledged_at, c.snoozed_at, c.snoozed_until, c.wrote_at FROM alerts AS a "
            "JOIN waits AS w ON w.id = a.wait_id JOIN cases AS c ON c.id = w.case_id "
            "WHERE a.id > ? AND a.tone <> 'recovery'",
            self.heard,
        )
        now = to_text(self.shop.now)
        for number, reason, wait, ended, until, since, acked, snoozed, wakes, wrote in new:
            self.heard = max(self.heard, number)
            assert ended is None, "nothing is told of what is over"
            assert until <= now, "nothing is told ahead of its time"
            # What began after it, such as what a deflection of ours owes, was not put off by it.
            asleep = wakes and wakes > now and not (wrote > snoozed or since > snoozed)
            assert not asleep, "nothing is told of what sleeps"
            if reason == "step_due":
                assert not (acked and acked >= since), "nothing is told of what is taken"
                # Other rules may make a breach due before what was told, which is news, once.
                told, broken = self.told_until.get(wait, ""), self._broken(wait) - self.broken
                assert until > told or (until == told and broken), "no step is told twice"
        for wait, until in self.shop.rows("SELECT id, coalesce(told_until, '') FROM waits"):
            assert until >= self.told_until.get(wait, "")
            self.told_until[wait] = until
            self.broken |= self._broken(wait)

    def _broken(self, wait: int) -> set[tuple[int, str]]:
        told = json.loads(self.shop.value("SELECT told FROM waits WHERE id = ?", wait))
        return {(wait, mark) for mark in (BROKEN, OVERDUE) if mark in told}

    def _check_waits(self) -> None:
        policies = {policy.name: policy for policy in self.shop.rules.policies}
        numbers = [number for (number,) in self.shop.rows("SELECT id FROM cases")]
        for case, _ in self.shop.store.cases.load(numbers):
            assert (case.status == "waiting") == bool(case.open_waits)
            policy = policies.get(case.policy)
            if policy is None or not case.open_waits:
                continue
            targets = {
                WaitKind.FIRST_RESPONSE: policy.first_response,
                WaitKind.NEXT_RESPONSE: policy.next_response,
                WaitKind.PROMISE: policy.promise,
                WaitKind.RESOLUTION: policy.resolution,
            }
            for wait in case.open_waits:
                assert (wait.due_at is not None) == (targets[wait.kind] is not None)
            dues = [wait.due_at for wait in case.open_waits if wait.due_at]
            if policy.resolution is None:
                assert case.due_at == min(dues, default=None)
            decided = [decision for _, _, decision in decisions(case, policy, self.shop.now)]
            assert not any(decision.firings for decision in decided)
            assert case.next_step_at == next_look(decided, self.shop.now)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, AFTERNOON)
def test_no_change_of_rules_tells_twice_or_forgets(
    rules: Rules, afternoon: list[tuple[int, tuple[str, Any]]]
) -> None:
    """Whatever people write, promise, do and configure: each wait is told of as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        shop = open_shop(Path(folder) / "inboxd.db", rules=rules)
        day = Day(shop)
        try:
            for minutes, doing in afternoon:
                day.do(minutes, doing)
            for _ in range(4):
                day.do(DAYS // 2, ("wait", None))
        finally:
            shop.store.close()


def test_the_clocks_of_this_test_are_what_they_seem() -> None:
    """Else the laws above would hold of nothing."""
    monday = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert (at(0), OFFICE.is_open(monday), NIGHTS.is_open(monday)) == (monday, True, False)
