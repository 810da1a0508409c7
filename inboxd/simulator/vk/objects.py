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
    from inboxd.simulator.world import Brand, Item, Kind, World

NETWORK: Final = "vk"
PUBLIC_KINDS: Final[tuple[Kind, ...]] = ("post", "comment", "mention", "search")
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


def shop(person: Person) -> Json:
    """Return another shop's community."""
    return {
        "id": -person.id_on(NETWORK),
        "name": person.name,
        "screen_name": person.handle,
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
        "post_type": "suggest" if item.place == "suggest" else "post",
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


# The keys under which a comment says what it stands below, by the thing's place in the world.
_BELOW = {
    "photo": ("photo_id", "photo_owner_id"),
    "video": ("video_id", "video_owner_id"),
    "market": ("item_id", "market_owner_id"),
    "board": ("topic_id", "topic_owner_id"),
}
_NOT_BELOW_THINGS = ("parents_stack", "thread", "post_id", "owner_id")


def thing_comment(world: World, item: Item, at: datetime) -> Json:
    """
    Return a comment below a photo, a video or a product, or one in a discussion, as lists show it.

    Such a list is flat, but for videos': a comment says at most which other it answers, in a
    discussion by a mark in front of its text alone.
    """
    shown = comment(world, item, at)
    for key in _NOT_BELOW_THINGS:
        if item.place != "video" or key != "parents_stack":
            shown.pop(key, None)
    if item.parent is None or item.parent == item.root:
        return shown
    answered = world.get(item.parent)
    if item.place != "board":
        author = author_id(world, answered)
        return {**shown, "reply_to_comment": answered.number, "reply_to_user": author}
    if not shown["text"].startswith("["):
        shown["text"] = f"{_addressed(world, answered)}, {shown['text']}"
    return shown


def _addressed(world: World, item: Item) -> str:
    """Return the mark that VK puts in front of an answer in a discussion."""
    author, owner = author_id(world, item), world.wall_owner_id(item)
    name = item.author.name if item.author is not None else world.brand(NETWORK).name
    kind = "id" if author > 0 else "club"
    return f"[{kind}{abs(author)}:bp{owner}_{item.number}|{name.split()[0]}]"


def thing_event(world: World, item: Item, at: datetime) -> Json:
    """Return the object of a `*_comment_new`, `_edit` or `_restore`: it names the thing as well."""
    below, owner = _BELOW[item.place]
    place = {below: world.get(item.root).number, owner: world.wall_owner_id(item)}
    return {**thing_comment(world, item, at), **place}


def deleted_thing_comment(world: World, item: Item) -> Json:
    """Return the object of a `*_comment_delete` or `board_post_delete` event."""
    below, owner = _BELOW[item.place]
    owner = owner if item.place == "board" else "owner_id"
    return {
        owner: world.wall_owner_id(item),
        below: world.get(item.root).number,
        "id": item.number,
        "deleter_id": max(0, author_id(world, item)),
    }


def topic(world: World, item: Item, comments: Sequence[Item]) -> Json:
    """Return a discussion."""
    last = comments[-1] if comments else item
    return {
        "id": item.number,
        "title": item.text,
        "created": _unix(item.sent_at),
        "created_by": author_id(world, item),
        "updated": _unix(last.sent_at),
        "updated_by": author_id(world, last),
        "is_closed": int(item.hidden_at is not None),
        "is_fixed": 0,
        "comments": len(comments),
    }


def mention(world: World, item: Item, at: datetime, comments: int) -> Json:
    """Return an item of `newsfeed.getMentions`: a post, or a comment in the shape of one."""
    shown = {**post(world, item, at, comments), "to_id": world.wall_owner_id(item)}
    if item.root != item.serial:
        above = parents(world, item)
        shown |= {
            "post_type": "reply", "post_id": world.get(item.root).number, "parents_stack": above,
        }  # fmt: skip
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
    shops = [person for person in people.values() if person.is_shop]
    return {
        "profiles": [user(person, fields) for person in people.values() if not person.is_shop],
        "groups": [group(world.brand(NETWORK)), *map(shop, shops)],
    }


def _unix(at: datetime) -> int:
    return int(at.timestamp())
