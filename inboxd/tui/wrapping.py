"""Texts laid out in rows of so many terminal cells, each part of a row with a style's name."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, chop_cells

from inboxd.core.text import inert
from inboxd.tui.cells import even, fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_WORD = re.compile(r"(\s*)(\S+)")


class Piece(NamedTuple):
    """Some text in a *style* (or several, with blanks between); a click on it opens *link*."""

    text: str
    style: str = ""
    link: str = ""


Row = tuple[Piece, ...]
"""One line of the screen."""


def tame(text: str) -> str:
    """
    Return a part of a stranger's text with its lines kept and nothing in it that a terminal obeys.

    Blanks are made one, also where the part begins or ends, so that parts can be joined again.
    """
    return "\n".join(map(_tame_line, inert(text).split("\n")))


def _tame_line(line: str) -> str:
    body = even(line)
    if not line[:1].isspace() and not line[-1:].isspace():
        return body
    if not body:
        return " "
    return " " * line[0].isspace() + body + " " * line[-1].isspace()


def short(text: str, width: int) -> str:
    """Return the beginning of a stranger's *text*, harmless, in one line of *width* cells at most."""
    return fit(text, width).rstrip()


def wrap(
    pieces: Sequence[Piece], width: int, *, first: Row = (), rest: Row | None = None
) -> list[Row]:
    """
    Return tamed *pieces* as rows of at most *width* cells, broken between words where possible.

    *first* comes before the first row and *rest* before the others (None: as many blanks as
    *first* has cells); both count. What is to be shown in one row holds no line break.
    """
    if rest is None:
        rest = (Piece(" " * row_len(first)),)
    room = max(1, width - max(row_len(first), row_len(rest)))
    text = "".join(piece.text for piece in pieces)
    starts = [0, *accumulate(len(piece.text) for piece in pieces)]
    rows = []
    for number, (begin, end) in enumerate(breaks(text, room)):
        before = rest if number else first
        rows.append((*before, *_cut(pieces, starts, begin, end)))
    return rows


def row_len(row: Iterable[Piece]) -> int:
    """Return how many cells *row* takes."""
    return sum(cell_len(piece.text) for piece in row)


def _cut(pieces: Sequence[Piece], starts: Sequence[int], begin: int, end: int) -> Iterator[Piece]:
    """Yield what is between two places of all *pieces* joined."""
    for piece, start in zip(pieces, starts, strict=False):
        if start >= end:
            return
        text = piece.text[max(0, begin - start) : end - start]
        if text and start + len(piece.text) > begin:
            yield piece._replace(text=text)


def breaks(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield where each row of *text* begins and ends, if it has *width* cells."""
    start = 0
    for line in text.split("\n"):
        for begin, end in _line_breaks(line, width):
            yield start + begin, start + end
        start += len(line) + 1


def _line_breaks(line: str, width: int) -> Iterator[tuple[int, int]]:
    begin = end = used = 0
    for found in _WORD.finditer(line):
        gap, word = found.groups()
        if end == begin:
            begin, used, gap = found.start(2), 0, ""
        taken = used + cell_len(gap) + cell_len(word)
        if taken <= width:
            used, end = taken, found.end()
            continue
        if end > begin:
            yield begin, end
        begin = end = found.start(2)
        *full, last = chop_cells(word, width) or [""]
        for part in full:
            yield begin, begin + len(part)
            begin += len(part)
        used, end = cell_len(last), found.end()
    yield begin, end
