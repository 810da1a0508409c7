"""How often a list whose items move up is read from its top, within one poll; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.facebook.reading import Batch

MOST = 10
"""More in one poll have no end: what moves that often is read by the next poll."""


@dataclass(slots=True)
class Passes:
    """
    The passes of one poll, each from the top of its list: the pages of the latest, and its *top*.

    A page may be short or empty, and many items may have changed in one second: so neither
    tells that a pass is the last, only that it showed nothing which none before had shown.
    """

    number: int = 1
    pages: int = 0
    top: Sequence[datetime] = ()
    began: Sequence[datetime] = ()
    """The top of the first pass."""
    _moved: bool = False
    _known: set[tuple[str, datetime]] = field(default_factory=set)

    def add(self, page: Batch) -> None:
        """Take note of a page of the list."""
        self.pages += 1
        self.top = self.top or page.changed
        self.began = self.began or page.changed
        self._moved = self._moved or not page.shown <= self._known
        self._known |= page.shown

    @property
    def unsettled(self) -> bool:
        """Whether something may have moved to the top behind the pass that has just ended."""
        return self.pages > 1 and self._moved

    def again(self) -> None:
        """Begin another pass."""
        self.number, self.pages, self.top, self._moved = self.number + 1, 0, (), False
