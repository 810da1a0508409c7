"""What is kept of cases and messages that are removed: figures, without a name or a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.core.matching import MERGED
from inboxd.store.scorecard.queries import CASE_OF, ON_HOLD, REOPENED, SEEN_AT, WRITER

if TYPE_CHECKING:
    import sqlite3

_CASES = f"""
INSERT OR IGNORE INTO past_cases (
       case_id, account, network, stream, public, status, opened_at, ended_at, ended_by, kind, topics,
       urgency, language, policy, acknowledged_at, acknowledged_by, assigned_to, reopened)
SELECT id, account, network, stream, public, status, opened_at, ended_at,
       CASE WHEN close_reason = '{MERGED}' THEN 'merger'
            WHEN status = 'resolved' THEN 'answer'
            WHEN EXISTS (SELECT 1 FROM waits WHERE case_id = cases.id AND outcome = 'deleted'
                            AND ended_at = cases.ended_at) THEN 'deletion'
            ELSE 'person' END,
       kind, topics, urgency, language, policy, acknowledged_at, acknowledged_by, assigned_to,
       {REOPENED.format("cases.id")}
  FROM cases WHERE id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - constants
_WAITS = f"""
INSERT OR IGNORE INTO past_waits (
       wait_id, case_id, kind, since, message_id, due_at, promised_on, promised_at, ended_at, outcome,
       ended_by, open_seconds, staff, seen_at, history)
SELECT w.id, w.case_id, w.kind, w.since, w.message_id, w.due_at, w.promised_on, w.promised_at,
       w.ended_at, w.outcome, w.ended_by, w.open_seconds,
       CASE w.outcome
            WHEN 'answered' THEN coalesce(
                 (SELECT {WRITER} FROM messages AS m WHERE m.id = w.ended_by),
                 (SELECT staff FROM past_replies WHERE message_id = w.ended_by), '')
            WHEN 'closed' THEN coalesce((SELECT actor FROM actions WHERE id = w.ended_by), '')
            ELSE '' END,
       {SEEN_AT}, coalesce(f.history, 0)
  FROM waits AS w LEFT JOIN messages AS f ON f.id = w.message_id
 WHERE w.case_id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - constants
_REPLIES = f"""
INSERT OR IGNORE INTO past_replies (
       message_id, account, network, stream, public, staff, sent_at, language, deflection, promise,
       non_answer, flags, manners, automatic, kind, topics, urgency)
SELECT m.id, m.account, v.network, m.stream, m.public, {WRITER}, m.sent_at,
       coalesce(r.language, ''), r.deflection, r.promise, r.non_answer, r.flags, r.manners,
       m.auto_reply OR m.repeated, c.kind, coalesce(c.topics, '[]'), c.urgency
  FROM json_each(?) AS n
  JOIN messages AS m ON m.id = n.value
  JOIN conversations AS v ON v.id = m.conversation_id
  LEFT JOIN reply_verdicts AS r ON r.message_id = m.id
  LEFT JOIN cases AS c ON c.id = {CASE_OF}
 WHERE m.direction = 'outbound'
"""  # noqa: S608 - constants
_MESSAGES = f"""
INSERT INTO past_messages (
       hour, account, network, stream, public, direction, kind, topics, urgency, language, staff,
       auto_reply, deleted, history, hold, messages)
SELECT substr(m.sent_at, 1, 13) || ':00:00.000Z', m.account, v.network, m.stream, m.public,
       m.direction, coalesce(m.kind, ''), coalesce(m.topics, '[]'), coalesce(m.urgency, ''),
       coalesce(m.language, ''), iif(m.direction = 'outbound', {WRITER}, ''), m.auto_reply,
       m.deleted_at IS NOT NULL, m.history, {ON_HOLD.format("m")}, count(*)
  FROM json_each(?) AS n
  JOIN messages AS m ON m.id = n.value
  JOIN conversations AS v ON v.id = m.conversation_id
 WHERE true GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    ON CONFLICT DO UPDATE SET messages = messages + excluded.messages
"""  # noqa: S608 - constants


def keep_figures(db: sqlite3.Connection, messages: str, cases: str) -> None:
    """Count *messages* and *cases*, JSON lists of numbers, before they are removed."""
    db.execute(_CASES, (cases,))
    db.execute(_WAITS, (cases,))
    db.execute(_REPLIES, (messages,))
    db.execute(_MESSAGES, (messages,))
