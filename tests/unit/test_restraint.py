"""Promises about when a sink is left in peace, and that it is never for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.hours import OpeningHours
from inboxd.core.restraint import Held, Hold, Restraint

KYIV = ZoneInfo("Europe/Kyiv")
NIGHT = OpeningHours("night", KYIV, dict.fromkeys(range(7), ((79_200, 115_200),)))
MIDNIGHT = datetime(2026, 11, 25, 0, 0, tzinfo=KYIV)
MORNING = datetime(2026, 11, 25, 8, 0, tzinfo=KYIV)


def test_a_night_is_quiet_until_it_is_over() -> None:
    """Over midnight, by the shop's clock."""
    restraint = Restraint(NIGHT)
    held = restraint.hold(urgent=False, told_at=(), now=MIDNIGHT)
    assert held == Hold(MORNING, Held.QUIET)
    assert restraint.hold(urgent=False, told_at=(), now=MORNING) is None


def test_what_is_urgent_passes_unless_it_must_not() -> None:
    """Whoever sleeps beside the telephone decides."""
    assert Restraint(NIGHT).hold(urgent=True, told_at=(), now=MIDNIGHT) is None
    asleep = Restraint(NIGHT, urgent_passes=False)
    assert asleep.hold(urgent=True, told_at=(), now=MIDNIGHT) == Hold(MORNING, Held.QUIET)


def test_a_limit_lets_through_what_fits_within_any_hour() -> None:
    """The next one leaves when the oldest that counts is an hour old."""
    restraint = Restraint(per_hour=2)
    told = [MORNING, MORNING + timedelta(minutes=10), MORNING + timedelta(minutes=20)]
    now = MORNING + timedelta(minutes=30)
    assert restraint.hold(urgent=True, told_at=told[:1], now=now) is None
    held = restraint.hold(urgent=True, told_at=told, now=now)
    assert held == Hold(MORNING + timedelta(minutes=70), Held.LIMIT)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made aware below
    st.lists(st.integers(0, 3_599), max_size=9).map(sorted),
    st.integers(1, 5),
)
def test_nothing_is_held_back_for_ever(at: datetime, ago: list[int], per_hour: int) -> None:
    """The end of a hold lies ahead, within a day, and then its reason is gone."""
    restraint = Restraint(NIGHT, per_hour=per_hour)
    now = at.replace(tzinfo=UTC)
    told = [now - timedelta(seconds=seconds) for seconds in reversed(ago)]
    hold = restraint.hold(urgent=False, told_at=told, now=now)
    if hold is None:
        return
    assert now < hold.until <= now + timedelta(hours=25)
    still = [each for each in told if each > hold.until - timedelta(hours=1)]
    again = restraint.hold(urgent=False, told_at=still, now=hold.until)
    assert again is None or again.why is not hold.why
