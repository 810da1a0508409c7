"""The day sheets: read over a period, worked out where they are not kept or not true any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inboxd.core.scorecard.columns import Sheets
from inboxd.store.scorecard.days import days_between
from inboxd.store.scorecard.making import TYPES, Maker
from inboxd.store.scorecard.names import Names

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from inboxd.core.scorecard.basis import Basis

    Array = NDArray[Any]


class SheetStore:
    """What figures are made of, a local day at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def read(
        self, basis: Basis, since: date, until: date, accounts: Collection[str] = ()
    ) -> Sheets:
        """
        Return the rows of the days from *since* up to and without *until*.

        Only those of *accounts*, or of all if there are none of them.
        """
        names = Names()
        maker = Maker(self._db, basis, names)
        days = list(days_between(since, until, basis.timezone))
        found = {subject: [maker.make(subject, day) for day in days] for subject in TYPES}
        return _chosen(
            {
                subject: np.concatenate([np.empty(0, TYPES[subject]), *sheets])
                for subject, sheets in found.items()
            },
            names,
            accounts,
        )


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
