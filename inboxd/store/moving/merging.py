"""
Taking another database's past into this one, by the names that networks give.

What both know stays as this one has it. A conversation that only the other one knows comes with
all that followed from it; of one that both know, the messages come that are missing here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.core.states import FOR_EVER
from inboxd.core.told import HISTORY
from inboxd.store.bulk import next_id
from inboxd.store.corrections import CorrectionStore
from inboxd.store.reply_corrections import ReplyCorrectionStore
from inboxd.store.times import to_text
from inboxd.store.traffic import TrafficStore

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime
    from pathlib import Path

_OTHER = "incoming"
_NAMED = ("authors", "conversations", "messages")
"""Tables whose rows the networks name."""
_FOLLOWING = {
    "cases": "JOIN map_conversations AS v ON v.old = i.conversation_id AND NOT v.known",
    "waits": "JOIN map_cases AS c ON c.old = i.case_id",
    "actions": "JOIN map_cases AS c ON c.old = i.case_id",
    "alerts": "JOIN map_waits AS w ON w.old = i.wait_id",
}
"""Tables whose rows come only with a conversation that is not known here."""
_NEW_MESSAGE = "JOIN map_messages AS m ON m.old = i.message_id AND NOT m.known"
_MESSAGE = "(SELECT new FROM map_messages WHERE old = i.{})"
_CASE = "(SELECT new FROM map_cases WHERE old = i.case_id)"
# An alert's key begins with the number of its wait.
_KEY = "'wait:' || (SELECT new FROM map_waits WHERE old = {0}.wait_id) || substr({0}.key, instr({0}.key, '/'))"
_ALERT_KEY = _KEY.format("a")


@dataclass(frozen=True, slots=True)
class Merged:
    """How many rows are new, and the conversations that both knew and that are to be folded anew."""

    authors: int
    conversations: int
    messages: int
    cases: int
    touched: tuple[int, ...]


class Merger:
    """Merges the database at *other* into this one; only one at a time."""

    def __init__(self, connection: sqlite3.Connection, other: Path) -> None:
        self._db = connection
        connection.execute(f"ATTACH ? AS {_OTHER}", (str(other),))

    def close(self) -> None:
        """Let go of the other database."""
        for table in (*_NAMED, *_FOLLOWING):
            self._db.execute(f"DROP TABLE IF EXISTS temp.map_{table}")
        self._db.execute(f"DETACH {_OTHER}")

    def merge(self, now: datetime) -> Merged:
        """
        Take everything over that is not known here; to be called within a transaction.

        Nobody is alerted to it: what falls due until *now* counts as told, as of a first read,
        and what the other one had not sent yet is not sent.
        """
        for table in _NAMED:
            self._map_named(table)
        self._copy_named()
        self._copy_words()
        for table, join in _FOLLOWING.items():
            self._map_following(table, join)
        self._copy_following(to_text(now))
        new = self._numbers("SELECT new FROM map_messages WHERE NOT known")
        TrafficStore(self._db).count(new)
        touched = self._numbers(
            "SELECT DISTINCT v.new FROM incoming.messages AS i "
            "JOIN map_conversations AS v ON v.old = i.conversation_id AND v.known "
            "JOIN map_messages AS m ON m.old = i.id AND NOT m.known"
        )
        fresh = {name: self._new(name) for name in _NAMED}
        return Merged(**fresh, cases=self._new("cases"), touched=tuple(touched))

    def add_deeds(self) -> list[int]:
        """
        Add what people did there to cases that both have by now; returns their conversations.

        A case is the same if the same message opened it. What was corrected there counts here.
        """
        found = self._db.execute(
            "INSERT INTO main.actions (case_id, at, actor, action, detail, covers, undone_at, "
            "undone_by) SELECT k.id, i.at, i.actor, i.action, i.detail, i.covers, i.undone_at, "
            "i.undone_by FROM incoming.actions AS i "
            "JOIN incoming.cases AS c ON c.id = i.case_id "
            "JOIN map_conversations AS v ON v.old = c.conversation_id AND v.known "
            "JOIN map_messages AS m ON m.old = c.first_message_id "
            "JOIN main.cases AS k ON k.conversation_id = v.new AND k.first_message_id = m.new "
            "WHERE NOT EXISTS (SELECT 1 FROM main.actions AS x WHERE x.case_id = k.id "
            "AND x.at = i.at AND x.actor = i.actor AND x.action = i.action) "
            "ORDER BY i.id RETURNING case_id"
        ).fetchall()
        return [
            conversation
            for (case,) in {*found}
            for (conversation,) in self._db.execute(
                "SELECT conversation_id FROM main.cases WHERE id = ?", (case,)
            )
        ]

    def _map_named(self, table: str) -> None:
        self._db.execute(
            f"CREATE TEMP TABLE map_{table} AS SELECT i.id AS old, coalesce(m.id, "  # noqa: S608 - names of our schema
            f"{next_id(self._db, table) - 1} + row_number() "
            "OVER (PARTITION BY m.id IS NULL ORDER BY i.id)) AS new, m.id IS NOT NULL AS known "
            f"FROM incoming.{table} AS i LEFT JOIN main.{table} AS m "
            "ON m.account = i.account AND m.remote_id = i.remote_id"
        )
        self._db.execute(f"CREATE UNIQUE INDEX temp.map_{table}_old ON map_{table} (old)")

    def _map_following(self, table: str, join: str) -> None:
        self._db.execute(
            f"CREATE TEMP TABLE map_{table} AS SELECT i.id AS old, "  # noqa: S608 - names of our schema
            f"{next_id(self._db, table) - 1} + row_number() OVER (ORDER BY i.id) AS new, "
            f"0 AS known FROM incoming.{table} AS i {join}"
        )
        self._db.execute(f"CREATE UNIQUE INDEX temp.map_{table}_old ON map_{table} (old)")

    def _copy_named(self) -> None:
        for table in ("authors", "conversations"):
            self._copy(table, f"JOIN map_{table} AS n ON n.old = i.id AND NOT n.known", id="n.new")
        self._copy(
            "messages",
            "JOIN map_messages AS n ON n.old = i.id AND NOT n.known "
            "JOIN map_conversations AS v ON v.old = i.conversation_id",
            id="n.new",
            conversation_id="v.new",
            author_id="(SELECT new FROM map_authors WHERE old = i.author_id)",
            # In a conversation that goes on here, it is history that nobody is alerted to.
            history="max(i.history, v.known)",
        )

    def _copy_words(self) -> None:
        """Copy what hangs on messages; of known ones, only what people said of them."""
        self._copy("message_versions", _NEW_MESSAGE, message_id="m.new")
        self._copy("reply_verdicts", _NEW_MESSAGE, message_id="m.new")
        self._copy(
            "answers_elsewhere",
            "JOIN map_messages AS m ON m.old = i.message_id",
            message_id="m.new",
        )
        corrected = self._numbers("SELECT coalesce(max(id), 0) FROM main.corrections")[0]
        self._copy(
            "corrections",
            "JOIN map_messages AS m ON m.old = i.message_id AND NOT EXISTS ("
            "SELECT 1 FROM main.corrections AS x WHERE x.message_id = m.new "
            "AND x.at = i.at AND x.actor = i.actor) ORDER BY i.id",
            id="NULL",
            message_id="m.new",
        )
        CorrectionStore(self._db).uphold(
            self._numbers(
                f"SELECT DISTINCT message_id FROM main.corrections WHERE id > {corrected}"  # noqa: S608 - a number
            )
        )
        said = self._numbers("SELECT coalesce(max(id), 0) FROM main.reply_corrections")[0]
        self._copy(
            "reply_corrections",
            "JOIN map_messages AS m ON m.old = i.message_id AND NOT EXISTS ("
            "SELECT 1 FROM main.reply_corrections AS x WHERE x.message_id = m.new "
            "AND x.at = i.at AND x.actor = i.actor) ORDER BY i.id",
            id="NULL",
            message_id="m.new",
        )
        ReplyCorrectionStore(self._db).uphold(
            self._numbers(
                f"SELECT DISTINCT message_id FROM main.reply_corrections WHERE id > {said}"  # noqa: S608 - a number
            )
        )
        self._copy(
            "silences",
            "WHERE NOT EXISTS (SELECT 1 FROM main.silences AS x WHERE x.match = i.match "
            "AND x.began_at = i.began_at AND x.actor = i.actor)",
            id="NULL",
        )

    def _copy_following(self, now: str) -> None:
        self._copy(
            "cases",
            "JOIN map_cases AS n ON n.old = i.id",
            id="n.new",
            conversation_id="(SELECT new FROM map_conversations WHERE old = i.conversation_id)",
            first_message_id=_MESSAGE.format("first_message_id"),
        )
        action = "(SELECT new FROM map_actions WHERE old = i.ended_by)"
        self._copy(
            "waits",
            "JOIN map_waits AS n ON n.old = i.id",
            id="n.new",
            case_id=_CASE,
            message_id=_MESSAGE.format("message_id"),
            telling_id=_MESSAGE.format("telling_id"),
            ended_by=f"iif(i.outcome = 'closed', {action}, {_MESSAGE.format('ended_by')})",
            told_until=f"CASE WHEN i.ended_at IS NOT NULL THEN i.told_until "
            f"WHEN i.due_at <= '{now}' THEN '{to_text(FOR_EVER)}' "
            f"ELSE max(coalesce(i.told_until, ''), '{now}') END",
            told=f"iif(i.ended_at IS NULL AND i.told = '{{}}', '{json.dumps(dict(HISTORY))}', i.told)",
        )
        self._copy("actions", "JOIN map_actions AS n ON n.old = i.id", id="n.new", case_id=_CASE)
        self._copy_alerts(now)

    def _copy_alerts(self, now: str) -> None:
        """Copy what people were told, which nobody is told again; each case has its own thread."""
        wait = "(SELECT new FROM map_waits WHERE old = i.wait_id)"
        thread = f"'case:' || {_CASE}"
        message = "(SELECT new FROM map_messages WHERE old = json_extract(i.card, '$.message'))"
        self._copy(
            "alerts",
            "JOIN map_alerts AS n ON n.old = i.id",
            id="n.new",
            key=_KEY.format("i"),
            thread=thread,
            case_id=_CASE,
            wait_id=wait,
            card=f"iif(i.card IS NULL, NULL, json_set(i.card, '$.id', {_CASE}, '$.wait', {wait}, "
            f"'$.message', coalesce({message}, 0)))",
        )
        left = "iif(i.state IN ('pending', 'sending', 'unsure'), 'cancelled', i.state)"
        done = f"coalesce(i.done_at, '{now}')"
        key = f"{_ALERT_KEY} || substr(i.key, instr(i.key, ' > '))"
        self._copy(
            "outbox",
            "JOIN map_alerts AS n ON n.old = i.alert_id JOIN incoming.alerts AS a ON a.id = i.alert_id",
            id="NULL",
            key=key,
            alert_id="n.new",
            case_id=_CASE,
            thread=thread,
            state=left,
            done_at=done,
            bundle=f"iif(i.bundle IS NULL, NULL, {key})",
            # What was told of several cases at once must not be changed for one of them.
            receipt="iif(i.receipt IS NULL, NULL, '{}')",
        )
        self._copy(
            "outbox",
            "JOIN map_cases AS n ON n.old = i.case_id AND i.reply IS NOT NULL",
            id="NULL",
            case_id="n.new",
            thread=thread,
            state=left,
            done_at=done,
        )

    def _copy(self, table: str, join: str, **values: str) -> None:
        """Insert the rows that *join* leaves, with *values* in the place of some of their own."""
        columns = [row[1] for row in self._db.execute(f"PRAGMA main.table_info({table})")]
        wanted = ", ".join(values.get(name, f"i.{name}") for name in columns)
        self._db.execute(
            f"INSERT OR IGNORE INTO main.{table} ({', '.join(columns)}) "  # noqa: S608 - names of our schema
            f"SELECT {wanted} FROM incoming.{table} AS i {join}"
        )

    def _new(self, table: str) -> int:
        return self._numbers(f"SELECT count(*) FROM map_{table} WHERE NOT known")[0]  # noqa: S608 - ditto

    def _numbers(self, sql: str) -> list[int]:
        return [number for (number,) in self._db.execute(sql)]
