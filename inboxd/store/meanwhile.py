"""What happened to a case since somebody last looked at it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.store.reply_corrections import IN_WORDS
from inboxd.store.sent import SENT_BY_US
from inboxd.store.times import from_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator
    from datetime import datetime

_MINE = "m.conversation_id = c.conversation_id"
_MARKS = f"""
SELECT c.id, coalesce(max(m.id), 0),
       coalesce((SELECT max(e.message_id) FROM answers_elsewhere AS e
           JOIN conversations AS v ON v.account = e.account AND v.remote_id = e.thread_remote_id
          WHERE v.id = c.conversation_id), 0),
       coalesce(max(iif(m.versions,
           (SELECT max(rowid) FROM message_versions WHERE message_id = m.id), 0)), 0),
       coalesce(max(m.deleted_at), ''),
       coalesce((SELECT max(id) FROM actions WHERE case_id = c.id), 0),
       coalesce(max(s.id), 0),
       coalesce(max(x.id), 0),
       max(coalesce((SELECT max(undone_at) FROM actions WHERE case_id = c.id), ''),
           coalesce(max(s.undone_at), ''), coalesce(max(x.undone_at), '')),
       coalesce((SELECT max(id) FROM outbox
          WHERE thread = 'case:' || c.id AND reply IS NOT NULL), 0)
  FROM json_each(?) AS wanted CROSS JOIN cases AS c ON c.id = wanted.value
  LEFT JOIN messages AS m ON {_MINE} LEFT JOIN corrections AS s ON s.message_id = m.id
  LEFT JOIN reply_corrections AS x ON x.message_id = m.id
 GROUP BY c.id
"""  # noqa: S608 - constants
# What we sent ourselves is known by the receipt; a reply that was seen on its way is no news.
_NEWS = f"""
SELECT m.seen_at, iif(m.direction = 'inbound', 'wrote', 'answered'), coalesce(o.actor, ''),
       m.text, m.staff
  FROM cases AS c JOIN conversations AS v ON v.id = c.conversation_id
  JOIN messages AS m ON ({_MINE} AND m.id > :message) OR (m.id > :elsewhere AND m.id IN (
       SELECT message_id FROM answers_elsewhere
        WHERE account = v.account AND thread_remote_id = v.remote_id))
  LEFT JOIN outbox AS o ON {SENT_BY_US}
 WHERE c.id = :case AND NOT m.auto_reply AND (m.deleted_at IS NULL OR m.direction = 'outbound')
   AND coalesce(o.id > :reply, 1)
UNION ALL
SELECT n.replaced_at, 'changed', '', m.text, '' FROM cases AS c
  JOIN messages AS m ON {_MINE} AND m.id <= :message AND m.versions AND m.direction = 'inbound'
  JOIN message_versions AS n ON n.message_id = m.id AND n.rowid > :version
 WHERE c.id = :case GROUP BY m.id
UNION ALL
SELECT m.deleted_at, 'deleted', '', m.text, '' FROM cases AS c
  JOIN messages AS m ON {_MINE} AND m.id <= :message AND m.direction = 'inbound'
 WHERE c.id = :case AND m.deleted_at > :deleted
UNION ALL
SELECT at, action, actor, detail, '' FROM actions
 WHERE case_id = :case AND id > :action AND undone_at IS NULL
UNION ALL
SELECT undone_at, 'undone', undone_by, action, actor FROM actions
 WHERE case_id = :case AND id <= :action AND undone_at > :undone
UNION ALL
SELECT iif(s.id > :correction, s.at, s.undone_at),
       iif(s.id > :correction, 'correct', 'undone'),
       iif(s.id > :correction, s.actor, s.undone_by),
       iif(s.id > :correction, coalesce(s.kind, ''), 'correct'),
       iif(s.id > :correction, '', s.actor)
  FROM cases AS c JOIN messages AS m ON {_MINE} JOIN corrections AS s ON s.message_id = m.id
 WHERE c.id = :case AND ((s.id > :correction AND s.undone_at IS NULL)
       OR (s.id <= :correction AND s.undone_at > :undone))
UNION ALL
SELECT iif(s.id > :reply_correction, s.at, s.undone_at),
       iif(s.id > :reply_correction, 'correct_reply', 'undone'),
       iif(s.id > :reply_correction, s.actor, s.undone_by),
       iif(s.id > :reply_correction, {IN_WORDS}, 'correct_reply'),
       iif(s.id > :reply_correction, '', s.actor)
  FROM cases AS c JOIN messages AS m ON {_MINE} JOIN reply_corrections AS s ON s.message_id = m.id
 WHERE c.id = :case AND ((s.id > :reply_correction AND s.undone_at IS NULL)
       OR (s.id <= :reply_correction AND s.undone_at > :undone))
UNION ALL
SELECT created_at, 'reply', actor, json_extract(reply, '$.text'), '' FROM outbox
 WHERE thread = 'case:' || :case AND reply IS NOT NULL AND id > :reply
   AND state IN ('pending', 'sending', 'unsure')
 ORDER BY 1
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has seen a case: the newest of each thing that can happen to it."""

    case: int
    message: int
    elsewhere: int
    version: int
    deleted: str
    action: int
    correction: int
    reply_correction: int
    undone: str
    reply: int


@dataclass(frozen=True, slots=True)
class News:
    """
    One thing that happened to a case.

    *what* is an action's name, ``correct``, ``correct_reply``, ``undone`` (*text* says what), ``wrote``,
    ``changed``, ``deleted``, ``answered``, or ``reply`` (one of ours is on its way). *who* is
    "" for customers, and for an answer that did not go by way of inboxd; *whose* says who wrote
    that on the network, or who had done what is undone.
    """

    at: datetime
    what: str
    who: str
    text: str
    whose: str


class MeanwhileStore:
    """Read-only: what there is of a case by now, and what of it is new."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def mark(self, case: int) -> Mark | None:
        """Return how far *case* has come, None where there is none of that number."""
        return self.marks([case]).get(case)

    def marks(self, cases: Collection[int]) -> dict[int, Mark]:
        """Return how far each of *cases* has come, as far as there are any of those numbers."""
        found = self._db.execute(_MARKS, (json.dumps(list(cases)),))
        return {row[0]: Mark(*row) for row in found}

    def since(self, mark: Mark) -> Iterator[News]:
        """Yield what happened after *mark*, oldest first."""
        values = {name: getattr(mark, name) for name in Mark.__slots__}
        for at, what, who, text, whose in self._db.execute(_NEWS, values):
            yield News(from_text(at), what, who, text, whose)
