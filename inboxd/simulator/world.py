"""The truth of the simulated world: who wrote what, when, and since when a network shows it."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from inboxd.simulator.people import NETWORKS, Network, Person, crowd, make_person, make_shop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Kind = Literal["dm", "comment", "mention", "post", "review", "search"]
Shut = Literal["protected", "suspended"]
Change = Literal["new", "edit", "delete", "restore", "read"]

# 2010-11-04T01:42:54.657Z, the epoch of X's snowflakes; an id is (ms since then) << 22.
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
_SNOWFLAKE_LOW_BITS = 22


@dataclass(frozen=True, slots=True)
class Brand:
    """The shop's account on one network; *id* is positive (VK shows a community as -id)."""

    network: Network
    id: int
    name: str
    handle: str


BRANDS: dict[Network, Brand] = {
    "vk": Brand("vk", 123456, "Лавка «Север»", "lavka_sever"),
    "facebook": Brand("facebook", 1234567890, "Lavka Sever", "lavkasever"),
    "twitter": Brand("twitter", 2244994945, "Lavka Sever", "lavka_sever"),
}


@dataclass(frozen=True, slots=True)
class Version:
    """A text an item was edited to, and when."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """
    One message, comment, post, tweet or review, on one network.

    *author* is None where the brand wrote it. *peer* is the customer of a private thread. *parent*
    is the serial of what this replies to and *root* of what began the public thread (an item that
    begins one is its own root). *wall* is whose wall a public thread stands on: None is the brand's,
    a person where somebody named the brand elsewhere. *place* is what of VK's other things than a
    wall post the thread stands below ("photo", "video", "market", "board"; "suggest" is a post that
    only the shop sees): each counts its ids apart. *number* is the id in the network's own
    numbering, *peer_number* the place in a private thread, from 1 (VK's conversation_message_id).
    *quoted* is the serial of what this quotes, *media* the types of what is attached, *group* the
    number of a private thread of several people. *truth* is what a scenario knows of the text and
    never goes over a wire.
    """

    serial: int
    network: Network
    kind: Kind
    text: str
    sent_at: datetime
    visible_at: datetime
    number: int
    root: int
    author: Person | None = None
    peer: Person | None = None
    parent: int | None = None
    wall: Person | None = None
    place: str = ""
    peer_number: int = 0
    edits: tuple[Version, ...] = ()
    deleted_at: datetime | None = None
    restored_at: datetime | None = None
    read_at: datetime | None = None
    hidden_at: datetime | None = None
    auto_reply: bool = False
    staff: str | None = None
    positive: bool | None = None
    quoted: int | None = None
    media: tuple[str, ...] = ()
    group: int | None = None
    truth: str | None = None

    @property
    def by_brand(self) -> bool:
        """Whether the shop wrote it."""
        return self.author is None

    @property
    def private(self) -> bool:
        """Whether only the customer and the shop can read it."""
        return self.peer is not None

    @property
    def order(self) -> tuple[datetime, int]:
        """The place in the network's order: by time sent, then as written."""
        return (self.sent_at, self.serial)

    def text_at(self, at: datetime) -> str:
        """Return the text as it read at *at*, edits up to then included."""
        return next(
            (version.text for version in reversed(self.edits) if version.at <= at), self.text
        )

    def edited_at(self, at: datetime) -> datetime | None:
        """Return when it was last edited as seen at *at*, or None."""
        return next((version.at for version in reversed(self.edits) if version.at <= at), None)

    def is_visible(self, at: datetime) -> bool:
        """Whether the network shows it at *at*: delivered by then and not deleted."""
        return self.visible_at <= at and not self.is_deleted(at)

    def is_deleted(self, at: datetime) -> bool:
        """Whether it was deleted by *at*, and not put back since."""
        deleted = self.deleted_at is not None and self.deleted_at <= at
        return deleted and not (self.restored_at is not None and self.restored_at <= at)

    def is_read(self, at: datetime) -> bool:
        """Whether the customer had read it by *at*; told of private messages of the brand."""
        return self.read_at is not None and self.read_at <= at

    def is_hidden(self, at: datetime) -> bool:
        """Whether the brand had hidden it by *at*."""
        return self.hidden_at is not None and self.hidden_at <= at


@dataclass(frozen=True, slots=True)
class Event:
    """One change as a network tells it: *seq* counts from 1 without a gap, in order of telling."""

    seq: int
    network: Network
    change: Change
    serial: int
    at: datetime


class World:
    """
    Everything that was written, and what each network shows of it at an instant.

    Network-neutral and without a clock: each read names its instant. The same seed and the same
    writes give the same ids. Items may lie in the future; they show when their time comes.
    """

    def __init__(self, seed: int = 1, *, customers: int = 70) -> None:
        self.seed = seed
        self.people: list[Person] = crowd(seed, customers)
        self._by_person_id: dict[tuple[Network, int], Person] = {}
        self._shut: dict[str, tuple[datetime, Shut]] = {}
        self._by_handle: dict[str, Person] = {}
        for person in self.people:
            self._register(person)
        self._items: list[Item] = []
        self._by_kind: defaultdict[tuple[Network, Kind], list[tuple[datetime, int]]]
        self._by_kind = defaultdict(list)
        self._threads: defaultdict[tuple[Network, str], list[tuple[datetime, int]]]
        self._threads = defaultdict(list)
        self._by_remote: dict[tuple[Network, str], int] = {}
        self._numbers: Counter[str] = Counter()
        self._pending: dict[Network, list[tuple[datetime, int, Change, int]]]
        self._pending = {network: [] for network in NETWORKS}
        self._events: dict[Network, list[Event]] = {network: [] for network in NETWORKS}
        self._edited: dict[Network, dict[int, None]] = {network: {} for network in NETWORKS}
        self._writes = 0
        self._waiters: set[asyncio.Future[None]] = set()

    # People

    def brand(self, network: Network) -> Brand:
        """Return the shop's account on *network*."""
        return BRANDS[network]

    def new_person(
        self, key: str, name: str, *, language: str = "en", followers: int = 50
    ) -> Person:
        """Add a person; a key names one person for ever (same seed and key, same ids)."""
        person = make_person(self.seed, key, name, language=language, followers=followers)
        self.people.append(person)
        self._register(person)
        return person

    def new_shop(self, key: str, name: str, handle: str) -> Person:
        """Add another shop (same seed and key, same ids); it is nobody's customer."""
        shop = make_shop(self.seed, key, name, handle)
        self._register(shop)
        return shop

    def person_by_id(self, network: Network, person_id: int) -> Person | None:
        """Return the customer whom *network* knows under *person_id*."""
        return self._by_person_id.get((network, person_id))

    def person_by_handle(self, handle: str) -> Person | None:
        """Return the customer with this screen name, whatever its case."""
        return self._by_handle.get(handle.lower())

    def shut(self, person: Person, how: Shut, *, at: datetime) -> None:
        """Let a person's posts be seen by nobody as of *at*: protected, or suspended by the network."""
        self._shut[person.key] = (at, how)

    def shut_at(self, person: Person | None, at: datetime) -> Shut | None:
        """Return why nobody sees a person's posts at *at*; None if people do."""
        since, how = self._shut.get(person.key if person else "", (None, None))
        return how if since is not None and since <= at else None

    # Writes

    def add(  # noqa: PLR0913 - one keyword a fact; a parameter object would only rename Item
        self,
        network: Network,
        kind: Kind,
        text: str,
        *,
        sent_at: datetime,
        author: Person | None = None,
        peer: Person | None = None,
        parent: int | None = None,
        wall: Person | None = None,
        place: str = "",
        visible_at: datetime | None = None,
        auto_reply: bool = False,
        staff: str | None = None,
        positive: bool | None = None,
        quoted: int | None = None,
        media: tuple[str, ...] = (),
        group: int | None = None,
        truth: str | None = None,
    ) -> Item:
        """
        Write one item and return it.

        A "dm" by a customer needs no *peer*: it is the author. A *visible_at* after *sent_at* is a
        late delivery; among several items it reorders them.
        """
        if kind == "dm" and peer is None:
            peer = author
        if (kind == "dm") != (peer is not None):
            raise ValueError("a dm, and only a dm, has a customer on the other side (peer=)")
        serial = len(self._items) + 1
        above = self.get(parent) if parent is not None else None
        item = Item(
            serial=serial, network=network, kind=kind, text=text, sent_at=sent_at,
            visible_at=max(sent_at, visible_at or sent_at), number=0,
            root=above.root if above is not None and kind != "dm" else serial,
            author=author, peer=peer, parent=parent,
            wall=above.wall if above is not None else wall,
            place=above.place if above is not None else place,
            auto_reply=auto_reply, staff=staff, positive=positive, quoted=quoted, media=media,
            group=group, truth=truth,
        )  # fmt: skip
        item = self._numbered(item)
        self._items.append(item)
        insort(self._by_kind[network, kind], item.order)
        insort(self._threads[network, self.thread_of(item)], item.order)
        self._by_remote[network, self.remote_id(item)] = serial
        self._tell(item, "new", item.visible_at)
        return item

    def reply(  # noqa: PLR0913 - as for add
        self,
        to: int,
        text: str,
        *,
        sent_at: datetime,
        author: Person | None = None,
        visible_at: datetime | None = None,
        auto_reply: bool = False,
        staff: str | None = None,
        truth: str | None = None,
    ) -> Item:
        """
        Write an answer to item *to*, by the brand unless *author* says otherwise.

        The kind follows: a dm in a private thread, else a comment; on X a tweet, which is a
        "mention" when a customer writes it (X puts the @handle in front) and a "post" of ours.
        """
        above = self.get(to)
        kind: Kind = "dm" if above.private else "comment"
        if above.network == "twitter" and not above.private:
            kind = "post" if author is None else "mention"
        return self.add(
            above.network, kind, text, sent_at=sent_at, author=author, peer=above.peer, parent=to,
            group=above.group, visible_at=visible_at, auto_reply=auto_reply, staff=staff, truth=truth,
        )  # fmt: skip

    def edit(self, serial: int, text: str, *, at: datetime) -> Item:
        """Change the text of an item as of *at*; edits come in order of time."""
        item = self.get(serial)
        item = self._replace(replace(item, edits=(*item.edits, Version(at, text))))
        self._edited[item.network][serial] = None
        self._tell(item, "edit", max(at, item.visible_at))
        return item

    def delete(self, serial: int, *, at: datetime) -> Item:
        """Remove an item as of *at*, whoever does it; it stays readable to `get`."""
        item = self._replace(replace(self.get(serial), deleted_at=at, restored_at=None))
        self._tell(item, "delete", max(at, item.visible_at))
        return item

    def restore(self, serial: int, *, at: datetime) -> Item:
        """Put a deleted item back as of *at*, with the text it had."""
        item = self._replace(replace(self.get(serial), restored_at=at))
        self._tell(item, "restore", max(at, item.visible_at))
        return item

    def read(self, serial: int, *, at: datetime) -> Item:
        """Let the customer read a private message of the brand at *at*."""
        item = self._replace(replace(self.get(serial), read_at=at))
        self._tell(item, "read", max(at, item.visible_at))
        return item

    def hide(self, serial: int, *, at: datetime, hidden: bool = True) -> Item:
        """Hide a public item as of *at* (X's hidden reply, Facebook's is_hidden), or show it again."""
        return self._replace(replace(self.get(serial), hidden_at=at if hidden else None))

    # Reads

    def get(self, serial: int) -> Item:
        """Return an item by serial, deleted or not yet visible ones too."""
        if not 1 <= serial <= len(self._items):
            raise LookupError(f"the simulated world has no item {serial}")
        return self._items[serial - 1]

    def items(self) -> list[Item]:
        """Return everything ever written, in order of writing."""
        return list(self._items)

    def visible(self, network: Network, kind: Kind, at: datetime) -> list[Item]:
        """Return what *network* shows of *kind* at *at*, oldest first."""
        return self._seen(self._by_kind[network, kind], at)

    def newest_first(
        self, network: Network, kind: Kind, at: datetime, *, before: datetime | None = None
    ) -> Iterator[Item]:
        """Yield what is visible newest first, lazily, from just below *before* (sent_at) down."""
        keys = self._by_kind[network, kind]
        end = len(keys) if before is None else bisect_left(keys, (before, 0))
        for index in range(end - 1, -1, -1):
            item = self.get(keys[index][1])
            if item.is_visible(at):
                yield item

    def edited(self, network: Network, at: datetime) -> list[Item]:
        """Return the visible items whose text had been changed by *at*, in order of first edit."""
        items = (self.get(serial) for serial in self._edited[network])
        return [item for item in items if item.is_visible(at) and item.edited_at(at)]

    def thread_of(self, item: Item) -> str:
        """Return the name of the item's thread: one per private peer or group, one per public root."""
        if item.group is not None:
            return f"group:{item.group}"
        return f"dm:{item.peer.key}" if item.peer is not None else f"root:{item.root}"

    def thread(
        self, network: Network, thread: str, at: datetime, *, deleted: bool = False
    ) -> list[Item]:
        """Return a thread as shown at *at*, oldest first; with *deleted* the removed items too."""
        return self._seen(self._threads[network, thread], at, deleted=deleted)

    def dm_thread(self, network: Network, peer: Person, at: datetime) -> list[Item]:
        """Return the private messages with *peer* as shown at *at*, oldest first."""
        return self.thread(network, f"dm:{peer.key}", at)

    def dm_peers(self, network: Network, at: datetime) -> list[Person]:
        """Return the people with a private thread, latest activity first."""
        latest: dict[str, Person] = {}
        for item in self.newest_first(network, "dm", at):
            if item.peer is not None:
                latest.setdefault(item.peer.key, item.peer)
        return list(latest.values())

    def children(self, serial: int, at: datetime, *, deleted: bool = False) -> list[Item]:
        """Return the direct replies to a public item, oldest first."""
        item = self.get(serial)
        thread = self.thread(item.network, self.thread_of(item), at, deleted=deleted)
        return [reply for reply in thread if reply.parent == serial]

    def events(
        self, network: Network, at: datetime, *, after: int = 0, limit: int = 100
    ) -> list[Event]:
        """
        Return what *network* has to tell by *at*, in order, from just behind seq *after*.

        Seqs are given when the time of a change has come, so a late delivery comes behind what
        overtook it and a reader that keeps the last seq misses nothing. *at* must not go back.
        """
        pending, told = self._pending[network], self._events[network]
        while pending and pending[0][0] <= at:
            when, _write, change, serial = heapq.heappop(pending)
            told.append(Event(len(told) + 1, network, change, serial, when))
        return told[after : after + limit]

    def last_seq(self, network: Network, at: datetime) -> int:
        """Return the seq of the newest event by *at*, 0 before the first."""
        self.events(network, at, limit=0)
        return len(self._events[network])

    def next_write(self) -> asyncio.Future[None]:
        """Return a future that is done at the next write, for a long poll to wait on."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        waiter.add_done_callback(self._waiters.discard)
        return waiter

    # Ids

    def remote_id(self, item: Item) -> str:
        """
        Return the id in the form the network shows it.

        X: a snowflake. VK: the message id, "OWNER_ID" on a wall, "photoOWNER_ID" below a photo. Facebook: "m_…", "PAGE_POST",
        "POST_COMMENT".
        """
        if item.network == "facebook":
            return self._facebook_id(item)
        if item.network == "vk" and not item.private:
            return f"{item.place}{self.wall_owner_id(item)}_{item.number}"
        return str(item.number)

    def by_remote_id(self, network: Network, remote_id: str) -> Item | None:
        """Return the item behind an id as `remote_id` gave it, or None."""
        serial = self._by_remote.get((network, remote_id))
        return None if serial is None else self.get(serial)

    def wall_owner_id(self, item: Item) -> int:
        """Return whose wall a public item stands on, as VK writes it: a community is negative."""
        if item.wall is not None:
            return item.wall.id_on(item.network)
        return -self.brand(item.network).id

    def author_id(self, item: Item) -> int:
        """Return the author's id on the item's network; the brand's own, positive, for the brand."""
        if item.author is None:
            return self.brand(item.network).id
        return item.author.id_on(item.network)

    def _facebook_id(self, item: Item) -> str:
        if item.private:
            digest = hashlib.blake2b(f"{self.seed}/{item.serial}".encode(), digest_size=24)
            return f"m_{digest.hexdigest()}"
        if item.root == item.serial:
            owner = self.brand("facebook").id if item.wall is None else item.wall.id_on("facebook")
            return f"{owner}_{item.number}"
        return f"{self.get(item.root).number}_{item.number}"

    def _numbered(self, item: Item) -> Item:
        """Give the item its number: a snowflake on X, else the next of its peer, wall or page."""
        peer_number = self._next(f"{item.network}/{item.peer.key}") if item.peer is not None else 0
        if item.network == "twitter":
            number = snowflake(item.sent_at, item.serial)
        elif item.network == "vk":
            space = "dm" if item.private else f"{item.place}{self.wall_owner_id(item)}"
            number = self._next(f"vk/{space}")
        else:
            number = 122_100_000_000_000_000 + 1_009 * self._next("facebook")
        return replace(item, number=number, peer_number=peer_number)

    def _next(self, counter: str) -> int:
        self._numbers[counter] += 1
        return self._numbers[counter]

    # Inner workings

    def _register(self, person: Person) -> None:
        self._by_handle[person.handle.lower()] = person
        for network in NETWORKS:
            self._by_person_id[network, person.id_on(network)] = person

    def _seen(
        self, keys: Iterable[tuple[datetime, int]], at: datetime, *, deleted: bool = False
    ) -> list[Item]:
        items = (self._items[serial - 1] for _sent_at, serial in keys)
        return [
            item
            for item in items
            if item.is_visible(at) or (deleted and item.visible_at <= at and item.is_deleted(at))
        ]

    def _replace(self, item: Item) -> Item:
        self._items[item.serial - 1] = item
        self._wake()
        return item

    def _tell(self, item: Item, change: Change, at: datetime) -> None:
        self._writes += 1
        heapq.heappush(self._pending[item.network], (at, self._writes, change, item.serial))
        self._wake()

    def _wake(self) -> None:
        for waiter in list(self._waiters):
            if not waiter.done():
                waiter.set_result(None)


def snowflake(at: datetime, low: int = 0) -> int:
    """
    Return the X id of something made at *at*; *low* tells apart what one millisecond holds.

    Source: github.com/twitter-archive/snowflake; the epoch is SNOWFLAKE_EPOCH_MS.
    """
    since_epoch = at - datetime.fromtimestamp(0, UTC)
    ms = since_epoch // timedelta(milliseconds=1) - SNOWFLAKE_EPOCH_MS
    return (ms << _SNOWFLAKE_LOW_BITS) | (low & ((1 << _SNOWFLAKE_LOW_BITS) - 1))


def snowflake_serial(number: int) -> int:
    """Return the serial that an id of this world carries in its low bits."""
    return number & ((1 << _SNOWFLAKE_LOW_BITS) - 1)


def snowflake_time(number: int) -> datetime:
    """Return when the thing with this X id was made, to the millisecond."""
    ms = (number >> _SNOWFLAKE_LOW_BITS) + SNOWFLAKE_EPOCH_MS
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
