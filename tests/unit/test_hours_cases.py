"""The peers' cases: business time agrees with seven other products, case by case."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

import pytest

from inboxd.config.zones import parse_zone
from inboxd.core.localtime import local_to_utc
from tests.unit import peers
from tests.unit.peers import calendar, instant

_LONG = timedelta(days=400)


def answer(case: peers.Case) -> object:  # noqa: PLR0911 - one a question
    """Return what inboxd says to the case's question, which is what it gives, whatever its kind."""
    given = case["input"]
    match sorted(given):
        case ["add_seconds", "start"] | ["add_seconds", "pauses", "start"]:
            span = timedelta(seconds=given["add_seconds"])
            return calendar(case).add(instant(given["start"]), span, peers.pauses(case))
        case ["end", "sub_seconds"]:
            span = timedelta(seconds=given["sub_seconds"])
            return calendar(case).subtract(instant(given["end"]), span)
        case ["end", "start"] | ["end", "pauses", "start"]:
            start, end = instant(given["start"]), instant(given["end"])
            return calendar(case).between(start, end, peers.pauses(case))
        case ["at"]:
            return calendar(case).is_open(instant(given["at"]))
        case ["count", "from"]:
            start = instant(given["from"])
            return list(islice(calendar(case).periods(start, start + _LONG), given["count"]))
        case ["local"]:
            zone = parse_zone(case["calendar"]["tz"])
            return local_to_utc(datetime.fromisoformat(given["local"]), zone)
        case []:
            return calendar(case)
    raise AssertionError(f"no way to ask a case of the kind {case['kind']} with {sorted(given)}")


def expected(case: peers.Case) -> object:
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


def is_near(said: object, right: object, allowed: timedelta) -> bool:
    if isinstance(said, datetime) and isinstance(right, datetime):
        return abs(said - right) <= allowed
    if isinstance(said, timedelta) and isinstance(right, timedelta):
        return abs(said - right) <= allowed
    return said == right


@pytest.mark.parametrize("case", peers.cases(sequences=False))
def test_business_time_agrees_with_the_peers(case: peers.Case) -> None:
    """Every case of other products' suites has the same answer here, to the second."""
    if "error" in case["expect"]:
        with pytest.raises(ValueError, match=r"."):
            answer(case)
        return
    said, right = answer(case), [expected(case), *map(instant, case.get("equivalent", ()))]
    allowed = timedelta(seconds=case.get("tolerance_s", 0))
    assert any(is_near(said, each, allowed) for each in right), f"{case['name']}: {said}"
