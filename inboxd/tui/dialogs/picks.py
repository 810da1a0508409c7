"""
Lists of which one or several are picked, with a mark that is told from an empty one without colour.

Textual's own radio buttons and checkboxes differ in nothing but their colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList

from inboxd.tui.cells import even

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")


class Picks(OptionList, Generic[T]):
    """Lines of which any number is picked, each with Space or a click."""

    MARKS = ("[ ]", "[x]")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "select", "Pick", show=False)]
    DEFAULT_CSS = """
    Picks { height: auto; border: none; padding: 0; background: $surface; }
    Picks:focus { border: none; background-tint: $surface 0%; }
    Picks:blur > .option-list--option-highlighted {
        color: $foreground; background: $surface; text-style: none;
    }
    """

    class Picked(Message):
        """Other lines are picked than before."""

        def __init__(self, picks: OptionList) -> None:
            super().__init__()
            self.picks = picks

        @property
        def control(self) -> OptionList:
            """Return the list, for whoever listens to one of several."""
            return self.picks

    def __init__(self, lines: Sequence[tuple[T, str]], picked: Iterable[T], name: str) -> None:
        self._choices = lines
        self._picked = set(picked)
        super().__init__(*map(self._line, range(len(lines))), id=name)

    @property
    def picked(self) -> tuple[T, ...]:
        """Return what is picked, in the order of the lines."""
        return tuple(value for value, _ in self._choices if value in self._picked)

    def pick(self, picked: Iterable[T]) -> None:
        """Have *picked* picked and nothing else."""
        self._picked = set(picked)
        for index in range(len(self._choices)):
            self.replace_option_prompt_at_index(index, self._line(index))
        self.post_message(self.Picked(self))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the line that was clicked, or marked by a key."""
        event.stop()
        self.take(self._choices[event.option_index][0])

    def take(self, value: T) -> None:
        """Pick a line, or leave it out again."""
        self.pick(self._picked ^ {value})

    def _line(self, index: int) -> Content:
        value, words = self._choices[index]
        return Content(f"{self.MARKS[value in self._picked]} {even(words[:200])}")


class Pick(Picks[T]):
    """Lines of which one is picked: the one to which the keys or a click have led."""

    MARKS = ("( )", "(•)")

    def on_mount(self) -> None:
        """Begin where it is picked, on no line if none is."""
        places = [index for index, (value, _) in enumerate(self._choices) if value in self._picked]
        self.highlighted = places[0] if places else None

    def pick(self, picked: Iterable[T]) -> None:
        """Have the one line picked, and the cursor on it."""
        super().pick(picked)
        self.on_mount()

    def take(self, value: T) -> None:
        """Pick a line in the place of another."""
        self.pick({value})

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Pick the line that a key has led to."""
        event.stop()
        value = self._choices[event.option_index][0]
        # Of quick keys the earlier are over by now: to follow each would lead back and forth.
        if event.option_index == self.highlighted and value not in self._picked:
            self.pick({value})
