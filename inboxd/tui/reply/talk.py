"""What is being answered: the end of a conversation, as a person reads it while they write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from inboxd.core.text import inert
from inboxd.model import Direction
from inboxd.tui.cells import even
from inboxd.tui.names import speaker
from inboxd.tui.when import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from textual.app import ComposeResult

    from inboxd.store.views import ThreadMessage

_LONGEST_TEXT = 3_000
_INDENT = "  "


class Talk(VerticalScroll):
    """Shows the end of a conversation; the last message is seen, and one scrolls back from it."""

    DEFAULT_CSS = """
    Talk { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    Talk:focus { background: $boost; }
    """

    def compose(self) -> ComposeResult:
        """Have one block of text."""
        yield Static(markup=False)

    def show(
        self, messages: Sequence[ThreadMessage], answered: str, now: datetime, tz: tzinfo
    ) -> None:
        """Show *messages*, the one of id *answered* marked, and the end of them."""
        lines = Text("\n\n").join(
            _block(message, now, tz, is_answered=message.remote_id == answered)
            for message in messages
        )
        self.query_one(Static).update(lines)
        self.call_after_refresh(self.scroll_end, animate=False)


def _block(message: ThreadMessage, now: datetime, tz: tzinfo, *, is_answered: bool) -> Text:
    ours = message.direction is Direction.OUTBOUND
    block = Text(overflow="fold")
    block.append("▌ " if ours else "● " if is_answered else "  ", "bold")
    block.append(speaker(message), "bold")
    block.append("".join(f" · {part}" for part in _facts(message, now, tz)), "dim")
    if is_answered:
        block.append(" · you answer this", "bold")
    for line in _text(message).split("\n"):
        block.append(f"\n{_INDENT}{line}", "dim" if ours or message.deleted_at else "")
    return block


def _facts(message: ThreadMessage, now: datetime, tz: tzinfo) -> Iterator[str]:
    yield moment(message.sent_at, now, tz)
    if message.auto_reply:
        yield "auto-reply"
    if message.edited_at:
        yield "edited"
    if message.deleted_at:
        yield "deleted"
    for item in message.attachments:
        yield f"[{even(item['type'][:20])}]"


def _text(message: ThreadMessage) -> str:
    """Return a text with its lines kept, each fit for the screen."""
    cut = inert(message.text[:_LONGEST_TEXT])
    more = " …" if len(message.text) > _LONGEST_TEXT else ""
    return "\n".join(even(line) for line in cut.split("\n")) + more or "(no text)"
