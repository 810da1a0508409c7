"""The inbox: pages of cases for somebody who looks through them, and of nothing else."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from inboxd.core.waits import CaseStatus, WaitKind
from inboxd.core.wording import index_query
from inboxd.model import Author, Kind, Stream, Topic, Urgency
from inboxd.store.filters import Filter, counts
from inboxd.store.replies import promising_words
from inboxd.store.standing import PROMISED, SNOOZED_UNTIL, SPEAKING, TAKEN_BY
from inboxd.store.times import from_text, maybe_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from inboxd.core.queries import Query, View

LOOKED_AT = 1_500
"""Of how many messages that fit a search it is seen in which case they are: some 10 ms."""
_LETTERS = 400
"""As much of a text as is read: a line shows less, and a text may have a hundred thousand."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """
    One line of the inbox: a case, and of its texts as much as fits into a line.

    *since* is when what is waited for began, or when the case was opened where nobody waits;
    *taken_by* has taken the present wait ("": nobody); *snoozed_until* is None where the case is
    awake. *wait* is what is waited for, None where nothing is. *promised* are the words of ours
    for the time of the promise that is to be kept first. *text* is the beginning of the message
    that tells most.
    """

    case_id: int
    status: CaseStatus
    account: str
    network: str
    stream: Stream
    public: bool
    author: Author | None
    kind: Kind | None
    topics: tuple[Topic, ...]
    urgency: Urgency | None
    language: str
    policy: str
    since: datetime
    due_at: datetime | None
    unanswered: int
    taken_by: str
    assigned_to: str
    snoozed_until: datetime | None
    wait: WaitKind | None
    promised: str
    ended_at: datetime | None
    close_reason: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class OtherCase:
    """Another case of a customer; if not *sure*, only the name is the same, or the handle."""

    row: InboxRow
    sure: bool


@dataclass(frozen=True, slots=True)
class Said:
    """The beginning of one message: who wrote it ("" where that is not known), ours or not."""

    who: str
    ours: bool
    at: datetime
    text: str


class Listing(Protocol):
    """The cases that a query finds, in its order; only what is asked for is read."""

    @property
    def cut(self) -> int:
        """Return how many messages that fit a search were looked at if there are more, else 0."""
        ...

    def __len__(self) -> int:
        """Return how many they are."""
        ...

    def page(self, offset: int, limit: int) -> Sequence[InboxRow]:
        """Return *limit* of them from *offset* on, fewer at the end."""
        ...

    def place(self, case: int) -> int | None:
        """Return at which offset a case is, None if it is not among them."""
        ...

    def among(self, cases: Collection[int]) -> set[int]:
        """Return which of *cases* are among them: far quicker than the place of each."""
        ...


class InboxStore:
    """Reads what the inbox shows."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def listing(self, query: Query, me: str, now: datetime, looked_at: int = LOOKED_AT) -> Listing:
        """
        Return the cases that *query* of *me* finds as it is at *now*.

        Raises UserError where the words are too many. Of the messages that fit a search no more
        than the newest *looked_at* are looked at, see `Listing.cut`; many more are not for the
        screen's own thread.
        """
        chosen = Filter.of(self._db, query, me, now)
        wanted = index_query(query.words)
        if wanted:
            return _Found(self._db, chosen, wanted, looked_at)
        return _Ordered(self._db, chosen)

    def adopted(self, listing: Listing) -> Listing:
        """Return a *listing* that another connection has found, to be read through this one."""
        if not isinstance(listing, _Ordered | _Found):
            return listing
        mine = copy(listing)
        mine._db = self._db  # noqa: SLF001 - both classes are of this module
        return mine

    def counts(self, me: str, now: datetime) -> Mapping[View, int]:
        """Return how many cases *me* sees in each view at *now*."""
        return counts(self._db, me, now)

    def rows(self, cases: Sequence[int], now: datetime) -> list[InboxRow]:
        """Return the lines of *cases* as they are at *now*, in that order; unknown ones are left out."""
        return _rows(self._db, cases, now)

    def latest(self, case: int, limit: int) -> list[Said]:
        """Return what was said last in the conversation of *case*, up to *limit*, oldest first."""
        found = self._db.execute(_LATEST, {"case": case, "limit": limit, "letters": _LETTERS})
        return [
            Said(who or "", bool(ours), from_text(at), text)
            for who, ours, at, text in reversed(found.fetchall())
        ]

    def authors_cases(self, case: int, limit: int, now: datetime) -> list[OtherCase]:
        """
        Return up to *limit* cases of who wrote *case* in other conversations, newest first.

        Another account's customer of the same name or handle may be another person. All authors
        are compared: not for the screen's own thread.
        """
        found = self._db.execute(
            _OTHER_CASES, {"case": case, "limit": limit, "letters": _LETTERS}
        ).fetchall()
        sure = dict(found)
        return [OtherCase(row, bool(sure[row.case_id])) for row in self.rows(list(sure), now)]


