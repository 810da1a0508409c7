"""What the command palette offers, in our order: Textual's own sorts it by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.command import DiscoveryHit
from textual.system_commands import SystemCommandsProvider

if TYPE_CHECKING:
    from textual.command import Hits


class Commands(SystemCommandsProvider):
    """Offers what can be done, as long as nothing is written, in the order of the application."""

    async def discover(self) -> Hits:
        """Yield it all."""
        for name, told, callback, _ in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(name, callback, help=told)
