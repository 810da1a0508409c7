"""A working day of everything at once: what the VK connector delivered is what was written, and no more."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors.vk import Connector
from inboxd.connector import Known, Page
from inboxd.errors import InboxdError
from inboxd.simulator import vk
from inboxd.simulator.faults import Fault
from tests.contract.vk_shop import GROUP, open_shop

if TYPE_CHECKING:
    from inboxd.model import Message
    from inboxd.simulator.world import Item
    from tests.contract.vk_shop import Shop

STREAMS = ("direct_messages", "comments", "mentions", "search")
THINGS = {
    "photo": "photo_comment", "video": "video_comment", "market": "market_comment",
    "board": "board_post",
}  # fmt: skip
FAULTS = (
    Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.HTML, Fault.TRUNCATED, Fault.DROP_BEFORE,
    Fault.DROP_AFTER, Fault.DUPLICATES,
)  # fmt: skip
ENDPOINTS = (
    "*", "messages.*", "execute", "longpoll", "wall.*", "board.*", "photos.*", "newsfeed.*",
    "users.get",
)  # fmt: skip
STEP = timedelta(minutes=3)
HOURS = 8


@dataclass
class Stored:
    """What a store would have of the pages so far."""

    messages: dict[str, Message] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)

    def take(self, page: Page) -> None:
        """Store a page: a deletion stays until a restoration, an edit replaces."""
        assert not page.unknown
        self.losses += [page.lost] if page.lost else []
        for message in page.messages:
            before = self.messages.get(message.remote_id)
            self.messages[message.remote_id] = merged(before, message)
        for name in page.gone:
            self.messages[name] = replace(self.messages[name], deleted=True)

    def known(self) -> list[Known]:
        """Return everything, to be looked up."""
        return [
            Known(
                each.remote_id, each.thread_id, each.stream, each.direction, each.sent_at,
                each.parent_id, each.deleted,
            )
            for each in self.messages.values()
        ]  # fmt: skip


def merged(before: Message | None, message: Message) -> Message:
    """Return what is stored of a message that comes again; its thread is for good."""
    if before is None:
        return message
    if message.deleted:
        return replace(before, deleted=True)
    # Of a comment that VK has only told the end of, the thread is not known.
    thread = before.thread_id if before.text else message.thread_id
    deleted = before.deleted and not message.restored
    return replace(message, thread_id=thread, deleted=deleted)


class Day:
    """People who write, answer, edit, delete and restore, everywhere and at random."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.world = shop.world
        self.rng = random.Random(seed)
        self.places = [shop.post("Завоз!") for _ in range(3)]
        self.places += [self._add("post", f"вещь {name}", place=name) for name in THINGS]
        self.said: list[Item] = []

    def _add(self, kind: Any, text: str, **facts: Any) -> Item:
        return self.world.add("vk", kind, text, sent_at=self.shop.clock.now(), **facts)

    def step(self) -> None:
        """Let a few things happen."""
        for _ in range(self.rng.randrange(4)):
            self.rng.choice((self.write, self.write, self.answer, self.change))()

    def write(self) -> None:
        """Let a customer begin something, at times shown late."""
        text, who = f"сказано {len(self.said)}", self.rng.choice(self.world.people[:6])
        late: dict[str, Any] = {}
        if self.rng.random() < 0.2:
            late["visible_at"] = self.shop.clock.now() + timedelta(minutes=self.rng.randrange(6))
        kind = self.rng.randrange(6)
        if kind == 0:
            item = self._add("dm", text, author=who, **late)
        elif kind == 1:
            item = self._add("post", text, author=who)
        elif kind == 2:
            item = self._add("post", f"[club{GROUP}|Лавка] {text}", author=who, wall=who)
        elif kind == 3:
            item = self._add("post", f"лавка {text}", author=who, wall=who)
        else:
            item = self.shop.comment(self.rng.choice(self.places), text, author=who, **late)
        self.said.append(item)

    def answer(self) -> None:
        """Let the shop answer something, and a customer go on, where that is read back whole."""
        shown = [item for item in self.said if self._lives(item)]
        if not shown:
            return
        item = self.rng.choice(shown)
        ours = self.rng.random() < 0.6 or item.wall is not None
        author = None if ours else item.author or item.peer or self.shop.customer
        text = f"ответ {len(self.said)}"
        self.said.append(
            self.world.reply(item.serial, text, sent_at=self.shop.clock.now(), author=author)
        )

    def change(self) -> None:
        """Let something be edited, deleted or put back; posts stay, with what stands below."""
        own = [each for each in self.said if each.wall is None]
        if not own:
            return
        item, now = self.world.get(self.rng.choice(own).serial), self.shop.clock.now()
        if item.is_deleted(now):
            self.world.restore(item.serial, at=now)
        elif item.visible_at <= now and self.rng.random() < 0.5:
            self.world.edit(item.serial, f"{item.text} (правка {len(item.edits)})", at=now)
        elif item.visible_at <= now and (item.private or item.root != item.serial):
            self.world.delete(item.serial, at=now)

    def _lives(self, item: Item) -> bool:
        return self.world.get(item.serial).is_visible(self.shop.clock.now())

    def trouble(self) -> None:
        """Let something go wrong for a request or two."""
        if self.rng.random() < 0.5:
            endpoint = self.rng.choice(ENDPOINTS)
            fault, times = self.rng.choice(FAULTS), self.rng.randrange(1, 3)
            self.shop.faults.switch_on("vk", fault, endpoint=endpoint, times=times)
        if self.rng.random() < 0.1:
            code = self.rng.choice("23")
            self.shop.faults.switch_on(
                "vk", Fault.SERVER_ERROR, endpoint="longpoll", code=code, times=1
            )


