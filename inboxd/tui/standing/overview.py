"""How it stands and how today goes, as plots."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.containers import Grid, VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from inboxd.errors import DatabaseError
from inboxd.tui.app import Aged, Changed
from inboxd.tui.standing import overviewpage
from inboxd.tui.standing.sheet import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.content import Content
    from textual.timer import Timer

    from inboxd.store.overview import Overview
    from inboxd.tui.app import InboxApp
    from inboxd.tui.session import Session

_AT_MOST_EVERY_SECONDS = 2.0
"""How often it is counted anew while much is written."""
_HIGH, _ROWS_WHERE_HIGH = 45, 14
"""From so many lines on, a column may have so many rows."""
_SECTIONS: Mapping[str, tuple[str, Callable[[Overview, Session, int], Content]]] = {
    "waiting": ("Waiting, by business time", overviewpage.waiting),
    "responses": ("First responses today, in business time", overviewpage.responses),
    "hours": ("Complaints by hour", overviewpage.hours),
    "topics": ("Complaints by topic today", overviewpage.topics),
    "places": ("Networks today", overviewpage.places),
}


class OverviewScreen(Screen[None]):
    """Shows who waits, how soon customers are answered today, and what they complain of."""

    TITLE = "Overview"
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (150, "-two")]  # noqa: RUF012 - Textual declares it so
    DEFAULT_CSS = """
    OverviewScreen #headline {
        height: 1;
        padding: 0 2;
        background: $panel;
    }
    OverviewScreen VerticalScroll {
        padding: 1 1 0 2;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    OverviewScreen Grid {
        height: auto;
        grid-size: 1;
        grid-rows: auto;
        grid-gutter: 0 3;
    }
    OverviewScreen.-two Grid {
        grid-size: 2;
    }
    OverviewScreen #blindness {
        height: auto;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "back", "Back"),
        ("j", "scroll('down')", "Down"),
        ("k", "scroll('up')", "Up"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._pause: Timer | None = None
        self._again = False

    @property
    def _session(self) -> Session:
        return cast("InboxApp", self.app).session

    def compose(self) -> ComposeResult:
        """Lay out a plot for each kind of thing."""
        yield Static(id="headline", markup=False)
        with VerticalScroll():
            yield Section("", id="blindness")
            with Grid():
                for name, (title, _) in _SECTIONS.items():
                    yield Section(title, id=name)
        yield Footer()

    def on_mount(self) -> None:
        """Count for the first time."""
        self.query_one(VerticalScroll).focus()
        self.reload()

    @on(Changed)
    @on(Aged)
    def reload(self) -> None:
        """Count anew, now or as soon as the last time is long enough ago."""
        if self._pause is not None:
            self._again = True
            return
        self._pause = self.set_timer(_AT_MOST_EVERY_SECONDS, self._rested)
        self.run_worker(self._read(), exclusive=True, group="overview")

    def _rested(self) -> None:
        self._pause = None
        if self._again:
            self._again = False
            self.reload()

    async def _read(self) -> None:
        session = self._session
        policies, now, tz = session.settings.policies, session.now, session.tz
        try:
            seen = await session.run(lambda store: store.overview.of(policies, now, tz))
        except DatabaseError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.query_one("#headline", Static).update(overviewpage.headline(seen, session))
        blind = self.query_one("#blindness", Section)
        blind.display = bool(seen.gaps_since(seen.days[1].begins))
        blind.show(partial(overviewpage.blindness, seen, session))
        for name, (_, draw) in _SECTIONS.items():
            self.query_one(f"#{name}", Section).show(partial(draw, seen, session))
        if self.size.height >= _HIGH:
            tall = partial(overviewpage.hours, seen, session, rows=_ROWS_WHERE_HIGH)
            self.query_one("#hours", Section).show(tall)

    def action_scroll(self, where: str) -> None:
        """Move by a line, as in the inbox."""
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_down() if where == "down" else scroll.scroll_up()

    def action_back(self) -> None:
        """Go back to where one was."""
        self.dismiss()
