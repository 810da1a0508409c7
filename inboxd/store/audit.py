"""Our answers as they are gone through for coaching: what is held against them, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from inboxd.core.reproach import Fault
from inboxd.core.scorecard.mark import Graded, graded_columns
from inboxd.model import Stream
from inboxd.store.questions import Question, QuestionStore
from inboxd.store.reply_corrections import (
    CASE_OF,
    ReplyCorrection,
    ReplyCorrectionStore,
    held_against,
)
from inboxd.store.sent import SENT_BY_US
from inboxd.store.times import from_text, maybe_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

_WRITER: Final = f"""coalesce(nullif(m.staff, ''),
       (SELECT o.actor FROM outbox AS o WHERE {SENT_BY_US}), '')"""  # noqa: S608 - a constant
_JUDGED = """
SELECT m.id, m.text, r.flags, r.manners, r.machine ->> 'flags'
  FROM messages AS m JOIN reply_verdicts AS r ON r.message_id = m.id
 WHERE r.flags IS NOT NULL {where}
 ORDER BY m.sent_at DESC, m.id DESC
"""
_ANSWERS = f"""
SELECT m.id, m.account, v.network, m.stream, m.public, m.conversation_id, m.text, m.sent_at,
       m.deleted_at, m.url, m.parent_remote_id, m.addressees, {_WRITER}, {CASE_OF},
       r.flags, r.manners, r.text, r.evidence, r.promised
  FROM json_each(?) AS n
  JOIN messages AS m ON m.id = n.value
  JOIN conversations AS v ON v.id = m.conversation_id
  JOIN reply_verdicts AS r ON r.message_id = m.id
 ORDER BY m.sent_at DESC, m.id DESC
"""  # noqa: S608 - constants
_AGAIN = """
SELECT min(sent_at) FROM messages
 WHERE conversation_id = ? AND direction = 'inbound' AND sent_at > ?
   AND (NOT ? OR author_id IN (SELECT id FROM authors WHERE account = ?
        AND remote_id IN (SELECT value FROM json_each(?))))
"""
_FATE = """
SELECT since, due_at, ended_at, outcome, message_id = :message FROM waits
 WHERE case_id = :case AND kind = :kind AND coalesce(outcome, '') <> 'void'
   AND (message_id = :message
        OR (since <= :sent_at AND (ended_at IS NULL OR ended_at > :sent_at)))
 ORDER BY message_id = :message DESC, since DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Fate:
    """
    What became of what an answer owed: a wait of ours that began with it, or went on with it.

    *outcome* is as in the table waits, "" while it is open.
    """

    since: datetime
    due_at: datetime | None
    ended_at: datetime | None
    outcome: str
    begun: bool

    def word(self, now: datetime) -> str:
        """Return it in one word: kept, late, broken, open, replaced, closed, deleted."""
        until = self.ended_at or now
        late = self.due_at is not None and until > self.due_at
        if not self.outcome:
            return "broken" if late else "open"
        if self.outcome == "answered":
            return "late" if late else "kept"
        return self.outcome


