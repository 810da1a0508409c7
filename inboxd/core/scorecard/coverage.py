"""How far the accounts of a report were read: what is not known there must not look like calm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from inboxd.core.scorecard.facts import midnight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from inboxd.core.scorecard.columns import Sheets
    from inboxd.core.scorecard.model import Gap, Period
    from inboxd.core.scorecard.selecting import Filters


@dataclass(frozen=True, slots=True)
class Coverage:
    """
    How those accounts were read that are asked for.

    *begun* is since when each is watched (its first read went back so far), None if it never was
    read; empty where nobody says. *gaps* are all of theirs that are known.
    """

    begun: Mapping[str, datetime | None]
    gaps: Sequence[Gap]

    @classmethod
    def of(
        cls,
        sheets: Sheets,
        begun: Mapping[str, datetime] | None,
        gaps: Sequence[Gap],
        filters: Filters,
    ) -> Self:
        """Return that of the accounts that *filters* ask for; *begun* None: nobody says."""
        # An account that was blind all the time has no row, but perhaps a gap.
        gappy = filters.among({gap.account for gap in gaps}, sheets)
        asked = [gap for gap in gaps if gap.account in gappy]
        if begun is None:
            return cls({}, asked)
        # One with rows and without a first read was given up.
        silent = [account for account in sheets.accounts if account not in _heard(sheets)]
        accounts = filters.among(dict.fromkeys([*begun, *silent]), sheets)
        return cls({account: begun.get(account) for account in accounts}, asked)

    def spanned(self, period: Period, now: datetime) -> tuple[Gap, ...]:
        """Return the gaps in *period*, oldest first, those as well that a later read has mended."""
        begins, ends = _bounds(period, now)
        found = (gap for gap in self.gaps if gap.began_at < ends and (gap.ended_at or now) > begins)
        return tuple(sorted(found, key=lambda gap: (gap.began_at, gap.account, gap.source)))

    def holes(self, period: Period, now: datetime) -> tuple[Gap, ...]:
        """Return the gaps in *period* of which nothing came later, oldest first."""
        return tuple(gap for gap in self.spanned(period, now) if not gap.mended)

    def why_dark(self, period: Period, now: datetime) -> str:
        """Return why nothing can be known of *period* that no row tells, "" if something can."""
        begins, ends = _bounds(period, now)
        covering = {
            gap.account
            for gap in self.holes(period, now)
            if gap.began_at <= begins and (gap.ended_at or now) >= ends
        }
        reads = [first for first in self.begun.values() if first]
        lit = [
            account
            for account, first in self.begun.items()
            if first and first < ends and account not in covering
        ]
        if lit or not self.begun:
            return ""
        if reads and min(reads) >= ends:
            return f"nothing was read yet: it is watched since {_day(min(reads), period)}"
        return "nothing was read in this period" if reads else "nothing has been read yet"

    def caveats(self, period: Period) -> Iterator[str]:
        """Yield what is to be said of accounts that were not read from the beginning on."""
        begins = midnight(period.since, period.timezone)
        since: dict[str, list[str]] = {}
        for account, first in self.begun.items():
            if first is None:
                yield f"{account} has never been read: nothing is known of it."
            elif first > begins:
                since.setdefault(_day(first, period), []).append(account)
        for day, accounts in since.items():
            are = "is" if len(accounts) == 1 else "are"
            yield (
                f"{', '.join(accounts)} {are} watched since {day}: of what was before, only what "
                "the network still told is known."
            )

    def caveats_of_before(self, before: Period, now: datetime) -> Iterator[str]:
        """Yield what is to be said of the period that another is compared with."""
        begins = midnight(before.since, before.timezone)
        late = [account for account, first in self.begun.items() if first and first > begins]
        if late:
            was = "was" if len(late) == 1 else "were"
            yield (
                f"Compared with days on which {', '.join(late)} {was} not watched: of them, only "
                "what the network still told is known."
            )
        if self.holes(before, now):
            yield "The period it is compared with has gaps, too."


def day_in_words(day: date) -> str:
    """Return *day* as one says it."""
    return f"{day.day} {day:%B %Y}"


def _day(instant: datetime, period: Period) -> str:
    return day_in_words(instant.astimezone(period.timezone).date())


def _bounds(period: Period, now: datetime) -> tuple[datetime, datetime]:
    """Return when *period* begins, and ends or is by now."""
    ends = midnight(period.until, period.timezone)
    return midnight(period.since, period.timezone), min(ends, now)


def _heard(sheets: Sheets) -> set[str]:
    """Return the accounts that have a row."""
    tables = (sheets.waits, sheets.cases, sheets.messages, sheets.replies)
    numbers = np.unique(np.concatenate([np.unique(rows["account"]) for rows in tables]))
    return {sheets.accounts[number] for number in numbers.tolist()}
