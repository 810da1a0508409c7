"""Who is on duty: people who take turns by day or by week. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, tzinfo


class Handover(StrEnum):
    """When the next one takes over: at midnight, or at the midnight that begins a Monday."""

    DAILY = "daily"
    WEEKLY = "weekly"


_DAYS = {Handover.DAILY: 1, Handover.WEEKLY: 7}


@dataclass(frozen=True, slots=True)
class Rota:
    """People in the order in which they take turns; the turns are counted from the year 1."""

    people: tuple[str, ...]
    handover: Handover = Handover.WEEKLY

    def on_duty(self, at: datetime, timezone: tzinfo) -> str:
        """Return whose turn it is at *at*; days and weeks begin where *timezone* says."""
        # The first of January of the year 1, whose ordinal is 1, was a Monday.
        turn = (at.astimezone(timezone).toordinal() - 1) // _DAYS[self.handover]
        return self.people[turn % len(self.people)]
