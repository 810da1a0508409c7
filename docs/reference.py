"""Writes docs/configuration.md: `python docs/reference.py`."""

from __future__ import annotations

from pathlib import Path

from inboxd.config.reference import reference
from inboxd.plugins import networks

ROOT = Path(__file__).parents[1]


def page() -> str:
    """Return the page as it should be."""
    models = {name: load() for name, load in networks().items()}
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    return reference(models, example)


if __name__ == "__main__":
    (ROOT / "docs" / "configuration.md").write_text(page(), encoding="utf-8")
