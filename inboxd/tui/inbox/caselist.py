"""The list of cases: as long as it may be, only what is around the visible lines is read."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from inboxd.tui.enduring import Enduring
from inboxd.tui.inbox.places import is_as_it_was, passed
from inboxd.tui.inbox.rows import NARROWEST, Facts, Ink, layout, line
from inboxd.tui.inbox.window import NoCases, Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.style import Style
    from textual import events

    from inboxd.store.inbox import InboxRow, Listing
    from inboxd.tui.session import Session

MOST_MARKED = 200
"""How many cases `*` marks at once: more at a time nobody means."""


class CaseList(Enduring, ScrollView, can_focus=True):
    """
    Cases one below the other; the selection is a case, not a line.

    When what is listed is replaced by what it has become (`renew`), the selected case stays
    selected and on its line of the screen; if it is gone, or what happened to it gave it another
    place, what took its place is selected, until it is again as it was.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"caselist--cursor"} | {
        f"caselist--{ink}" for ink in Ink
    }
    DEFAULT_CSS = """
    CaseList {
        height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1;
        background: $background; scrollbar-background: $background;
        scrollbar-background-hover: $background; scrollbar-background-active: $background;
        & > .caselist--quiet { color: $foreground 65%; }
        & > .caselist--late { color: $text-error; text-style: bold; }
        & > .caselist--soon { color: $text-warning; text-style: bold; }
        & > .caselist--person { color: $text-primary; }
        & > .caselist--alarm { color: $text-error; text-style: bold; }
        & > .caselist--note { color: $text-accent; text-style: italic; }
        & > .caselist--cursor { background: $foreground 10%; }
        &:focus > .caselist--cursor { background: $primary 40%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next", show=False),
        Binding("up,k", "move(-1)", "Previous", show=False),
        Binding("pagedown", "page(1)", "A page down", show=False),
        Binding("pageup", "page(-1)", "A page up", show=False),
        Binding("home", "go(0)", "First", show=False),
        Binding("end", "go(-1)", "Last", show=False),
        Binding("enter", "open", "Open", key_display="Enter"),
        Binding("space", "mark", "Mark", key_display="Space"),
        Binding("asterisk", "mark_all", "Mark all", key_display="*"),
    ]

    class Opened(Message):
        """The selected *case* is to be opened."""

        def __init__(self, case: int) -> None:
            super().__init__()
            self.case = case

    class Selected(Message):
        """Another case is selected, or none."""

    class Marked(Message):
        """Other cases are marked than before."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.session = session
        self.marks: set[int] = set()
        self._window = Window(NoCases())
        self._others: Mapping[int, tuple[str, ...]] = {}
        self._at = 0
        self._case: int | None = None
        self._left: InboxRow | None = None
        self._strips: dict[int, Strip] = {}
        self._inks: dict[tuple[Ink, bool], Style] = {}

    @property
    def listing(self) -> Listing:
        """Return what is listed."""
        return self._window.listing

    @property
    def case(self) -> int | None:
        """Return the selected case."""
        return self._case

    @property
    def at(self) -> int:
        """Return the offset of the selected case."""
        return self._at

    @property
    def moved(self) -> bool:
        """Tell whether the selected case was not chosen, but is where one was that has left."""
        return self._left is not None

    @property
    def left(self) -> InboxRow | None:
        """Return the line of the case in whose place another is selected, as it was there."""
        return self._left

    @property
    def row(self) -> InboxRow | None:
        """Return what the line of the selected case says."""
        return self._row(self._at)

    def show(self, listing: Listing, case: int | None = None) -> None:
        """List other cases, from their beginning; *case* is selected if it is among them."""
        self._take(listing)
        self._left = None
        self._place_cursor((listing.place(case) if case is not None else None) or 0)
        self.scroll_to(y=0, animate=False)
        self._keep_visible()
        self._repaint_all()

    def renew(self, listing: Listing) -> int | None:
        """List what the cases have become; returns the selected case if it is no more there."""
        top, was, row = self.scroll_offset.y, self._window, self.row
        visible = 0 <= self._at - top < self.size.height
        anchor = (self._case, self._at) if visible or row is None else self._top_case()
        before = len(self.listing)
        self._take(listing)
        self._find_again(row, was)
        other = row is not None and self._case != row.case_id
        self._hold(anchor, lost=other and visible)
        if len(listing) == before and self.scroll_offset.y == top:
            self._repaint()
        else:
            self._repaint_all()
        return row.case_id if row and self._left is row else None

    def age(self) -> None:
        """Show ages and what is left anew; nothing is read."""
        self._repaint()

    def accompany(self, others: Mapping[int, tuple[str, ...]]) -> None:
        """Show what colleagues are doing, by the case."""
        if others != self._others:
            self._others = others
            self._repaint()

    def neighbour(self, case: int, step: int) -> int | None:
        """Return the case *step* lines below (above, if negative) another; None at the ends."""
        at = self._window.place(case)
        row = None if at is None else self._row(at + step)
        return row.case_id if row else None

    def select(self, case: int) -> bool:
        """Select a case; tells whether it is here."""
        at = self._window.place(case)
        if at is not None:
            self._move_to(at)
        return at is not None

    def chosen(self) -> tuple[int, ...]:
        """Return the marked cases that are listed, or else the selected one."""
        marked = tuple(sorted(self.listing.among(self.marks))) if self.marks else ()
        return marked or (() if self._case is None else (self._case,))

    def unmark(self) -> None:
        """Mark no case any more."""
        self._mark(set())

    def action_move(self, step: int) -> None:
        """Select the next or the previous case."""
        self._move_to(self._at + step)

    def action_page(self, step: int) -> None:
        """Turn a page; the selection stays on its line of the screen."""
        lines = max(1, self.size.height - 1) * step
        at = max(0, min(self._at + lines, len(self.listing) - 1))
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False)
        self._move_to(at)

    def action_go(self, at: int) -> None:
        """Select the first case (0) or the last (-1)."""
        self._move_to(at if at >= 0 else len(self.listing) - 1)

    def action_open(self) -> None:
        """Ask for the selected case to be opened."""
        if self._case is not None:
            self.post_message(self.Opened(self._case))

    def action_mark(self) -> None:
        """Mark the selected case, or take its mark away, and go on to the next."""
        if self._case is not None:
            self._mark(self.marks ^ {self._case})
            self._move_to(self._at + 1)

    def action_mark_all(self) -> None:
        """Mark all that are listed, at most `MOST_MARKED`; if they are marked, none."""
        shown = {row.case_id for row in self.listing.page(0, MOST_MARKED)}
        self._mark(self.marks - shown if shown <= self.marks else self.marks | shown)
        if len(self.listing) > MOST_MARKED:
            self.notify(f"Marked the first {MOST_MARKED} of {len(self.listing):,}.")

    def on_click(self, event: events.Click) -> None:
        """Select the case under the mouse; a double click opens it."""
        at = event.y + self.scroll_offset.y
        if at < len(self.listing):
            self._move_to(at)
            if event.chain > 1:
                self.action_open()

    def on_resize(self) -> None:
        """Lay the lines out anew."""
        self.virtual_size = Size(self._width, len(self.listing))
        self._keep_visible()
        self._repaint_all()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paint all lines; the scrollbar, which costs as much, only where one would see it move."""
        bar = self.vertical_scrollbar
        if self._thumb(old_value) == self._thumb(new_value):
            bar.set_reactive(ScrollBar.position, new_value)
        else:
            bar.position = new_value
        if round(old_value) != round(new_value):
            self.refresh(self.size.region)

    def _thumb(self, y: float) -> int:
        """Return where the scrollbar's handle begins with line *y* on top, in eighths of a cell."""
        lines, height = len(self.listing), self.size.height
        if lines <= height:
            return 0
        room = height - max(1.0, height * height / lines)
        return int(room * y / (lines - height) * 8)

    def notify_style_update(self) -> None:
        """Forget the colours of a theme that was."""
        super().notify_style_update()
        self._inks.clear()
        self._strips.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        """
        Return visible lines.

        What Textual does to those of any widget, at every paint, is left out: for its borders,
        paddings and tints, of which the list has none. A line stays the same object as long as it
        says the same, so that its escape sequences are made once.
        """
        background = self.background_colors[1]
        strips = [self.render_line(y) for y in crop.line_range]
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, background) for strip in strips]
        left, right = crop.column_span
        return (
            [strip.crop(left, right) for strip in strips] if left or right < self._width else strips
        )

    def render_line(self, y: int) -> Strip:
        """Return one visible line."""
        at = y + self.scroll_offset.y
        if at not in self._strips:
            self._strips[at] = self._strip(at)
        return self._strips[at]

    def _strip(self, at: int) -> Strip:
        row, width = self._row(at), self._width
        if row is None:
            return Strip.blank(width, self.rich_style)
        selected = at == self._at
        pieces = line(row, self._facts(row, selected=selected), layout(width))
        segments = [
            Segment("".join(text for text, _ in alike), self._ink(ink, selected=selected))
            for ink, alike in groupby(pieces, itemgetter(1))
        ]
        return Strip(segments, max(width, NARROWEST)).crop(0, width)

    def _facts(self, row: InboxRow, *, selected: bool) -> Facts:
        session, now = self.session, self.session.now
        age = (
            session.open_time(row.policy, row.since, now)
            if row.wait
            else now - (row.ended_at or row.since)
        )
        to_due = session.time_to(row.policy, row.due_at) if row.due_at else timedelta()
        return Facts(
            now, session.tz, session.me, age, to_due, selected, selected and self.moved,
            row.case_id in self.marks, self._others.get(row.case_id, ()),
        )  # fmt: skip

    def _ink(self, ink: Ink, *, selected: bool) -> Style:
        if (ink, selected) not in self._inks:
            names = [*(["caselist--cursor"] if selected else []), f"caselist--{ink}"]
            self._inks[ink, selected] = self.get_visual_style(*names).rich_style
        return self._inks[ink, selected]

    def _row(self, at: int) -> InboxRow | None:
        return self._window.row(at, self.size.height)

    @property
    def _width(self) -> int:
        """Return how many cells a line has: one less than the list, whose last is the scrollbar's."""
        return self.scrollable_content_region.width

    def _take(self, listing: Listing) -> None:
        self._window = Window(listing)
        self.virtual_size = Size(self._width, len(listing))

    def _top_case(self) -> tuple[int | None, int]:
        top = self._row(self.scroll_offset.y)
        return (top.case_id if top else None), self.scroll_offset.y

    def _find_again(self, row: InboxRow | None, was: Window) -> None:
        """Select the case of *row*, or one that was near it in what *was* listed."""
        self._row(min(self._at, len(self.listing) - 1))
        if row is None:
            self._left = None
            self._place_cursor(self._at)
        elif self._left and (back := self._place_as(self._left)) is not None:
            self._left = None
            self._place_cursor(back)
        else:
            at = self._window.place(row.case_id)
            near, now = was.near(), self._window.near()
            steps = 0 if at is None else passed(row.case_id, at, near, now)
            if at is None or (steps and self._place_as(row) is None):
                self._left = row
                at = self._heir(near, now, up=steps < 0)
            self._place_cursor(at)

    def _place_as(self, row: InboxRow) -> int | None:
        """Return where a case is, if it is there and nothing that gives it its place is otherwise."""
        at = self._window.place(row.case_id)
        # Far from what is shown, one line is read and not the window moved.
        found = () if at is None else self._window.known(at) or self.listing.page(at, 1)
        return at if found and is_as_it_was(row, found[0]) else None

    def _heir(self, near: Mapping[int, int], now: Mapping[int, int], *, up: bool) -> int:
        """Return where the next case is that was *near*, below or (first) above; or the same place."""
        after = [case for case, at in near.items() if at > self._at]
        before = [case for case, at in near.items() if at < self._at][::-1]
        # Where the others are is not asked one by one: each may take as long as a page.
        places = (
            now.get(case) for case in (*(before if up else after), *(after if up else before))
        )
        return next((place for place in places if place is not None), self._at)

    def _hold(self, anchor: tuple[int | None, int], *, lost: bool) -> None:
        """Scroll so that the case of the *anchor* stays on its line, unless one is at the top."""
        case, was = anchor
        now = self._at if lost else (None if case is None else self._window.place(case))
        if now is not None and self.scroll_offset.y > 0:
            self.scroll_to(y=self.scroll_offset.y + now - was, animate=False)
        if case == self._case or lost:
            self._keep_visible()

    def _place_cursor(self, at: int) -> None:
        self._at = max(0, min(at, len(self.listing) - 1))
        row = self._row(self._at)
        case = row.case_id if row else None
        if case != self._case:
            self._case = case
            self.post_message(self.Selected())

    def _move_to(self, at: int) -> None:
        """Select the case at an offset, by a person's wish."""
        before, self._left = self._at, None
        self._place_cursor(at)
        for changed in {before, self._at}:
            self._strips.pop(changed, None)
            self.refresh_line(changed)
        self._keep_visible()

    def _keep_visible(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if height and not top <= self._at < top + height:
            self.scroll_to(y=self._at if self._at < top else self._at - height + 1, animate=False)

    def _mark(self, marks: set[int]) -> None:
        if marks != self.marks:
            self.marks = marks
            self._repaint()
            self.post_message(self.Marked())

    def _repaint(self) -> None:
        """Paint the visible lines that are not as they were."""
        before, self._strips = self._strips, {}
        top = self.scroll_offset.y
        for at in range(top, top + self.size.height):
            self._strips[at] = self._strip(at)
            if before.get(at) != self._strips[at]:
                self.refresh_line(at)

    def _repaint_all(self) -> None:
        self._strips.clear()
        self.refresh()
