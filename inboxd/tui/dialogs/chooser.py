"""A field with what can be chosen below it: typing narrows it, Enter takes what is marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from rich.table import Table
from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList, Static

from inboxd.core.text import one_line
from inboxd.tui.cells import even
from inboxd.tui.dialogs.frame import Dialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One line that can be taken: what it stands for, its words, and what is said of it."""

    value: T
    words: str
    note: str = ""

    def shown(self) -> Table:
        """Return it as a line, with the note at its end."""
        line = Table.grid(expand=True, padding=(0, 1))
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(justify="right", no_wrap=True)
        line.add_row(Text(even(self.words[:200])), Text(even(self.note[:60]), style="dim"))
        return line


class _Choices(OptionList, can_focus=False):
    """The lines; the keys stay with the field."""

    DEFAULT_CSS = """
    _Choices {
        border: none; padding: 0; max-height: 10; background: $surface;
        & > .option-list--option-highlighted {
            color: $block-cursor-foreground; background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
    }
    """


class Chooser(Dialog[T]):
    """Lets one of `choices` be taken; these may depend on what is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Previous", priority=True),
        Binding("down", "move(1)", "Next", priority=True),
    ]
    HINTS = "↑↓ choose · Enter take it"

    def __init__(self, heading: str, field: str) -> None:
        super().__init__(heading, self.HINTS)
        self._field = field
        self._offered: Sequence[Choice[T]] = ()

    def choices(self, typed: str) -> Sequence[Choice[T]]:
        """Return what can be taken with *typed* in the field, the likeliest first."""
        raise NotImplementedError

    def marked_first(self, typed: str) -> int | None:
        """Return which of the choices is marked before somebody moves to another."""
        del typed
        return 0

    def refusal(self, typed: str) -> str:
        """Return why there is nothing that could be taken."""
        return f"nothing fits {one_line(typed, 40)!r}"

    def body(self) -> ComposeResult:
        """Yield the field and the lines."""
        yield Input(placeholder=self._field, max_length=500)
        yield _Choices()
        yield Static("", classes="refusal", markup=False)

    def on_mount(self) -> None:
        """Offer what there is."""
        self.offer()

    @on(Input.Changed)
    def offer(self) -> None:
        """Show what can be taken by now, the first of it marked."""
        typed = " ".join(self.query_one(Input).value.split())
        self._offered = self.choices(typed)
        lines = self.query_one(_Choices)
        lines.set_options([choice.shown() for choice in self._offered])
        lines.highlighted = self.marked_first(typed) if self._offered else None
        refusal = self.query_one(Static)
        refusal.update("" if self._offered else self.refusal(typed))
        refusal.display = not self._offered

    def action_move(self, by: int) -> None:
        """Mark the next line, or the one before."""
        lines = self.query_one(_Choices)
        if by > 0:
            lines.action_cursor_down()
        else:
            lines.action_cursor_up()

    @on(Input.Submitted)
    def take_marked(self) -> None:
        """Answer with the marked line."""
        marked = self.query_one(_Choices).highlighted
        if marked is not None:
            self.dismiss(self._offered[marked].value)

    @on(OptionList.OptionSelected)
    def take_clicked(self, event: OptionList.OptionSelected) -> None:
        """Answer with the line that was clicked."""
        self.dismiss(self._offered[event.option_index].value)
