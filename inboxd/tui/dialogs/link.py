"""An address to be opened elsewhere, where no browser can be started from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from inboxd.core.text import inert
from inboxd.tui.dialogs.frame import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

_WIDTH = 64
_EDGES = 4
"""Cells of the frame and the blanks within it."""


class LinkDialog(Dialog[None]):
    """Shows an address whole, to be marked, or copied with Enter."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "copy", "Copy")]
    DEFAULT_CSS = """
    LinkDialog VerticalScroll { height: auto; max-height: 10; }
    LinkDialog .note { margin-top: 1; }
    """

    def __init__(self, case: int, url: str) -> None:
        super().__init__(f"Case {case} in a browser", "Enter copy")
        self._url = inert(url)

    def body(self) -> ComposeResult:
        """Yield the address, and what is to be done with it."""
        with VerticalScroll(can_focus=False):
            yield Static(self._url, markup=False)
        yield Static(
            "No browser can be opened from here. Enter copies the address, if your "
            "terminal lets programs copy (OSC 52).",
            classes="note",
            markup=False,
        )

    def on_mount(self) -> None:
        """Be as wide as the address, where the screen is: a mouse marks what stands in one line."""
        width = max(_WIDTH, cell_len(self._url) + _EDGES)
        self.query_one("#frame").styles.width = width

    def action_copy(self) -> None:
        """Hand the address to the terminal's clipboard."""
        self.app.copy_to_clipboard(self._url)
        self.dismiss(None)
