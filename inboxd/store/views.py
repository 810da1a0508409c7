"""What people and alerts want to know: cases with their texts, threads and trails."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from inboxd.connector import OutgoingReply
from inboxd.core.owed import SURE
from inboxd.core.scorecard.mark import graded_columns
from inboxd.core.text import comparable
from inboxd.core.waits import WaitKind
from inboxd.errors import UserError
from inboxd.model import Author, CaseCard, Direction, Stream, Topic
from inboxd.store import continued
from inboxd.store.corrections import Said
from inboxd.store.kinds import OWED
from inboxd.store.replies import promising_words
from inboxd.store.reply_corrections import IN_WORDS, ReplyCorrectionStore, held_against
from inboxd.store.standing import AUTHOR, PROMISED, SNOOZED_UNTIL, SPEAKING, TAKEN_BY
from inboxd.store.times import from_text, maybe_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from inboxd.core.reproach import Fault
    from inboxd.core.states import CaseState, Setting, WaitState
    from inboxd.store.continued import Continuation


@dataclass(frozen=True, slots=True)
class WaitingCase:
    """One line of the list of customers who wait."""

    case_id: int
    account: str
    network: str
    stream: Stream
    public: bool
    author: Author | None
    kind: str | None
    topics: tuple[Topic, ...]
    urgency: str | None
    language: str
    policy: str | None
    waiting_since: datetime
    due_at: datetime | None
    unanswered: int
    acknowledged_by: str
    assigned_to: str
    snoozed_until: datetime | None
    text: str
    url: str
    continued_in: int | None = None
    """The private case in which the same customer goes on."""
    wait: WaitKind = WaitKind.FIRST_RESPONSE
    """What is waited for."""
    promised: str = ""
    """The words of ours that promise what is to be kept first."""


@dataclass(frozen=True, slots=True)
class EarlierText:
    """What a message said until it was replaced, and what it was judged to be ("": never)."""

    text: str
    kind: str | None
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class Corrected:
    """Whose word a verdict is, since when, and what the classifier had said."""

    by: str
    at: datetime
    machine: Said


@dataclass(frozen=True, slots=True)
class ReplySaid:
    """
    What is said of an answer of ours.

    *flags* is what the judge takes it for; *counts* is what inboxd is sure enough of to follow
    it up. *promised* are the words for the time. *held* is all that is held against it, and *mark*
    its mark, None if it could not be judged; *said_by* says who spoke of it last, "" if nobody did.
    """

    flags: tuple[str, ...]
    counts: tuple[str, ...]
    shares: Mapping[str, float]
    promised: str
    promised_on: date | None
    promised_at: datetime | None
    evidence: tuple[Mapping[str, Any], ...]
    model: str
    held: tuple[Fault, ...] = ()
    mark: int | None = None
    said_by: str = ""


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """
    One message of a conversation, with its earlier texts and its verdict.

    One *from_elsewhere* is an answer in another thread that counts here as well.
    """

    id: int
    remote_id: str
    direction: Direction
    author: Author | None
    text: str
    sent_at: datetime
    seen_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    auto_reply: bool
    staff: str
    url: str
    attachments: tuple[Mapping[str, str], ...]
    kind: str | None
    topics: tuple[Topic, ...]
    urgency: str | None
    language: str | None
    scores: Mapping[str, float]
    evidence: tuple[Mapping[str, Any], ...]
    versions: tuple[EarlierText, ...]
    addressees: tuple[str, ...]
    parent_deleted: bool
    from_elsewhere: bool
    model: str = ""
    reply: ReplySaid | None = None
    corrected: Corrected | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One message of any account, with what the classifier made of it."""

    id: int
    account: str
    direction: Direction
    staff: str
    text: str
    sent_at: datetime
    kind: str | None
    topics: tuple[Topic, ...]
    deleted: bool
    author: Author | None


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """
    Something that happened to a case: an action, a correction, an alert, or a delivery.

    *who* did it, or was told of it ("" for an alert); *said* is its detail, headline or error.
    *undone_at* and *undone_by* tell of one that a person took back.
    """

    at: datetime
    what: str
    who: str
    said: str
    undone_at: datetime | None = None
    undone_by: str = ""

    @property
    def text(self) -> str:
        """Return who and what in one."""
        return f"{self.who} {self.said}".strip()


