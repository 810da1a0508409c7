"""The last look at a reply before it is sent, and the seconds in which it can be taken back."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from inboxd.tui.dialogs.frame import Dialog
from inboxd.tui.notices import LastLine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from textual.app import ComposeResult

    from inboxd.clock import Clock

_TICK_SECONDS = 0.5
_STAYS_SECONDS = 3.0


class LastLook(Dialog[bool]):
    """
    Shows a reply exactly as it will be sent, and what is to be known before; answers whether to.

    *news* is what others did meanwhile, *warnings* what the checker found; neither forbids it.
    """

    AUTO_FOCUS = "#text"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+s", "send", "Send", priority=True),
    ]
    DEFAULT_CSS = """
    LastLook > #frame {
        width: 90;
        VerticalScroll { scrollbar-size-vertical: 1; }
        #to { text-style: bold; margin-bottom: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #text { height: auto; max-height: 40vh; border-left: thick $accent; padding: 0 1; }
        #known { height: auto; max-height: 40vh; }
        #known > Static { margin-top: 1; }
        #news { color: $text-error; }
        #warnings { text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    def __init__(
        self, text: Text, to: str, news: Sequence[str], warnings: Sequence[Text], note: str
    ) -> None:
        super().__init__("Send this?", "Enter send it")
        self._text = text
        self._to = to
        self._news = news
        self._warnings = warnings
        self._note = note

    def body(self) -> ComposeResult:
        """Yield the text, then what is to be known."""
        yield Static(Text(self._to), id="to", markup=False)
        with VerticalScroll(id="text"):
            yield Static(self._text, markup=False)
        with VerticalScroll(id="known"):
            if self._news:
                lines = ["Since you began to write:", *(f"! {line}" for line in self._news)]
                yield Static(Text("\n".join(lines)), id="news", markup=False)
            if self._warnings:
                yield Static(Text("\n").join(self._warnings), id="warnings", markup=False)
            if self._note:
                yield Static(Text(self._note, "dim"), markup=False)

    def action_send(self) -> None:
        """Answer that it is to be sent."""
        self.dismiss(True)


class Countdown(LastLine):
    """
    Counts the seconds down until a reply leaves, and goes away by itself.

    *state* tells how far the reply has come, as the outbox says it. Other notices stand above it.
    """

    def __init__(
        self, to: str, leaves_at: datetime, clock: Clock, state: Callable[[], str], note: str
    ) -> None:
        super().__init__()
        self._to = to
        self._leaves_at = leaves_at
        self._clock = clock
        self._state = state
        self._note = note

    def on_mount(self) -> None:
        """Begin to count, instead of one that was sent before."""
        self._below = self.screen
        for each in self._others():
            each.remove()
        self._below.add_class("counting")
        self.app.clear_notifications()
        self._timer = self.set_interval(_TICK_SECONDS, self.tick)
        self.tick()

    def on_unmount(self) -> None:
        """Leave the last line to other notices."""
        self._below.set_class(bool(self._others()), "counting")

    def _others(self) -> list[Countdown]:
        return [each for each in self._below.query(Countdown) if each is not self]

    def tick(self) -> None:
        """Say how many seconds are left; at the end say what happens now, and go."""
        left = ceil(self._clock.real(self._leaves_at - self._clock.now()).total_seconds())
        if self._state() == "cancelled":
            self.remove()
        elif left > 0:
            self.update(f"The reply to {self._to} leaves in {left} s · u takes it back")
        else:
            self._timer.stop()
            self.update(self._note or f"The reply to {self._to} is on its way")
            self.set_timer(_STAYS_SECONDS, self.remove)
