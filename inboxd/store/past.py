"""
What a database has been through, for whoever goes through it again: it is only read.

Not all of the past is kept. Of a text that was edited its kind is, but not its topics; of a
message that was deleted and came back, only that it is there; of names, the latest.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from inboxd.model import (
    Attachment,
    Author,
    Direction,
    Evidence,
    Kind,
    Manners,
    Message,
    Promised,
    ReplyVerdict,
    Stream,
    Verdict,
)
from inboxd.store.corrections import Said
from inboxd.store.coverage import CoverageStore
from inboxd.store.database import explained, open_read_only
from inboxd.store.reply_corrections import FLAGS
from inboxd.store.sent import SENT_BY_US
from inboxd.store.silences import SilenceStore
from inboxd.store.times import from_text, maybe_instant, to_text
from inboxd.store.told import ToldStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from inboxd.core.reproach import Fault
    from inboxd.core.silences import Silence
    from inboxd.store.coverage import Span

_AN_INSTANT = timedelta(milliseconds=1)
"""How finely instants are kept."""
_PLACES = """
SELECT v.id, coalesce((SELECT max(ended_at) FROM cases
                        WHERE conversation_id = v.id AND ended_at < :since
                          AND NOT EXISTS (
                              -- An edit can wake what was over.
                              SELECT 1 FROM messages AS m
                                JOIN message_versions AS e ON e.message_id = m.id
                               WHERE m.conversation_id = v.id AND m.versions
                                 AND e.replaced_at >= :since)), '')
  FROM conversations AS v
 WHERE EXISTS (SELECT 1 FROM messages WHERE conversation_id = v.id AND seen_at >= :since)
    OR EXISTS (SELECT 1 FROM cases
                WHERE conversation_id = v.id AND (ended_at IS NULL OR ended_at >= :since))
"""
_MESSAGES = f"""
SELECT m.id, m.account, v.network, v.remote_id, m.remote_id, m.stream, m.direction, m.public,
       m.text, m.sent_at, m.seen_at, m.edited_at, m.deleted_at, m.parent_remote_id, m.url,
       m.attachments, m.auto_reply, m.staff, m.addressees, m.history, m.classified_at, m.kind,
       m.topics, m.urgency, m.language, m.verdict,
       (SELECT json_group_array(thread_remote_id) FROM answers_elsewhere
         WHERE message_id = m.id),
       EXISTS (SELECT 1 FROM outbox AS o WHERE {SENT_BY_US}),
       a.remote_id, a.name, a.handle, a.followers, a.url
  FROM json_each(?) AS b
  JOIN messages AS m ON m.conversation_id = json_extract(b.value, '$[0]')
                    AND m.seen_at > json_extract(b.value, '$[1]')
  JOIN conversations AS v ON v.id = m.conversation_id
  LEFT JOIN authors AS a ON a.id = m.author_id
 ORDER BY m.id
"""  # noqa: S608 - a constant
_REPLIES = """
SELECT r.judged_at, m.account, m.remote_id, r.text, r.language, r.deflection, r.promise,
       r.non_answer, r.flags, r.promised, r.promised_on, r.promised_at, r.manners, r.evidence,
       r.machine
  FROM json_each(?) AS b
  JOIN messages AS m ON m.conversation_id = json_extract(b.value, '$[0]')
                    AND m.seen_at > json_extract(b.value, '$[1]')
  JOIN reply_verdicts AS r ON r.message_id = m.id AND r.judged_at IS NOT NULL
 ORDER BY m.id
"""
_VERSIONS = """
SELECT v.message_id, v.text, v.kind, v.edited_at, v.replaced_at
  FROM json_each(?) AS n JOIN message_versions AS v ON v.message_id = n.value
 ORDER BY v.message_id, coalesce(v.edited_at, ''), v.rowid
"""
_DEEDS = """
SELECT a.undone_at, a.undone_by, a.id, a.at, v.account, v.remote_id, m.remote_id, a.action,
       a.actor, a.detail
  FROM json_each(?) AS b
  JOIN conversations AS v ON v.id = json_extract(b.value, '$[0]')
  JOIN cases AS c ON c.conversation_id = v.id
  JOIN messages AS m ON m.id = c.first_message_id
  JOIN actions AS a ON a.case_id = c.id AND a.at > json_extract(b.value, '$[1]')
 ORDER BY a.id
