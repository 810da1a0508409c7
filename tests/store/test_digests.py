"""Promises about the figures of a day, and that a digest is written once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from inboxd.connector import Allowance, Connector
from inboxd.core.digest import Digest
from inboxd.model import Topic
from inboxd.store.times import to_text
from inboxd.workers.digests import DigestWriter
from tests.store.shop import START, Shop, answered, at, said

if TYPE_CHECKING:
    from inboxd.model import Alert
    from inboxd.workers.account import Account

MORNING = Digest("team", time(9), ("support", "lead"), UTC)
DAY = timedelta(days=1)
TODAY = datetime(2026, 11, 24, tzinfo=UTC)


class _Connector:
    """As much of a connector as a digest asks."""

    def allowances(self) -> list[Allowance]:
        return [Allowance("reads", 7_400, 10_000, projected=9_900)]


class _Account:
    name = "shop-vk"
    connector = cast("Connector", _Connector())


def writer(shop: Shop) -> DigestWriter:
    return DigestWriter(shop.store, [MORNING], [cast("Account", _Account())])


def written(shop: Shop, now: datetime) -> list[Alert]:
    """Return what is written at *now* by a process that knows nothing of earlier ones."""
    digests = writer(shop)
    digests.look(now, digests.used(now))
    items = shop.store.outbox.due("lead", now)
    return [alert for item in items for alert in item.alerts if alert.reason == "daily_digest"]


def facts(alert: Alert) -> dict[str, str]:
    return dict(alert.facts)


def test_a_digest_is_written_once_a_day_for_ever(shop: Shop) -> None:
    """Not before its time, not by another process, not after a clock was set back."""
    assert written(shop, TODAY + timedelta(hours=8)) == []
    (first,) = written(shop, TODAY + timedelta(hours=9))
    for hours in (9.1, 14, 9):
        assert written(shop, TODAY + timedelta(hours=hours)) == [first]
    assert len(written(shop, TODAY + DAY + timedelta(hours=23))) == 2
    assert shop.value("SELECT count(*) FROM outbox") == 4


def test_it_tells_who_waits_and_how_yesterday_was(shop: Shop) -> None:
    """One answered in time, one late, one still waiting, who is the example."""
    for name in ("soon", "late", "never"):
        shop.hear(said(0, name, f"Help: {name}", thread_id=f"dm:{name}"))
    shop.now = at(300)
    shop.hear(answered(30, "a1", thread_id="dm:soon"), answered(300, "a2", thread_id="dm:late"))
    (digest,) = written(shop, TODAY + timedelta(hours=9))
    found = facts(digest)
    assert found["Waiting"] == "1, 1 overdue; the oldest since Mon 23 Nov 09:00"
    assert found["Answered yesterday"] == "2: 1 in time, 1 late"
    assert found["Not answered in time yesterday"] == "2"
    assert [card.text for card in digest.examples] == ["Help: never"]
    assert (
        digest.detail
        == "Used of what the networks allow:\nshop-vk, reads: 7,400 of 10,000, 9,900 by the end"
    )


def test_an_account_counts_as_read_once_it_was(shop: Shop) -> None:
    """That nothing is known against it is not enough."""
    (digest,) = written(shop, TODAY + timedelta(hours=9))
    assert facts(digest)["Accounts"] == "shop-vk not read yet"
    assert digest.headline.endswith("not known who waits, no account is read")
    shop.store.sources.succeeded("shop-vk", "feed", TODAY + timedelta(hours=9))
    _, digest = written(shop, TODAY + DAY + timedelta(hours=9))
    assert facts(digest)["Accounts"] == "1 read"


def test_what_was_of_other_days_is_not_yesterdays(shop: Shop) -> None:
    """Two days later the same is neither breached nor answered yesterday."""
    shop.hear(said(0, "m"))
    shop.now = at(300)
    shop.hear(answered(300, "a"))
    (digest,) = written(shop, TODAY + DAY + timedelta(hours=9))
    assert facts(digest)["Not answered in time yesterday"] == "none"
    assert facts(digest)["Answered yesterday"] == "nobody"


def test_it_tells_of_blindness_gaps_and_spikes(shop: Shop) -> None:
    """What of a gap was yesterday, once for all sources; and who is not read now."""
    store = shop.store
    store.sources.told("shop-vk", ["feed"], "blind", START, START + timedelta(minutes=5))
    store.coverage.begin("shop-vk", "feed", START - DAY, "Unavailable")
    store.coverage.begin("shop-vk", "comments", START - DAY, "Unavailable")
    for source in ("feed", "comments"):
        store.coverage.end("shop-vk", source, START, 3)
    with store.transaction():
        store.spikes.begin(Topic.SHIPPING, START, at(60), window=timedelta(hours=1), usual=4.0)
    (digest,) = written(shop, TODAY + timedelta(hours=9))
    assert facts(digest)["Accounts"] == "shop-vk blind for 1d"
    assert facts(digest)["Not read for a while yesterday"] == "once, 9h"
    assert facts(digest)["Many complaints at once yesterday"] == "shipping (0 customers)"


def test_an_account_is_in_its_worst_trouble(shop: Shop) -> None:
    """What a person must mend is told before what passes, whichever came first."""
    sources = shop.store.sources
    for told_as, hours in (("deaf", 4), ("blind", 5), ("refused", 3)):
        since = TODAY + timedelta(hours=9 - hours)
        sources.told("shop-vk", [f"source-{told_as}"], told_as, since, since)
    (digest,) = written(shop, TODAY + timedelta(hours=9))
    assert facts(digest)["Accounts"] == "shop-vk refused by its network for 3h"


@pytest.mark.parametrize(("due", "count"), [(TODAY + DAY / 2, 1), (TODAY + DAY, 0)])
def test_promises_that_fall_due_today_are_counted(shop: Shop, due: datetime, count: int) -> None:
    """Waits of the kind "promise", as long as they are not kept."""
    shop.hear(said(0, "m"))
    shop.store.database.execute("UPDATE waits SET kind = 'promise', due_at = ?", [to_text(due)])
    figures = shop.store.figures.of((TODAY - DAY, TODAY), TODAY + DAY, TODAY + DAY / 3, [])
    assert figures.promised == count


def test_a_digest_that_crashes_stops_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not tried again each second of the day."""
    calls = []

    def crash(*_: object) -> None:
        calls.append(1)
        raise RuntimeError

    monkeypatch.setattr(shop.store.figures, "of", crash)
    digests = writer(shop)
    for second in range(3):
        digests.look(TODAY + timedelta(hours=9, seconds=second), [])
    assert calls == [1]
