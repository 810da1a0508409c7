"""
What others are asked in public, kept apart: the tables rivals and rival_messages.

Nothing in here is joined with anything of ours. Whoever wrote is known by a keyed hash that is
another one in each thread; a text is kept for as long as something is to be judged by it.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inboxd.blotting import blotted
from inboxd.core.rivals import PublicMessage
from inboxd.core.text import storable
from inboxd.model import Direction, Stream
from inboxd.store.happened import plausible, traits_from
from inboxd.store.repeats import SHORTEST
from inboxd.store.times import from_text, maybe_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from inboxd.errors import InboxdError
    from inboxd.model import Message, ReplyVerdict, Verdict

TEXT_KEPT = timedelta(days=14)
"""How long at most a text waits for its answer; what is answered later is judged without it."""
_LONGEST = 4_000
"""Characters of a text that are kept: more of it tells a judge nothing."""
_ERASED = "erased"
_FLAGS = ("deflection", "promise", "non_answer")
_STATE = (
    "name, network, cursor, began_at, polled_at, succeeded_at, failing_since, error_class, error, "
    "failures, retry_at"
)
# As of our own answers: what was said last before it, by one of those whom it names, if any.
_UNJUDGED = """
SELECT r.id, r.text, r.sent_at, coalesce((
    SELECT q.text FROM rival_messages AS q
     WHERE q.rival = r.rival AND q.thread = r.thread AND q.direction = 'inbound'
       AND q.sent_at <= r.sent_at AND (r.addressees = '[]'
           OR q.author IN (SELECT value FROM json_each(r.addressees)))
     ORDER BY q.sent_at DESC, q.id DESC LIMIT 1), ''), EXISTS (
    SELECT 1 FROM rival_messages AS q
     WHERE q.rival = r.rival AND q.thread = r.thread AND q.direction = 'inbound'
       AND q.sent_at <= r.sent_at AND (r.addressees = '[]'
           OR q.author IN (SELECT value FROM json_each(r.addressees)))
       AND (q.asks OR q.kind IN ('complaint', 'request')) AND NOT EXISTS (
           SELECT 1 FROM rival_messages AS o
            WHERE o.rival = r.rival AND o.thread = r.thread AND o.direction = 'outbound'
              AND NOT o.automatic AND o.sent_at > q.sent_at AND o.sent_at < r.sent_at
              AND EXISTS (SELECT 1 FROM rival_messages AS n
                           WHERE n.rival = r.rival AND n.thread = r.thread
                             AND n.direction = 'inbound' AND n.sent_at > o.sent_at
                             AND n.sent_at <= r.sent_at)))
  FROM rival_messages AS r
 WHERE r.rival = ? AND r.direction = 'outbound' AND r.text IS NOT NULL ORDER BY r.id LIMIT ?
"""
_LET_GO = """
UPDATE rival_messages SET text = NULL
 WHERE rival = :rival AND text IS NOT NULL AND (seen_at < :old OR (direction = 'inbound' AND EXISTS (
       SELECT 1 FROM rival_messages AS r
        WHERE r.rival = rival_messages.rival AND r.thread = rival_messages.thread
          AND r.direction = 'outbound' AND r.judged_at IS NOT NULL
          AND r.sent_at >= rival_messages.sent_at AND (r.addressees = '[]'
              OR rival_messages.author IN (SELECT value FROM json_each(r.addressees))))))
"""
_SINCE = """
SELECT id, thread, stream, direction, sent_at, seen_at, kind, topics, urgency, language, author,
       addressees, deleted_at, automatic, asks, words, flags, manners
  FROM rival_messages
 WHERE rival = :rival AND thread IN (
       SELECT thread FROM rival_messages WHERE rival = :rival AND sent_at >= :since)
 ORDER BY sent_at, id
"""

# An answer to them is theirs, too: whom it named is nobody then.
_ERASE = """
UPDATE rival_messages SET text = NULL, author = '', message = :erased || ':' || id
 WHERE rival = :rival AND author IN (SELECT value FROM json_each(:authors));
