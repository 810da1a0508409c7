"""Promises about what the doctor says of sinks: a refusal, what is held back, and silences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.core.alerts import undelivered_alert
from inboxd.core.policies import Match
from inboxd.core.restraint import Held
from inboxd.findings import Health, delivery
from tests.store.shop import Shop, at, said

if TYPE_CHECKING:
    from inboxd.findings import Finding


def findings(shop: Shop) -> dict[str, Finding]:
    return {each.what: each for each in delivery(shop.store, ["support", "lead"], shop.now)}


def test_a_sink_that_takes_no_alerts_is_trouble(shop: Shop) -> None:
    """Whoever asks how all stands hears of it, not only the other sinks."""
    assert findings(shop).keys() == {"outbox"}
    alert = undelivered_alert("k", "support", "the webhook is gone", shop.now)
    with shop.store.transaction():
        shop.store.outbox.add_alert(alert, ["lead"])
    found = findings(shop)["support"]
    assert (found.health, "takes no alerts since" in found.text) == (Health.TROUBLE, True)


def test_what_is_held_back_is_counted(shop: Shop) -> None:
    """Quiet hours are no trouble, and no secret either."""
    shop.hear(said(0, "m1"))
    shop.tick(60)
    (item,) = shop.store.outbox.due("lead", shop.now)
    shop.store.outbox.hold(item, at(600), Held.QUIET, shop.now)
    found = findings(shop)
    assert found.keys() == {"outbox", "lead"}
    assert (found["lead"].health, found["lead"].text) == (Health.NOTICE, "1 alerts are held back")


def test_a_silence_is_named(shop: Shop) -> None:
    """Nobody should wonder why nothing is told."""
    with shop.store.transaction():
        shop.store.silences.add(Match(), at(60), "olha", "a test", shop.now)
    assert "by olha" in findings(shop)["silence 1"].text
