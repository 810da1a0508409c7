"""Of which rows a scorecard is: filters as masks over the sheets."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from inboxd.core.scorecard.columns import KINDS, STREAMS, TOPICS, URGENCIES
from inboxd.core.scorecard.weekhours import hours_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from inboxd.core.scorecard.columns import Sheets

UNKNOWN = "unknown"
"""As the value of a filter or a row: it was not judged, or the network does not say."""


@dataclass(frozen=True, slots=True)
class Filters:
    """
    What is asked for of each dimension: one of the values named; everything if none is.

    They are the words of the configuration; for kind, urgency, language and staff ``unknown`` is
    one as well. *hours* are those of :mod:`inboxd.core.scorecard.weekhours`, by when a row began.
    *public*: None for both.
    """

    account: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    stream: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    urgency: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    public: bool | None = None

    def in_words(self) -> Mapping[str, Sequence[str]]:
        """Return those that are set, by name."""
        said = {name: value for name, value in self._named() if value}
        if self.public is not None:
            said["public"] = ("yes" if self.public else "no",)
        return said

    def applied(self, sheets: Sheets) -> Sheets:
        """Return the rows of *sheets* that are asked for."""
        if self == Filters():
            return sheets
        tables = (sheets.waits, sheets.cases, sheets.messages, sheets.replies)
        waits, cases, messages, replies = (rows[self._mask(rows, sheets)] for rows in tables)
        return replace(sheets, waits=waits, cases=cases, messages=messages, replies=replies)

    def names(self, account: str, network: str) -> bool:
        """Tell whether an account is asked for."""
        named = not self.account or account in self.account
        return named and (not self.network or network in self.network)

    def among(self, accounts: Iterable[str], sheets: Sheets) -> tuple[str, ...]:
        """Return which of *accounts* are asked for; of one without a row the network is unknown."""
        networks = dict(zip(sheets.accounts, sheets.networks, strict=True))
        return tuple(
            account
            for account in accounts
            if self.names(account, networks.get(account, "".join(self.network[:1])))
        )

    @property
    def of_more_than_topics(self) -> bool:
        """Tell whether anything but topics is asked for."""
        return replace(self, topic=()) != Filters()

    def _named(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, tuple):
                yield each.name, value

    def _mask(self, rows: NDArray[np.void], sheets: Sheets) -> NDArray[np.bool_]:
        mask = np.ones(rows.size, np.bool_)
        for column, wanted in self._wanted(sheets):
            mask &= np.isin(rows[column], wanted)
        if self.topic:
            bits = sum(1 << place for place, topic in enumerate(TOPICS) if topic in self.topic)
            mask &= (rows["topics"] & np.uint32(bits)) != 0
        if self.public is not None:
            mask &= rows["public"] == self.public
        return mask

    def _wanted(self, sheets: Sheets) -> Iterator[tuple[str, NDArray[np.generic]]]:
        """Yield each column that is filtered by, with the values that pass."""
        if self.account or self.network:
            accounts = zip(sheets.accounts, sheets.networks, strict=True)
            passing = [place for place, each in enumerate(accounts) if self.names(*each)]
            yield "account", np.array(passing, np.uint16)
        for column, values, wanted in (
            ("stream", STREAMS, self.stream),
            ("kind", KINDS, self.kind),
            ("urgency", URGENCIES, self.urgency),
        ):
            if wanted:
                yield column, _places(values, wanted)
        if self.language:
            yield "language", np.array([_code(each) for each in self.language], "S8")
        if self.staff:
            numbers = [number for number, name in sheets.staff.items() if name in self.staff]
            numbers += [0] * (UNKNOWN in self.staff)
            yield "staff", np.array(numbers, np.int32)
        if self.hours:
            yield "hour", np.array(sorted(frozenset().union(*map(hours_of, self.hours))), np.uint8)


def _places(values: Sequence[str], wanted: Sequence[str]) -> NDArray[np.uint8]:
    places = [place for place, value in enumerate(values) if (value or UNKNOWN) in wanted]
    return np.array(places, np.uint8)


def _code(language: str) -> bytes:
    return b"" if language == UNKNOWN else language.encode()
