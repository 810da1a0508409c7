"""Promises about how instants and spans are said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock
from inboxd.tui.session import opened
from inboxd.tui.when import (
    brief_left,
    brief_moment,
    brief_open_span,
    brief_span,
    coming_moment,
    left,
    moment,
    open_span,
    span,
)
from tests.tui.stage import NOW, Stage

if TYPE_CHECKING:
    from pathlib import Path

_AHEAD = tuple(timedelta(days=each, hours=2) for each in (0, 1, 3, 40))


def test_an_instant_is_said_as_people_say_it() -> None:
    """Today by the hour, else by the day; in a column by as little as is clear."""
    assert [moment(NOW + each, NOW, UTC) for each in _AHEAD] == [
        "10:30", "Thu 26 Nov 10:30", "Sat 28 Nov 10:30", "Mon 4 Jan 2027 10:30",
    ]  # fmt: skip
    assert [brief_moment(NOW + each, NOW, UTC) for each in _AHEAD] == [
        "10:30", "Thu 10:30", "Sat 10:30", "4 Jan 10:30",
    ]  # fmt: skip


def test_what_one_chooses_from_is_today_or_tomorrow() -> None:
    """Nobody has to look up which day it is; yesterday is never said to be near."""
    assert [coming_moment(NOW + each, NOW, UTC) for each in _AHEAD[:3]] == [
        "today 10:30", "tomorrow 10:30", "Sat 28 Nov 10:30",
    ]  # fmt: skip
    assert coming_moment(NOW - timedelta(days=1), NOW, UTC) == "Tue 24 Nov 08:30"


@pytest.mark.parametrize(
    ("minutes", "full", "business", "brief", "brief_business"),
    [
        (0.5, "30s", "30s", "0m", "0m"),
        (99, "1h 39m", "1h 39m", "99m", "99m"),
        (100, "1h 40m", "1h 40m", "1h", "1h"),
        (47 * 60 + 59, "1d 23h", "47h 59m", "47h", "47h"),
        (142 * 60, "5d 22h", "142h", "5d", "142h"),
    ],
)
def test_business_time_is_never_said_in_days(
    minutes: float, full: str, business: str, brief: str, brief_business: str
) -> None:
    """Each calendar has days of its own, and a day on the wall has 24 hours."""
    time = timedelta(minutes=minutes)
    assert (span(time), open_span(time)) == (full, business)
    assert (brief_span(time), brief_open_span(time)) == (brief, brief_business)


@pytest.mark.parametrize(
    ("minutes", "late", "said", "brief"),
    [
        (12, False, "12m left", "12m left"),
        (0, False, "0m left", "now"),
        (0, True, "overdue", "now"),
        (150, True, "overdue by 2h 30m", "2h over"),
    ],
)
def test_a_target_is_said_in_the_same_words_everywhere(
    minutes: int,
    late: bool,  # noqa: FBT001 - a parameter of the test
    said: str,
    brief: str,
) -> None:
    """At night no business time goes by, and what is late is late all the same."""
    time = timedelta(minutes=minutes)
    assert left(time, late=late) == said
    assert brief_left(time, late=late) == brief


def test_time_is_by_the_policys_calendar_or_on_the_wall(tmp_path: Path) -> None:
    """A night counts nothing, a pause only where the policy says so, and backwards is nothing."""
    stage = Stage(tmp_path)
    policy = stage.settings.policies[0]
    evening, morning = datetime(2026, 11, 24, 12, tzinfo=UTC), NOW
    pause = (evening, evening + timedelta(hours=1))
    with opened(stage.settings, "Olena", ManualClock(NOW)) as session:
        open_time = session.open_time(policy.name, evening, morning)
        assert timedelta() < open_time < morning - evening
        assert session.open_time("gone", evening, morning) == morning - evening
        assert session.open_time(policy.name, morning, evening) == timedelta()
        assert session.open_time(policy.name, evening, morning, [pause]) == open_time
        assert session.time_to(policy.name, evening) == open_time
    policies = tuple(replace(each, snooze_pauses=True) for each in stage.settings.policies)
    pausing = replace(stage.settings, policies=policies)
    with opened(pausing, "Olena", ManualClock(NOW)) as session:
        paused = session.open_time(policy.name, evening, morning, [pause])
        assert paused == open_time - timedelta(hours=1)
    stage.store.close()
