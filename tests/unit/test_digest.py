"""Promises about the daily digest: once a day, at its time on the wall, and in lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.digest import Digest, Figures, Trouble, day_of, digest_alert
from inboxd.core.hours import OpeningHours
from inboxd.model import Tone, Topic

BERLIN = ZoneInfo("Europe/Berlin")
NINE = Digest("team", time(9), ("support",), BERLIN)
OFFICE = OpeningHours("office", BERLIN, {day: [(32_400, 64_800)] for day in range(5)})
NOW = datetime(2026, 11, 26, 8, 0, 3, tzinfo=UTC)
CALM = Figures(
    waiting=0, overdue=0, oldest=None, breached=0, in_time=0, late=0, promised=0,
    read=("shop-vk",), troubles={}, gaps=0, gap_time=timedelta(),
)  # fmt: skip


def local(day: str, clock: str) -> datetime:
    """Return an instant that the wall in Berlin shows."""
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=BERLIN).astimezone(UTC)


def test_it_is_due_from_its_time_until_midnight() -> None:
    """A daemon that was down tells it late on the same day; on the next the old one is skipped."""
    assert NINE.due_on(local("2026-11-26", "08:59:59")) is None
    for clock in ("09:00", "15:20", "23:59:59"):
        assert NINE.due_on(local("2026-11-26", clock)) == date(2026, 11, 26)
    assert NINE.due_on(local("2026-11-27", "00:00")) is None


def test_it_can_keep_to_the_days_on_which_a_calendar_is_open() -> None:
    """Nobody reads on Sunday what Monday's tells better."""
    weekdays = replace(NINE, hours=OFFICE)
    assert weekdays.due_on(local("2026-11-27", "10:00")) == date(2026, 11, 27)
    assert weekdays.due_on(local("2026-11-28", "10:00")) is None
    assert NINE.due_on(local("2026-11-28", "10:00")) == date(2026, 11, 28)


@given(st.integers(0, 1_439), st.integers(0, 3_650))
def test_each_day_has_one_whatever_the_clocks_do(minute: int, day: int) -> None:
    """Also at a time that a clock change skips or brings twice."""
    digest = replace(NINE, at=time(minute // 60, minute % 60))
    today = date(2024, 1, 1) + timedelta(days=day)
    begins, ends = day_of(today, BERLIN)
    times = [begins + timedelta(minutes=each) for each in range(0, 1_500, 15)]
    due = [digest.due_on(at) for at in [*times, ends - timedelta(seconds=1)] if at < ends]
    assert {*due} <= {None, today}
    assert due[-1] == today


def test_a_day_is_as_long_as_it_really_is() -> None:
    """With 23 hours in spring and 25 in autumn."""
    lengths = [
        (end - begin) // timedelta(hours=1)
        for begin, end in (
            day_of(day, BERLIN) for day in (date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1))
        )
    ]  # fmt: skip
    assert lengths == [23, 25, 24]


def test_it_tells_in_lines_what_a_morning_needs() -> None:
    """Who waits, how yesterday was, and whether inboxd sees everything."""
    figures = replace(
        CALM, waiting=12, overdue=3, oldest=datetime(2026, 11, 23, 7, 12, tzinfo=UTC),
        breached=4, in_time=28, late=3, promised=2, read=("shop-vk", "shop-fb"),
        troubles={"shop-x": Trouble("blind", NOW - timedelta(hours=3))}, gaps=2, gap_time=timedelta(minutes=41),
        spikes=[(Topic.SHIPPING, 63)], used=["shop-x: reads 7,400 of 10,000", "shop-fb: calls 12"],
    )  # fmt: skip
    alert = digest_alert(NINE, date(2026, 11, 26), figures, NOW)
    assert alert.key == "digest:team/2026-11-26"
    assert (alert.reason, alert.tone) == ("daily_digest", Tone.NOTICE)
    assert alert.headline == "Thursday 26 November: 12 waiting, 3 overdue"
    assert alert.facts == (
        ("Waiting", "12, 3 overdue; the oldest since Mon 23 Nov 08:12"),
        ("Promised for today", "2"),
        ("Not answered in time yesterday", "4"),
        ("Answered yesterday", "31: 28 in time, 3 late"),
        ("Many complaints at once yesterday", "shipping (63 customers)"),
        ("Accounts", "shop-x blind for 3h; 2 read"),
        ("Not read for a while yesterday", "2 times, 41m in all"),
    )
    assert (
        alert.detail
        == "Used of what the networks allow:\nshop-x: reads 7,400 of 10,000\nshop-fb: calls 12"
    )


def test_a_calm_day_is_told_as_calm() -> None:
    """That all is well is news, too: silence would not say it."""
    alert = digest_alert(NINE, date(2026, 11, 26), CALM, NOW)
    assert alert.headline == "Thursday 26 November: nobody waits"
    assert {value for _, value in alert.facts} == {"nobody", "nothing", "none", "never", "1 read"}


@pytest.mark.parametrize(
    ("told_as", "words"),
    [
        ("blind", "shop-x blind for 3h"),
        ("refused", "shop-x refused by its network for 3h"),
        ("deaf", "shop-x answers without delivering for 3h"),
    ],
)
def test_a_trouble_is_called_what_it_is(told_as: str, words: str) -> None:
    """What waits for a person is not taken for what passes."""
    figures = replace(CALM, troubles={"shop-x": Trouble(told_as, NOW - timedelta(hours=3))})
    assert (
        dict(digest_alert(NINE, NOW.date(), figures, NOW).facts)["Accounts"] == f"{words}; 1 read"
    )


@pytest.mark.parametrize(
    ("changes", "headline", "waiting"),
    [
        ({"read": (), "unread": ("shop-vk",)}, "not known who waits, no account is read", "nobody that is known of"),
        ({"unread": ("shop-x",)}, "nobody is seen to wait, 1 of 2 accounts not read", "nobody that is known of"),
        ({"troubles": {"shop-x": Trouble("refused", NOW)}}, "nobody is seen to wait, 1 of 2 accounts not read", "nobody that is known of"),
        ({"troubles": {"shop-x": Trouble("deaf", NOW)}}, "nobody waits", "nobody"),
    ],
)  # fmt: skip
def test_what_is_not_seen_is_not_called_calm(
    changes: dict[str, Any], headline: str, waiting: str
) -> None:
    """After a first read that failed nobody knows who waits."""
    alert = digest_alert(NINE, NOW.date(), replace(CALM, **changes), NOW)
    assert alert.headline == f"Thursday 26 November: {headline}"
    assert dict(alert.facts)["Waiting"] == waiting
