"""
Bars and columns made of characters, exact to an eighth of a cell.

Nothing is told by colour alone: each kind of thing has a texture of its own. plotext, which sets
dots, has neither a texture nor an eighth of a column; what is drawn here fits into 80 cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SOLID, HATCHED, DOTTED = "█", "▒", "░"
_ACROSS = " ▏▎▍▌▋▊▉█"
_UP = " ▁▂▃▄▅▆▇█"
_THIN = " ⡀⡄⡆⡇"
"""A column of dots, for what is only compared with."""
_MARK = "│"
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: how much, its texture, and its colour."""

    amount: float
    texture: str
    style: str


def bar(parts: Sequence[Part], most: float, width: int) -> Content:
    """
    Return *parts* one after the other, in a bar of which *width* cells are *most*.

    What is there at all is seen: it has a cell, if need be from the largest part.
    """
    shown = [part for part in parts if part.amount > 0]
    if not shown or most <= 0 or width <= 0:
        return Content()
    if len(shown) == 1 and shown[0].texture == SOLID:
        return Content.styled(_across(shown[0].amount / most * width), shown[0].style)
    whole = max(len(shown), round(sum(part.amount for part in shown) / most * width))
    cells = _shared(whole, [part.amount for part in shown])
    return Content.assemble(
        *(
            (part.texture * count, part.style)
            for part, count in zip(shown, cells, strict=True)
            if count
        )
    )


def bar_with_mark(part: Part, mark: float, most: float, width: int, style: str) -> Content:
    """Return a bar, and a line where *mark* is: in it, or beyond its end."""
    drawn = bar([part], most, width)
    place = min(round(mark / most * width), width - 1) if most > 0 else 0
    if mark <= 0:
        return drawn
    padded = drawn.pad_right(max(place + 1 - drawn.cell_length, 0))
    return Content.assemble(padded[:place], (_MARK, style), padded[place + 1 :])


def columns(
    now: Sequence[int],
    before: Sequence[int],
    height: int,
    styles: tuple[str, str],
    blind: Collection[int] = (),
) -> list[Content]:
    """
    Return the lines of 24 hours, three cells each, *now* as columns beside dotted ones of *before*.

    To the left is how much the highest is. A cross stands below the hours that are *blind*.
    """
    most = max(*now, *before, 1)
    margin = len(f"{most:,}") + 1
    lines = []
    for row in range(height, 0, -1):
        label = f"{most:,}" if row == height else "0" if row == 1 else ""
        cells: list[tuple[str, str]] = [(label.rjust(margin - 1) + " ", styles[1])]
        for this, that in zip(now, before, strict=True):
            cells.append((_level(this, most, height, row, _UP), styles[0]))
            cells.append((_level(that, most, height, row, _THIN) + " ", styles[1]))
        lines.append(Content.assemble(*cells))
    hours = "".join(f"{hour:02d} " if hour % 3 == 0 else "   " for hour in range(_HOURS))
    lines.append(Content.styled(" " * margin + hours, styles[1]))
    if blind:
        crosses = "".join("×× " if hour in blind else "   " for hour in range(_HOURS))
        lines.append(Content.styled(" " * margin + crosses, "bold $text-warning"))
    return lines


def _across(cells: float) -> str:
    eighths = max(round(cells * 8), 1)
    whole, rest = divmod(eighths, 8)
    return _ACROSS[8] * whole + (_ACROSS[rest] if rest else "")


def _level(amount: int, most: int, height: int, row: int, ramp: str) -> str:
    """Return what is seen of a column in the *row* of so many from below; the least is seen."""
    steps = len(ramp) - 1
    total = max(round(amount / most * height * steps), int(amount > 0))
    return ramp[min(max(total - (row - 1) * steps, 0), steps)]


def _shared(cells: int, amounts: Sequence[float]) -> list[int]:
    """Share *cells* among *amounts*, each of which gets one at least."""
    total = sum(amounts)
    shares = [max(1, round(cells * amount / total)) for amount in amounts]
    shares[shares.index(max(shares))] += cells - sum(shares)
    return shares
