"""What happened in conversations, as the events that tracking folds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from inboxd.core.owed import SURE
from inboxd.core.states import Traits
from inboxd.core.waits import BY_STAFF, REPEATED, Event, EventType, Judged, Promise
from inboxd.model import Direction, Kind, Topic, Urgency
from inboxd.store.repeats import Repeats
from inboxd.store.sent import SENT_BY_US
from inboxd.store.times import from_text, maybe_instant
from inboxd.store.versions import VersionStore, asked_for_more

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence
    from datetime import datetime

_OLDEST = timedelta(days=5 * 366)
"""A message cannot have waited longer: an earlier time is the network's mistake."""

# What a customer took back before we saw it asks for nothing; an answer that the brand took
# back has still been given: tidying up an old thread must not wake it. What was sent by way of
# us a person wrote, whether or not the network says so.
_SAID = f"""
SELECT m.conversation_id, m.id, m.direction, m.sent_at, m.seen_at, m.deleted_at, a.followers,
       m.kind, m.topics, m.urgency, m.language, instr(m.text, '?'), a.remote_id, m.addressees,
       m.versions, m.direction = 'outbound' AND (
           m.staff <> '' OR EXISTS (SELECT 1 FROM outbox AS o WHERE {SENT_BY_US})),
       r.promise, r.deflection, r.promised_on, r.promised_at
  FROM json_each(?) AS b
  JOIN messages AS m ON m.conversation_id = json_extract(b.value, '$[0]')
                    AND m.sent_at > json_extract(b.value, '$[1]')
                    AND m.seen_at > json_extract(b.value, '$[1]')
  LEFT JOIN authors AS a ON a.id = m.author_id
  LEFT JOIN reply_verdicts AS r ON r.message_id = m.id
 WHERE NOT m.auto_reply
   AND (m.deleted_at IS NULL OR m.deleted_at > m.seen_at OR m.direction = 'outbound')
"""  # noqa: S608 - a constant
_ANSWERED_ELSEWHERE = """
SELECT v.id, m.id, m.sent_at, m.seen_at, m.deleted_at,
       r.promise, r.deflection, r.promised_on, r.promised_at
  FROM json_each(?) AS b
  JOIN conversations AS v ON v.id = json_extract(b.value, '$[0]')
  JOIN answers_elsewhere AS e ON e.account = v.account AND e.thread_remote_id = v.remote_id
  JOIN messages AS m ON m.id = e.message_id
                    AND m.sent_at > json_extract(b.value, '$[1]')
                    AND m.seen_at > json_extract(b.value, '$[1]')
  LEFT JOIN reply_verdicts AS r ON r.message_id = m.id
 WHERE NOT m.auto_reply
"""
_DONE = """
SELECT c.conversation_id, a.id, a.at, a.covers, a.action, a.detail
  FROM json_each(?) AS b
  JOIN cases AS c ON c.conversation_id = json_extract(b.value, '$[0]')
  JOIN actions AS a ON a.case_id = c.id
 WHERE a.undone_at IS NULL
   AND ((a.action IN ('reopen', 'snooze') AND a.at > json_extract(b.value, '$[1]'))
    OR (a.action = 'close' AND min(a.at, a.covers) > json_extract(b.value, '$[1]')))
"""


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened in conversations, what was said in them, and how many follow who wrote."""

    events: dict[int, list[Event]] = field(default_factory=dict)
    traits: dict[int, dict[int, Traits]] = field(default_factory=dict)
    followers: dict[int, int] = field(default_factory=dict)

    def add(self, conversation: int, event: Event) -> None:
        """Take in one event."""
        self.events.setdefault(conversation, []).append(event)

    def add_retraction(self, conversation: int, answer: Event, deleted_at: str | None) -> None:
        """Take in that we deleted an *answer*, if we did: what it promised is void."""
        if deleted_at and answer.judged and answer.judged.promise:
            gone_at = max(from_text(deleted_at), answer.at)
            self.add(conversation, Event(gone_at, EventType.DELETED, answer.ref))

    def add_message(self, row: Sequence[Any], *, several: bool) -> Event:
        """Take in what hangs on a customer's message; returns its own event."""
        (
            conversation, number, _, sent_at, seen_at, deleted_at, followers, kind, topics, urgency,
            language, asks, author, *_,
        ) = row  # fmt: skip
        if deleted_at:
            self.add(conversation, Event(from_text(deleted_at), EventType.DELETED, number))
        if followers:
            most = max(followers, self.followers.get(conversation, 0))
            self.followers[conversation] = most
        if kind:
            traits = traits_from(kind, topics, urgency, language)
            self.traits.setdefault(conversation, {})[number] = traits
        detail, who = "" if asks else kind or "", author if several and author else ""
        at, claimed = _times(sent_at, seen_at)
        return Event(at, EventType.INBOUND, number, detail, claimed, who)


