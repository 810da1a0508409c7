"""One case: what was said, why it is what it is, and what was done."""

from __future__ import annotations

from textual.screen import Screen


class CaseScreen(Screen[None]):
    """Shows *case*."""

    def __init__(self, case: int) -> None:
        super().__init__()
        self.case = case
