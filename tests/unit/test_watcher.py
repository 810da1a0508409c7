"""Promises about silence: it is never mistaken for calm, and never told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.errors import InboxdError, PermissionMissing, TokenInvalid, Unavailable
from inboxd.store import Store
from inboxd.workers.watcher import Watched, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inboxd.model import Alert

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SOURCES = ("direct_messages", "comments")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


class Shop:
    """An account with two sources, a patience of ten minutes, and one sink."""

    def __init__(self, store: Store) -> None:
        self.store = store
        watched = Watched("shop", SOURCES, timedelta(minutes=10))
        self.watcher = Watcher(store, [watched], ["team"], START)

    def read(self, minutes: float, *sources: str) -> None:
        """Complete a read."""
        for source in sources or SOURCES:
            self.store.sources.succeeded("shop", source, at(minutes))

    def fail(self, minutes: float, error: InboxdError, *sources: str) -> None:
        """Let a read fail."""
        for source in sources or SOURCES:
            self.store.sources.failed("shop", source, at(minutes), error, None)

    def look(self, *minutes: float) -> list[str]:
        """Look at each of *minutes*; return the reason of every alert there is."""
        for minute in minutes:
            self.watcher.look(at(minute))
        return [alert.reason for alert in self.queued()]

    def queued(self) -> list[Alert]:
        """Return every alert there is, oldest first."""
        items = self.store.outbox.due("team", at(10_000))
        return [alert for item in items for alert in item.alerts]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Store(tmp_path / "inboxd.db") as store:
        yield Shop(store)


def test_an_account_that_is_read_is_no_news(shop: Shop) -> None:
    """As long as every source is read in time, nobody hears anything."""
    shop.read(5)
    assert shop.look(6, 14) == []


def test_an_outage_is_told_once_however_many_sources_it_hits(shop: Shop) -> None:
    """Two sources that fall silent one after the other are one alert, not two."""
    shop.read(1, "direct_messages")
    shop.read(2, "comments")
    shop.fail(3, Unavailable("HTTP 503"))
    assert shop.look(5, 11.5, 12.5, 30) == ["account_blind"]


def test_a_short_outage_is_not_worth_an_alert(shop: Shop) -> None:
    """What mends itself within the patience wakes nobody."""
    shop.read(1)
    shop.fail(3, Unavailable("HTTP 503"))
    shop.read(9)
    assert shop.look(5, 10, 15) == []


def test_a_source_that_was_never_read_is_told_too(shop: Shop) -> None:
    """A poll that hangs from the start leaves no failure behind, yet it is blindness."""
    assert shop.look(9, 11) == ["account_blind"]


def test_recovery_is_told_once_all_are_read_again(shop: Shop) -> None:
    """The recovery waits for the last source of the trouble, and says how long it lasted."""
    shop.read(1)
    shop.fail(3, Unavailable("HTTP 503"))
    shop.look(12)
    shop.read(20, "comments")
    assert shop.look(21) == ["account_blind"]
    shop.read(42, "comments", "direct_messages")
    assert shop.look(43, 44) == ["account_blind", "account_read_again"]
    assert "after 42m" in shop.queued()[-1].headline


def test_what_is_not_read_any_more_does_not_deliver_again(shop: Shop) -> None:
    """A source that people know to be deaf goes blind as it is heard again: that alone is told."""
    shop.read(1)
    shop.store.database.execute("UPDATE sources SET missed = 3 WHERE source = 'comments'")
    assert shop.look(2) == ["account_deaf"]
    shop.store.sources.heard("shop", ["comments"])
    shop.read(12, "direct_messages")
    assert shop.look(13, 14, 15) == ["account_deaf", "account_blind"]
    shop.read(16)
    assert shop.look(17) == ["account_deaf", "account_blind", "account_read_again"]


def test_what_is_not_read_is_not_deaf_as_well(shop: Shop) -> None:
    """A deaf source that goes blind is told to be that, once, and to be read again."""
    shop.read(1)
    shop.store.database.execute("UPDATE sources SET missed = 3 WHERE source = 'comments'")
    shop.read(12, "direct_messages")
    assert shop.look(2, 13) == ["account_deaf", "account_blind"]
    for minute in (14, 15, 16):
        shop.look(minute)
        assert shop.store.sources.get("shop", "comments").told_as == "blind"
    shop.read(17)
    shop.store.sources.heard("shop", ["comments"])
    assert shop.look(18) == ["account_deaf", "account_blind", "account_read_again"]


def test_what_a_person_must_mend_is_told_at_once(shop: Shop) -> None:
    """An invalid token does not get better by waiting: the patience does not apply."""
    shop.read(1)
    shop.fail(2, TokenInvalid("the token has expired; make a new one"))
    assert shop.look(2.1) == ["account_refused"]
    assert "make a new one" in shop.queued()[0].detail


def test_one_invalid_token_is_one_alert(shop: Shop) -> None:
    """The sources of an account find out one after the other; people need hear it once."""
    shop.fail(2, TokenInvalid("expired"), "comments")
    shop.look(2.1)
    shop.fail(2.2, TokenInvalid("expired"), "direct_messages")
    assert shop.look(2.3, 3) == ["account_refused"]


def test_a_lasting_refusal_does_not_hide_a_new_trouble(shop: Shop) -> None:
    """A stream that lacks a permission for weeks must not mute the blindness of another."""
    shop.fail(1, PermissionMissing("reviews need v21.0"), "comments")
    shop.read(1, "direct_messages")
    shop.look(2)
    assert shop.look(12) == ["account_refused", "account_blind"]


def test_what_goes_blind_hours_later_is_a_trouble_of_its_own(shop: Shop) -> None:
    """One source that is blind for a day must not mute the others."""
    shop.fail(1, Unavailable("HTTP 503"), "comments")
    for minute in range(1, 200, 5):
        shop.read(minute, "direct_messages")
    assert shop.look(12, 100) == ["account_blind"]
    assert shop.look(210) == ["account_blind", "account_blind"]
    assert shop.queued()[-1].headline == "shop is blind: direct messages not read for 14m"


def test_the_same_outage_next_week_is_news_again(shop: Shop) -> None:
    """An episode ends with its recovery: the next one has alerts of its own."""
    shop.read(1)
    shop.look(12)
    shop.read(20)
    shop.look(21)
    assert shop.look(40) == ["account_blind", "account_read_again", "account_blind"]
