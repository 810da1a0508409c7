"""Promises about silence: what is usual is never told, what is abnormal is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.silence import Span, earlier_weeks, is_abnormal, silent_span
from inboxd.model import Author, Stream
from inboxd.workers.watcher import SilenceWatcher
from tests.store.shop import Shop, open_shop, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KYIV = ZoneInfo("Europe/Kyiv")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
WATCHED = [("shop-vk", Stream.DIRECT_MESSAGES), ("shop-vk", Stream.COMMENTS)]


@pytest.mark.parametrize(
    ("earlier", "abnormal"),
    [
        ([12, 15, 11], True),
        ([12, 15], False),
        ([12, 15, 0, 14], False),
        ([2, 1, 3, 2], False),
        ([9, 9, 9], False),
        ([10, 10, 10], True),
        ([], False),
    ],
)
def test_only_hardly_likely_silence_is_abnormal(earlier: list[int], abnormal: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Three weeks at least, none of them as quiet, and about ten messages expected."""
    assert is_abnormal(earlier) is abnormal


@given(st.lists(st.integers(0, 200), min_size=3, max_size=8), st.integers(1, 50))
def test_busier_weeks_never_make_a_silence_less_abnormal(earlier: list[int], more: int) -> None:
    """What is abnormal against some traffic is so against more."""
    if is_abnormal(earlier):
        assert is_abnormal([count + more for count in earlier])


def test_a_silence_is_made_of_whole_hours() -> None:
    """The hour in which somebody wrote and the one that goes on are no part of it."""
    assert silent_span(MONDAY, MONDAY + 1.9 * HOUR) is None
    assert silent_span(MONDAY, MONDAY + 3.5 * HOUR) == Span(MONDAY + HOUR, MONDAY + 3 * HOUR)
    assert silent_span(MONDAY, MONDAY + timedelta(days=9)) is None


def test_earlier_weeks_are_the_same_hours_on_the_wall() -> None:
    """Across the end of summer time nine o'clock stays nine o'clock."""
    span = Span(datetime(2026, 10, 26, 7, tzinfo=UTC), datetime(2026, 10, 26, 9, tzinfo=UTC))
    first = datetime(2026, 10, 1, tzinfo=UTC)

    weeks = earlier_weeks(span, first, KYIV)

    assert weeks[0] == Span(
        datetime(2026, 10, 19, 6, tzinfo=UTC), datetime(2026, 10, 19, 8, tzinfo=UTC)
    )
    assert len(weeks) == 3


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Shop]:
    """A shop to which twenty people wrote in each of the last four weeks' Monday mornings."""
    shop = open_shop(tmp_path / "inboxd.db", now=MONDAY + 6 * HOUR)
    for week in range(4):
        monday = MONDAY - timedelta(weeks=week)
        for number in range(20 if week else 1):
            at = monday + number * timedelta(minutes=15)
            shop.hear(said(0, f"w{week}m{number}", sent_at=at, author=Author(f"a{number}")))
    yield shop
    shop.store.close()


def reasons(shop: Shop) -> list[str]:
    return [reason for reason, _, _ in shop.queued()]


def test_an_abnormally_silent_stream_is_told_once_and_so_is_its_end(busy: Shop) -> None:
    """One alert when nobody writes in hours that are always busy, and one when somebody does."""
    watcher = SilenceWatcher(busy.store, WATCHED, ("support",), KYIV)

    for minutes in (0, 20, 40):
        watcher.look(busy.now + timedelta(minutes=minutes))
    assert reasons(busy) == ["stream_silent"]

    busy.now += HOUR
    busy.hear(said(0, "at last", sent_at=busy.now))
    watcher.look(busy.now + timedelta(minutes=11))
    assert reasons(busy) == ["stream_silent", "stream_speaks"]


def test_the_silence_of_a_blind_account_is_not_told_beside_its_blindness(busy: Shop) -> None:
    """What follows from a trouble that people know of is no news."""
    watcher = SilenceWatcher(busy.store, WATCHED, ("support",), KYIV)
    busy.store.sources.told("shop-vk", ["feed"], "blind", busy.now, busy.now)

    watcher.look(busy.now)

    assert reasons(busy) == []


def test_the_silence_of_what_is_not_watched_any_more_is_told_to_nobody(busy: Shop) -> None:
    """Whoever took an account or a stream out of the configuration knows why it is quiet."""
    SilenceWatcher(busy.store, WATCHED[1:], ("support",), KYIV).look(busy.now)
    assert reasons(busy) == []


def test_a_shop_without_a_history_is_never_told_of_silence(tmp_path: Path) -> None:
    """Nobody knows what is usual in the first weeks."""
    shop = open_shop(tmp_path / "inboxd.db", now=MONDAY + 30 * HOUR)
    shop.hear(*[said(number, f"m{number}") for number in range(60)])

    SilenceWatcher(shop.store, WATCHED, ("support",), KYIV).look(shop.now)

    assert reasons(shop) == []
    shop.store.close()
