"""Comments below photos, videos and goods and in discussions: `photos.*`, `video.*`, `market.*`, `board.*`."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from inboxd.simulator.vk import objects
from inboxd.simulator.vk.protocol import Json, Params, VkError
from inboxd.simulator.vk.wall import LARGEST_THREAD, level_of, threads_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inboxd.simulator.vk.community import Community
    from inboxd.simulator.world import Item

_T = TypeVar("_T")

_LARGEST_PAGE = 100
_KEYS = {"photo": "photo_id", "video": "video_id", "market": "item_id", "board": "topic_id"}
_ANSWERED = re.compile(r"\[(?:id|club)\d+:bp-?\d+_(\d+)\|")


def get_comments(place: str, community: Community, params: Params) -> Json:
    """Answer `*.getComments`: the comments below one thing, oldest first unless `sort` is desc."""
    thing = _thing(place, community, params)
    if place == "video":
        return _levels(community, community.comments(thing), params)
    written = [item for item in community.comments(thing) if item.is_visible(community.now())]
    return _listed(community, written, params)


def get_all_photo_comments(community: Community, params: Params) -> Json:
    """`photos.getAllComments`: those below all photos, newest first; each says which photo by `pid`."""
    _require_own(community, params.integer("owner_id", -community.brand.id))
    world, now = community.world, community.now()
    photos = (item for item in community.things("photo"))
    written = [each for photo in photos for each in community.comments(photo)]
    live = sorted((each for each in written if each.is_visible(now)), key=lambda each: each.order)
    shown = _slice(live[::-1], params)
    return {
        "count": len(live),
        "items": [
            {**objects.thing_comment(world, each, now), "pid": world.get(each.root).number}
            for each in shown
        ],
    }


def get_topics(community: Community, params: Params) -> Json:
    """`board.getTopics`: the discussions, the last changed first where `order` is 1."""
    _require_own(community, -params.integer("group_id"))
    world = community.world
    comments = {
        topic.serial: [
            each for each in community.comments(topic) if each.is_visible(community.now())
        ]
        for topic in community.things("board")
    }
    topics = [objects.topic(world, world.get(serial), its) for serial, its in comments.items()]
    if params.integer("order", 0) == 1:
        topics.sort(key=lambda topic: int(topic["updated"]), reverse=True)
    shown = _slice(topics, params, default=40)
    answer: Json = {
        "count": len(topics), "items": list(shown), "default_order": 1, "can_add_topics": 0,
    }  # fmt: skip
    if params.flag("extended"):
        answer |= objects.extended(world, community.things("board"), params.texts("fields"))
    return answer


def create_comment(place: str, community: Community, params: Params) -> int:
    """Answer `*.createComment`: written as the community; the same `guid` within the hour is one."""
    thing, now = _thing(place, community, params), community.now()
    if thing.hidden_at is not None:
        raise VkError({"video": 801, "market": 1401}.get(place, 15))
    if place != "video" and not params.flag("from_group") and not params.text("group_id"):
        raise VkError(100, "the simulator's user writes as the community only")
    text, key = params.text("message"), (place, thing.number, params.text("guid"))
    if not text:
        raise VkError(100, "message is undefined")
    first = community.written.first(key, now) if params.text("guid") else None
    if first is not None:
        return community.world.get(first).number
    answered = _answered(place, community, thing, params)
    item = community.world.reply(answered.serial, text, sent_at=now)
    community.written.remember(key, now, item.serial)
    return item.number


def _answered(place: str, community: Community, thing: Item, params: Params) -> Item:
    """Return what a new comment answers: a field says so, in discussions the text."""
    number = params.integer("reply_to_comment", 0)
    mark = _ANSWERED.match(params.text("message"))
    if place == "board":
        number = int(mark[1]) if mark is not None else 0
    if not number:
        return thing
    owner = community.world.wall_owner_id(thing)
    found = community.world.by_remote_id(objects.NETWORK, f"{place}{owner}_{number}")
    if found is None or found.root != thing.serial:
        raise VkError(100, "reply_to_comment is invalid")
    return found


def _thing(place: str, community: Community, params: Params) -> Item:
    if place == "board":
        owner = -params.integer("group_id")
    else:
        owner = params.integer("owner_id", -community.brand.id)
    _require_own(community, owner)
    thing = community.thing(place, owner, params.integer(_KEYS[place]))
    if thing is None:
        raise VkError(15)
    return thing


def _require_own(community: Community, owner_id: int) -> None:
    community.require_own(-owner_id)


def _levels(community: Community, written: Sequence[Item], params: Params) -> Json:
    """
    Return a page of the first level, or of the thread below `comment_id`.

    Of photos, videos, goods and discussions only videos have `comment_id`, `thread_items_count`
    and `current_level_count`, as walls do; `count` is over all levels there. What is deleted is
    shown for the sake of what stands below it alone.
    """
    world, now = community.world, community.now()
    live = [item for item in written if item.is_visible(now)]
    threads = threads_of(community, live)
    replies = params.between("thread_items_count", 0, 0, LARGEST_THREAD)
    there = [item for item in written if item.is_visible(now) or item.number in threads]
    answer = _listed(community, level_of(there, threads, params), params)
    for shown in [] if params.integer("comment_id", 0) else answer["items"]:
        below = threads.get(shown["id"], [])
        items = [objects.thing_comment(world, each, now) for each in below[:replies]]
        shown["thread"] = objects.thread(items, len(below))
    return answer | {"count": len(live), "current_level_count": answer["count"]}


def _listed(community: Community, written: Sequence[Item], params: Params) -> Json:
    """Return a page of a flat list, from the beginning or from `start_comment_id`."""
    level = list(written)
    if params.text("sort") == "desc":
        level.reverse()
    numbers, start = [item.number for item in level], params.integer("start_comment_id", 0)
    level = level[numbers.index(start) :] if start in numbers else level
    shown = _slice(level, params)
    now = community.now()
    answer: Json = {
        "count": len(written),
        "items": [objects.thing_comment(community.world, item, now) for item in shown],
    }
    if params.flag("extended"):
        answer |= objects.extended(community.world, shown, params.texts("fields"))
    return answer


def _slice(items: Sequence[_T], params: Params, *, default: int = 20) -> Sequence[_T]:
    offset = params.integer("offset", 0)
    count = params.between("count", default, 0, _LARGEST_PAGE)
    return items[max(0, offset) : max(0, offset + count)]


METHODS: dict[str, Callable[[Community, Params], Json | int]] = {
    "board.getTopics": get_topics,
    "photos.getAllComments": get_all_photo_comments,
    **{
        f"{prefix}.getComments": partial(get_comments, place)
        for prefix, place in (
            ("photos", "photo"), ("video", "video"), ("market", "market"), ("board", "board")
        )
    },
    **{
        f"{prefix}.createComment": partial(create_comment, place)
        for prefix, place in (
            ("photos", "photo"), ("video", "video"), ("market", "market"), ("board", "board")
        )
    },
}  # fmt: skip
