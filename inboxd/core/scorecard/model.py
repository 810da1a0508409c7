"""What a scorecard is made of: figures with what they rest on, and how sure one can be of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inboxd.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime, tzinfo


class Unit(StrEnum):
    """What a figure counts."""

    COUNT = "count"
    SHARE = "share"
    """From 0 to 1."""
    SECONDS = "seconds"
    """On the clock on the wall."""
    OPEN_SECONDS = "open_seconds"
    """Of business time: seconds in which the shop was open."""
    MARK = "mark"
    """From 0 to 5."""


class Better(StrEnum):
    """Which way a figure should go."""

    MORE = "more"
    LESS = "less"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """The target of the service level: that *share* of customers is answered *within*."""

    share: float = 0.8
    within: timedelta = timedelta(minutes=30)

    def __str__(self) -> str:
        """Return it as one says it: ``80 % within 30m``."""
        return f"{self.share * 100:g} % within {format_duration(self.within)}"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """
    What a published study found, to stand beside a figure.

    *value* is in the figure's unit, *source* who published it, *sample* of what, *year* 0 where
    it was not said. *caveat* says how it differs from what we count.
    """

    value: float
    text: str
    source: str
    sample: str = ""
    year: int = 0
    caveat: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One figure. Its *key* is what JSON, CSV and docs/figures.md call it.

    *value* is None where it is unknown, never 0 for that; *why* then says why. *of* is how many
    cases, waits, replies … it rests on (of a share, the denominator). *low* and *high* are the
    bounds of its 95 % interval, None where it is a full count or nothing can be said. *means* is
    in a sentence what it counts, as docs/figures.md has it at length.
    """

    key: str
    label: str
    unit: Unit
    value: float | None
    of: int | None = None
    low: float | None = None
    high: float | None = None
    better: Better = Better.NEITHER
    why: str = ""
    before: float | None = None
    """The same figure in the period that it is compared with; None: unknown, or not asked for."""
    target: float | None = None
    benchmarks: tuple[Benchmark, ...] = ()
    means: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Figures that belong together, under one heading."""

    key: str
    title: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """
    The same few figures for each value of one dimension (*key*: ``network``, ``topic``, …).

    Rows are in the order in which they are to be shown; a message with two topics counts in
    both rows, so that those of topics do not add up to the whole, which *note* says.
    """

    key: str
    title: str
    rows: Mapping[str, tuple[Figure, ...]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One of the topics that cost customers most.

    *weight* orders them: frequency × slowness × reopening, each beside the whole. *before* is
    its rank in the period before, None if it had none.
    """

    topic: str
    weight: float
    contacts: Figure
    first_response: Figure
    unanswered: Figure
    reopened: Figure
    complaints: Figure
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One day (or week) of the period, for the plots; None is what is unknown."""

    begins: date
    messages: int
    complaints: int
    answered: float | None
    first_response: float | None
    """The median in seconds of business time."""
    blind: bool = False
    """Whether a source of an account was not read during a part of it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A span in which a source was not read, and whether what happened in it came later."""

    account: str
    source: str
    began_at: datetime
    ended_at: datetime | None
    reason: str
    mended: bool


@dataclass(frozen=True, slots=True)
class Period:
    """
    Whole days of *timezone* from *since* up to and without *until*.

    *months* is how many calendar months it is, 0 of what was asked for in days or weeks: before a
    month comes a month, before 30 days come 30 days.
    """

    since: date
    until: date
    timezone: tzinfo
    months: int = 0

    @property
    def days(self) -> int:
        """How many."""
        return (self.until - self.since).days


@dataclass(frozen=True, slots=True)
class Rival:
    """What is public of somebody else's account, by the same rules: never all that they answer."""

    name: str
    network: str
    figures: tuple[Figure, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scorecard:
    """
    How well a shop answered in a period, as known at *written_at*.

    *gaps* and *caveats* belong to its top: what the figures do not know. *days* are for the
    plots, *week* the contacts of each hour of the week (168, from Monday 0:00) and the share of
    them that was answered in time.
    """

    period: Period
    compared: Period | None
    accounts: tuple[str, ...]
    written_at: datetime
    filters: Mapping[str, Sequence[str]]
    sections: tuple[Section, ...]
    breakdowns: tuple[Breakdown, ...]
    problems: tuple[Problem, ...]
    days: tuple[Day, ...]
    week: tuple[tuple[int, float | None], ...]
    gaps: tuple[Gap, ...]
    caveats: tuple[str, ...]
    rivals: tuple[Rival, ...] = ()
