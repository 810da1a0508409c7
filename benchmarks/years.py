"""
A database as years of a busy shop would leave it: 100,000 cases with 1,000,000 messages.

Made by SQL in bulk, not by the pipeline, which would take a quarter of an hour; kept under
``build/`` until the schema or this file changes. The cases' messages overlap in time, as they do.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import corpus
from inboxd.model import Kind, Topic, Urgency
from inboxd.store import Store, schema
from inboxd.store.times import to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

CASES = 100_000
PER_CASE = 10
"""Messages of a case, every third of them ours."""
BEGINS = datetime(2024, 1, 1, tzinfo=UTC)
SPACING = 60
"""Seconds between two messages, unless told: a million of them are two years."""
_OVERLAP = 8
"""So many cases begin between two messages of one."""
_AUTHORS = 60_000
_TEXTS = 20_000
_FOLDER = Path(__file__).resolve().parents[1] / "build" / "benchmarks"
COMMON, RARE = "доставка", "штриховка"
"""A word in about a tenth of all messages, and one in fifty of them."""

_PLACES = (
    ("shop-vk", "vk", "direct_messages", 0),
    ("shop-vk", "vk", "comments", 1),
    ("shop-fb", "facebook", "direct_messages", 0),
    ("shop-fb", "facebook", "comments", 1),
    ("shop-fb", "facebook", "reviews", 1),
    ("shop-x", "twitter", "mentions", 1),
    ("shop-x", "twitter", "direct_messages", 0),
)
_LANGUAGES = ("ru", "uk", "de", "en")
_NAMES = (
    "Анна Коваль",
    "Ольга Петрова",
    "Іван Шевченко",
    "Lukas Groß",
    "John O'Neil",
    "Zoë Müller",
)
_PEOPLE = ("Olena", "Max", "Iryna", "Piotr")

_NUMBERS = """
CREATE TEMP TABLE n (i INTEGER PRIMARY KEY);
INSERT INTO n WITH RECURSIVE c (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i + 1 < {cases})
SELECT i FROM c
"""
_MESSAGES = """
INSERT INTO authors (id, account, remote_id, name, handle, followers, url)
SELECT i + 1, p.account, 'u' || i, name.text || ' ' || i, 'user' || i,
       iif(i % 20 = 0, 1000 + i, i % 700), 'https://example.org/u' || i
  FROM n JOIN place AS p ON p.id = i % 7 JOIN name ON name.id = i * 7 / 3 % 6
 WHERE i < {authors};
INSERT INTO conversations (id, account, network, remote_id, stream, public)
SELECT i + 1, p.account, p.network, 't' || i, p.stream, p.public
  FROM n JOIN place AS p ON p.id = i % {authors} % 7 WHERE i % 5 <> 4;
INSERT INTO messages (id, account, remote_id, conversation_id, stream, direction, public, author_id,
       text, sent_at, seen_at, url, attachments, auto_reply, staff, classified_at, kind, topics,
       urgency, language, raw)
SELECT said.id, p.account, 'm' || said.id, conversation + 1, p.stream, iif(j % 3 = 2, 'outbound', 'inbound'),
       p.public, iif(j % 3 = 2, NULL, conversation % {authors} + 1), sample.text, at, at,
       'https://example.org/m' || said.id, '[]', 0, '', at,
       iif(j % 3 = 2, NULL, kind), iif(j % 3 = 2, NULL, topics), iif(j % 3 = 2, NULL, urgency),
       iif(j % 3 = 2, NULL, language), sample.raw
  FROM (SELECT (f.i + 8 * j) * 10 + j + 1 AS id, f.i, j, conversation,
               strftime('%Y-%m-%dT%H:%M:%S.000Z', '{begins}',
                        (((f.i + 8 * j) * 10 + j) * {seconds}) || ' seconds') AS at
          FROM (SELECT i, i - (i % 5 = 4) AS conversation FROM n) AS f
          JOIN (SELECT i AS j FROM n WHERE i < {per_case})) AS said
  JOIN place AS p ON p.id = conversation % {authors} % 7
  JOIN fact ON fact.id = i % 1000
  JOIN sample ON sample.id = said.id * 7919 % {texts}
 ORDER BY said.id;
INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')
"""
_CASES = """
INSERT INTO cases (id, conversation_id, account, network, stream, public, status, first_message_id,
       opened_at, waiting_since, unanswered, wrote_at, answered_at, quiet_at, ended_at, close_reason,
       kind, topics, urgency, language, policy, response_due_at, due_at, acknowledged_at,
       acknowledged_by, assigned_to, snoozed_at, snoozed_until)
SELECT i + 1, conversation + 1, p.account, p.network, p.stream, p.public, state,
       i * 10 + 1, first.sent_at, iif(state = 'waiting', last.sent_at, NULL),
       iif(state = 'waiting', 1, 0), last.sent_at, iif(state <> 'waiting', last.sent_at, NULL),
       iif(state = 'answered', '{now}', NULL), iif(state IN ('resolved', 'closed'), last.sent_at, NULL),
       iif(state = 'closed', 'no reply needed', ''), fact.kind, fact.topics, fact.urgency,
       fact.language, fact.kind,
       due, due, iif(i % 11 = 0, last.sent_at, NULL), iif(i % 11 = 0, person.text, ''),
       iif(i % 9 = 0, person.text, ''), iif(i % 13 = 0, last.sent_at, NULL),
       iif(i % 13 = 0, strftime('%Y-%m-%dT%H:%M:%S.000Z', '{now}', (i % 3 - 1) || ' days'), NULL)
  FROM (SELECT *, iif(state = 'waiting' AND i % 17 > 0,
               strftime('%Y-%m-%dT%H:%M:%S.000Z', '{now}', (i * 7919 % 2880 - 1440) || ' minutes'),
               NULL) AS due
          FROM (SELECT i, i - (i % 5 = 4) AS conversation, {state} AS state FROM n))
  JOIN place AS p ON p.id = conversation % {authors} % 7
  JOIN fact ON fact.id = i % 1000 JOIN person ON person.id = i % 4
  JOIN messages AS first ON first.id = i * 10 + 1
  JOIN messages AS last ON last.id = (i + 72) * 10 + 10;
INSERT INTO waits (case_id, kind, since, message_id, telling_id, due_at, ended_at, outcome,
       open_seconds, told)
SELECT id, 'first_response', opened_at, first_message_id, first_message_id, opened_at,
       answered_at, 'answered', 60, '{{}}' FROM cases WHERE status <> 'waiting'
UNION ALL
SELECT id, iif(id % 40 = 0, 'promise', 'next_response'), waiting_since, (id + 71) * 10 + 10,
       (id + 71) * 10 + 10, due_at, NULL, NULL, NULL, '{{}}' FROM cases WHERE status = 'waiting'
