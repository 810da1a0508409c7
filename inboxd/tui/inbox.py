"""The inbox: who waits, what is due next first."""

from __future__ import annotations

from textual.screen import Screen


class InboxScreen(Screen[None]):
    """Lists cases."""
