"""The last line of a screen, where it is told what came of what somebody did."""

from __future__ import annotations

from textual.widgets import Static

STYLES = """
Screen { layers: default over; }
ToastRack { margin: 0; overflow: hidden; align: left bottom; }
ToastHolder { width: 100%; }
Toast {
    width: 100%; max-width: 100%; margin: 0; padding: 0 1; border: none;
    background: $primary; color: $text; text-style: bold;
    &.-information { border: none; }
    &.-warning, &.-error { border: none; background: $warning; }
}
.counting ToastRack { margin-bottom: 1; }
"""
"""
Notices take whole lines from the last one upwards, in the place of what reminds of the keys.

A box in a corner lay upon the status, the end of a list or the editor, and let through what
stood beside it.
"""
REFUSED = "▲ "
"""What a refusal begins with, for the colour alone would not tell it."""


class LastLine(Static):
    """A line that somebody keeps up to date, in the place of what reminds of the keys."""

    DEFAULT_CSS = """
    LastLine {
        layer: over; dock: bottom; width: 100%; height: 1; padding: 0 1;
        background: $primary; color: $text; text-style: bold;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
