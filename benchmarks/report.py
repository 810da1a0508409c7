"""
How soon a year of 1,000,000 messages is reported, and what it takes to keep that so.

The database is that of :mod:`benchmarks.years`, with all its messages in one year, a wait for each
answer and a verdict on it. `inboxd report` is the command as people run it, from the start of the
interpreter to its last byte; beside it stands what SQLite alone takes for one of its figures.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import shop, years
from benchmarks.figures import Figure, best, seconds
from benchmarks.networks import ROOT
from benchmarks.processes import done
from benchmarks.start import INBOXD
from inboxd.core.scorecard.basis import Basis
from inboxd.model import Kind
from inboxd.store import Store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

ROUNDS = 5
GOAL_SECONDS = 3.0
_SPACING = 30
"""Seconds between two messages: a million of them are 347 days."""
_YEAR = date(2024, 1, 1), date(2025, 1, 1)
_ENVIRONMENT = {"PYTHONPATH": str(ROOT)}
_POLICY = """
[[policies]]
name = "{kind}"
match = {{ kind = ["{kind}"] }}
calendar = "office"
first_response = "1h"
steps = [{{ at = "100%", to = ["support"] }}]
"""
_MESSAGES = years.CASES * years.PER_CASE

# Of a case, messages 2, 5 and 8 are ours: each ends a wait that began two messages before.
_WAITS = """
DELETE FROM waits WHERE outcome = 'answered';
INSERT INTO waits (case_id, kind, since, message_id, telling_id, due_at, ended_at, outcome, ended_by,
       open_seconds, told)
SELECT c.id, iif(j.j = 0, 'first_response', 'next_response'), q.sent_at, q.id, q.id,
       strftime('%Y-%m-%dT%H:%M:%S.000Z', q.sent_at, '1 hour'), a.sent_at, 'answered', a.id,
       CAST((julianday(a.sent_at) - julianday(q.sent_at)) * 28800 AS INTEGER), '{{}}'
  FROM cases AS c JOIN (SELECT 0 AS j UNION ALL SELECT 3 UNION ALL SELECT 6) AS j
  JOIN messages AS q ON q.id = (c.id - 1 + 8 * j.j) * 10 + j.j + 1
  JOIN messages AS a ON a.id = (c.id - 1 + 8 * (j.j + 2)) * 10 + j.j + 3;
INSERT INTO reply_verdicts (message_id, judged_at, text, model, language, deflection, promise,
       non_answer, flags, manners, evidence)
SELECT id, sent_at, '', 'benchmark', 'ru', 0.1, 0.1, 0.1,
       CASE id % 9 WHEN 0 THEN '["deflection"]' WHEN 1 THEN '["promise"]' WHEN 2 THEN '["non_answer"]'
            ELSE '[]' END,
       json_object('greeting', json(iif(id % 2, 'true', 'false')),
                   'thanks', json(iif(id % 3, 'true', 'false')), 'apology', json('false'),
                   'punctuation', json('true'), 'capitals', json(iif(id % 5, 'true', 'false')),
                   'due', iif(id % 7, '', 'apology')), '[]'
  FROM messages WHERE direction = 'outbound'
"""
_BY_SQL = """
SELECT c.network, count(*), avg(w.open_seconds)
  FROM waits AS w JOIN cases AS c ON c.id = w.case_id
 WHERE w.kind = 'first_response' AND w.since >= '2024-01-01' AND w.since < '2025-01-01'
 GROUP BY c.network
"""


def run() -> list[Figure]:
    """Measure, and return the figures."""
    with tempfile.TemporaryDirectory(prefix="inboxd-bench-") as folder:
        path = Path(folder) / "inboxd.db"
        shutil.copyfile(years.database(spacing=_SPACING), path)
        with Store(path) as store:
            _complete(store.database)
            figures = [*_kept(store)]
            figures += _whole(store, Path(folder), path)
    return figures


def _complete(db: sqlite3.Connection) -> None:
    """Add what the years' database has none of."""
    db.execute("BEGIN")
    for statement in _WAITS.split(";\n"):
        db.execute(statement.format())
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _kept(store: Store) -> Iterator[Figure]:
    """Measure making sheets, reading them, and taking up what a day has changed."""
    rules = shop.rules()
    basis = Basis(shop.office().timezone, rules.policies, "benchmark")
    days: list[int] = []
    making = seconds(lambda: days.append(store.sheets.refresh(basis)))
    reading = best(lambda: store.sheets.read(basis, *_YEAR), ROUNDS)
    one_figure = best(lambda: store.database.execute(_BY_SQL).fetchall(), ROUNDS)
    sheets = store.sheets.read(basis, *_YEAR)
    rows = [len(each) for each in (sheets.waits, sheets.cases, sheets.messages, sheets.replies)]
    assert rows[2] + rows[3] == _MESSAGES, f"{rows} are not all"
    yield Figure(
        f"report: sheets of {_MESSAGES:,} messages on {days[0]} days made for the first time",
        f"{making:.1f} s",
        f"{making / _MESSAGES * 1e5:.2f} s for 100,000 messages",
    )
    yield Figure(
        f"  a year read: {sum(rows):,} rows",
        f"{reading * 1e3:.0f} ms",
        f"{one_figure * 1e3:.0f} ms: one figure of it by SQL",
        reading / one_figure,
    )
    changed = best(lambda: _another_day(store, basis), ROUNDS)
    yield Figure("  the same when one of its days has changed", f"{changed * 1e3:.0f} ms")


def _another_day(store: Store, basis: Basis) -> None:
    """Let everything of a day be judged otherwise, and read the year."""
    day = (_YEAR[0] + timedelta(days=100)).isoformat()
    store.database.execute(
        "INSERT OR IGNORE INTO sheets_stale (hour) SELECT DISTINCT substr(sent_at, 1, 13) "
        "FROM messages WHERE substr(sent_at, 1, 13) LIKE ? || '%'",
        (day,),
    )
    store.sheets.refresh(basis, *_YEAR)
    store.sheets.read(basis, *_YEAR)


def _whole(store: Store, folder: Path, path: Path) -> Iterator[Figure]:
    """Measure the command: under other calendars than the sheets' first, and then as a rule."""
    config = folder / "config.toml"
    policies = "".join(_POLICY.format(kind=kind) for kind in Kind)
    config.write_text(shop.CONFIG.format(database=path) + policies, encoding="utf-8")
    command = [*INBOXD, "-c", str(config), "report", "--period", "2024", "--format", "json"]
    first = seconds(lambda: done(command, folder, _ENVIRONMENT))
    worked = _cpu_of_children()
    times = [seconds(lambda: done(command, folder, _ENVIRONMENT)) for _ in range(ROUNDS)]
    cpu = (_cpu_of_children() - worked) / ROUNDS
    start = best(lambda: done([*INBOXD, "--version"], folder, _ENVIRONMENT), ROUNDS)
    assert store.database.execute("SELECT count(*) FROM sheets_stale").fetchone() == (0,)
    yield Figure(
        "  `inboxd report --period 2024`, the command as a whole",
        f"{min(times):.2f} s",
        f"{first:.1f} s under other calendars, {start:.2f} s to start",
        goal=f"< {GOAL_SECONDS:g} s",
        met=min(times) < GOAL_SECONDS,
    )
    yield Figure("  in seconds of CPU, when the machine is busy", f"{cpu:.2f} s")


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
