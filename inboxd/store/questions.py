"""Which messages of customers an answer of ours is for, and whether one of them needs an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inboxd.model import Author, Kind
from inboxd.store.standing import AUTHOR
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import datetime

MOST: Final = 5
"""Messages that one answer is for: the last ones before it."""
_NEEDING = frozenset({Kind.COMPLAINT, Kind.REQUEST})
_COLUMNS = f"q.id, q.text, q.sent_at, q.deleted_at IS NOT NULL, q.kind, {AUTHOR}"
_NAMED = f"""
SELECT {_COLUMNS} FROM messages AS q LEFT JOIN authors AS a ON a.id = q.author_id
 WHERE q.account = :account AND q.remote_id = :parent AND q.direction = 'inbound'
"""  # noqa: S608 - constants
_BEFORE = f"""
SELECT {_COLUMNS} FROM messages AS q LEFT JOIN authors AS a ON a.id = q.author_id
 WHERE q.conversation_id = :conversation AND q.direction = 'inbound' AND q.sent_at <= :sent_at
   AND (:addressees = '[]' OR a.remote_id IN (SELECT value FROM json_each(:addressees)))
 ORDER BY q.sent_at DESC, q.id DESC LIMIT {MOST}
"""  # noqa: S608 - constants
_LAST_ANSWER = """
SELECT coalesce(max(sent_at), '') FROM messages
 WHERE conversation_id = :conversation AND direction = 'outbound' AND NOT auto_reply
   AND (sent_at < :sent_at OR (sent_at = :sent_at AND id < :message))
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A customer's message that an answer was for."""

    id: int
    text: str
    at: datetime
    deleted: bool
    kind: str | None
    author: Author | None

    @property
    def needs_answer(self) -> bool:
        """Whether it complains or asks something, whatever else it is."""
        return self.kind in _NEEDING or "?" in self.text


class QuestionStore:
    """The table messages, as answers and what they are for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def answered_by(self, place: Mapping[str, Any]) -> tuple[Question, ...]:
        """
        Return the messages that an answer was for, oldest first; none if none came before it.

        *place* has the answer's columns message, account, conversation, sent_at, parent (which the
        network says it is for) and addressees. What the network names is all that it is for; else
        it is what came since our last answer, or at least the last message before.
        """
        rows = self._db.execute(_NAMED, place).fetchall() if place["parent"] else []
        found = [_question(row) for row in rows or self._db.execute(_BEFORE, place)]
        (last,) = self._db.execute(_LAST_ANSWER, place).fetchone()
        new = [each for each in found if to_text(each.at) > last]
        return tuple(sorted(new or found[:1], key=lambda each: (each.at, each.id)))


def _question(row: Sequence[Any]) -> Question:
    number, text, at, deleted, kind, *author = row
    who = Author(*author) if author[0] is not None else None
    return Question(number, text, from_text(at), bool(deleted), kind, who)
