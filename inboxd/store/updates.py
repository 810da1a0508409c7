"""Messages that are stored already: their edits, deletions and restorations."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from inboxd.core.text import storable
from inboxd.model import Direction
from inboxd.store.elsewhere import Elsewhere
from inboxd.store.jsontext import json_text
from inboxd.store.repeats import OurText
from inboxd.store.times import maybe_text, to_text
from inboxd.store.versions import VersionStore

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from inboxd.model import Message
    from inboxd.store.stored import Stored

_COLUMNS = (
    "remote_id, id, conversation_id, author_id, direction, text, attachments, addressees, "
    "sent_at, edited_at, deleted_at, iif(classified_at IS NULL, NULL, kind), erased_at"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored message, as far as what arrives of it again is held against it."""

    remote_id: str
    id: int
    conversation: int
    author: int | None
    direction: str
    text: str
    attachments: str
    addressees: str
    sent_at: str
    edited_at: str | None
    deleted_at: str | None
    kind: str | None
    erased_at: str | None

    @property
    def is_ours(self) -> bool:
        """Tell whether the brand wrote it."""
        return self.direction == Direction.OUTBOUND

    @property
    def is_stub(self) -> bool:
        """Tell whether all that is known of it is that it is gone."""
        return self.deleted_at is not None and not self.text and self.author is None


class Updates:
    """Brings the table messages up to date; what is known already changes nothing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._versions = VersionStore(connection)
        self._elsewhere = Elsewhere(connection)

    def known(self, account: str, remote_ids: Sequence[str]) -> dict[str, Kept]:
        """Return those of *account*'s messages that are stored, by their remote ids."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM messages "  # noqa: S608 - constant columns
            "WHERE account = ? AND remote_id IN (SELECT value FROM json_each(?))",
            (account, json.dumps(list(remote_ids))),
        )
        return {row[0]: Kept(*row) for row in rows}

    def take(  # noqa: PLR0913 - what is known, what is new, whose it is, and when
        self,
        account: str,
        known: Kept,
        states: Sequence[Message],
        *,
        author: int | None,
        seen_at: datetime,
        stored: Stored,
    ) -> list[OurText]:
        """
        Take over what *states*, the latest last, tell of a *known* message.

        Returns the texts of ours that stand no more, and the one that stands instead.
        """
        latest, row = states[-1], known
        if latest.deleted and known.deleted_at is None:
            self.mark_deleted(known, seen_at, stored)
        elif latest.restored and not latest.deleted and known.deleted_at is not None:
            self._mark_restored(known, stored)
        for state in states:
            row = self._edited(row, state, seen_at, stored)
        self._complete(row, latest, author, stored)
        self._elsewhere.add(account, known.id, latest, stored)
        if not known.is_ours or row.text == known.text:
            return []
        return [OurText(text, row.conversation, row.sent_at) for text in (known.text, row.text)]

    def mark_deleted(self, known: Kept, seen_at: datetime, stored: Stored) -> None:
        """Note that a message was gone when we looked."""
        self._db.execute(
            "UPDATE messages SET deleted_at = ? WHERE id = ?", (to_text(seen_at), known.id)
        )
        stored.deleted.append(known.id)
        stored.touch(known.conversation, known.sent_at)

    def _mark_restored(self, known: Kept, stored: Stored) -> None:
        self._db.execute("UPDATE messages SET deleted_at = NULL WHERE id = ?", (known.id,))
        stored.restored.append(known.id)
        stored.touch(known.conversation, known.sent_at)

    def keep_earlier(
        self, number: int, latest: Message, states: Iterable[Message], seen_at: datetime
    ) -> None:
        """Keep what a new message said in *states* before the *latest* that is stored."""
        kind = "" if latest.direction is Direction.OUTBOUND else None
        for state in states:
            if (state.text, state.edited_at) != (latest.text, latest.edited_at):
                text, edited_at = storable(state.text), maybe_text(state.edited_at)
                self._versions.keep(number, text, kind, edited_at, to_text(seen_at))

    def _edited(self, row: Kept, state: Message, seen_at: datetime, stored: Stored) -> Kept:
        """Return *row* as *state* leaves it: an older version that arrives late is only kept."""
        text, edited_at = storable(state.text), maybe_text(state.edited_at)
        if state.deleted or (text, edited_at) == (row.text, row.edited_at):
            # A repetition; where only links to an attachment differ, they change with time.
            return row
        if row.erased_at is not None and (edited_at or row.sent_at) <= row.erased_at:
            # It says what was erased from it.
            return row
        seen = to_text(seen_at)
        if _is_older(edited_at, row.edited_at):
            if self._versions.keep(row.id, text, "" if row.is_ours else None, edited_at, seen):
                stored.touch(row.conversation, row.sent_at)
            return row
        if not row.is_stub:
            kind = "" if row.is_ours else row.kind
            self._versions.keep(row.id, row.text, kind, row.edited_at, seen)
        return self._replaced(row, state, stored)

    def _replaced(self, row: Kept, state: Message, stored: Stored) -> Kept:
        """Return *row* with what *state* says instead."""
        text, attachments = storable(state.text), attachments_text(state)
        edited_at, same_text = maybe_text(state.edited_at), text == row.text
        if not same_text:
            self._db.execute(
                "UPDATE messages SET text = ?, classified_at = NULL WHERE id = ?", (text, row.id)
            )
        if not same_text and row.is_ours:
            # What was said of the earlier words stands until the new ones have been judged.
            self._db.execute(
                "UPDATE reply_verdicts SET judged_at = NULL WHERE message_id = ?", (row.id,)
            )
        self._db.execute(
            "UPDATE messages SET attachments = ?, edited_at = ?, raw = ? WHERE id = ?",
            (attachments, edited_at, json_text(state.raw), row.id),
        )
        if not row.is_stub and (text, attachments) != (row.text, row.attachments):
            stored.edited.append(row.id)
        stored.touch(row.conversation, row.sent_at)
        kind = row.kind if same_text else None
        return replace(row, text=text, attachments=attachments, edited_at=edited_at, kind=kind)

    def _complete(self, row: Kept, state: Message, author: int | None, stored: Stored) -> None:
        """Add who wrote a message and whom it is for, where one read tells more than another."""
        named = [storable(name) for name in state.addressees]
        addressees = {*json.loads(row.addressees), *named} if named else set()
        if named and len(addressees) > len(json.loads(row.addressees)):
            self._db.execute(
                "UPDATE messages SET addressees = ? WHERE id = ?",
                (json.dumps(sorted(addressees)), row.id),
            )
            stored.touch(row.conversation, row.sent_at)
        if row.author is None and author is not None:
            self._db.execute("UPDATE messages SET author_id = ? WHERE id = ?", (author, row.id))
            stored.touch(row.conversation, row.sent_at)


def attachments_text(message: Message) -> str:
    """Return what came with *message* as it is stored."""
    if not message.attachments:
        return "[]"
    return json.dumps([asdict(item) for item in message.attachments])


def addressees_text(message: Message) -> str:
    """Return whom *message* is for as it is stored."""
    if not message.addressees:
        return "[]"
    return json.dumps(sorted({storable(name) for name in message.addressees}))


def _is_older(edited_at: str | None, than: str | None) -> bool:
    """Tell whether a version is older; of one instant, what arrives last is taken for the last."""
    return than is not None and (edited_at is None or edited_at < than)