UPDATE rival_messages SET text = NULL, addressees = (
       SELECT json_group_array(iif(value IN (SELECT value FROM json_each(:authors)), '', value))
         FROM json_each(addressees))
 WHERE rival = :rival AND EXISTS (
       SELECT 1 FROM json_each(addressees) AS a
        WHERE a.value IN (SELECT value FROM json_each(:authors)));
"""


@dataclass(frozen=True, slots=True)
class RivalState:
    """How the reading of a watched account goes; *failing_since* is set while it fails."""

    name: str
    network: str
    cursor: Mapping[str, Any] | None
    began_at: datetime
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    failing_since: datetime | None = None
    error_class: str = ""
    error: str = ""
    failures: int = 0
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RivalReply:
    """An answer that is to be judged, what was written before it, and whether that needs one."""

    id: int
    text: str
    sent_at: datetime
    question: str
    needs_answer: bool


def payer_of(rival: str) -> str:
    """Return the name under which the ledger has what was used to read a watched account."""
    return f"watch:{rival}"


class RivalStore:
    """What is kept of watched accounts."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def state(self, name: str) -> RivalState | None:
        """Return how the reading of an account goes, None if it has never begun."""
        rows = self._db.execute(f"SELECT {_STATE} FROM rivals WHERE name = ?", (name,))  # noqa: S608 - constant columns
        return next((_state(row) for row in rows), None)

    def begin(self, name: str, network: str, since: datetime) -> RivalState:
        """
        Return how the reading of an account goes, having begun it if it is new.

        Under a name that was another network's before, it is another account.
        """
        known = self.state(name)
        if known and known.network == network:
            return known
        self._db.execute("DELETE FROM rival_messages WHERE rival = ?", (name,))
        self._db.execute("DELETE FROM rivals WHERE name = ?", (name,))
        self._db.execute(
            "INSERT INTO rivals (name, network, key, began_at) VALUES (?, ?, ?, ?)",
            (name, network, secrets.token_hex(16), to_text(since)),
        )
        return RivalState(name, network, None, since)

    def unknown(self, name: str, messages: Sequence[Message]) -> list[Message]:
        """Return those of *messages* that are not kept yet and have something to be kept of."""
        key = self._key(name)
        digests = {_digest(key, "message", each.remote_id): each for each in messages}
        known = self._db.execute(
            "SELECT message FROM rival_messages WHERE rival = ? "
            "AND message IN (SELECT value FROM json_each(?))",
            (name, json.dumps(list(digests))),
        )
        gone = {digest for (digest,) in known}
        return [each for digest, each in digests.items() if digest not in gone and not each.deleted]

    def add(
        self,
        name: str,
        new: Iterable[tuple[Message, Verdict | None]],
        automatic: Collection[str],
        now: datetime,
    ) -> None:
        """Keep *new* messages, customers' with a verdict; *automatic* are ids of a machine's."""
        key = self._key(name)
        self._db.executemany(
            "INSERT INTO rival_messages (rival, message, thread, author, addressees, stream, "
            "direction, sent_at, seen_at, automatic, text, words, asks, kind, topics, urgency, "
            "language) VALUES (:rival, :message, :thread, :author, :addressees, :stream, "
            ":direction, :sent_at, :seen_at, :automatic, :text, :words, :asks, :kind, :topics, "
            ":urgency, :language) ON CONFLICT DO NOTHING",
            [
                {
                    **_row(key, message, now),
                    **_said(verdict),
                    "rival": name,
                    "automatic": message.remote_id in automatic,
                }
                for message, verdict in new
            ],
        )

    def note_gone(self, name: str, gone: Iterable[str], now: datetime) -> None:
        """Note that messages are gone, each by what the network calls it; with their words."""
        key = self._key(name)
        self._db.executemany(
            "UPDATE rival_messages SET deleted_at = coalesce(deleted_at, ?), text = NULL "
            "WHERE rival = ? AND message = ?",
            [(to_text(now), name, _digest(key, "message", each)) for each in gone],
        )

    def note_back(self, name: str, back: Iterable[str]) -> None:
        """Note that deleted messages are back; their words are not."""
        key = self._key(name)
        self._db.executemany(
            "UPDATE rival_messages SET deleted_at = NULL WHERE rival = ? AND message = ?",
            [(name, _digest(key, "message", each)) for each in back],
        )

    def advance(self, name: str, cursor: Mapping[str, Any]) -> None:
        """Keep where to read on from; in the transaction of what was read."""
        self._db.execute(
            "UPDATE rivals SET cursor = ? WHERE name = ?", (json.dumps(dict(cursor)), name)
        )

    def began(self, name: str, since: datetime) -> None:
        """Note from when on an account is read: what lies before can be read no more."""
        self._db.execute("UPDATE rivals SET began_at = ? WHERE name = ?", (to_text(since), name))

    def succeeded(self, name: str, now: datetime) -> None:
        """Note that an account was read to the end."""
        self._db.execute(
            "UPDATE rivals SET polled_at = :now, succeeded_at = :now, failing_since = NULL, "
            "error_class = '', error = '', failures = 0, retry_at = NULL WHERE name = :name",
            {"name": name, "now": to_text(now)},
        )

    def broken_off(self, name: str, now: datetime) -> None:
        """Note that an account was not read to the end, and goes on as soon as may be."""
        self._db.execute(
            "UPDATE rivals SET polled_at = :now, retry_at = :now WHERE name = :name",
            {"name": name, "now": to_text(now)},
        )

    def failed(self, name: str, error: InboxdError, retry_at: datetime, now: datetime) -> None:
        """Note why an account could not be read, and when to try again."""
        self._db.execute(
            "UPDATE rivals SET polled_at = :now, failing_since = coalesce(failing_since, :now), "
            "error_class = :kind, error = :error, failures = failures + 1, retry_at = :retry_at "
            "WHERE name = :name",
            {
                "name": name, "now": to_text(now), "kind": type(error).__name__,
                "error": blotted(str(error)), "retry_at": to_text(retry_at),
            },
        )  # fmt: skip

    def unjudged(self, name: str, limit: int) -> list[RivalReply]:
        """Return up to *limit* answers that are to be judged."""
        rows = self._db.execute(_UNJUDGED, (name, limit))
        return [
            RivalReply(number, text, from_text(at), asked, bool(needs))
            for number, text, at, asked, needs in rows
        ]

    def judge(self, verdicts: Iterable[tuple[RivalReply, ReplyVerdict]], now: datetime) -> None:
        """Keep what was said of answers, and their texts no longer."""
        self._db.executemany(
            "UPDATE rival_messages SET text = NULL, judged_at = ?, language = ?, flags = ?, "
            "manners = ? WHERE id = ?",
            [
                (to_text(now), verdict.language, *_judged(verdict), reply.id)
                for reply, verdict in verdicts
            ],
        )

    def let_go(self, name: str, now: datetime) -> None:
        """Keep no text by which nothing is to be judged any more."""
        self._db.execute(_LET_GO, {"rival": name, "old": to_text(now - TEXT_KEPT)})

    def leave_alone(self, names: Collection[str]) -> None:
        """Keep no text of whoever is not watched any more: *names* are."""
        self._db.execute(
            "UPDATE rival_messages SET text = NULL WHERE text IS NOT NULL "
            "AND rival NOT IN (SELECT value FROM json_each(?))",
            (json.dumps(list(names)),),
        )

    def messages(self, name: str, since: datetime) -> list[PublicMessage]:
        """Return the threads, whole, in which something was written from *since* on."""
        rows = self._db.execute(_SINCE, {"rival": name, "since": to_text(since)})
        return [_message(row) for row in rows]

    def erase(self, people: Iterable[tuple[str, str]]) -> None:
        """
        Forget *people*, each the name of a network and who they are there.

        Their rows stay and are nobody's; what they wrote is not let in again.
        """
        wanted = defaultdict(list)
        for network, remote_id in people:
            wanted[network].append(remote_id)
        for name, network, key in self._db.execute("SELECT name, network, key FROM rivals"):
            if network in wanted:
                self._erase(name, key, wanted[network])

    def _erase(self, name: str, key: str, people: Sequence[str]) -> None:
        threads = self._db.execute(
            "SELECT DISTINCT thread FROM rival_messages WHERE rival = ? AND author <> ''", (name,)
        ).fetchall()
        authors = [_author(key, thread, each) for (thread,) in threads for each in people]
        values = {"rival": name, "authors": json.dumps(authors), "erased": _ERASED}
        for statement in _ERASE.split(";\n")[:-1]:
            self._db.execute(statement, values)

    def _key(self, name: str) -> str:
        (key,) = self._db.execute("SELECT key FROM rivals WHERE name = ?", (name,)).fetchone()
        return str(key)


