"""Messages with their authors and conversations: stored once, however often they arrive."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from inboxd.core.text import storable
from inboxd.store.bulk import insert, next_id
from inboxd.store.jsontext import json_text
from inboxd.store.times import maybe_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from inboxd.model import Author, Message, ReplyWindow, Verdict

# fmt: off
_MESSAGE_COLUMNS = (
    "id", "conversation_id", "author_id", "account", "remote_id", "stream", "direction", "public",
    "text", "sent_at", "seen_at", "edited_at", "deleted_at", "parent_remote_id", "url",
    "attachments", "auto_reply", "staff", "raw",
)
# fmt: on
_AUTHOR_COLUMNS = ("id", "account", "remote_id", "name", "handle", "followers", "url")
_CONVERSATION_COLUMNS = ("id", "account", "network", "remote_id", "stream", "public")
_MOST = 2**63 - 1
"""The largest number that SQLite can keep; what claims to be larger must not stop a page."""


@dataclass(slots=True)
class Stored:
    """What storing a page changed: new and changed messages, and where they belong."""

    new: list[int] = field(default_factory=list)
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
        self.edited += other.edited
        self.deleted += other.deleted
        self.restored += other.restored
        for conversation, sent_at in other.touched.items():
            self.touch(conversation, sent_at)

    def touch(self, conversation: int, sent_at: str) -> None:
        """Remember that *conversation* must be folded again from *sent_at*."""
        self.touched[conversation] = min(sent_at, self.touched.get(conversation, sent_at))


@dataclass(frozen=True, slots=True)
class Unclassified:
    """A customer's message that no verdict has been given on yet."""

    id: int
    conversation_id: int
    sent_at: str
    text: str


class MessageStore:
    """The tables messages, message_versions, authors and conversations."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(
        self, account: str, network: str, messages: Sequence[Message], seen_at: datetime
    ) -> Stored:
        """
        Store *messages* of *account*; what is known already is only brought up to date.

        To be called within a transaction.
        """
        stored = Stored()
        latest = _one_each(messages)
        if not latest:
            return stored
        known = self._known(account, list(latest))
        authors = self._authors(account, [m.author for m in latest.values() if m.author])
        for remote_id, row in known.items():
            self._update(row, latest.pop(remote_id), seen_at, stored)
        # Only now: the deletion of a known comment may not know its conversation.
        threads = self._conversations(account, network, latest.values())
        rows = []
        for number, message in enumerate(latest.values(), next_id(self._db, "messages")):
            author = authors.get(message.author.remote_id) if message.author else None
            conversation = threads[message.thread_id]
            rows.append((number, conversation, author, account, *_values(message, seen_at)))
            stored.new.append(number)
            stored.touch(conversation, to_text(message.sent_at))
        insert(self._db, "messages", _MESSAGE_COLUMNS, rows)
        return stored

    def mark_gone(self, account: str, remote_ids: Sequence[str], seen_at: datetime) -> Stored:
        """
        Mark messages of which the network says no more than that they are gone.

        To be called within a transaction; what is not known is nothing to mark.
        """
        stored = Stored()
        for row in self._known(account, list(remote_ids)).values() if remote_ids else ():
            _, number, conversation, _, sent_at, _, deleted_at = row
            if deleted_at is None:
                self._mark_deleted(number, seen_at)
                stored.deleted.append(number)
                stored.touch(conversation, sent_at)
        return stored

    def _mark_deleted(self, number: int, seen_at: datetime) -> None:
        self._db.execute(
            "UPDATE messages SET deleted_at = ? WHERE id = ?", (to_text(seen_at), number)
        )

    def _known(self, account: str, remote_ids: list[str]) -> dict[str, tuple[Any, ...]]:
        rows = self._db.execute(
            "SELECT remote_id, id, conversation_id, text, sent_at, edited_at, deleted_at "
            "FROM messages WHERE account = ? AND remote_id IN (SELECT value FROM json_each(?))",
            (account, json.dumps(remote_ids)),
        )
        return {row[0]: row for row in rows}

    def _update(
        self, row: tuple[Any, ...], message: Message, seen_at: datetime, stored: Stored
    ) -> None:
        """Take over an edit or a deletion; a repetition changes nothing."""
        _, number, conversation, text, sent_at, edited_at, deleted_at = row
        if message.deleted and deleted_at is None:
            self._mark_deleted(number, seen_at)
            stored.deleted.append(number)
            stored.touch(conversation, sent_at)
        if not message.deleted and _is_edit(message, text, edited_at):
            self._replace_text(number, text, message, seen_at)
            stored.edited.append(number)
            stored.touch(conversation, sent_at)

    def _replace_text(self, number: int, old: str, message: Message, seen_at: datetime) -> None:
        self._db.execute(
            "INSERT INTO message_versions (message_id, text, replaced_at) VALUES (?, ?, ?)",
            (number, old, to_text(seen_at)),
        )
        self._db.execute(
            "UPDATE messages SET text = ?, edited_at = ?, raw = ?, classified_at = NULL "
            "WHERE id = ?",
            (storable(message.text), maybe_text(message.edited_at), json_text(message.raw), number),
        )

    def _authors(self, account: str, authors: Iterable[Author]) -> dict[str, int]:
        """Return the row of each author; names that changed are brought up to date."""
        wanted = {author.remote_id: author for author in authors}
        known = {
            row[1]: row
            for row in self._db.execute(
                "SELECT id, remote_id, name, handle, followers, url FROM authors "
                "WHERE account = ? AND remote_id IN (SELECT value FROM json_each(?))",
                (account, json.dumps(list(wanted))),
            )
        }
        numbers, new = {}, []
        free = count(next_id(self._db, "authors"))
        for remote_id, author in wanted.items():
            facts = _author_facts(author)
            row = known.get(remote_id)
            if row is None:
                numbers[remote_id] = next(free)
                new.append((numbers[remote_id], account, remote_id, *facts))
                continue
            numbers[remote_id] = row[0]
            # An event names nobody; a later read does: keep what is known.
            merged = tuple(new or old for new, old in zip(facts, row[2:], strict=True))
            if merged != row[2:]:
                self._db.execute(
                    "UPDATE authors SET name = ?, handle = ?, followers = ?, url = ? WHERE id = ?",
                    (*merged, row[0]),
                )
        insert(self._db, "authors", _AUTHOR_COLUMNS, new)
        return numbers

    def _conversations(
        self, account: str, network: str, messages: Iterable[Message]
    ) -> dict[str, int]:
        threads = {message.thread_id: message for message in messages}
        numbers: dict[str, int] = dict(
            self._db.execute(
                "SELECT remote_id, id FROM conversations "
                "WHERE account = ? AND remote_id IN (SELECT value FROM json_each(?))",
                (account, json.dumps(list(threads))),
            ).fetchall()
        )
        rows = []
        new = [message for thread, message in threads.items() if thread not in numbers]
        for number, message in enumerate(new, next_id(self._db, "conversations")):
            numbers[message.thread_id] = number
            facts = (message.thread_id, message.stream, message.public)
            rows.append((number, account, network, *facts))
        insert(self._db, "conversations", _CONVERSATION_COLUMNS, rows)
        return numbers

    def set_windows(self, account: str, windows: Sequence[ReplyWindow]) -> None:
        """Keep whether and how conversations can be answered."""
        self._db.executemany(
            "UPDATE conversations SET reply_open = ?, reply_closes_at = ?, reply_note = ?, "
            "reply_max_length = ? WHERE account = ? AND remote_id = ?",
            [
                (w.open, maybe_text(w.closes_at), w.reason, w.max_length, account, w.thread_id)
                for w in windows
            ],
        )

    def count_seen(self, account: str, since: datetime) -> int:
        """Return how many customers' messages of *account* we have seen since *since*."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM messages "
            "WHERE account = ? AND direction = 'inbound' AND seen_at >= ?",
            (account, to_text(since)),
        ).fetchone()
        return int(count)

    def unclassified(self, limit: int) -> list[Unclassified]:
        """Return up to *limit* customers' messages without a verdict, oldest first."""
        rows = self._db.execute(
            "SELECT id, conversation_id, sent_at, text FROM messages "
            "WHERE classified_at IS NULL AND direction = 'inbound' ORDER BY id LIMIT ?",
            (limit,),
        )
        return [Unclassified(*row) for row in rows]

    def set_verdicts(
        self, verdicts: Sequence[tuple[Unclassified, Verdict]], now: datetime
    ) -> dict[int, str]:
        """
        Keep what the classifier said; returns what tracking must look at again.

        A message that was edited since its text was read keeps waiting for a verdict.
        """
        self._db.executemany(
            "UPDATE messages SET classified_at = ?, kind = ?, topics = ?, urgency = ?, "
            "language = ?, verdict = ? WHERE id = ? AND text = ?",
            [
                (to_text(now), *_verdict_values(verdict), message.id, message.text)
                for message, verdict in verdicts
            ],
        )
        stored = Stored()
        for message, _ in verdicts:
            stored.touch(message.conversation_id, message.sent_at)
        return stored.touched


