"""
The Bots Long Poll server: the community's events, told as they happen.

Source: dev.vk.com/api/bots-long-poll/getting-started. `ts` counts events; `failed` 1
means that the history behind `ts` is lost, 2 that the key has expired, 3 both.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.simulator.vk import messages, objects
from inboxd.simulator.vk.community import CHANGES, THINGS
from inboxd.simulator.vk.protocol import VERSION, Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.simulator.vk.community import Community
    from inboxd.simulator.world import Event, Item

KEPT_EVENTS = 1000
"""How many events the server remembers; a `ts` further back has lost its history."""
_BATCH = 100
_LONGEST_WAIT = 90  # seconds
_LOOK_AGAIN = 0.02  # real seconds; a simulated clock may have moved on without any write

_COMMENT_EVENTS = {
    "new": "wall_reply_new",
    "edit": "wall_reply_edit",
    "restore": "wall_reply_restore",
}
_CLIENT_INFO: Json = {
    "button_actions": ["text"],
    "keyboard": True,
    "inline_keyboard": True,
    "carousel": True,
    "lang_id": 0,
}


async def check(community: Community, query: Mapping[str, str]) -> Json:
    """
    Answer `act=a_check`: what came behind `ts`, after at most `wait` seconds.

    A second ends when it has passed on the real clock or on the simulated one,
    whichever is sooner, so that an accelerated world is not held up.
    """
    if not community.key_is_good(query.get("key", "")):
        return {"failed": 2}
    after = _number(query.get("ts", ""))
    last = community.last_seq()
    if after is None or not max(0, last - KEPT_EVENTS) <= after <= last:
        return {"failed": 1, "ts": last}
    return await _listen(community, after, min(_number(query.get("wait", "")) or 0, _LONGEST_WAIT))


async def _listen(community: Community, after: int, wait: int) -> Json:
    loop = asyncio.get_running_loop()
    give_up, give_up_simulated = loop.time() + wait, community.now() + timedelta(seconds=wait)
    while True:
        written = community.world.next_write()
        ts, updates = _updates(community, after)
        left = min(give_up - loop.time(), (give_up_simulated - community.now()).total_seconds())
        if updates or left <= 0:
            written.cancel()
            return {"ts": str(ts), "updates": updates}
        after = ts
        await asyncio.wait({written}, timeout=min(left, _LOOK_AGAIN))
        written.cancel()


def _updates(community: Community, after: int) -> tuple[int, list[Json]]:
    """Return the next `ts` and the events up to it that the settings let through."""
    events = community.world.events(objects.NETWORK, community.now(), after=after, limit=_BATCH)
    told = [_update(community, event) for event in events]
    chosen = community.long_poll.events
    shown = [update for update in told if update is not None and update["type"] in chosen]
    return (events[-1].seq if events else after), shown


def _update(community: Community, event: Event) -> Json | None:
    """Return an event in its envelope, or None where VK has no event for the change."""
    item = community.world.get(event.serial)
    ours = item.private or community.world.wall_owner_id(item) == -community.brand.id
    never_seen = event.change != "delete" and item.is_deleted(event.at)
    named = _named(community, item, event) if ours and not never_seen else None
    if named is None:
        return None
    kind, shown = named
    token = f"{community.world.seed}/{event.seq}"
    return {
        "group_id": community.brand.id,
        "type": kind,
        "event_id": hashlib.blake2b(token.encode(), digest_size=20).hexdigest(),
        "v": VERSION,
        "object": shown,
    }


def _named(community: Community, item: Item, event: Event) -> tuple[str, Json] | None:
    if item.private:
        return _private(community, item, event)
    if item.root == item.serial:
        return _post(community, item, event)
    return _comment(community, item, event)


def _private(community: Community, item: Item, event: Event) -> tuple[str, Json] | None:
    """VK tells bots of messages, edits and reading; a deleted message goes without an event."""
    shown = messages.render(community, item, event.at)
    if event.change == "read":
        return "message_read", objects.read_message(item)
    if event.change == "edit":
        return "message_edit", shown
    if event.change != "new":
        return None
    if item.by_brand:
        return "message_reply", shown
    return "message_new", {"message": shown, "client_info": _CLIENT_INFO}


def _post(community: Community, item: Item, event: Event) -> tuple[str, Json] | None:
    if event.change != "new" or item.place in THINGS:
        return None
    shown = objects.post(community.world, item, event.at, community.live_comments(item))
    return "wall_post_new", shown


def _comment(community: Community, item: Item, event: Event) -> tuple[str, Json] | None:
    if item.place:
        return _below_a_thing(community, item, event)
    if event.change == "delete":
        return "wall_reply_delete", objects.deleted_comment(community.world, item)
    kind = _COMMENT_EVENTS.get(event.change)
    return None if kind is None else (kind, objects.comment(community.world, item, event.at))


def _below_a_thing(community: Community, item: Item, event: Event) -> tuple[str, Json] | None:
    name = THINGS.get(item.place)
    if name is None or event.change not in CHANGES:
        return None
    if event.change == "delete":
        return f"{name}_delete", objects.deleted_thing_comment(community.world, item)
    return f"{name}_{event.change}", objects.thing_event(community.world, item, event.at)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
