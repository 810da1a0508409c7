"""What people said of messages that the classifier had judged: their word stands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.model import Direction, Kind, Topic, Urgency
from inboxd.store.stored import Stored
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

# A word is of a text, and so of each version that says the same.
_UPHOLD_IN_VERSIONS = """
UPDATE message_versions SET kind = coalesce((
       SELECT kind FROM corrections AS s
        WHERE s.message_id = message_versions.message_id AND s.text = message_versions.text
          AND s.kind IS NOT NULL AND s.undone_at IS NULL
        ORDER BY s.id DESC LIMIT 1), ?)
 WHERE message_id = ? AND text = ? AND kind IS NOT NULL
"""
_PARTS = ("kind", "topics", "urgency", "language")


_JUDGE_AGAIN = """
UPDATE reply_verdicts SET judged_at = NULL WHERE message_id IN (
    SELECT o.id FROM messages AS m JOIN messages AS o ON o.direction = 'outbound'
       AND o.account = m.account AND o.parent_remote_id = m.remote_id
       AND o.conversation_id = m.conversation_id
     WHERE m.id = :message
     UNION ALL
    SELECT * FROM (SELECT o.id FROM messages AS m JOIN messages AS o
        ON o.conversation_id = m.conversation_id AND o.direction = 'outbound'
       AND NOT o.auto_reply AND o.sent_at >= m.sent_at
     WHERE m.id = :message ORDER BY o.sent_at, o.id LIMIT 1))