"""
_REPLY_CORRECTIONS = """
SELECT c.undone_at, c.undone_by, c.id, c.at, m.account, m.remote_id, c.text, c.actor,
       c.deflection, c.promise, c.non_answer
  FROM json_each(?) AS b
  JOIN messages AS m ON m.conversation_id = json_extract(b.value, '$[0]')
                    AND m.seen_at > json_extract(b.value, '$[1]')
  JOIN reply_corrections AS c ON c.message_id = m.id
 ORDER BY c.id
"""
_CORRECTIONS = """
SELECT c.undone_at, c.undone_by, c.id, c.at, m.account, m.remote_id, c.actor,
       c.kind, c.topics, c.urgency, c.language
  FROM json_each(?) AS b
  JOIN messages AS m ON m.conversation_id = json_extract(b.value, '$[0]')
                    AND m.seen_at > json_extract(b.value, '$[1]')
  JOIN corrections AS c ON c.message_id = m.id
 ORDER BY c.id
"""


_NO_MANNERS = Manners(
    greeting=False, thanks=False, apology=False, punctuation=False, capitals=False
)


class Turn(IntEnum):
    """In which order things of one instant happen, as the daemon does them."""

    HEARD = 1
    JUDGED = 2
    DONE = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """
    A message, or a later state of one, as it reached us.

    Of an *old* one people were not alerted: it came with the first read. What *we_sent* went
    out by way of inboxd.
    """

    at: datetime
    account: str
    network: str
    message: Message
    old: bool = False
    we_sent: bool = False
    turn: Turn = Turn.HEARD


@dataclass(frozen=True, slots=True)
class Gone:
    """We saw that a message was not there any more."""

    at: datetime
    account: str
    network: str
    remote_id: str
    turn: Turn = Turn.HEARD


@dataclass(frozen=True, slots=True)
class Found:
    """The classifier said what a text of a message is."""

    at: datetime
    account: str
    remote_id: str
    text: str
    verdict: Verdict
    turn: Turn = Turn.JUDGED


@dataclass(frozen=True, slots=True)
class FoundOfReply:
    """The judge of replies said what an answer of ours owes."""

    at: datetime
    account: str
    remote_id: str
    text: str
    verdict: ReplyVerdict
    turn: Turn = Turn.JUDGED


@dataclass(frozen=True, slots=True)
class Corrected:
    """A person said what a message really is; *number* names it there."""

    number: int
    at: datetime
    account: str
    remote_id: str
    said: Said
    actor: str
    turn: Turn = Turn.DONE


@dataclass(frozen=True, slots=True)
class CorrectedReply:
    """A person said what an answer of ours really is; *number* names it there."""

    number: int
    at: datetime
    account: str
    remote_id: str
    text: str
    said: tuple[tuple[Fault, bool], ...]
    actor: str
    turn: Turn = Turn.DONE


@dataclass(frozen=True, slots=True)
class Deed:
    """
    A person did something about the case in a thread that a message had opened.

    *number* names it there.
    """

    number: int
    at: datetime
    account: str
    thread: str
    opened_by: str
    action: str
    actor: str
    detail: str
    turn: Turn = Turn.DONE


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A person took back what had been said or done."""

    at: datetime
    done: Corrected | CorrectedReply | Deed
    actor: str
    turn: Turn = Turn.DONE


@dataclass(frozen=True, slots=True)
class Muted:
    """A silence began."""

    at: datetime
    silence: Silence
    turn: Turn = Turn.DONE


Happening = (
    Heard | Gone | Found | FoundOfReply | Corrected | CorrectedReply | Deed | TakenBack | Muted
)


