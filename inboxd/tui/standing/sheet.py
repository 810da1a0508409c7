"""Pieces of a page that is read from top to bottom: what they show depends on their width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.geometry import Size

_WIDEST = 26
"""Cells of a column that is not the last."""
_GAP = 2
_LEAST = 20
"""Cells that are left to the last column, however wide the others are."""


class Section(Widget):
    """A title and what is drawn below it, as high as that needs to be."""

    DEFAULT_CSS = """
    Section {
        height: auto;
        padding: 0 1 1 0;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self, title: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._title = title
        self._draw: Callable[[int], Content] = lambda _: Content()

    def show(self, draw: Callable[[int], Content]) -> None:
        """Show something else."""
        self._draw = draw
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Return how many lines there are at *width*."""
        return self._drawn(width).plain.count("\n") + 1

    def render(self) -> Content:
        """Return the lines."""
        return self._drawn(self.size.width)

    def _drawn(self, width: int) -> Content:
        drawn = self._draw(max(width, 1))
        if not self._title:
            return drawn
        return Content("\n").join([Content.styled(self._title, "bold $text-primary"), drawn])


def table(rows: Sequence[Sequence[Content]], width: int, right: Sequence[int] = ()) -> Content:
    """
    Return *rows* with their columns aligned, those numbered in *right* at their right edges.

    What does not fit into the last column is wrapped below its beginning.
    """
    if not rows:
        return Content()
    *columns, _ = zip(*rows, strict=True)
    widths = [min(max(each.cell_length for each in column), _WIDEST) for column in columns]
    indent = sum(widths) + _GAP * len(widths)
    lines: list[Content] = []
    for *cells, last in rows:
        fixed = [_fitted(cell, widths[i], i in right) for i, cell in enumerate(cells)]
        wrapped = last.wrap(max(width - indent, _LEAST)) or [Content()]
        lines.append(Content(" " * _GAP).join([*fixed, wrapped[0]]))
        lines += [Content(" " * indent) + each for each in wrapped[1:]]
    return Content("\n").join(lines)


def _fitted(cell: Content, width: int, right: bool) -> Content:  # noqa: FBT001 - one of two sides
    cut = cell.truncate(width, ellipsis=True)
    blanks = width - cut.cell_length
    return cut.pad_left(blanks) if right else cut.pad_right(blanks)
