"""Promises about what is done once a day: once a day, whatever clocks do at night."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest

from inboxd.core.localtime import latest

KYIV, HALF_AN_HOUR = ZoneInfo("Europe/Kyiv"), time(3, 30)


@pytest.mark.parametrize(
    ("zone", "at", "begin"),
    [
        ("Europe/Kyiv", HALF_AN_HOUR, datetime(2026, 3, 28, tzinfo=UTC)),
        ("Europe/Kyiv", HALF_AN_HOUR, datetime(2026, 10, 24, tzinfo=UTC)),
        ("America/New_York", time(2, 30), datetime(2026, 3, 7, tzinfo=UTC)),
        ("America/New_York", time(1, 30), datetime(2026, 10, 31, tzinfo=UTC)),
        ("Pacific/Apia", time(23, 59), datetime(2011, 12, 29, tzinfo=UTC)),
    ],
)
def test_a_turn_comes_once_a_day_and_is_never_yet_to_come(
    zone: str, at: time, begin: datetime
) -> None:
    """A turn in the future would be due again and again until then: hundreds of backups."""
    minutes = [begin + timedelta(minutes=each) for each in range(3 * 24 * 60)]
    turns = [latest(at, ZoneInfo(zone), now) for now in minutes]

    assert all(turn <= now for turn, now in zip(turns, minutes, strict=True))
    assert turns == sorted(turns)
    assert len([*groupby(turns)]) in {3, 4}


def test_of_a_time_that_clocks_show_twice_the_first_counts() -> None:
    """And one that they skip is as much later as they skip."""
    twice = latest(HALF_AN_HOUR, KYIV, datetime(2026, 10, 25, 1, 40, tzinfo=UTC))
    skipped = latest(HALF_AN_HOUR, KYIV, datetime(2026, 3, 29, 5, 0, tzinfo=UTC))

    assert twice == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert skipped == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
