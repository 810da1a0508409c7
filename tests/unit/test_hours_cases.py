"""The peers' cases: business time agrees with seven other products, case by case."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from inboxd.core.hours import OpeningHours
from inboxd.core.localtime import local_to_utc, parse_interval

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "business_hours.json"
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def cases() -> list[Any]:
    """Return a parameter a case, or one that skips where the cases are not at hand."""
    if not CASES.exists():
        missing = pytest.mark.skip(reason="../shared/cases/business_hours.json is not here")
        return [pytest.param({}, marks=missing)]
    every = json.loads(CASES.read_text())["cases"]
    # The sequences are about waits (core/sla.py), not about hours.
    return [pytest.param(case, id=case["id"]) for case in every if case["kind"] != "sla_sequence"]


def intervals(pairs: list[list[str]]) -> list[tuple[int, int]]:
    return [parse_interval(f"{start}-{end}") for start, end in pairs]


def dated(days: dict[str, list[list[str]]]) -> dict[date, list[tuple[int, int]]]:
    return {date.fromisoformat(day): intervals(pairs) for day, pairs in days.items()}


def calendar(case: dict[str, Any]) -> OpeningHours:
    given = case["calendar"]
    return OpeningHours(
        name=case["id"],
        timezone=ZoneInfo(given["tz"]),
        week={WEEKDAYS.index(day): intervals(pairs) for day, pairs in given["hours"].items()},
        closed=frozenset(map(date.fromisoformat, given.get("holidays", ()))),
        open=dated(given.get("shifts", {})),
        breaks=dated(given.get("breaks", {})),
    )


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def answer(case: dict[str, Any]) -> object:
    """Return what inboxd says to the case's question."""
    given = case["input"]
    pauses = [(instant(start), instant(end)) for start, end in given.get("pauses", ())]
    match case["kind"]:
        case "deadline" | "deadline_with_pauses":
            span = timedelta(seconds=given["add_seconds"])
            return calendar(case).add(instant(given["start"]), span, pauses)
        case "deadline_before":
            span = timedelta(seconds=given["sub_seconds"])
            return calendar(case).subtract(instant(given["end"]), span)
        case "elapsed" | "elapsed_with_pauses":
            return calendar(case).between(instant(given["start"]), instant(given["end"]), pauses)
        case "in_hours":
            return calendar(case).is_open(instant(given["at"]))
        case "periods_after":
            start = instant(given["from"])
            periods = calendar(case).periods(start, start + timedelta(days=90))
            return list(itertools.islice(periods, given["count"]))
        case "local_to_utc":
            zone = ZoneInfo(case["calendar"]["tz"])
            return local_to_utc(datetime.fromisoformat(given["local"]), zone)
    raise AssertionError(f"no way to ask a case of the kind {case['kind']}")


def expected(case: dict[str, Any]) -> object:
    """Return the case's answer in our types."""
    match case["expect"]:
        case {"deadline": moment} | {"moment": moment} | {"utc": moment}:
            return instant(moment)
        case {"seconds": seconds}:
            return timedelta(seconds=seconds)
        case {"open": is_open}:
            return is_open
        case {"periods": periods}:
            return [(instant(opens), instant(closes)) for opens, closes in periods]
    raise AssertionError(f"no such expectation: {case['expect']}")


@pytest.mark.parametrize("case", cases())
def test_business_time_agrees_with_the_peers(case: dict[str, Any]) -> None:
    """Every case of other products' suites has the same answer here, to the second."""
    if case["kind"] == "invalid":
        with pytest.raises(ValueError, match=r"never open|interval|clock|midnight"):
            calendar(case)
    else:
        assert answer(case) == expected(case), case["name"]
