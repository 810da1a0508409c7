"""
Where a conversation's past can be cut off: up to there the rest of it folds to the same cases.

The rule is in :mod:`inboxd.core.retention`, and what it goes by is found here: what is open, queued
or still at work stays, however old it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from inboxd.core.retention import Stretch, cut, tied
from inboxd.core.states import FOR_EVER
from inboxd.model import Direction
from inboxd.store.happened import plausible
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

_REACH = 250
"""So many conversations are looked through for old messages at once."""
_MOST = 100
"""So many conversations with old messages are looked at in one transaction."""
_ENOUGH = 300
"""Messages after which a transaction is long enough."""

_OLD = """
SELECT id FROM conversations
 WHERE id > :after AND id <= :after + :reach AND NOT untracked
   AND EXISTS (SELECT 1 FROM messages WHERE conversation_id = conversations.id AND sent_at < :until)
 ORDER BY id LIMIT :most
"""
# What is not over never ends; "~" is later than every time.
_CASES = """
SELECT c.conversation_id, c.id, c.opened_at, c.status, c.ended_at, max(
       coalesce(c.ended_at, ''), coalesce(c.wrote_at, ''), coalesce(c.answered_at, ''),
       iif(c.status IN ('waiting', 'answered'), '~', ''),
       coalesce((SELECT max(coalesce(ended_at, iif(outcome IS NULL, '~', ''))) FROM waits
                  WHERE case_id = c.id), ''),
       coalesce((SELECT max(max(at, coalesce(undone_at, ''))) FROM actions
                  WHERE case_id = c.id), ''),
       coalesce((SELECT max(created_at) FROM alerts WHERE case_id = c.id), ''),
       coalesce((SELECT max(saved_at) FROM drafts WHERE case_id = c.id), ''),
       coalesce((SELECT max(seen_at) FROM presences WHERE case_id = c.id), ''),
       coalesce((SELECT max(iif(o.state IN ('pending', 'sending', 'unsure'), '~',
                                coalesce(o.done_at, o.created_at)))
                   FROM alerts AS a JOIN outbox AS o ON o.alert_id = a.id
                  WHERE a.case_id = c.id), ''),
       coalesce((SELECT max(iif(state IN ('pending', 'sending', 'unsure'), '~',
                                coalesce(done_at, created_at)))
                   FROM outbox WHERE thread = 'case:' || c.id), ''))
  FROM json_each(?) AS n JOIN cases AS c ON c.conversation_id = n.value
"""
_TOLD_APART = """
SELECT a.case_id, w.case_id
  FROM json_each(?) AS n
  JOIN cases AS c ON c.conversation_id = n.value
  JOIN alerts AS a ON a.case_id = c.id
  JOIN waits AS w ON w.id = a.wait_id
 WHERE w.case_id <> a.case_id
"""
_MESSAGES = """
SELECT m.conversation_id, m.id, m.direction, m.sent_at, m.seen_at, max(
       m.sent_at, m.seen_at, coalesce(m.edited_at, ''), coalesce(m.deleted_at, ''),
       iif(m.versions, coalesce((SELECT max(max(replaced_at, coalesce(edited_at, '')))
                                   FROM message_versions WHERE message_id = m.id), ''), ''))
  FROM json_each(?) AS n JOIN messages AS m ON m.conversation_id = n.value
"""
_ANSWERS_TO_OTHERS = """
SELECT e.message_id, EXISTS (
       SELECT 1 FROM conversations AS v JOIN cases AS c ON c.conversation_id = v.id
        WHERE v.account = e.account AND v.remote_id = e.thread_remote_id
          AND c.opened_at <= m.seen_at)
  FROM answers_elsewhere AS e JOIN messages AS m ON m.id = e.message_id
 WHERE m.conversation_id IN (SELECT value FROM json_each(?))
"""
_ANSWERS_OF_OTHERS = """
SELECT v.id, m.sent_at, m.seen_at
  FROM json_each(?) AS n
  JOIN conversations AS v ON v.id = n.value
  JOIN answers_elsewhere AS e ON e.account = v.account AND e.thread_remote_id = v.remote_id
  JOIN messages AS m ON m.id = e.message_id
