"""What each account has used of what its network counts, and what it must leave alone for now."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from inboxd.connector import LedgerEntries
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

_REMEMBERED = timedelta(days=62)
"""How far back a connector is told of what it used: a calendar month, and the one before."""


class LedgerStore:
    """The tables spendings and rests."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, account: str, entries: LedgerEntries) -> None:
        """Add what an account used; to be called in the transaction of what it got for it."""
        self._db.executemany(
            "INSERT INTO spendings (account, day, name, amount) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (account, day, name) DO UPDATE SET amount = amount + excluded.amount",
            [
                (account, day.isoformat(), name, amount)
                for (day, name), amount in entries.spent.items()
            ],
        )
        self._db.executemany(
            "INSERT INTO rests (account, name, until) VALUES (?, ?, ?) "
            "ON CONFLICT (account, name) DO UPDATE SET until = excluded.until",
            [(account, name, to_text(until)) for name, until in entries.rests.items()],
        )

    def entries(self, account: str, now: datetime) -> LedgerEntries:
        """Return what *account* used of late, by whichever process, and what rests still."""
        spent = self._db.execute(
            "SELECT day, name, amount FROM spendings WHERE account = ? AND day >= ?",
            (account, (now - _REMEMBERED).date().isoformat()),
        )
        rests = self._db.execute(
            "SELECT name, until FROM rests WHERE account = ? AND until > ?",
            (account, to_text(now)),
        )
        return LedgerEntries(
            {(day, name): amount for each, name, amount in spent if (day := _day(each))},
            {name: from_text(until) for name, until in rests},
        )


def _day(text: str) -> date | None:
    """Return the day that *text* names, None where a file that was edited by hand names none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
