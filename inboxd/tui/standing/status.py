"""How everything stands: the line that every screen shows, and a screen with the details."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from inboxd.errors import DatabaseError
from inboxd.tui.app import Aged, Changed
from inboxd.tui.standing import details, statuspage
from inboxd.tui.standing.line import StatusLine
from inboxd.tui.standing.sheet import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.content import Content

    from inboxd.tui.app import InboxApp
    from inboxd.tui.session import Session

__all__ = ["StatusLine", "StatusScreen"]

_SECTIONS: Mapping[str, tuple[str, Callable[[details.Details, tzinfo, int], Content]]] = {
    "daemon": ("inboxd", statuspage.daemon),
    "accounts": ("Accounts", statuspage.accounts),
    "allowances": ("Allowances", statuspage.allowances),
    "delivery": ("Outbox", statuspage.delivery),
    "asides": ("Spikes, silences, quarantine", statuspage.asides),
    "gaps": ("Gaps of seven days", statuspage.gaps),
}


class StatusScreen(Screen[None]):
    """Tells how everything stands, and what to do about it."""

    TITLE = "Status"
    DEFAULT_CSS = """
    StatusScreen #headline {
        height: 1;
        padding: 0 2;
        margin: 0 0 1 0;
        background: $panel;
    }
    StatusScreen VerticalScroll {
        padding: 0 1 0 2;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "back", "Back"),
        ("j", "scroll('down')", "Down"),
        ("k", "scroll('up')", "Up"),
    ]

    @property
    def _session(self) -> Session:
        return cast("InboxApp", self.app).session

    def compose(self) -> ComposeResult:
        """Lay out a section for each kind of thing."""
        yield Static(id="headline", markup=False)
        with VerticalScroll():
            for name, (title, _) in _SECTIONS.items():
                yield Section(title, id=name)
        yield Footer()

    def on_mount(self) -> None:
        """Read for the first time."""
        self.query_one(VerticalScroll).focus()
        self.reload()

    @on(Changed)
    @on(Aged)
    def reload(self) -> None:
        """Show how everything stands now, in its place."""
        self.run_worker(self._read(), exclusive=True, group="status")

    async def _read(self) -> None:
        session = self._session
        settings, now = session.settings, session.now
        try:
            found = await session.run(lambda store: details.read(settings, store, now))
        except DatabaseError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.query_one("#headline", Static).update(statuspage.headline(found))
        for name, (_, draw) in _SECTIONS.items():
            section = self.query_one(f"#{name}", Section)
            section.show(partial(draw, found, session.tz))

    def action_scroll(self, where: str) -> None:
        """Move by a line, as in the inbox."""
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_down() if where == "down" else scroll.scroll_up()

    def action_back(self) -> None:
        """Go back to where one was."""
        self.dismiss()
