"""A scorecard as JSON: its keys are an interface, and what is unknown is null with its reason."""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import TYPE_CHECKING, Any

from inboxd.core.scorecard.model import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from inboxd.core.scorecard.model import Breakdown, Day, Figure, Gap, Period, Problem, Scorecard

VERSION = 1
"""Raised when a key goes or changes its meaning; new keys come without."""
_DIGITS = 6
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def written(card: Scorecard) -> str:
    """Return the object, indented: letters as they are, and escaped what a terminal would obey."""
    text = json.dumps(as_object(card), indent=1, ensure_ascii=False, allow_nan=False)
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def as_object(card: Scorecard) -> dict[str, Any]:
    """Return a scorecard in the types of JSON."""
    return {
        "version": VERSION,
        "period": _period(card.period),
        "compared": _period(card.compared) if card.compared else None,
        "written_at": _instant(card.written_at),
        "accounts": list(card.accounts),
        "filters": {name: list(values) for name, values in card.filters.items()},
        "caveats": list(card.caveats),
        "gaps": [_gap(gap) for gap in card.gaps],
        "sections": [
            {"key": each.key, "title": each.title, "figures": _figures(each.figures)}
            for each in card.sections
        ],
        "breakdowns": [_breakdown(each) for each in card.breakdowns],
        "problems": [_problem(each) for each in card.problems],
        "days": [_day(each) for each in card.days],
        "week": [
            {"hour": hour, "contacts": contacts, "in_time": _number(share)}
            for hour, (contacts, share) in enumerate(card.week)
        ],
        "rivals": [
            {
                "name": each.name,
                "network": each.network,
                "figures": _figures(each.figures),
                "note": each.note,
            }
            for each in card.rivals
        ],
    }


def figure_object(figure: Figure) -> dict[str, Any]:
    """Return one figure; a count is a whole number."""
    return {
        "key": figure.key,
        "label": figure.label,
        "unit": figure.unit.value,
        "value": _of_unit(figure.value, figure.unit),
        "of": figure.of,
        "low": _number(figure.low),
        "high": _number(figure.high),
        "before": _of_unit(figure.before, figure.unit),
        "target": _of_unit(figure.target, figure.unit),
        "better": figure.better.value,
        "why": figure.why,
        "means": figure.means,
        "benchmarks": [
            {
                "value": _of_unit(each.value, figure.unit),
                "text": each.text,
                "source": each.source,
                "sample": each.sample,
                "year": each.year or None,
                "caveat": each.caveat,
            }
            for each in figure.benchmarks
        ],
    }


def _figures(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    return [figure_object(each) for each in figures]


def _period(period: Period) -> dict[str, Any]:
    return {
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "days": period.days,
        "timezone": str(period.timezone),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "account": gap.account,
        "source": gap.source,
        "began_at": _instant(gap.began_at),
        "ended_at": _instant(gap.ended_at) if gap.ended_at else None,
        "reason": gap.reason,
        "mended": gap.mended,
    }


def _breakdown(breakdown: Breakdown) -> dict[str, Any]:
    return {
        "key": breakdown.key,
        "title": breakdown.title,
        "note": breakdown.note,
        "rows": [
            {"value": value, "figures": _figures(figures)}
            for value, figures in breakdown.rows.items()
        ],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    figures = ("contacts", "first_response", "unanswered", "reopened", "complaints")
    return {
        "topic": problem.topic,
        "weight": _number(problem.weight),
        "before": problem.before,
        **{name: figure_object(getattr(problem, name)) for name in figures},
    }


def _day(day: Day) -> dict[str, Any]:
    return {
        "begins": day.begins.isoformat(),
        "messages": day.messages,
        "complaints": day.complaints,
        "answered": _number(day.answered),
        "first_response": _number(day.first_response),
        "blind": day.blind,
    }


def _of_unit(value: float | None, unit: Unit) -> float | None:
    whole = unit is Unit.COUNT and value is not None and value == int(value)
    return int(value) if whole and value is not None else _number(value)


def _number(value: float | None) -> float | None:
    return None if value is None else round(float(value), _DIGITS)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