class HappenedStore:
    """The tables messages, message_versions, answers_elsewhere and actions, as one history."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._versions = VersionStore(connection)
        self._repeats = Repeats(connection)

    def since(self, bounds: str, public: Collection[int]) -> Happened:
        """
        Return what happened in each conversation after a time.

        *bounds* is a JSON list of pairs of both; *public* are those of the conversations in
        which there can be several customers.
        """
        happened = Happened()
        edited: dict[int, tuple[int, Event]] = {}
        answers: list[tuple[int, Event]] = []
        for row in self._db.execute(_SAID, (bounds,)):
            # Privately there is one customer, whatever the network calls them.
            several = row[0] in public
            if row[2] == Direction.OUTBOUND:
                answers.append(_answer(row, several=several))
                happened.add_retraction(row[0], answers[-1][1], row[5])
                continue
            message = happened.add_message(row, several=several)
            if row[14]:
                edited[message.ref] = row[0], message
            else:
                happened.add(row[0], message)
        self._add_edited(edited, happened)
        self._add_answers([*answers, *self._answers_elsewhere(bounds, happened)], happened)
        self._add_deeds(bounds, happened)
        return happened

    def _add_edited(self, messages: dict[int, tuple[int, Event]], happened: Happened) -> None:
        """Add what was edited as what it first was, and the edits that made more of it."""
        for number, versions in self._versions.of(list(messages)).items():
            conversation, event = messages[number]
            first = versions[0]
            kind = "" if first.asks else first.kind or ""
            happened.add(conversation, event._replace(detail=kind))
            for edited_at in asked_for_more(versions):
                at = max(edited_at, event.at)
                edit = Event(at, EventType.EDITED, number, author=event.author)
                happened.add(conversation, edit)

    def _answers_elsewhere(self, bounds: str, happened: Happened) -> list[tuple[int, Event]]:
        """Return the answers that were given in another thread: each is for whoever waits here."""
        if not self._db.execute("SELECT EXISTS (SELECT 1 FROM answers_elsewhere)").fetchone()[0]:
            return []
        answers = []
        for conversation, number, sent_at, seen_at, deleted_at, *judged in self._db.execute(
            _ANSWERED_ELSEWHERE, (bounds,)
        ):
            at, claimed = _times(sent_at, seen_at)
            answer = Event(at, EventType.ANSWER, number, "", claimed, judged=_judged(judged))
            answers.append((conversation, answer))
            happened.add_retraction(conversation, answer, deleted_at)
        return answers

    def _add_answers(self, answers: list[tuple[int, Event]], happened: Happened) -> None:
        repeated = self._repeats.among([answer.ref for _, answer in answers])
        for conversation, answer in answers:
            is_repeated = answer.ref in repeated and answer.detail != BY_STAFF
            event = answer._replace(detail=REPEATED) if is_repeated else answer
            happened.add(conversation, event)

    def _add_deeds(self, bounds: str, happened: Happened) -> None:
        for conversation, number, at, covers, action, detail in self._db.execute(_DONE, (bounds,)):
            done_at = from_text(at)
            event = Event(done_at, EventType.REOPENED, number, detail)
            if action == "snooze":
                event = Event(done_at, EventType.SNOOZED, number, until=from_text(detail))
            if action == "close":
                reaches = from_text(min(at, covers))
                event = Event(reaches, EventType.CLOSED, number, detail, claimed=done_at)
            happened.add(conversation, event)


def _answer(row: Sequence[Any], *, several: bool) -> tuple[int, Event]:
    """Return the conversation and the event of something that the brand wrote."""
    at, claimed = _times(row[3], row[4])
    to = tuple(json.loads(row[13])) if several and row[13] != "[]" else ()
    detail = BY_STAFF if row[15] else ""
    judged = _judged(row[16:])
    return row[0], Event(at, EventType.ANSWER, row[1], detail, claimed, "", to, judged)


def _judged(columns: Sequence[Any]) -> Judged | None:
    """Return what was found in an answer, None until it has been judged."""
    promise, deflection, promised_on, promised_at = columns
    if promise is None:
        return None
    promised = promise_from(promised_on, promised_at) if promise >= SURE else None
    return Judged(deflection >= SURE, promised)


def promise_from(on: str | None, at: str | None) -> Promise:
    """Return a promise from its columns."""
    return Promise(date.fromisoformat(on) if on else None, maybe_instant(at))


def _times(sent_at: str, seen_at: str) -> tuple[datetime, datetime | None]:
    """Return when a message counts as sent, and what the network says if that is not believed."""
    return plausible(sent_at, seen_at), from_text(sent_at) if sent_at > seen_at else None


def plausible(sent_at: str, seen_at: str) -> datetime:
    """Return when a message began to wait: never after we saw it, never absurdly early."""
    if sent_at >= seen_at:
        return from_text(seen_at)
    return max(from_text(sent_at), _earliest(seen_at))


@lru_cache(maxsize=64)  # what one page brought was seen at one instant
def _earliest(seen_at: str) -> datetime:
    return from_text(seen_at) - _OLDEST


def traits_from(
    kind: str | None, topics: str | None, urgency: str | None, language: str | None
) -> Traits:
    """Return a verdict, or what is true of a case, from its columns."""
    return Traits(
        kind=Kind(kind) if kind else None,
        topics=tuple(Topic(topic) for topic in json.loads(topics or "[]")),
        urgency=Urgency(urgency) if urgency else None,
        language=language or "",
    )