"""


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict, or the parts of one that a person had something to say of (None: nothing)."""

    kind: Kind | None = None
    topics: tuple[Topic, ...] | None = None
    urgency: Urgency | None = None
    language: str | None = None

    def __bool__(self) -> bool:
        """Tell whether anything is said at all."""
        return any(getattr(self, part) is not None for part in _PARTS)

    def over(self, other: Said) -> Said:
        """Return this, with the parts of *other* where it says nothing."""
        return Said(*(_first(getattr(self, part), getattr(other, part)) for part in _PARTS))

    @property
    def columns(self) -> tuple[str | None, ...]:
        """Return it as the database has it."""
        topics = None if self.topics is None else json.dumps([str(each) for each in self.topics])
        return self.kind, topics, self.urgency, self.language

    @property
    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in a verdict's JSON."""
        return {part: getattr(self, part) for part in _PARTS}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Said:
        """Return what stands in a verdict's JSON."""
        kind, topics, urgency, language = (said[part] for part in _PARTS)
        return cls.of((kind, None if topics is None else json.dumps(topics), urgency, language))

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Said:
        """Return what stands in the columns of a verdict."""
        kind, topics, urgency, language = values
        return cls(
            Kind(kind) if kind else None,
            None if topics is None else tuple(Topic(each) for each in json.loads(topics)),
            Urgency(urgency) if urgency else None,
            language,
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """A message that somebody wants to correct."""

    id: int
    conversation: int
    direction: Direction
    text: str
    sent_at: str
    judged: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """
    What a person said of one text of a message, and what the classifier had said of it.

    *person* holds all that was ever said of this text, the later over the earlier; *at* and
    *actor* are of the latest word.
    """

    message: int
    conversation: int
    text: str
    at: datetime
    actor: str
    model: str
    machine: Said
    person: Said

    @property
    def truth(self) -> Said:
        """Return the whole verdict: the person's word, and the classifier's for the rest."""
        return self.person.over(self.machine)


class CorrectionStore:
    """The table corrections, and the verdicts in messages that follow from it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def subject(self, case: int, message: int) -> Subject | None:
        """Return *message* if it belongs to the conversation of *case*."""
        row = self._db.execute(
            "SELECT m.id, m.conversation_id, m.direction, m.text, m.sent_at, "
            "m.classified_at IS NOT NULL "
            "FROM messages AS m JOIN cases AS c ON c.conversation_id = m.conversation_id "
            "WHERE c.id = ? AND m.id = ?",
            (case, message),
        ).fetchone()
        if row is None:
            return None
        number, conversation, direction, text, sent_at, judged = row
        where = (number, conversation, Direction(direction))
        return Subject(*where, text, sent_at, bool(judged))

    def subject_of(self, message: int) -> Subject | None:
        """Return *message* as something that can be corrected."""
        row = self._db.execute(
            "SELECT id, conversation_id, direction, text, sent_at, classified_at IS NOT NULL "
            "FROM messages WHERE id = ?",
            (message,),
        ).fetchone()
        if row is None:
            return None
        number, conversation, direction, text, sent_at, judged = row
        return Subject(number, conversation, Direction(direction), text, sent_at, bool(judged))

    def add(self, subject: Subject, said: Said, actor: str, now: datetime) -> dict[int, str]:
        """
        Keep what *actor* says of a judged message and let it stand; returns what to track again.

        To be called within a transaction.
        """
        machine, model = self._machine(subject)
        self._db.execute(
            "INSERT INTO corrections (message_id, text, at, actor, model, machine_kind, "
            "machine_topics, machine_urgency, machine_language, kind, topics, urgency, language) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                subject.id,
                subject.text,
                to_text(now),
                actor,
                model,
                *machine.columns,
                *said.columns,
            ),
        )
        self._db.execute(_UPHOLD_IN_VERSIONS, (machine.kind, subject.id, subject.text))
        self.uphold([subject.id])
        self._judge_answer_again(subject)
        touched = Stored()
        touched.touch(subject.conversation, subject.sent_at)
        return touched.touched

    def newest(self, message: int) -> int:
        """Return the number of the latest word on a message, 0 if there is none."""
        (number,) = self._db.execute(
            "SELECT coalesce(max(id), 0) FROM corrections WHERE message_id = ?", (message,)
        ).fetchone()
        return int(number)

    def undo(self, number: int, actor: str, now: datetime) -> dict[int, str]:
        """
        Let a word count as never said; returns what to track again, nothing if it was undone.

        What stands is what was said before it, or the classifier's verdict. To be called within
        a transaction.
        """
        row = self._db.execute(
            "UPDATE corrections SET undone_at = ?, undone_by = ? "
            "WHERE id = ? AND undone_at IS NULL RETURNING machine_kind, message_id, text",
            (to_text(now), actor, number),
        ).fetchone()
        subject = self.subject_of(row[1]) if row else None
        touched = Stored()
        if subject:
            self._db.execute(_UPHOLD_IN_VERSIONS, row)
            self._restore(subject)
            self.uphold([subject.id])
            self._judge_answer_again(subject)
            touched.touch(subject.conversation, subject.sent_at)
        return touched.touched

    def _judge_answer_again(self, subject: Subject) -> None:
        """Let our answer to a message be judged anew: whether anything was asked decides it."""
        self._db.execute(_JUDGE_AGAIN, {"message": subject.id})

    def _restore(self, subject: Subject) -> None:
        """Let the classifier's own verdict stand on a message."""
        machine, _ = self._machine(subject)
        self._db.execute(
            "UPDATE messages SET kind = ?, topics = ?, urgency = ?, language = ?, "
            "verdict = json_remove(verdict, '$.machine', '$.corrected') "
            "WHERE id = ? AND json_extract(verdict, '$.machine') IS NOT NULL",
            (*machine.columns, subject.id),
        )

    def _machine(self, subject: Subject) -> tuple[Said, str]:
        """Return what the classifier itself said of a message, and which model that was."""
        *values, verdict = self._db.execute(
            "SELECT kind, topics, urgency, language, verdict FROM messages WHERE id = ?",
            (subject.id,),
        ).fetchone()
        why = json.loads(verdict or "{}")
        own = why.get("machine")
        said = Said.from_json(own) if own else Said.of(values)
        return said, why.get("model", "")

    def uphold(self, messages: Sequence[int]) -> None:
        """Put people's word in the place of the verdicts on *messages*, where it is of their text."""
        rows = self._rows(
            "m.id IN (SELECT value FROM json_each(?)) AND c.text = m.text "
            "AND m.classified_at IS NOT NULL",
            (json.dumps(list(messages)),),
        )
        for correction in _latest(rows):
            *values, verdict = self._db.execute(
                "SELECT kind, topics, urgency, language, verdict FROM messages WHERE id = ?",
                (correction.message,),
            ).fetchone()
            why = json.loads(verdict or "{}")
            machine = Said.from_json(why["machine"]) if "machine" in why else Said.of(values)
            why["machine"] = machine.as_json
            why["corrected"] = {"by": correction.actor, "at": to_text(correction.at)}
            self._db.execute(
                "UPDATE messages SET kind = ?, topics = ?, urgency = ?, language = ?, verdict = ? "
                "WHERE id = ?",
                (*correction.person.over(machine).columns, json.dumps(why), correction.message),
            )

    def all(self, since: datetime | None = None) -> list[Correction]:
        """Return each text that people spoke of (since *since*), in the order of the last words."""
        found = _latest(self._rows("1"))
        return [each for each in found if since is None or each.at >= since]

    def judged_since(self, since: datetime, found: Sequence[Correction]) -> int:
        """
        Return how many judged messages of customers came since *since*, or are those of *found*.

        When they were judged says nothing: a new model may have judged them anew.
        """
        (count,) = self._db.execute(
            "SELECT count(*) FROM messages WHERE direction = 'inbound' "
            "AND classified_at IS NOT NULL AND (seen_at >= ? OR id IN (SELECT value FROM json_each(?)))",
            (to_text(since), json.dumps([each.message for each in found])),
        ).fetchone()
        return int(count)

    def _rows(self, condition: str, values: Sequence[object] = ()) -> Iterable[Correction]:
        for row in self._db.execute(
            "SELECT c.message_id, m.conversation_id, c.text, c.at, c.actor, c.model, "  # noqa: S608 - constant conditions
            "c.machine_kind, c.machine_topics, c.machine_urgency, c.machine_language, "
            "c.kind, c.topics, c.urgency, c.language "
            "FROM corrections AS c JOIN messages AS m ON m.id = c.message_id "
            f"WHERE c.undone_at IS NULL AND {condition} ORDER BY c.id",
            values,
        ).fetchall():
            message, conversation, text, at, actor, model, *said = row
            place = (message, conversation, text, from_text(at), actor, model)
            yield Correction(*place, Said.of(said[:4]), Said.of(said[4:]))


def _latest(rows: Iterable[Correction]) -> list[Correction]:
    """Return one correction for each text of each message: later words over earlier ones."""
    found: dict[tuple[int, str], Correction] = {}
    for row in rows:
        key = (row.message, row.text)
        before = found.pop(key, None)
        person = row.person.over(before.person) if before else row.person
        place = (row.message, row.conversation, row.text, row.at, row.actor)
        found[key] = Correction(*place, row.model, row.machine, person)
    return list(found.values())


def _first(one: Any, other: Any) -> Any:  # noqa: ANN401 - parts of a verdict differ in type
    return other if one is None else one
