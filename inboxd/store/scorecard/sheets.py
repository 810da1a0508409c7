"""
The table sheets: local days as columns of numbers, made anew where they are not true any more.

A sheet is always made as a whole from the base tables, so that it cannot drift from them; what
has to be right is which are stale. That is noted by triggers (`marks`), by the hour.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from inboxd.core.scorecard.columns import Sheets
from inboxd.store.database import transaction
from inboxd.store.scorecard.days import FIRST, LAST, Day, days_of, hour_of, hours_between
from inboxd.store.scorecard.making import TYPES, Maker, made_by
from inboxd.store.scorecard.names import Names

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from inboxd.core.scorecard.basis import Basis

    Array = NDArray[Any]
    Progress = Callable[[int, int], object]
    """Is told how many days are done, of how many."""

_ENOUGH = 3_000
"""Rows after which a transaction is long enough: others wait to write."""
_A_ZONE_APART = timedelta(days=2)
"""A day of one zone has no part in those of another that are so far from it."""


class _Kept(NamedTuple):
    """A sheet that is kept, without what is in it."""

    day: date
    subject: str
    bounds: tuple[str, str]
    made_by: str
    whole: bool


class SheetStore:
    """The tables sheets and sheets_stale."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def read(
        self, basis: Basis, since: date, until: date, accounts: Collection[str] = ()
    ) -> Sheets:
        """
        Return the rows of the days from *since* up to and without *until*.

        Only those of *accounts*, or of all if there are none of them. What is not kept, or not
        true any more, is worked out on the way: `refresh` before spares that the next time.
        """
        with self._one_state():
            names = Names(self._db)
            stale = self._stale(basis, since, until)
            maker = Maker(self._db, basis, names)
            parts = self._kept_parts(since, until, stale)
            for day, subjects in stale.items():
                for subject in subjects:
                    sheet = maker.make(subject, Day.of(day, basis.timezone))
                    parts[subject][day] = sheet.tobytes()
        return _chosen(
            {subject: _whole(subject, days) for subject, days in parts.items()}, names, accounts
        )

    def refresh(
        self,
        basis: Basis,
        since: date = FIRST,
        until: date = LAST,
        progress: Progress = lambda _done, _of: None,
    ) -> int:
        """Make anew what is stale of a period; returns how many days that were."""
        done = 0
        for done, of in self.refreshing(basis, since, until):
            progress(done, of)
        return done

    def refreshing(
        self, basis: Basis, since: date = FIRST, until: date = LAST
    ) -> Iterator[tuple[int, int]]:
        """
        Make anew what is stale of a period, one short transaction with each step.

        Yields how many days are done, of how many. What changes meanwhile is stale again.
        """
        self._retire(basis)
        days = [*self._stale(basis, since, until)]
        done = 0
        while done < len(days):
            with transaction(self._db):
                done += self._renew(basis, days[done:])
            yield done, len(days)

    def _renew(self, basis: Basis, days: Sequence[date]) -> int:
        """Make the first of *days* anew; returns how many were enough for one transaction."""
        names = Names(self._db)
        maker = Maker(self._db, basis, names)
        rows = done = 0
        for done, day in enumerate(days, 1):  # noqa: B007 - it is returned
            # By now another process may have done it.
            for stale, subjects in self._stale_with_neighbour(basis, day):
                for subject in subjects:
                    sheet = maker.make(subject, stale)
                    self._save(stale, subject, sheet, made_by(subject, basis))
                    rows += len(sheet)
            if rows >= _ENOUGH:
                break
        names.save()
        return done

    def _stale_with_neighbour(self, basis: Basis, local: date) -> list[tuple[Day, Collection[str]]]:
        """
        Return what is stale of a day, whose marks are taken away.

        A marked hour that it shares with the next day goes only with both of them.
        """
        day = Day.of(local, basis.timezone)
        stale = self._stale(basis, local, local + timedelta(days=1))
        found: list[tuple[Day, Collection[str]]] = [(day, stale.get(local, ()))]
        self._db.execute("DELETE FROM sheets_stale WHERE hour >= ? AND hour < ?", day.own_hours)
        if day.shared_hour and self._unmark(day.shared_hour):
            found.append((Day.of(local + timedelta(days=1), basis.timezone), [*TYPES]))
        return found

    def _unmark(self, hour: str) -> bool:
        return self._db.execute("DELETE FROM sheets_stale WHERE hour = ?", (hour,)).rowcount > 0

    def _save(self, day: Day, subject: str, sheet: Array, by: str) -> None:
        """Keep a sheet; of a day on which nothing has ever happened there is none."""
        if not len(sheet):
            # Not deleted: a trigger takes that for somebody's wish to have the day counted anew.
            self._db.execute(
                "UPDATE sheets SET begins_at = ?, ends_at = ?, made_by = ?, rows = 0, columns = x'' "
                "WHERE day = ? AND subject = ?",
                (*day.bounds, by, day.local.isoformat(), subject),
            )
            return
        self._db.execute(
            "INSERT INTO sheets (day, subject, begins_at, ends_at, made_by, rows, columns) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (day, subject) DO UPDATE SET "
            "begins_at = excluded.begins_at, ends_at = excluded.ends_at, "
            "made_by = excluded.made_by, rows = excluded.rows, columns = excluded.columns",
            (day.local.isoformat(), subject, *day.bounds, by, len(sheet), sheet.tobytes()),
        )

    def _retire(self, basis: Basis) -> None:
        """Mark what the days of another zone took up, and let go of these."""
        kept = self._kept(FIRST, LAST)
        others = {each.day: each.bounds for each in kept if _is_of_another_zone(each, basis)}
        if not others:
            return
        with transaction(self._db):
            for day, bounds in others.items():
                self._mark(hours_between(*bounds))
                self._db.execute(
                    "DELETE FROM sheets WHERE day = ? AND begins_at = ? AND ends_at = ?",
                    (day.isoformat(), *bounds),
                )

    def _mark(self, hours: Iterable[str]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO sheets_stale (hour) VALUES (?)", [(hour,) for hour in hours]
        )

    def _stale(self, basis: Basis, since: date, until: date) -> dict[date, Collection[str]]:
        """Return the days of a period that are to be made anew, in order, and which sheets of each."""
        zone = basis.timezone
        begins, ends = (Day.of(each, zone).begins for each in (since, until))
        hours = {
            hour
            for (hour,) in self._db.execute(
                "SELECT hour FROM sheets_stale WHERE hour >= ? AND hour <= ?",
                (hour_of(begins), hour_of(ends)),
            )
        }
        wanted = {subject: made_by(subject, basis) for subject in TYPES}
        found: dict[date, Collection[str]] = {}
        for kept in self._kept(since, until):
            if _is_of_another_zone(kept, basis):
                hours.update(hours_between(*kept.bounds))
            elif kept.made_by != wanted.get(kept.subject) or not kept.whole:
                found[kept.day] = [*found.get(kept.day, ()), kept.subject]
        for hour in hours:
            found.update({day: [*TYPES] for day in days_of(hour, zone)})
        return {day: found[day] for day in sorted(found) if since <= day < until}

    def _kept(self, since: date, until: date) -> list[_Kept]:
        """Return the sheets that are kept of a period, as it is in whatever zone."""
        days = _iso(max(since, FIRST) - _A_ZONE_APART), _iso(min(until, LAST) + _A_ZONE_APART)
        return [
            _Kept(date.fromisoformat(day), subject, (begins, ends), by, _is_whole(subject, *sizes))
            for day, subject, begins, ends, by, *sizes in self._db.execute(
                "SELECT day, subject, begins_at, ends_at, made_by, rows, length(columns) FROM sheets "
                "WHERE day >= ? AND day < ?",
                days,
            )
        ]

    def _kept_parts(
        self, since: date, until: date, stale: Mapping[date, Collection[str]]
    ) -> dict[str, dict[date, bytes]]:
        """Return what is kept of a period and true: of each subject its days."""
        parts: dict[str, dict[date, bytes]] = {subject: {} for subject in TYPES}
        for text, subject, content in self._db.execute(
            "SELECT day, subject, columns FROM sheets WHERE day >= ? AND day < ?",
            (_iso(since), _iso(until)),
        ):
            day = date.fromisoformat(text)
            if subject not in stale.get(day, ()):
                parts[subject][day] = content
        return parts

    @contextmanager
    def _one_state(self) -> Iterator[None]:
        """Read the database as it is at one instant, without keeping others from writing."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.rollback()


def _is_whole(subject: str, rows: int, length: int) -> bool:
    """Return whether a sheet has as many bytes as its rows need: a damaged one is made anew."""
    return subject in TYPES and length == rows * TYPES[subject].itemsize


def _is_of_another_zone(kept: _Kept, basis: Basis) -> bool:
    return kept.bounds != Day.of(kept.day, basis.timezone).bounds


def _iso(day: date) -> str:
    return day.isoformat()


def _whole(subject: str, days: Mapping[date, bytes]) -> Array:
    """Return the days of a subject as one array, in order."""
    return np.frombuffer(b"".join(days[day] for day in sorted(days)), TYPES[subject])


def _chosen(whole: dict[str, Array], names: Names, accounts: Collection[str]) -> Sheets:
    """Return the rows of *accounts*, counted anew, or all rows."""
    known = names.accounts
    kept = [place for place, (name, _) in enumerate(known) if not accounts or name in accounts]
    if len(kept) < len(known):
        whole = {subject: _only(sheet, kept, len(known)) for subject, sheet in whole.items()}
    return Sheets(
        [known[place][0] for place in kept],
        [known[place][1] for place in kept],
        names.staff,
        **whole,
    )


def _only(sheet: Array, kept: Sequence[int], known: int) -> Array:
    """Return the rows of the accounts *kept*, of so many *known*, with their new numbers."""
    numbers = np.full(known, -1)
    numbers[kept] = np.arange(len(kept))
    new = numbers[sheet["account"]]
    rows: Array = sheet[new >= 0]
    rows["account"] = new[new >= 0]
    return rows