@dataclass(frozen=True, slots=True)
class ReplyPlace:
    """Where a reply to a case goes, and whether the network will take it."""

    account: str
    network: str
    thread_id: str
    stream: Stream
    public: bool
    parent_id: str
    recipient: Author | None
    sent_after: datetime
    open: bool
    closes_at: datetime | None
    note: str
    max_length: int | None

    def is_open(self, now: datetime) -> bool:
        """Tell whether the network takes a reply at *now*."""
        return self.open and (self.closes_at is None or self.closes_at > now)

    def reply(self, text: str) -> OutgoingReply:
        """Return *text* as a reply on its way here, under a key of its own."""
        return OutgoingReply(
            key=f"reply:{uuid4()}",
            thread_id=self.thread_id,
            stream=self.stream,
            text=text,
            parent_id=self.parent_id,
            recipient=self.recipient,
            sent_after=self.sent_after,
        )


_IN_THREAD = """
(m.conversation_id = v.id OR m.id IN (
    SELECT message_id FROM answers_elsewhere
     WHERE account = v.account AND thread_remote_id = v.remote_id))
"""
_LATEST = (
    "SELECT id FROM messages "
    "WHERE conversation_id = v.id AND direction = 'inbound' AND deleted_at IS NULL"
)
_CORRECTED = (
    "SELECT s.at, 'correct', s.actor, trim('message ' || m.id || ': ' "
    "|| coalesce(s.kind || ' ', '') || coalesce(s.topics || ' ', '') "
    "|| coalesce(s.urgency || ' urgency ', '') || coalesce('language ' || s.language, '')), "
    "s.undone_at, s.undone_by FROM cases AS c "
    "JOIN messages AS m ON m.conversation_id = c.conversation_id "
    "JOIN corrections AS s ON s.message_id = m.id "
    "WHERE c.id = :case AND (m.sent_at >= c.opened_at OR m.id = c.first_message_id)"
)
"""What people said of the messages of a case."""
_CORRECTED_REPLY = (
    f"SELECT s.at, 'correct', s.actor, 'our message ' || m.id || ': ' || {IN_WORDS} "  # noqa: S608 - a constant
    "|| iif(s.note = '', '', ' (' || s.note || ')'), s.undone_at, s.undone_by FROM cases AS c "
    "JOIN messages AS m ON m.conversation_id = c.conversation_id "
    "JOIN reply_corrections AS s ON s.message_id = m.id "
    "WHERE c.id = :case AND m.sent_at >= c.opened_at"
)
"""What people said of our answers in a case."""
_FIRST = "ORDER BY sent_at DESC, id DESC LIMIT 1"


