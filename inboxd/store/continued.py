"""Customers who wrote in public and go on in private: which case belongs to which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.core.matching import MERGED
from inboxd.store.times import from_text, maybe_instant

if TYPE_CHECKING:
    import sqlite3

WITHIN = timedelta(days=7)
"""How long after a public message a private case of the same customer belongs to it."""
_SHIFTED = "strftime('%Y-%m-%dT%H:%M:%fZ', {0}.sent_at, '{1}{2} days')"


@dataclass(frozen=True, slots=True)
class Continuation:
    """A private case of a customer who wrote in public first, and when we answered there."""

    case_id: int
    began_at: datetime
    answered_at: datetime | None


def _continued(columns: str, case: str) -> str:
    """Return the question for *columns* of where the customers of *case* go on."""
    return f"""
SELECT {columns}
  FROM cases AS c
  JOIN messages AS first ON first.id = c.first_message_id
  JOIN messages AS m ON m.conversation_id = first.conversation_id AND m.sent_at >= first.sent_at
                    AND m.sent_at <= coalesce(c.ended_at, '~')
                    AND m.direction = 'inbound' AND m.public
  JOIN messages AS p ON p.author_id = m.author_id AND p.direction = 'inbound' AND NOT p.public
                    AND p.sent_at > m.sent_at
                    AND p.sent_at <= {_SHIFTED.format("m", "+", WITHIN.days)}
  JOIN cases AS private ON private.conversation_id = p.conversation_id
                       AND private.first_message_id = p.id AND private.close_reason <> '{MERGED}'
 WHERE c.id = {case} ORDER BY p.sent_at, p.id LIMIT 1
"""  # noqa: S608 - our own columns


CASE = _continued("private.id", "w.case_id")
"""The private case in which the customers of the case of wait ``w`` go on."""
_PRIVATE = _continued(
    "private.id, p.sent_at, (SELECT min(ended_at) FROM waits "
    "WHERE case_id = private.id AND outcome = 'answered')",
    "?",
)
_PUBLIC = f"""
SELECT c.id
  FROM cases AS private
  JOIN messages AS p ON p.id = private.first_message_id AND NOT p.public
  JOIN messages AS m ON m.author_id = p.author_id AND m.direction = 'inbound' AND m.public
                    AND m.sent_at < p.sent_at
                    AND m.sent_at >= {_SHIFTED.format("p", "-", WITHIN.days)}
  JOIN cases AS c ON c.conversation_id = m.conversation_id AND c.close_reason <> '{MERGED}'
  JOIN messages AS first ON first.id = c.first_message_id AND first.sent_at <= m.sent_at
 WHERE private.id = ? AND m.sent_at <= coalesce(c.ended_at, '~')
 ORDER BY m.sent_at DESC, c.opened_at DESC LIMIT 1
"""  # noqa: S608 - constants


def in_private(connection: sqlite3.Connection, case: int) -> Continuation | None:
    """Return the private case in which a customer of the public *case* goes on."""
    row = connection.execute(_PRIVATE, (case,)).fetchone()
    if row is None:
        return None
    number, began_at, answered_at = row
    return Continuation(number, from_text(began_at), maybe_instant(answered_at))


def from_public(connection: sqlite3.Connection, case: int) -> int | None:
    """Return the public case of the customer who then wrote the private *case*."""
    row = connection.execute(_PUBLIC, (case,)).fetchone()
    return int(row[0]) if row else None
