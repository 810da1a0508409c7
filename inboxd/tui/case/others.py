"""The other cases of a customer, on all networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from inboxd.tui.names import place_name, topic_names
from inboxd.tui.when import moment
from inboxd.tui.wrapping import short

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from inboxd.store.inbox import OtherCase

_LONGEST = 300


class OtherCases(OptionList):
    """Lists the other cases; Enter, or a click, opens one."""

    DEFAULT_CSS = """
    OtherCases {
        border: none; padding: 0; background: transparent; height: 1fr; text-wrap: nowrap;
        text-overflow: ellipsis;
        &:focus { border: none; background-tint: transparent; }
        & > .option-list--option-highlighted, &:focus > .option-list--option-highlighted {
            background: $primary-muted; color: $foreground; text-style: none;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    def tell(self, cases: Sequence[OtherCase], now: datetime, tz: tzinfo) -> None:
        """Show *cases*, with the same one selected as before."""
        chosen = self.highlighted_option.id if self.highlighted_option else None
        self.clear_options()
        self.add_options(Option(_said(case, now, tz), id=str(case.row.case_id)) for case in cases)
        if not cases:
            nothing = "This customer has written nothing else that we know of."
            self.add_option(Option(Content.styled(f" {nothing}", "$foreground 60%"), disabled=True))
            return
        ids = [str(case.row.case_id) for case in cases]
        self.highlighted = ids.index(chosen) if chosen in ids else 0


def _said(case: OtherCase, now: datetime, tz: tzinfo) -> Content:
    """Return one case in two lines: what it is, and how it begins."""
    row = case.row
    facts = [
        moment(row.since, now, tz),
        place_name(row.network, row.stream),
        ", ".join(filter(None, [row.kind, *topic_names(row.topics, row.kind)])),
        "" if case.sure else "only the name is the same",
    ]
    state = str(row.status) + (f": {short(row.close_reason, 40)}" if row.close_reason else "")
    return Content.assemble(
        (f" Case {row.case_id}", "bold"),
        (f"  {state}", "bold $text-warning" if row.wait else ""),
        (" · " + " · ".join(filter(None, facts)), "$foreground 60%"),
        f"\n   {short(row.text, _LONGEST) or '(no text)'}",
    )
