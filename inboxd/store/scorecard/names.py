"""The numbers by which sheets name accounts and the brand's people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Names:
    """
    Gives each account (with its network) and each member of staff a number.

    Accounts are counted from 0, people from 1: 0 is whoever the network does not name.
    """

    def __init__(
        self, accounts: Sequence[tuple[str, str]] = (), staff: Mapping[int, str] | None = None
    ) -> None:
        self._accounts = {pair: number for number, pair in enumerate(accounts)}
        self._staff = {name: number for number, name in (staff or {}).items()}

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