class ViewStore:
    """Read-only questions over all tables."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._corrections = ReplyCorrectionStore(connection)

    def waiting(self) -> list[WaitingCase]:
        """Return every waiting case, what is due first at the top, the undue at the end."""
        rows = self._db.execute(
            f"SELECT c.id, c.account, v.network, v.stream, v.public, c.kind, c.topics, "  # noqa: S608 - constants
            "c.urgency, c.language, c.policy, c.waiting_since, c.due_at, c.unanswered, "
            f"{TAKEN_BY}, c.assigned_to, {SNOOZED_UNTIL}, m.text, m.url, "
            f"iif(v.public, ({continued.CASE}), NULL), w.kind, coalesce(({PROMISED}), ''), {AUTHOR} "
            "FROM cases AS c JOIN conversations AS v ON v.id = c.conversation_id "
            f"JOIN waits AS w ON w.id = ({SPEAKING}) "
            "JOIN messages AS m ON m.id = w.telling_id "
            "LEFT JOIN authors AS a ON a.id = m.author_id "
            "WHERE c.status = 'waiting' ORDER BY c.due_at IS NULL, c.due_at, c.waiting_since"
        )
        return [_waiting(row) for row in rows]

    def card(self, case: CaseState, setting: Setting, wait: WaitState) -> CaseCard:
        """Return what an alert tells of *wait* in *case*: the facts as they are now."""
        row = self._db.execute(
            f"SELECT m.text, m.url, iif(w.kind = 'promise', ours.text, ''), r.evidence, {AUTHOR} "  # noqa: S608 - constants
            "FROM waits AS w JOIN messages AS m ON m.id = w.telling_id "
            "JOIN messages AS ours ON ours.id = w.message_id "
            "LEFT JOIN reply_verdicts AS r ON r.message_id = ours.id "
            "LEFT JOIN authors AS a ON a.id = m.author_id WHERE w.id = ?",
            (wait.id,),
        ).fetchone()
        return CaseCard(
            id=case.id or 0,
            account=setting.account,
            network=setting.network,
            stream=setting.stream,
            public=setting.public,
            kind=case.traits.kind,
            topics=case.traits.topics,
            urgency=case.traits.urgency,
            language=case.traits.language,
            author=_author(row[4:]),
            text=row[0],
            url=row[1],
            promised=promising_words(row[2], row[3]),
            waiting_since=wait.since,
            due_at=wait.due_at if wait.end or wait.kind.is_owed else case.due_at,
            messages=case.unanswered,
            policy=case.policy,
            acknowledged_by=_taken_by(case, wait),
            assigned_to=case.assigned_to,
            answered_at=wait.ended_at,
            wait=wait.id or 0,
            message=wait.telling,
        )

    def continued_in_private(self, case: int) -> Continuation | None:
        """Return the private case in which a customer of the public *case* goes on."""
        return continued.in_private(self._db, case)

    def followed_up_in_private(self, case: int) -> bool:
        """Tell whether somebody of ours answered where a customer of *case* went on in private."""
        there = self.continued_in_private(case)
        return there is not None and there.answered_at is not None

    def began_in_public(self, case: int) -> int | None:
        """Return the public case of the customer who then wrote the private *case*."""
        return continued.from_public(self._db, case)

    def thread(self, case: int, only: Sequence[int] | None = None) -> list[ThreadMessage]:
        """
        Return the conversation that *case* is part of, oldest first.

        It is the whole of it, or of its messages those with the numbers *only*.
        """
        wanted = _IN_THREAD if only is None else "m.id IN (SELECT value FROM json_each(:only))"
        rows = self._db.execute(
            "SELECT m.id, m.remote_id, m.direction, m.text, m.sent_at, m.seen_at, m.edited_at, "  # noqa: S608 - constants
            "m.deleted_at, m.auto_reply, m.staff, m.url, m.attachments, m.kind, m.topics, "
            "m.urgency, m.language, m.verdict, m.addressees, m.versions, "
            "m.conversation_id <> v.id, EXISTS (SELECT 1 FROM messages AS parent "
            " WHERE parent.account = m.account AND parent.remote_id = m.parent_remote_id"
            f" AND parent.deleted_at IS NOT NULL), {AUTHOR} FROM cases AS c "
            f"JOIN conversations AS v ON v.id = c.conversation_id JOIN messages AS m ON {wanted} "
            "LEFT JOIN authors AS a ON a.id = m.author_id "
            "WHERE c.id = :case ORDER BY m.sent_at, m.id",
            {"case": case, "only": json.dumps(only)},
        ).fetchall()
        replies = self._replies({row[0]: row[3] for row in rows if row[2] == Direction.OUTBOUND})
        return [
            replace(
                _thread_message(row, self._versions(row) if row[18] else ()),
                reply=replies.get(row[0]),
            )
            for row in rows
        ]

    def _replies(self, answers: Mapping[int, str]) -> dict[int, ReplySaid]:
        """Return what is said of our *answers* (with their texts), where they have been judged."""
        numbers = list(answers)
        rows = self._db.execute(
            "SELECT message_id, flags, manners, deflection, promise, non_answer, promised, "
            "promised_on, promised_at, evidence, model FROM reply_verdicts "
            "WHERE promise IS NOT NULL AND message_id IN (SELECT value FROM json_each(?))",
            (json.dumps(numbers),),
        ).fetchall()
        said = self._corrections.of(numbers) if rows else {}
        found = {}
        for number, flags, manners, *columns in rows:
            word = said.get(number)
            held = held_against(answers[number], flags, manners, word.person if word else {})
            found[number] = replace(
                _reply_said(flags, columns),
                held=tuple(held),
                mark=graded_columns(flags, manners).mark if manners else None,
                said_by=word.actor if word else "",
            )
        return found

    def _versions(self, message: Sequence[Any]) -> tuple[EarlierText, ...]:
        number, now_text, now_since = message[0], message[3], message[6]
        rows = self._db.execute(
            "SELECT text, kind, edited_at, replaced_at FROM message_versions "
            "WHERE message_id = ? ORDER BY coalesce(edited_at, ''), rowid",
            (number,),
        ).fetchall()
        following = [*((row[0], row[2]) for row in rows[1:]), (now_text, now_since)]
        return tuple(
            EarlierText(text, kind, from_text(next_since or seen_at))
            for (text, kind, _, seen_at), (next_text, next_since) in zip(
                rows, following, strict=True
            )
            if text != next_text
        )

    def trail(self, case: int) -> list[TrailEntry]:
        """Return what people did about *case*, what they were told, and how it got there."""
        rows = self._db.execute(
            "SELECT at, action, actor, detail, undone_at, undone_by "  # noqa: S608 - a constant
            "FROM actions WHERE case_id = :case "
            f"UNION ALL {_CORRECTED} UNION ALL {_CORRECTED_REPLY} "
            "UNION ALL SELECT created_at, 'alert ' || reason, '', headline, NULL, '' FROM alerts "
            "WHERE case_id = :case "
            "UNION ALL SELECT coalesce(done_at, created_at), "
            "CASE WHEN reply IS NULL THEN 'delivery ' ELSE 'reply ' END || state, "
            "receiver || iif(actor = '', '', ' by ' || actor), error, NULL, '' "
            "FROM outbox WHERE case_id = :case ORDER BY 1",
            {"case": case},
        )
        return [
            TrailEntry(from_text(at), what, who, said, maybe_instant(undone_at), undone_by)
            for at, what, who, said, undone_at, undone_by in rows
        ]

    def reply_place(self, case: int) -> ReplyPlace:
        """Return where a reply to *case* goes; raises UserError if there is nothing to answer."""
        place = self.find_reply_place(case)
        if place is None:
            raise UserError(f"there is no message left to answer in case {case}")
        return place

    def find_reply_place(self, case: int) -> ReplyPlace | None:
        """Return where a reply to *case* goes, None if there is nothing to answer."""
        row = self._db.execute(
            "SELECT v.account, v.network, v.remote_id, v.stream, v.public, m.remote_id, "  # noqa: S608 - constants
            "m.sent_at, v.reply_open, v.reply_closes_at, v.reply_note, v.reply_max_length, "
            f"{AUTHOR} FROM cases AS c JOIN conversations AS v ON v.id = c.conversation_id "
            f"LEFT JOIN waits AS w ON w.id = ({SPEAKING}) "
            "LEFT JOIN messages AS oldest "
            f"ON oldest.id = iif(w.kind IN {OWED}, w.telling_id, w.message_id) "
            # Where several customers write, the one who waits is answered, and not the last one.
            f"JOIN messages AS m ON m.id = coalesce(({_LATEST} "
            f" AND v.public AND author_id = oldest.author_id {_FIRST}), ({_LATEST} {_FIRST})) "
            "LEFT JOIN authors AS a ON a.id = m.author_id WHERE c.id = ?",
            (case,),
        ).fetchone()
        if row is None:
            return None
        account, network, thread, stream, public, parent, sent_at = row[:7]
        return ReplyPlace(
            account=account,
            network=network,
            thread_id=thread,
            stream=Stream(stream),
            public=bool(public),
            parent_id=parent,
            recipient=_author(row[11:]),
            sent_after=from_text(sent_at),
            open=bool(row[7]),
            closes_at=maybe_instant(row[8]),
            note=row[9],
            max_length=row[10],
        )

    def answered_since(self, account: str, thread_id: str, text: str, since: datetime) -> str:
        """Return the remote id of our message with *text* seen in a thread, or ""."""
        rows = self._db.execute(
            "SELECT m.remote_id, m.text, m.sent_at FROM messages AS m "
            "JOIN conversations AS v ON v.id = m.conversation_id "
            "WHERE v.account = ? AND v.remote_id = ? AND m.direction = 'outbound' "
            # The message of an earlier reply with the same words proves nothing.
            "AND m.remote_id NOT IN (SELECT json_extract(o.receipt, '$.remote_id') "
            " FROM cases AS c JOIN outbox AS o ON o.thread = 'case:' || c.id "
            " AND o.receiver = v.account AND o.reply IS NOT NULL AND o.state = 'sent' "
            " WHERE c.conversation_id = v.id)",
            (account, thread_id),
        )
        wanted = comparable(text)
        for remote_id, found, sent_at in rows:
            if from_text(sent_at) >= since and comparable(found) == wanted:
                return str(remote_id)
        return ""

    def figures(self, now: datetime) -> dict[str, int]:
        """Return how many messages came in, were complaints, how waits went, and promises."""
        row = self._db.execute(
            "SELECT (SELECT count(*) FROM messages WHERE direction = 'inbound'), "  # noqa: S608 - constants
            "(SELECT count(*) FROM messages WHERE direction = 'inbound' AND kind = 'complaint'), "
            "(SELECT count(*) FROM response_times WHERE outcome = 'answered' AND NOT late), "
            "(SELECT count(*) FROM response_times WHERE outcome = 'answered' AND late), "
            "(SELECT count(*) FROM waiting), "
            f"(SELECT count(*) FROM waiting WHERE wait NOT IN {OWED}), "
            "(SELECT count(*) FROM waits AS w JOIN cases AS c ON c.id = w.case_id "
            f" WHERE w.ended_at IS NULL AND w.kind NOT IN {OWED} "
            " AND min(w.due_at, coalesce(c.resolution_due_at, w.due_at)) <= :now), "
            "(SELECT count(*) FROM promises WHERE outcome IS NOT 'void'), "
            "(SELECT count(*) FROM promises WHERE outcome = 'answered'), "
            "(SELECT count(*) FROM promises WHERE ended_at IS NULL AND due_at <= :now)",
            {"now": to_text(now)},
        ).fetchone()
        names = (
            "inbound", "complaints", "in_time", "late", "waiting", "unanswered", "overdue",
            "promised", "kept", "unkept",
        )  # fmt: skip
        return dict(zip(names, row, strict=True))

    def verdicts(self, after: int) -> list[Judged]:
        """Return the messages with a number above *after*, in the order they were stored."""
        rows = self._db.execute(
            f"SELECT m.id, m.account, m.direction, m.staff, m.text, m.sent_at, m.kind, m.topics, "  # noqa: S608 - constants
            f"m.deleted_at IS NOT NULL, {AUTHOR} FROM messages AS m "
            "LEFT JOIN authors AS a ON a.id = m.author_id WHERE m.id > ? ORDER BY m.id",
            (after,),
        )
        return [
            Judged(
                id=row[0],
                account=row[1],
                direction=Direction(row[2]),
                staff=row[3],
                text=row[4],
                sent_at=from_text(row[5]),
                kind=row[6],
                topics=tuple(Topic(topic) for topic in json.loads(row[7] or "[]")),
                deleted=bool(row[8]),
                author=_author(row[9:]),
            )
            for row in rows
        ]


def _taken_by(case: CaseState, wait: WaitState) -> str:
    """Return who has taken *wait*; who took an earlier one of the case has not."""
    taken_at = case.acknowledged_at
    return case.acknowledged_by if taken_at and taken_at >= wait.since else ""


def _author(values: tuple[Any, ...]) -> Author | None:
    return Author(*values) if values[0] is not None else None


def _waiting(row: tuple[Any, ...]) -> WaitingCase:
    (
        number, account, network, stream, public, kind, topics, urgency, language, policy,
        since, due_at, unanswered, acknowledged_by, assigned_to, snoozed_until, text, url,
        continued_in, wait, promised, *author,
    ) = row  # fmt: skip
    return WaitingCase(
        case_id=number,
        account=account,
        network=network,
        stream=Stream(stream),
        public=bool(public),
        author=_author(tuple(author)),
        kind=kind,
        topics=tuple(Topic(topic) for topic in json.loads(topics)),
        urgency=urgency,
        language=language,
        policy=policy,
        waiting_since=from_text(since),
        due_at=maybe_instant(due_at),
        unanswered=unanswered,
        acknowledged_by=acknowledged_by,
        assigned_to=assigned_to,
        snoozed_until=maybe_instant(snoozed_until),
        text=text,
        url=url,
        continued_in=continued_in,
        wait=WaitKind(wait),
        promised=promising_words(*json.loads(promised)) if promised else "",
    )


def _thread_message(row: tuple[Any, ...], versions: tuple[EarlierText, ...]) -> ThreadMessage:
    (
        number, remote_id, direction, text, sent_at, seen_at, edited_at, deleted_at, auto, staff,
        url, attachments, kind, topics, urgency, language, verdict, addressees, _, elsewhere,
        parent_deleted, *author,
    ) = row  # fmt: skip
    judged = json.loads(verdict) if verdict else {}
    return ThreadMessage(
        id=number,
        remote_id=remote_id,
        direction=Direction(direction),
        author=_author(tuple(author)),
        text=text,
        sent_at=from_text(sent_at),
        seen_at=from_text(seen_at),
        edited_at=maybe_instant(edited_at),
        deleted_at=maybe_instant(deleted_at),
        auto_reply=bool(auto),
        staff=staff,
        url=url,
        attachments=tuple(map(_attachment, json.loads(attachments))),
        kind=kind,
        topics=tuple(Topic(topic) for topic in json.loads(topics or "[]")),
        urgency=urgency,
        language=language,
        scores=judged.get("scores", {}),
        evidence=_evidence(judged.get("evidence", ())),
        versions=versions,
        addressees=tuple(json.loads(addressees)),
        parent_deleted=bool(parent_deleted),
        from_elsewhere=bool(elsewhere),
        model=judged.get("model", ""),
        corrected=_corrected(judged),
    )


def _attachment(said: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what came with a message, with everything that is known of it by its name."""
    return {name: str(said.get(name) or "") for name in ("type", "url", "title")}


def _reply_said(flags: str, columns: Sequence[Any]) -> ReplySaid:
    deflection, promise, non_answer, promised, on, at, evidence, model = columns
    shares = {"deflection": deflection, "promise": promise, "non_answer": non_answer}
    return ReplySaid(
        flags=tuple(json.loads(flags)),
        counts=tuple(name for name in ("deflection", "promise") if shares[name] >= SURE),
        shares=shares,
        promised=promised or "",
        promised_on=date.fromisoformat(on) if on else None,
        promised_at=maybe_instant(at),
        evidence=_evidence(json.loads(evidence)),
        model=model,
    )


def _evidence(spans: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return those that can be words of a text: another program may have written any."""
    return tuple(
        each
        for each in spans
        if isinstance(each["start"], int) and isinstance(each["end"], int) and each["start"] >= 0
    )


def _corrected(judged: Mapping[str, Any]) -> Corrected | None:
    said = judged.get("corrected")
    if not said:
        return None
    return Corrected(said["by"], from_text(said["at"]), Said.from_json(judged["machine"]))
