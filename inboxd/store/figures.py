"""How everything stands and how a day was, in numbers: what the daily digest tells."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.digest import Figures, Trouble
from inboxd.core.standing import Standing
from inboxd.core.timetable import merged
from inboxd.store.coverage import CoverageStore
from inboxd.store.sources import SourceStore
from inboxd.store.spikes import SpikeStore
from inboxd.store.times import maybe_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

_MOST_LONGEST = 3
_OF_WAITS = """
SELECT coalesce(sum(due_at >= :since AND due_at < :until AND coalesce(ended_at, :now) > due_at
                    AND coalesce(outcome, '') <> 'void'), 0),
       coalesce(sum(outcome = 'answered' AND ended_at >= :since AND ended_at < :until
                    AND ended_at <= coalesce(due_at, ended_at)), 0),
       coalesce(sum(outcome = 'answered' AND ended_at >= :since AND ended_at < :until
                    AND ended_at > due_at), 0),
       coalesce(sum(kind = 'promise' AND ended_at IS NULL AND due_at < :today_ends), 0)
  FROM waits
"""
"""Breached, answered in time, answered late, and promises that are still to be kept."""


_WORST_FIRST = [*Standing]


def _weight(trouble: Trouble) -> tuple[int, datetime]:
    return _WORST_FIRST.index(Standing(trouble.told_as)), trouble.since


class FigureStore:
    """Numbers over all tables."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._coverage = CoverageStore(connection)
        self._sources = SourceStore(connection)
        self._spikes = SpikeStore(connection)

    def of(
        self,
        yesterday: tuple[datetime, datetime],
        today_ends: datetime,
        now: datetime,
        accounts: Sequence[str],
    ) -> Figures:
        """Return how it stands at *now* with all cases and *accounts*, and how *yesterday* was."""
        since, until = yesterday
        instants = {"since": since, "until": until, "today_ends": today_ends, "now": now}
        texts = {name: to_text(instant) for name, instant in instants.items()}
        breached, in_time, late, promised = self._db.execute(_OF_WAITS, texts).fetchone()
        waiting, overdue, oldest = self._waiting(now)
        # Sources that were not read at the same time were not read once.
        gaps = merged(
            (max(gap.began_at, since), min(gap.ended_at or until, until))
            for gap in self._coverage.gaps(since, until)
        )
        troubles = self._troubles(accounts, now)
        unread = self._unread(accounts)
        return Figures(
            waiting=waiting,
            overdue=overdue,
            oldest=maybe_instant(oldest),
            breached=breached,
            in_time=in_time,
            late=late,
            promised=promised,
            read=tuple(each for each in accounts if each not in troubles and each not in unread),
            troubles=troubles,
            gaps=len(gaps),
            gap_time=sum((end - begin for begin, end in gaps), timedelta()),
            spikes=[
                (spike.topic, self._spikes.standing(spike, now).total)
                for spike in self._spikes.noticed(since, until)
            ],
            unread=tuple(each for each in unread if each not in troubles),
        )

    def in_short(self, accounts: Sequence[str], now: datetime) -> tuple[int, int]:
        """Return how many of *accounts* are read, be it late, and how many customers wait."""
        waiting, _, _ = self._waiting(now)
        troubles = self._troubles(accounts, now).items()
        blind = {account for account, trouble in troubles if not trouble.sees}
        return len(accounts) - len(blind | {*self._unread(accounts)}), waiting

    def longest_waiting(self) -> list[int]:
        """Return the cases that have waited longest, the longest first."""
        rows = self._db.execute(
            "SELECT id FROM cases WHERE status = 'waiting' ORDER BY waiting_since, id LIMIT ?",
            (_MOST_LONGEST,),
        )
        return [case for (case,) in rows]

    def _waiting(self, now: datetime) -> tuple[int, int, str | None]:
        waiting, overdue, oldest = self._db.execute(
            "SELECT count(*), coalesce(sum(due_at <= ?), 0), min(waiting_since) "
            "FROM cases WHERE status = 'waiting'",
            (to_text(now),),
        ).fetchone()
        return waiting, overdue, oldest

    def _troubles(self, accounts: Sequence[str], now: datetime) -> dict[str, Trouble]:
        """Return which of *accounts* people know to be in trouble: the worst, since when."""
        found: dict[str, list[Trouble]] = {}
        for state in self._sources.all():
            if state.told_as and state.account in accounts:
                since = state.blind_since or state.told_at or now
                found.setdefault(state.account, []).append(Trouble(state.told_as, since))
        return {account: min(troubles, key=_weight) for account, troubles in found.items()}

    def _unread(self, accounts: Sequence[str]) -> list[str]:
        """Return which of *accounts* were never read: no source of theirs to its end."""
        read = {state.account for state in self._sources.all() if state.succeeded_at}
        return [each for each in accounts if each not in read]