class Past:
    """
    A database that is read and never written to, all of it as it is at one instant.

    Raises DatabaseError if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = open_read_only(path)
        self.told = ToldStore(self._db)
        with ExitStack() as stack:
            stack.callback(self.close)
            with explained(path):
                # The first look is what a transaction sees to its end.
                self._db.execute("BEGIN")
                self._db.execute("SELECT count(*) FROM sources").fetchone()
            stack.pop_all()

    def happened(self, since: datetime) -> list[Happening]:
        """
        Return what happened to every case that was open at *since* or later, in order.

        What was over before is left out, and so are conversations in which all is over: who is
        told something now does not depend on them.
        """
        with explained(self._path):
            places = self._db.execute(_PLACES, {"since": to_text(since)}).fetchall()
            bounds = json.dumps(places)
            happened: list[Happening] = [
                *self._messages(bounds),
                *self._replies(bounds),
                *self._deeds(bounds),
                *self._corrections(bounds),
                *self._reply_corrections(bounds),
            ]
            first = min((each.at for each in happened), default=since)
            silences = SilenceStore(self._db).lasting(first)
        muted = [Muted(silence.began_at, silence) for silence in silences]
        return sorted([*happened, *muted], key=lambda each: (each.at, each.turn))

    def _messages(self, bounds: str) -> Iterator[Happening]:
        rows = self._db.execute(_MESSAGES, (bounds,)).fetchall()
        versions: dict[int, list[Sequence[Any]]] = {}
        numbers = json.dumps([row[0] for row in rows])
        for number, *facts in self._db.execute(_VERSIONS, (numbers,)):
            versions.setdefault(number, []).append(facts)
        for row in rows:
            yield from _life(row, versions.get(row[0], ()))

    def _replies(self, bounds: str) -> Iterator[FoundOfReply]:
        for at, account, remote_id, text, *said in self._db.execute(_REPLIES, (bounds,)):
            yield FoundOfReply(from_text(at), account, remote_id, text, _reply_verdict(said))

    def _deeds(self, bounds: str) -> Iterator[Deed | TakenBack]:
        for undone_at, undone_by, number, at, *facts in self._db.execute(_DEEDS, (bounds,)):
            deed = Deed(number, from_text(at), *facts)
            yield deed
            if undone_at:
                yield TakenBack(from_text(undone_at), deed, undone_by)

    def _corrections(self, bounds: str) -> Iterator[Corrected | TakenBack]:
        for undone_at, undone_by, number, at, account, remote_id, actor, *said in self._db.execute(
            _CORRECTIONS, (bounds,)
        ):
            word = Corrected(number, from_text(at), account, remote_id, Said.of(said), actor)
            yield word
            if undone_at:
                yield TakenBack(from_text(undone_at), word, undone_by)

    def _reply_corrections(self, bounds: str) -> Iterator[CorrectedReply | TakenBack]:
        for (
            undone_at,
            undone_by,
            number,
            at,
            *where,
            actor,
            deflects,
            promises,
            misses,
        ) in self._db.execute(_REPLY_CORRECTIONS, (bounds,)):
            said = zip(FLAGS, (deflects, promises, misses), strict=True)
            held = tuple((part, bool(holds)) for part, holds in said if holds is not None)
            account, remote_id, text = where
            instant = from_text(at)
            word = CorrectedReply(number, instant, account, remote_id, text, held, actor)
            yield word
            if undone_at:
                yield TakenBack(from_text(undone_at), word, undone_by)

    def watched(self) -> Mapping[str, str]:
        """Return what is remembered of when accounts began to be watched."""
        rows = self._db.execute(
            "SELECT name, value FROM memory WHERE name LIKE 'watched!_since:%' ESCAPE '!'"
        )
        return dict(rows.fetchall())

    def lived_until(self, now: datetime) -> datetime:
        """Return when a daemon last read, judged or told anything; what is later than *now* is not so."""
        (at,) = self._db.execute(
            "SELECT max(at) FROM (SELECT max(polled_at) AS at FROM sources "
            "UNION ALL SELECT max(created_at) FROM alerts "
            "UNION ALL SELECT max(classified_at) FROM messages)"
        ).fetchone()
        return min(from_text(at) + _AN_INSTANT, now) if at else now

    def absences(self, since: datetime, until: datetime, least: timedelta) -> list[Span]:
        """Return the spans of at least *least* in which no daemon ran, in order."""
        return CoverageStore(self._db).absences(since, until, least)

    def case_of(self, account: str, remote_id: str, at: datetime) -> int | None:
        """Return the case that a message belonged to at an instant, as it is numbered there."""
        row = self._db.execute(
            "SELECT c.id FROM messages AS m JOIN cases AS c ON c.conversation_id = m.conversation_id "
            "WHERE m.account = ? AND m.remote_id = ? "
            "ORDER BY c.close_reason LIKE 'merged%', c.opened_at > ?, abs(julianday(c.opened_at) - julianday(?)) LIMIT 1",
            (account, remote_id, to_text(at), to_text(at)),
        ).fetchone()
        return int(row[0]) if row else None

    def close(self) -> None:
        """Give the file back."""
        self._db.close()


def _life(row: Sequence[Any], versions: Sequence[Sequence[Any]]) -> Iterator[Happening]:
    """Yield what happened to one message."""
    (
        _, account, network, thread, remote_id, stream, direction, public, text, sent_at, seen_at,
        edited_at, deleted_at, parent, url, attachments, auto, staff, addressees, old, judged_at,
        kind, topics, urgency, language, why, elsewhere, we_sent, *author,
    ) = row  # fmt: skip
    seen = from_text(seen_at)
    gone_at = maybe_instant(deleted_at)
    message = Message(
        remote_id=remote_id,
        thread_id=thread,
        stream=Stream(stream),
        direction=Direction(direction),
        public=bool(public),
        sent_at=from_text(sent_at),
        author=Author(*author) if author[0] is not None else None,
        parent_id=parent,
        url=url,
        attachments=tuple(Attachment(**each) for each in json.loads(attachments)),
        deleted=gone_at is not None and gone_at <= seen,
        auto_reply=bool(auto),
        staff=staff,
        addressees=tuple(json.loads(addressees)),
        also_in=tuple(json.loads(elsewhere)),
    )
    verdict = _verdict(kind, topics, urgency, language, why) if kind else None
    began = seen
    for said, found, version_edited_at, replaced_at in versions:
        state = replace(message, text=said, edited_at=maybe_instant(version_edited_at))
        yield Heard(began, account, network, state, bool(old), bool(we_sent))
        if found and verdict:
            # When it was judged is not kept: within a second, as a rule.
            judged = replace(verdict, kind=Kind(found))
            yield Found(began, account, remote_id, said, judged)
        began = from_text(replaced_at)
    state = replace(message, text=text, edited_at=maybe_instant(edited_at))
    yield Heard(began, account, network, state, bool(old), bool(we_sent))
    if judged_at and verdict:
        yield Found(from_text(judged_at), account, remote_id, text, verdict)
    if gone_at and gone_at > seen:
        yield Gone(gone_at, account, network, remote_id)


def _verdict(kind: str, topics: str, urgency: str, language: str, why: str | None) -> Verdict:
    """Return what the classifier itself said: a person's word comes in its own time."""
    more = json.loads(why or "{}")
    own = more.get("machine")
    said = Said.from_json(own) if own else Said.of((kind, topics, urgency, language))
    if said.kind is None or said.urgency is None:
        raise ValueError("a verdict has a kind and an urgency")
    return Verdict(said.kind, said.topics or (), said.urgency, said.language or "", {})


def _reply_verdict(columns: Sequence[Any]) -> ReplyVerdict:
    """
    Return what the judge said of an answer: a person's word comes in its own time.

    Where in its words a time is named is not kept.
    """
    language, *shares, flags, words, on, at, manners, evidence, machine = columns
    scores = dict(zip(("deflection", "promise", "non_answer"), shares, strict=True))
    if machine:
        scores = json.loads(machine)
        flags = scores.pop("flags")
    named = json.loads(flags)
    promised = None
    if words is not None:
        day = date.fromisoformat(on) if on else None
        promised = Promised(0, len(words), words, day, maybe_instant(at))
    return ReplyVerdict(
        deflection="deflection" in named,
        promise="promise" in named,
        non_answer="non_answer" in named,
        language=language,
        scores=scores if manners else {},
        manners=Manners(**json.loads(manners)) if manners else _NO_MANNERS,
        promised=promised,
        evidence=tuple(Evidence(**span) for span in json.loads(evidence)),
    )
