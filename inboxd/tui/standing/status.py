"""How everything stands, in detail."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from inboxd.tui.standing import details, statuspage
from inboxd.tui.standing.page import Page
from inboxd.tui.standing.sheet import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import tzinfo

    from textual.content import Content
    from textual.widget import Widget

    from inboxd.store import Store

_SECTIONS: Mapping[str, tuple[str, Callable[[details.Details, tzinfo, int], Content]]] = {
    "daemon": ("inboxd", statuspage.daemon),
    "accounts": ("Accounts", statuspage.accounts),
    "allowances": ("Allowances", statuspage.allowances),
    "delivery": ("Outbox", statuspage.delivery),
    "asides": ("Spikes, silences, quarantine", statuspage.asides),
    "gaps": ("Gaps of seven days", statuspage.gaps),
}


class StatusScreen(Page[details.Details]):
    """Tells how everything stands, and what to do about it."""

    TITLE = "Status"

    def body(self) -> Iterable[Widget]:
        """Yield a section for each kind of thing."""
        for name, (title, _) in _SECTIONS.items():
            yield Section(title, id=name)

    def reader(self) -> Callable[[Store], details.Details]:
        """Return what reads how everything stands."""
        settings, now = self.session.settings, self.session.now
        return lambda store: details.read(settings, store, now)

    def show(self, found: details.Details) -> None:
        """Show how everything stands now, in its place."""
        self.headline.show(lambda _: statuspage.headline(found))
        for name, (_, draw) in _SECTIONS.items():
            self.query_one(f"#{name}", Section).show(partial(draw, found, self.session.tz))
