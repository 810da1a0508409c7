"""What the selected case says, below the list, where the screen has room for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from inboxd.tui.cells import even
from inboxd.tui.rows import due, moment, open_span, topics, where, who

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxd.store.inbox import InboxRow
    from inboxd.tui.session import Session

_LONGEST_NAME = 60
_LONGEST_TEXT = 2_000


class Preview(Static):
    """Shows one case; nothing is read for it but what the list has read."""

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
        """Show what is known of a case from its line in the list."""
        self.update(Content("") if row is None else self._told(row), layout=False)

    def _told(self, row: InboxRow) -> Content:
        name = Content.styled(even(who(row)[:_LONGEST_NAME]), "bold")
        facts = Content.styled(" · ".join(self._facts(row)), "dim")
        text = Content(even(row.text[:_LONGEST_TEXT]))
        return Content("\n").join([name + "  " + facts, "", text])

    def _facts(self, row: InboxRow) -> Iterator[str]:
        now = self.session.now
        yield f"case {row.case_id}"
        yield f"{where(row, short=False).strip()} at {row.account}"
        if row.author and row.author.handle:
            yield f"@{even(row.author.handle[:_LONGEST_NAME])}"
        if row.author and row.author.followers is not None:
            yield f"{row.author.followers:,} followers"
        age = self.session.open_time(row.policy, row.since, now)
        since = moment(row.since, now, self.session.tz)
        yield f"since {since}, {open_span(age)} of business time" if row.wait else f"from {since}"
        yield due(row, now)[0]
        if about := topics(row):
            yield about
        if row.promised:
            yield f"promised: {even(row.promised[:_LONGEST_NAME])}"