def _row(key: str, message: Message, now: datetime) -> dict[str, Any]:
    """Return the columns that a message fills by itself."""
    text = storable(message.text)[:_LONGEST]
    thread = _digest(key, "thread", message.thread_id)
    ours = message.direction is Direction.OUTBOUND
    long = len(text.strip()) >= SHORTEST
    return {
        "message": _digest(key, "message", message.remote_id),
        "thread": thread,
        "author": _author(key, thread, message.author.remote_id)
        if message.author and not ours
        else "",
        "addressees": json.dumps([_author(key, thread, each) for each in message.addressees]),
        "stream": message.stream,
        "direction": message.direction,
        "sent_at": to_text(message.sent_at),
        "seen_at": to_text(now),
        "text": text,
        "words": _digest(key, "words", text) if ours and long else "",
        "asks": "?" in text,
    }


def _said(verdict: Verdict | None) -> dict[str, str | None]:
    if verdict is None:
        return dict.fromkeys(("kind", "topics", "urgency", "language"))
    return {
        "kind": verdict.kind,
        "topics": json.dumps(list(verdict.topics)),
        "urgency": verdict.urgency,
        "language": verdict.language,
    }


def _judged(verdict: ReplyVerdict) -> tuple[str | None, str | None]:
    """Return the columns of a verdict; without scores it says nothing."""
    if not verdict.scores:
        return None, None
    flags = [flag for flag in _FLAGS if getattr(verdict, flag)]
    return json.dumps(flags), json.dumps(asdict(verdict.manners))


