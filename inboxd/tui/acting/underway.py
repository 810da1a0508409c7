"""The last line says what is being done, where that takes more than a moment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from inboxd.tui.notices import LastLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.screen import Screen

_AFTER_SECONDS = 0.15
"""What is over sooner is not announced: the line would only flicker."""


class Underway(LastLine):
    """Says what is being done, in the place of what was done before."""

    def __init__(self) -> None:
        super().__init__()
        self.display = False

    def on_mount(self) -> None:
        """Appear if it takes longer."""
        self.set_timer(_AFTER_SECONDS, self._appear)

    def _appear(self) -> None:
        self.app.clear_notifications()
        self.display = True


@contextmanager
def underway(screen: Screen[None], words: str) -> Iterator[Underway]:
    """Let *screen* say *words* while the block lasts; `update` says how far it is."""
    line = Underway()
    line.update(f"{words} …")
    if screen.is_attached:
        screen.mount(line)
    try:
        yield line
    finally:
        if line.is_attached:
            line.remove()
