"""Whatever happens to deliveries, in whatever order: none is lost, and none arrives twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from inboxd.model import Alert, Author, Tone
from inboxd.store.times import to_text
from tests.store.shop import Shop, open_shop, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inboxd.store import OutboxItem

WAITS = (1, 2)
SINKS = ("bot", "mail", "pager")
"""One that can be asked what arrived, one that shows a repeat of one name once, and a fallback."""


@dataclass
class Receiver:
    """What people see at one sink: by the name of the delivery, and how often in all."""

    deliveries: dict[str, frozenset[str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def take(self, item: OutboxItem) -> None:
        """Let *item* arrive; a repeat must tell nothing that the first has not told."""
        told = frozenset(alert.key for alert in item.alerts)
        if item.key in self.deliveries:
            assert told <= self.deliveries[item.key], f"{item.key} was another delivery's name"
            return
        self.deliveries[item.key] = told
        self.seen.update(told)


class Life:
    """A random life of the alerts about two waits, at three sinks."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        for number in WAITS:
            author = Author(str(number), str(number))
            shop.hear(said(0, f"m{number}", author=author, thread_id=f"dm:{number}"))
        self.outbox = shop.store.outbox
        self.world = {sink: Receiver() for sink in SINKS}
        self.under_way: list[OutboxItem] = []
        self.revived: Counter[int] = Counter()
        self.over: set[int] = set()
        self.about: dict[str, int] = {}

    def step(self, random: Random) -> None:
        """Let something happen."""
        happenings = {
            self.queue: 4, self.claim: 8, self.come_back: 12, self.crash: 1, self.settle: 4,
            self.hold: 1, self.change_the_rules: 1, self.end_or_go_on: 4, self.wait: 4,
        }  # fmt: skip
        (happen,) = random.choices(list(happenings), list(happenings.values()))
        happen(random)

    def queue(self, random: Random) -> None:
        """Queue an alert about one wait or both, to be told together or not, now or soon."""
        together = random.random() < 0.7
        leaves_at = self.shop.now + timedelta(seconds=random.choice((0, 0, 30)))
        sinks = random.sample(SINKS, random.randint(1, 3))
        for wait in random.sample(WAITS, random.randint(1, 2)):
            if wait not in self.over:
                key, thread = f"k{len(self.about)}", "gathering:1" if together else f"case:{wait}"
                alert = Alert(key, thread, "step_due", Tone.WARNING, "Waits", self.shop.now)
                self.outbox.add_alert(alert, sinks, wait_id=wait, leaves_at=leaves_at)
                self.about[key] = wait

    def claim(self, random: Random) -> None:
        """Claim something that is due, perhaps with an answer between the look and the claim."""
        due = self.outbox.due(random.choice(SINKS), self.shop.now)
        if random.random() < 0.1:
            self.end_or_go_on(random)
        if due and (item := self.outbox.claim(random.choice(due), self.shop.now)):
            assert not any(self.about[alert.key] in self.over for alert in item.alerts)
            self.under_way.append(item)

    def come_back(self, random: Random) -> None:
        """Let a delivery that is under way end in one of the ways in which it can."""
        if not self.under_way:
            return
        item = self.under_way.pop(random.randrange(len(self.under_way)))
        match random.choice(("sent", "lost", "lost on the way", "failed", "refused")):
            case "sent":
                self.world[item.receiver].take(item)
                self.outbox.sent(item, {}, self.shop.now)
            case "lost":
                self.world[item.receiver].take(item)
                self.outbox.doubt(item, "lost")
            case "lost on the way":
                self.outbox.doubt(item, "lost")
            case "failed":
                self.outbox.retry(item, self.shop.now + timedelta(seconds=5), "down")
            case "refused":
                self.outbox.refuse(item, "gone", self.shop.now)
                if item.receiver != "pager":
                    self.outbox.hand_over(item, "pager", self.shop.now)

    def crash(self, random: Random) -> None:
        """Forget what is under way; some of it has arrived."""
        for item in self.under_way:
            if random.random() < 0.5:
                self.world[item.receiver].take(item)
        self.under_way.clear()
        self.outbox.abandon_claims()

    def settle(self, _random: Random) -> None:
        """Find out about what is unsure, as far as each sink lets us."""
        for sink in SINKS:
            for item in self.outbox.unsure(sink):
                if sink == "mail":
                    self.outbox.retry(item, self.shop.now, uncertain=True)
                elif item.key in self.world[sink].deliveries:
                    self.outbox.sent(item, {}, self.shop.now)
                else:
                    self.outbox.retry(item, self.shop.now)

    def hold(self, random: Random) -> None:
        """Leave a sink in peace."""
        until = self.shop.now + timedelta(minutes=5)
        for item in self.outbox.due(random.choice(SINKS), self.shop.now):
            self.outbox.hold(item, until, "quiet", self.shop.now)

    def change_the_rules(self, _random: Random) -> None:
        """Start with another configuration."""
        self.outbox.let_go(self.shop.now)

    def end_or_go_on(self, random: Random) -> None:
        """Answer a customer, or take the answer back."""
        wait = random.choice(WAITS)
        ended_at = None if wait in self.over else to_text(self.shop.now)
        sql = "UPDATE waits SET ended_at = ? WHERE id = ?"
        self.shop.store.database.execute(sql, (ended_at, wait))
        if wait in self.over:
            self.over.remove(wait)
            self.revived[wait] += 1
            self.outbox.revive(wait, self.shop.now)
        else:
            self.over.add(wait)
            self.outbox.withdraw(wait)

    def wait(self, random: Random) -> None:
        """Let time pass."""
        self.shop.now += timedelta(seconds=random.choice((1, 30, 600)))

    def assert_that_nothing_arrived_twice(self) -> None:
        """But what was told after all once more: its end may have been told in between."""
        for receiver in self.world.values():
            for key, times in receiver.seen.items():
                assert times <= 1 + self.revived[self.about[key]]

    def assert_that_nothing_is_lost(self, random: Random) -> None:
        """Once everything works, all that is still true is told, and nothing is left over."""
        self.crash(random)
        for _ in range(2):
            self.settle(random)
            self.shop.now += timedelta(hours=1)
            for sink in SINKS:
                for item in self.outbox.due(sink, self.shop.now):
                    claimed = self.outbox.claim(item, self.shop.now)
                    assert claimed
                    self.world[sink].take(claimed)
                    self.outbox.sent(claimed, {}, self.shop.now)
        newest = {wait: key for key, wait in self.about.items()}
        for key, sink, state in self.shop.rows(
            "SELECT a.key, o.receiver, o.state FROM outbox AS o JOIN alerts AS a ON a.id = o.alert_id"
        ):
            wait = self.about[key]
            assert state in {"sent", "refused", "cancelled"}
            if state == "sent":
                assert self.world[sink].seen[key]
            if state == "cancelled":
                assert wait in self.over or newest[wait] != key


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(tmp_path / "chaos.db")
    yield shop
    shop.store.close()


@pytest.mark.parametrize("seed", range(20))
def test_no_order_of_events_loses_or_doubles_an_alert(shop: Shop, seed: int) -> None:
    """Crashes, lost answers, answers, reopenings, quiet hours and fallbacks, as they come."""
    random, life = Random(seed), Life(shop)
    for _ in range(12):
        for _ in range(random.randint(5, 40)):
            life.step(random)
        life.assert_that_nothing_arrived_twice()
        life.assert_that_nothing_is_lost(random)
