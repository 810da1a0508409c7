"""How it stands and how today goes, as plots."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.containers import Grid

from inboxd.tui.standing import overviewpage
from inboxd.tui.standing.page import Page
from inboxd.tui.standing.sheet import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from textual.content import Content
    from textual.timer import Timer
    from textual.widget import Widget

    from inboxd.store import Store
    from inboxd.store.overview import Overview
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


class OverviewScreen(Page["Overview"]):
    """Shows who waits, how soon customers are answered today, and what they complain of."""

    TITLE = "Overview"
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (150, "-two")]  # noqa: RUF012 - Textual declares it so
    DEFAULT_CSS = """
    OverviewScreen Grid { height: auto; grid-size: 1; grid-rows: auto; grid-gutter: 0 3; }
    OverviewScreen.-two Grid { grid-size: 2; }
    OverviewScreen #blindness { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._pause: Timer | None = None
        self._again = False

    def body(self) -> Iterable[Widget]:
        """Yield a plot for each kind of thing."""
        yield Section("", id="blindness")
        yield Grid(*(Section(title, id=name) for name, (title, _) in _SECTIONS.items()))

    def reader(self) -> Callable[[Store], Overview]:
        """Return what counts."""
        policies, now, tz = self.session.settings.policies, self.session.now, self.session.tz
        return lambda store: store.overview.of(policies, now, tz)

    def reload(self) -> None:
        """Count anew, now or as soon as the last time is long enough ago."""
        if self._pause is not None:
            self._again = True
            return
        self._pause = self.set_timer(_AT_MOST_EVERY_SECONDS, self._rested)
        super().reload()

    def _rested(self) -> None:
        self._pause = None
        if self._again:
            self._again = False
            self.reload()

    def show(self, found: Overview) -> None:
        """Show what was counted, in its place."""
        session = self.session
        self.headline.show(partial(overviewpage.headline, found, session))
        blind = self.query_one("#blindness", Section)
        blind.display = bool(found.gaps_since(found.days[1].begins))
        blind.show(partial(overviewpage.blindness, found, session))
        for name, (_, draw) in _SECTIONS.items():
            self.query_one(f"#{name}", Section).show(partial(draw, found, session))
        if self.size.height >= _HIGH:
            tall = partial(overviewpage.hours, found, session, rows=_ROWS_WHERE_HIGH)
            self.query_one("#hours", Section).show(tall)
