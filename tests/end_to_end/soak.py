"""
A long time in a short one: a seeded world in which people write and things break at random.

What the store must hold in the end is worked out from the world alone, by the networks' own
rules of what is shown and how it is named, without a line of the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.simulator.faults import Fault
from inboxd.simulator.people import NETWORKS
from inboxd.simulator.world import BRANDS

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from inboxd.simulator.faults import Faults, Switch
    from inboxd.simulator.people import Network, Person
    from inboxd.simulator.world import Item, World

_QUESTIONS = ("Где мой заказ", "Wo bleibt mein Paket", "Where is my order", "Де моє замовлення")
_ANSWERS = ("Es kommt morgen", "Уже в пути", "It is on its way")
_FAULTS = (
    Fault.RATE_LIMIT,
    Fault.SERVER_ERROR,
    Fault.HTML,
    Fault.TRUNCATED,
    Fault.DROP_BEFORE,
    Fault.DROP_AFTER,
    Fault.TOKEN_EXPIRED,
    Fault.PERMISSION_MISSING,
    Fault.DUPLICATES,
)
_EDITABLE = timedelta(minutes=50)
"""X lets a post be edited within the hour, and nobody needs more elsewhere."""


@dataclass(slots=True)
class Turmoil:
    """Lets customers and the shop write, edit, delete and restore, and networks fail."""

    world: World
    faults: Faults
    rng: random.Random
    posts: dict[Network, Item] = field(default_factory=dict)
    written: list[Item] = field(default_factory=list)
    failing: dict[Switch, datetime] = field(default_factory=dict)
    count: int = 0

    def begin(self, now: datetime) -> None:
        """Let the shop post what comments can stand below."""
        for network in ("vk", "facebook"):
            post = self.world.add(network, "post", "Новинки!", sent_at=now - timedelta(hours=5))
            self.posts[network] = post

    def go_on(self, now: datetime) -> None:
        """Let happen what happens within some minutes."""
        for _ in range(self.rng.randint(1, 5)):
            self._write(now - timedelta(seconds=self.rng.randint(1, 240)))
        act = self.rng.random()
        if act < 0.25:
            self._answer(now)
        elif act < 0.33:
            self._edit(now)
        elif act < 0.40:
            self._delete(now)
        elif act < 0.44:
            self._restore(now)
        self._break(now)

    def calm(self) -> None:
        """Let nothing fail any more."""
        self.faults.clear()
        self.failing.clear()

    def _write(self, at: datetime) -> None:
        """Let a customer write, at times so that the network shows it late."""
        network, who = self.rng.choice(NETWORKS), self.rng.choice(self.world.people)
        late = timedelta(minutes=self.rng.choice((0, 0, 0, 0, 2, 8, 200)))
        visible_at = at + late if late else None
        text = self._text(_QUESTIONS) + "?"
        if self.rng.random() < 0.45:
            item = self.world.add(
                network, "dm", text, sent_at=at, author=who, visible_at=visible_at
            )
        elif network == "twitter":
            text = f"@{BRANDS['twitter'].handle} {text}"
            item = self.world.add(
                network, "mention", text, sent_at=at, author=who, visible_at=visible_at
            )
        else:
            below = self._comment_of_late(network, at) if self.rng.random() < 0.4 else None
            item = self.world.reply(
                (below or self.posts[network]).serial,
                text,
                sent_at=at,
                author=who,
                visible_at=visible_at,
            )
        self.written.append(item)

    def _comment_of_late(self, network: Network, at: datetime) -> Item | None:
        """Return a comment that somebody may join in below."""
        shown = [
            item
            for item in self.written
            if item.network == network and not item.private and self._is_shown(item, at)
        ]
        return self.rng.choice(shown[-8:]) if shown else None

    def _answer(self, now: datetime) -> None:
        """Let the shop answer somebody with the network's own app."""
        waiting = [item for item in self.written[-40:] if item.author and self._is_shown(item, now)]
        if waiting:
            asked = self.rng.choice(waiting)
            answer = self.world.reply(asked.serial, self._text(_ANSWERS), sent_at=now)
            self.written.append(answer)

    def _edit(self, now: datetime) -> None:
        """Let a customer change a text; nobody can edit a private message on Facebook or X."""
        recent = [
            item
            for item in self.written
            if item.author
            and now - item.sent_at < _EDITABLE
            and self._is_shown(item, now)
            and not (item.private and item.network != "vk")
        ]
        if recent:
            chosen = self.rng.choice(recent)
            text = f"{chosen.text_at(now)} ({self.count})"
            self.world.edit(chosen.serial, text, at=now)

    def _delete(self, now: datetime) -> None:
        """Let a message be taken back; of private ones on X no app is told."""
        shown = [
            item
            for item in self.written
            if self._is_shown(item, now) and not (item.private and item.network == "twitter")
        ]
        if shown:
            self.world.delete(self.rng.choice(shown).serial, at=now)

    def _restore(self, now: datetime) -> None:
        """Let a comment come back, which VK alone knows."""
        deleted = [
            item
            for item in self.written
            if item.network == "vk"
            and not item.private
            and self.world.get(item.serial).is_deleted(now)
        ]
        if deleted:
            self.world.restore(self.rng.choice(deleted).serial, at=now)

    def _break(self, now: datetime) -> None:
        """Let something fail for a while, or work again."""
        for switch, until in list(self.failing.items()):
            if now >= until:
                self.faults.switch_off(switch)
                del self.failing[switch]
        if self.rng.random() < 0.06:
            network, fault = self.rng.choice(NETWORKS), self.rng.choice(_FAULTS)
            switch = self.faults.switch_on(network, fault, reset_after=timedelta(minutes=4))
            lasts = timedelta(minutes=self.rng.choice((3, 10, 40)))
            self.failing[switch] = now + lasts

    def _is_shown(self, item: Item, at: datetime) -> bool:
        return shown(self.world, self.world.get(item.serial), at)

    def _text(self, texts: tuple[str, ...]) -> str:
        self.count += 1
        return f"{self.rng.choice(texts)} {self.count}"


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be stored of an item that is shown."""

    thread: str
    text: str
    inbound: bool


def shown(world: World, item: Item, at: datetime) -> bool:
    """Tell whether a network shows an item; below what is gone Facebook shows nothing."""
    if not item.is_visible(at):
        return False
    if item.network != "facebook" or item.private or item.parent is None:
        return True
    return shown(world, world.get(item.parent), at)


def expected(world: World, at: datetime) -> dict[str, Expected]:
    """Return what must be stored as present, by network and remote id."""
    return {
        f"{item.network} {remote_id(world, item)}": Expected(
            thread_id(world, item), text(world, item, at), not item.by_brand
        )
        for item in world.items()
        if _is_message(item) and shown(world, item, at)
    }


def _is_message(item: Item) -> bool:
    """Tell whether an item is somebody's message: what the shop posts to nobody is none."""
    return not (item.by_brand and item.parent is None and not item.private)


