"""
What the contract tests stand on: a simulated world, and an account of each network in it.

A connector is found by being a file in ``connectors/``; what it needs beside that is one
:class:`Wiring` here: the simulator's keys, and how people write on that network.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import connectors
from inboxd.simulator import vk
from inboxd.simulator.facebook.facade import PAGE_TOKEN
from inboxd.simulator.faults import Fault
from inboxd.simulator.twitter import Credentials
from inboxd.simulator.world import BRANDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from inboxd.clock import ManualClock
    from inboxd.connector import Connector, Cursor, Page
    from inboxd.model import Message
    from inboxd.simulator.people import Network
    from inboxd.simulator.server import Simulator
    from inboxd.simulator.world import Item, Kind

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)
X_KEYS = Credentials()


@dataclass(frozen=True, slots=True)
class Wiring:
    """How a network's connector is plugged into the simulator, and what people write there."""

    settings: Mapping[str, Any]
    public: Kind
    """The kind of public item a customer writes: below a post of the shop's, or by itself."""
    below_a_post: bool


WIRINGS: dict[Network, Wiring] = {
    "twitter": Wiring(
        settings={
            "streams": ["mentions", "direct_messages"],
            "user_id": str(BRANDS["twitter"].id),
            "consumer_key": X_KEYS.consumer_key,
            "consumer_secret": X_KEYS.consumer_secret,
            "access_token": X_KEYS.access_token,
            "access_token_secret": X_KEYS.access_token_secret,
        },
        public="mention",
        below_a_post=False,
    ),
    "vk": Wiring(
        settings={
            "streams": ["direct_messages", "comments", "mentions", "search"],
            "brand_words": ["lavka"],
            "group_id": BRANDS["vk"].id,
            "token": vk.COMMUNITY_TOKEN,
            "service_token": vk.SERVICE_TOKEN,
            "user_token": vk.USER_TOKEN,
        },
        public="comment",
        below_a_post=True,
    ),
    "facebook": Wiring(
        settings={
            "streams": ["direct_messages", "comments"],
            "page_id": str(BRANDS["facebook"].id),
            "token": PAGE_TOKEN,
        },
        public="comment",
        below_a_post=True,
    ),
}


def patience_for(fault: Fault) -> timedelta:
    """Return a timeout that only a server which never answers exceeds, however busy the machine."""
    return timedelta(seconds=1.5 if fault is Fault.TIMEOUT else 20)


def connector_modules() -> dict[str, ModuleType]:
    """Return the connectors there are, by the name of their network."""
    names = [info.name for info in pkgutil.iter_modules(connectors.__path__)]
    modules = [importlib.import_module(f"connectors.{name}") for name in names]
    return {module.Connector.network: module for module in modules if hasattr(module, "Connector")}


class Stage:
    """One network of the simulated world, with the means to write on it and to connect to it."""

    def __init__(
        self, network: Network, module: ModuleType, simulator: Simulator, clock: ManualClock
    ) -> None:
        self.network = network
        self.simulator = simulator
        self.world = simulator.world
        self.clock = clock
        self._module = module
        self._open: list[Connector] = []
        self._post: Item | None = None

    def connect(self, **changes: Any) -> Connector:
        """Return a new connector; the stage closes it."""
        settings = {
            "name": f"shop-{self.network}",
            "network": self.network,
            "overlap": OVERLAP,
            "api_base": getattr(self.simulator, f"{self.network}_url"),
            **WIRINGS[self.network].settings,
            **changes,
        }
        connector: Connector = self._module.Connector(self._module.Settings(**settings), self.clock)
        self._open.append(connector)
        return connector

    @property
    def secrets(self) -> list[str]:
        """The values that may never be seen anywhere."""
        settings = WIRINGS[self.network].settings
        return [value for name, value in settings.items() if "token" in name or "secret" in name]

    async def close(self) -> None:
        """Close every connector that was opened."""
        for connector in self._open:
            await connector.close()

    def ask_publicly(self, text: str, *, ago: timedelta, who: int = 0, **more: Any) -> Item:
        """Let customer number *who* write in public."""
        at, author = self.clock.now() - ago, self.world.people[who]
        wiring = WIRINGS[self.network]
        if not wiring.below_a_post:
            handle = self.world.brand(self.network).handle
            return self.world.add(
                self.network, wiring.public, f"@{handle} {text}", sent_at=at, author=author, **more
            )
        if self._post is None:
            posted_at = self.clock.now() - timedelta(days=2)
            self._post = self.world.add(self.network, "post", "Neue Jacken!", sent_at=posted_at)
        return self.world.reply(self._post.serial, text, sent_at=at, author=author, **more)

    def ask_privately(self, text: str, *, ago: timedelta, who: int = 0, **more: Any) -> Item:
        """Let customer number *who* write a direct message."""
        at, author = self.clock.now() - ago, self.world.people[who]
        return self.world.add(self.network, "dm", text, sent_at=at, author=author, **more)

    def answer(self, to: Item, text: str, *, ago: timedelta) -> Item:
        """Let the shop answer an item."""
        return self.world.reply(to.serial, text, sent_at=self.clock.now() - ago)


async def read(
    connector: Connector, cursors: Mapping[str, Cursor] | None = None
) -> dict[str, list[Page]]:
    """Poll every source once and return its pages."""
    start = cursors or {}
    return {
        source.name: [page async for page in connector.poll(source.name, start.get(source.name))]
        for source in connector.sources()
    }


def cursors_of(pages: Mapping[str, list[Page]]) -> dict[str, Cursor]:
    """Return the cursor to go on from, of each source."""
    return {source: its_pages[-1].cursor for source, its_pages in pages.items()}


def messages_of(pages: Mapping[str, list[Page]], source: str | None = None) -> list[Message]:
    """Return all messages in order of arrival, of all sources or of one."""
    return [
        message
        for name, its_pages in pages.items()
        if source in (None, name)
        for page in its_pages
        for message in page.messages
    ]


def versions_of(messages: list[Message]) -> dict[str, list[Message]]:
    """Return the different values that were delivered under each remote id."""
    versions: defaultdict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if message not in versions[message.remote_id]:
            versions[message.remote_id].append(message)
    return versions
