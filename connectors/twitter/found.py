"""What one answer of X's held: messages, what could not be read, and what can be replied to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from connectors.twitter.payloads import ID, Known, as_object, references_of
from inboxd.model import Direction, Json, Message, ReplyWindow, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Found:
    """What one answer held; of each thread the window as its newest message has it."""

    note: str = ""
    messages: list[Message] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    windows: dict[str, ReplyWindow] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    """The number of the message that each thread's window is about."""

    def add(self, message: Message, window: ReplyWindow) -> None:
        """Take a message in, and its window if no newer message of the thread has one."""
        self.messages.append(message)
        number = int(message.remote_id.partition(":")[2])
        if message.direction is Direction.INBOUND and number > self.newest.get(
            message.thread_id, -1
        ):
            self.windows[message.thread_id] = window
            self.newest[message.thread_id] = number


def broken(space: str, item: Json, known: Known, error: Exception) -> Unknown:
    """Keep an item that breaks our reading of it, with what is needed to read it again."""
    return _kept(space, item, known, "malformed", f"{type(error).__name__}: {error}")


def unheard_of(space: str, item: Json, known: Known, kind: str) -> Unknown:
    """Keep an item of a kind that nobody knew when this was written."""
    return _kept(space, item, known, kind, "")


def as_answer(raw: Json) -> Json:
    """Return a kept item as the answer that it came in; it may be kept bare, as it once was."""
    item = raw.get("item") if isinstance(raw.get("item"), dict) else raw
    return {"data": [item], "includes": as_object(raw.get("includes"))}


def _kept(space: str, item: Json, known: Known, kind: str, error: str) -> Unknown:
    name = str(item.get("id"))
    if not ID.fullmatch(name):
        # Without an id of its own it is named after its content.
        name = blake2b(json.dumps(item, sort_keys=True).encode(), digest_size=8).hexdigest()
    includes = {kind: there for kind, there in _around(item, known) if there}
    raw = {"item": item, "includes": includes} if includes else {"item": item}
    return Unknown(f"{space}:{name}", f"{space}:{kind}", raw, error)


def _around(item: Json, known: Known) -> Iterator[tuple[str, list[Any]]]:
    """Yield what an answer tells of the item's author, media and references."""
    people = {str(item.get("author_id")), str(item.get("sender_id"))}
    keys = as_object(item.get("attachments")).get("media_keys")
    media = {str(key) for key in keys} if isinstance(keys, list) else set()
    posts = {str(reference.get("id")) for reference in references_of(item)}
    for kind, wanted in (("users", people), ("media", media), ("tweets", posts)):
        yield kind, [known[kind][name] for name in sorted(wanted) if name in known[kind]]
