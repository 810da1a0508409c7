"""Messages with their authors and conversations: stored once, however often they arrive."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import count
from typing import TYPE_CHECKING

from inboxd.core.text import storable
from inboxd.model import Direction
from inboxd.store.bulk import insert, next_id
from inboxd.store.corrections import CorrectionStore
from inboxd.store.elsewhere import Elsewhere
from inboxd.store.forgetting.erasures import ErasureStore
from inboxd.store.jsontext import json_text
from inboxd.store.keeping.passed import PassedOver
from inboxd.store.repeats import OurText, Repeats
from inboxd.store.states import one_each
from inboxd.store.stored import Stored
from inboxd.store.times import maybe_text, to_text
from inboxd.store.updates import Updates, addressees_text, attachments_text
from inboxd.store.versions import VersionStore

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from inboxd.model import Author, Message, ReplyWindow, Verdict

# fmt: off
_MESSAGE_COLUMNS = (
    "id", "conversation_id", "author_id", "account", "remote_id", "stream", "direction", "public",
    "text", "sent_at", "seen_at", "edited_at", "deleted_at", "parent_remote_id", "url",
    "attachments", "auto_reply", "staff", "addressees", "raw",
)
# fmt: on
_AUTHOR_COLUMNS = ("id", "account", "remote_id", "name", "handle", "followers", "url")
_CONVERSATION_COLUMNS = ("id", "account", "network", "remote_id", "stream", "public")
_JUDGED_OTHERWISE = (
    "direction = 'inbound' AND classified_at IS NOT NULL AND erased_at IS NULL "
    "AND coalesce(json_extract(verdict, '$.model'), '') != ? AND sent_at >= ?"
)
_MOST = 2**63 - 1
"""The largest number that SQLite can keep; what claims to be larger must not stop a page."""


@dataclass(frozen=True, slots=True)
class Unclassified:
    """A customer's message, or an earlier text of one, that no verdict has been given on yet."""

    id: int
    conversation_id: int
    sent_at: str
    text: str


