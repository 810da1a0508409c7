"""Promises about what the doctor makes of a database: sinks, silences, damage, policies."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.config import inspect
from inboxd.config.settings import GeneralSettings
from inboxd.core.alerts.receivers import undelivered_alert
from inboxd.core.policies import Match
from inboxd.core.restraint import Held
from inboxd.doctor import configuration, database
from inboxd.findings import Health, delivery
from inboxd.forgetting import Forgetting
from inboxd.store import condition
from inboxd.store.times import to_text
from tests.store.shop import Shop, at, said

if TYPE_CHECKING:
    from pathlib import Path

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


def test_whom_no_policy_governs_is_counted(shop: Shop) -> None:
    """Somebody waits, and nobody will ever be told."""
    shop.hear(said(0, "m1"))
    assert condition.without_policy(shop.store) == 0
    shop.store.database.execute("UPDATE cases SET policy = NULL")
    assert condition.without_policy(shop.store) == 1


def test_a_damaged_index_is_found_by_looking_deep_alone(shop: Shop) -> None:
    """The quick look does not compare an index with its table, nor look where references lead."""
    shop.hear(said(0, "m1"))
    db = shop.store.database
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("UPDATE cases SET conversation_id = 999")
    assert condition.damage(shop.store, None, deep=False) == ""
    assert "conversations" in (condition.damage(shop.store, None, deep=True) or "")


def test_a_damaged_search_index_is_found(shop: Shop) -> None:
    """Of words that no message has any more."""
    shop.hear(said(0, "m1"))
    assert condition.damage_of_search(shop.store.path) == ""
    shop.store.database.execute(
        "INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', 1, 'something else')"
    )
    assert condition.damage_of_search(shop.store.path)


def test_a_look_that_takes_too_long_is_given_up(shop: Shop) -> None:
    """Nobody waits for a large database that was only to be looked at quickly."""
    shop.store.database.set_progress_handler(_slowly, 1)
    shop.hear(said(0, "m1"))
    assert condition.damage(shop.store, timedelta(milliseconds=20), deep=False) is None
    shop.store.database.set_progress_handler(None, 0)
    assert condition.damage(shop.store, timedelta(seconds=20), deep=False) == ""


def _slowly() -> int:
    time.sleep(0.0002)
    return 0


def test_policies_that_nobody_met_are_told_once_there_are_cases_enough(
    shop: Shop, tmp_path: Path
) -> None:
    """A policy for what never comes is one that somebody believes in."""
    config = tmp_path / "config.toml"
    config.write_text(
        '[[policies]]\nname = "orders"\nfirst_response = "1h"\nmatch = { topic = ["gift_cards"] }\n'
    )
    settings = inspect(config, {}).settings
    assert settings
    for number in range(50):
        shop.hear(said(number, f"m{number}", thread_id=f"dm:{number}"))
    found = list(configuration.policies(settings, shop.store, shop.now))
    assert [each.what for each in found] == ["policy orders"]
    shop.store.database.execute("UPDATE cases SET policy = 'orders' WHERE id = 1")
    assert list(configuration.policies(settings, shop.store, shop.now)) == []


def unfinished(shop: Shop, **general: object) -> list[str]:
    """Return the codes of what was to leave the database and has not."""
    settings = GeneralSettings.model_validate(general)
    return [str(each.code) for each in database.unfinished(shop.store, settings, shop.now)]


def test_a_forgetting_that_broke_off_needs_a_person(shop: Shop) -> None:
    """Not while it may be under way; whoever was promised to be erased is not, until then."""
    shop.store.remember("forgetting", to_text(shop.now))
    assert unfinished(shop) == []
    shop.now = at(11)
    assert unfinished(shop) == ["database.erasing"]
    Forgetting(shop.store, shop.rules, "anna").finish(lambda _: None)
    assert unfinished(shop) == []


def test_a_removal_that_is_not_finished_is_said(shop: Shop) -> None:
    """Begun and never finished, or not done for two nights; only where it is to be done."""
    keep = {"retain": "400d"}
    assert unfinished(shop, **keep) == []
    shop.store.remember("removed_until", to_text(shop.now))
    assert unfinished(shop, **keep) == ["database.removing"]
    shop.store.remember("retention:done", shop.now.isoformat())
    assert unfinished(shop, **keep) == []
    shop.now = at(49 * 60)
    assert unfinished(shop, **keep) == unfinished(shop, retain_raw="30d") == ["database.removing"]
    assert unfinished(shop) == []
