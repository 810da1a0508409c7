"""What X lets the shop write, and what it refuses: replies and direct messages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.simulator.twitter import problems
from inboxd.simulator.twitter.posts import find
from inboxd.simulator.twitter.render import conversation_id

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.simulator.people import Person
    from inboxd.simulator.world import Item, World

_CASHTAG = re.compile(r"\$[A-Za-z]{1,6}\b")
_LINK = re.compile(r"https?://\S+")
_LINK_WEIGHT = 23
_TEXT_WEIGHT = 280
_DM_LENGTH = 10_000
_DUPLICATE_MEMORY = timedelta(hours=24)
# twitter-text's configuration v3: these code points weigh one, all others (CJK, emoji) two.
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))


def write_post(world: World, body: object, at: datetime) -> Item:
    """
    Write a post or a reply as the shop.

    Since 2026-02-23 a self-serve app may answer only who mentioned or quoted it. A duplicate is the
    same text to the same person within a day: X compares texts with the handle put in front.
    """
    text, parent_id = _read_post(body)
    parent = None if parent_id is None else _answerable(world, parent_id, at)
    if weight(text) > _TEXT_WEIGHT:
        raise problems.plain(403, "Your Tweet text is too long.")
    if len(_CASHTAG.findall(text)) > 1:
        raise problems.plain(403, "Your Tweet has more than one cashtag.")
    if _is_duplicate(world, text, parent, at):
        raise problems.plain(403, "You are not allowed to create a Tweet with duplicate content.")
    serial = None if parent is None else parent.serial
    return world.add("twitter", "post", text, sent_at=at, parent=serial)


def write_dm(world: World, peer: Person | None, body: object, at: datetime) -> Item:
    """Write a direct message to someone the shop already has a conversation with."""
    text = _read_dm(body)
    if peer is None or not world.dm_thread("twitter", peer, at):
        raise problems.plain(403, "You do not have permission to DM one or more participants.")
    return world.add("twitter", "dm", text, sent_at=at, peer=peer)


def write_to_group(world: World, conversation: str, body: object, at: datetime) -> Item:
    """Write into a private thread by its id: a group's, or that of two people."""
    for item in world.newest_first("twitter", "dm", at):
        if conversation_id(world, item) == conversation:
            return _written(world, item, body, at)
    raise problems.plain(403, "You do not have permission to DM one or more participants.")


def weight(text: str) -> int:
    """Return the length of *text* as X counts it: links 23, CJK and emoji 2, the rest 1."""
    bare = _LINK.sub("", text)
    heavy = sum(not any(low <= ord(letter) <= high for low, high in _LIGHT) for letter in bare)
    return len(bare) + heavy + _LINK_WEIGHT * len(_LINK.findall(text))


def _written(world: World, thread: Item, body: object, at: datetime) -> Item:
    text = _read_dm(body)
    return world.add("twitter", "dm", text, sent_at=at, peer=thread.peer, group=thread.group)


def _read_dm(body: object) -> str:
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text or len(text) > _DM_LENGTH:
        raise problems.invalid("text", text, "`text` must have 1 to 10000 characters")
    return text


def _read_post(body: object) -> tuple[str, int | None]:
    if not isinstance(body, dict):
        raise problems.invalid("body", "", "The request body is not a JSON object")
    text, reply = body.get("text"), body.get("reply")
    if not isinstance(text, str) or not text.strip():
        raise problems.invalid("text", text, "`text` is missing or empty")
    if reply is None:
        return text, None
    target = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
    if not (isinstance(target, str) and target.isdecimal()):
        raise problems.invalid("reply", reply, "`in_reply_to_tweet_id` must be an id")
    return text, int(target)


def _answerable(world: World, post_id: int, at: datetime) -> Item:
    post = find(world, post_id, at)
    if post is None:
        raise problems.plain(
            403, "You attempted to reply to a Tweet that is deleted or not visible to you."
        )
    if post.item.kind == "search" and not _quotes_the_shop(world, post.item):
        raise problems.plain(
            403,
            "Reply to this conversation is not allowed because you have not been mentioned or "
            "otherwise engaged by the author of the post you are replying to.",
        )
    return post.item


def _quotes_the_shop(world: World, item: Item) -> bool:
    return item.quoted is not None and world.get(item.quoted).by_brand


def _is_duplicate(world: World, text: str, parent: Item | None, at: datetime) -> bool:
    to = parent.author if parent is not None else None
    for earlier in world.newest_first("twitter", "post", at):
        if earlier.sent_at < at - _DUPLICATE_MEMORY:
            return False
        above = world.get(earlier.parent) if earlier.parent is not None else None
        if earlier.text == text and (above.author if above is not None else None) == to:
            return True
    return False