@dataclass(frozen=True, slots=True)
class Audited:
    """
    An answer of ours, with all that one must know to speak about it.

    *held* is what is held against it, and why where no words of it tell; *fine* what the judge
    held against it and a person did not. *words* are the evidence, where the text is still the
    one that was judged. *again* is when a customer whom it was for wrote next.
    """

    id: int
    account: str
    network: str
    stream: Stream
    public: bool
    case: int | None
    at: datetime
    staff: str
    text: str
    url: str
    deleted: bool
    grade: Graded
    held: Mapping[Fault, str]
    fine: frozenset[Fault]
    said: ReplyCorrection | None
    words: tuple[Mapping[str, Any], ...]
    promised: str
    questions: tuple[Question, ...]
    fates: Mapping[Fault, Fate] = field(default_factory=dict)
    again: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which answers: sent from *since* on before *until*, of these accounts and people (all if none)."""

    since: datetime
    until: datetime
    accounts: Collection[str] = ()
    staff: Collection[str] = ()


class AuditStore:
    """Read-only: our judged answers, the newest first."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._corrections = ReplyCorrectionStore(connection)
        self._questions = QuestionStore(connection)

    def accounts(self) -> list[str]:
        """Return the accounts that there are conversations of."""
        rows = self._db.execute("SELECT DISTINCT account FROM conversations ORDER BY account")
        return [name for (name,) in rows]

    def reproached(
        self, choice: Choice, why: Collection[Fault], *, fine: bool = False
    ) -> tuple[list[int], int]:
        """
        Return the answers with one of the faults *why*, newest first, and how many were judged.

        With *fine* also those against which a person holds nothing, but the judge did.
        """
        judged, found = 0, []
        for number, held, excused in self._judged(choice):
            judged += 1
            if not held.keys().isdisjoint(why) or (fine and not excused.isdisjoint(why)):
                found.append(number)
        return found, judged

    def faults(self, message: int) -> Mapping[Fault, str] | None:
        """Return what is held against an answer; None if it is none, or has not been judged."""
        rows = self._held(" AND m.id = ?", (message,))
        return next((held for _, held, _ in rows), None)

    def _judged(
        self, choice: Choice
    ) -> Iterator[tuple[int, Mapping[Fault, str], frozenset[Fault]]]:
        since, until = to_text(choice.since), to_text(choice.until)
        # By the index messages_by_hour, which the plus keeps one of all our answers from replacing.
        where = " AND +m.direction = 'outbound' AND substr(m.sent_at, 1, 13) BETWEEN ? AND ?"
        where += " AND m.sent_at >= ? AND m.sent_at < ?"
        values = [since[:13], until[:13], since, until]
        for column, names in (("m.account", choice.accounts), (_WRITER, choice.staff)):
            if names:
                where += f" AND {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
                values.append(json.dumps([*names]))
        yield from self._held(where, values)

    def _held(
        self, where: str, values: Sequence[object]
    ) -> Iterator[tuple[int, Mapping[Fault, str], frozenset[Fault]]]:
        said = {each.message: each.person for each in self._corrections.standing()}
        for number, text, flags, manners, machine in self._db.execute(
            _JUDGED.format(where=where), values
        ):
            word = said.get(number, {})
            held = held_against(text, flags, manners, word)
            own = held_against(text, machine or flags, manners, {}) if word else held
            yield number, held, frozenset(own) - held.keys()

    def answers(self, numbers: Sequence[int]) -> Iterator[Audited]:
        """Yield these answers with what belongs to them, newest first."""
        said = self._corrections.of(numbers)
        rows = self._db.execute(_ANSWERS, (json.dumps([*numbers]),)).fetchall()
        for row in rows:
            yield self._answer(row, said.get(row[0]))

    def _answer(self, row: Sequence[Any], said: ReplyCorrection | None) -> Audited:
        (
            number, account, network, stream, public, conversation, text, sent_at, deleted, url,
            parent, addressees, staff, case, flags, manners, judged, evidence, promised,
        ) = row  # fmt: skip
        held = held_against(text, flags, manners, said.person if said else {})
        own = json.dumps(sorted(said.machine)) if said else flags
        before = held_against(text, own, manners, {})
        place = {
            "message": number, "conversation": conversation, "account": account,
            "sent_at": sent_at, "parent": parent, "addressees": addressees,
        }  # fmt: skip
        asked = self._questions.answered_by(place)
        return Audited(
            id=number,
            account=account,
            network=network,
            stream=Stream(stream),
            public=bool(public),
            case=case,
            at=from_text(sent_at),
            staff=staff,
            text=text,
            url=url,
            deleted=deleted is not None,
            grade=graded_columns(flags, manners),
            held=held,
            fine=frozenset(before) - held.keys(),
            said=said,
            words=tuple(json.loads(evidence or "[]")) if judged == text else (),
            promised=promised or "",
            questions=asked,
            fates=self._fates(case, number, sent_at, held),
            again=self._again(conversation, sent_at, account, asked, public=bool(public)),
        )

    def _again(
        self,
        conversation: int,
        sent_at: str,
        account: str,
        asked: Sequence[Question],
        *,
        public: bool,
    ) -> datetime | None:
        names = json.dumps([each.author.remote_id for each in asked if each.author])
        values = (conversation, sent_at, public and names != "[]", account, names)
        (at,) = self._db.execute(_AGAIN, values).fetchone()
        return maybe_instant(at)

    def _fates(
        self, case: int | None, message: int, sent_at: str, held: Iterable[Fault]
    ) -> dict[Fault, Fate]:
        found = {}
        for fault, kind in ((Fault.PROMISE, "promise"), (Fault.DEFLECTION, "resolution")):
            values = {"case": case, "message": message, "kind": kind, "sent_at": sent_at}
            row = self._db.execute(_FATE, values).fetchone() if fault in held else None
            if row:
                since, due_at, ended_at, outcome, begun = row
                found[fault] = Fate(
                    from_text(since),
                    maybe_instant(due_at),
                    maybe_instant(ended_at),
                    outcome or "",
                    bool(begun),
                )
        return found
