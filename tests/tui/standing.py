"""Lets everything on the stage stand as it does on a bad day, or on a good one."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.connector import Allowance
from inboxd.core.alerts.receivers import undelivered_alert
from inboxd.core.policies import Match
from inboxd.errors import Spared, TokenInvalid, Unavailable
from inboxd.model import Alert, Tone, Unknown
from inboxd.store import AccountFacts
from inboxd.store.database import lock_path
from tests.tui.stage import NETWORKS, NOW, ago

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tui.stage import Stage

SOURCES = {
    "shop-vk": ("long_poll", "comments"),
    "shop-fb": ("conversations", "feed", "ratings"),
    "shop-x": ("mentions", "direct_messages", "search"),
}
PATIENCE = {"shop-vk": 90, "shop-fb": 270, "shop-x": 180}


def read(stage: Stage, account: str, source: str, seconds: float) -> None:
    """Let a source have been read to its end so many seconds ago."""
    stage.store.sources.succeeded(account, source, ago(seconds=seconds))


def all_read(stage: Stage, used: int = 6_300) -> None:
    """Let a daemon have read everything within the last seconds."""
    stage.store.database.execute("DELETE FROM sources")
    for account in NETWORKS:
        patience = timedelta(seconds=PATIENCE[account])
        allowances: tuple[Allowance, ...] = ()
        if account == "shop-x":
            ends = NOW + timedelta(days=5, hours=15, minutes=30)
            reads = Allowance(
                "reads this month", used, 10_000, ends, round(used * 1.24), 31.5, 39.06
            )
            allowances = (reads,)
        elif account == "shop-fb":
            allowances = (Allowance("calls of an hour", 57, 200),)
        facts = AccountFacts(SOURCES[account], patience, allowances)
        stage.store.accounts.keep(account, facts)
        for place, source in enumerate(SOURCES[account]):
            read(stage, account, source, 12 + 7 * place)


def bad_day(stage: Stage) -> None:
    """Let all go wrong that can."""
    all_read(stage, used=9_400)
    sources, store = stage.store.sources, stage.store
    read(stage, "shop-fb", "feed", 250)
    sources.failed("shop-fb", "feed", ago(seconds=40), Unavailable("graph answers 503"), ago(seconds=-20))  # fmt: skip
    dead = TokenInvalid("the token has expired; make a new one in the app's settings")
    for source in ("mentions", "direct_messages"):
        sources.failed("shop-x", source, ago(hours=2), dead, None)
    ahead = Spared("9400 of the month's 10000 reads are used, which is ahead of an even pace")
    sources.spared("shop-x", "search", ago(minutes=5), ahead, NOW + timedelta(hours=3))
    read(stage, "shop-vk", "comments", 1_260)
    coverage = store.coverage
    coverage.begin("shop-fb", "feed", ago(days=1, hours=6), "Unavailable")
    coverage.end("shop-fb", "feed", ago(days=1, hours=4, minutes=30), 3)
    coverage.lose("shop-vk", "comments", ago(days=3), ago(days=2, hours=23), "events were lost")
    coverage.begin("shop-vk", "comments", ago(minutes=21), "not_running")
    with store.transaction():
        refused = undelivered_alert("k", "support", "the webhook is gone", ago(hours=1))
        store.outbox.add_alert(refused, ["support"])
        for number in range(3):
            alert = Alert(f"a{number}", "t", "breach", Tone.BREACH, "late", ago(minutes=4))
            store.outbox.add_alert(alert, ["support"])
        store.silences.add(Match(topic=frozenset({"shipping"}), network=frozenset({"vk"})), NOW + timedelta(hours=2), "Max", "the parcel service is on strike", ago(hours=1))  # fmt: skip
        unknown = [Unknown("n1", "wall:poll", {"a": 1}, "no text"), Unknown("n2", "wall:poll", {}, "no text")]  # fmt: skip
        store.quarantine.add("shop-vk", "comments", unknown, ago(hours=5))


@contextmanager
def daemon(database: Path) -> Iterator[int]:
    """Yield the number of a process that seems to be the database's daemon: this one."""
    with lock_path(database).open("w+b", buffering=0) as file:
        file.write(f"{os.getpid()}\n".encode())
        fcntl.flock(file, fcntl.LOCK_EX)
        yield os.getpid()
