"""Promises about what people hear of a configuration that is refused: once, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.errors import ConfigError, OperatorError, Problem
from inboxd.store import Store
from inboxd.workers.reloads import accept, problems_in, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
TO = ["lead"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "inboxd.db") as store:
        yield store


def told(store: Store, now: datetime) -> list[tuple[str, str]]:
    return [
        (alert.reason, alert.detail)
        for item in store.outbox.due("lead", now)
        for alert in item.alerts
    ]


def test_every_problem_is_named_once(store: Store) -> None:
    """However often the same file is read; another problem is another alert."""
    refuse(["htp is unknown", "accounts are missing"], store, TO, NOW)
    refuse(["htp is unknown", "accounts are missing"], store, TO, NOW + HOUR)
    refuse(["accounts are missing"], store, TO, NOW + 2 * HOUR)

    assert told(store, NOW + 3 * HOUR) == [
        ("config_refused", "htp is unknown\naccounts are missing"),
        ("config_refused", "accounts are missing"),
    ]


def test_the_end_is_told_to_those_who_heard_of_it(store: Store) -> None:
    """Once, with how long it took; and the same mistake is told again if it is made again."""
    accept(store, TO, NOW)
    refuse(["htp is unknown"], store, TO, NOW)
    refuse(["accounts are missing"], store, TO, NOW + HOUR)
    accept(store, TO, NOW + 2 * HOUR)
    accept(store, TO, NOW + 3 * HOUR)
    refuse(["accounts are missing"], store, TO, NOW + 4 * HOUR)

    reasons = [reason for reason, _ in told(store, NOW + 5 * HOUR)]
    assert reasons == ["config_refused", "config_refused", "config_accepted", "config_refused"]
    (ended,) = [
        alert.headline
        for item in store.outbox.due("lead", NOW + 5 * HOUR)
        for alert in item.alerts
        if alert.reason == "config_accepted"
    ]
    assert "after 2h with the old one" in ended


def test_whatever_is_wrong_has_words() -> None:
    """Each problem of a configuration, or what kept a daemon from beginning with it."""
    problems = [Problem("htp", "is unknown"), Problem("", "does not exist")]

    assert problems_in(ConfigError("config.toml", problems)) == ("htp is unknown", "does not exist")
    assert problems_in(OperatorError("[http].listen: in use")) == ("[http].listen: in use",)
    assert problems_in(KeyError()) == ("KeyError",)