"""


class _Message(NamedTuple):
    id: int
    at: datetime
    ends: datetime
    ours: bool


@dataclass(frozen=True, slots=True)
class Past:
    """What can be removed of a conversation."""

    messages: tuple[int, ...]
    cases: tuple[int, ...]


class Seams:
    """Finds what can go of conversations."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def past_after(
        self, after: int, until: datetime, quiet: timedelta, *, most: int | None
    ) -> tuple[list[Past], int | None]:
        """Return what can go of the next conversations, and where to go on; None at the end."""
        given = {"after": after, "reach": _REACH, "until": to_text(until), "most": _MOST}
        rows = self._db.execute(_OLD, given).fetchall()
        found: list[Past] = []
        size = 0
        for (conversation,) in rows:
            past, more = self._past(conversation, until, quiet, most)
            found += [past] if past.messages or past.cases else []
            size += len(past.messages)
            if more:
                return found, conversation - 1
            if size >= _ENOUGH:
                return found, conversation
        if len(rows) == _MOST:
            return found, rows[-1][0]
        (highest,) = self._db.execute("SELECT max(id) FROM conversations").fetchone()
        return found, after + _REACH if after + _REACH < (highest or 0) else None

    def _past(
        self, conversation: int, until: datetime, quiet: timedelta, most: int | None
    ) -> tuple[Past, bool]:
        """Return what can go of a conversation, and whether that is not all because of *most*."""
        place = json.dumps([conversation])
        cases = self._cases(place, quiet)
        messages = self._messages(place)
        stretches = [*cases.values(), *self._stretches(place, messages, cases)]
        bound, more = cut(until, stretches), False
        old = sorted(each.at for each in messages if each.at < bound)
        if most and len(old) > most and (sooner := cut(old[most], stretches)) > old[0]:
            bound, more = sooner, True
        past = Past(
            tuple(each.id for each in messages if each.at < bound),
            tuple(number for number, stretch in cases.items() if stretch.begins < bound),
        )
        return past, more

    def _cases(self, place: str, quiet: timedelta) -> dict[int, Stretch]:
        cases = {}
        for _, number, opened_at, status, ended_at, latest in self._db.execute(_CASES, (place,)):
            ends = FOR_EVER if latest == "~" else from_text(latest)
            if status == "resolved" and ended_at:
                # What the customer writes until then belongs to it.
                ends = max(ends, from_text(ended_at) + quiet)
            cases[number] = Stretch(from_text(opened_at), ends)
        return tied(cases, self._db.execute(_TOLD_APART, (place,)).fetchall())

    def _messages(self, place: str) -> list[_Message]:
        return [
            _Message(
                number,
                plausible(sent_at, seen_at),
                from_text(latest),
                direction == Direction.OUTBOUND,
            )
            for _, number, direction, sent_at, seen_at, latest in self._db.execute(
                _MESSAGES, (place,)
            )
        ]

    def _stretches(
        self, place: str, messages: Sequence[_Message], cases: Mapping[int, Stretch]
    ) -> Iterator[Stretch]:
        """Yield what messages hold together: their edits, and answers with the case before them."""
        opened = sorted(stretch.begins for stretch in cases.values())
        held = {
            number for number, needed in self._db.execute(_ANSWERS_TO_OTHERS, (place,)) if needed
        }
        for each in messages:
            begins = _before(opened, each.at) if each.ours else each.at
            yield Stretch(begins, FOR_EVER if each.id in held else each.ends)
        for _, sent_at, seen_at in self._db.execute(_ANSWERS_OF_OTHERS, (place,)):
            at = plausible(sent_at, seen_at)
            yield Stretch(_before(opened, at), at)


def _before(opened: Sequence[datetime], at: datetime) -> datetime:
    """Return when the last case was opened that was there *at* an instant; that itself if none."""
    return max((each for each in opened if each <= at), default=at)
