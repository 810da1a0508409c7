"""`kill -9`: nothing is lost and nothing is told twice, whenever it comes."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.simulator.people import NETWORKS
from inboxd.store import Store
from tests.end_to_end.shop import ACCOUNTS, ALONE, queue_reply, until

if TYPE_CHECKING:
    from inboxd.simulator.world import Item
    from tests.end_to_end.shop import Shop

KILLS = 20
LONGEST_LIFE = 2.0
"""Seconds; a process needs about half of one until it reads, and about two until it tells."""
WRITE_EVERY = 0.12
GENERAL = "blind_after = 1000"
STEPS = """
first_response = "3s"
next_response = "3s"
steps = [
  { at = "50%", to = ["bot"] },
  { at = "100%", to = ["bot", "lead"] },
  { at = "100% + 6s", to = ["lead"] },
]
"""
_NUMBER = re.compile(r"№(\d+)")


@dataclass(slots=True)
class Life:
    """Customers who write and colleagues who answer while processes come and go."""

    shop: Shop
    rng: random.Random
    written: list[Item] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def go_on(self) -> None:
        """Write somewhere every now and then; answer every fifth time."""
        while True:
            await asyncio.sleep(WRITE_EVERY * self.rng.uniform(0.5, 1.5))
            self.customer_writes()
            if not len(self.written) % 5:
                self.colleague_answers()

    def customer_writes(self) -> None:
        """Let a random customer write in a random place; one in five comes late."""
        sent_at = datetime.now(UTC)
        late = timedelta(seconds=self.rng.choice((0, 0, 0, 0, 3)))
        item = self.shop.write(
            self.rng.choice(NETWORKS),
            self.rng.choice(("private", "public")),
            f"Где мой заказ? Жду уже неделю! №{len(self.written)}",
            who=self.rng.randrange(len(self.shop.world.people)),
            sent_at=sent_at,
            visible_at=sent_at + late,
        )
        self.written.append(item)

    def colleague_answers(self) -> None:
        """Queue an answer to a random waiting case, as `inboxd reply` does."""
        if not self.shop.rows("SELECT id FROM cases"):
            return
        with Store(self.shop.database) as store:
            waiting = store.views.waiting()
            if not waiting:
                return
            case = self.rng.choice(waiting).case_id
            text = f"Уже едет! Ответ {len(self.answers)}."
            queue_reply(store, case, text)
            self.answers.append(text)


def stored_numbers(shop: Shop) -> Counter[tuple[str, str]]:
    """Return how often each customer's message is in the database."""
    rows = shop.rows("SELECT account, text FROM messages WHERE direction = 'inbound'")
    return Counter((account, number_in(text)) for account, text in rows)


def number_in(text: str) -> str:
    """Return the number by which a test knows a message again."""
    found = _NUMBER.search(text)
    return found[1] if found else text


@pytest.mark.slow
@pytest.mark.parametrize("grouping", [ALONE, 'wait = "1s"\nat_most = 7'])
async def test_kill_9_at_random_instants_loses_no_message_and_duplicates_no_alert(
    shop: Shop, grouping: str
) -> None:
    """Customers, steps and replies go on while the process is killed twenty times."""
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)
    shop.configure(STEPS, general=GENERAL, grouping=grouping)
    (await shop.run("run", "--once")).expect(0)
    life = Life(shop, rng)
    going_on = asyncio.create_task(life.go_on())
    interrupted = 0
    for _ in range(KILLS):
        daemon = await shop.start("run")
        await asyncio.sleep(rng.uniform(0.1, LONGEST_LIFE))
        assert daemon.alive, daemon.log
        daemon.kill()
        await daemon.process.wait()
        interrupted += shop.outbox("state = 'sending'").total()
    going_on.cancel()
    with suppress(asyncio.CancelledError):
        await going_on

    expected = {(ACCOUNTS[item.network], number_in(item.text)) for item in life.written}
    daemon = await shop.daemon()
    await until(lambda: expected <= stored_numbers(shop).keys(), "every message to be stored")
    await until(lambda: all_stepped(shop), "every step to fire", timedelta(seconds=30))
    await until(lambda: shop.settled, "every alert to be out", timedelta(seconds=30))
    (await daemon.stop()).expect(0)

    assert stored_numbers(shop) == dict.fromkeys(expected, 1)
    shop.assert_told_once()
    assert untold(shop) == []
    said = Counter(item.text for item in shop.world.items() if item.by_brand)
    sent = [
        json.loads(reply)["text"]
        for (reply,) in shop.rows(
            "SELECT reply FROM outbox WHERE reply IS NOT NULL AND state = 'sent'"
        )
    ]
    on_network = {
        text: n for text in life.answers if (n := sum(text in shown for shown in said.elements()))
    }
    assert on_network == dict.fromkeys(sent, 1)
    assert shop.intact()
    mails = shop.message_ids()
    repeated = sum(mails.values()) - len(mails)
    print(  # noqa: T201 - the figures of a run, with pytest -s
        f"{len(life.written)} messages, {len(shop.slack_keys())} Slack alerts, "
        f"{len(mails)} mails ({repeated} repeated under their Message-ID), "
        f"{interrupted} deliveries interrupted, {len(sent)} of {len(life.answers)} replies sent"
    )


def untold(shop: Shop) -> list[int]:
    """Return the cases of which the bot was told, by the database, and nobody can read in Slack."""
    shown = "".join(
        json.dumps(message.versions[0].blocks)
        for message in shop.simulator.slack.messages
        if message.via == "bot"
    )
    seen = {int(number) for number in re.findall(r"inboxd show (\d+)", shown)}
    told = shop.rows(
        "SELECT DISTINCT a.case_id FROM outbox AS o JOIN alerts AS a ON a.id = o.alert_id "
        "WHERE o.receiver = 'bot' AND o.state = 'sent' AND a.case_id IS NOT NULL"
    )
    return sorted({case for (case,) in told} - seen)


def all_stepped(shop: Shop) -> bool:
    """Tell whether no case has another step ahead."""
    left = "SELECT count(*) FROM cases WHERE status = 'waiting' AND next_step_at IS NOT NULL"
    return bool(shop.value(left) == 0)
