"""What the keys do on the screen that one came from."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from inboxd.tui.bindings import by_meaning
from inboxd.tui.enduring import Layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.app import ComposeResult
    from textual.binding import ActiveBinding

    from inboxd.tui.bindings import Meaning

Section = tuple[str, tuple[tuple[str, str], ...]]
"""A heading, and lines of a sign and what it means."""


class HelpScreen(ModalScreen[None], Layer[None]):
    """Lists *active* bindings, as they really are, and a *legend* of what else is to be seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "Back", key_display="Esc"),
    ]
    CSS = """
    HelpScreen { align: center middle; }
    HelpScreen VerticalScroll {
        width: 64; max-width: 96%; height: auto; max-height: 92%;
        border: round $accent; background: $surface; padding: 0 2;
    }
    """

    def __init__(self, active: Mapping[str, ActiveBinding], legend: Iterable[Section] = ()) -> None:
        super().__init__()
        self._meanings = sorted(by_meaning(active), key=attrgetter("rank"))
        self._legend = legend

    def compose(self) -> ComposeResult:
        """Make the table."""
        with VerticalScroll(can_focus=True) as box:
            box.border_title = "Keys"
            box.border_subtitle = "Esc goes back"
            yield Static(self._table(), markup=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", no_wrap=True)
        table.add_column()
        for place, meanings in groupby(self._meanings, _place):
            table.add_row("", Text(place, style="bold underline"))
            for meaning in meanings:
                keys = " ".join(dict.fromkeys(map(self.app.get_key_display, meaning.bindings)))
                table.add_row(Text(keys, style="bold"), Text(meaning.description))
        for heading, lines in self._legend:
            table.add_row("", Text(heading, style="bold underline"))
            for sign, means in lines:
                table.add_row(Text(sign, style="bold"), Text(means))
        return table


def _place(meaning: Meaning) -> str:
    """Return where a key counts, in words."""
    if isinstance(meaning.node, App):
        return "Everywhere"
    return "Here" if isinstance(meaning.node, Screen) else "In the list or the text"
