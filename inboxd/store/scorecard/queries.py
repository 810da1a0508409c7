"""
What a row of each sheet is, as SQL over the base tables and over what is left of removed rows.

Each query is given ``:begins`` and ``:ends``, and the hours ``:first`` and ``:last`` that have a part
in the span, by which an index finds rows. It yields the rows that began between them: first
the ten columns that all sheets begin with, then what its subject needs, by number.
"""

from __future__ import annotations

from typing import Final

from inboxd.core.matching import MERGED
from inboxd.store.sent import SENT_BY_US

WRITER: Final = f"""coalesce(nullif(m.staff, ''),
       (SELECT o.actor FROM outbox AS o WHERE {SENT_BY_US}), '')"""  # noqa: S608 - a constant
"""Who of the brand wrote *m*: of a reply by way of inboxd the network does not know that."""
ON_HOLD: Final = "instr(coalesce({0}.verdict, ''), '\"hold_time\"') > 0"
"""Whether a message (its alias) tells of waiting on the phone, by the classifier's evidence."""
SEEN_AT: Final = """iif(w.since = min(f.sent_at, f.seen_at) AND f.direction = 'inbound'
       AND NOT f.history, f.seen_at, NULL)"""
"""When we saw the message *f* with which the wait *w* began; NULL: another way, or as history."""
CASE_OF: Final = f"""(SELECT id FROM cases
         WHERE conversation_id = m.conversation_id AND opened_at <= m.sent_at
           AND close_reason <> '{MERGED}' ORDER BY opened_at DESC, id DESC LIMIT 1)"""  # noqa: S608 - a constant
"""The case to which the answer *m* belongs."""
REOPENED: Final = """EXISTS (SELECT 1 FROM actions
         WHERE case_id = {0} AND action = 'reopen' AND undone_at IS NULL)"""
"""Whether a person opened a case again."""

_FOR_AN_ANSWER = "kind IN ('first_response', 'next_response')"
_ANSWERED = f"{_FOR_AN_ANSWER} AND outcome = 'answered'"
_WROTE_AGAIN = (
    "kind = 'next_response' AND coalesce(outcome, '') NOT IN ('no_reply_needed', 'deleted', 'void')"
)
_BY_A_REPLY = "w.outcome IN ('answered', 'replaced')"
# A verdict may be removed before the wait that its answer ended, and the other way round.
_VERDICTS = f"""
  LEFT JOIN reply_verdicts AS r ON r.message_id = w.ended_by AND {_BY_A_REPLY}
  LEFT JOIN past_replies AS p ON p.message_id = w.ended_by AND {_BY_A_REPLY}"""
_DEFLECTED = """
       EXISTS (SELECT 1 FROM {0} AS w
                 LEFT JOIN reply_verdicts AS r ON r.message_id = w.ended_by
                 LEFT JOIN past_replies AS p ON p.message_id = w.ended_by
                WHERE w.case_id = c.{1} AND w.outcome = 'answered'
                  AND w.kind IN ('first_response', 'next_response')
                  AND instr(coalesce(r.flags, p.flags), '"deflection"'))"""

