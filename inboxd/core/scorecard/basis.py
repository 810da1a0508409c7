"""By what the days of a scorecard are cut, and business time is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from inboxd.core.hours import OpeningHours
    from inboxd.core.policies import Policy


@dataclass(frozen=True, slots=True)
class Basis:
    """
    The zone in which days begin, and the policies whose calendars measure.

    *fingerprint* changes when business time may: :func:`inboxd.plan.fingerprint` gives it. What
    was worked out under another one is worked out anew.
    """

    timezone: tzinfo
    policies: Sequence[Policy] = ()
    fingerprint: str = ""
    _hours: dict[str, OpeningHours] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look policies up by their names from now on."""
        hours = {policy.name: policy.hours for policy in self.policies}
        object.__setattr__(self, "_hours", hours)

    def due(
        self, policy: str | None, since: datetime, due: datetime, seen: datetime
    ) -> datetime | None:
        """
        Return when what is *due* for a wait *since* then had been due, had it begun when it was *seen*.

        None where there is no such policy, or it is beyond what its calendar knows.
        """
        hours = self._hours.get(policy or "")
        if hours is None:
            return None
        try:
            return hours.add(seen, hours.between(since, due))
        except ValueError:
            return None

    def seconds(self, policy: str | None, since: datetime, until: datetime) -> float | None:
        """Return the business time of a span; None if there is no such policy (any more)."""
        hours = self._hours.get(policy or "")
        return None if hours is None else hours.between(since, until).total_seconds()
