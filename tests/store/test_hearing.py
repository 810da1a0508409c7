"""Promises about dead buttons: people hear of it once, elsewhere, and that they work again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.errors import SinkRefused, Unavailable
from inboxd.notify.slack_socket import Hearing
from inboxd.workers.hearing import HearingWatcher
from tests.store.shop import START, Shop, at, open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BROKEN = Unavailable("sink support: the connection to Slack broke")
REVOKED = SinkRefused("sink support: Slack answered token_revoked")


@dataclass
class Listener:
    """Who hears, or does not, as a test says."""

    hearing: Hearing
    sinks: tuple[str, ...] = ("support",)
    memory: str = "unheard:support"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(tmp_path / "deaf.db")
    yield shop
    shop.store.close()


def look(shop: Shop, hearing: Hearing, minutes: float, *alert_to: str) -> None:
    """Let a watcher look, which is a new one each time: what it knows is in the database."""
    listener: Any = Listener(hearing)
    HearingWatcher(shop.store, [listener], alert_to or ("support", "lead")).look(at(minutes))


def test_a_short_break_is_nobodys_business(shop: Shop) -> None:
    """Connections come and go."""
    look(shop, Hearing(heard=False, since=START, error=BROKEN), 4.9)
    assert shop.queued() == []


def test_a_long_one_is_told_once_by_the_other_sinks(shop: Shop) -> None:
    """And its end, too."""
    deaf = Hearing(heard=False, since=START, error=BROKEN)
    for minutes in (5, 6, 60):
        look(shop, deaf, minutes)
    look(shop, Hearing(heard=True, since=at(61)), 61)
    look(shop, Hearing(heard=True, since=at(61)), 62)
    assert shop.queued() == [
        ("buttons_unheard", "lead", "pending"), ("buttons_heard_again", "lead", "pending"),
    ]  # fmt: skip
    headlines = [text for (text,) in shop.rows("SELECT headline FROM alerts ORDER BY id")]
    assert headlines == [
        "support: pressed buttons are not heard of for 5m",
        "support: buttons work again after 1h 1m",
    ]


def test_what_needs_a_person_is_told_at_once(shop: Shop) -> None:
    """Waiting would not help; the text says what is wrong."""
    look(shop, Hearing(heard=False, since=START, error=REVOKED), 0)
    assert "token_revoked" in shop.value("SELECT detail FROM alerts")


def test_a_second_loss_is_told_as_well(shop: Shop) -> None:
    """It is another one."""
    for start in (0, 100):
        look(shop, Hearing(heard=False, since=at(start), error=BROKEN), start + 6)
        look(shop, Hearing(heard=True, since=at(start + 7)), start + 7)
    assert len(shop.queued()) == 4


def test_who_has_no_other_sink_is_told_there(shop: Shop) -> None:
    """The bot's messages arrive, though its buttons are dead."""
    look(shop, Hearing(heard=False, since=START, error=BROKEN), 5, "support")
    assert shop.queued() == [("buttons_unheard", "support", "pending")]


def test_monitors_are_told_of_what_lasts(shop: Shop) -> None:
    """A new connection every few hours must not raise an alarm."""
    listener: Any = Listener(Hearing(heard=False, since=START, error=BROKEN))
    watcher = HearingWatcher(shop.store, [listener], ())
    assert watcher.problems(at(4)) == []
    assert watcher.problems(at(5)) == ["support: pressed buttons are not heard of"]
    listener.hearing = Hearing(heard=True, since=at(6))
    assert watcher.problems(at(60)) == []
