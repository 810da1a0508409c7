"""Yes or no: before very many cases change, and where somebody else was quicker."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from inboxd.core.text import one_line
from inboxd.tui.dialogs.frame import Dialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

_MOST_LINES = 12


class Question(Dialog[bool]):
    """Answers whether to go on; Enter does what is the safer."""

    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n", "answer(False)", "No"),
        Binding("left,right", "app.focus_next", "The other", show=False),
    ]
    DEFAULT_CSS = """
    Question Horizontal { height: auto; align-horizontal: right; margin-top: 1; }
    Question Button { margin-left: 2; }
    """

    def __init__(self, heading: str, lines: Sequence[str], yes: str, no: str) -> None:
        super().__init__(heading, "y / n")
        self._lines = lines
        self._answers = (yes, no)

    def body(self) -> ComposeResult:
        """Yield what is to be known, and the two answers."""
        yes, no = self._answers
        if self._lines:
            yield Static("\n".join(self._lines), markup=False)
        with Horizontal():
            yield Button(f"{yes} (y)", id="yes", compact=True)
            yield Button(f"{no} (n)", id="no", compact=True, variant="primary")

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 - given by the bindings
        """Answer by a key."""
        self.dismiss(answer)

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """Answer by a button."""
        self.dismiss(event.button.id == "yes")


class MeanwhileDialog(Question):
    """
    Shows what others did since the cases were looked at; answers whether to do it anyway.

    What *happened* are the names of cases, and a line each for what was done to them.
    """

    def __init__(self, happened: Sequence[tuple[str, str]]) -> None:
        news = [f"{case}: {one_line(line, 200)}" for case, line in happened]
        left = len(news) - _MOST_LINES
        lines = [*news[:_MOST_LINES], f"and {left} more"] if left > 0 else news
        super().__init__("Meanwhile", lines, "Do it anyway", "Look first")