@dataclass(slots=True)
class _Ordered:
    """All cases that pass a filter, in the order of its view."""

    _db: sqlite3.Connection
    _filter: Filter
    _count: int = -1
    cut: int = 0

    def __len__(self) -> int:
        if self._count < 0:
            self._count = self._filter.count(self._db)
        return self._count

    def page(self, offset: int, limit: int) -> Sequence[InboxRow]:
        """Return *limit* of them from *offset* on, fewer at the end."""
        return _rows(self._db, self._numbers(offset, limit), self._filter.now)

    def _numbers(self, offset: int, limit: int) -> list[int]:
        """Count from whichever end is nearer: what is passed over is read, if only in the index."""
        limit = min(limit, len(self) - offset)
        behind = len(self) - offset - limit
        if limit <= 0 or offset <= behind:
            return self._filter.ids(self._db, offset, max(0, limit))
        return self._filter.ids(self._db, behind, limit, backwards=True)[::-1]

    def place(self, case: int) -> int | None:
        """Return at which offset a case is, None if it is not among them."""
        return self._filter.place(self._db, case)

    def among(self, cases: Collection[int]) -> set[int]:
        """Return which of *cases* are among them."""
        return self._filter.among(self._db, cases)


class _Found:
    """The cases that pass a filter and have a message with the words, the newest first."""

    def __init__(self, db: sqlite3.Connection, chosen: Filter, wanted: str, most: int) -> None:
        self._db = db
        self._now = chosen.now
        found = db.execute(
            _SEARCH.format(chosen.where),
            {**chosen.values, "wanted": wanted, "most": most},
        ).fetchall()
        self.cut = most if len(found) > most else 0
        self._cases = list(dict.fromkeys(case for (case,) in found[:most] if case))

    def __len__(self) -> int:
        return len(self._cases)

    def page(self, offset: int, limit: int) -> Sequence[InboxRow]:
        """Return *limit* of them from *offset* on, fewer at the end."""
        return _rows(self._db, self._cases[offset : offset + limit], self._now)

    def place(self, case: int) -> int | None:
        """Return at which offset a case is, None if it is not among them."""
        return self._cases.index(case) if case in self._cases else None

    def among(self, cases: Collection[int]) -> set[int]:
        """Return which of *cases* are among them."""
        return set(cases).intersection(self._cases)


