"""
The triggers that note of which hours something has changed since their sheets were made.

They belong to the migration m007_scorecard: once that is released they are not edited, only
replaced by another. What is written again as it was marks nothing, and so does what no sheet
shows, such as what people were told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Not OR IGNORE, which the statement that fires a trigger would overrule.
_MARK, _ONCE = "INSERT INTO sheets_stale (hour)", "ON CONFLICT (hour) DO NOTHING"
_DIMENSIONS = ("kind", "topics", "urgency", "language")
_HOLD = "instr(coalesce({}.verdict, ''), '\"hold_time\"') > 0"

_Rows = tuple[str, ...]
"""What a trigger sees: ``new`` or ``old``, of an update both."""
_Work = Callable[[_Rows], str]
"""Returns the statement to which a mark is added for each of its rows."""


def _hour(column: str) -> _Work:
    """Mark the hour that a column names."""
    return lambda rows: f"VALUES {', '.join(f'(substr({row}.{column}, 1, 13))' for row in rows)}"


def _opened(rows: _Rows) -> str:
    """Mark when the row's case was opened."""
    numbers = ", ".join(f"{row}.case_id" for row in rows)
    return f"SELECT substr(opened_at, 1, 13) FROM cases WHERE id IN ({numbers})"  # noqa: S608 - ours


def _waits_of_case(rows: _Rows) -> str:
    """Mark what began in a case, the row."""
    return f"SELECT substr(since, 1, 13) FROM waits WHERE case_id = {rows[-1]}.id"  # noqa: S608 - ours


def _replies_of_case(rows: _Rows) -> str:
    """Mark the answers that may belong to a case, the row: those since it was opened."""
    opened = ", ".join(f"{row}.opened_at" for row in rows)
    return (
        "SELECT substr(sent_at, 1, 13) FROM messages "  # noqa: S608 - ours
        f"WHERE conversation_id = {rows[-1]}.conversation_id AND direction = 'outbound' "
        f"AND sent_at >= {f'min({opened})' if len(rows) > 1 else opened}"
    )


def _conversation(rows: _Rows) -> str:
    """Mark all that began where a message, the row, is."""
    place = f"c.conversation_id = {rows[-1]}.conversation_id"
    return (
        "SELECT substr(w.since, 1, 13) FROM cases AS c JOIN waits AS w ON w.case_id = c.id "  # noqa: S608 - ours
        f"WHERE {place} UNION SELECT substr(c.opened_at, 1, 13) FROM cases AS c WHERE {place}"
    )


def _answer(which: str) -> _Work:
    """
    Mark an answer, the waits that it ended, and their cases.

    It counts in its own thread and, on X, in others. *which* is its number.
    """

    def marked(rows: _Rows) -> str:
        numbers = ", ".join(which.format(row) for row in rows)
        return f"""
SELECT substr(m.sent_at, 1, 13) FROM messages AS m WHERE m.id IN ({numbers})
 UNION SELECT substr(iif(side.ours, w.since, c.opened_at), 1, 13)
  FROM (SELECT m.id AS answer, m.conversation_id AS place FROM messages AS m WHERE m.id IN ({numbers})
         UNION SELECT e.message_id, v.id FROM answers_elsewhere AS e
          JOIN conversations AS v ON v.account = e.account AND v.remote_id = e.thread_remote_id
         WHERE e.message_id IN ({numbers})) AS there
  JOIN cases AS c ON c.conversation_id = there.place
  JOIN waits AS w ON w.case_id = c.id AND w.ended_by = there.answer
  JOIN (SELECT 1 AS ours UNION ALL SELECT 0) AS side WHERE true"""  # noqa: S608 - ours

    return marked


_SENT = """(SELECT id FROM messages WHERE account = {0}.receiver
     AND remote_id = json_extract({0}.receipt, '$.remote_id'))"""


