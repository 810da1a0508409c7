"""
From the rows of a period to its scorecard. Pure: what is not in the sheets is handed in.

The sheets are trusted to hold the rows of the period and no others; those of the period before
come beside them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from inboxd.core.scorecard import plots
from inboxd.core.scorecard.breakdowns import breakdowns, compared, compared_figures
from inboxd.core.scorecard.catalogue import CHAPTERS
from inboxd.core.scorecard.caveats import caveats, spikes_within
from inboxd.core.scorecard.coverage import Coverage
from inboxd.core.scorecard.facts import Facts, Moment
from inboxd.core.scorecard.grouping import by_topic
from inboxd.core.scorecard.model import Scorecard, Section, ServiceLevel
from inboxd.core.scorecard.periods import previous
from inboxd.core.scorecard.problems import problems
from inboxd.core.scorecard.selecting import Filters
from inboxd.core.scorecard.studies import STUDIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from inboxd.core.scorecard.columns import Sheets
    from inboxd.core.scorecard.model import Breakdown, Figure, Gap, Period
    from inboxd.core.spikes import Spike

NO_FILTERS: Final = Filters()
USUAL_LEVEL: Final = ServiceLevel()
_UNSAID = "no network that was read says who wrote an answer"


def scorecard(  # noqa: PLR0913 - a report is about all of this
    sheets: Sheets,
    period: Period,
    now: datetime,
    *,
    before: Sheets | None = None,
    gaps: Sequence[Gap] = (),
    spikes: Sequence[Spike] | None = None,
    begun: Mapping[str, datetime] | None = None,
    filters: Filters = NO_FILTERS,
    level: ServiceLevel = USUAL_LEVEL,
) -> Scorecard:
    """
    Return how well the shop answered in *period*, as known at *now*.

    *before* are the sheets of the period before, to compare with. *gaps* may be more than those
    of the period, and so may *spikes* (those of both periods; None: nobody looks for any).
    *begun* is since when each account is watched, None where nobody says: of what was before, only
    what the network still told is known, and of an account that is not in it, nothing.
    """
    accounts = filters.among(dict.fromkeys([*sheets.accounts, *(begun or {})]), sheets)
    coverage = Coverage.of(sheets, begun, gaps, filters)
    known = _Known(spikes, coverage, filters, level)
    look = known.looked_at(sheets, period, now)
    earlier = known.looked_at(before, previous(period), now) if before is not None else None
    sections, parts = look.sections(), look.breakdowns()
    if earlier:
        sections = tuple(map(_section_compared, sections, earlier.sections()))
        parts = tuple(map(compared, parts, earlier.breakdowns()))
    said = [*caveats(look.facts, coverage, period, now)]
    if earlier:
        said += coverage.caveats_of_before(previous(period), now)
    return Scorecard(
        period=period,
        compared=previous(period) if earlier else None,
        accounts=accounts,
        written_at=now,
        filters=filters.in_words(),
        sections=sections,
        breakdowns=parts,
        problems=problems(look.of, earlier.of if earlier else None),
        days=plots.days(look.facts, period, look.moment, coverage.holes(period, now)),
        week=plots.week(look.facts),
        gaps=coverage.spanned(period, now),
        caveats=tuple(said),
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """A period, looked at; *topics* are the facts of each topic."""

    sheets: Sheets
    facts: Facts
    topics: Mapping[str, Facts]
    moment: Moment

    @property
    def of(self) -> tuple[Facts, Mapping[str, Facts]]:
        return self.facts, self.topics

    def sections(self) -> tuple[Section, ...]:
        return tuple(
            Section(key, title, tuple(_beside_studies(each.figure(self.facts)) for each in figures))
            for key, title, figures in CHAPTERS
        )

    def breakdowns(self) -> tuple[Breakdown, ...]:
        return tuple(breakdowns(self.facts, self.sheets, self.topics))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known beside the sheets, and what is asked for."""

    spikes: Sequence[Spike] | None
    coverage: Coverage
    filters: Filters
    level: ServiceLevel

    def looked_at(self, sheets: Sheets, period: Period, now: datetime) -> _Look:
        """Return *period*, with the rows of *sheets* that are asked for."""
        moment, rows = Moment.of(period, now), self.filters.applied(sheets)
        facts = Facts.of(rows, moment)
        count, why = spikes_within(self.spikes, period, self.filters)
        facts = replace(
            facts,
            level=self.level,
            spikes=count,
            unspiked=why,
            unknown=self._why_unknown(facts, rows, period, now),
            of_staff=bool(self.filters.staff),
        )
        return _Look(rows, facts, dict(by_topic(facts)), moment)

    def _why_unknown(self, facts: Facts, rows: Sheets, period: Period, now: datetime) -> str:
        """Return why nothing at all is known of *period*, "" if something is."""
        if self.filters.staff and not rows.staff:
            return _UNSAID
        return self.coverage.why_dark(period, now) if facts.is_empty else ""


def _beside_studies(figure: Figure) -> Figure:
    return replace(figure, benchmarks=STUDIES.get(figure.key, ()))


def _section_compared(section: Section, before: Section) -> Section:
    return replace(section, figures=compared_figures(section.figures, before.figures))
