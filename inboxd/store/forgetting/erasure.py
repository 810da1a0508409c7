"""Erasing people from the rows of every table, so that what they were counted in stays as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inboxd.core.redaction import ERASED, Redactor, erased_text
from inboxd.store.forgetting.erasures import (
    AUTHOR,
    MESSAGE,
    THREAD,
    Erasure,
    ErasureStore,
    digest,
    erased_name,
)
from inboxd.store.forgetting.mentions import Mentions
from inboxd.store.forgetting.people import PeopleStore
from inboxd.store.rivals import RivalStore
from inboxd.store.scorecard.queries import ON_HOLD
from inboxd.store.times import to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from inboxd.store.forgetting.people import Person, Traces

# How long the lock is held at once while the full-text index is written anew.
_MERGE_PAGES = 500
CLOSED_AS = "erased"
"""Why a case is closed whose customer is forgotten."""
_OUR_REASONS = ("no reply needed", "deleted", CLOSED_AS)
"""Why cases are closed, in words that are never a person's."""
_KEPT_REASONS = ", ".join(f"'{reason}'" for reason in ("", *_OUR_REASONS))
# Of the evidence only that somebody waited on the phone is a figure, and it needs no words.
_EVIDENCE = f"""json(iif({ON_HOLD.format("messages")},
           '[{{"start": 0, "end": 0, "text": "", "label": "hold_time"}}]', '[]'))"""

_ROWS = f"""
-- Whom an answer is for decides who is left waiting: it stays so, by another name.
UPDATE messages SET addressees = erased_names(addressees, account)
 WHERE addressees <> '[]' AND (conversation_id IN
       (SELECT value FROM json_each(:own) UNION SELECT value FROM json_each(:shared))
    OR id IN (SELECT e.message_id FROM answers_elsewhere AS e
                JOIN conversations AS v
                  ON v.account = e.account AND v.remote_id = e.thread_remote_id
               WHERE v.id IN (SELECT value FROM json_each(:own))));
UPDATE messages SET text = erased_text(text), url = '', attachments = '[]', raw = NULL,
       verdict = iif(verdict IS NULL, NULL, json_set(verdict, '$.evidence', {_EVIDENCE})),
       parent_remote_id = erased_name('message', account, parent_remote_id),
       remote_id = erased_name('message', account, remote_id), erased_at = :now
 WHERE id IN (SELECT value FROM json_each(:theirs));
-- What others answered to them names them by their messages.
UPDATE messages SET parent_remote_id = erased_name('message', account, parent_remote_id)
 WHERE conversation_id IN (SELECT value FROM json_each(:shared))
   AND account || char(31) || parent_remote_id IN (SELECT value FROM json_each(:names));
UPDATE message_versions SET text = erased_text(text)
 WHERE message_id IN (SELECT value FROM json_each(:theirs));
UPDATE corrections SET text = erased_text(text)
 WHERE message_id IN (SELECT value FROM json_each(:theirs));
UPDATE reply_corrections SET text = erased_text(text), note = iif(note = '', '', :erased)
 WHERE message_id IN (SELECT value FROM json_each(:theirs));
UPDATE reply_verdicts SET text = erased_text(text), evidence = '[]'
 WHERE message_id IN (SELECT value FROM json_each(:theirs)) AND text IS NOT NULL;
UPDATE answers_elsewhere SET thread_remote_id = erased_name('thread', account, thread_remote_id)
 WHERE EXISTS (SELECT 1 FROM conversations AS v
                WHERE v.account = answers_elsewhere.account
                  AND v.remote_id = answers_elsewhere.thread_remote_id
                  AND v.id IN (SELECT value FROM json_each(:own)));
UPDATE conversations SET remote_id = erased_name('thread', account, remote_id), reply_open = 0,
       reply_closes_at = NULL, reply_note = 'the customer was forgotten'
 WHERE id IN (SELECT value FROM json_each(:own));
UPDATE authors SET remote_id = erased_name('author', account, remote_id), name = :erased,
       handle = '', followers = NULL, url = '' WHERE id IN (SELECT value FROM json_each(:people));
UPDATE actions SET detail = :erased
 WHERE action IN ('note', 'close') AND detail NOT IN ({_KEPT_REASONS})
   AND case_id IN (SELECT value FROM json_each(:cases));
UPDATE cases SET close_reason = :erased
 WHERE close_reason NOT IN ({_KEPT_REASONS}) AND close_reason NOT LIKE 'merged%'
   AND id IN (SELECT value FROM json_each(:cases));
DELETE FROM drafts WHERE case_id IN (SELECT value FROM json_each(:cases));
UPDATE outbox SET state = 'cancelled', done_at = :now
 WHERE reply IS NOT NULL AND state IN ('pending', 'sending', 'unsure')
   AND case_id IN (SELECT value FROM json_each(:cases));
-- Whether we sent a message is known by the receipt, which must go on naming it.
UPDATE outbox SET reply = erased_reply(reply, receiver), error = '',
       receipt = iif(json_extract(receipt, '$.remote_id') IS NULL, receipt, json_object(
           'remote_id', erased_name('message', receiver, json_extract(receipt, '$.remote_id'))))
 WHERE reply IS NOT NULL AND (case_id IN (SELECT value FROM json_each(:cases))
    OR receiver || char(31) || json_extract(reply, '$.recipient.remote_id')
       IN (SELECT value FROM json_each(:ids)));
"""  # noqa: S608 - our own words
_ALERTS = """
SELECT id, headline, detail, card, examples FROM alerts
 WHERE case_id IN (SELECT value FROM json_each(:cases))
    OR EXISTS (SELECT 1 FROM json_each(:ids) AS n
                WHERE n.value = json_extract(card, '$.account') || char(31)
                                || json_extract(card, '$.author.remote_id'))
    OR json_extract(card, '$.message') IN (SELECT value FROM json_each(:theirs))
    OR EXISTS (SELECT 1 FROM json_each(examples) AS e, json_each(:ids) AS n
                WHERE n.value = json_extract(e.value, '$.account') || char(31)
                                || json_extract(e.value, '$.author.remote_id'))
"""


