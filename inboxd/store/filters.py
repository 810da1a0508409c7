"""Which cases a query wants and in which order, as SQL: counted, paged, and found again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from inboxd.core.queries import UNKNOWN, View
from inboxd.core.wording import containing
from inboxd.store.standing import SLEEPS, TAKEN_BY
from inboxd.store.times import to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from inboxd.core.queries import Query

_SOON = timedelta(hours=1)

_ASLEEP = (
    "SELECT c.id FROM cases AS c INDEXED BY cases_snoozed WHERE c.status = 'waiting' "  # noqa: S608 - a constant
    f"AND c.snoozed_until > :now AND {SLEEPS}"
)
_AWAKE = (
    "c.status = 'waiting' AND "
    f"(c.snoozed_until IS NULL OR c.snoozed_until <= :now OR c.id NOT IN ({_ASLEEP}))"
)
_PROMISING = "SELECT case_id FROM waits WHERE kind = 'promise' AND ended_at IS NULL"
_OF_THESE: Mapping[View, str] = {
    View.WAITING: "1",
    View.DUE: "c.due_at > :now AND c.due_at <= :soon",
    View.BREACHED: "c.due_at <= :now",
    View.MINE: f"(c.assigned_to = :me OR (c.acknowledged_by = :me AND {TAKEN_BY} = :me))",
    View.PUBLIC: "c.public",
}
"""The views of those who wait and are awake, which are counted at one go."""
_WHERE: Mapping[View, str] = {
    View.PROMISES: f"c.status = 'waiting' AND c.id IN ({_PROMISING})",
    View.SNOOZED: f"c.status = 'waiting' AND c.snoozed_until > :now AND {SLEEPS}",
    View.ANSWERED: "c.status = 'answered'",
    View.CLOSED: "c.status IN ('resolved', 'closed')",
    View.ALL: "1",
    **{view: f"{_AWAKE} AND {more}" for view, more in _OF_THESE.items()},
}


class _Order(NamedTuple):
    """An order: by *first*, empty ones last, then by the *rest*, all up or all down."""

    first: str
    rest: str
    down: bool = False

    def by(self, *, backwards: bool = False) -> str:
        """Return the order, or the opposite one, as SQL."""
        down = self.down is not backwards
        way = " DESC" if down else ""
        empty = "FIRST" if backwards else "LAST"
        rest = ", ".join(f"c.{name}{way}" for name in self.rest.split(", "))
        return f"c.{self.first}{way} NULLS {empty}, {rest}"

    def before(self, first: object) -> str:
        """Return which cases come before the one whose keys are bound; *first* is its first key."""
        sign = ">" if self.down else "<"
        names = ", ".join(f"c.{name}" for name in self.rest.split(", "))
        rest = ", ".join(f":key_{name}" for name in self.rest.split(", "))
        if first is None:
            return f"(c.{self.first} IS NOT NULL OR ({names}) {sign} ({rest}))"
        return f"(c.{self.first}, {names}) {sign} (:key_{self.first}, {rest})"


_DUE = _Order("due_at", "waiting_since, id")
_ORDER: Mapping[View, _Order] = {
    View.SNOOZED: _Order("snoozed_until", "id"),
    View.ANSWERED: _Order("answered_at", "id", down=True),
    View.CLOSED: _Order("ended_at", "id", down=True),
    View.ALL: _Order("opened_at", "id", down=True),
}


def counts(db: sqlite3.Connection, me: str, now: datetime) -> dict[View, int]:
    """Return how many cases *me* sees in each view at *now*."""
    values = _instants(now) | {"me": me}
    each = ", ".join(f"count(*) FILTER (WHERE {more})" for more in _OF_THESE.values())
    (row,) = db.execute(f"SELECT {each} FROM cases AS c WHERE {_AWAKE}", values)  # noqa: S608 - constants
    awake = dict(zip(_OF_THESE, row, strict=True))
    return {
        view: awake[view] if view in awake else Filter(now, _WHERE[view], values, _DUE).count(db)
        for view in View
    }


def _instants(now: datetime) -> dict[str, object]:
    return {"now": to_text(now), "soon": to_text(now + _SOON)}


@dataclass(frozen=True, slots=True)
class Filter:
    """A query as SQL: *where* a case ``c`` passes, with its *values*, and the *order*."""

    now: datetime
    where: str
    values: Mapping[str, object]
    order: _Order

    @classmethod
    def of(cls, db: sqlite3.Connection, query: Query, me: str, now: datetime) -> Filter:
        """Return which cases *query* of *me* wants at *now*, whatever its words."""
        values = _instants(now) | {"me": me}
        where = [
            _WHERE[query.view],
            *_matching(query, values),
            *_assigned(db, query, values),
            *_written(db, query, values),
        ]
        order = _ORDER.get(query.view, _DUE)
        return cls(now, " AND ".join(where), values, order)

    def count(self, db: sqlite3.Connection) -> int:
        """Return how many cases pass."""
        (count,) = db.execute(
            f"SELECT count(*) FROM cases AS c WHERE {self.where}",  # noqa: S608 - from constants
            self.values,
        ).fetchone()
        return int(count)

    def ids(
        self, db: sqlite3.Connection, offset: int, limit: int, *, backwards: bool = False
    ) -> list[int]:
        """Return *limit* of the cases that pass, from *offset* on; *backwards*, the last come first."""
        rows = db.execute(
            f"SELECT c.id FROM cases AS c WHERE {self.where} "  # noqa: S608 - from constants
            f"ORDER BY {self.order.by(backwards=backwards)} LIMIT :limit OFFSET :offset",
            {**self.values, "limit": limit, "offset": offset},
        )
        return [number for (number,) in rows]

    def among(self, db: sqlite3.Connection, cases: Collection[int]) -> set[int]:
        """Return which of *cases* pass."""
        rows = db.execute(
            "SELECT c.id FROM json_each(:cases) AS n CROSS JOIN cases AS c ON c.id = n.value "  # noqa: S608 - from constants
            f"WHERE {self.where}",
            {**self.values, "cases": json.dumps(list(cases))},
        )
        return {number for (number,) in rows}

    def place(self, db: sqlite3.Connection, case: int) -> int | None:
        """Return how many cases come before *case*, None if it does not pass."""
        keys = f"{self.order.first}, {self.order.rest}"
        row = db.execute(
            f"SELECT {keys} FROM cases AS c WHERE c.id = :case AND {self.where}",  # noqa: S608 - from constants
            {**self.values, "case": case},
        ).fetchone()
        if row is None:
            return None
        bound = {f"key_{name}": key for name, key in zip(keys.split(", "), row, strict=True)}
        (place,) = db.execute(
            "SELECT count(*) FROM cases AS c "  # noqa: S608 - from constants
            f"WHERE {self.where} AND {self.order.before(row[0])}",
            {**self.values, **bound},
        ).fetchone()
        return int(place)


def _matching(query: Query, values: dict[str, object]) -> Iterator[str]:
    """Yield what the facts of a case must be."""
    match = query.match
    for column in ("account", "network", "stream", "kind", "urgency", "language"):
        if allowed := getattr(match, column):
            yield _is_one_of(column, allowed, values)
    if match.topic:
        names = _bound("topic", (f'"{topic}"' for topic in sorted(match.topic)), values)
        yield f"({' OR '.join(f'instr(c.topics, {name})' for name in names)})"
    if match.public is not None:
        yield "c.public" if match.public else "NOT c.public"


def _written(db: sqlite3.Connection, query: Query, values: dict[str, object]) -> Iterator[str]:
    """
    Yield who must have written: looked up once, for a list is counted and paged many times.

    SQLite's LIKE knows the capitals of English alone, its GLOB none, but alternatives.
    """
    if query.match.min_followers:
        found = db.execute(_WROTE.format("a.followers >= ?"), (query.match.min_followers,))
        values["followed"] = found.fetchone()[0]
        yield "c.conversation_id IN (SELECT value FROM json_each(:followed))"
    if query.author:
        how, wanted = containing(query.author)
        names = f"(a.name {how} :name OR a.handle {how} :name)"
        values["written"] = db.execute(_WROTE.format(names), {"name": wanted}).fetchone()[0]
        yield "c.conversation_id IN (SELECT value FROM json_each(:written))"


def _is_one_of(column: str, allowed: frozenset[str], values: dict[str, object]) -> str:
    names = _bound(column, sorted(allowed), values)
    # Without need, an expression in the place of a column would cost time.
    tested = (
        f"coalesce(nullif(c.{column}, ''), '{UNKNOWN}')" if UNKNOWN in allowed else f"c.{column}"
    )
    return f"{tested} IN ({', '.join(names)})"


def _bound(name: str, wanted: Iterator[str] | list[str], values: dict[str, object]) -> list[str]:
    """Bind each of *wanted*, and return how SQL names them."""
    bound = {f"{name}_{number}": each for number, each in enumerate(wanted)}
    values.update(bound)
    return [f":{each}" for each in bound]


_WROTE = (
    "SELECT json_group_array(DISTINCT m.conversation_id) FROM authors AS a "
    "CROSS JOIN messages AS m ON m.author_id = a.id AND m.direction = 'inbound' WHERE {}"
)
_ASSIGNEES = """
WITH RECURSIVE names (name) AS (
    SELECT min(assigned_to) FROM cases WHERE assigned_to <> ''
    UNION ALL
    SELECT (SELECT min(assigned_to) FROM cases WHERE assigned_to <> '' AND assigned_to > name)
      FROM names WHERE name IS NOT NULL)
SELECT name FROM names WHERE name IS NOT NULL
"""
"""Who has ever been given a case that is still theirs, from one step in the index each."""


def _assigned(db: sqlite3.Connection, query: Query, values: dict[str, object]) -> Iterator[str]:
    """Yield whose a case must be: SQLite knows the capitals of English alone."""
    if not query.assigned_to:
        return
    wanted = query.assigned_to.casefold()
    names = [name for (name,) in db.execute(_ASSIGNEES) if name.casefold() == wanted]
    yield f"c.assigned_to IN ({', '.join(_bound('assigned', names, values))})"
