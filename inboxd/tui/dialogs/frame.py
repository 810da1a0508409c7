"""What all dialogs have in common: a frame in the middle, its hints, and Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from inboxd.tui.cells import fit
from inboxd.tui.enduring import Layer

if TYPE_CHECKING:
    from textual.app import ComposeResult

T = TypeVar("T")

_LONGEST_TITLE = 56


class Dialog(ModalScreen[T | None], Layer[T | None]):
    """
    Asks something, and gives the answer to whoever opened it: None where it was left with Esc.

    *heading* and *hints* are words of ours, never a customer's; `whom` is, where it is about one.
    """

    whom = ""
    """What the customer is called, if it is about one case: to be set before it is shown."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]
    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > #frame {
        width: 64; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; padding: 0 1; background: $surface;
        border-title-style: bold; border-subtitle-color: $text-muted;
        Input { margin-bottom: 1; }
        .note { color: $text-muted; }
        .refusal { color: $text-warning; }
    }
    """

    def __init__(self, heading: str, hints: str) -> None:
        super().__init__()
        self._heading = heading
        self._hints = hints

    def compose(self) -> ComposeResult:
        """Put the body into the frame."""
        with Vertical(id="frame") as frame:
            title = f"{self._heading} · {self.whom}" if self.whom else self._heading
            frame.border_title = Content(fit(title, _LONGEST_TITLE).rstrip())
            frame.border_subtitle = f"{self._hints} · Esc cancel"
            yield from self.body()

    def body(self) -> ComposeResult:
        """Yield what is asked."""
        raise NotImplementedError

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


def cases_named(cases: tuple[int, ...]) -> str:
    """Return which cases are meant, for a heading: ``case 4``, ``10 cases``."""
    return f"case {cases[0]}" if len(cases) == 1 else f"{len(cases)} cases"
