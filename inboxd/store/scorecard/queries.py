"""
What a row of each sheet is, as SQL over the base tables and over what is left of removed ones.

Each query is given ``:begins`` and ``:ends``, and yields the rows that began between them: first
the ten columns that figures are told apart by, then what its subject needs.
"""

from __future__ import annotations

from typing import Final

from inboxd.core.matching import MERGED
from inboxd.store.sent import SENT_BY_US

_WRITER = f"""coalesce(nullif(m.staff, ''),
       (SELECT o.actor FROM outbox AS o WHERE {SENT_BY_US}))"""  # noqa: S608 - a constant
_BY_A_REPLY = "outcome IN ('answered', 'replaced')"
_FOR_AN_ANSWER = "kind IN ('first_response', 'next_response')"
_WROTE_AGAIN = (
    "kind = 'next_response' AND coalesce(outcome, '') NOT IN ('no_reply_needed', 'deleted', 'void')"
)

SEEN_AT: Final = "iif(w.since = min(f.sent_at, f.seen_at) AND f.direction = 'inbound' AND NOT f.history, f.seen_at, NULL)"
"""When we saw what a wait, *w*, began with, the message *f*; NULL where that was another time."""

WAITS: Final = f"""
SELECT c.account, c.network, c.stream, c.public, c.kind, c.topics, c.language, c.urgency, w.since,
       CASE w.outcome WHEN 'answered' THEN {_WRITER}
            WHEN 'closed' THEN (SELECT actor FROM actions WHERE id = w.ended_by) END,
       w.kind, w.case_id,
       iif(f.direction = 'inbound', f.author_id,
           (SELECT author_id FROM messages WHERE id = w.telling_id)),
       w.due_at, w.ended_at, w.outcome, w.open_seconds,
       c.policy, {SEEN_AT}, m.id, r.flags, r.manners, f.history
  FROM waits AS w
  JOIN cases AS c ON c.id = w.case_id
  JOIN messages AS f ON f.id = w.message_id
  LEFT JOIN messages AS m ON m.id = w.ended_by AND w.{_BY_A_REPLY}
  LEFT JOIN reply_verdicts AS r ON r.message_id = m.id
 WHERE w.since >= :begins AND w.since < :ends
 ORDER BY w.id
"""  # noqa: S608 - constants
CASES: Final = f"""
SELECT c.account, c.network, c.stream, c.public, c.kind, c.topics, c.language, c.urgency, c.opened_at,
       (SELECT {_WRITER} FROM waits AS w JOIN messages AS m ON m.id = w.ended_by
         WHERE w.case_id = c.id AND w.{_FOR_AN_ANSWER} AND w.outcome = 'answered'
         ORDER BY w.ended_at, w.id LIMIT 1),
       c.id, c.ended_at, c.status, c.policy,
       (SELECT count(*) FROM waits AS w
         WHERE w.case_id = c.id AND w.{_FOR_AN_ANSWER} AND w.outcome = 'answered'),
       EXISTS (SELECT 1 FROM waits AS w WHERE w.case_id = c.id AND w.{_WROTE_AGAIN})
       OR EXISTS (SELECT 1 FROM actions AS a
                   WHERE a.case_id = c.id AND a.action = 'reopen' AND a.undone_at IS NULL),
       EXISTS (SELECT 1 FROM waits AS w JOIN reply_verdicts AS r ON r.message_id = w.ended_by
                WHERE w.case_id = c.id AND w.{_FOR_AN_ANSWER} AND w.outcome = 'answered'
                  AND instr(r.flags, '"deflection"')),
       c.status = 'resolved'
  FROM cases AS c
 WHERE c.opened_at >= :begins AND c.opened_at < :ends AND c.close_reason <> '{MERGED}'
 ORDER BY c.id
"""  # noqa: S608 - constants
MESSAGES: Final = """
SELECT m.account, v.network, m.stream, m.public, m.kind, m.topics, m.language, m.urgency, m.sent_at,
       NULL, 1, m.author_id, iif(m.history, NULL, m.seen_at), m.deleted_at IS NOT NULL,
       m.history, 0
  FROM messages AS m
  JOIN conversations AS v ON v.id = m.conversation_id
 WHERE m.sent_at >= :begins AND m.sent_at < :ends AND m.direction = 'inbound'
 ORDER BY m.id
"""
REPLIES: Final = f"""
SELECT m.account, v.network, m.stream, m.public, c.kind, c.topics, r.language, c.urgency, m.sent_at,
       {_WRITER}, m.id, m.auto_reply OR m.repeated, r.flags, r.manners
  FROM messages AS m
  JOIN conversations AS v ON v.id = m.conversation_id
  LEFT JOIN cases AS c ON c.id = (
       SELECT id FROM cases WHERE conversation_id = m.conversation_id AND opened_at <= m.sent_at
          AND close_reason <> '{MERGED}' ORDER BY opened_at DESC, id DESC LIMIT 1)
  LEFT JOIN reply_verdicts AS r ON r.message_id = m.id
 WHERE m.sent_at >= :begins AND m.sent_at < :ends AND m.direction = 'outbound'
 ORDER BY m.id
"""  # noqa: S608 - constants
