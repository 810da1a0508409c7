"""Promises about how spans of time are written and read."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.hours import OpeningHours
from inboxd.durations import (
    BusinessSpan,
    StepAt,
    format_duration,
    parse_business,
    parse_duration,
    parse_step_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = timedelta(hours=1)
SPANS = st.builds(
    BusinessSpan,
    st.integers(0, 400),
    st.integers(0, 400 * 3_600).map(lambda seconds: timedelta(seconds=seconds)),
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1_800),
        ("2h", 7_200),
        ("1d", 86_400),
        ("1h30m", 5_400),
        (" 1h 30m ", 5_400),
        ("0s", 0),
        ("1m1m", 120),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, seconds: int) -> None:
    """A duration's day has 24 hours."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", ["", " ", "5", "h", "1.5h", "-5m", "1 0m", "5 m", "١h", 30, None, [], True]
)
@pytest.mark.parametrize("parse", [parse_duration, parse_business, parse_step_at])
def test_what_is_no_span_is_refused_with_what_would_be_right(
    parse: Callable[[object], object], value: object
) -> None:
    """Whatever stands where a span should, the error says how to write one."""
    with pytest.raises(ValueError, match=r"; write .*\bor\b"):
        parse(value)


@pytest.mark.parametrize("parse", [parse_duration, parse_business, parse_step_at])
@pytest.mark.parametrize("text", ["9999999999d", "9" * 20 + "h", "9" * 1_000_000 + "d"])
def test_a_span_beyond_any_calendar_is_refused_briefly(
    parse: Callable[[object], object], text: str
) -> None:
    """A number of a megabyte is refused at once and does not fill the screen."""
    with pytest.raises(ValueError, match=r"longer than (any calendar|ten years)") as caught:
        parse(text)
    assert len(str(caught.value)) < 200


def test_a_duration_leads_to_a_time_that_there_is() -> None:
    """How far back to read, or when a case is over, is added to times without a second look."""
    assert parse_duration("3660d") == timedelta(days=3_660)
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration("3660d1s")


@pytest.mark.parametrize("text", ["3660d1s", "200000000d", "87841h", "999999999d23h"])
def test_business_time_leads_to_a_share_that_there_is(text: str) -> None:
    """A step at ten times the target can be worked out, whatever the target."""
    calendar = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})
    longest = parse_business("3660d")
    assert calendar.step(StepAt(1_000, longest), longest) == timedelta(days=11 * 3_660)
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_business(text)


def test_the_texts_of_refusals() -> None:
    """Users see these words."""
    with pytest.raises(
        ValueError, match=r"^'soon' is no duration; write 90s, 30m, 2h, 1d or a sum like 1h30m$"
    ):
        parse_duration("soon")
    with pytest.raises(
        ValueError, match=r"^'soon' is no business time; write 90s, 30m, 2h, 1d or a sum"
    ):
        parse_business("soon")
    with pytest.raises(
        ValueError,
        match=r'^\'half\' is no moment of a wait; write "50%", "100%", "100% - 30m", "100% \+ 1h" or "45m"$',
    ):
        parse_step_at("half")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1d4h", BusinessSpan(1, 4 * HOUR)),
        ("25h", BusinessSpan(0, 25 * HOUR)),
        ("2d", BusinessSpan(2)),
        ("90m", BusinessSpan(0, 1.5 * HOUR)),
    ],
)
def test_business_days_are_kept_apart_from_hours(text: str, span: BusinessSpan) -> None:
    """25 hours are 25 open hours; only a d makes a business day."""
    assert parse_business(text) == span


@given(SPANS)
def test_a_business_span_reads_back_as_it_is_written(span: BusinessSpan) -> None:
    """The text form of a span is configuration that means the same span."""
    assert parse_business(str(span)) == span


def test_the_text_form_of_spans() -> None:
    """Hours are never folded into days."""
    assert [str(parse_business(text)) for text in ("1d4h", "25h", "90m", "0s", "1h1s")] == [
        "1d4h",
        "25h",
        "1h30m",
        "0s",
        "1h1s",
    ]


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("50%", StepAt(50)),
        ("100%", StepAt(100)),
        ("0%", StepAt(0)),
        ("100% + 1h", StepAt(100, BusinessSpan(0, HOUR))),
        ("100%+1d2h", StepAt(100, BusinessSpan(1, 2 * HOUR))),
        (" 100 % +1h ", StepAt(100, BusinessSpan(0, HOUR))),
        ("45m", StepAt(0, BusinessSpan(0, 0.75 * HOUR))),
        ("100% - 30m", StepAt(100, minus=BusinessSpan(0, 0.5 * HOUR))),
        ("80%-1d", StepAt(80, minus=BusinessSpan(1))),
    ],
)
def test_a_step_is_a_share_of_the_target_or_a_time_or_both(text: str, step: StepAt) -> None:
    """All the forms that the documentation names are understood."""
    assert parse_step_at(text) == step


@pytest.mark.parametrize(
    "text", ["+ 1h", "100% 1h", "100% - ", "1h - 100%", "50.5%", "%", "100% + ", "1h + 100%", "-5%"]
)
def test_what_only_looks_like_a_step_is_refused(text: str) -> None:
    """A step is never guessed at."""
    with pytest.raises(ValueError, match="no moment of a wait"):
        parse_step_at(text)


@pytest.mark.parametrize("text", ["1001%", "9" * 5_000 + "%"])
def test_a_step_far_beyond_the_target_is_refused(text: str) -> None:
    """A thousand percent is surely a slip; a time says it better."""
    with pytest.raises(ValueError, match=r"is beyond 1000%; add a time: 100% \+ 8h"):
        parse_step_at(text)


@given(st.integers(0, 1_000), SPANS)
def test_a_step_reads_back_as_it_is_written(percent: int, plus: BusinessSpan) -> None:
    """The text form of a step is configuration that means the same step."""
    assert parse_step_at(str(StepAt(percent, plus))) == StepAt(percent, plus)


def test_what_is_parsed_already_is_left_alone() -> None:
    """Defaults in code and values from a file take the same way."""
    assert parse_duration(HOUR) == HOUR
    assert parse_business(BusinessSpan(1)) == BusinessSpan(1)
    assert parse_step_at(StepAt(50)) == StepAt(50)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.9, "0s"),
        (41 * 60, "41m"),
        (-300, "-5m"),
        (2 * 86_400 + 3 * 3_600 + 59, "2d 3h"),
        (86_400 + 5, "1d 5s"),
    ],
)
def test_people_read_the_two_largest_units(seconds: float, text: str) -> None:
    """Nobody counts the seconds of a day late."""
    assert format_duration(timedelta(seconds=seconds)) == text
