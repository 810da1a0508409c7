"""What people did about cases since a customer began to wait: actions and corrections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inboxd.model import Deed
from inboxd.store.times import from_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime

_DONE = """
SELECT case_id, at, actor, action, detail FROM actions
 WHERE case_id IN (SELECT value FROM json_each(:cases))
   AND undone_at IS NULL AND action <> 'note'
UNION ALL
SELECT c.id, s.at, s.actor, 'correct', s.kind
  FROM cases AS c
  JOIN messages AS m ON m.conversation_id = c.conversation_id
  JOIN corrections AS s ON s.message_id = m.id
 WHERE c.id IN (SELECT value FROM json_each(:cases)) AND s.kind IS NOT NULL
   AND s.undone_at IS NULL
 ORDER BY at
"""


def deeds_since(
    connection: sqlite3.Connection, cases: Mapping[int, datetime]
) -> dict[int, tuple[Deed, ...]]:
    """Return what was done about each of *cases* since an instant: of each action the last."""
    latest: dict[int, dict[str, Deed]] = {}
    for case, at, *done in connection.execute(_DONE, {"cases": json.dumps(list(cases))}):
        deed = Deed(from_text(at), *done)
        if deed.at >= cases[case]:
            of_case = latest.setdefault(case, {})
            of_case.pop(deed.action, None)
            of_case[deed.action] = deed
    return {case: tuple(deeds.values()) for case, deeds in latest.items()}
