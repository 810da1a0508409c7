"""What was erased and must not come back: kept as keyed hashes, held against all that is read."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from inboxd.core.text import storable
from inboxd.store.times import to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from inboxd.model import Message, Unknown

AUTHOR, THREAD, MESSAGE, ITEM = "author", "thread", "message", "item"
UNFINISHED = "forgetting"
"""Under which name it is remembered since when erased words are still in the index or the journal."""
_MARK = "erased:"
_COLUMNS = "digest, key, kind, account, erased_at, actor"


class Erasure(NamedTuple):
    """One row: something of *kind*, named by its *digest* under *key*, is not to come back."""

    digest: str
    key: str
    kind: str
    account: str
    erased_at: str
    actor: str


class ErasureStore:
    """
    The table erasures.

    Whoever has the file can try all ids that a network gives: the hashes keep names out of
    backups, exports and searches, and are no secret from whoever has the key, too.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def is_empty(self) -> bool:
        """Tell whether nothing was ever erased: as a rule nothing need be looked up."""
        return self._db.execute("SELECT 1 FROM erasures LIMIT 1").fetchone() is None

    def key(self) -> str:
        """Return the key of this database, a new one if it has none."""
        row = self._db.execute("SELECT key FROM erasures ORDER BY erased_at LIMIT 1").fetchone()
        return str(row[0]) if row else secrets.token_hex(16)

    def add(self, rows: Iterable[Erasure]) -> None:
        """Keep *rows*; of two about the same, the later counts."""
        self._db.executemany(
            f"INSERT INTO erasures ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) "  # noqa: S608 - constant columns
            "ON CONFLICT (digest) DO UPDATE SET erased_at = max(erased_at, excluded.erased_at)",
            rows,
        )

    def all(self) -> list[Erasure]:
        """Return everything that was erased."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM erasures ORDER BY digest")  # noqa: S608 - ditto
        return [Erasure(*row) for row in rows]

    def erased(self, kind: str, account: str, names: Iterable[str]) -> dict[str, Erasure]:
        """Return those of *names* that were erased, each with its row."""
        keys = [key for (key,) in self._db.execute("SELECT DISTINCT key FROM erasures")]
        digests = {digest(key, kind, account, name): name for name in {*names} for key in keys}
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM erasures "  # noqa: S608 - constant columns
            "WHERE digest IN (SELECT value FROM json_each(?)) ORDER BY erased_at",
            (json.dumps(list(digests)),),
        )
        return {digests[row[0]]: Erasure(*row) for row in rows}

    def admitted(self, account: str, messages: Sequence[Message]) -> list[Message]:
        """
        Return those of *messages* that may be stored.

        Of somebody who was erased, that is only what was written afterwards; and whatever
        others wrote does not name them as those who are answered.
        """
        if self.is_empty():
            return list(messages)
        known = _Known(self, account, messages)
        return [known.stripped(each) for each in messages if not known.refuses(each)]

    def admitted_items(self, account: str, items: Sequence[Unknown]) -> list[Unknown]:
        """Return those of *items* that may be held in quarantine."""
        if not items or self.is_empty():
            return list(items)
        gone = self.erased(ITEM, account, (storable(item.remote_id) for item in items))
        return [item for item in items if storable(item.remote_id) not in gone]


class _Known:
    """What of the names in some messages was erased, looked up at once."""

    def __init__(self, store: ErasureStore, account: str, messages: Sequence[Message]) -> None:
        self._messages = store.erased(MESSAGE, account, (each.remote_id for each in messages))
        threads = [thread for each in messages for thread in (each.thread_id, *each.also_in)]
        self._threads = _times(store.erased(THREAD, account, threads))
        authors = [each.author.remote_id for each in messages if each.author]
        authors += [name for each in messages for name in each.addressees]
        self._authors = _times(store.erased(AUTHOR, account, authors))

    def refuses(self, message: Message) -> bool:
        """Tell whether *message* was erased, or would have been."""
        sent_at = to_text(message.sent_at)
        writer = message.author.remote_id if message.author else ""
        only_for = message.addressees and all(
            self._authors.get(name, "") >= sent_at for name in message.addressees
        )
        return (
            message.remote_id in self._messages
            or sent_at <= self._authors.get(writer, "")
            or sent_at <= self._threads.get(message.thread_id, "")
            or bool(only_for)
        )

    def stripped(self, message: Message) -> Message:
        """Return *message* without those whom it answered and who were erased since."""
        sent_at = to_text(message.sent_at)
        return replace(
            message,
            addressees=tuple(
                name for name in message.addressees if self._authors.get(name, "") < sent_at
            ),
            also_in=tuple(
                name for name in message.also_in if self._threads.get(name, "") < sent_at
            ),
        )


def _times(erased: dict[str, Erasure]) -> dict[str, str]:
    return {name: row.erased_at for name, row in erased.items()}


def digest(key: str, kind: str, account: str, name: str) -> str:
    """Return the hash by which something that was erased is known again."""
    words = f"{kind}\0{account}\0{name}".encode(errors="surrogatepass")
    return hmac.new(key.encode(), words, "sha256").hexdigest()


def erased_name(key: str, kind: str, account: str, name: str, erased_at: datetime) -> str:
    """
    Return what stands in the place of a remote id that was erased.

    Somebody who comes back and is erased again is somebody else.
    """
    if name.startswith(_MARK):
        return name
    return _MARK + digest(key, f"{kind} {to_text(erased_at)}", account, name)[:24]