"""
_STATES = {
    False: "CASE WHEN i % 50 = 0 OR i > {cases} - 1000 THEN 'waiting' "
    "WHEN i > {cases} - 4000 THEN 'answered' WHEN i % 3 = 0 THEN 'closed' ELSE 'resolved' END",
    True: "'waiting'",
}
"""By whether all wait: as a rule one case in fifty does, and of the newest each."""


def database(*, all_wait: bool = False, cases: int = CASES, spacing: int = SPACING) -> Path:
    """Return where the database is, with a message every *spacing* seconds; made if it is not there yet."""
    made_by = Path(__file__).read_bytes() + Path(str(schema.__file__)).read_bytes()
    name = f"{cases}{'-waiting' if all_wait else ''}{'' if spacing == SPACING else f'-{spacing}s'}"
    path = _FOLDER / f"{name}-{hashlib.sha256(made_by).hexdigest()[:12]}.db"
    if not path.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        for old in _FOLDER.glob(f"{name}-????????????.*"):
            old.unlink()
        unfinished = path.with_suffix(".part")
        if all_wait:
            shutil.copyfile(database(cases=cases, spacing=spacing), unfinished)
        with Store(unfinished) as store:
            _make(store.database, all_wait=all_wait, cases=cases, spacing=spacing)
        unfinished.rename(path)
    return path


def now(cases: int = CASES, spacing: int = SPACING) -> datetime:
    """Return the instant at which the database is looked at: when its last message was sent."""
    return BEGINS + timedelta(seconds=spacing * PER_CASE * (cases + _OVERLAP * PER_CASE))


def _make(db: sqlite3.Connection, *, all_wait: bool, cases: int, spacing: int) -> None:
    """Fill the empty database; or put cases that all wait into the place of those of a full one."""
    for pragma in ("synchronous = OFF", "cache_size = -300000", "temp_store = MEMORY"):
        db.execute(f"PRAGMA {pragma}")
    (trigger,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'messages_ai'").fetchone()
    db.execute("BEGIN")
    db.execute("DROP TRIGGER messages_ai")
    _prepare(db, random.Random(1))
    script = (_NUMBERS, "DELETE FROM waits;\nDELETE FROM cases" if all_wait else _MESSAGES, _CASES)
    for statement in ";\n".join(script).split(";\n"):
        db.execute(
            statement.format(
                cases=cases,
                per_case=PER_CASE,
                authors=_AUTHORS,
                texts=_TEXTS,
                seconds=spacing,
                begins=f"{BEGINS:%Y-%m-%d %H:%M:%S}",
                now=to_text(now(cases, spacing)),
                state=_STATES[all_wait].format(cases=cases),
            )
        )
    db.execute(trigger)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _prepare(db: sqlite3.Connection, rng: random.Random) -> None:
    """Make the small tables that the large ones are mixed from."""
    db.execute("CREATE TEMP TABLE place (id INTEGER PRIMARY KEY, account, network, stream, public)")
    db.executemany("INSERT INTO place VALUES (?, ?, ?, ?, ?)", _numbered(_PLACES))
    for table, values in (("name", _NAMES), ("person", _PEOPLE)):
        db.execute(f"CREATE TEMP TABLE {table} (id INTEGER PRIMARY KEY, text)")
        db.executemany(f"INSERT INTO {table} VALUES (?, ?)", _numbered([(v,) for v in values]))  # noqa: S608
    db.execute("CREATE TEMP TABLE fact (id INTEGER PRIMARY KEY, kind, topics, urgency, language)")
    facts = [
        (
            rng.choices(list(Kind), (45, 35, 8, 12))[0],
            json.dumps(rng.sample(list(Topic), rng.choice((1, 1, 2)))),
            rng.choices(list(Urgency), (20, 70, 10))[0],
            rng.choice(_LANGUAGES),
        )
        for _ in range(1_000)
    ]
    db.executemany("INSERT INTO fact VALUES (?, ?, ?, ?, ?)", _numbered(facts))
    db.execute("CREATE TEMP TABLE sample (id INTEGER PRIMARY KEY, text, raw)")
    samples = [
        (text, json.dumps({"id": number, "peer_id": number, "text": text}, ensure_ascii=False))
        for number, text in enumerate(_with_words(corpus.texts(_TEXTS)))
    ]
    db.executemany("INSERT INTO sample VALUES (?, ?, ?)", _numbered(samples))


def _with_words(texts: Sequence[str]) -> Iterator[str]:
    """Add the word that is common to every tenth text, and the rare one to one of them all."""
    for number, text in enumerate(texts):
        more = COMMON if number % 10 == 0 else RARE if number == 1 else ""
        yield f"{text} {more}" if more else text


def _numbered(rows: Sequence[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    return ((number, *row) for number, row in enumerate(rows))
