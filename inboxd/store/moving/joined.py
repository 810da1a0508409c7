"""What an analyst wants in a spreadsheet: one row a message, one row a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Query(NamedTuple):
    """A query in parts: what of it depends on which rows are asked for stands between them."""

    columns: str
    tables: str
    order: str
    account: str
    time: str
    raw: str = ""


_MESSAGES = Query(
    """
SELECT m.id AS message_id, m.account, v.network, m.stream, m.public, m.direction,
       v.id AS conversation_id, v.remote_id AS conversation,
       (SELECT c.id FROM cases AS c
         WHERE c.conversation_id = m.conversation_id AND c.opened_at <= m.sent_at
         ORDER BY c.opened_at DESC, c.id DESC LIMIT 1) AS case_id,
       m.remote_id, m.parent_remote_id, a.remote_id AS author_remote_id, a.name AS author, a.handle,
       a.followers, m.staff, m.sent_at, m.seen_at, m.edited_at, m.deleted_at, m.text, m.kind,
       (SELECT group_concat(value, ' ') FROM json_each(m.topics)) AS topics, m.urgency, m.language,
       json_extract(m.verdict, '$.model') AS model,
       json_extract(m.verdict, '$.corrected.by') AS corrected_by,
       r.deflection AS reply_deflection, r.promise AS reply_promise,
       r.non_answer AS reply_non_answer, r.promised, m.auto_reply, m.history,
       json_array_length(m.attachments) AS attachments, m.url""",
    """
  FROM messages AS m
  JOIN conversations AS v ON v.id = m.conversation_id
  LEFT JOIN authors AS a ON a.id = m.author_id
  LEFT JOIN reply_verdicts AS r ON r.message_id = m.id""",
    "ORDER BY m.id",
    "m.account = ?",
    "m.sent_at",
    ", m.raw",
)
_WALL = "CAST(round((julianday({0}.ended_at) - julianday({0}.since)) * 86400) AS INTEGER)"
_FIRST = _WALL.format("f")
_CASES = Query(
    f"""
SELECT c.id AS case_id, c.account, c.network, c.stream, c.public, v.remote_id AS conversation,
       a.remote_id AS author_remote_id, a.name AS author, a.handle, a.followers, c.status,
       c.opened_at, c.ended_at, c.close_reason, c.kind,
       (SELECT group_concat(value, ' ') FROM json_each(c.topics)) AS topics, c.urgency, c.language,
       c.policy, f.due_at AS first_response_due_at, f.ended_at AS first_response_at,
       f.outcome AS first_response_outcome, f.open_seconds AS first_response_open_seconds,
       {_FIRST} AS first_response_wall_seconds, f.ended_at > f.due_at AS first_response_late,
       (SELECT count(*) FROM waits AS w
         WHERE w.case_id = c.id AND w.kind IN ('first_response', 'next_response')) AS waits,
       (SELECT count(*) FROM waits AS w
         WHERE w.case_id = c.id AND w.kind IN ('first_response', 'next_response')
           AND w.ended_at > w.due_at) AS late_waits,
       (SELECT max(w.open_seconds) FROM waits AS w
         WHERE w.case_id = c.id AND w.kind IN ('first_response', 'next_response'))
           AS longest_open_seconds,
       c.waiting_since, c.due_at, c.unanswered, c.answered_at, c.acknowledged_at,
       c.acknowledged_by, c.assigned_to, c.snoozed_until, m.text, m.url""",  # noqa: S608 - a constant
    """
  FROM cases AS c
  JOIN conversations AS v ON v.id = c.conversation_id
  JOIN messages AS m ON m.id = c.first_message_id
  LEFT JOIN authors AS a ON a.id = m.author_id
  LEFT JOIN waits AS f ON f.id = (
            SELECT w.id FROM waits AS w WHERE w.case_id = c.id AND w.kind = 'first_response'
             ORDER BY w.since, w.id LIMIT 1)""",
    "ORDER BY c.id",
    "c.account = ?",
    "c.opened_at",
)
JOINED: Mapping[str, Query] = {"messages": _MESSAGES, "cases": _CASES}