def remote_id(world: World, item: Item) -> str:
    """Return the name under which an item must be stored."""
    match item.network, item.private:
        case "vk", True:
            return f"dm:{_peer(item)}_{item.peer_number}"
        case "vk", False:
            return f"wall_reply:{world.remote_id(item)}"
        case "facebook", True:
            return f"dm:{world.remote_id(item)}"
        case "facebook", False:
            return f"comment:{world.remote_id(item)}"
        case "twitter", True:
            return f"dm:{item.number}"
    return f"tweet:{item.number}"


def thread_id(world: World, item: Item) -> str:
    """Return the name of the conversation that an item belongs to."""
    match item.network, item.private:
        case "vk", True:
            return f"dm:{_peer(item)}"
        case "vk", False:
            top, post = _top(world, item), world.get(item.root)
            return f"wall_reply:{world.remote_id(top)}@{post.number}"
        case "facebook", True:
            return f"dm:t_{_peer(item)}"
        case "facebook", False:
            return f"comment:{world.remote_id(_top(world, item))}"
        case "twitter", True:
            ours = BRANDS["twitter"].id
            return "dm:{}-{}".format(*sorted((ours, _peer(item))))
    customer = item.author or _answered(world, item)
    return f"tweet:{world.get(item.root).number}:{customer.id_on('twitter')}"


def text(world: World, item: Item, at: datetime) -> str:
    """Return the text that must be stored; of ours on X without the handle in front."""
    return world.get(item.serial).text_at(at)


def _peer(item: Item) -> int:
    assert item.peer is not None
    return item.peer.id_on(item.network)


def _top(world: World, item: Item) -> Item:
    while item.parent is not None and item.parent != item.root:
        item = world.get(item.parent)
    return item


def _answered(world: World, item: Item) -> Person:
    assert item.parent is not None
    above = world.get(item.parent)
    return above.author or _answered(world, above)
