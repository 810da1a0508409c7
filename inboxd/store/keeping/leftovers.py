"""What is kept of cases and messages that are removed: figures, without a name or a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.core.matching import MERGED
from inboxd.store.sent import SENT_BY_US

if TYPE_CHECKING:
    import sqlite3

_CASES = f"""
INSERT OR IGNORE INTO past_cases
SELECT id, account, network, stream, public, status, opened_at, ended_at,
       CASE WHEN close_reason = '{MERGED}' THEN 'merger'
            WHEN status = 'resolved' THEN 'answer'
            WHEN EXISTS (SELECT 1 FROM waits WHERE case_id = cases.id AND outcome = 'deleted'
                            AND ended_at = cases.ended_at) THEN 'deletion'
            ELSE 'person' END,
       kind, topics, urgency, language, policy, acknowledged_at, acknowledged_by, assigned_to
  FROM cases WHERE id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - a constant
# Whose a reply by way of inboxd is, the network does not know.
_WRITER = f"""coalesce(nullif(m.staff, ''),
       (SELECT o.actor FROM outbox AS o WHERE {SENT_BY_US}), '')"""  # noqa: S608 - a constant
_WAITS = f"""
INSERT OR IGNORE INTO past_waits
SELECT w.id, w.case_id, w.kind, w.since, w.message_id, w.due_at, w.promised_on, w.promised_at,
       w.ended_at, w.outcome, w.ended_by, w.open_seconds,
       CASE w.outcome
            WHEN 'answered' THEN coalesce(
                 (SELECT {_WRITER} FROM messages AS m WHERE m.id = w.ended_by), '')
            WHEN 'closed' THEN coalesce((SELECT actor FROM actions WHERE id = w.ended_by), '')
            ELSE '' END
  FROM waits AS w WHERE w.case_id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - constants
_REPLIES = f"""
INSERT OR IGNORE INTO past_replies
SELECT m.id, m.account, v.network, m.stream, m.public, {_WRITER}, m.sent_at, r.language,
       r.deflection, r.promise, r.non_answer, r.flags, r.manners
  FROM json_each(?) AS n
  JOIN messages AS m ON m.id = n.value
  JOIN conversations AS v ON v.id = m.conversation_id
  JOIN reply_verdicts AS r ON r.message_id = m.id
 WHERE r.promise IS NOT NULL
"""  # noqa: S608 - constants
_MESSAGES = f"""
INSERT INTO past_messages
SELECT m.account, v.network, m.stream, m.public, substr(m.sent_at, 1, 13) || ':00:00.000Z' AS hour,
       m.direction, coalesce(m.kind, ''), coalesce(m.topics, '[]'), coalesce(m.urgency, ''),
       coalesce(m.language, ''), iif(m.direction = 'outbound', {_WRITER}, ''), m.auto_reply,
       m.deleted_at IS NOT NULL, count(*)
  FROM json_each(?) AS n
  JOIN messages AS m ON m.id = n.value
  JOIN conversations AS v ON v.id = m.conversation_id
 WHERE true GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
    ON CONFLICT DO UPDATE SET messages = messages + excluded.messages
"""  # noqa: S608 - constants


def keep_figures(db: sqlite3.Connection, messages: str, cases: str) -> None:
    """Count *messages* and *cases*, JSON lists of numbers, before they are removed."""
    db.execute(_CASES, (cases,))
    db.execute(_WAITS, (cases,))
    db.execute(_REPLIES, (messages,))
    db.execute(_MESSAGES, (messages,))
