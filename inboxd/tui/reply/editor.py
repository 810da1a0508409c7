"""The field in which a reply is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from inboxd.core.saved import first_hole
from inboxd.core.text import inert

if TYPE_CHECKING:
    from textual import events

_LONGEST_PASTE = 100_000


class Editor(TextArea):
    """A field of many lines into which nothing gets that a terminal would obey."""

    DEFAULT_CSS = """
    Editor {
        border: round $border-blurred; padding: 0 1; background: transparent;
        border-title-color: $text-muted; border-subtitle-color: $text-muted;
        &:focus { border: round $border; border-title-color: $foreground; }
        & .text-area--cursor-line { background: transparent; }
    }
    """

    def set_whole(self, text: str) -> None:
        """Show *text* in the place of what was there, the cursor behind it."""
        self.load_text(inert(text))
        self.move_cursor(self.document.end)

    def put(self, text: str) -> None:
        """Insert *text* where the cursor is; what is still to be filled in there is selected."""
        text, (row, column) = inert(text), min(self.selection)
        self.replace(text, *self.selection, maintain_selection_offset=False)

        def location(place: int) -> tuple[int, int]:
            *above, line = text[:place].split("\n")
            return row + len(above), len(line) + (0 if above else column)

        if hole := first_hole(text):
            self.selection = Selection(*map(location, hole))

    async def _on_paste(self, event: events.Paste) -> None:
        """Take out of what is pasted what a terminal would obey; the field itself inserts it."""
        event.text = inert(event.text[:_LONGEST_PASTE])
