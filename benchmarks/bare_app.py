"""The least that Textual can do: one line, which a key changes. What the interface is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class BareApp(App[None]):
    """Shows how often a key was pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [("down", "count", "Count")]
    pressed = 0

    def compose(self) -> ComposeResult:
        """Make the line."""
        yield Static("ready")

    def action_count(self) -> None:
        """Change it."""
        self.pressed += 1
        self.query_one(Static).update(f"pressed {self.pressed} times")


if __name__ == "__main__":
    BareApp().run()
