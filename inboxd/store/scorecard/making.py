"""Turning what happened on a day into the arrays of its sheets."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from inboxd import __version__
from inboxd.core.scorecard import columns
from inboxd.core.scorecard.mark import graded_columns
from inboxd.errors import OperatorError
from inboxd.store.repeats import Repeats
from inboxd.store.scorecard import queries
from inboxd.store.scorecard.days import QUARTER, Day, hour_of, instant, milliseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from inboxd.core.scorecard.basis import Basis
    from inboxd.store.scorecard.names import Names

    Array = NDArray[Any]
    Columns = Sequence[Sequence[Any]]

TYPES: Final[Mapping[str, np.dtype[np.void]]] = {
    "waits": columns.WAITS,
    "cases": columns.CASES,
    "messages": columns.MESSAGES,
    "replies": columns.REPLIES,
}
"""The subjects, each with the type of its sheet."""
QUERIES: Final = {
    "waits": queries.WAITS,
    "cases": queries.CASES,
    "messages": queries.MESSAGES,
    "replies": queries.REPLIES,
}
_MEASURED = ("waits", "cases")
"""The subjects with business time in them, which other calendars make another."""
_BITS = {str(topic): 1 << place for place, topic in enumerate(columns.TOPICS)}
_SHARED = 10
"""So many columns each query begins with."""
_QUARTER_MS = QUARTER.seconds * 1_000
_NEVER = "1969-12-31T23:59:59.999"
"""The instant that is `columns.NEVER`."""


def made_by(subject: str, basis: Basis) -> str:
    """Return what changes when a sheet of *subject* would be another: whatever is in it but facts."""
    meant = (
        *(__version__, QUERIES[subject], TYPES[subject].descr, str(basis.timezone)),
        *(columns.STREAMS, columns.KINDS, columns.URGENCIES, columns.TOPICS, columns.WAIT_KINDS),
        *(columns.OUTCOMES, columns.STATUSES, columns.PARTS),
        basis.fingerprint if subject in _MEASURED else "",
    )
    return hashlib.sha256(repr(meant).encode()).hexdigest()[:16]


class Maker:
    """Makes sheets from what the database says at this moment."""

    def __init__(self, connection: sqlite3.Connection, basis: Basis, names: Names) -> None:
        self._db = connection
        self._basis = basis
        self._names = names
        self._repeats = Repeats(connection)
        self._topics: dict[str | None, int] = {None: 0}
        self._codes = {
            "stream": _codes(columns.STREAMS),
            "kind": _codes(columns.KINDS),
            "urgency": _codes(columns.URGENCIES),
            "wait": _codes(columns.WAIT_KINDS),
            "outcome": _codes(columns.OUTCOMES),
            "status": _codes(columns.STATUSES),
        }

    def make(self, subject: str, day: Day) -> Array:
        """Return the sheet of *subject* on a day."""
        begins, ends = day.bounds
        span = {
            "begins": begins,
            "ends": ends,
            "first": hour_of(day.begins),
            "last": hour_of(day.ends),
        }
        rows = self._db.execute(QUERIES[subject], span).fetchall()
        sheet = np.zeros(len(rows), TYPES[subject])
        if rows:
            values = list(zip(*rows, strict=True))
            began = self._tell_apart(sheet, day, values[:_SHARED])
            fill: Callable[[Array, Array, Columns], None] = getattr(self, f"_fill_{subject}")
            fill(sheet, began, values[_SHARED:])
        if subject == "messages":
            sheet["day"] = day.local.toordinal()
        return sheet

    def _tell_apart(self, sheet: Array, day: Day, values: Columns) -> Array:
        """Fill the columns that all sheets have; returns when each row began."""
        accounts, networks, streams, public, kinds, topics, languages, urgencies, at, who = values
        began = _instants(at)
        sheet["account"] = [self._names.account(p) for p in zip(accounts, networks, strict=True)]
        sheet["stream"] = self._coded("stream", streams)
        sheet["public"] = public
        sheet["kind"] = self._coded("kind", kinds)
        sheet["topics"] = [self._bits(text) for text in topics]
        sheet["language"] = [_language(text) for text in languages]
        sheet["urgency"] = self._coded("urgency", urgencies)
        hours = np.array(day.hours_of_week(self._basis.timezone), np.uint8)
        sheet["hour"] = hours[(began - milliseconds(day.begins)) // _QUARTER_MS]
        sheet["staff"] = [self._names.person(name) for name in who]
        return began

    def _fill_waits(self, sheet: Array, began: Array, values: Columns) -> None:
        (
            _, kinds, cases, authors, due, ended, outcomes, seconds, policies, seen, answers, flags,
            manners, history,
        ) = values  # fmt: skip
        sheet["wait"] = self._coded("wait", kinds)
        sheet["case"] = cases
        sheet["author"] = _numbers(authors)
        sheet["since"] = began
        sheet["due"] = _instants(due)
        sheet["ended"] = _instants(ended)
        sheet["outcome"] = self._coded("outcome", outcomes)
        sheet["business"] = _maybe(seconds)
        sheet["lag"] = _lags(began, _instants(seen))
        sheet["seen_due"] = self._dues_if_seen(sheet, policies, _instants(seen))
        sheet["answer"] = _numbers(answers)
        _grade(sheet, flags, manners, ("judged", "deflection", "non_answer", "mark"))
        sheet["history"] = _flags(history)

    def _fill_cases(self, sheet: Array, began: Array, values: Columns) -> None:
        cases, ended, status, policies, answers, reopened, deflected, by_answer = values
        sheet["case"] = cases
        sheet["opened"] = began
        sheet["ended"] = _instants(ended)
        sheet["status"] = self._coded("status", status)
        spans = zip(policies, began.tolist(), sheet["ended"].tolist(), strict=True)
        sheet["business"] = _maybe([self._seconds(*span) for span in spans])
        sheet["answers"] = np.minimum(answers, np.iinfo(np.uint16).max)
        sheet["reopened"] = reopened
        sheet["deflected"] = deflected
        sheet["by_answer"] = by_answer

    def _fill_messages(self, sheet: Array, began: Array, values: Columns) -> None:
        _, counts, authors, seen, deleted, history, hold = values
        sheet["count"] = counts
        sheet["author"] = _numbers(authors)
        sheet["lag"] = _lags(began, _instants(seen))
        sheet["deleted"] = deleted
        sheet["history"] = _flags(history)
        sheet["hold"] = _flags(hold)

    def _fill_replies(self, sheet: Array, _began: Array, values: Columns) -> None:
        numbers, automatic, flags, manners = values
        machines = self._repeats.among(numbers)
        pairs = zip(numbers, automatic, strict=True)
        sheet["message"] = numbers
        sheet["automatic"] = [bool(known) or number in machines for number, known in pairs]
        graded = ("judged", "deflection", "promise", "non_answer", "parts", "mark")
        _grade(sheet, flags, manners, graded)

    def _dues_if_seen(self, sheet: Array, policies: Sequence[str | None], seen: Array) -> list[int]:
        """Return the column seen_due: worked out only of what can be late, for it takes its time."""
        was_late = (sheet["ended"] == columns.NEVER) | (sheet["ended"] > sheet["due"])
        matters = was_late & (sheet["due"] != columns.NEVER) & (seen != columns.NEVER)
        found: list[int] = np.where(sheet["due"] == columns.NEVER, columns.NEVER, 0).tolist()
        for row in np.flatnonzero(matters).tolist():
            since, due, came = (
                instant(int(x)) for x in (sheet["since"][row], sheet["due"][row], seen[row])
            )
            moved = self._basis.due(policies[row], since, due, came)
            found[row] = 0 if moved is None else milliseconds(moved)
        return found

    def _seconds(self, policy: str | None, since: int, until: int) -> float | None:
        if until == columns.NEVER:
            return None
        return self._basis.seconds(policy, instant(since), instant(until))

    def _coded(self, name: str, values: Iterable[str | None]) -> list[int]:
        codes = self._codes[name]
        with _sensible(name):
            return [codes[value] for value in values]

    def _bits(self, text: str | None) -> int:
        """Return a JSON list of topics as the bits of a number."""
        bits = self._topics.get(text)
        if bits is None:
            with _sensible("topics"):
                bits = sum(_BITS[topic] for topic in {*json.loads(text or "[]")})
            self._topics[text] = bits
        return bits


@contextmanager
def _sensible(what: str) -> Iterator[None]:
    """
    Raise OperatorError where what stands in a column is nothing that inboxd writes there.

    No DatabaseDamaged: the file can be written to, and the daemon need not stop for a report.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise OperatorError(
            f"the database makes no sense where it says {what} ({error}): restore a backup, or put "
            "that right with the sqlite3 program"
        ) from error


