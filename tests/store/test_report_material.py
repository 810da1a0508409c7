"""Promises about what a report is made of: what nobody reads any more is a gap, noted or not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd import plugins
from inboxd.config import load
from inboxd.core.scorecard.basis import Basis
from inboxd.core.scorecard.model import Gap, Period
from inboxd.report.material import Request, read
from inboxd.store import AccountFacts
from tests.store.shop import answered, at, said
from tests.unit.sheeted import figures

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from inboxd.core.scorecard.model import Scorecard
    from tests.store.shop import Shop

CONFIGURATION = """
[inboxd]
timezone = "UTC"
service_level = 90
service_within = "2h"
[[accounts]]
name = "shop-vk"
network = "vk"
group_id = 1
token = { env = "VK_TOKEN" }
streams = ["direct_messages"]
"""
AN_HOUR, A_DAY = 60, 24 * 60


@pytest.fixture
def read_shop(shop: Shop) -> Shop:
    """A shop whose account was read to its end at the start, and for the last time an hour later."""
    shop.store.watch_from("shop-vk", at(0))
    shop.store.accounts.keep("shop-vk", AccountFacts(("feed",), timedelta(minutes=5)))
    shop.store.sources.succeeded("shop-vk", "feed", at(AN_HOUR))
    return shop


def card_of(shop: Shop, folder: Path, day: date, now: datetime) -> Scorecard:
    (folder / "config.toml").write_text(CONFIGURATION, encoding="utf-8")
    settings = load(folder / "config.toml", plugins.networks(), {"VK_TOKEN": "x"})
    period = Period(day, day + timedelta(days=1), settings.general.timezone)
    basis = Basis(settings.general.timezone)
    return read(shop.store, settings, basis, Request(period), now).scorecard()


def test_what_is_not_read_any_more_is_a_gap_though_no_daemon_notes_it(
    read_shop: Shop, tmp_path: Path
) -> None:
    """The day on which it stopped has a gap at its top; of the next ones nothing is known."""
    read_shop.hear(said(10, "1"))
    first = card_of(read_shop, tmp_path, date(2026, 11, 23), at(3 * A_DAY))
    second = card_of(read_shop, tmp_path, date(2026, 11, 24), at(3 * A_DAY))

    assert first.gaps == (Gap("shop-vk", "feed", at(AN_HOUR), None, "not_running", mended=False),)
    assert figures(first)["messages"].value == 1
    assert figures(second)["messages"].value is None
    assert figures(second)["messages"].why == "nothing was read in this period"


def test_what_was_read_a_short_while_ago_is_no_gap(read_shop: Shop, tmp_path: Path) -> None:
    """An hour is nothing that a report should open with; a stream that was given up is none either."""
    soon = card_of(read_shop, tmp_path, date(2026, 11, 23), at(2 * AN_HOUR))
    read_shop.store.accounts.keep("shop-vk", AccountFacts(("other",), timedelta(minutes=5)))
    given_up = card_of(read_shop, tmp_path, date(2026, 11, 23), at(3 * A_DAY))

    assert soon.gaps == ()
    assert given_up.gaps == ()


def test_a_gap_that_a_daemon_has_noted_is_told_once(read_shop: Shop, tmp_path: Path) -> None:
    """With the reason that it noted."""
    read_shop.store.coverage.begin("shop-vk", "feed", at(AN_HOUR), "TokenInvalid")
    card = card_of(read_shop, tmp_path, date(2026, 11, 23), at(3 * A_DAY))

    assert [gap.reason for gap in card.gaps] == ["TokenInvalid"]


def test_the_service_level_is_the_configured_one(read_shop: Shop, tmp_path: Path) -> None:
    """Nine of ten within two hours: one of two answered after 90 minutes is half of them."""
    read_shop.hear(said(0, "1"), said(0, "2", thread_id="dm:2"))
    read_shop.now = at(90)
    read_shop.hear(answered(90, "3"))
    level = figures(card_of(read_shop, tmp_path, date(2026, 11, 23), at(A_DAY)))["service_level"]

    assert (level.value, level.target) == (0.5, 0.9)
    assert level.label == "Service level (90 % within 2h)"
