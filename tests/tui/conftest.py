"""One terminal for all tests of the interface, whatever terminal the tests are run in."""

from __future__ import annotations

import pytest
from textual import constants
from textual.app import App
from textual.widgets import Input, TextArea

_READ_BY_TERMINALS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES")


@pytest.fixture(autouse=True)
def usual_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have colours, no animation, no blinking, and double clicks on a machine of any speed."""
    for name in _READ_BY_TERMINALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    # Read from the environment when Textual was imported.
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "truecolor")
    monkeypatch.setattr(constants, "FILTERS", "")
    monkeypatch.setattr(App.theme, "_default", "textual-dark")
    for blinking in (Input.cursor_blink, TextArea.cursor_blink):
        monkeypatch.setattr(blinking, "_default", False)
    monkeypatch.setattr(App, "CLICK_CHAIN_TIME_THRESHOLD", 60.0)
