"""A scorecard as CSV: one figure a row, so that a spreadsheet can filter and plot it."""

from __future__ import annotations

import csv
import io
from datetime import UTC
from typing import TYPE_CHECKING

from inboxd.core.scorecard.model import Unit
from inboxd.core.text import as_cell, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inboxd.core.scorecard.model import Figure, Scorecard

COLUMNS = (
    "section", "dimension", "name", "key", "label", "unit", "value", "of", "low", "high",
    "before", "target", "better", "why",
)  # fmt: skip
"""The heading: an interface. *dimension* and *name* say of whom or what a figure is, if not of all."""
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""By which Excel knows that the letters are UTF-8."""
_LONGEST = 300
_DIGITS = 6
Row = tuple[str | float | None, ...]


def written(card: Scorecard) -> str:
    """Return the rows, with a heading, as RFC 4180 has them."""
    out = io.StringIO()
    out.write(_MARK)
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows(card):
        writer.writerow([_cell(each) for each in row])
    return out.getvalue()


def rows(card: Scorecard) -> Iterator[Row]:
    """Yield what is known: of the scorecard itself, then figure by figure."""
    yield from _about(card)
    for section in card.sections:
        yield from _figures(section.key, "", "", section.figures)
    for breakdown in card.breakdowns:
        for name, figures in breakdown.rows.items():
            yield from _figures("breakdown", breakdown.key, name, figures)
    for each in card.problems:
        parts = (each.contacts, each.first_response, each.unanswered, each.reopened)
        yield from _figures("problems", "topic", each.topic, (*parts, each.complaints))
    yield from _days(card)
    yield from _week(card)
    for rival in card.rivals:
        yield from _figures("rivals", "rival", f"{rival.name} ({rival.network})", rival.figures)


def _about(card: Scorecard) -> Iterator[Row]:
    facts = {
        "since": card.period.since.isoformat(),
        "until": card.period.until.isoformat(),
        "compared_since": card.compared.since.isoformat() if card.compared else None,
        "compared_until": card.compared.until.isoformat() if card.compared else None,
        "timezone": str(card.period.timezone),
        "written_at": card.written_at.astimezone(UTC).isoformat(timespec="seconds"),
    }
    for key, value in facts.items():
        yield _row("scorecard", key=key, value=value)
    for account in card.accounts:
        yield _row("scorecard", "account", account, key="account")
    for filtered, values in card.filters.items():
        for value in values:
            yield _row("scorecard", filtered, value, key="filter")
    for caveat in card.caveats:
        yield _row("scorecard", key="caveat", label=caveat)
    for gap in card.gaps:
        ended = gap.ended_at.astimezone(UTC).isoformat(timespec="seconds") if gap.ended_at else None
        began = gap.began_at.astimezone(UTC).isoformat(timespec="seconds")
        yield _row("gaps", "account", gap.account, key="began_at", label=gap.source, value=began)
        yield _row(
            "gaps",
            "account",
            gap.account,
            key="ended_at",
            label=gap.source,
            value=ended,
            why=gap.reason,
        )


def _figures(section: str, dimension: str, name: str, figures: Iterable[Figure]) -> Iterator[Row]:
    for each in figures:
        numbers = (each.value, each.of, each.low, each.high, each.before, each.target)
        yield (
            section,
            dimension,
            name,
            each.key,
            each.label,
            each.unit.value,
            *numbers,
            each.better.value,
            each.why,
        )


def _days(card: Scorecard) -> Iterator[Row]:
    for day in card.days:
        blind = "a source was not read during a part of it" if day.blind else ""
        for key, unit, value in (
            ("messages", Unit.COUNT, day.messages),
            ("complaints", Unit.COUNT, day.complaints),
            ("answered", Unit.SHARE, day.answered),
            ("first_response", Unit.OPEN_SECONDS, day.first_response),
        ):
            name = day.begins.isoformat()
            yield _row("days", "day", name, key=key, unit=unit.value, value=value, why=blind)


def _week(card: Scorecard) -> Iterator[Row]:
    for hour, (contacts, share) in enumerate(card.week):
        name = str(hour)
        yield _row("week", "hour", name, key="contacts", unit=Unit.COUNT.value, value=contacts)
        yield _row("week", "hour", name, key="in_time", unit=Unit.SHARE.value, value=share)


def _row(  # noqa: PLR0913 - a row has many columns
    section: str,
    dimension: str = "",
    name: str = "",
    *,
    key: str = "",
    label: str = "",
    unit: str = "",
    value: str | float | None = None,
    why: str = "",
) -> Row:
    nothing = (None,) * 5
    return (section, dimension, name, key, label, unit, value, *nothing, "", why)


def _cell(value: str | float | None) -> str | float | None:
    """Return what stands in a cell: texts on a line and without formulas, numbers without noise."""
    if isinstance(value, str):
        return as_cell(one_line(value, _LONGEST))
    return round(value, _DIGITS) if isinstance(value, float) else value
