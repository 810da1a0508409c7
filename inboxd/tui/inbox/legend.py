"""What the signs of the inbox mean, for its help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.tui.help import Section
    from inboxd.tui.inbox.viewbar import Tab

_SIGNS: Section = (
    "Signs in the list",
    (
        ("▸", "selected"),
        ("»", "selected because the case that was here has left or moved"),
        ("✓", "marked: keys are for all that are marked"),
        ("◉", "everybody can read it"),
        ("!", "high urgency"),
        ("…", "instead of a kind: not judged yet"),
        ("[by Max]", "Max has taken it; [for Max]: it is meant for him"),
        ("[promise]", "we have promised something"),
        ("[elsewhere]", "we have sent the customer elsewhere"),
    ),
)


def legend(tabs: Sequence[Tab]) -> tuple[Section, ...]:
    """Return what the digits and the signs mean."""
    views = tuple((tab.key, tab.name) for tab in tabs if tab.key)
    saved = ", ".join(tab.name for tab in tabs if not tab.key)
    more = (("Tab", f"and on to the saved ones: {saved}"),) if saved else ()
    return ("Views", (*views, *more)), _SIGNS