class _Rule(NamedTuple):
    """
    What a change of *table* makes stale: *work* is given the row, of an update as it was and is.

    An update matters where it changes one of *columns* (or *differs*). Of rows for which *when*
    does not hold nothing is shown.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    work: tuple[_Work, ...]
    when: str = ""
    differs: str = ""
    events: str = "insert update delete"


_RULES = (
    _Rule(
        "message",
        "messages",
        (
            *("sent_at", "seen_at", "stream", "direction", "public", "author_id", "deleted_at"),
            *("auto_reply", "repeated", "staff", "history", *_DIMENSIONS),
        ),
        (_hour("sent_at"),),
    ),
    _Rule(
        "message_on_hold",
        "messages",
        ("verdict",),
        (_hour("sent_at"),),
        differs=f"{_HOLD.format('old')} IS NOT {_HOLD.format('new')}",
        events="update",
    ),
    # Whose message a wait began with or ended by, and when we saw it.
    _Rule(
        "message_of_waits",
        "messages",
        ("seen_at", "direction", "author_id", "staff", "history"),
        (_conversation,),
        events="update",
    ),
    _Rule(
        "wait",
        "waits",
        (
            *("case_id", "kind", "since", "message_id", "telling_id", "due_at", "ended_at"),
            *("outcome", "ended_by", "open_seconds"),
        ),
        (_hour("since"), _opened),
    ),
    _Rule(
        "case",
        "cases",
        ("opened_at", "status", "ended_at", "close_reason", "policy", *_DIMENSIONS),
        (_hour("opened_at"),),
    ),
    _Rule(
        "case_of_waits",
        "cases",
        ("policy", *_DIMENSIONS),
        (_waits_of_case,),
        events="update",
    ),
    _Rule(
        "case_of_replies",
        "cases",
        ("opened_at", "close_reason", "kind", "topics", "urgency"),
        (_replies_of_case,),
    ),
    _Rule(
        "verdict",
        "reply_verdicts",
        ("language", "flags", "manners"),
        (_answer("{0}.message_id"),),
        when="{0}.flags IS NOT NULL",
    ),
    _Rule(
        "reply",
        "outbox",
        ("state", "receipt", "receiver", "actor"),
        (_answer(_SENT),),
        when="{0}.reply IS NOT NULL AND {0}.state = 'sent'",
    ),
    _Rule(
        "reopening",
        "actions",
        ("case_id", "action", "undone_at"),
        (_opened,),
        when="{0}.action = 'reopen'",
    ),
    _Rule("past_case", "past_cases", ("opened_at",), (_hour("opened_at"),), events="insert delete"),
    _Rule("past_wait", "past_waits", ("since",), (_hour("since"),), events="insert delete"),
    _Rule("past_reply", "past_replies", ("sent_at",), (_hour("sent_at"),), events="insert delete"),
    _Rule("past_messages", "past_messages", ("messages",), (_hour("hour"),)),
)


def triggers() -> Iterator[str]:
    """Yield the statements that make the triggers."""
    for rule in _RULES:
        for event in rule.events.split():
            yield _trigger(rule, event)


def _trigger(rule: _Rule, event: str) -> str:
    rows = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}[event]
    conditions = []
    if rule.when:
        conditions.append(f"({' OR '.join(rule.when.format(row) for row in rows)})")
    if event == "update":
        conditions.append(rule.differs or _differs(rule.columns))
    when = f" WHEN {' AND '.join(conditions)}" if conditions else ""
    of = f" OF {', '.join(rule.columns)}" if event == "update" else ""
    body = " ".join(f"{_MARK} {step(rows)} {_ONCE};" for step in rule.work)
    return (
        f"CREATE TRIGGER stale_{rule.name}_{event} AFTER {event.upper()}{of} ON {rule.table}{when} "
        f"BEGIN {body} END"
    )


def _differs(columns: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("old", "new"))
    return f"({old}) IS NOT ({new})"
