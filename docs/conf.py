"""
How `make docs` turns the repository's Markdown into HTML.

The pages are for reading on a forge as much as here, so they are plain Markdown. The root of the
sources is the repository's: README and CHANGELOG are pages as well, and their links are held to
lead somewhere like all others.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from inboxd import __version__  # noqa: E402 - it is found from here on

project = "inboxd"
author = "The inboxd authors"
release = __version__

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["docs/**.md", "*.md", "data/*.md"]
exclude_patterns = [".*", "build", "dist"]
nitpicky = True
# Anchors as a forge makes them of headings, so that the same links work in both places.
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"inboxd {release}"
html_show_copyright = False
html_show_sphinx = False


def contents(index: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what stands in the sidebar: the sections of *index*, then what none of them names."""
    rest = {path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")}
    rest.remove("index.md")
    for section in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        pages = re.findall(r"\]\(([^)#]+\.md)\)", text)
        rest.difference_update(pages)
        yield heading, pages
    decisions = {page for page in rest if page.startswith("adr/")}
    yield "Decisions", sorted(decisions)
    yield "More", sorted(rest - decisions)


def add_contents(_app: Sphinx, page: str, source: list[str]) -> None:
    """Give the first page a table of contents, which a forge would show as code."""
    if page != root_doc:
        return
    for caption, pages in contents(source[0]):
        if pages:
            listed = "\n".join(pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"


def setup(app: Sphinx) -> None:
    """Tell Sphinx of what happens here."""
    app.connect("source-read", add_contents)
