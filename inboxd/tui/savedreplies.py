"""Saved replies, to be put into the editor: what fits the case comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from inboxd.core.saved import filled
from inboxd.core.text import inert

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from textual.app import ComposeResult

    from inboxd.config import ReplySettings
    from inboxd.model import Topic


def offered(
    replies: Sequence[ReplySettings], language: str, topics: Collection[Topic], network: str
) -> list[ReplySettings]:
    """Return the saved *replies*, those that fit best first, else in the file's order."""

    def misfit(reply: ReplySettings) -> tuple[int, int, int]:
        return (
            _misfit(bool(reply.language), fits=reply.language == language),
            _misfit(bool(reply.network), fits=network in reply.network),
            _misfit(bool(reply.topic), fits=not {*topics}.isdisjoint(reply.topic)),
        )

    return sorted(replies, key=misfit)


def _misfit(given: bool, *, fits: bool) -> int:  # noqa: FBT001 - what is said, and whether it fits
    return (0 if fits else 2) if given else 1


class SavedReplies(ModalScreen[str | None]):
    """Answers with the text of a saved reply, its variables filled; None where none is taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave"),
        Binding("up", "move(-1)", "Previous", priority=True, show=False),
        Binding("down", "move(1)", "Next", priority=True, show=False),
    ]
    DEFAULT_CSS = """
    SavedReplies { align: center middle; }
    SavedReplies > Vertical {
        width: 90; max-width: 100%; height: 22; max-height: 100%;
        border: round $accent; padding: 0 1; background: $surface;
        border-title-style: bold; border-subtitle-color: $text-muted;
        Input, Input:focus {
            border: none; padding: 0; height: 1; margin-bottom: 1; background: $surface;
        }
        OptionList {
            border: none; padding: 0; height: auto; max-height: 9; background: $surface;
            & > .option-list--option-highlighted {
                color: $block-cursor-foreground; background: $block-cursor-background;
                text-style: $block-cursor-text-style;
            }
        }
        #preview { height: 1fr; margin-top: 1; border-top: solid $border-blurred; }
    }
    """

    def __init__(self, replies: Sequence[ReplySettings], values: Mapping[str, str]) -> None:
        super().__init__()
        self._replies = replies
        self._values = values
        self._shown: list[ReplySettings] = []

    def compose(self) -> ComposeResult:
        """Have the field, the list, and the text of what is marked."""
        with Vertical() as frame:
            frame.border_title = "Saved replies"
            frame.border_subtitle = "↑↓ choose · Enter insert · Esc leave"
            yield Input(placeholder="type to narrow it down")
            yield _List()
            with VerticalScroll(id="preview", can_focus=False):
                yield Static(id="text", markup=False)

    def on_mount(self) -> None:
        """Offer all of them."""
        self.narrow()

    @on(Input.Changed)
    def narrow(self) -> None:
        """Show those that have all the words that are typed, in their name or text."""
        words = self.query_one(Input).value.casefold().split()
        self._shown = [
            reply
            for reply in self._replies
            if all(word in f"{reply.name}\n{reply.text}".casefold() for word in words)
        ]
        options = self.query_one(_List)
        options.set_options([_line(reply) for reply in self._shown])
        options.highlighted = 0 if self._shown else None
        if not self._shown:
            self._preview("No saved reply has these words." if words else "")

    @on(OptionList.OptionHighlighted)
    def preview(self, event: OptionList.OptionHighlighted) -> None:
        """Show the text of the marked one as it would be inserted."""
        self._preview(self._text(event.option_index))

    def _preview(self, text: str) -> None:
        self.query_one("#text", Static).update(Text(text))

    def _text(self, place: int) -> str:
        return inert(filled(self._shown[place].text, self._values))

    def action_move(self, by: int) -> None:
        """Mark the next one, or the one before."""
        options = self.query_one(_List)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(Input.Submitted)
    def take(self) -> None:
        """Answer with the marked one."""
        place = self.query_one(_List).highlighted
        if place is not None:
            self.dismiss(self._text(place))

    @on(OptionList.OptionSelected)
    def take_clicked(self, event: OptionList.OptionSelected) -> None:
        """Answer with the one that was clicked."""
        self.dismiss(self._text(event.option_index))

    def action_leave(self) -> None:
        """Answer with none."""
        self.dismiss(None)


class _List(OptionList, can_focus=False):
    """The names; the keys stay with the field."""


def _line(reply: ReplySettings) -> Text:
    line = Text(reply.name, no_wrap=True, overflow="ellipsis")
    about = [reply.language, *(topic.replace("_", " ") for topic in reply.topic), *reply.network]
    line.append("".join(f" · {part}" for part in about if part), "dim")
    return line
