"""What of a listing is read and kept: the cases around those that are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from inboxd.store.inbox import InboxRow, Listing


class NoCases:
    """A listing of nothing, until the first one is there."""

    cut = 0

    def __len__(self) -> int:
        """Return 0."""
        return 0

    def page(self, offset: int, limit: int) -> Sequence[InboxRow]:
        """Return nothing."""
        del offset, limit
        return ()

    def place(self, case: int) -> int | None:
        """Return None: no case is here."""
        del case
        return None

    def among(self, cases: Collection[int]) -> set[int]:
        """Return nothing."""
        del cases
        return set()


class Window:
    """Three screens of a *listing*, wherever one looks; they move along as one does."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self._first = 0
        self._rows: Sequence[InboxRow] = []

    def row(self, at: int, height: int) -> InboxRow | None:
        """Return what is at an offset, None beyond the ends; a screen has *height* lines."""
        if not 0 <= at < len(self.listing):
            return None
        if not self._first <= at < self._first + len(self._rows):
            self._read(at, max(1, height))
        found = at - self._first
        return self._rows[found] if 0 <= found < len(self._rows) else None

    def place(self, case: int) -> int | None:
        """Return at which offset a case is; what was read already is looked at first."""
        near = self.near().get(case)
        return self.listing.place(case) if near is None else near

    def known(self, at: int) -> Sequence[InboxRow]:
        """Return what is at an offset, if it is read already: one line, or none."""
        found = at - self._first
        return self._rows[found : found + 1] if found >= 0 else ()

    def near(self) -> Mapping[int, int]:
        """Return the cases that are read, in their order, each with its offset."""
        return {row.case_id: self._first + number for number, row in enumerate(self._rows)}

    def _read(self, at: int, height: int) -> None:
        """Read a screen before *at*, and two from it on, but for what is there already."""
        first, end = max(0, at - height), min(at + 2 * height, len(self.listing))
        known = self._rows[max(0, first - self._first) : max(0, end - self._first)]
        begins = max(first, self._first) if known else end
        before = self.listing.page(first, begins - first) if begins > first else []
        after = begins + len(known)
        rest = self.listing.page(after, end - after) if after < end else []
        self._first, self._rows = first, [*before, *known, *rest]
