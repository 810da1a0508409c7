"""Promises about figures, on cases that are worked out by hand in their docstrings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.core.scorecard.catalogue import CATALOGUE
from inboxd.core.scorecard.figures import scorecard
from inboxd.core.scorecard.model import ServiceLevel, Unit
from tests.unit.sheeted import Row, at, case, contact, days, figures, message, reply, sheets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.core.scorecard.model import Figure

NOW = at("30 12:00")
WEEK = days("23", "29")
"""Monday to Sunday; it is over by a Monday noon."""


def found(**rows: Sequence[Row]) -> dict[str, Figure]:
    return figures(scorecard(sheets(**rows), WEEK, NOW))


def rests(figure: Figure) -> list[float | None]:
    """Return a figure's value and what it rests on."""
    return [figure.value, figure.of]


def values(**rows: Sequence[Row]) -> dict[str, float | None]:
    return {key: figure.value for key, figure in found(**rows).items()}


def test_who_was_answered_is_counted_among_those_who_need_it() -> None:
    """
    Six contacts: three answered (one late), two open (one late), one closed by a person.

    Five need an answer, 3/5 are answered. In time: of those with a target that are decided,
    i.e. the three answered and the open late one, two were: 2/4.
    """
    got = values(
        waits=[
            contact("23 10:00", "23 10:10", due="23 10:30"),
            contact("23 10:00", "23 10:30", due="23 10:30"),
            contact("23 10:00", "23 11:00", due="23 10:30"),
            contact("24 10:00", due="24 10:30"),
            contact("29 10:00", due="30 12:30"),
            contact("24 10:00", "24 10:05", outcome="closed"),
        ]
    )

    assert got["contacts"] == 6
    assert got["needing_answer"] == 5
    assert got["answered"] == 3
    assert got["unanswered"] == 2
    assert got["unanswered_in_time"] == 1
    assert got["late"] == 2
    assert got["answered_late"] == 1
    assert got["closed"] == 1
    assert got["response_rate"] == pytest.approx(3 / 5)
    assert got["within_target"] == pytest.approx(2 / 4)


def test_what_ended_without_need_of_an_answer_is_in_no_rate() -> None:
    """Thanks, a deletion and a closing are counts of their own; what turned out void is nothing."""
    got = values(
        waits=[
            contact("23 10:00", "23 10:10", outcome="no_reply_needed"),
            contact("23 10:00", "23 10:10", outcome="deleted", due="23 10:05"),
            contact("23 10:00", "23 10:10", outcome="closed", due="23 10:05"),
            contact("23 10:00", "23 10:10", outcome="void"),
        ]
    )

    assert got["contacts"] == 3
    assert (got["no_reply_needed"], got["deleted"], got["closed"]) == (1, 1, 1)
    assert got["needing_answer"] == 0
    assert got["late"] == 0
    assert got["response_rate"] is None
    assert got["within_target"] is None


def test_without_targets_nothing_is_in_time_or_late() -> None:
    """It is unknown, and each figure says so."""
    got = found(waits=[contact("23 10:00", "23 18:00"), contact("23 10:00")])

    for key in ("late", "answered_late", "within_target", "unanswered_in_time", "late_by_team"):
        assert got[key].value is None, key
        assert "target" in got[key].why, key
    assert got["response_rate"].value == pytest.approx(1 / 2)


def test_shares_within_a_span_leave_out_what_is_not_old_enough() -> None:
    """
    At noon: answered after 30 min sharp, 31 min and 25 h; open for 20 min and for 45.

    Within 30 min: one of four (the youngest is left out); within the hour: two of three (both
    open ones are left out). By the end of the next day: two of three as well, for what came at
    23:30 was answered on the second day after, 25 h later.
    """
    noon = days("24", "30")
    rows = [
        contact("24 10:00", "24 10:30"),
        contact("24 10:00", "24 10:31"),
        contact("24 23:30", "26 00:30"),
        contact("30 11:40"),
        contact("30 11:15"),
    ]
    got = figures(scorecard(sheets(waits=rows), noon, NOW))

    assert rests(got["within_30m"]) == pytest.approx([1 / 4, 4])
    assert rests(got["within_1h"]) == pytest.approx([2 / 3, 3])
    assert rests(got["within_next_day"]) == pytest.approx([2 / 3, 3])


