"""Pieces of text outside of blocks: as the content of an ordinary widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.style import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.tui.wrapping import Piece

_STYLES = {
    "title": "bold",
    "muted": "$foreground 60%",
    "alarm": "bold $text-error",
    "waiting": "bold $text-warning",
    "note": "bold $text-accent",
    "link": "underline $text-primary",
    "ours": "bold $text-success",
}


def content(line: Sequence[Piece]) -> Content:
    """Return a line of pieces as Textual shows it, a stranger's words as they are."""
    parts = []
    for piece in line:
        text = Content.styled(piece.text, _STYLES.get(piece.style, ""))
        if piece.link:
            text = text.stylize(Style.from_meta({"@click": ("screen.open_link", (piece.link,))}))
        parts.append(text)
    return Content("").join(parts)