WAITS: Final = f"""
SELECT c.account, c.network, c.stream, c.public, c.kind, c.topics, c.language, c.urgency, w.since,
       CASE w.outcome WHEN 'answered' THEN iif(m.id IS NULL, p.staff, {WRITER})
            WHEN 'closed' THEN (SELECT actor FROM actions WHERE id = w.ended_by) END,
       w.id AS number, w.kind, w.case_id,
       iif(f.direction = 'inbound', f.author_id,
           (SELECT author_id FROM messages WHERE id = w.telling_id)),
       w.due_at, w.ended_at, w.outcome, w.open_seconds, c.policy, {SEEN_AT},
       iif({_BY_A_REPLY}, w.ended_by, NULL), coalesce(r.flags, p.flags),
       coalesce(r.manners, p.manners), f.history
  FROM waits AS w
  JOIN cases AS c ON c.id = w.case_id
  JOIN messages AS f ON f.id = w.message_id
  LEFT JOIN messages AS m ON m.id = w.ended_by AND {_BY_A_REPLY}{_VERDICTS}
 WHERE substr(w.since, 1, 13) BETWEEN :first AND :last AND w.since >= :begins AND w.since < :ends
 UNION ALL
SELECT c.account, c.network, c.stream, c.public, c.kind, c.topics, c.language, c.urgency, w.since,
       w.staff, w.wait_id, w.kind, w.case_id, NULL, w.due_at, w.ended_at, w.outcome,
       w.open_seconds, c.policy, w.seen_at, iif({_BY_A_REPLY}, w.ended_by, NULL),
       coalesce(r.flags, p.flags), coalesce(r.manners, p.manners), w.history
  FROM past_waits AS w
  JOIN past_cases AS c ON c.case_id = w.case_id{_VERDICTS}
 WHERE w.since >= :begins AND w.since < :ends
 ORDER BY number
"""  # noqa: S608 - constants
CASES: Final = f"""
SELECT c.account, c.network, c.stream, c.public, c.kind, c.topics, c.language, c.urgency, c.opened_at,
       (SELECT iif(m.id IS NULL, p.staff, {WRITER}) FROM waits AS w
          LEFT JOIN messages AS m ON m.id = w.ended_by
          LEFT JOIN past_replies AS p ON p.message_id = w.ended_by
         WHERE w.case_id = c.id AND w.{_ANSWERED} ORDER BY w.ended_at, w.id LIMIT 1),
       c.id AS number, c.ended_at, c.status, c.policy,
       (SELECT count(*) FROM waits WHERE case_id = c.id AND {_ANSWERED}),
       EXISTS (SELECT 1 FROM waits WHERE case_id = c.id AND {_WROTE_AGAIN}) OR {REOPENED.format("c.id")},
       {_DEFLECTED.format("waits", "id")}, c.status = 'resolved'
  FROM cases AS c
 WHERE c.opened_at >= :begins AND c.opened_at < :ends AND c.close_reason <> '{MERGED}'
 UNION ALL
SELECT c.account, c.network, c.stream, c.public, c.kind, c.topics, c.language, c.urgency, c.opened_at,
       (SELECT staff FROM past_waits
         WHERE case_id = c.case_id AND {_ANSWERED} ORDER BY ended_at, wait_id LIMIT 1),
       c.case_id, c.ended_at, c.status, c.policy,
       (SELECT count(*) FROM past_waits WHERE case_id = c.case_id AND {_ANSWERED}),
       EXISTS (SELECT 1 FROM past_waits WHERE case_id = c.case_id AND {_WROTE_AGAIN}) OR c.reopened,
       {_DEFLECTED.format("past_waits", "case_id")}, c.ended_by = 'answer'
  FROM past_cases AS c
 WHERE c.opened_at >= :begins AND c.opened_at < :ends AND c.ended_by <> 'merger'
 ORDER BY number
"""  # noqa: S608 - constants
MESSAGES: Final = f"""
SELECT m.account, v.network, m.stream, m.public, m.kind, m.topics, m.language, m.urgency, m.sent_at,
       NULL, m.id AS number, 1, m.author_id, iif(m.history, NULL, m.seen_at),
       m.deleted_at IS NOT NULL, m.history, {ON_HOLD.format("m")}
  FROM messages AS m
  JOIN conversations AS v ON v.id = m.conversation_id
 WHERE substr(m.sent_at, 1, 13) BETWEEN :first AND :last
   AND m.sent_at >= :begins AND m.sent_at < :ends AND m.direction = 'inbound'
 UNION ALL
SELECT account, network, stream, public, kind, topics, language, urgency, hour,
       NULL, NULL, messages, NULL, NULL, deleted, history, hold
  FROM past_messages
 WHERE hour >= :begins AND hour < :ends AND direction = 'inbound'
 ORDER BY number
"""  # noqa: S608 - constants
REPLIES: Final = f"""
SELECT m.account, v.network, m.stream, m.public, c.kind, c.topics, r.language, c.urgency, m.sent_at,
       {WRITER}, m.id AS number, m.auto_reply OR m.repeated, r.flags, r.manners
  FROM messages AS m
  JOIN conversations AS v ON v.id = m.conversation_id
  LEFT JOIN cases AS c ON c.id = {CASE_OF}
  LEFT JOIN reply_verdicts AS r ON r.message_id = m.id
 WHERE substr(m.sent_at, 1, 13) BETWEEN :first AND :last
   AND m.sent_at >= :begins AND m.sent_at < :ends AND m.direction = 'outbound'
 UNION ALL
SELECT account, network, stream, public, kind, topics, language, urgency, sent_at,
       staff, message_id, automatic, flags, manners
  FROM past_replies
 WHERE sent_at >= :begins AND sent_at < :ends
 ORDER BY number
"""  # noqa: S608 - constants
