"""In which conversations it matters that something else is said of our answers now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inboxd.core.owed import SURE
from inboxd.store.kinds import OWED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

_FACTS = f"""
SELECT r.message_id, coalesce(r.promise >= {SURE}, 0), coalesce(r.deflection >= {SURE}, 0),
       r.promised_on, r.promised_at
  FROM json_each(?) AS n JOIN reply_verdicts AS r ON r.message_id = n.value
"""  # noqa: S608 - a constant
_PLAIN = (0, 0, None, None)
_OWING = f"""
SELECT c.conversation_id FROM json_each(?) AS n
  JOIN messages AS m ON m.id = n.value
  JOIN cases AS c ON c.conversation_id = m.conversation_id OR c.conversation_id IN (
       SELECT v.id FROM answers_elsewhere AS e JOIN conversations AS v
           ON v.account = e.account AND v.remote_id = e.thread_remote_id
        WHERE e.message_id = m.id)
 WHERE m.id IN (SELECT value FROM json_each(?)) OR EXISTS (
       SELECT 1 FROM waits AS w WHERE w.case_id = c.id AND w.ended_at IS NULL
          AND w.kind IN {OWED})
"""  # noqa: S608 - a constant


def concerned(
    connection: sqlite3.Connection, answers: Sequence[int], change: Callable[[], None]
) -> set[int]:
    """
    Let *change* say something else of our *answers*; returns the conversations to track again.

    These are those in which they owe something now, or did, or in which anything is owed.
    """
    numbers = json.dumps([*answers])
    before = _facts(connection, numbers)
    change()
    after = _facts(connection, numbers)
    changed = [each for each, facts in after.items() if {facts, before[each]} != {_PLAIN}]
    rows = connection.execute(_OWING, (numbers, json.dumps(changed)))
    return {conversation for (conversation,) in rows}


def _facts(connection: sqlite3.Connection, numbers: str) -> dict[int, tuple[Any, ...]]:
    return {number: tuple(facts) for number, *facts in connection.execute(_FACTS, (numbers,))}
