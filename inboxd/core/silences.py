"""What nobody wants to hear of for a while: cases that match, until a time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from inboxd.core.policies import Facts, Match


@dataclass(frozen=True, slots=True)
class Silence:
    """No step of a case that matches is told from *began_at* up to *until*."""

    id: int
    match: Match
    began_at: datetime
    until: datetime
    actor: str
    reason: str

    def covers(self, facts: Facts, now: datetime) -> bool:
        """Tell whether a case with these *facts* is muted by it at *now*."""
        return self.began_at <= now < self.until and not self.match.refusal(facts)


def silenced_until(silences: Iterable[Silence], facts: Facts, now: datetime) -> datetime | None:
    """Return until when a case with these *facts* is muted, None if it is not."""
    return max((each.until for each in silences if each.covers(facts, now)), default=None)
