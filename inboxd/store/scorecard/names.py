"""The numbers by which sheets name accounts and the brand's people: tables sheet_accounts, sheet_staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


class Names:
    """
    Gives each account (with its network) and each member of staff a number.

    Accounts are counted from 0, people from 1: 0 is whoever the network does not name. What is
    new is kept by `save`; whoever only reads goes without.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._accounts: dict[tuple[str, str], int] = {
            (account, network): number
            for number, account, network in connection.execute(
                "SELECT number, account, network FROM sheet_accounts ORDER BY number"
            )
        }
        self._staff: dict[str, int] = {
            name: number
            for number, name in connection.execute("SELECT number, staff FROM sheet_staff")
        }
        self._kept = len(self._accounts), len(self._staff)

    def account(self, pair: tuple[str, str]) -> int:
        """Return the number of an account and its network."""
        return self._accounts.setdefault(pair, len(self._accounts))

    def person(self, name: str | None) -> int:
        """Return the number of one of the brand's people, 0 for nobody."""
        return self._staff.setdefault(name, len(self._staff) + 1) if name else 0

    @property
    def accounts(self) -> list[tuple[str, str]]:
        """Return the accounts in the order of their numbers."""
        return list(self._accounts)

    @property
    def staff(self) -> dict[int, str]:
        """Return the people by their numbers."""
        return {number: name for name, number in self._staff.items()}

    def save(self) -> None:
        """Keep the numbers that are new; to be called within a transaction."""
        accounts, people = self._kept
        self._db.executemany(
            "INSERT INTO sheet_accounts (number, account, network) VALUES (?, ?, ?)",
            [(number, *pair) for pair, number in [*self._accounts.items()][accounts:]],
        )
        self._db.executemany(
            "INSERT INTO sheet_staff (number, staff) VALUES (?, ?)",
            [(number, name) for name, number in [*self._staff.items()][people:]],
        )
        self._kept = len(self._accounts), len(self._staff)
