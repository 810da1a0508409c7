"""What people said of our answers that the judge had judged: their word stands."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from inboxd.core.reproach import CALLED, Fault, faults_of
from inboxd.core.scorecard.mark import Graded, graded_columns
from inboxd.model import Direction, Manners
from inboxd.store.owing import concerned
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

FLAGS: Final = (Fault.DEFLECTION, Fault.PROMISE, Fault.NON_ANSWER)
"""What the judge itself has a share for."""
_PARTS = (*FLAGS, Fault.RUDE)

_A_WORD = "CASE s.{0} WHEN 1 THEN '{1}, ' WHEN 0 THEN 'not {1}, ' ELSE '' END"
IN_WORDS: Final = (
    f"rtrim({' || '.join(_A_WORD.format(part, CALLED[part]) for part in _PARTS)}, ', ')"
)
"""What *s*, a row of reply_corrections, says, in SQL."""
CASE_OF: Final = """
coalesce(
    (SELECT id FROM cases WHERE conversation_id = m.conversation_id AND opened_at <= m.sent_at
      ORDER BY close_reason LIKE 'merged%', opened_at DESC, id DESC LIMIT 1),
    (SELECT k.id FROM answers_elsewhere AS e
       JOIN conversations AS v ON v.account = e.account AND v.remote_id = e.thread_remote_id
       JOIN cases AS k ON k.conversation_id = v.id
      WHERE e.message_id = m.id AND k.opened_at <= m.sent_at
      ORDER BY k.opened_at DESC, k.id DESC LIMIT 1))
"""
"""The case that *m*, an answer of ours, belongs to; NULL if there is none."""
_SUBJECT = f"""
SELECT m.id, m.account, m.direction, m.sent_at, m.text, {CASE_OF}, r.text, r.model, r.flags,
       r.machine
  FROM messages AS m LEFT JOIN reply_verdicts AS r ON r.message_id = m.id
 WHERE m.id = ?