def _codes(words: Sequence[str]) -> dict[str | None, int]:
    """Return the number of each word; None is the first."""
    return {None: 0, **{str(word): number for number, word in enumerate(words)}}


def _language(text: str | None) -> bytes:
    return (text or "").encode("ascii", "ignore")[:8]


def _instants(texts: Sequence[str | None]) -> Array:
    """Return instants as milliseconds, `columns.NEVER` for None."""
    cut = [_NEVER if text is None else text[:23] for text in texts]
    with _sensible("when something happened"):
        return np.array(cut, "M8[ms]").astype("i8")


def _numbers(values: Sequence[int | None]) -> list[int]:
    return [columns.NEVER if value is None else value for value in values]


def _flags(values: Sequence[int | None]) -> list[bool]:
    return [bool(value) for value in values]


def _maybe(values: Sequence[float | None]) -> Array:
    """Return numbers, nan for None."""
    return np.array(values, "f8")


def _lags(sent: Array, seen: Array) -> Array:
    """Return the seconds from *sent* to *seen*, nan where it is not known when that was."""
    return np.where(seen == columns.NEVER, np.nan, (seen - sent) / 1_000)


def _grade(
    sheet: Array,
    flags: Sequence[str | None],
    manners: Sequence[str | None],
    wanted: Sequence[str],
) -> None:
    """Fill the *wanted* columns that say how a reply was judged."""
    with _sensible("how a reply was judged"):
        grades = [graded_columns(*pair) for pair in zip(flags, manners, strict=True)]
    for name in wanted:
        sheet[name] = [getattr(grade, name) for grade in grades]
