"""A widget that scrolls through thousands of blocks of text and lays out only what is seen."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from inboxd.tui.enduring import Enduring
from inboxd.tui.wrapping import Piece, Row, wrap

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from textual.geometry import Region

_AHEAD = 2
"""How many screens above and below are laid out, so that a page key finds them in their place."""
_MOST_KEPT = 400
"""How many laid-out blocks are kept."""


class Source(Protocol):
    """Blocks of text by their place; nothing is read or laid out before it is asked for."""

    def __len__(self) -> int:
        """Return how many blocks there are."""
        ...

    def key(self, place: int) -> Hashable:
        """Return what names the block for as long as it is shown, wherever it stands."""
        ...

    def guess(self, place: int, width: int) -> int:
        """Return about how many rows the block has, at once."""
        ...

    def rows(self, places: range, width: int) -> list[list[Row]]:
        """Return the rows of some blocks that stand together."""
        ...


Part: TypeAlias = "tuple[Sequence[Piece], Row, Row | None]"
"""A paragraph: what it says, what comes before its first row, and before the others."""
EMPTY: Part = ([], (), None)


class Paragraphs:
    """A few paragraphs, all of which are at hand."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts)

    def key(self, place: int) -> Hashable:
        """Return the place: paragraphs are added at the end."""
        return place

    def guess(self, place: int, width: int) -> int:
        """Return about how many rows a paragraph has."""
        return 1 + sum(len(piece.text) for piece in self._parts[place][0]) // max(1, width)

    def rows(self, places: range, width: int) -> list[list[Row]]:
        """Return paragraphs as rows."""
        parts = self._parts[places.start : places.stop]
        return [wrap(text, width, first=first, rest=rest) for text, first, rest in parts]


