"""What the selected case says, below the list, where the screen has room for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from inboxd.tui.cells import even, fit
from inboxd.tui.enduring import Enduring
from inboxd.tui.inbox.rows import due, topics, where
from inboxd.tui.names import author_name
from inboxd.tui.when import brief_moment, moment, open_span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxd.store.inbox import InboxRow, Said
    from inboxd.tui.session import Session

_LONGEST_NAME = 60
_LATEST = 4
"""How many messages are shown; the newest has the lines that are left."""
_TIME = 12
_SPEAKER = 18


class Preview(Enduring, Static):
    """Shows one case: what is known of it, and what was said last."""

    DEFAULT_CSS = """
    Preview {
        height: 9; padding: 0 2; border-top: solid $foreground 20%; color: $foreground;
        background: $surface;
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(markup=False)
        self.session = session

    def show(self, row: InboxRow | None) -> None:
        """Show a case; its last messages are read, no more."""
        self.update(Content("") if row is None else self._told(row), layout=False)

    def _told(self, row: InboxRow) -> Content:
        width = self.content_size.width
        name = Content.styled(fit(author_name(row.author), _LONGEST_NAME).rstrip(), "bold") + "  "
        room = max(0, width - name.cell_length)
        facts = Content.styled(fit(" · ".join(self._facts(row)), room).rstrip(), "dim")
        said = self.session.store.inbox.latest(row.case_id, _LATEST)
        lines = [self._line(each, newest=each is said[-1]) for each in said]
        return Content("\n").join([name + facts, "", *lines])

    def _line(self, said: Said, *, newest: bool) -> Content:
        at = fit(brief_moment(said.at, self.session.now, self.session.tz), _TIME)
        speaker = fit(said.who or ("we" if said.ours else "(unknown)"), _SPEAKER)
        text = even(said.text)
        if not newest:
            text = fit(text, max(0, self.content_size.width - _TIME - _SPEAKER - 4)).rstrip()
        sign = "→" if said.ours else " "
        return Content.assemble((f"{at} {sign} ", "dim"), (f"{speaker} ", "bold"), text)

    def _facts(self, row: InboxRow) -> Iterator[str]:
        now = self.session.now
        yield f"case {row.case_id}"
        yield f"{where(row, short=False).strip()} at {row.account}"
        if row.author and row.author.handle:
            yield f"@{even(row.author.handle[:_LONGEST_NAME])}"
        if row.author and row.author.followers is not None:
            yield f"{row.author.followers:,} followers"
        since = moment(row.since, now, self.session.tz)
        age = open_span(self.session.open_time(row.policy, row.since, now))
        yield f"since {since}, {age} of business time" if row.wait else f"from {since}"
        to_due = self.session.time_to(row.policy, row.due_at) if row.due_at else timedelta()
        yield due(row, now, to_due)[0]
        if about := topics(row):
            yield about
        if row.promised:
            yield f"promised “{even(row.promised[:_LONGEST_NAME])}”"