def _one_each(messages: Sequence[Message]) -> dict[str, Message]:
    """Return what each message has come to where a page names one several times."""
    latest: dict[str, Message] = {}
    for each in messages:
        message = each if _has_plain_ids(each) else _with_plain_ids(each)
        other = latest.get(message.remote_id)
        latest[message.remote_id] = message if other is None else _combined(other, message)
    return latest


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
    if old.deleted != new.deleted:
        return replace(new if old.deleted else old, deleted=True)
    if old.deleted:
        return old if old.text or old.author else new
    if old.edited_at and new.edited_at:
        return new if new.edited_at >= old.edited_at else old
    return old if old.edited_at else new


def _is_edit(message: Message, text: str, edited_at: str | None) -> bool:
    """Tell an edit from a repetition, and from an older version that arrives late."""
    if storable(message.text) == text:
        return False
    if message.edited_at is None:
        return edited_at is None
    return edited_at is None or to_text(message.edited_at) > edited_at


def _values(message: Message, seen_at: datetime) -> tuple[object, ...]:
    seen = to_text(seen_at)
    return (
        message.remote_id,
        message.stream,
        message.direction,
        message.public,
        storable(message.text),
        to_text(message.sent_at),
        seen,
        maybe_text(message.edited_at),
        seen if message.deleted else None,
        message.parent_id,
        storable(message.url),
        json.dumps([asdict(item) for item in message.attachments]) if message.attachments else "[]",
        message.auto_reply,
        storable(message.staff),
        json_text(message.raw),
    )


def _author_facts(author: Author) -> tuple[object, ...]:
    followers = None if author.followers is None else max(0, min(author.followers, _MOST))
    return (storable(author.name), storable(author.handle), followers, storable(author.url))


def _verdict_values(verdict: Verdict) -> tuple[str, ...]:
    more = {
        "scores": dict(verdict.scores),
        "evidence": [asdict(span) for span in verdict.evidence],
    }
    return (
        verdict.kind,
        json.dumps(list(verdict.topics)),
        verdict.urgency,
        verdict.language,
        json.dumps(more),
    )
