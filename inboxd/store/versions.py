"""What messages said before they were edited, and which edits asked for more."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from inboxd.core.conversations import Asking, asks_for_more
from inboxd.store.times import from_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Version:
    """
    One text of a message.

    *kind* is None until it has been judged, and "" if it never is (it is ours). *edited_at* is
    when it was written where that is not when the message was sent and the network tells it;
    *replaced_at* is when we saw that it stands no more, None for the present one.
    """

    kind: str | None
    asks: bool
    edited_at: str | None
    replaced_at: str | None

    @property
    def asking(self) -> Asking | None:
        """Return what it wants of us, None while that cannot be told."""
        return Asking.of(self.kind, question_mark=self.asks) if self.kind else None


class VersionStore:
    """The table message_versions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def keep(
        self, message: int, text: str, kind: str | None, edited_at: str | None, seen_at: str
    ) -> bool:
        """Keep an earlier *text* of *message*; returns whether it was not known."""
        cursor = self._db.execute(
            "INSERT INTO message_versions (message_id, text, kind, edited_at, replaced_at) "
            "SELECT :message, :text, :kind, :edited_at, :seen_at WHERE NOT EXISTS ("
            "SELECT 1 FROM message_versions WHERE message_id = :message AND text = :text "
            "AND edited_at IS :edited_at)",
            {
                "message": message,
                "text": text,
                "kind": kind,
                "edited_at": edited_at,
                "seen_at": seen_at,
            },
        )
        if cursor.rowcount:
            self._db.execute("UPDATE messages SET versions = versions + 1 WHERE id = ?", (message,))
        return bool(cursor.rowcount)

    def judge(self, verdicts: Iterable[tuple[str, int, str]]) -> None:
        """Keep the kind of texts (kind, message, text) that were replaced before they had one."""
        self._db.executemany(
            "UPDATE message_versions SET kind = ? WHERE message_id = ? AND text = ? "
            "AND kind IS NULL",
            verdicts,
        )

    def of(self, messages: Sequence[int]) -> dict[int, list[Version]]:
        """Return all versions of *messages*, oldest first, the present one last."""
        if not messages:
            return {}
        found: dict[int, list[Version]] = defaultdict(list)
        numbers = json.dumps(messages)
        # The first text has no time of its own, and is older than each that has one.
        for number, *facts in self._db.execute(
            "SELECT message_id, kind, instr(text, '?'), edited_at, replaced_at "
            "FROM message_versions WHERE message_id IN (SELECT value FROM json_each(?)) "
            "ORDER BY coalesce(edited_at, ''), rowid",
            (numbers,),
        ):
            found[number].append(_version(facts))
        for number, *facts in self._db.execute(
            "SELECT id, iif(classified_at IS NULL, NULL, kind), instr(text, '?'), edited_at, NULL "
            "FROM messages WHERE id IN (SELECT value FROM json_each(?))",
            (numbers,),
        ):
            found[number].append(_version(facts))
        return found


def asked_for_more(versions: Sequence[Version]) -> list[datetime]:
    """Return when edits made a complaint or a question of a message that was none."""
    return [
        _edited_at(before, after)
        for before, after in pairwise(versions)
        if before.asking and after.asking and asks_for_more(before.asking, after.asking)
    ]


def _edited_at(before: Version, after: Version) -> datetime:
    """Return when *after* took the place of *before*: at the latest when we saw it."""
    seen_at = before.replaced_at or ""
    return from_text(min(after.edited_at or seen_at, seen_at))


def _version(facts: Sequence[object]) -> Version:
    kind, asks, edited_at, replaced_at = facts
    return Version(kind, bool(asks), edited_at, replaced_at)  # type: ignore[arg-type]  # as the columns have it
