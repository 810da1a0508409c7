"""Answers that count in further threads: one answer to customers whom a network keeps apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inboxd.core.text import storable
from inboxd.model import Direction
from inboxd.store.times import to_text

if TYPE_CHECKING:
    import sqlite3

    from inboxd.model import Message
    from inboxd.store.stored import Stored


class Elsewhere:
    """
    The table answers_elsewhere.

    It names threads as the network does: an answer may be heard of before what it answers.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, account: str, number: int, message: Message, stored: Stored) -> None:
        """Let *message*, stored as *number*, count in the further threads that it names."""
        if not message.also_in or message.direction is Direction.INBOUND:
            return
        threads = sorted({storable(thread) for thread in message.also_in} - {message.thread_id})
        new = [thread for thread in threads if self._insert(account, thread, number)]
        for (conversation,) in self._db.execute(
            "SELECT id FROM conversations "
            "WHERE account = ? AND remote_id IN (SELECT value FROM json_each(?))",
            (account, json.dumps(new)),
        ):
            stored.touch(conversation, to_text(message.sent_at))

    def _insert(self, account: str, thread: str, number: int) -> bool:
        return bool(
            self._db.execute(
                "INSERT INTO answers_elsewhere (account, thread_remote_id, message_id) "
                "VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (account, thread, number),
            ).rowcount
        )
