"""When a sink is left in peace: quiet hours, and a limit of messages an hour. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.hours import OpeningHours

_HOUR = timedelta(hours=1)
_LONGEST_QUIET = timedelta(days=8)
"""Intervals of a day come round in a week; who is quiet for longer is never told."""


class Held(StrEnum):
    """Why something waits that could be told."""

    QUIET = "quiet"
    LIMIT = "limit"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Hold:
    """Until when something is held back, and why; then it is told with all that is."""

    until: datetime
    why: Held


@dataclass(frozen=True, slots=True)
class Restraint:
    """
    What a sink is spared.

    Nothing is told while *quiet* is open, but what is urgent (if *urgent_passes*); and never more
    than *per_hour* messages within any hour.
    """

    quiet: OpeningHours | None = None
    urgent_passes: bool = True
    per_hour: int | None = None

    def hold(self, *, urgent: bool, told_at: Sequence[datetime], now: datetime) -> Hold | None:
        """
        Return why and until when a message must wait at *now*, None if it need not.

        *told_at* is when those of the last hour were told, oldest first.
        """
        if self.quiet and not (urgent and self.urgent_passes) and self.quiet.is_open(now):
            return Hold(self._end_of_quiet(self.quiet, now), Held.QUIET)
        if self.per_hour is not None and len(told_at) >= self.per_hour:
            return Hold(told_at[-self.per_hour] + _HOUR, Held.LIMIT)
        return None

    @staticmethod
    def _end_of_quiet(quiet: OpeningHours, now: datetime) -> datetime:
        _, end = next(quiet.periods(now, now + _LONGEST_QUIET))
        return end
