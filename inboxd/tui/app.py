"""The application: which screens there are, and the pulse that keeps them up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message

if TYPE_CHECKING:
    from inboxd.tui.session import Session

_LOOK_EVERY_SECONDS = 1.0
"""How often it is asked whether somebody else has changed the database: a pragma, no query."""
_AGE_EVERY_SECONDS = 10.0
"""How often ages and times that are left are shown anew."""


class Changed(Message):
    """The database is not as it was: what is shown is to be read again, in its place."""

    bubble = False


class Aged(Message):
    """Time has passed: ages and times that are left are to be shown anew; nothing was written."""

    bubble = False


class InboxApp(App[None]):
    """Shows the inbox until it is left; what it shows is in the database of its *session*."""

    TITLE = "inboxd"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._version = session.store.version()

    def on_mount(self) -> None:
        """Show the inbox, and begin to look for changes."""
        from inboxd.tui.inbox import InboxScreen

        self.push_screen(InboxScreen())
        self.set_interval(_LOOK_EVERY_SECONDS, self.look)
        self.set_interval(_AGE_EVERY_SECONDS, lambda: self.screen.post_message(Aged()))

    def look(self) -> None:
        """Tell the screen if the database has changed since the last look."""
        version = self.session.store.version()
        if version != self._version:
            self._version = version
            self.screen.post_message(Changed())

    def open_case(self, case: int) -> None:
        """Show one case on a screen of its own."""
        from inboxd.tui.case import CaseScreen

        self.push_screen(CaseScreen(case))
