"""What the status and the overview have in common: a page that is read from top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import getters, on
from textual.containers import VerticalScroll
from textual.widgets import Footer

from inboxd.errors import DatabaseError
from inboxd.tui.enduring import Layer
from inboxd.tui.haste import begin, is_left
from inboxd.tui.host import Aged, Changed, Host
from inboxd.tui.standing.sheet import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from inboxd.store import Store
    from inboxd.tui.session import Session

T = TypeVar("T")


class Page(Layer[None], Generic[T]):
    """Shows, below a headline, what was read; reads it anew when it has changed or time has passed."""

    app = getters.app(Host)
    DEFAULT_CSS = """
    Page #headline { height: 1; padding: 0 2; background: $panel; }
    Page > VerticalScroll {
        padding: 1 1 0 2; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "back", "Back"),
        ("j", "scroll('down')", "Down"),
        ("k", "scroll('up')", "Up"),
    ]

    @property
    def session(self) -> Session:
        """Return the terminal's session."""
        return self.app.session

    @property
    def headline(self) -> Section:
        """Return the line above everything else."""
        return self.query_one("#headline", Section)

    def body(self) -> Iterable[Widget]:
        """Yield what stands below the headline."""
        raise NotImplementedError

    def reader(self) -> Callable[[Store], T]:
        """Return what reads all that is shown, in the session's own thread."""
        raise NotImplementedError

    def show(self, found: T) -> None:
        """Show what was read, in its place."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Lay out the headline and what stands below it."""
        yield Section("", id="headline")
        with VerticalScroll():
            yield from self.body()
        yield Footer()

    def on_mount(self) -> None:
        """Read for the first time."""
        self.query_one(VerticalScroll).focus()
        self.reload()

    @on(Changed)
    @on(Aged)
    def _outdated(self) -> None:
        self.reload()

    def reload(self) -> None:
        """Read everything anew, and show it."""
        begin(self, self._read, "page")

    async def _read(self) -> None:
        try:
            found = await self.session.run(self.reader())
        except DatabaseError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            if not is_left(self):
                self.show(found)

    def action_scroll(self, where: str) -> None:
        """Move by a line, as in the inbox."""
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_down() if where == "down" else scroll.scroll_up()

    def action_back(self) -> None:
        """Go back to where one was."""
        self.dismiss()
