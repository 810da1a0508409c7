"""Reports that go out by themselves: when one is due, and of which days it is. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from inboxd.core.policies import Match
from inboxd.core.scorecard.periods import LAST_WEEK, RELATIVE, parse_period

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

    from inboxd.core.cron import Cron
    from inboxd.core.scorecard.model import Period

EVERYTHING: Final = Match()
LATE_FOR: Final = timedelta(days=1)
"""How late a report may come; the next one tells better what is older."""
_DAYS = re.compile(r"[1-9][0-9]{0,2}d")
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Report:
    """A scorecard of *period* that is told to sinks when *cron* says; *match* is what it is of."""

    name: str
    cron: Cron
    to: tuple[str, ...]
    period: str = LAST_WEEK
    compares: bool = True
    match: Match = EVERYTHING

    @property
    def schedule(self) -> str:
        """What makes it another schedule if it changes: only by the same one something is missed."""
        return f"{self.cron.expression} {self.cron.timezone}"

    def key(self, due: datetime) -> str:
        """Return what the report that was *due* then is known by, for ever."""
        return f"report:{self.name}/{due:%Y-%m-%dT%H:%MZ}"

    def due(self, now: datetime) -> datetime | None:
        """Return when the last one fell due that may still be told at *now*, if there is any."""
        return self.cron.last_until(now, LATE_FOR)


def checked_period(text: str) -> str:
    """Return *text* if it names other days each time; raises ValueError."""
    if text not in RELATIVE and not _DAYS.fullmatch(text):
        raise ValueError(
            f"{text!r} is no period that moves on; there are: {', '.join(RELATIVE)}, and 7d, 30d …"
        )
    return text


def days_of(period: str, due: datetime, timezone: tzinfo) -> tuple[str, Period]:
    """
    Return the days that *period* names when it falls *due*, and what ``--period`` calls them.

    They are whole days of *timezone*, and what is called last is over.
    """
    name = _fixed(period, due.astimezone(timezone).date())
    return name, parse_period(name, due, timezone)


def _fixed(period: str, today: date) -> str:
    if period in RELATIVE:
        return RELATIVE[period](today)
    days = int(period.removesuffix("d"))
    return f"{today - (days - 1) * _A_DAY}..{today}"


def file_name(name: str) -> str:
    """Return what the page about the days called *name* is attached as."""
    return f"inboxd-report-{name.replace('..', '-to-')}.html"
