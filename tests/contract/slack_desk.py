"""A team's desk in the simulated Slack: real connections, a real database, a clock that is told."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from inboxd.clock import ManualClock
from inboxd.config import SlackSettings
from inboxd.model import Author
from inboxd.notify import build, listeners
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.slack import CHANNELS, TOKEN
from inboxd.simulator.slack_socket import APP_TOKEN
from inboxd.simulator.world import World
from inboxd.workers.context import Context
from inboxd.workers.presses import Presses
from inboxd.workers.refresher import Refresher
from inboxd.workers.sender import Sender
from inboxd.workers.storethread import StoreThread
from tests.store.shop import START, Shop, at, open_shop, policy, rules, said, step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from inboxd.core.grouping import Grouping
    from inboxd.notify.slack_listener import SlackListener
    from inboxd.simulator.slack import Message

KYIV = ZoneInfo("Europe/Kyiv")
ALLOWED = ("U0LEAD", "U0SUPPORT")
PATIENCE = 10.0


def settings(simulator: Simulator, **changes: Any) -> SlackSettings:
    """The settings of a bot with buttons."""
    plain: dict[str, Any] = {
        "name": "support", "type": "slack", "token": SecretStr(TOKEN),
        "channel": CHANNELS["support"], "app_token": SecretStr(APP_TOKEN), "allowed": ALLOWED,
        "api_base": simulator.slack_api_url, "timeout": timedelta(seconds=5),
    }  # fmt: skip
    return SlackSettings(**plain | changes)


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait until *condition* holds: what happens over a connection has no event of ours."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None


@asynccontextmanager
async def slack(**options: Any) -> AsyncIterator[tuple[Simulator, ManualClock]]:
    """Yield a simulated Slack and the clock that it goes by."""
    clock = ManualClock(START)
    quick = Options(rate_limited=False, **options)
    async with Simulator(World(1, customers=1), now=clock.now, options=quick) as simulator:
        yield simulator, clock


@dataclass
class Desk:
    """A shop whose alerts go to Slack, and who listens there."""

    simulator: Simulator
    clock: ManualClock
    shop: Shop
    thread: StoreThread
    sender: Sender
    refresher: Refresher
    listener: SlackListener

    @property
    def messages(self) -> list[Message]:
        """What the channel shows, threads included."""
        return self.simulator.slack.messages

    @property
    def whispers(self) -> list[str]:
        """What single people were told."""
        return [whisper.text for whisper in self.simulator.slack.whispers]

    def write(self, *refs: str, minutes: float = 0, text: str = "Where is my order? awful") -> None:
        """Let a customer of their own write each of *refs*, and judge it."""
        for ref in refs:
            author = Author(ref, f"Customer {ref}")
            self.shop.hear(said(minutes, ref, text, author=author, thread_id=f"dm:{ref}"))
        self.shop.judge()

    async def tell(self, minutes: float) -> None:
        """Move to *minutes* after the start, and let Slack be told of what is due."""
        self.clock.set(at(minutes))
        self.shop.now = at(minutes)
        await self.thread.run(lambda _: self.shop.tick())
        await self.sender.drain("support")

    async def refresh(self) -> None:
        """Bring messages up to date, as far as that goes in one turn."""
        await self.refresher.refresh("support")

    async def press(
        self, message: Message, label: str, user: str = "U0LEAD", *, line: int = 0
    ) -> None:
        """Press a button; Slack must hear that it was taken."""
        envelope = await self.simulator.slack.press(message, label, user, line=line)
        assert envelope.taken
        await self.refresh()

    def actions(self) -> list[tuple[Any, ...]]:
        """What people did, as the database has it."""
        return self.shop.rows("SELECT actor, action FROM actions ORDER BY id")


@asynccontextmanager
async def opened(
    folder: Path, grouping: Grouping | None = None, **changes: Any
) -> AsyncIterator[Desk]:
    """Yield a desk at which somebody listens."""
    steps = (step("50%", "support"), step("100%", "support"))
    plain = rules(policy(steps=steps))
    async with slack() as (simulator, clock):
        chosen = type(plain)(plain.policies, plain.quiet_after, grouping) if grouping else plain
        shop = open_shop(folder / "desk.db", rules=chosen)
        thread = StoreThread(shop.store)
        context = Context(thread, shop.pipeline, clock, ("support",))
        configured = settings(simulator, **changes)
        sinks = {"support": build(configured, clock, KYIV)}
        sender, refresher = Sender(sinks, {}, context), Refresher(sinks, context)
        (listener,) = listeners([configured], clock)
        listening = asyncio.create_task(listener.run(Presses(context).carry_out))
        await simulator.slack.sockets.connected()
        yield Desk(simulator, clock, shop, thread, sender, refresher, listener)
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        assert simulator.slack.sockets.problems == []
        thread.close()


def shown(message: Message) -> str:
    """Everything that a message shows, each text on a line."""
    return "\n".join(_texts(message.blocks))


def labels(message: Message) -> list[str]:
    """What can be pressed below a message."""
    elements = [
        element
        for block in message.blocks
        for element in [*block.get("elements", ()), block.get("accessory", {})]
    ]
    buttons = [each["text"]["text"] for each in elements if each.get("type") == "button"]
    return buttons + [
        option["text"]["text"] for each in elements for option in each.get("options", ())
    ]


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []
