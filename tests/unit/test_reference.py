"""Promises about the configuration reference: it is complete, and as the program has it."""

from __future__ import annotations

import runpy
from pathlib import Path

from inboxd.config.reference import undocumented
from inboxd.plugins import networks

ROOT = Path(__file__).parents[2]


def test_the_reference_is_what_the_settings_say() -> None:
    """After a change of any key: python docs/reference.py."""
    page = runpy.run_path(str(ROOT / "docs" / "reference.py"))["page"]()
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == page


def test_something_is_said_about_every_key() -> None:
    """No key is added without a docstring below it."""
    assert undocumented({name: load() for name, load in networks().items()}) == []
