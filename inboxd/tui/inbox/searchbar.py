"""The line in which is written what is looked for, and what is the matter with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from inboxd.core.queries import choices
from inboxd.core.text import one_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from inboxd.core.queries import Known

_PAUSE_SECONDS = 0.12
"""How long nothing must have been typed before it is looked for."""
_LONGEST_QUERY = 1_000


class Conditions(Suggester):
    """Completes the condition that is being written: ``kind:com`` to ``kind:complaint``."""

    def __init__(self, known: Known) -> None:
        super().__init__(case_sensitive=True)
        self._choices = choices(known)

    async def get_suggestion(self, value: str) -> str | None:
        """Return *value* with its last word completed."""
        word = value.rpartition(" ")[2]
        key, colon, written = word.partition(":")
        begun = written.rpartition(",")[2] if colon else word
        if not begun:
            return None
        offered = self._choices.get(key, ()) if colon else [f"{each}:" for each in self._choices]
        found = next((each for each in offered if each.startswith(begun) and each != begun), None)
        return value + found[len(begun) :] if found else None


class _Line(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Look at what was found", key_display="Enter"),
        Binding("escape", "leave(True)", "Clear the search", key_display="Esc"),
        Binding("down", "leave(False)", "To the list", show=False),
    ]

    def action_leave(self, clear: bool) -> None:  # noqa: FBT001 - called by the binding
        """Go back to the list, with what was found or with all."""
        if clear:
            self.clear()
        self.post_message(SearchBar.Left())


class SearchBar(Vertical):
    """Hidden while nothing is looked for."""

    DEFAULT_CSS = """
    SearchBar {
        height: auto; display: none; background: $surface;
        & Horizontal { height: 1; }
        & .sign { width: 3; color: $accent; text-style: bold; padding: 0 1; }
        & _Line { width: 1fr; background: $surface; background-tint: transparent; }
        & .found { width: auto; padding: 0 1; color: $foreground 65%; }
        & .problem { display: none; height: 1; padding: 0 3; color: $text-warning; }
        & .problem.calm { color: $foreground 65%; }
    }
    SearchBar.used { display: block; }
    """

    class Asked(Message):
        """Something else is looked for, and nothing more was typed for a moment."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The list is to have the keys again."""

    def __init__(self, known: Known) -> None:
        super().__init__()
        self._known = known
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """Make the line, and one for what is the matter with it."""
        with Horizontal():
            yield Static("/", classes="sign", markup=False)
            yield _Line(
                placeholder="words, or kind:complaint network:vk topic:refunds author:anna …",
                compact=True,
                max_length=_LONGEST_QUERY,
                suggester=Conditions(self._known),
                select_on_focus=False,
            )
            yield Static(classes="found", markup=False)
        yield Static(classes="problem", markup=False)

    @property
    def text(self) -> str:
        """Return what is written."""
        return self._line.value

    @property
    def _line(self) -> _Line:
        return self.query_one(_Line)

    def begin(self) -> None:
        """Let a person write."""
        self.add_class("used")
        self._line.focus()

    def write(self, text: str) -> None:
        """Have *text* looked for, as if somebody had written it."""
        self._line.value = text

    def clear(self) -> None:
        """Look for nothing any more."""
        self._line.clear()

    def complain(self, problem: str, *, calm: bool = False) -> None:
        """Show, below the line, what is the matter with what is written; *calm* if nothing is yet."""
        below = self.query_one(".problem", Static)
        below.set_class(calm, "calm")
        below.update(one_line(problem, 300), layout=False)
        below.display = bool(problem)
        self._show_if_used()

    def tell(self, found: str) -> None:
        """Show, behind the line, how much was found."""
        behind = self.query_one(".found", Static)
        if found != behind.content:
            behind.update(found)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Ask for it in a moment, unless more is typed until then; at once if nothing is left."""
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        if event.value:
            self._pause = self.set_timer(_PAUSE_SECONDS, self._ask)
        else:
            self._ask()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look at what was found."""
        event.stop()
        self._ask()
        self.post_message(self.Left())

    def on_descendant_blur(self) -> None:
        """Hide a line that is empty and that nobody writes in."""
        self._show_if_used()

    def _show_if_used(self) -> None:
        wrong = self.query_one(".problem", Static).display
        self.set_class(bool(self.text) or wrong or self._line.has_focus, "used")

    def _ask(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        self.post_message(self.Asked(self.text))
