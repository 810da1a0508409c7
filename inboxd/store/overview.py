"""How many wait, how today's answers went, and who complains of what: for the overview."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.overview import AGES, WEEK, Answer, Waiting, days_up_to, hour_of, since_when
from inboxd.model import Topic
from inboxd.store.coverage import CoverageStore, Gap
from inboxd.store.kinds import OWED
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from inboxd.core.overview import Day
    from inboxd.core.policies import Policy

_WAITING = """
WITH ages (policy, a, b, c, d) AS MATERIALIZED (
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(:ages))
SELECT cases.account, cases.unanswered = 0 AS owed,
       (waiting_since <= a) + (waiting_since <= b) + (waiting_since <= c) + (waiting_since <= d)
           AS place,
       count(*), coalesce(sum(due_at <= :now), 0),
       coalesce(sum(snoozed_until > :now AND snoozed_at >= waiting_since AND wrote_at <= snoozed_at), 0)
  FROM cases
  JOIN ages ON ages.policy = iif(cases.policy IN (SELECT policy FROM ages), cases.policy, '')
 WHERE cases.status = 'waiting'
 GROUP BY 1, 2, 3
"""
_ANSWERS = f"""
SELECT cases.account, waits.kind = 'first_response',
       coalesce(waits.open_seconds, (julianday(waits.ended_at) - julianday(waits.since)) * 86400),
       waits.ended_at <= waits.due_at
  FROM waits JOIN cases ON cases.id = waits.case_id
 WHERE waits.ended_at >= ? AND waits.ended_at <= ? AND waits.outcome = 'answered'
   AND waits.kind NOT IN {OWED}
"""  # noqa: S608 - a constant
_IS_COMPLAINT = "kind = 'complaint' AND deleted_at IS NULL"
"""What the index messages_complaints finds."""


@dataclass(frozen=True, slots=True)
class Complaints:
    """
    Complaints by topic and hour; one on two topics counts in both.

    *today* and *usual* are of the same part of the day: up to the present time. *usual* is the
    mean of the *days* before, as many as there are up to seven. *by_hour* and *yesterday* are
    by the hour that the wall clock showed, and *yesterday* is whole.
    """

    today: Mapping[Topic, int]
    usual: Mapping[Topic, float]
    days: int
    by_hour: Sequence[int]
    yesterday: Sequence[int]

    @property
    def total(self) -> int:
        """Return how many there are today."""
        return sum(self.by_hour)


@dataclass(frozen=True, slots=True)
class Overview:
    """How it stands at *now*, and how today goes."""

    now: datetime
    days: Sequence[Day]
    """Today, and the days that it is compared with, the latest first."""
    waiting: Mapping[str, Waiting]
    """By account."""
    answers: Sequence[Answer]
    complaints: Complaints
    gaps: Sequence[Gap]
    """Those of all these days."""

    @property
    def all_waiting(self) -> Waiting:
        """Return those who wait, of whichever account."""
        return sum(self.waiting.values(), Waiting())

    def gaps_since(self, since: datetime) -> list[Gap]:
        """Return the gaps that were, or lasted, after *since*."""
        return [each for each in self.gaps if each.ended_at is None or each.ended_at > since]


class OverviewStore:
    """Numbers for the overview: each question reads what it counts and little else."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._coverage = CoverageStore(connection)

    def of(self, policies: Sequence[Policy], now: datetime, tz: tzinfo) -> Overview:
        """Return how it stands at *now*; a day is one on the wall clock of *tz*."""
        days = days_up_to(now, tz, WEEK)
        return Overview(
            now,
            days,
            self.waiting(policies, now),
            self.answers(days[0]),
            self.complaints(days, tz),
            self._coverage.gaps(days[-1].begins, now),
        )

    def waiting(self, policies: Sequence[Policy], now: datetime) -> dict[str, Waiting]:
        """Return, by account, those who wait: how old it is by their policy's calendar."""
        ages = {"": since_when(None, now)} | {
            each.name: since_when(each.hours, now) for each in policies
        }
        values = {
            "ages": json.dumps([[name, *map(to_text, times)] for name, times in ages.items()]),
            "now": to_text(now),
        }
        found: defaultdict[str, Waiting] = defaultdict(Waiting)
        for account, owed, place, count, late, asleep in self._db.execute(_WAITING, values):
            found[account] += _waiting(place, count, late, asleep, owed=bool(owed))
        return dict(found)

    def answers(self, day: Day) -> list[Answer]:
        """Return the answers that were given on *day*."""
        rows = self._db.execute(_ANSWERS, (to_text(day.begins), to_text(day.until)))
        return [
            Answer(
                account,
                bool(first),
                timedelta(seconds=round(seconds)),
                None if in_time is None else bool(in_time),
            )
            for account, first, seconds, in_time in rows
        ]

    def complaints(self, days: Sequence[Day], tz: tzinfo) -> Complaints:
        """Return the complaints of the first of *days*, held against the others."""
        begins = sorted(to_text(day.begins) for day in days)
        untils = {to_text(day.begins): to_text(day.until) for day in days}
        today, yesterday = begins[-1], begins[-2]
        counts: defaultdict[bool, Counter[str]] = defaultdict(Counter)
        hours = {today: [0] * 24, yesterday: [0] * 24}
        for sent_at, topics in self._db.execute(
            f"SELECT sent_at, topics FROM messages WHERE {_IS_COMPLAINT} "  # noqa: S608 - a constant
            "AND sent_at >= ? AND sent_at <= ?",
            (begins[0], untils[today]),
        ):
            begin = begins[bisect_right(begins, sent_at) - 1]
            if begin in hours:
                hours[begin][hour_of(from_text(sent_at), tz)] += 1
            if sent_at <= untils[begin]:
                counts[begin == today][topics or "[]"] += 1
        there_were = self._days_before(days)
        return Complaints(
            _by_topic(counts[True]),
            {
                topic: count / there_were
                for topic, count in _by_topic(counts[False]).items()
                if there_were
            },
            there_were,
            hours[today],
            hours[yesterday],
        )

    def _days_before(self, days: Sequence[Day]) -> int:
        """Return on how many days before today somebody could complain already."""
        (first,) = self._db.execute(
            f"SELECT min(sent_at) FROM messages WHERE {_IS_COMPLAINT}"  # noqa: S608 - a constant
        ).fetchone()
        return sum(first is not None and to_text(day.ends) > first for day in days[1:])


def _waiting(place: int, count: int, late: int, asleep: int, *, owed: bool) -> Waiting:
    if owed:
        return Waiting(owed=count, owed_late=late)
    nowhere = [0] * (len(AGES) + 1)
    counts, overdue = list(nowhere), list(nowhere)
    counts[place], overdue[place] = count, late
    return Waiting(tuple(counts), tuple(overdue), asleep)


def _by_topic(counts: Mapping[str, int]) -> dict[Topic, int]:
    """Return the sums by topic of *counts* by lists of topics, as JSON."""
    found: Counter[Topic] = Counter()
    for topics, count in counts.items():
        for topic in json.loads(topics):
            found[Topic(topic)] += count
    return dict(found)
