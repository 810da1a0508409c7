"""Another shop on each network of the simulated world, its customers, and what reads them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inboxd import plugins
from inboxd.connector import Ledger
from inboxd.simulator import vk
from inboxd.simulator.facebook.facade import PUBLIC_TOKEN
from inboxd.simulator.twitter import Credentials
from inboxd.simulator.world import BRANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inboxd.clock import ManualClock
    from inboxd.connector import Cursor, Page
    from inboxd.model import Message
    from inboxd.public import PublicReader
    from inboxd.simulator.people import Network, Person
    from inboxd.simulator.server import Simulator
    from inboxd.simulator.world import Item


@dataclass(frozen=True, slots=True)
class Wiring:
    """How a network's reader is plugged into the simulator."""

    settings: Callable[[Person], Mapping[str, Any]]
    secrets: tuple[str, ...]
    reads: frozenset[str]
    """The endpoints that it may ask; each of them only reads."""


X_KEYS = Credentials()
WIRINGS: dict[Network, Wiring] = {
    "twitter": Wiring(
        lambda shop: {"handle": shop.handle, "bearer_token": X_KEYS.app_bearer},
        (X_KEYS.app_bearer,),
        frozenset({"GET /2/tweets/search/recent", "GET /2/users/by/username/{username}"}),
    ),
    "facebook": Wiring(
        lambda shop: {"page_id": str(shop.id_on("facebook")), "token": PUBLIC_TOKEN},
        (PUBLIC_TOKEN,),
        frozenset({"GET node", "GET feed", "GET comments"}),
    ),
    "vk": Wiring(
        lambda shop: {
            "group_id": -shop.id_on("vk"),
            "service_token": vk.SERVICE_TOKEN,
        },
        (vk.SERVICE_TOKEN,),
        frozenset({"wall.get", "wall.getComments", "groups.getById"}),
    ),
}


class Neighbour:
    """Another shop on one network."""

    def __init__(self, network: Network, simulator: Simulator, clock: ManualClock) -> None:
        self.network = network
        self.simulator = simulator
        self.world = simulator.world
        self.clock = clock
        self.shop = self.world.new_shop("rival", "Магазин «Юг»", "magazin_yug")
        self.ledger, self.ours = Ledger(clock), Ledger(clock)
        self._open: list[PublicReader] = []
        self._post: Item | None = None

    def reader(self, **changes: Any) -> PublicReader:
        """Return a new reader, which is closed in the end."""
        kind = importlib.import_module(f"connectors.{self.network}").Settings.WATCHED_AS
        values = {
            "name": "yug",
            "network": self.network,
            "api_base": getattr(self.simulator, f"{self.network}_url"),
            **WIRINGS[self.network].settings(self.shop),
            **changes,
        }
        reader = plugins.watch(kind(**values), self.clock, self.ledger, self.ours)
        self._open.append(reader)
        return reader

    async def close(self) -> None:
        """Close every reader that was opened."""
        for reader in self._open:
            await reader.close()

    def ask(self, text: str, *, ago: timedelta, who: int = 0, **more: Any) -> Item:
        """Let customer number *who* write to the shop in public."""
        at, author = self.clock.now() - ago, self.world.people[who]
        if self.network == "twitter":
            said = f"@{self.shop.handle} {text}"
            return self.world.add("twitter", "search", said, sent_at=at, author=author, **more)
        return self.world.reply(self.post().serial, text, sent_at=at, author=author, **more)

    def answer(self, to: Item, text: str, *, ago: timedelta, by: Person | None = None) -> Item:
        """Let the shop, or somebody else, answer in public."""
        at, author = self.clock.now() - ago, by or self.shop
        if self.network == "twitter":
            said = f"@{to.author.handle if to.author else BRANDS['twitter'].handle} {text}"
            return self.world.add(
                "twitter", "search", said, sent_at=at, author=author, parent=to.serial
            )
        return self.world.reply(to.serial, text, sent_at=at, author=author)

    def post(self) -> Item:
        """Return the post of the shop's below which customers write."""
        if self._post is None:
            at = self.clock.now() - timedelta(days=5)
            self._post = self.world.add(
                self.network, "post", "Завоз!", sent_at=at, author=self.shop, wall=self.shop
            )
        return self._post

    def asked(self) -> set[str]:
        """Return the endpoints that the network was asked for."""
        return {call.endpoint for call in self.simulator.log.of(self.network)}


async def read(reader: PublicReader, cursor: Cursor | None = None) -> list[Page]:
    """Poll once."""
    return [page async for page in reader.poll(cursor)]


def messages_of(pages: list[Page]) -> dict[str, Message]:
    """Return what was brought, by the last words of its text."""
    return {each.text.rpartition("|")[2]: each for page in pages for each in page.messages}
