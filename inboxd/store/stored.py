"""What storing messages changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inboxd.model import Message


@dataclass(slots=True)
class Stored:
    """What storing a page changed: new and changed messages, and where they belong."""

    new: list[int] = field(default_factory=list)
    arrived: list[Message] = field(default_factory=list)
    """The new messages themselves, in the order of their numbers."""
    edited: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    restored: list[int] = field(default_factory=list)
    touched: dict[int, str] = field(default_factory=dict)
    """Conversation → the earliest sent_at that is new or different in it."""

    @property
    def changed(self) -> list[int]:
        """Return what was known before and is not as it was."""
        return [*self.edited, *self.deleted, *self.restored]

    def join(self, other: Stored) -> None:
        """Add what storing another part of the same page changed."""
        self.new += other.new
        self.arrived += other.arrived
        self.edited += other.edited
        self.deleted += other.deleted
        self.restored += other.restored
        for conversation, sent_at in other.touched.items():
            self.touch(conversation, sent_at)

    def touch(self, conversation: int, sent_at: str) -> None:
        """Remember that *conversation* must be folded again from *sent_at*."""
        self.touched[conversation] = min(sent_at, self.touched.get(conversation, sent_at))
