"""What people and places are called on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.model import Direction
from inboxd.tui.cells import even, fit

if TYPE_CHECKING:
    from inboxd.model import Author, Stream, Topic
    from inboxd.store.views import ThreadMessage

_LONGEST = 200
_LONGEST_SPEAKER = 60
_IN_PASSING = 28


def author_name(author: Author | None, nameless: str = "(no name)") -> str:
    """Return what a customer is called, in one line; a name without ink is none."""
    if author is None:
        return "(unknown)"
    handle = even(author.handle[:_LONGEST])
    return even(author.name[:_LONGEST]) or (f"@{handle}" if handle else nameless)


def speaker(message: ThreadMessage) -> str:
    """Return who wrote a message: ``us``, ``Olena (us)``, or what the customer is called."""
    if message.direction is not Direction.OUTBOUND:
        return fit(author_name(message.author), _LONGEST_SPEAKER).rstrip()
    staff = fit(message.staff, _LONGEST_SPEAKER).rstrip()
    return f"{staff} (us)" if staff else "us"


def case_name(author: Author | None, case: int) -> str:
    """Return what a case is called in a message: ``Anna Koval (case 13)``."""
    return f"{short_name(author)} (case {case})"


def short_name(author: Author | None) -> str:
    """Return what a customer is called within a sentence."""
    return fit(author_name(author), _IN_PASSING).rstrip()


def place_name(network: str, stream: Stream) -> str:
    """Return where something was written: ``vk direct messages``."""
    return f"{network} {stream.replace('_', ' ')}"


def topic_names(topics: tuple[Topic, ...], kind: str | None) -> list[str]:
    """Return what something is about, but for what its *kind* says already."""
    return [topic.replace("_", " ") for topic in topics if str(topic) != kind]
