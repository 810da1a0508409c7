"""What the simulated VK remembers beside the world: settings, keys, and repeats of a write."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.simulator.vk import objects
from inboxd.simulator.vk.protocol import VkError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from inboxd.simulator.world import Brand, Item, World

# What a comment can stand below beside a post: the thing's place in the world, its events' name.
THINGS = {
    "photo": "photo_comment",
    "video": "video_comment",
    "market": "market_comment",
    "board": "board_post",
}
CHANGES = ("new", "edit", "delete", "restore")
# Every event that the simulated world has, of the 37 that VK can send.
EVENTS = (
    "message_new",
    "message_reply",
    "message_edit",
    "message_read",
    "wall_post_new",
    "wall_reply_new",
    "wall_reply_edit",
    "wall_reply_delete",
    "wall_reply_restore",
    *(f"{name}_{change}" for name in THINGS.values() for change in CHANGES),
)
_REPEAT_WINDOW = timedelta(hours=1)  # dev.vk.com/method/messages.send, random_id
_KEY_LIFETIME = timedelta(hours=1)


@dataclass(slots=True)
class LongPollSettings:
    """What `groups.setLongPollSettings` sets."""

    enabled: bool = True
    events: set[str] = field(default_factory=lambda: set(EVENTS))


@dataclass(slots=True)
class Written:
    """The memory of writes by their idempotency key; a repeat within the hour is the first."""

    _by_key: dict[Hashable, tuple[datetime, int]] = field(default_factory=dict)

    def first(self, key: Hashable, at: datetime) -> int | None:
        """Return the serial that *key* wrote within the hour before *at*, or None."""
        when, serial = self._by_key.get(key, (None, 0))
        return serial if when is not None and at - when < _REPEAT_WINDOW else None

    def remember(self, key: Hashable, at: datetime, serial: int) -> None:
        """Remember what *key* wrote."""
        self._by_key[key] = (at, serial)


@dataclass(slots=True)
class Community:
    """
    One community as a method sees it.

    *refusals* maps a person's VK id to the error (900, 901, 902) that writing to them
    gives; who never wrote to the community refuses by 901 without being named here.
    """

    world: World
    now: Callable[[], datetime]
    refusals: Mapping[int, int] = field(default_factory=dict)
    long_poll: LongPollSettings = field(default_factory=LongPollSettings)
    written: Written = field(default_factory=Written)
    random_ids: dict[int, int] = field(default_factory=dict)
    _keys: dict[str, datetime] = field(default_factory=dict)

    @property
    def brand(self) -> Brand:
        """Return the shop's account."""
        return self.world.brand(objects.NETWORK)

    def require_own(self, group_id: int) -> None:
        """Raise error 15 for any community but the one that the token belongs to."""
        if group_id != self.brand.id:
            raise VkError(15, "group access is denied")

    def issue_key(self) -> str:
        """Return a long-poll key that is good for an hour."""
        key = hashlib.sha1(f"{self.world.seed}/{len(self._keys)}".encode()).hexdigest()  # noqa: S324 - a long-poll key looks like a SHA-1; it protects nothing
        self._keys[key] = self.now()
        return key

    def key_is_good(self, key: str) -> bool:
        """Whether *key* was issued within the hour."""
        issued = self._keys.get(key)
        return issued is not None and self.now() - issued < _KEY_LIFETIME

    def last_seq(self) -> int:
        """Return the number of the newest event; a long poll's `ts`."""
        return self.world.last_seq(objects.NETWORK, self.now())

    def posts(self, owner_id: int) -> list[Item]:
        """Return what began a thread on a wall, newest first."""
        world, at = self.world, self.now()
        written = [*world.visible(objects.NETWORK, "post", at)]
        written += world.visible(objects.NETWORK, "mention", at)
        written += world.visible(objects.NETWORK, "search", at)
        roots = (item for item in written if item.root == item.serial and not item.place)
        on_wall = (item for item in roots if world.wall_owner_id(item) == owner_id)
        return sorted(on_wall, key=lambda item: item.order, reverse=True)

    def public(self) -> list[Item]:
        """Return everything that stands on anybody's wall, newest first."""
        world, at = self.world, self.now()
        kinds = (world.visible(objects.NETWORK, kind, at) for kind in objects.PUBLIC_KINDS)
        on_walls = (item for items in kinds for item in items if not item.place)
        return sorted(on_walls, key=lambda item: item.order, reverse=True)

    def things(self, place: str) -> list[Item]:
        """Return the community's photos, videos, goods or topics, newest first."""
        written = self.world.visible(objects.NETWORK, "post", self.now())
        return [item for item in reversed(written) if item.place == place]

    def thing(self, place: str, owner_id: int, number: int) -> Item | None:
        """Return a photo, a video, a product or a topic by its id."""
        item = self.world.by_remote_id(objects.NETWORK, f"{place}{owner_id}_{number}")
        there = item is not None and item.root == item.serial and item.is_visible(self.now())
        return item if there else None

    def wall_item(self, owner_id: int, number: int) -> Item | None:
        """Return a visible post or comment of a wall by its id."""
        item = self.world.by_remote_id(objects.NETWORK, f"{owner_id}_{number}")
        return item if item is not None and item.is_visible(self.now()) else None

    def comments(self, post: Item) -> list[Item]:
        """Return the comments of a post, all levels, oldest first, the deleted ones too."""
        name = self.world.thread_of(post)
        written = self.world.thread(objects.NETWORK, name, self.now(), deleted=True)
        return [item for item in written if item.serial != post.serial]

    def live_comments(self, post: Item) -> int:
        """Return how many comments a post has, as its counter shows."""
        return sum(not item.is_deleted(self.now()) for item in self.comments(post))