_SEARCH = (
    "SELECT c.id FROM (SELECT rowid AS id FROM messages_fts WHERE messages_fts MATCH :wanted "
    " ORDER BY rowid DESC LIMIT :most + 1) AS found "
    "CROSS JOIN messages AS m ON m.id = found.id "
    "LEFT JOIN cases AS c ON c.id = (SELECT id FROM cases "
    " WHERE conversation_id = m.conversation_id AND opened_at <= m.sent_at "
    " ORDER BY opened_at DESC, id DESC LIMIT 1) AND {} ORDER BY found.id DESC"
)
"""The case of each message: the one that was opened last before it was sent."""
_TELLING = (
    f"coalesce(({SPEAKING}), "  # noqa: S608 - constants
    "(SELECT id FROM waits WHERE case_id = c.id ORDER BY since DESC, id DESC LIMIT 1))"
)
"""The wait whose message is shown: the one that speaks for a case, or its last."""
_ROWS = (
    "SELECT c.id, c.status, c.account, c.network, c.stream, c.public, c.kind, c.topics, "  # noqa: S608 - constants
    "c.urgency, c.language, c.policy, coalesce(c.waiting_since, c.opened_at), c.due_at, "
    f"c.unanswered, {TAKEN_BY}, c.assigned_to, {SNOOZED_UNTIL}, "
    f"iif(w.ended_at IS NULL, w.kind, NULL), ({PROMISED}), c.ended_at, c.close_reason, "
    "substr(m.text, 1, :letters), m.url, "
    "a.remote_id, substr(a.name, 1, :letters), substr(a.handle, 1, :letters), a.followers, a.url "
    "FROM json_each(:cases) AS n JOIN cases AS c ON c.id = n.value "
    f"LEFT JOIN waits AS w ON w.id = {_TELLING} "
    "LEFT JOIN messages AS m ON m.id = coalesce(w.telling_id, c.first_message_id) "
    "LEFT JOIN authors AS a ON a.id = m.author_id ORDER BY n.key"
)
_STRANGE = "(this case is not as inboxd writes it: another program has changed it)"
_LATEST = (
    "SELECT iif(m.direction = 'outbound', m.staff, "
    " substr(coalesce(nullif(a.name, ''), a.handle), 1, :letters)), "
    "m.direction = 'outbound', m.sent_at, substr(m.text, 1, :letters) "
    "FROM cases AS c JOIN messages AS m ON m.conversation_id = c.conversation_id "
    "LEFT JOIN authors AS a ON a.id = m.author_id "
    "WHERE c.id = :case AND m.deleted_at IS NULL ORDER BY m.sent_at DESC, m.id DESC LIMIT :limit"
)
_OTHER_CASES = (
    "WITH wrote AS (SELECT a.id, a.name, a.handle, c.conversation_id FROM cases AS c "  # noqa: S608 - constants
    f" LEFT JOIN waits AS w ON w.id = {_TELLING} "
    " JOIN messages AS m ON m.id = coalesce(w.telling_id, c.first_message_id) "
    " JOIN authors AS a ON a.id = m.author_id WHERE c.id = :case), "
    "same AS (SELECT a.id, a.id = wrote.id AS sure FROM wrote JOIN authors AS a ON a.id = wrote.id "
    " OR (wrote.name <> '' AND a.name = wrote.name) "
    " OR (wrote.handle <> '' AND a.handle = wrote.handle)), "
    "places AS (SELECT m.conversation_id, max(same.sure) AS sure FROM same "
    " CROSS JOIN messages AS m ON m.author_id = same.id AND m.direction = 'inbound' GROUP BY 1) "
    "SELECT c.id, places.sure FROM places CROSS JOIN cases AS c "
    " ON c.conversation_id = places.conversation_id "
    "WHERE c.conversation_id <> (SELECT conversation_id FROM wrote) "
    "ORDER BY c.opened_at DESC, c.id DESC LIMIT :limit"
)


def _rows(db: sqlite3.Connection, cases: Sequence[int], now: datetime) -> list[InboxRow]:
    found = db.execute(_ROWS, {"cases": json.dumps(cases), "letters": _LETTERS})
    return [_row_or_none(row, to_text(now)) for row in found]


def _row_or_none(columns: tuple[Any, ...], now: str) -> InboxRow:
    """Return a line; where another program wrote the case, one that says no more than that."""
    try:
        return _row(columns, now)
    except (ValueError, LookupError, TypeError):
        number, _, account, network, *_ = columns
        return InboxRow(
            case_id=number,
            status=CaseStatus.WAITING,
            account=str(account),
            network=str(network),
            stream=Stream.DIRECT_MESSAGES,
            public=False,
            author=None,
            kind=None,
            topics=(),
            urgency=None,
            language="",
            policy="",
            since=from_text(now),
            due_at=None,
            unanswered=0,
            taken_by="",
            assigned_to="",
            snoozed_until=None,
            wait=None,
            promised="",
            ended_at=None,
            close_reason="",
            text=_STRANGE,
            url="",
        )


def _row(columns: tuple[Any, ...], now: str) -> InboxRow:
    (
        number, status, account, network, stream, public, kind, topics, urgency, language, policy,
        since, due_at, unanswered, taken_by, assigned_to, snoozed_until, wait, promised, ended_at,
        close_reason, text, url, *author,
    ) = columns  # fmt: skip
    sleeps = snoozed_until is not None and snoozed_until > now
    return InboxRow(
        case_id=number,
        status=CaseStatus(status),
        account=account,
        network=network,
        stream=Stream(stream),
        public=bool(public),
        author=Author(*author) if author[0] is not None else None,
        kind=Kind(kind) if kind else None,
        topics=tuple(Topic(topic) for topic in json.loads(topics)),
        urgency=Urgency(urgency) if urgency else None,
        language=language,
        policy=policy or "",
        since=from_text(since),
        due_at=maybe_instant(due_at),
        unanswered=unanswered,
        taken_by=taken_by or "",
        assigned_to=assigned_to,
        snoozed_until=from_text(snoozed_until) if sleeps else None,
        wait=WaitKind(wait) if wait else None,
        promised=promising_words(*json.loads(promised)) if promised else "",
        ended_at=maybe_instant(ended_at),
        close_reason=close_reason,
        text=text or "",
        url=url or "",
    )