class Blocks(Enduring, ScrollView, can_focus=True):
    """
    Shows the blocks of a source.

    Heights are guessed until a block comes near the screen; a guess that was wrong above what is
    seen moves the scroll position with it, so that what is seen stays where it is.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "blocks--title", "blocks--muted", "blocks--ours", "blocks--mark", "blocks--alarm",
        "blocks--waiting", "blocks--note", "blocks--link", "blocks--gone", "blocks--new",
    }  # fmt: skip
    DEFAULT_CSS = """
    Blocks {
        overflow-x: hidden;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        & > .blocks--title { text-style: bold; }
        & > .blocks--muted { color: $text-muted; }
        & > .blocks--ours { color: $text-success; text-style: bold; }
        & > .blocks--mark { text-style: bold underline; }
        & > .blocks--alarm { color: $text-error; text-style: bold; }
        & > .blocks--waiting { color: $text-warning; text-style: bold; }
        & > .blocks--note { color: $text-accent; text-style: bold; }
        & > .blocks--link { color: $text-primary; text-style: underline; }
        & > .blocks--gone { color: $text-muted; text-style: strike; }
        & > .blocks--new { color: $text-accent; text-style: bold reverse; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Scroll up", show=False),
        Binding("down,j", "scroll_down", "Scroll down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home,g", "scroll_home", "To the beginning", show=False),
        Binding("end,G", "scroll_end", "To the end", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id)
        self._source: Source = Paragraphs(())
        self._heights: list[int] = []
        self._tops: list[int] = [0]
        self._laid: dict[int, list[Row]] = {}
        self._styles: dict[tuple[str, str], Style] = {}
        self._base = Style()
        self._begin: int | None = None
        """Which block is to be seen once the size is known."""

    def show(self, source: Source, *, at: int | None = None) -> None:
        """
        Show another source: at one of its blocks, or else where one was.

        Who was at the end stays there; who was not finds the same block in the same row.
        """
        began = len(self._source) == 0
        anchor = None if began or self.is_vertical_scroll_end else self._anchor()
        self._source = source
        self._begin = at if at is not None else len(source) - 1 if began or anchor is None else None
        self._measure()
        if anchor is not None and self._begin is None:
            self._return_to(*anchor)
        self._settle()

    def in_sight(self) -> range:
        """Return the places of the blocks that are seen, at least in part."""
        top = self.scroll_offset.y
        return self._between(top, top + self._room.height)

    @property
    def _room(self) -> Size:
        """Return how much is seen, also while another tab is in front."""
        gutter = self.styles.gutter
        width, height = self.outer_size.width, self.outer_size.height
        return Size(max(0, width - gutter.width - 1), max(0, height - gutter.height))

    def _between(self, top: int, bottom: int) -> range:
        """Return the blocks that have rows from *top* up to *bottom*."""
        if not self._heights or bottom <= 0:
            return range(0)
        first = max(0, bisect_right(self._tops, max(0, top)) - 1)
        last = bisect_right(self._tops, bottom - 1) - 1
        return range(min(first, len(self._heights)), min(last + 1, len(self._heights)))

    def _anchor(self) -> tuple[Hashable, int]:
        """Return which block is at the top, and how many rows of it are above the screen."""
        top = self.scroll_offset.y
        place = next(iter(self._between(top, top + 1)), None)
        return (None, 0) if place is None else (self._source.key(place), top - self._tops[place])

    def _return_to(self, key: Hashable, rows: int) -> None:
        for place in range(len(self._source) - 1, -1, -1):
            if self._source.key(place) == key:
                self._jump(self._tops[place] + rows)
                return

    def _measure(self) -> None:
        """Forget all layouts, and guess all heights."""
        width = self._room.width
        self._laid.clear()
        self._styles.clear()
        self._heights = [self._source.guess(place, width) for place in range(len(self._source))]
        self._stack()

    def _stack(self) -> None:
        self._tops = [0, *accumulate(self._heights)]
        self.virtual_size = Size(self._room.width, self._tops[-1])

    def _jump(self, y: int) -> None:
        """Scroll at once, by as much as there is."""
        y = max(0, min(y, self._tops[-1] - self._room.height))
        self.scroll_target_y = self.scroll_y = y

    def _settle(self) -> None:
        """Lay out what is seen and what is near, and keep what is seen in its place."""
        height = self._room.height
        if not height:
            return
        if self._begin is not None:
            self._open_at(self._begin)
        for _ in range(3):
            top = self.scroll_offset.y
            near = self._between(top - _AHEAD * height, top + (_AHEAD + 1) * height)
            moved = self._lay_out(near, top)
            if moved is None:
                break
            self._jump(top + moved)
        self.refresh()

    def _open_at(self, place: int) -> None:
        """Show a block whole, at the bottom, or from its first row if it is longer than that."""
        self._begin = None
        if not 0 <= place < len(self._heights):
            return
        height = self._room.height
        self._lay_out(range(max(0, place - height), min(len(self._heights), place + 1)), 0)
        self._jump(min(self._tops[place], self._tops[place + 1] - height))

    def _lay_out(self, places: range, top: int) -> int | None:
        """Lay out blocks; returns by how much those above *top* have grown, None: nothing was new."""
        missing = [place for place in places if place not in self._laid]
        if not missing:
            return None
        if len(self._laid) > _MOST_KEPT:
            self._laid.clear()
            missing = list(places)
        span = range(missing[0], missing[-1] + 1)
        grown = 0
        for place, rows in zip(span, self._source.rows(span, self._room.width), strict=True):
            if self._tops[place] < top:
                grown += len(rows) - self._heights[place]
            self._laid[place] = rows
            self._heights[place] = len(rows)
        self._stack()
        return grown

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a part of the screen."""
        # Once and not for each row: it goes through all ancestors.
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one row of the screen."""
        row = y + self.scroll_offset.y
        width = self._room.width
        place = bisect_right(self._tops, row) - 1
        laid = self._laid.get(place, ())
        offset = row - self._tops[place]
        pieces = laid[offset] if 0 <= offset < len(laid) else ()
        strip = Strip([Segment(piece.text, self._style(piece)) for piece in pieces])
        return strip.adjust_cell_length(width, self._base).apply_style(self._base)

    def _style(self, piece: Piece) -> Style:
        known = self._styles.get((piece.style, piece.link))
        if known is None:
            known = Style()
            for name in piece.style.split():
                known += self.get_component_rich_style(f"blocks--{name}")
            if piece.link:
                # As a tuple, a stranger's address is a value and never a part of an expression.
                known += Style.from_meta({"@click": ("screen.open_link", (piece.link,))})
            self._styles[piece.style, piece.link] = known
        return known

    def on_resize(self) -> None:
        """Fold everything anew."""
        at_end, anchor = self.is_vertical_scroll_end, self._anchor()
        self._measure()
        if self._begin is None:
            self._begin = len(self._source) - 1 if at_end else None
            if not at_end:
                self._return_to(*anchor)
        self._settle()

    def notify_style_update(self) -> None:
        """Take up another theme's colours."""
        self._styles.clear()
        super().notify_style_update()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Lay out what comes near."""
        super().watch_scroll_y(old_value, new_value)
        top, height = round(new_value), self._room.height
        near = self._between(top - height, top + 2 * height)
        if any(place not in self._laid for place in near):
            self._settle()

    def action_scroll_up(self) -> None:
        """Scroll by a row."""
        self._jump(self.scroll_offset.y - 1)

    def action_scroll_down(self) -> None:
        """Scroll by a row."""
        self._jump(self.scroll_offset.y + 1)

    def action_page_up(self) -> None:
        """Scroll by a screen but for one row."""
        self._jump(self.scroll_offset.y - max(1, self._room.height - 1))

    def action_page_down(self) -> None:
        """Scroll by a screen but for one row."""
        self._jump(self.scroll_offset.y + max(1, self._room.height - 1))

    def action_scroll_home(self) -> None:
        """Scroll to the first row."""
        self._jump(0)

    def action_scroll_end(self) -> None:
        """Scroll to the last row."""
        self._jump(self._tops[-1])
