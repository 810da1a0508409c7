"""
Answers that a machine gives: as quickly, in the same words, to several customers.

No network marks every bot. A text that came within a minute of a customer's message, in more
than one conversation and within a month, is taken for one's, whichever of them is heard of first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.store.sent import SENT_BY_US
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

QUICK = timedelta(seconds=60)
"""Within it a machine answers; a person who uses a saved reply is hardly so fast twice."""
SHORTEST = 20
"""Characters: shorter texts, a "Yes" or a thumb, are the same in the hands of people."""
_APART = timedelta(days=30)
_TIME = "strftime('%Y-%m-%dT%H:%M:%fZ', {0}.sent_at, '{1}')"


def _quick(message: str) -> str:
    """Return the condition that *message*, an alias, followed a customer's within QUICK."""
    earliest = _TIME.format(message, f"-{QUICK.seconds} seconds")
    return (
        f"EXISTS (SELECT 1 FROM messages AS q WHERE q.conversation_id = {message}.conversation_id "  # noqa: S608 - an alias
        f"AND q.direction = 'inbound' AND q.sent_at BETWEEN {earliest} AND {message}.sent_at)"
    )


_EARLIEST, _LATEST = (_TIME.format("m", f"{sign}{_APART.days} days") for sign in "-+")
_REPEATED = f"""
SELECT m.id
  FROM json_each(?) AS n
  JOIN messages AS m ON m.id = n.value
 WHERE (m.repeated OR (length(trim(m.text)) >= {SHORTEST} AND {_quick("m")}
   AND EXISTS (
       SELECT 1 FROM messages AS y INDEXED BY messages_of_ours_by_text
        WHERE y.account = m.account AND y.text = m.text AND y.direction = 'outbound'
          AND y.sent_at BETWEEN {_EARLIEST} AND {_LATEST}
          AND y.conversation_id <> m.conversation_id AND {_quick("y")})))
   AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE {SENT_BY_US})
"""  # noqa: S608 - our own conditions
_OURS = f"""
SELECT m.text, m.conversation_id, m.sent_at
  FROM json_each(?) AS n
  JOIN messages AS m INDEXED BY messages_of_ours
    ON m.conversation_id = json_extract(n.value, '$[0]')
   AND m.sent_at BETWEEN json_extract(n.value, '$[1]') AND json_extract(n.value, '$[2]')
 WHERE m.direction = 'outbound' AND length(trim(m.text)) >= {SHORTEST} AND {_quick("m")}
"""  # noqa: S608 - our own condition


@dataclass(frozen=True, slots=True)
class OurText:
    """Words of the brand in a conversation, at a time."""

    text: str
    conversation: int
    sent_at: str


class Repeats:
    """Looks for the answers that what is new shows to be a machine's, too."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def among(self, answers: Sequence[int]) -> set[int]:
        """Return those of our *answers* that are a machine's by their texts."""
        if not answers:
            return set()
        rows = self._db.execute(_REPEATED, (json.dumps(answers),))
        return {number for (number,) in rows}

    def keep(self, answers: Sequence[int]) -> None:
        """Let those of our *answers* that are a machine's stay so, whatever becomes of the others."""
        self._db.executemany(
            "UPDATE messages SET repeated = 1 WHERE id = ?",
            [(number,) for number in self.among(answers)],
        )

    def quick(
        self, ours: Iterable[tuple[int, str]], asked: Iterable[tuple[int, str]]
    ) -> list[OurText]:
        """
        Return our quick texts that are new, or that turn out to be quick.

        *ours* are the conversations and times of what we wrote, *asked* of what customers wrote.
        """
        spans = [(place, sent_at, sent_at) for place, sent_at in ours]
        spans += [
            (place, sent_at, to_text(_shifted(from_text(sent_at), QUICK)))
            for place, sent_at in asked
        ]
        if not spans:
            return []
        rows = self._db.execute(_OURS, (json.dumps(spans),))
        return [OurText(*row) for row in {*rows}]

    def concerned(self, account: str, texts: Iterable[OurText]) -> list[tuple[int, str]]:
        """
        Return the conversations, each with a time, that *texts* say something new about.

        Where two others have had the same quick answer already, they had each other.
        """
        found: list[tuple[int, str]] = []
        for ours in texts:
            if len(ours.text.strip()) < SHORTEST:
                continue
            self._mark(account, ours.text, (ours.sent_at, ours.sent_at))
            sent_at = from_text(ours.sent_at)
            for order, span in (
                ("DESC", (to_text(_shifted(sent_at, -_APART)), ours.sent_at)),
                ("ASC", (ours.sent_at, to_text(_shifted(sent_at, _APART)))),
            ):
                nearest = self._db.execute(
                    "SELECT y.conversation_id "  # noqa: S608 - constants
                    "FROM messages AS y INDEXED BY messages_of_ours_by_text "
                    "WHERE y.account = ? AND y.text = ? AND y.direction = 'outbound' "
                    f"AND y.sent_at BETWEEN ? AND ? AND y.conversation_id <> ? AND {_quick('y')} "
                    f"ORDER BY y.sent_at {order} LIMIT 2",
                    (account, ours.text, *span, ours.conversation),
                ).fetchall()
                if len({*nearest}) == 1:
                    found.append((nearest[0][0], span[0]))
                    self._mark(account, ours.text, span)
        return found

    def _mark(self, account: str, text: str, span: tuple[str, str]) -> None:
        """Let the sheets of a span say anew which answers in these words are a machine's."""
        self._db.execute(
            "INSERT OR IGNORE INTO sheets_stale (hour) SELECT substr(?, 1, 13) "
            "UNION SELECT substr(sent_at, 1, 13) "
            "FROM messages INDEXED BY messages_of_ours_by_text WHERE account = ? AND text = ? "
            "AND direction = 'outbound' AND sent_at BETWEEN ? AND ?",
            (span[0], account, text, *span),
        )


def _shifted(instant: datetime, span: timedelta) -> datetime:
    """Return *instant* moved by *span*; what networks take for a time may be the end of it."""
    try:
        return instant + span
    except OverflowError:
        return instant
