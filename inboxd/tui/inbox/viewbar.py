"""The views, one beside the other, with how many cases are in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from inboxd.core.queries import View
from inboxd.tui.cells import fit
from inboxd.tui.inbox.rows import many

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from textual import events
    from textual.style import Style

    from inboxd.config.triage import ViewSettings

_NAMES = {
    View.WAITING: ("Waiting", "Wait"),
    View.DUE: ("Due in 1h", "Due"),
    View.BREACHED: ("Breached", "Late"),
    View.PROMISES: ("Promises", "Prom"),
    View.MINE: ("Mine", "Mine"),
    View.SNOOZED: ("Asleep", "Slp"),
    View.PUBLIC: ("Public", "Pub"),
    View.ANSWERED: ("Answered", "Ans"),
    View.CLOSED: ("Closed", "Done"),
    View.ALL: ("All", "All"),
}
_SELDOM = (View.ANSWERED, View.CLOSED, View.ALL)
_URGENT = (View.WAITING, View.DUE, View.BREACHED, View.MINE)
_COUNTED = (
    tuple(View),
    tuple(set(View) - set(_SELDOM)),
    _URGENT,
    (View.WAITING, View.BREACHED),
    (),
)
"""Views whose counts are shown, the less room there is, the fewer; the active one's always is."""
_LONGEST_NAME = 20


@dataclass(frozen=True, slots=True)
class Tab:
    """One way through the cases: a view, and the conditions of a saved one."""

    name: str
    short: str
    key: str
    view: View
    query: str = ""


def tabs(saved: Iterable[ViewSettings]) -> tuple[Tab, ...]:
    """Return all views: those that there are, and then those of the configuration."""
    built_in = [Tab(*_NAMES[view], "1234567890"[number], view) for number, view in enumerate(View)]
    return (*built_in, *_saved(saved))


def _saved(saved: Iterable[ViewSettings]) -> Iterator[Tab]:
    for each in saved:
        name = fit(each.name, _LONGEST_NAME).rstrip()
        yield Tab(name, fit(each.name, 8).rstrip(), "", View.WAITING, each.query)


class ViewBar(Widget):
    """Shows *tabs*, of which one is active; a click chooses another."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"viewbar--active", "viewbar--key", "viewbar--count"}
    DEFAULT_CSS = """
    ViewBar {
        height: 1; background: $panel; color: $foreground 80%;
        & > .viewbar--active { background: $primary; color: $text; text-style: bold; }
        & > .viewbar--key { color: $foreground 50%; }
        & > .viewbar--count { color: $text-warning; }
    }
    """

    class Chosen(Message):
        """Another tab is wanted, by its *number* from 0."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, shown: Sequence[Tab]) -> None:
        super().__init__()
        self._tabs = shown
        self._active = 0
        self._counts: Mapping[View, int] = {}
        self._ends: list[tuple[int, int]] = []

    def choose(self, number: int) -> None:
        """Show another tab as the active one."""
        self._active = number
        self.refresh()

    def count(self, counts: Mapping[View, int]) -> None:
        """Show how many cases there are in each view."""
        if counts != self._counts:
            self._counts = counts
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Ask for the tab under the mouse."""
        number = next((number for number, end in self._ends if event.x < end), None)
        if number is not None:
            self.post_message(self.Chosen(number))

    def render(self) -> Content:
        """Return the line, with as many words as there is room for."""
        for brevity in range(len(_COUNTED)):
            shown = [self._label(number, brevity) for number in range(len(self._tabs))]
            if sum(label.cell_length for label in shown) <= self.size.width:
                break
        first = self._first(shown)
        self._ends = []
        end = 0
        for number, label in enumerate(shown[first:], first):
            end += label.cell_length
            self._ends.append((number, end))
        return Content("").join(shown[first:])

    def _first(self, shown: Sequence[Content]) -> int:
        """Return the first tab to be shown, so that the active one is within the line."""
        room, first = self.size.width, self._active
        for number in range(self._active, -1, -1):
            room -= shown[number].cell_length
            if room < 0 and number < self._active:
                return first
            first = number
        return first

    def _label(self, number: int, brevity: int) -> Content:
        """Return one tab, its key, name and count in one piece; the more *brevity*, the less of it."""
        tab, active = self._tabs[number], number == self._active
        name = tab.short if brevity else tab.name
        key = f"{tab.key}:" if tab.key else ""
        if active:
            key = "" if brevity > 1 else key
            label = Content.styled(f"[{key}{name}{self._count(tab, 0)}]", self._style("active"))
            return " " + label if brevity and number else label
        return Content.assemble(
            " ",
            (key, self._style("key")),
            name,
            (self._count(tab, brevity), self._style("count")),
            "" if brevity else " ",
        )

    def _count(self, tab: Tab, brevity: int) -> str:
        """Return how many cases are in a view, "" where that is not shown or they are none."""
        found = 0 if tab.query else self._counts.get(tab.view, 0)
        return f"({many(found)})" if found and tab.view in _COUNTED[brevity] else ""

    def _style(self, name: str) -> Style:
        return self.get_visual_style(f"viewbar--{name}")