def _author(key: str, thread: str, remote_id: str) -> str:
    """Return who somebody is within a thread, and nowhere else."""
    return _digest(key, f"author {thread}", remote_id)


def _digest(key: str, kind: str, name: str) -> str:
    words = f"{kind}\0{name}".encode(errors="surrogatepass")
    return hmac.new(key.encode(), words, "sha256").hexdigest()[:24]


def _state(row: Sequence[Any]) -> RivalState:
    name, network, cursor, began, polled, succeeded, failing, kind, error, failures, retry = row
    return RivalState(
        name,
        network,
        json.loads(cursor) if cursor else None,
        from_text(began),
        maybe_instant(polled),
        maybe_instant(succeeded),
        maybe_instant(failing),
        kind,
        error,
        failures,
        maybe_instant(retry),
    )


def _message(row: Sequence[Any]) -> PublicMessage:
    (
        number, thread, stream, direction, sent_at, seen_at, kind, topics, urgency, language,
        author, addressees, deleted_at, automatic, asks, words, flags, manners,
    ) = row  # fmt: skip
    return PublicMessage(
        id=number,
        thread=thread,
        stream=Stream(stream),
        direction=Direction(direction),
        sent_at=plausible(sent_at, seen_at),
        seen_at=from_text(seen_at),
        traits=traits_from(kind, topics, urgency, language),
        author=author,
        addressees=tuple(json.loads(addressees)),
        deleted_at=maybe_instant(deleted_at),
        automatic=bool(automatic),
        asks=bool(asks),
        words=words,
        flags=flags,
        manners=manners,
    )
