"""One row with the names of the tabs; the one in front stands out without colour too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

if TYPE_CHECKING:
    from collections.abc import Mapping


class TabBar(Static):
    """Names of tabs; a click on one runs the screen's action ``show_tab`` with its id."""

    DEFAULT_CSS = """
    TabBar { height: 1; background: $surface; padding: 0 1; link-style: none; link-color: $text; }
    """

    def tell(self, tabs: Mapping[str, str], front: str) -> None:
        """Show *tabs* (their names by ids), the one in *front* marked."""
        parts: list[Content] = []
        for tab, name in tabs.items():
            click = Style.from_meta({"@click": ("screen.show_tab", (tab,))})
            if tab == front:
                text = Content.styled(f"[{name}]", "bold $text-accent")
            else:
                text = Content.styled(f" {name} ", "$text-muted")
            parts.append(text.stylize(click))
        self.update(Content(" ").join(parts))