@pytest.mark.parametrize("key", ["within_30m", "within_1h", "within_next_day", "service_level"])
def test_nobody_and_nobody_yet_are_told_apart(key: str) -> None:
    """Where no customer wrote, no contact is too young to tell."""
    nobody = figures(scorecard(sheets(), WEEK, NOW))[key]
    just_now = contact("30 11:59")
    young = figures(scorecard(sheets(waits=[just_now]), days("24", "30"), NOW))[key]

    assert nobody.why == "no first contact needed an answer"
    assert young.why == "no first contact is old enough to tell"


def test_only_first_contacts_count_as_first_responses() -> None:
    """A further question that took a day changes nothing of them, and has figures of its own."""
    got = values(
        waits=[
            contact("23 10:00", "23 10:10"),
            contact("23 11:00", "24 11:00", wait="next_response"),
            contact("23 11:00", wait="next_response"),
        ]
    )

    assert got["within_30m"] == 1
    assert got["first_response_median_wall"] == 600
    assert got["next_response_median_wall"] == 86_400
    assert (got["first_response_open"], got["next_response_open"]) == (0, 1)


def test_the_service_level_is_as_asked_for() -> None:
    """
    90 % within an hour: by the wall two of four; by the open hours three of the four known.

    The open one is late by its own target, and so missed by both.
    """
    rows = [
        contact("23 10:00", "23 10:50", business=3_000),
        contact("23 17:30", "24 09:20", business=3_000, due="24 10:00"),
        contact("23 10:00", "23 11:00", business=3_600),
        contact("24 10:00", due="24 11:00"),
    ]
    level = ServiceLevel(0.9, timedelta(hours=1))
    got = figures(scorecard(sheets(waits=rows), WEEK, NOW, level=level))

    assert got["service_level"].value == pytest.approx(2 / 4)
    assert got["service_level_business"].value == pytest.approx(3 / 4)
    assert got["service_level"].target == 0.9
    assert "90 % within 1h" in got["service_level"].label


def test_times_are_of_what_was_answered_in_both_clocks() -> None:
    """
    Wall 1, 2, 3, 4 and 10 minutes: median 3, mean 4; the nine tenths lie 0.6 between 4 and 10: 7.6.

    Business time is known of three: 60, 120 and 240 s; median 120, mean 140, p90 0.8 from 120 to
    240: 216. What is open is beside them.
    """
    got = found(
        waits=[
            contact("23 10:00", "23 10:01", business=60.0),
            contact("23 10:00", "23 10:02", business=120.0),
            contact("23 10:00", "23 10:03"),
            contact("23 10:00", "23 10:04", business=240.0),
            contact("23 10:00", "23 10:10"),
            contact("23 10:00"),
            contact("23 10:00", "23 10:59", outcome="closed", business=9.0),
        ]
    )

    assert got["first_response_median_wall"].value == 180
    assert got["first_response_mean_wall"].value == 240
    assert got["first_response_p90_wall"].value == pytest.approx(456)
    assert got["first_response_median_wall"].of == 5
    assert got["first_response_median_business"].value == 120
    assert got["first_response_mean_business"].value == 140
    assert got["first_response_p90_business"].value == pytest.approx(216)
    assert got["first_response_median_business"].of == 3
    assert (got["first_response_open"].value, got["first_response_open"].of) == (1, 6)


def test_business_time_without_a_policy_is_unknown() -> None:
    """It says that no policy matched, and not that nobody was answered."""
    got = found(waits=[contact("23 10:00", "23 10:05")])

    assert got["first_response_median_business"].value is None
    assert "no policy" in got["first_response_median_business"].why
    assert "no policy" not in found()["first_response_median_business"].why


def test_resolution_is_from_opened_to_the_last_answer() -> None:
    """
    Resolved after 1 h and 3 h: median 2 h; one that a person closed has no such time.

    Two are not over: one waits, one was answered a short while ago.
    """
    got = found(
        cases=[
            case("23 10:00", "23 11:00"),
            case("23 10:00", "23 13:00"),
            case("23 10:00", "23 20:00", status="closed", by_answer=False),
            case("23 10:00"),
            case("29 10:00", "29 11:00", status="answered", by_answer=False),
        ]
    )

    assert got["resolution_median_wall"].value == 7_200
    assert got["resolution_median_wall"].of == 2
    assert got["resolution_open"].value == 2
    assert (got["resolved"].value, got["resolved"].of) == (2, 5)
    assert got["cases"].value == 5


