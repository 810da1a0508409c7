"""What the states of a message come to that one page brings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inboxd.core.text import storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.model import Message


@dataclass(frozen=True, slots=True)
class States:
    """What each message has come to, and what else was said of it before, by its remote id."""

    latest: dict[str, Message]
    earlier: dict[str, list[Message]]


def one_each(messages: Sequence[Message]) -> States:
    """Return the states of each message where a page names one several times."""
    latest: dict[str, Message] = {}
    several: dict[str, list[Message]] = {}
    for each in messages:
        message = each if _has_plain_ids(each) else _with_plain_ids(each)
        other = latest.get(message.remote_id)
        if other is None:
            latest[message.remote_id] = message
            continue
        several.setdefault(message.remote_id, [other]).append(message)
        latest[message.remote_id] = _combined(other, message)
    return States(latest, {name: _said(states) for name, states in several.items()})


def _said(states: Sequence[Message]) -> list[Message]:
    """Return those states that still say something, in the order in which they came about."""
    said = [state for state in states if not state.deleted]
    return sorted(said, key=lambda state: state.edited_at or state.sent_at)


def _has_plain_ids(message: Message) -> bool:
    author = message.author.remote_id if message.author else ""
    parent = message.parent_id or ""
    return f"{message.remote_id}{message.thread_id}{parent}{author}".isprintable()


def _with_plain_ids(message: Message) -> Message:
    """Return *message* with ids that can be stored: a broken one must not stop its page."""
    author = message.author
    return replace(
        message,
        remote_id=storable(message.remote_id),
        thread_id=storable(message.thread_id),
        parent_id=storable(message.parent_id) if message.parent_id else None,
        author=replace(author, remote_id=storable(author.remote_id)) if author else None,
    )


def _combined(old: Message, new: Message) -> Message:
    """Return what two states of one message come to: a deletion may say nothing else of it."""
    if old.deleted and new.restored:
        return new
    if old.deleted != new.deleted:
        return replace(new if old.deleted else old, deleted=True, restored=False)
    if old.deleted:
        return old if old.text or old.author else new
    if old.edited_at and new.edited_at:
        newest = new if new.edited_at >= old.edited_at else old
    else:
        newest = old if old.edited_at else new
    restored = old.restored or new.restored
    return replace(newest, restored=True) if restored and not newest.restored else newest
