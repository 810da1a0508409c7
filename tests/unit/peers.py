"""The peers' cases: other products' answers about business time, as data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.config.calendars import CalendarSettings

if TYPE_CHECKING:
    from inboxd.core.hours import OpeningHours

Case = dict[str, Any]

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "business_hours.json"
SEQUENCES = "sla_sequence"
"""The kinds of cases about waits (core/sla.py) begin with it; the others are about hours."""


def cases(*, sequences: bool) -> list[Any]:
    """Return a parameter a case, or one that skips where the cases are not at hand."""
    if not CASES.exists():
        missing = pytest.mark.skip(reason="../shared/cases/business_hours.json is not here")
        return [pytest.param({}, marks=missing)]
    every = json.loads(CASES.read_text())["cases"]
    return [
        pytest.param(case, id=case["id"])
        for case in every
        if case["kind"].startswith(SEQUENCES) is sequences
    ]


def calendar(case: Case) -> OpeningHours:
    """Return the case's calendar as a configuration would have it; ValueError if it is none."""
    given = dict(case["calendar"])
    hours = {day: ranges(pairs) for day, pairs in given.pop("hours").items()}
    written = {
        "name": "peer",
        "timezone": given.pop("tz"),
        **hours,
        "closed": given.pop("holidays", []),
        "open": {day: ranges(pairs) for day, pairs in given.pop("shifts", {}).items()},
        "breaks": {day: ranges(pairs) for day, pairs in given.pop("breaks", {}).items()},
    }
    # What is left is no key of ours, and refused: nothing that a case says is passed over.
    return CalendarSettings.model_validate(written | given).hours(UTC)


def ranges(pairs: list[list[str]]) -> list[str]:
    return ["-".join(pair) for pair in pairs]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def pauses(case: Case) -> list[tuple[datetime, datetime]]:
    """Return when the clock stands."""
    return [(instant(start), instant(end)) for start, end in case["input"].get("pauses", ())]
