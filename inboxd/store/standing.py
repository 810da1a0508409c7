"""How it stands with a case, as SQL: which wait speaks for it, who has taken it, until when it sleeps."""

from __future__ import annotations

from inboxd.store.kinds import OWED

SPEAKING = (
    "SELECT id FROM waits WHERE case_id = c.id AND ended_at IS NULL "  # noqa: S608 - a constant
    f"ORDER BY kind IN {OWED}, coalesce(due_at, '~') LIMIT 1"
)
"""The wait that speaks for case ``c``: for an answer, else what our answers owe and is due first."""
PROMISED = (
    "SELECT json_array(p.text, r.evidence) FROM waits AS pw "
    "JOIN messages AS p ON p.id = pw.message_id "
    "LEFT JOIN reply_verdicts AS r ON r.message_id = p.id "
    "WHERE pw.case_id = c.id AND pw.ended_at IS NULL AND pw.kind = 'promise' "
    "ORDER BY coalesce(pw.due_at, '~') LIMIT 1"
)
"""The answer of ours whose promise to case ``c`` is to be kept first, with its evidence."""
TAKEN_BY = "iif(c.acknowledged_at >= c.waiting_since, c.acknowledged_by, '')"
"""Who has taken the present wait of case ``c``; who took an earlier one has not."""
SLEEPS = "c.snoozed_at >= c.waiting_since AND c.wrote_at <= c.snoozed_at"
"""Case ``c`` is put to sleep, and the customer has been silent since: until its time it sleeps."""
SNOOZED_UNTIL = f"iif({SLEEPS}, c.snoozed_until, NULL)"
AUTHOR = "a.remote_id, a.name, a.handle, a.followers, a.url"
