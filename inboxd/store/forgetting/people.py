"""Who a person is: the rows of one author, and everything in the database that is about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.core.redaction import Identity
from inboxd.store.forgetting.erasures import AUTHOR, MESSAGE, ErasureStore

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from inboxd.store.forgetting.erasures import Erasure

_FOUND = """
SELECT a.id, a.account,
       coalesce((SELECT network FROM conversations WHERE account = a.account LIMIT 1), ''),
       a.remote_id, a.name, a.handle, a.url,
       (SELECT count(*) FROM messages WHERE author_id = a.id AND direction = 'inbound'),
       EXISTS (SELECT 1 FROM messages WHERE author_id = a.id AND direction = 'outbound')
  FROM authors AS a
"""
# What a private conversation holds is about its one customer, whatever names the network gives.
_THREADS = """
SELECT v.id, v.public = 0 OR NOT EXISTS (
           SELECT 1 FROM messages AS o
            WHERE o.conversation_id = v.id AND o.direction = 'inbound'
              AND o.author_id IS NOT NULL
              AND o.author_id NOT IN (SELECT value FROM json_each(:people)))
  FROM conversations AS v
 WHERE v.id IN (SELECT conversation_id FROM messages
                 WHERE direction = 'inbound'
                   AND author_id IN (SELECT value FROM json_each(:people)))
"""
_THEIRS = """
SELECT id FROM messages
 WHERE conversation_id IN (SELECT value FROM json_each(:own))
    OR (direction = 'inbound' AND author_id IN (SELECT value FROM json_each(:people)))
"""
# An answer that is for others as well is theirs, too: only the name is taken out of it.
_TO_THEM = """
SELECT m.id FROM messages AS m
 WHERE m.conversation_id IN (SELECT value FROM json_each(:shared)) AND m.direction = 'outbound'
   AND ((m.addressees <> '[]' AND NOT EXISTS (
             SELECT 1 FROM json_each(m.addressees)
              WHERE value NOT IN (SELECT value FROM json_each(:names))))
     OR (m.addressees = '[]' AND m.parent_remote_id IN (
             SELECT remote_id FROM messages
              WHERE account = m.account AND id IN (SELECT value FROM json_each(:theirs)))))
"""
# In a shared thread, a case is theirs to close if nobody else waits in it. What is answered
# resolves by itself.
_OPEN = """
SELECT c.id FROM cases AS c
 WHERE c.status = 'waiting'
   AND (c.conversation_id IN (SELECT value FROM json_each(:own))
     OR (c.conversation_id IN (SELECT value FROM json_each(:shared))
         AND NOT EXISTS (
             SELECT 1 FROM messages AS m
              WHERE m.conversation_id = c.conversation_id AND m.direction = 'inbound'
                AND m.sent_at >= c.waiting_since
                AND m.author_id NOT IN (SELECT value FROM json_each(:people)))))
 ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class Person:
    """One author, and how many messages of theirs there are; *is_brand*: we write as them."""

    id: int
    account: str
    network: str
    remote_id: str
    name: str
    handle: str
    url: str
    messages: int
    is_brand: bool

    @property
    def identity(self) -> Identity:
        """Return by what the network knows them."""
        return Identity(self.remote_id, self.name, self.handle, self.url)


@dataclass(frozen=True, slots=True)
class Traces:
    """
    What is somebody's: row numbers.

    *own* are the conversations with nobody else in them, *shared* those with others; *theirs* are
    the messages that go as a whole: what they wrote, and our answers to them alone. *cases* are
    those of their own conversations, *open* those in which only they wait.
    """

    people: tuple[int, ...]
    own: tuple[int, ...]
    shared: tuple[int, ...]
    theirs: tuple[int, ...]
    cases: tuple[int, ...]
    open: tuple[int, ...]


class PeopleStore:
    """The table authors as people whom somebody asks for by name."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._erasures = ErasureStore(connection)

    def called(self, name: str, account: str | None = None) -> list[list[Person]]:
        """
        Return whoever goes by *name*: a remote id, a handle or a name, whatever its case.

        Each is a list: one person may write to several accounts of a network.
        """
        wanted = name.strip().removeprefix("@").casefold()
        found: dict[tuple[str, str], list[Person]] = {}
        # SQLite folds the case of ASCII alone.
        self._db.create_function("folded", 1, _folded, deterministic=True)
        rows = self._db.execute(
            f"{_FOUND} WHERE (a.remote_id = ? OR folded(a.handle) = ? OR folded(a.name) = ?) "
            "AND a.remote_id NOT LIKE 'erased:%' AND a.account = coalesce(?, a.account) ORDER BY a.account, a.id",
            (name.strip(), wanted, wanted, account),
        )
        for row in rows:
            person = _person(row)
            found.setdefault((person.network, person.remote_id), []).append(person)
        return list(found.values())

    def returned(self) -> list[tuple[Person, Erasure]]:
        """
        Return whoever was erased and is here again, each with the row that says so.

        Whoever wrote after that is somebody new, of whom nothing old can be here.
        """
        found = []
        for row in self._db.execute(f"{_FOUND} WHERE a.remote_id NOT LIKE 'erased:%'").fetchall():
            person = _person(row)
            erased = self._erasures.erased(AUTHOR, person.account, [person.remote_id])
            found += [
                (person, each)
                for each in erased.values()
                if not self._wrote_after(person, each.erased_at)
            ]
        return found

    def _wrote_after(self, person: Person, at: str) -> bool:
        """Tell whether there is anything that was not erased; a network's clock may be ahead."""
        rows = self._db.execute(
            "SELECT remote_id FROM messages "
            "WHERE author_id = ? AND direction = 'inbound' AND sent_at > ?",
            (person.id, at),
        )
        later = {name for (name,) in rows}
        return bool(later - self._erasures.erased(MESSAGE, person.account, later).keys())

    def traces(self, people: Iterable[Person]) -> Traces:
        """Return what in the database is theirs."""
        people = list(people)
        values = {
            "people": json.dumps([each.id for each in people]),
            "names": json.dumps([each.remote_id for each in people]),
        }
        threads = self._db.execute(_THREADS, values).fetchall()
        own = [number for number, alone in threads if alone]
        shared = [number for number, alone in threads if not alone]
        values |= {"own": json.dumps(own), "shared": json.dumps(shared)}
        theirs = self._numbers(_THEIRS, values)
        answers = self._numbers(_TO_THEM, values | {"theirs": json.dumps(theirs)})
        cases = "SELECT id FROM cases WHERE conversation_id IN (SELECT value FROM json_each(:own))"
        return Traces(
            tuple(each.id for each in people),
            tuple(own),
            tuple(shared),
            tuple(sorted({*theirs, *answers})),
            tuple(self._numbers(cases, values)),
            tuple(self._numbers(_OPEN, values)),
        )

    def _numbers(self, sql: str, values: dict[str, str]) -> list[int]:
        return [number for (number,) in self._db.execute(sql, values)]


def _person(row: Sequence[Any]) -> Person:
    return Person(*row)


def _folded(text: str) -> str:
    return text.casefold()
