"""The application: which screens there are, and how one comes from one to another."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

from inboxd.errors import UserError
from inboxd.tui.bindings import by_meaning
from inboxd.tui.enduring import Enduring
from inboxd.tui.host import Host
from inboxd.tui.notices import STYLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.command import Provider
    from textual.screen import Screen

    from inboxd.tui.session import Session

_ENDED_BY = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_SIGNALLED = 128
"""What shells add to the number of the signal that ended a program."""
_STARTED_AFTER_SECONDS = 1.0


def _commands() -> type[Provider]:
    from inboxd.tui.palette import Commands

    return Commands


class InboxApp(Host):
    """Shows the inbox until it is left; what it shows is in the database of its *session*."""

    TITLE = "inboxd"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    CSS = STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "status", "Status"),
        Binding("v", "overview", "Overview"),
        Binding("question_mark", "help", "Help", key_display="?"),
        # Its name stands in the footers, where a longer one cuts off other keys.
        Binding("ctrl+p", "command_palette", "palette", show=False, priority=True),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, session: Session, view: str | None = None, theme: str | None = None) -> None:
        super().__init__(session)
        self.first_view = view
        if view is not None:
            from inboxd.tui.inbox.beginning import beginning

            beginning(view, session.settings)
        if wanted := theme or session.settings.tui.theme:
            self._dress(wanted)

    def work(self) -> None:
        """
        Run until it is left; what breaks it is raised, once the terminal is as it was.

        Textual would print a traceback with everything that is in reach, customers' words
        and all; only who looks for a bug wants that.
        """
        self.run()
        if self._exception is not None:
            raise self._exception
        if self.return_code:
            raise SystemExit(self.return_code)

    def on_mount(self) -> None:
        """Show the inbox, and begin to look for changes."""
        from inboxd.tui.inbox.screen import InboxScreen

        if not self.is_headless:
            for number in _ENDED_BY:
                # Who hangs up ends it as who quits does: what was written is kept.
                end = partial(self.exit, return_code=_SIGNALLED + number)
                asyncio.get_running_loop().add_signal_handler(number, end)
        self._inbox = InboxScreen()
        self.push_screen(self._inbox)
        self.keep_up()
        if not gc.isenabled():
            self.set_timer(_STARTED_AFTER_SECONDS, self._collect)

    def _collect(self) -> None:
        """Collect garbage again, but not among what the start has left: that stays."""
        gc.freeze()
        gc.enable()

    def on_unmount(self) -> None:
        """Let signals mean to others what they meant before."""
        if not self.is_headless:
            for number in _ENDED_BY:
                asyncio.get_running_loop().remove_signal_handler(number)

    def open_case(self, case: int) -> None:
        """Show one case on a screen of its own."""
        from inboxd.tui.case.screen import CaseScreen

        self.push_screen(CaseScreen(case))

    def open_reply(self, case: int) -> None:
        """Let somebody write a reply to a case."""
        from inboxd.tui.reply.screen import ReplyScreen

        self.push_screen(ReplyScreen(case))

    def neighbour(self, case: int, step: int) -> int | None:
        """Return, and select, the case *step* lines below another in the inbox; None at its ends."""
        return self._inbox.neighbour(case, step)

    async def action_quit(self) -> None:
        """Leave once what was begun is done, unless there is something to be read first."""
        self.run_worker(self._quit(), group="quit", exclusive=True)

    async def _quit(self) -> None:
        screen, waits = self.screen, self.session.turn.locked()
        if waits:
            self.notify("It ends as soon as this is done.")
            async with self.session.turn:
                told = asyncio.Event()
            # What came of it is shown by messages, which are before this one.
            self.call_later(told.set)
            await told.wait()
        calm = all(each.severity == "information" for each in self._notifications)
        if waits and not (calm and self.screen is screen):
            return
        for each in self.screen_stack:
            if isinstance(each, Enduring) and not await each.kept():
                return
        self.exit()

    def action_status(self) -> None:
        """Show how everything stands."""
        from inboxd.tui.standing.status import StatusScreen

        self._show(StatusScreen)

    def action_overview(self) -> None:
        """Show who waits and how today goes."""
        from inboxd.tui.standing.overview import OverviewScreen

        self._show(OverviewScreen)

    def _show(self, kind: type[Screen[None]]) -> None:
        """Show a screen of some *kind*: the one that lies beneath, if there is one."""
        if not any(isinstance(each, kind) for each in self.screen_stack):
            self.push_screen(kind())
        while not isinstance(self.screen, kind):
            self.pop_screen()

    def action_help(self) -> None:
        """Show what keys do here."""
        from inboxd.tui.help import HelpScreen

        legend = self._inbox.legend() if self.screen is self._inbox else ()
        self.push_screen(HelpScreen(self.screen.active_bindings, legend))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield what the palette offers: what this screen is for, the views, and then the rest."""
        known = [each for each in by_meaning(screen.active_bindings) if each.is_command]
        for place in range(3):
            for meaning in (each for each in known if each.rank == place):
                keys = ", ".join(map(self.get_key_display, meaning.bindings))
                yield SystemCommand(meaning.description, f"Key: {keys}", meaning.runner(self))
            if place == 0 and screen is self._inbox:
                yield from self._inbox.views()
        yield SystemCommand("Theme", "Change how it looks", self.action_change_theme)

    def _dress(self, theme: str) -> None:
        if theme not in self.available_themes:
            there_are = ", ".join(sorted(self.available_themes))
            raise UserError(f"there is no theme {theme!r}; there are: {there_are}")
        self.theme = theme

    def _fatal_error(self) -> None:
        if os.environ.get("INBOXD_DEBUG"):
            super()._fatal_error()
        else:
            self._close_messages_no_wait()
