"""Removing messages and cases with everything that hangs on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inboxd.store.bulk import NUMBERED, keep_floor
from inboxd.store.keeping.leftovers import keep_figures

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator

_OF_CASES = "(SELECT value FROM json_each(:cases))"
_OF_MESSAGES = "(SELECT value FROM json_each(:messages))"
_ALERTS = f"(SELECT id FROM alerts WHERE case_id IN {_OF_CASES})"  # noqa: S608 - a constant
_REMOVALS = (
    f"DELETE FROM refreshes WHERE outbox_id IN (SELECT id FROM outbox WHERE alert_id IN {_ALERTS})",  # noqa: S608 - as above
    f"DELETE FROM outbox WHERE alert_id IN {_ALERTS}",  # noqa: S608 - as above
    (
        "DELETE FROM outbox WHERE reply IS NOT NULL AND thread IN "
        "(SELECT 'case:' || value FROM json_each(:cases))"
    ),
    f"DELETE FROM alerts WHERE case_id IN {_OF_CASES}",  # noqa: S608 - as above
    f"DELETE FROM actions WHERE case_id IN {_OF_CASES}",  # noqa: S608 - as above
    f"DELETE FROM presences WHERE case_id IN {_OF_CASES}",  # noqa: S608 - as above
    f"DELETE FROM drafts WHERE case_id IN {_OF_CASES}",  # noqa: S608 - as above
    f"DELETE FROM waits WHERE case_id IN {_OF_CASES}",  # noqa: S608 - as above
    f"DELETE FROM cases WHERE id IN {_OF_CASES}",  # noqa: S608 - as above
    f"DELETE FROM message_versions WHERE message_id IN {_OF_MESSAGES}",  # noqa: S608 - as above
    f"DELETE FROM corrections WHERE message_id IN {_OF_MESSAGES}",  # noqa: S608 - as above
    f"DELETE FROM reply_corrections WHERE message_id IN {_OF_MESSAGES}",  # noqa: S608 - as above
    f"DELETE FROM reply_verdicts WHERE message_id IN {_OF_MESSAGES}",  # noqa: S608 - as above
    f"DELETE FROM messages WHERE id IN {_OF_MESSAGES}",  # noqa: S608 - as above
)
_AUTHORS = """
DELETE FROM authors WHERE id IN (SELECT value FROM json_each(?))
   AND NOT EXISTS (SELECT 1 FROM messages WHERE author_id = authors.id AND direction = 'inbound')
   AND NOT EXISTS (SELECT 1 FROM messages WHERE author_id = authors.id AND direction = 'outbound')
"""
_CONVERSATIONS = """
DELETE FROM conversations WHERE id IN (SELECT value FROM json_each(?))
   AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation_id = conversations.id)
   AND NOT EXISTS (SELECT 1 FROM cases WHERE conversation_id = conversations.id)
"""


def remove(
    db: sqlite3.Connection,
    messages: Collection[int],
    cases: Collection[int],
    answers_elsewhere: Collection[int] = (),
) -> None:
    """
    Remove *messages* and *cases*, with all that hangs on them; their figures stay.

    Whatever else refers to them must be among them. *answers_elsewhere* are those of the
    messages that count in other threads, too. To be called within a transaction, with foreign
    keys switched off: SQLite would look through all cases for each message.
    """
    _keep_numbers(db)
    given = {"messages": json.dumps([*messages]), "cases": json.dumps([*cases])}
    authors, conversations = _surroundings(db, given["messages"])
    keep_figures(db, given["messages"], given["cases"])
    if answers_elsewhere:
        db.execute(
            "DELETE FROM answers_elsewhere WHERE message_id IN (SELECT value FROM json_each(?))",
            (json.dumps([*answers_elsewhere]),),
        )
    for statement in _REMOVALS:
        db.execute(statement, {name: given[name] for name in given if f":{name}" in statement})
    db.execute(_AUTHORS, (authors,))
    db.execute(_CONVERSATIONS, (conversations,))


def _surroundings(db: sqlite3.Connection, messages: str) -> Iterator[str]:
    """Return who wrote *messages*, and where they stand, each as a JSON list."""
    rows = db.execute(
        "SELECT author_id, conversation_id FROM messages "
        "WHERE id IN (SELECT value FROM json_each(?))",
        (messages,),
    ).fetchall()
    columns = zip(*rows, strict=True) if rows else iter(((), ()))
    return (json.dumps(sorted({number for number in column if number})) for column in columns)


def _keep_numbers(db: sqlite3.Connection) -> None:
    """Remember the highest numbers, so that what is new gets higher ones."""
    for table in NUMBERED:
        keep_floor(db, table)
