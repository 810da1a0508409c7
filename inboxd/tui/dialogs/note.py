"""A note for colleagues."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static, TextArea

from inboxd.tui.dialogs.frame import Dialog, cases_named
from inboxd.tui.haste import once_written

if TYPE_CHECKING:
    from textual.app import ComposeResult


class NoteDialog(Dialog[str]):
    """Answers with what was written, of any number of lines."""

    AUTO_FOCUS = "TextArea"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "Keep the note", priority=True),
    ]
    DEFAULT_CSS = """
    NoteDialog TextArea { height: 10; }
    """

    def __init__(self, cases: tuple[int, ...]) -> None:
        super().__init__(f"Note on {cases_named(cases)}", "Ctrl+S keep it")

    def body(self) -> ComposeResult:
        """Yield the editor."""
        yield TextArea(soft_wrap=True, highlight_cursor_line=False)
        yield Static("Colleagues see it, customers never.", classes="note", markup=False)

    def action_keep(self) -> None:
        """Answer with the text, once there is one."""
        once_written(self, self._keep)

    def _keep(self) -> None:
        text = self.query_one(TextArea).text.strip()
        if text:
            self.dismiss(text)
