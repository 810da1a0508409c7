"""
The JSON objects of VK API 5.199, made from the items of the simulated world.

Shapes: VKCOM/vk-api-schema 5.199 (users_user_full, groups_group_full, messages_message,
messages_conversation, wall_wallpost_full, wall_wall_comment). Times are unix seconds.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from inboxd.simulator.people import Person
    from inboxd.simulator.vk.protocol import Json
    from inboxd.simulator.world import Brand, Item, World

NETWORK: Final = "vk"
_NO_AVATAR = "https://vk.invalid/images/camera_50.png"


def user(person: Person, fields: Collection[str] = ()) -> Json:
    """Return a person with the optional *fields* that were asked for and that we know."""
    first, _, last = person.name.partition(" ")
    optional: Json = {
        "screen_name": person.handle,
        "domain": person.handle,
        "followers_count": person.followers,
        "photo_50": _NO_AVATAR,
    }
    return {
        "id": person.id_on(NETWORK),
        "first_name": first,
        "last_name": last,
        "can_access_closed": True,
        "is_closed": False,
        **{name: value for name, value in optional.items() if name in fields},
    }


def group(brand: Brand) -> Json:
    """Return the community; in a *group* object its id is positive."""
    return {
        "id": brand.id,
        "name": brand.name,
        "screen_name": brand.handle,
        "is_closed": 0,
        "type": "page",
        "photo_50": _NO_AVATAR,
    }


def author_id(world: World, item: Item) -> int:
    """Return who wrote the item, the community being negative."""
    return -world.brand(NETWORK).id if item.by_brand else world.author_id(item)


def message(world: World, item: Item, at: datetime, random_id: int = 0) -> Json:
    """Return a private message; *random_id* is the sender's, 0 where the reader is not the sender."""
    shown: Json = {
        "id": item.number,
        "date": _unix(item.sent_at),
        "peer_id": item.peer.id_on(NETWORK) if item.peer is not None else 0,
        "from_id": author_id(world, item),
        "out": int(item.by_brand),
        "text": item.text_at(at),
        "conversation_message_id": item.peer_number,
        "version": 10_000 + item.number,
        "random_id": random_id,
        "attachments": [],
        "fwd_messages": [],
        "important": False,
        "is_hidden": False,
    }
    if (edited := item.edited_at(at)) is not None:
        shown["update_time"] = _unix(edited)
    if item.by_brand and item.staff is not None:
        shown["admin_author_id"] = staff_id(item.staff)
    return shown


def read_message(item: Item) -> Json:
    """Return the object of a `message_read` event: how far the customer has read."""
    peer = item.peer.id_on(NETWORK) if item.peer is not None else 0
    return {
        "from_id": peer,
        "peer_id": peer,
        "read_message_id": item.number,
        "conversation_message_id": item.peer_number,
    }


def staff_id(name: str) -> int:
    """Return the VK id of a member of the shop's staff; below every customer's."""
    return 1 + zlib.crc32(name.encode()) % 999_999


def conversation(messages: Sequence[Item], peer: Person, at: datetime, refusal: int = 0) -> Json:
    """
    Return the state of a private thread; *messages* is not empty, oldest first.

    What the customer wrote since our last message counts as unread. *refusal* is the
    error (900, 901, 902) that writing to the person gives, 0 where one may write.
    """
    last = messages[-1]
    read_by_peer = [item.number for item in messages if item.by_brand and item.is_read(at)]
    waiting = _trailing_inbound(messages)
    read = messages[-len(waiting) - 1].number if len(messages) > len(waiting) else 0
    allowed: Json = {"allowed": not refusal}
    if refusal:
        allowed["reason"] = refusal
    return {
        "peer": {"id": peer.id_on(NETWORK), "type": "user", "local_id": peer.id_on(NETWORK)},
        "last_message_id": last.number,
        "last_conversation_message_id": last.peer_number,
        "in_read": last.number if not waiting else read,
        "out_read": read_by_peer[-1] if read_by_peer else 0,
        "unread_count": len(waiting),
        "is_marked_unread": False,
        "important": False,
        "unanswered": bool(waiting),
        "can_write": allowed,
        "sort_id": {"major_id": 0, "minor_id": last.number},
    }


def _trailing_inbound(messages: Sequence[Item]) -> list[Item]:
    waiting: list[Item] = []
    for item in reversed(messages):
        if item.by_brand:
            break
        waiting.append(item)
    return waiting


def post(world: World, item: Item, at: datetime, comments: int) -> Json:
    """Return a post of a wall; *comments* counts the comments of all levels."""
    shown: Json = {
        "id": item.number,
        "owner_id": world.wall_owner_id(item),
        "from_id": author_id(world, item),
        "date": _unix(item.sent_at),
        "text": item.text_at(at),
        "type": "post",
        "post_type": "post",
        "attachments": [],
        "comments": {"count": comments, "can_post": 1, "groups_can_post": True},
        "likes": {"can_like": 1, "count": 0, "user_likes": 0},
        "reposts": {"count": 0, "user_reposted": 0},
    }
    if (edited := item.edited_at(at)) is not None:
        shown["edited"] = _unix(edited)
    return shown


def comment(world: World, item: Item, at: datetime, thread: Json | None = None) -> Json:
    """
    Return a comment; *thread* is None for one that stands inside a thread.

    A deleted one is a stub with neither author nor text, as recorded from the real API.
    """
    above = parents(world, item)
    shown: Json = {
        "id": item.number,
        "date": _unix(item.sent_at),
        "parents_stack": above,
    }
    if thread is not None:
        shown["thread"] = thread
    if item.is_deleted(at):
        return {"thread": {"count": 0}, **shown, "deleted": True}
    shown |= {
        "from_id": author_id(world, item),
        "text": item.text_at(at),
        "post_id": world.get(item.root).number,
        "owner_id": world.wall_owner_id(item),
    }
    if above and item.parent is not None:
        answered = world.get(item.parent)
        shown["reply_to_comment"] = answered.number
        shown["reply_to_user"] = author_id(world, answered)
    return shown


def thread(items: Sequence[Json], count: int) -> Json:
    """Return the replies below a comment: the first of them, and how many there are."""
    return {
        "count": count,
        "items": list(items),
        "can_post": True,
        "show_reply_button": True,
        "groups_can_post": True,
    }


def top_comment(world: World, item: Item) -> Item:
    """Return the first-level comment that *item* is, or stands below."""
    while item.parent is not None and item.parent != item.root:
        item = world.get(item.parent)
    return item


def parents(world: World, item: Item) -> list[int]:
    """Return the `parents_stack`: VK shows two levels, so it is the top comment or nothing."""
    top = top_comment(world, item)
    return [] if top.serial == item.serial else [top.number]


def deleted_comment(world: World, item: Item) -> Json:
    """Return the object of a `wall_reply_delete` event; here authors delete their own."""
    shown: Json = {
        "owner_id": world.wall_owner_id(item),
        "id": item.number,
        "post_id": world.get(item.root).number,
        "deleter_id": max(0, author_id(world, item)),
    }
    if item.author is not None:
        shown["user_id"] = item.author.id_on(NETWORK)
    return shown


def extended(world: World, items: Iterable[Item], fields: Collection[str] = ()) -> Json:
    """Return the `profiles` and `groups` that an extended answer adds for the items' people."""
    people = {
        person.key: person
        for item in items
        for person in (item.author, item.peer)
        if person is not None
    }
    return {
        "profiles": [user(person, fields) for person in people.values()],
        "groups": [group(world.brand(NETWORK))],
    }


def _unix(at: datetime) -> int:
    return int(at.timestamp())
