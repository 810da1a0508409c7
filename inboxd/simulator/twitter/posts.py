"""Which posts and direct messages a request gets to see, newest first, under which ids."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from inboxd.simulator.world import Item, Kind, World, snowflake, snowflake_serial, snowflake_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inboxd.simulator.twitter.parameters import Window

PUBLIC: tuple[Kind, ...] = ("post", "mention", "search")
DM_HISTORY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Post:
    """An item in one of its versions: each edit gives a post a new id and a new time on X."""

    id: int
    item: Item
    text: str
    made_at: datetime
    history: tuple[int, ...]


def current(item: Item, at: datetime) -> Post:
    """Return the version that is shown at *at*."""
    versions = [version for version in item.edits if version.at <= at]
    ids = (item.number, *(snowflake(version.at, item.serial) for version in versions))
    text = versions[-1].text if versions else item.text
    made_at = versions[-1].at if versions else item.sent_at
    return Post(ids[-1], item, text, made_at, ids)


def find(world: World, post_id: int, at: datetime) -> Post | None:
    """
    Return the visible public post with this id, which may be any of its history.

    Each id stands for its own version, whose history names the later ones too.
    """
    try:
        item = world.get(snowflake_serial(post_id))
    except LookupError:
        return None
    if item.network != "twitter" or item.private or not item.is_visible(at):
        return None
    post = current(item, at)
    if post_id not in post.history:
        return None
    place = post.history.index(post_id)
    if place == 0:
        return replace(post, id=post_id, text=item.text, made_at=item.sent_at)
    version = item.edits[place - 1]
    return replace(post, id=post_id, text=version.text, made_at=version.at)


def newest_first(world: World, kinds: Iterable[Kind], at: datetime) -> Iterator[Post]:
    """Yield the public posts of *kinds* by falling id; an edited one stands at its new id."""
    wanted = tuple(kinds)
    edited = [
        item
        for item in world.edited("twitter", at)
        if item.kind in wanted and not world.shut_at(item.author, at)
    ]
    moved = {item.serial for item in edited}
    streams: list[Iterable[Post]] = [
        sorted((current(item, at) for item in edited), key=_id, reverse=True)
    ]
    for kind in wanted:
        unedited = (
            item
            for item in world.newest_first("twitter", kind, at)
            if item.serial not in moved and not world.shut_at(item.author, at)
        )
        streams.append(current(item, at) for item in unedited)
    return heapq.merge(*streams, key=_id, reverse=True)


def page(posts: Iterable[Post], window: Window) -> tuple[list[Post], bool]:
    """Return the newest posts inside *window*, at most its size, and whether there are more."""
    inside: list[Post] = []
    for post in posts:
        if post.id <= window.since_id or (window.start and post.made_at < window.start):
            break
        if window.below_id is not None and post.id >= window.below_id:
            continue
        if window.end is not None and post.made_at >= window.end:
            continue
        inside.append(post)
        if len(inside) > window.size:
            break
    return inside[: window.size], len(inside) > window.size


def direct_messages(
    world: World,
    at: datetime,
    window: Window,
    *,
    peer_id: int | None = None,
) -> tuple[list[Item], bool]:
    """Return a page of the last 30 days' messages, and whether there are more."""
    before = None
    if window.below_id is not None:
        before = snowflake_time(window.below_id) + timedelta(milliseconds=1)
    found = (
        item
        for item in world.newest_first("twitter", "dm", at, before=before)
        if item.sent_at > at - DM_HISTORY
        and (window.below_id is None or item.number < window.below_id)
        and (peer_id is None or _is_with(item, peer_id))
    )
    some = list(islice(found, window.size + 1))
    return some[: window.size], len(some) > window.size


def _is_with(item: Item, peer_id: int) -> bool:
    """Whether a message is in the thread of two with this person."""
    if item.peer is None or item.group is not None:
        return False
    return item.peer.id_on("twitter") == peer_id


def _id(post: Post) -> int:
    return post.id
