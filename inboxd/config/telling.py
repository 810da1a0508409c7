"""``[spikes]``, ``[[digests]]``, ``[[reports]]``: what is told of many customers at once, as written."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from inboxd.config.fields import STRICT, TimeOfDay, Zone
from inboxd.config.policies import FilterSettings
from inboxd.connector import Duration, Name
from inboxd.core.cron import Cron
from inboxd.core.digest import Digest
from inboxd.core.reports import Report, checked_period
from inboxd.core.scorecard.periods import LAST_WEEK
from inboxd.core.spikes import Spikes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from inboxd.core.hours import OpeningHours

_SHORTEST_WINDOW = timedelta(minutes=10)
_LONGEST_WINDOW = timedelta(hours=6)
Sinks = Annotated[tuple[str, ...], Field(min_length=1)]


def _a_window(value: timedelta) -> timedelta:
    if not _SHORTEST_WINDOW <= value <= _LONGEST_WINDOW:
        raise ValueError("must be between 10m and 6h: it is held against the same time of a week")
    return value


class SpikeSettings(BaseModel):
    """``[spikes]``: when complaints on one topic are told as one."""

    model_config = STRICT

    to: Sinks
    """The sinks that are told."""
    at_least: int = Field(default=10, ge=3, le=10_000)
    """Fewer customers than this are never a spike."""
    factor: float = Field(default=3.0, ge=1.5, le=100)
    """Nor are fewer than so many times the usual."""
    window: Annotated[Duration, AfterValidator(_a_window)] = timedelta(hours=1)
    """In what time."""

    @property
    def rule(self) -> Spikes:
        """Return it as it is applied."""
        return Spikes(tuple(dict.fromkeys(self.to)), self.at_least, self.factor, self.window)


class DigestSettings(BaseModel):
    """``[[digests]]``: what is told once a day of how everything stands."""

    model_config = STRICT

    name: Name
    """What it is called in its headline."""
    at: TimeOfDay
    """When, in the time zone of its calendar, or in that of ``[inboxd]``."""
    to: Sinks
    """The sinks that get it."""
    calendar: str | None = None
    """Only on days on which this is open."""

    def digest(self, calendars: Mapping[str, OpeningHours], timezone: tzinfo) -> Digest:
        """Return it as it is applied."""
        hours = calendars.get(self.calendar) if self.calendar else None
        zone = hours.timezone if hours else timezone
        return Digest(self.name, self.at, tuple(dict.fromkeys(self.to)), zone, hours)


def _cron(value: str) -> str:
    try:
        return Cron.parse(value, UTC).expression
    except ValueError as error:
        raise ValueError(f"{value!r}: {error}") from None


class ReportSettings(BaseModel):
    """``[[reports]]``: a scorecard that goes out by itself."""

    model_config = STRICT

    name: Name
    """What it is called in its headline."""
    cron: Annotated[str, AfterValidator(_cron)]
    """
    When: minute, hour, day of the month, month, day of the week, as cron has them (0 and 7 are
    Sunday). One that was missed is sent later, but no more than a day.
    """
    to: Sinks
    """The sinks that get it."""
    timezone: Zone | None = None
    """On whose clocks; if it is not given, on those of ``[inboxd]``."""
    period: Annotated[str, AfterValidator(checked_period)] = LAST_WEEK
    """
    Of which days, in the time zone of ``[inboxd]``: ``last-week``, ``last-month``,
    ``last-quarter``, ``last-year``, ``yesterday``, ``today``, or so many up to today (``7d``).
    """
    compare: Literal["previous", "none"] = "previous"
    """Whether it says what has changed since the period before."""
    match: FilterSettings = FilterSettings()
    """
    What it is of; without it, of everything. Keys and values are those of a policy's ``match``,
    but for ``min_followers``.
    """

    def report(self, timezone: tzinfo) -> Report:
        """Return it as it is applied."""
        return Report(
            self.name,
            Cron.parse(self.cron, self.timezone or timezone),
            tuple(dict.fromkeys(self.to)),
            self.period,
            self.compare == "previous",
            self.match.match(),
        )
