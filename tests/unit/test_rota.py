"""Promises about turns: everybody in order, nobody skipped, and handed over at local midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.rota import Handover, Rota

KYIV = ZoneInfo("Europe/Kyiv")
MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=KYIV)
PEOPLE = ("U1", "U2", "U3")


def test_a_week_belongs_to_one_person() -> None:
    """From Monday to Sunday, and the next week to the next one."""
    rota = Rota(PEOPLE)
    weeks = [
        {rota.on_duty(MONDAY + timedelta(days=7 * week + day), KYIV) for day in range(7)}
        for week in range(3)
    ]
    assert all(len(week) == 1 for week in weeks)
    assert set.union(*weeks) == set(PEOPLE)


def test_a_day_begins_where_the_shop_is() -> None:
    """Half an hour after midnight in Kyiv it is still yesterday in UTC."""
    rota = Rota(PEOPLE, Handover.DAILY)
    late = MONDAY + timedelta(minutes=30)
    assert rota.on_duty(late, KYIV) != rota.on_duty(late, UTC)
    assert rota.on_duty(MONDAY - timedelta(seconds=1), KYIV) != rota.on_duty(MONDAY, KYIV)


@given(
    st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    st.sampled_from(list(Handover)),
    st.integers(1, 5),
)
def test_turns_go_round(day: date, handover: Handover, count: int) -> None:
    """Whenever one asks: after a turn comes the next person, over years and clock changes."""
    people = tuple(f"U{number}" for number in range(count))
    rota = Rota(people, handover)
    here = datetime.combine(day, time(12), KYIV)
    later = here + timedelta(days=1 if handover is Handover.DAILY else 7)
    place = people.index(rota.on_duty(here, KYIV))
    assert people.index(rota.on_duty(later, KYIV)) == (place + 1) % count
