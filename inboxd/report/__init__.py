"""
A scorecard as something to read: on a terminal, as a page, as Markdown, JSON or a spreadsheet.

Each form is a function from a scorecard to the whole text, and loads what it needs when it is
called. None of them reads the store, the clock or the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inboxd.core.scorecard.model import Scorecard


def as_text(card: Scorecard, width: int = 80, *, coloured: bool = False) -> str:
    """Return lines of at most *width* cells, with the escape sequences of a terminal if *coloured*."""
    from inboxd.report.text import written

    return written(card, width, coloured=coloured)


def as_html(card: Scorecard) -> str:
    """Return one page that needs nothing else: no script, no font, no picture from elsewhere."""
    from inboxd.report.page import written

    return written(card)


def as_markdown(card: Scorecard) -> str:
    """Return Markdown with tables as GitHub has them."""
    from inboxd.report.markdown import written

    return written(card)


def as_json(card: Scorecard) -> str:
    """Return a JSON object whose keys are an interface."""
    from inboxd.report.objects import written

    return written(card)


def as_csv(card: Scorecard) -> str:
    """Return a figure a row, as spreadsheets open it: with a byte order mark, and without formulas."""
    from inboxd.report.table import written

    return written(card)