class Eraser:
    """
    Takes people out of the database.

    Their rows stay, without what was said in them: figures are made of rows. The steps are to be
    called in the order in which they stand here; `erase` within a transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._erasures = ErasureStore(connection)
        self._people = PeopleStore(connection)
        self._rivals = RivalStore(connection)

    def is_leaving(self, traces: Traces) -> bool:
        """Tell whether a reply to one of their cases is being sent at this moment."""
        row = self._db.execute(
            "SELECT 1 FROM outbox WHERE reply IS NOT NULL AND state = 'sending' "
            "AND case_id IN (SELECT value FROM json_each(?))",
            (json.dumps(traces.cases),),
        ).fetchone()
        return row is not None

    def erase(
        self, people: Sequence[Person], actor: str, now: datetime, key: str | None = None
    ) -> Traces:
        """
        Erase what is theirs, and keep it from coming back; returns what it was.

        With the *key* and the time of an earlier erasure, everything is called what it was then.
        """
        traces, key = self._people.traces(people), key or self._erasures.key()
        self._forbid(people, traces, key, actor, now)
        names = self._names_of(traces)
        ids = {(each.account, each.remote_id) for each in people}
        self._functions(key, ids, now)
        values = {
            "people": json.dumps(traces.people),
            "own": json.dumps(traces.own),
            "shared": json.dumps(traces.shared),
            "theirs": json.dumps(traces.theirs),
            "cases": json.dumps(traces.cases),
            "names": json.dumps([f"{account}\x1f{name}" for account, name in names]),
            "ids": json.dumps([f"{account}\x1f{name}" for account, name in sorted(ids)]),
            "erased": ERASED,
            "now": to_text(now),
        }
        self._alerts(values, people, {*traces.theirs})
        for statement in _ROWS.split(";\n")[:-1]:
            self._db.execute(statement, values)
        self._rivals.erase((each.network, each.remote_id) for each in people)
        return traces

    def mentions(self, people: Sequence[Person]) -> Mentions:
        """Return who looks for them in what is not theirs."""
        return Mentions(self._db, Redactor(each.identity for each in people))

    def forbid(self, kind: str, account: str, name: str, actor: str, now: datetime) -> None:
        """Keep one more thing from coming back."""
        key = self._erasures.key()
        row = Erasure(digest(key, kind, account, name), key, kind, account, to_text(now), actor)
        self._erasures.add([row])

    def merge(self, watch: Callable[[], None]) -> None:
        """
        Write the full-text index anew, bit by bit: until then it keeps the words it has lost.

        Each bit is a transaction of its own, so that nobody waits for the lock for long.
        """
        pages = -_MERGE_PAGES
        while True:
            before = self._db.total_changes
            self._db.execute(
                "INSERT INTO messages_fts (messages_fts, rank) VALUES ('merge', ?)", (pages,)
            )
            if self._db.total_changes - before < 2:
                return
            pages = _MERGE_PAGES
            watch()

    def checkpoint(self) -> bool:
        """Move the journal into the file and empty it; False if others keep it from that."""
        busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def _forbid(
        self, people: Sequence[Person], traces: Traces, key: str, actor: str, now: datetime
    ) -> None:
        """Keep people, their threads and their messages from coming back."""
        things = [(AUTHOR, each.account, each.remote_id) for each in people]
        things += [
            (THREAD, *row)
            for row in self._db.execute(
                "SELECT account, remote_id FROM conversations "
                "WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(traces.own),),
            )
        ]
        things += [(MESSAGE, *row) for row in self._names_of(traces)]
        at = to_text(now)
        self._erasures.add(
            Erasure(digest(key, kind, account, name), key, kind, account, at, actor)
            for kind, account, name in things
        )

    def _names_of(self, traces: Traces) -> list[tuple[str, str]]:
        return self._db.execute(
            "SELECT account, remote_id FROM messages WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(traces.theirs),),
        ).fetchall()

    def _functions(self, key: str, ids: set[tuple[str, str]], now: datetime) -> None:
        def named(kind: str, account: str, name: str | None) -> str | None:
            return None if name is None else erased_name(key, kind, account, name, now)

        def reply(text: str, account: str) -> str:
            return _erased_reply(text, lambda kind, name: named(kind, account, name))

        def names(text: str, account: str) -> str:
            found = json.loads(text)
            return json.dumps(
                [named(AUTHOR, account, each) if (account, each) in ids else each for each in found]
            )

        def erased(text: str) -> str:
            return text if text.startswith(ERASED) else erased_text(text)

        self._db.create_function("erased_name", 3, named, deterministic=True)
        self._db.create_function("erased_reply", 2, reply, deterministic=True)
        self._db.create_function("erased_names", 2, names, deterministic=True)
        self._db.create_function("erased_text", 1, erased, deterministic=True)

    def _alerts(self, values: dict[str, str], people: Sequence[Person], messages: set[int]) -> None:
        ids = {(each.account, each.remote_id) for each in people}
        # As alerts write them; who has one letter for a name is hidden in all others.
        names = [(each.name.split(), each.handle, each.remote_id) for each in people]
        words = [word for name, *more in names for word in (" ".join(name)[:60], *more)]
        words = [word for word in words if len(word) > 1]
        for number, told, detail, card, examples in self._db.execute(_ALERTS, values).fetchall():
            headline = told
            for word in words:
                headline = headline.replace(word, ERASED)
            shown = [_erased_card(each, ids, messages) for each in json.loads(examples)]
            whole = _erased_card(json.loads(card), ids, messages, always=True) if card else None
            self._db.execute(
                "UPDATE alerts SET headline = ?, detail = ?, card = ?, examples = ? WHERE id = ?",
                (
                    headline,
                    ERASED if detail and card else detail,
                    json.dumps(whole) if whole else None,
                    json.dumps(shown) if shown else "[]",
                    number,
                ),
            )


def _erased_card(
    card: dict[str, Any], ids: set[tuple[str, str]], messages: set[int], *, always: bool = False
) -> dict[str, Any]:
    """Return a card without whom it is about, if that is one of *ids*, or if told."""
    author = card["author"]
    is_theirs = author and (card["account"], author["remote_id"]) in ids
    if not (always or is_theirs or card.get("message") in messages):
        return card
    nobody = {"remote_id": ERASED, "name": ERASED, "handle": "", "followers": None, "url": ""}
    promised = ERASED if card.get("promised") else ""
    facts = {"text": ERASED, "url": "", "promised": promised, "author": author and nobody}
    return card | {name: value for name, value in facts.items() if name in card}


def _erased_reply(text: str, named: Callable[[str, str | None], str | None]) -> str:
    """Return a reply in the outbox without its words and without whom it is for."""
    reply: dict[str, Any] = json.loads(text)
    reply["text"] = erased_text(reply["text"])
    reply["thread_id"] = named(THREAD, reply["thread_id"])
    reply["parent_id"] = named(MESSAGE, reply["parent_id"])
    if reply["recipient"]:
        nobody = {"remote_id": ERASED, "name": ERASED, "handle": "", "followers": None, "url": ""}
        reply["recipient"] = nobody
    return json.dumps(reply)