def test_first_contact_resolution_takes_one_answer_that_served() -> None:
    """
    Five cases ended by an answer: one with a single one, one with two, one deflected, one reopened.

    The fifth is like the first: 2/5. A case that a person closed is not among them.
    """
    got = values(
        cases=[
            case("23 10:00", "23 11:00"),
            case("23 10:00", "23 11:00", answers=2),
            case("23 10:00", "23 11:00", deflected=True),
            case("23 10:00", "23 11:00", reopened=True),
            case("23 10:00", "23 11:00"),
            case("23 10:00", "23 11:00", status="closed", by_answer=False, answers=0),
        ]
    )

    assert got["first_contact_resolution"] == pytest.approx(2 / 5)
    assert got["reopened"] == pytest.approx(1 / 5)


def test_the_mark_is_the_mean_of_what_was_marked_with_each_part_beside_it() -> None:
    """Marks 5, 2 and 0: mean 7/3. A machine's answer and one not judged count for nothing."""
    got = values(
        replies=[
            reply(),
            reply(("answers", "writes"), deflection=True),
            reply((), deflection=True, non_answer=True),
            reply(automatic=True, deflection=True),
            reply((), judged=False, mark=255),
        ]
    )

    assert got["mark"] == pytest.approx(7 / 3)
    assert got["mark_answers"] == pytest.approx(2 / 3)
    assert got["mark_serves"] == pytest.approx(1 / 3)
    assert got["mark_greets"] == pytest.approx(1 / 3)
    assert got["mark_writes"] == pytest.approx(2 / 3)
    assert got["deflection_rate"] == pytest.approx(2 / 3)
    assert got["non_answer_rate"] == pytest.approx(1 / 3)
    assert got["replies"] == 4
    assert got["replies_judged"] == 3


def test_a_good_answer_within_the_hour_is_both() -> None:
    """
    Of four that can be told: good and quick, good but slow, quick but mark 3, never answered: 1/4.

    Left out: quick but not judged; open for half an hour.
    """
    rows = [
        contact("24 10:00", "24 10:59", judged=True, mark=4),
        contact("24 10:00", "24 11:01", judged=True, mark=5),
        contact("24 10:00", "24 10:05", judged=True, mark=3),
        contact("24 10:00"),
        contact("24 10:00", "24 10:05"),
        contact("30 11:30"),
    ]
    got = figures(scorecard(sheets(waits=rows), days("24", "30"), NOW))

    assert rests(got["good_within_1h"]) == pytest.approx([1 / 4, 4])


def test_promises_are_kept_broken_open_or_released() -> None:
    """
    Made: 7. Kept: one in time, one that named no time; broken: one late, one overdue; open: one.

    Released: one replaced, and one whose case was closed before it fell due. 2/4 were kept.
    """
    got = values(
        waits=[
            contact("23 10:00", "23 12:00", wait="promise", due="23 18:00"),
            contact("23 10:00", "28 12:00", wait="promise"),
            contact("23 10:00", "23 18:01", wait="promise", due="23 18:00"),
            contact("23 10:00", wait="promise", due="23 18:00"),
            contact("29 10:00", wait="promise", due="30 18:00"),
            contact("23 10:00", "23 12:00", wait="promise", due="23 18:00", outcome="replaced"),
            contact("23 10:00", "23 12:00", wait="promise", due="23 18:00", outcome="closed"),
            contact("23 10:00", "23 12:00", wait="promise", due="23 18:00", outcome="void"),
        ]
    )

    made, kept = got["promises_made"], got["promises_kept"]
    assert (made, kept, got["promises_broken"]) == (7, 2, 2)
    assert (got["promises_open"], got["promises_released"]) == (1, 2)
    assert got["promise_kept_rate"] == pytest.approx(2 / 4)
    assert got["contacts"] == 0


def test_complaints_are_cases_and_hold_time_is_in_messages() -> None:
    """One of three judged cases complains; two of five messages tell of the phone."""
    got = found(
        cases=[
            case("23 10:00", kind="complaint"),
            case("23 10:00", kind="request"),
            case("23 10:00", kind="praise"),
            case("23 10:00"),
        ],
        messages=[message("23 10:00", hold=True, count=2), message("23 10:00", count=3)],
    )

    assert got["complaint_rate"].value == pytest.approx(1 / 3)
    assert (got["complaints"].value, got["complaints"].of) == (1, 3)
    assert (got["hold_complaints"].value, got["hold_complaints"].of) == (2, 5)