"""  # noqa: S608 - a constant
_ADD = """
INSERT INTO reply_corrections (message_id, text, at, actor, model, machine_flags, deflection,
       promise, non_answer, rude, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# The judge's own word comes back, where a person's stood in its place.
_RESTORE = """
UPDATE reply_verdicts
   SET deflection = machine ->> 'deflection', promise = machine ->> 'promise',
       non_answer = machine ->> 'non_answer', flags = machine ->> 'flags', machine = NULL
 WHERE message_id = ? AND machine IS NOT NULL
"""
_JUDGED = """
SELECT deflection, promise, non_answer, flags, machine FROM reply_verdicts WHERE message_id = ?
"""
_UPHOLD = """
UPDATE reply_verdicts SET deflection = ?, promise = ?, non_answer = ?, flags = ?, machine = ?
 WHERE message_id = ?
"""
# The question is the message that the network says is answered, else the last one before.
_QUESTION: Final = """coalesce(
    (SELECT q.text FROM messages AS q
      WHERE q.account = m.account AND q.remote_id = m.parent_remote_id AND q.direction = 'inbound'),
    (SELECT q.text FROM messages AS q LEFT JOIN authors AS a ON a.id = q.author_id
      WHERE q.conversation_id = m.conversation_id AND q.direction = 'inbound'
        AND q.sent_at <= m.sent_at AND (m.addressees = '[]'
            OR a.remote_id IN (SELECT value FROM json_each(m.addressees)))
      ORDER BY q.sent_at DESC, q.id DESC LIMIT 1), '')"""
"""What the customer had asked whom *m* answers, "" if that is not known."""
_ROWS = f"""
SELECT c.message_id, m.conversation_id, c.text, c.at, c.actor, c.note, c.model, c.machine_flags,
       r.language, {_QUESTION}, c.deflection, c.promise, c.non_answer, c.rude
  FROM reply_corrections AS c
  JOIN messages AS m ON m.id = c.message_id
  JOIN reply_verdicts AS r ON r.message_id = c.message_id
 WHERE c.undone_at IS NULL
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class ReplySubject:
    """
    An answer of ours of which somebody wants to say something.

    *judged* is the text that the judge has judged, None if it has not; *machine* what it found.
    """

    id: int
    account: str
    direction: Direction
    sent_at: datetime
    text: str
    case: int | None
    judged: str | None
    model: str
    machine: frozenset[Fault]


@dataclass(frozen=True, slots=True)
class ReplyCorrection:
    """
    What people said of one text of an answer, the later over the earlier, and the judge had said.

    *at*, *actor* and *note* are of the latest word; *machine* is what the judge itself found.
    """

    message: int
    conversation: int
    text: str
    at: datetime
    actor: str
    note: str
    model: str
    machine: frozenset[Fault]
    language: str
    question: str
    person: Mapping[Fault, bool]


class ReplyCorrectionStore:
    """The table reply_corrections, and the verdicts in reply_verdicts that follow from it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def subject(self, message: int) -> ReplySubject | None:
        """Return *message* as an answer of which something can be said, None if there is none."""
        row = self._db.execute(_SUBJECT, (message,)).fetchone()
        if row is None:
            return None
        number, account, direction, sent_at, text, case, judged, model, flags, machine = row
        own = json.loads(json.loads(machine)["flags"] if machine else flags or "[]")
        return ReplySubject(
            id=number,
            account=account,
            direction=Direction(direction),
            sent_at=from_text(sent_at),
            text=text,
            case=case,
            judged=judged,
            model=model or "",
            machine=frozenset(map(Fault, own)),
        )

    def add(
        self,
        subject: ReplySubject,
        said: Mapping[Fault, bool],
        note: str,
        actor: str,
        now: datetime,
    ) -> set[int]:
        """
        Keep what *actor* says of a judged answer and let it stand; returns what to track again.

        To be called within a transaction.
        """
        self._db.execute(
            _ADD,
            (
                *(subject.id, subject.judged, to_text(now), actor, subject.model),
                json.dumps(sorted(subject.machine)),
                *(said.get(part) for part in _PARTS),
                note,
            ),
        )
        return concerned(self._db, [subject.id], lambda: self.uphold([subject.id]))

    def newest(self, message: int) -> int:
        """Return the number of the latest word on an answer that counts, 0 if there is none."""
        (number,) = self._db.execute(
            "SELECT coalesce(max(id), 0) FROM reply_corrections "
            "WHERE message_id = ? AND undone_at IS NULL",
            (message,),
        ).fetchone()
        return int(number)

    def message_of(self, number: int) -> int | None:
        """Return of which answer a word was said, None if that is gone."""
        row = self._db.execute(
            "SELECT message_id FROM reply_corrections WHERE id = ?", (number,)
        ).fetchone()
        return row[0] if row else None

    def undo(self, number: int, actor: str, now: datetime) -> set[int] | None:
        """
        Let a word count as never said; returns what to track again, None if it was undone.

        What stands is what was said before it, or the judge's verdict. To be called within a
        transaction.
        """
        row = self._db.execute(
            "UPDATE reply_corrections SET undone_at = ?, undone_by = ? "
            "WHERE id = ? AND undone_at IS NULL RETURNING message_id",
            (to_text(now), actor, number),
        ).fetchone()
        if row is None:
            return None
        return concerned(self._db, row, lambda: self._stand(row[0]))

    def _stand(self, message: int) -> None:
        self._db.execute(_RESTORE, (message,))
        self.uphold([message])

    def uphold(self, messages: Sequence[int]) -> None:
        """Put people's word in the place of the verdicts on *messages*, where it is of their text."""
        for number, correction in self.of(messages).items():
            *shares, flags, machine = self._db.execute(_JUDGED, (number,)).fetchone()
            if machine is None:
                own = {"deflection": shares[0], "promise": shares[1], "non_answer": shares[2]}
                machine = json.dumps(own | {"flags": flags})
            found = {*json.loads(flags or "[]")}
            for place, part in enumerate(FLAGS):
                if (holds := correction.person.get(part)) is not None:
                    shares[place] = float(holds)
                    found = found | {str(part)} if holds else found - {str(part)}
            named = json.dumps([part for part in FLAGS if part in found])
            self._db.execute(_UPHOLD, (*shares, named, machine, number))

    def of(self, messages: Sequence[int]) -> dict[int, ReplyCorrection]:
        """Return what people said of those texts of *messages* that were judged last."""
        found = self._latest(
            "AND c.text = r.text AND c.message_id IN (SELECT value FROM json_each(?))",
            (json.dumps([*messages]),),
        )
        return {each.message: each for each in found}

    def standing(self) -> list[ReplyCorrection]:
        """Return what people said of the texts that were judged last, of all answers."""
        return self._latest("AND c.text = r.text")

    def all(self, since: datetime | None = None) -> list[ReplyCorrection]:
        """Return each text that people spoke of (since *since*), in the order of the last words."""
        return [each for each in self._latest("") if since is None or each.at >= since]

    def _latest(self, condition: str, values: Sequence[object] = ()) -> list[ReplyCorrection]:
        rows = self._db.execute(f"{_ROWS} {condition} ORDER BY c.id", values).fetchall()
        return latest(map(_correction, rows))


def latest(rows: Iterable[ReplyCorrection]) -> list[ReplyCorrection]:
    """Return one correction for each text of each answer: later words over earlier ones."""
    found: dict[tuple[int, str], ReplyCorrection] = {}
    for row in rows:
        key = row.message, row.text
        before = found.pop(key, None)
        found[key] = replace(row, person={**before.person, **row.person}) if before else row
    return list(found.values())


def _correction(row: Sequence[Any]) -> ReplyCorrection:
    message, conversation, text, at, actor, note, model, flags, language, question, *said = row
    return ReplyCorrection(
        message=message,
        conversation=conversation,
        text=text,
        at=from_text(at),
        actor=actor,
        note=note,
        model=model,
        machine=frozenset(map(Fault, json.loads(flags))),
        language=language,
        question=question,
        person={
            part: bool(holds) for part, holds in zip(_PARTS, said, strict=True) if holds is not None
        },
    )


_SPOTLESS = json.dumps(
    asdict(Manners(greeting=True, thanks=True, apology=True, punctuation=True, capitals=True))
)


def held_against(
    text: str, flags: str | None, manners: str | None, said: Mapping[Fault, bool]
) -> dict[Fault, str]:
    """
    Return what is held against an answer with these columns of reply_verdicts, and why.

    Without manners, nothing is known but what a person *said*.
    """
    return faults_of(text, *_parsed(flags, manners or _SPOTLESS), said)


@lru_cache(maxsize=1024)
def _parsed(flags: str | None, manners: str) -> tuple[Graded, Manners]:
    return graded_columns(flags, manners), Manners(**json.loads(manners))
