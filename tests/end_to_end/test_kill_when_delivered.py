"""`kill -9` at the worst instant: the receiver has it, and the answer reaches nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.notify.together import REPEAT
from inboxd.simulator.people import NETWORKS
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.slack import Message, Version, Workspace
from inboxd.simulator.smtp import Mail, Mailbox
from inboxd.simulator.world import Item, World
from inboxd.store import Store
from tests.end_to_end.shop import queue_reply, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.simulator.people import Network
    from tests.end_to_end.shop import Running, Shop

GENERAL = "blind_after = 1000"


@dataclass(slots=True)
class Trap:
    """Kills the daemon in the instant in which something has arrived and nobody was told so."""

    victim: Running | None = None
    sprung: int = 0

    def spring(self) -> None:
        """Kill it, once each time that it is set."""
        if self.victim is not None:
            self.victim.kill()
            self.victim = None
            self.sprung += 1


class TrappedWorkspace(Workspace):
    """A Slack that takes a message and whose answer reaches nobody."""

    trap: Trap

    def post(self, channel: str, version: Version, via: str, body: dict[str, Any]) -> Message:
        """Take the message, and spring the trap."""
        message = super().post(channel, version, via, body)
        self.trap.spring()
        return message


class TrappedMails(list[Mail]):
    """A mailbox that takes a mail and whose 250 reaches nobody."""

    def __init__(self, trap: Trap) -> None:
        super().__init__()
        self._trap = trap

    def append(self, mail: Mail) -> None:
        """Take the mail, and spring the trap."""
        super().append(mail)
        self._trap.spring()


class TrappedWorld(World):
    """Networks that publish the shop's replies and whose answer reaches nobody."""

    trap: Trap

    def add(self, network: Network, *args: Any, **more: Any) -> Item:
        """Publish the item; if it is a reply of the shop's, spring the trap."""
        item = super().add(network, *args, **more)
        if item.by_brand and (item.private or item.parent is not None):
            self.trap.spring()
        return item


@pytest.fixture
def trap() -> Trap:
    return Trap()


@pytest.fixture
async def simulator(trap: Trap) -> AsyncIterator[Simulator]:
    world = TrappedWorld(seed=7, customers=70)
    world.trap = trap
    options = Options(rate_limited=False)
    simulator = Simulator(world, now=lambda: datetime.now(UTC), options=options)
    simulator.slack = workspace = TrappedWorkspace()
    workspace.trap = trap
    simulator.mail = Mailbox(TrappedMails(trap))
    async with simulator:
        yield simulator


async def spring(shop: Shop, trap: Trap) -> None:
    """Start the daemon and see it killed by the trap."""
    trap.victim = daemon = await shop.start("run")
    await until(lambda: not daemon.alive, "the trap to spring")


def steps_to(sink: str) -> str:
    """Return a policy's targets that tell one sink, once, soon."""
    return f"""
first_response = "1s"
steps = [{{ at = "100%", to = ["{sink}"] }}]
"""


async def told_and_killed(shop: Shop, trap: Trap, sink: str) -> None:
    """Let one alert arrive at *sink*, and kill the daemon at once."""
    shop.configure(steps_to(sink), general=GENERAL)
    (await shop.run("run", "--once")).expect(0)
    shop.write("facebook", "private", "Wo bleibt mein Paket?", who=0)
    await spring(shop, trap)
    assert len(shop.told(sink)) == 1
    assert shop.outbox() == {"sending": 1}


async def killed_when_told(shop: Shop, trap: Trap, sink: str) -> None:
    """Let one alert arrive at *sink*, kill the daemon, and let a new one do the rest."""
    await told_and_killed(shop, trap, sink)
    daemon = await shop.daemon()
    await until(lambda: shop.settled, "the alert to be settled")
    (await daemon.stop()).expect(0)


async def test_an_alert_that_the_bot_finds_in_slack_is_not_posted_again(
    shop: Shop, trap: Trap
) -> None:
    """The next daemon looks for the alert's key before it posts."""
    await killed_when_told(shop, trap, "bot")
    shop.assert_told_once()
    assert len(shop.told("bot")) == 1


async def test_a_mail_that_is_sent_again_has_the_same_message_id(shop: Shop, trap: Trap) -> None:
    """SMTP cannot be asked; mail programs show what bears one Message-ID once."""
    await killed_when_told(shop, trap, "lead")
    shop.assert_told_once()
    assert list(shop.message_ids().values()) == [2]


async def test_a_mail_that_may_have_arrived_is_not_sent_again_once_nobody_waits(
    shop: Shop, trap: Trap
) -> None:
    """Whoever may have heard of the case hears that it is over, and nothing else."""
    await told_and_killed(shop, trap, "lead")
    shop.say("close", "1").expect(0)
    daemon = await shop.daemon()
    await until(lambda: shop.settled, "the alert to be settled")
    (await daemon.stop()).expect(0)
    assert shop.outbox() == {"cancelled": 1, "sent": 1}
    shop.assert_told_once()
    assert [case for case, _ in shop.told("lead")] == [1, 1]
    assert set(shop.message_ids().values()) == {1}


async def test_a_webhook_s_second_notice_admits_that_it_may_be_a_repeat(
    shop: Shop, trap: Trap
) -> None:
    """A webhook cannot be asked either, and a silent loss would be worse than a repeat."""
    await killed_when_told(shop, trap, "hook")
    first, second = (str(message.blocks) for message in shop.simulator.slack.messages)
    assert REPEAT not in first
    assert REPEAT in second


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
async def test_a_reply_that_the_network_has_is_never_sent_again(
    shop: Shop, trap: Trap, network: Network
) -> None:
    """The reply is recognised when it is read back, and its case is answered."""
    asked_at = datetime.now(UTC) - timedelta(minutes=1)
    for who, where in enumerate(("private", "public")):
        shop.write(network, where, "Чи є лляні рушники?", who=who, sent_at=asked_at)
    (await shop.run("run", "--once")).expect(0)
    with Store(shop.database) as store:
        answers = [f"Так, є! Дивіться: №{case.case_id}" for case in store.views.waiting()]
        for case, answer in zip(store.views.waiting(), answers, strict=True):
            queue_reply(store, case.case_id, answer)
    for _ in answers:
        await spring(shop, trap)
    daemon = await shop.daemon()
    await until(lambda: shop.outbox("reply IS NOT NULL") == {"sent": 2}, "both to be settled")
    (await daemon.stop()).expect(0)
    assert [len(shop.said_by_shop(answer)) for answer in answers] == [1, 1]
    assert shop.rows("SELECT status, count(*) FROM cases GROUP BY 1") == [("answered", 2)]
