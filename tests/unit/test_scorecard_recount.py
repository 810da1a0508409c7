"""A promise about figures: whoever counts row by row, as the page of definitions says, gets them."""

from __future__ import annotations

import statistics
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxd.core.scorecard.figures import scorecard
from inboxd.core.scorecard.model import Period
from tests.unit.sheeted import (
    ACCOUNTS,
    KYIV,
    NETWORKS,
    Row,
    case,
    contact,
    figures,
    reply,
    sheets,
    stamp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# Clocks go back on the 25th, at four.
PERIOD = Period(date(2026, 10, 23), date(2026, 10, 28), KYIV)
NOW = datetime(2026, 10, 28, 18, tzinfo=KYIV)
Counted = dict[str, float | None]

instants = st.builds(
    lambda day, minute: f"2026-10-{day} {minute // 60:02}:{minute % 60:02}",
    st.integers(23, 27),
    st.integers(0, 1_439),
)
dimensions = {
    "account": st.sampled_from(ACCOUNTS),
    "stream": st.sampled_from(["comments", "mentions"]),
    "kind": st.sampled_from(["", "complaint", "request"]),
    "topics": st.lists(st.sampled_from(["refunds", "shipping", "other"]), unique=True).map(tuple),
    "language": st.sampled_from(["", "ru", "uk"]),
    "urgency": st.sampled_from(["", "low", "high"]),
    "staff": st.sampled_from([0, 7, 9]),
}


@st.composite
def waits(draw: st.DrawFn) -> Row:
    row = contact(draw(instants))
    for name, values in dimensions.items():
        row[name] = draw(values)
    row["wait"] = draw(
        st.sampled_from(["first_response", "next_response", "promise", "resolution"])
    )
    row["outcome"] = draw(
        st.sampled_from(
            ["answered", "answered", "", "closed", "deleted", "no_reply_needed", "void"]
        )
    )
    minutes = st.sampled_from([0, 1, 29, 30, 31, 60, 61, 600, 1_440, 2_000])
    if row["outcome"]:
        row["ended"] = row["since"] + 60_000 * draw(minutes)
        row["business"] = draw(st.sampled_from([float("nan"), 60.0, 1_800.0, 90_000.0]))
    if draw(st.booleans()):
        row["due"] = row["since"] + 60_000 * draw(minutes)
    if draw(st.booleans()):
        row |= {"judged": True, "mark": draw(st.integers(0, 5))}
    return row


@st.composite
def cases(draw: st.DrawFn) -> Row:
    row = case(draw(instants))
    for name, values in dimensions.items():
        row[name] = draw(values)
    row["status"] = draw(st.sampled_from(["waiting", "answered", "resolved", "closed"]))
    if row["status"] in {"resolved", "closed"}:
        row["ended"] = row["opened"] + 1_000 * draw(st.integers(0, 10**6))
        row["by_answer"] = draw(st.booleans())
    row["answers"] = draw(st.integers(0, 3))
    row["reopened"], row["deflected"] = draw(st.booleans()), draw(st.booleans())
    return row


@settings(max_examples=60)
@given(st.lists(waits(), max_size=25), st.lists(cases(), max_size=15), st.lists(st.integers(0, 5)))
def test_figures_are_those_of_counting_row_by_row(
    some_waits: list[Row], some_cases: list[Row], marks: list[int]
) -> None:
    """Of the whole, and of each part that a breakdown has, over a day of 25 hours."""
    replies = [reply(("answers", "serves", "greets", "feels", "writes")[:mark]) for mark in marks]
    card = scorecard(sheets(waits=some_waits, cases=some_cases, replies=replies), PERIOD, NOW)

    whole = {key: figure.value for key, figure in figures(card).items()}
    expected = recount(some_waits, some_cases)
    expected["mark"] = statistics.fmean(marks) if marks else None
    assert {key: whole[key] for key in expected} == pytest.approx(expected)
    for breakdown in card.breakdowns:
        if breakdown.key in BELONGS:
            check_rows(breakdown.rows, BELONGS[breakdown.key], some_waits, some_cases)


BELONGS: dict[str, Callable[[Row, str], bool]] = {
    "account": lambda row, name: row["account"] == name,
    "network": lambda row, name: NETWORKS[ACCOUNTS.index(row["account"])] == name,
    "stream": lambda row, name: row["stream"] == name,
    "kind": lambda row, name: (row["kind"] or "unknown") == name,
    "topic": lambda row, name: name in row["topics"],
    "language": lambda row, name: (row["language"] or "unknown") == name,
    "urgency": lambda row, name: (row["urgency"] or "unknown") == name,
}


def check_rows(
    rows: Any, belongs: Callable[[Row, str], bool], all_waits: list[Row], all_cases: list[Row]
) -> None:
    for name, row in rows.items():
        part = {figure.key: figure.value for figure in row}
        expected = recount(
            [each for each in all_waits if belongs(each, name)],
            [each for each in all_cases if belongs(each, name)],
        )
        shared = part.keys() & expected.keys()
        assert len(shared) >= 6
        assert {key: part[key] for key in shared} == pytest.approx(
            {key: expected[key] for key in shared}
        ), name


def recount(all_waits: Sequence[Row], all_cases: Sequence[Row]) -> Counted:
    """Return figures by plain counting."""
    counted = [row for row in all_waits if row["outcome"] != "void"]
    contacts = [row for row in counted if row["wait"] in {"first_response", "next_response"}]
    needy = [row for row in contacts if row["outcome"] in {"answered", ""}]
    answered = [row for row in needy if row["outcome"] == "answered"]
    decided = [row for row in needy if row["due"] != -1 and (row["outcome"] or is_late(row))]
    first = [row for row in answered if row["wait"] == "first_response"]
    promises = [row for row in counted if row["wait"] == "promise"]
    broken = [row for row in promises if is_late(row)]
    kept = [row for row in promises if row["outcome"] == "answered" and not is_late(row)]
    solved = [row for row in all_cases if row["by_answer"]]
    served = [row for row in all_cases if row["answers"] or row["reopened"]]
    judged = [row for row in all_cases if row["kind"]]
    open_hours = [row["business"] for row in first if row["business"] == row["business"]]
    return {
        "contacts": len(contacts),
        "needing_answer": len(needy),
        "answered": len(answered),
        "response_rate": ratio(answered, needy),
        "within_target": ratio((row for row in decided if not is_late(row)), decided),
        "within_30m": within(needy, lambda row: minutes(row) <= 30),
        "within_1h": within(needy, lambda row: minutes(row) <= 60),
        "within_next_day": within(needy, is_by_next_day),
        "first_response_median_wall": median([60 * minutes(row) for row in first]),
        "first_response_median_business": median(open_hours),
        "first_response_mean_business": statistics.fmean(open_hours) if open_hours else None,
        "promises_made": len(promises),
        "promises_kept": len(kept),
        "promises_broken": len(broken),
        "promise_kept_rate": ratio(kept, kept + broken),
        "first_contact_resolution": ratio((row for row in solved if is_at_once(row)), solved),
        "reopened": ratio((row for row in served if row["reopened"]), served),
        "complaint_rate": ratio((row for row in judged if row["kind"] == "complaint"), judged),
        "good_within_1h": good_within_the_hour(needy),
    }


def ratio(hits: Iterable[Row], of: Sequence[Row]) -> float | None:
    return len(list(hits)) / len(of) if of else None


def median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def end(row: Row) -> int:
    return int(row["ended"]) if row["outcome"] else stamp("2026-10-28 18:00")


def minutes(row: Row) -> float:
    return float(end(row) - row["since"]) / 60_000


def is_late(row: Row) -> bool:
    return bool(row["due"] != -1 and end(row) > row["due"])


def is_at_once(row: Row) -> bool:
    return row["answers"] == 1 and not row["reopened"] and not row["deflected"]


def is_by_next_day(row: Row) -> bool:
    asked, answered = (datetime.fromtimestamp(ms / 1_000, KYIV) for ms in (row["since"], end(row)))
    return answered.date() - asked.date() <= timedelta(days=1)


def within(needy: Sequence[Row], is_quick: Callable[[Row], bool]) -> float | None:
    first = [row for row in needy if row["wait"] == "first_response"]
    decided = [row for row in first if row["outcome"] or not is_quick(row)]
    return ratio((row for row in decided if row["outcome"] and is_quick(row)), decided)


def good_within_the_hour(needy: Sequence[Row]) -> float | None:
    decided = [
        row
        for row in needy
        if row["wait"] == "first_response"
        and (row.get("judged") if row["outcome"] else minutes(row) > 60)
    ]
    good = [row for row in decided if row["outcome"] and row["mark"] > 3 and minutes(row) <= 60]
    return ratio(good, decided)