async def poll_all(shop: Shop, stored: Stored) -> None:
    """Poll every source as the poller does: what fails is tried again next time."""
    for source in shop.connector.sources():
        try:
            async for page in shop.connector.poll(source.name, shop.cursors.get(source.name)):
                stored.take(page)
                shop.cursors[source.name] = page.cursor
        except InboxdError:
            continue


async def reconcile(shop: Shop, stored: Stored) -> None:
    """Read everything anew and look everything up, as the nightly reconciliation does."""
    for source in shop.connector.sources():
        if source.name != "long_poll":
            async for page in shop.connector.poll(source.name, None):
                stored.take(page)
    async for page in shop.connector.verify(stored.known()):
        assert page.note == ""
        stored.take(page)


def name_of(shop: Shop, item: Item) -> str:
    """Return the id under which the item must have been delivered."""
    owner = shop.world.wall_owner_id(item)
    if item.peer is not None:
        return f"dm:{item.peer.id_on('vk')}_{item.peer_number}"
    if item.root == item.serial:
        return f"wall_post:{owner}_{item.number}"
    return f"{THINGS.get(item.place, 'wall_reply')}:{owner}_{item.number}"


def thread_of(shop: Shop, item: Item) -> str:
    """Return the conversation that the item belongs to."""
    if item.peer is not None:
        return f"dm:{item.peer.id_on('vk')}"
    root = shop.world.get(item.root)
    if root.author is not None:
        return name_of(shop, root)
    while item.parent is not None and item.parent != item.root:
        item = shop.world.get(item.parent)
    return f"{name_of(shop, item)}@{root.number}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_a_day_of_trouble_ends_with_what_was_written(seed: int) -> None:
    """Faults, restarts, late and repeated delivery: each message, edit, deletion and thread."""
    changes: dict[str, Any] = {
        "user_token": vk.USER_TOKEN, "streams": STREAMS, "brand_words": ("лавка",),
    }  # fmt: skip
    async with open_shop(**changes) as shop:
        day, stored = Day(shop, seed), Stored()
        await poll_all(shop, stored)
        for _ in range(HOURS * 20):
            day.step()
            day.trouble()
            shop.clock.advance(STEP)
            await poll_all(shop, stored)
            if day.rng.random() < 0.02:
                await shop.connector.close()
                shop.connector = Connector(shop.settings, shop.clock, shop.ledger)
        shop.faults.clear()
        shop.clock.advance(timedelta(hours=1))
        await reconcile(shop, stored)
        await shop.connector.close()

        now = shop.clock.now()
        written = {name_of(shop, item): item for item in map(shop.world.get, serials(day))}
        assert stored.messages.keys() <= written.keys()
        lost = [
            name for name, item in written.items()
            if name not in stored.messages and not item.is_deleted(now)
        ]  # fmt: skip
        # What nothing reads back may be missing, and only if people were told so.
        assert {name.partition(":")[0] for name in lost} <= {"video_comment", "market_comment"}
        assert not lost or stored.losses
        for name, message in stored.messages.items():
            item = written[name]
            assert message.deleted == item.is_deleted(now), name
            told_whole = message.text or not message.deleted
            if told_whole and (not stored.losses or item.place not in ("video", "market")):
                assert message.thread_id == thread_of(shop, item), name
            if not message.deleted:
                assert message.text.endswith(item.text_at(now)), name


def serials(day: Day) -> list[int]:
    """Return what was said, as it stands in the world today."""
    return [item.serial for item in day.said]