def test_customers_are_counted_once_and_those_unknown_bound_them() -> None:
    """Three people in four messages; of two more messages nobody knows the author: 3 to 5."""
    rows = [message("23 10:00", author=author) for author in (4, 4, 9, 10**12)]
    known = found(messages=rows)["customers"]
    gone = found(messages=[*rows, message("23 10:00", author=-1, count=2)])["customers"]
    none = found(messages=[message("23 10:00", author=-1)])["customers"]

    assert (known.value, known.low, known.high) == (3, None, None)
    assert (gone.value, gone.low, gone.high) == (3, 3, 5)
    assert none.value is None
    assert none.why


def test_lag_is_of_what_was_seen_as_it_came() -> None:
    """Seen after 10, 20 and 60 s: median 20; p95 0.9 of the way from 20 to 60: 56."""
    rows = [message("23 10:00", lag=lag) for lag in (10.0, 20.0, 60.0, float("nan"))]
    got = values(messages=[*rows, message("23 10:00", lag=9e6, history=True)])

    assert got["lag_median"] == 20
    assert got["lag_p95"] == pytest.approx(56)


def test_the_connector_is_late_where_the_team_was_quick_enough() -> None:
    """
    Four late ones with a target of 30 minutes.

    Seen 10 min after it was sent and answered 5 min late: the connector's. Answered 15 min late:
    the team's. Sent at night and seen an hour later, long before the doors opened: the lag cost
    nothing (due if seen at once: the same), the team's. Open, and past both: the team's.
    """
    got = values(
        waits=[
            contact("23 10:00", "23 10:35", due="23 10:30", seen_due="23 10:40", lag=600),
            contact("23 10:00", "23 10:45", due="23 10:30", seen_due="23 10:40", lag=600),
            contact("24 02:00", "24 09:40", due="24 09:30", seen_due="24 09:30", lag=3_600),
            contact("24 10:00", due="24 10:30", seen_due="24 10:40", lag=600),
            contact("24 10:00", "24 10:20", due="24 10:30", lag=600),
        ]
    )

    assert got["late"] == 4
    assert got["late_by_connector"] == 1
    assert got["late_by_team"] == 3


def test_where_no_calendar_tells_the_lag_counts_on_the_wall() -> None:
    """Late by 5 minutes and seen after 10: the connector's, unless it came with a first read."""
    late = contact("23 10:00", "23 10:35", due="23 10:30", lag=600)

    assert values(waits=[late])["late_by_connector"] == 1
    assert values(waits=[late | {"history": True}])["late_by_connector"] == 0
    assert values(waits=[late | {"lag": float("nan")}])["late_by_connector"] == 0


def test_nothing_is_unknown_and_never_nought() -> None:
    """Of an empty period counts are 0; shares, times and marks are unknown, and say why."""
    card = scorecard(sheets(), WEEK, NOW, before=sheets())

    for key, figure in figures(card).items():
        counted = figure.unit is Unit.COUNT and key != "spikes"
        assert figure.value == (0 if counted else None), key
        assert figure.before == figure.value, key
        assert bool(figure.why) is not counted, key
    assert card.problems == ()
    assert len(card.week) == 168
    assert len(card.days) == 7
    assert all(not breakdown.rows for breakdown in card.breakdowns)


def test_every_figure_says_what_it_means_and_has_its_bounds_about_it() -> None:
    """A sentence each; a value is never outside of its interval."""
    waits = [contact("23 10:00", f"23 10:{minute:02}", judged=True, mark=4) for minute in range(40)]
    got = found(waits=waits, replies=[reply()] * 12, cases=[case("23 10:00", "23 11:00")] * 9)

    assert got.keys() == CATALOGUE.keys()
    for key, figure in got.items():
        assert figure.means.endswith("."), key
        if figure.value is not None:
            assert figure.low is None or figure.low <= figure.value, key
            assert figure.high is None or figure.value <= figure.high, key
    assert got["within_30m"].low is not None
    assert got["first_response_median_wall"].high is not None
