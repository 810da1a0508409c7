"""Facts told apart by a dimension: each table is sorted once, and each part is a slice of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.columns import KINDS, STREAMS, TOPICS, URGENCIES
from inboxd.core.scorecard.facts import TABLES
from inboxd.core.scorecard.selecting import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from inboxd.core.scorecard.columns import Sheets
    from inboxd.core.scorecard.facts import Facts

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS: Final = tuple(f"{day} {hour:02}:00" for day in _WEEKDAYS for hour in range(24))
Codes = Mapping[str, "NDArray[np.integer]"]
"""The number of the part that each row of a table is in, by table."""


@dataclass(frozen=True, slots=True)
class Parting:
    """The names of the parts, and in which one each row is."""

    names: Sequence[str]
    codes: Codes


def split(facts: Facts, parting: Parting) -> Iterator[tuple[str, Facts]]:
    """Yield each part by its name, those without any row as well."""
    return zip(parting.names, split_by(facts, parting.codes, len(parting.names)), strict=True)


def split_by(facts: Facts, codes: Codes, count: int) -> Iterator[Facts]:
    """Yield *count* parts; tables that *codes* does not name have no row in any."""
    nothing = {table: type(getattr(facts, table))() for table in TABLES if table not in codes}
    parts = {table: getattr(facts, table).split(number, count) for table, number in codes.items()}
    for slices in zip(*parts.values(), strict=True):
        # A part is told apart no further: it needs none of the sheets' own rows.
        yield replace(facts, **nothing, **dict(zip(parts, slices, strict=True)), raw={})


def by_topic(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Yield the facts of each topic; what has two of them is in both."""
    bits = {
        table: np.ascontiguousarray(column) for table, column in _column(facts, "topics").items()
    }
    for place, topic in enumerate(TOPICS):
        bit = np.uint32(1 << place)
        rows = {table: getattr(facts, table).where((bits[table] & bit) > 0) for table in TABLES}
        yield topic.value, replace(facts, **rows, raw={})


def by_stream(facts: Facts, _: Sheets) -> Parting:
    """Return the parting by stream."""
    return Parting([stream.value for stream in STREAMS], _column(facts, "stream"))


def by_kind(facts: Facts, _: Sheets) -> Parting:
    """Return the parting by kind, complaints first."""
    return Parting([str(kind) or UNKNOWN for kind in KINDS], _column(facts, "kind"))


def by_urgency(facts: Facts, _: Sheets) -> Parting:
    """Return the parting by urgency."""
    return Parting([str(urgency) or UNKNOWN for urgency in URGENCIES], _column(facts, "urgency"))


def by_hour(facts: Facts, _: Sheets) -> Parting:
    """Return the parting by the hour of the local week."""
    return Parting(HOURS, _column(facts, "hour"))


def by_account(facts: Facts, sheets: Sheets) -> Parting:
    """Return the parting by account."""
    return Parting(sheets.accounts, _column(facts, "account"))


def by_network(facts: Facts, sheets: Sheets) -> Parting:
    """Return the parting by network."""
    names = list(dict.fromkeys(sheets.networks))
    of_account = np.array([names.index(network) for network in sheets.networks], np.uint16)
    return Parting(names, _mapped(_column(facts, "account"), lambda codes: of_account[codes]))


def by_language(facts: Facts, _: Sheets) -> Parting:
    """Return the parting by language."""
    # Eight bytes are a number, and numbers are sorted ten times as fast.
    numbers = {
        table: np.ascontiguousarray(column).view(np.uint64)
        for table, column in _column(facts, "language").items()
    }
    there_are = np.unique(np.concatenate([np.unique(each) for each in numbers.values()]))
    names = [code.decode("ascii", "replace") or UNKNOWN for code in there_are.view("S8").tolist()]
    return Parting(names, _mapped(numbers, lambda codes: np.searchsorted(there_are, codes)))


def by_staff(facts: Facts, sheets: Sheets) -> Parting:
    """Return the parting by member of staff; one without a name, or two of one, are told apart."""
    columns = _column(facts, "staff")
    there_are = np.unique(np.concatenate([np.unique(each) for each in columns.values()]))
    names: list[str] = []
    for number in there_are.tolist():
        name = sheets.staff.get(number, f"#{number}") if number else UNKNOWN
        names.append(f"{name} (#{number})" if name in names else name)
    return Parting(names, _mapped(columns, lambda codes: np.searchsorted(there_are, codes)))


def _column(facts: Facts, name: str) -> Codes:
    return {table: facts.raw[table][name] for table in TABLES}


def _mapped(columns: Codes, convert: Callable[[NDArray[np.integer]], NDArray[np.integer]]) -> Codes:
    """Return *columns* as small numbers, which are sorted in one go."""
    return {table: convert(column).astype(np.uint16) for table, column in columns.items()}