class MessageStore:
    """The tables messages, authors and conversations, and what hangs on them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._updates = Updates(connection)
        self._versions = VersionStore(connection)
        self._corrections = CorrectionStore(connection)
        self._elsewhere = Elsewhere(connection)
        self._repeats = Repeats(connection)
        self._erasures = ErasureStore(connection)
        self._passed_over = PassedOver(connection)

    def add(
        self, account: str, network: str, messages: Sequence[Message], seen_at: datetime
    ) -> Stored:
        """
        Store *messages* of *account*; what is known already is only brought up to date.

        What was erased stays so; new ones from a time of which everything was removed are counted,
        and that is all. To be called within a transaction.
        """
        stored = Stored()
        states = one_each(self._erasures.admitted(account, messages))
        latest, earlier = states.latest, states.earlier
        if not latest:
            return stored
        known = self._updates.known(account, list(latest))
        new = {ref: message for ref, message in latest.items() if ref not in known}
        for old in self._passed_over.of(account, new, seen_at):
            del latest[old]
            earlier.pop(old, None)
        authors = self._authors(account, [m.author for m in latest.values() if m.author])
        ours: list[OurText] = []
        for remote_id, row in known.items():
            message = latest.pop(remote_id)
            said = (*earlier.pop(remote_id, ()), message)
            author = authors.get(message.author.remote_id) if message.author else None
            ours += self._updates.take(
                account, row, said, author=author, seen_at=seen_at, stored=stored
            )
        # Only now: the deletion of a known comment may not know its conversation.
        threads, unheard = self._conversations(account, network, latest.values())
        self._add_new(account, latest, threads, authors, seen_at=seen_at, stored=stored)
        for number, message in zip(stored.new, latest.values(), strict=True):
            if message.also_in:
                self._elsewhere.add(account, number, message, stored)
            if message.remote_id in earlier:
                self._updates.keep_earlier(number, message, earlier[message.remote_id], seen_at)
        ours += self._texts(latest.values(), threads, unheard)
        for conversation, since in self._repeats.concerned(account, ours):
            stored.touch(conversation, since)
        return stored

    def _add_new(  # noqa: PLR0913 - a message hangs on much
        self,
        account: str,
        messages: Mapping[str, Message],
        threads: Mapping[str, int],
        authors: Mapping[str, int],
        *,
        seen_at: datetime,
        stored: Stored,
    ) -> None:
        rows = []
        for number, message in enumerate(messages.values(), next_id(self._db, "messages")):
            author = authors.get(message.author.remote_id) if message.author else None
            conversation = threads[message.thread_id]
            rows.append((number, conversation, author, account, *_values(message, seen_at)))
            stored.new.append(number)
            stored.arrived.append(message)
            stored.touch(conversation, to_text(message.sent_at))
        insert(self._db, "messages", _MESSAGE_COLUMNS, rows)

    def _texts(
        self, messages: Iterable[Message], threads: Mapping[str, int], unheard: Collection[int]
    ) -> list[OurText]:
        """Return the texts of ours that are new, or that new questions show to be quick answers."""
        ours, asked = [], []
        for message in messages:
            conversation, sent_at = threads[message.thread_id], to_text(message.sent_at)
            if message.direction is Direction.OUTBOUND:
                ours.append((conversation, sent_at))
            elif conversation not in unheard:
                asked.append((conversation, sent_at))
        return self._repeats.quick(ours, asked)

    def mark_gone(self, account: str, remote_ids: Sequence[str], seen_at: datetime) -> Stored:
        """
        Mark messages of which the network says no more than that they are gone.

        To be called within a transaction; what is not known is nothing to mark.
        """
        stored = Stored()
        for row in self._updates.known(account, remote_ids).values() if remote_ids else ():
            if row.deleted_at is None:
                self._updates.mark_deleted(row, seen_at, stored)
        return stored

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
    ) -> tuple[dict[str, int], set[int]]:
        """Return the row of each thread, and which of them were not heard of before."""
        threads = {message.thread_id: message for message in messages}
        numbers: dict[str, int] = dict(
            self._db.execute(
                "SELECT remote_id, id FROM conversations "
                "WHERE account = ? AND remote_id IN (SELECT value FROM json_each(?))",
                (account, json.dumps(list(threads))),
            ).fetchall()
        )
        rows, unheard = [], set()
        new = [message for thread, message in threads.items() if thread not in numbers]
        for number, message in enumerate(new, next_id(self._db, "conversations")):
            numbers[message.thread_id] = number
            unheard.add(number)
            facts = (message.thread_id, message.stream, message.public)
            rows.append((number, account, network, *facts))
        insert(self._db, "conversations", _CONVERSATION_COLUMNS, rows)
        return numbers, unheard

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

    def all_before(self, messages: Sequence[int], instant: datetime) -> set[int]:
        """Return the conversations of *messages* of which each was sent before *instant*."""
        rows = self._db.execute(
            "SELECT conversation_id FROM messages WHERE id IN (SELECT value FROM json_each(?)) "
            "GROUP BY conversation_id HAVING max(sent_at) < ?",
            (json.dumps(list(messages)), to_text(instant)),
        )
        return {conversation for (conversation,) in rows}

    def find(self, account: str, remote_id: str) -> Unclassified | None:
        """Return a message by the network's name for it."""
        row = self._db.execute(
            "SELECT id, conversation_id, sent_at, text FROM messages "
            "WHERE account = ? AND remote_id = ?",
            (account, remote_id),
        ).fetchone()
        return Unclassified(*row) if row else None

    def mark_history(self, messages: Iterable[int]) -> None:
        """Note that *messages* came with a first read: nobody is alerted to them."""
        self._db.executemany(
            "UPDATE messages SET history = 1 WHERE id = ?", [(number,) for number in messages]
        )

    def history_in(self, conversations: Iterable[int]) -> set[int]:
        """Return those *conversations* in which no customer has written since a first read."""
        rows = self._db.execute(
            "SELECT value FROM json_each(?) WHERE (SELECT m.history FROM messages AS m "
            "WHERE m.conversation_id = value AND m.direction = 'inbound' "
            "ORDER BY m.sent_at DESC LIMIT 1)",
            (json.dumps(list(conversations)),),
        )
        return {conversation for (conversation,) in rows}

    def count_seen(self, account: str, since: datetime) -> int:
        """Return how many customers' messages of *account* we have seen since *since*."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM messages "
            "WHERE account = ? AND direction = 'inbound' AND seen_at >= ?",
            (account, to_text(since)),
        ).fetchone()
        return int(count)

    def unclassified(self, limit: int) -> list[Unclassified]:
        """
        Return up to *limit* customers' messages without a verdict, oldest first.

        Where all have one, return what was replaced before it was judged.
        """
        rows = self._db.execute(
            "SELECT id, conversation_id, sent_at, text FROM messages "
            "WHERE classified_at IS NULL AND direction = 'inbound' ORDER BY id LIMIT ?",
            (limit,),
        ).fetchall()
        if not rows:
            rows = self._db.execute(
                "SELECT m.id, m.conversation_id, m.sent_at, v.text FROM message_versions AS v "
                "JOIN messages AS m ON m.id = v.message_id "
                "WHERE v.kind IS NULL ORDER BY v.message_id LIMIT ?",
                (limit,),
            ).fetchall()
        return [Unclassified(*row) for row in rows]

    def count_judged_otherwise(self, model: str, since: datetime | None = None) -> int:
        """Return how many customers' messages (sent since *since*) another model has judged."""
        (count,) = self._db.execute(
            f"SELECT count(*) FROM messages WHERE {_JUDGED_OTHERWISE}",  # noqa: S608 - a constant
            (model, maybe_text(since) or ""),
        ).fetchone()
        return int(count)

    def judged_otherwise(
        self, model: str, limit: int, *, since: datetime | None = None, after: int = 0
    ) -> list[tuple[Unclassified, str]]:
        """Return up to *limit* of them behind message *after*, each with the kind it was judged."""
        rows = self._db.execute(
            "SELECT id, conversation_id, sent_at, text, "  # noqa: S608 - as above
            "coalesce(json_extract(verdict, '$.machine.kind'), kind) FROM messages "
            f"WHERE {_JUDGED_OTHERWISE} AND id > ? ORDER BY id LIMIT ?",
            (model, maybe_text(since) or "", after, limit),
        ).fetchall()
        return [(Unclassified(*message), kind) for *message, kind in rows]

    def set_verdicts(
        self, verdicts: Sequence[tuple[Unclassified, Verdict]], now: datetime, model: str = ""
    ) -> dict[int, str]:
        """
        Keep what the classifier said, by which *model*; returns what tracking must look at again.

        Where a person has spoken of the same text, their word stands. A message that was edited since its text was read keeps waiting for a verdict, and the
        verdict is its earlier text's.
        """
        self._db.executemany(
            "UPDATE messages SET classified_at = ?, kind = ?, topics = ?, urgency = ?, "
            "language = ?, verdict = ? WHERE id = ? AND text = ?",
            [
                (to_text(now), *_verdict_values(verdict, model), message.id, message.text)
                for message, verdict in verdicts
            ],
        )
        self._corrections.uphold([message.id for message, _ in verdicts])
        self._versions.judge((verdict.kind, each.id, each.text) for each, verdict in verdicts)
        stored = Stored()
        for message, _ in verdicts:
            stored.touch(message.conversation_id, message.sent_at)
        return stored.touched


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
        attachments_text(message),
        message.auto_reply,
        storable(message.staff),
        addressees_text(message),
        json_text(message.raw),
    )


def _author_facts(author: Author) -> tuple[object, ...]:
    followers = None if author.followers is None else max(0, min(author.followers, _MOST))
    return (storable(author.name), storable(author.handle), followers, storable(author.url))


def _verdict_values(verdict: Verdict, model: str) -> tuple[str, ...]:
    more = {
        "model": model,
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
