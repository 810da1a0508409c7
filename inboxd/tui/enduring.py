"""What reads the database by itself, and goes on where that fails for once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from textual.await_complete import AwaitComplete
from textual.message_pump import MessagePump
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.message import Message

    from inboxd.tui.host import Host


T = TypeVar("T")


class Enduring(MessagePump):
    """A screen or a widget that a database which cannot be read does not end; it is told."""

    async def kept(self) -> bool:
        """Tell whether it can be left without a loss that nobody was told of."""
        return True

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if not cast("Host", self.app).endures(error):
                raise


class Layer(Enduring, Screen[T]):
    """A screen above others. It goes once: a key that comes twice leaves those beneath alone."""

    @property
    def is_shown(self) -> bool:
        """Tell whether it is still there: what was read for it may come too late."""
        return self in self.app.screen_stack

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Leave, and answer whoever opened it, unless something lies above or it has been left."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
