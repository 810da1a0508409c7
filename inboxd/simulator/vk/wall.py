"""The `wall.*` methods: posts, their comments, and writing a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.simulator.vk import objects
from inboxd.simulator.vk.protocol import Json, Params, VkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inboxd.simulator.vk.community import Community
    from inboxd.simulator.world import Item

_LARGEST_PAGE = 100
LARGEST_THREAD = 10


def get(community: Community, params: Params) -> Json:
    """`wall.get`: the posts of a wall, newest first."""
    posts = community.posts(params.integer("owner_id"))
    shown = _slice(posts, params, default=20)
    return _posts(community, shown, params) | {"count": len(posts)}


def get_by_id(community: Community, params: Params) -> Json:
    """`wall.getById`: posts named OWNER_ID; what does not exist is left out."""
    names = params.texts("posts")
    if not names:
        raise VkError(100, "posts is undefined")
    found = [_by_name(community, name) for name in names]
    return _posts(community, [item for item in found if item is not None], params)


def get_comments(community: Community, params: Params) -> Json:
    """
    `wall.getComments`: the first level of a post's comments, or the thread of one.

    `count` of the answer is over all levels, `current_level_count` over the one listed.
    """
    post = _post(community, params.integer("owner_id"), params.integer("post_id"))
    written = community.comments(post)
    threads = threads_of(community, written)
    level = level_of(written, threads, params)
    if params.text("sort") == "desc":
        level.reverse()
    shown = _slice(_from_start(level, params.integer("start_comment_id", 0)), params, default=10)
    replies = params.between("thread_items_count", 0, 0, LARGEST_THREAD)
    answer: Json = {
        "count": community.live_comments(post),
        "items": [_with_thread(community, item, threads, replies) for item in shown],
        "current_level_count": len(level),
        "can_post": True,
        "show_reply_button": True,
        "groups_can_post": True,
    }
    if params.flag("extended"):
        answer |= objects.extended(community.world, written, params.texts("fields"))
    return answer


def get_comment(community: Community, params: Params) -> Json:
    """`wall.getComment`: one comment by its id, with what stands below it."""
    number = params.integer("comment_id")
    found = community.world.by_remote_id(
        objects.NETWORK, f"{params.integer('owner_id', -community.brand.id)}_{number}"
    )
    if found is None or found.root == found.serial or found.visible_at > community.now():
        raise VkError(15, "comment not found")
    post = community.world.get(found.root)
    threads = threads_of(community, community.comments(post))
    answer: Json = {"items": [_with_thread(community, found, threads, 0)]}
    if params.flag("extended"):
        answer |= objects.extended(community.world, [found], params.texts("fields"))
    return answer


def create_comment(community: Community, params: Params) -> Json:
    """
    `wall.createComment`: write a comment; the same `guid` within the hour is the same one.

    Every token here writes as the community, as a community's token does whatever
    `from_group` says.
    """
    owner_id, post_id = params.integer("owner_id", -community.brand.id), params.integer("post_id")
    text, guid, now = params.text("message"), params.text("guid"), community.now()
    first = community.written.first(("comment", owner_id, guid), now) if guid else None
    if first is not None:
        return _created(community, community.world.get(first))
    if not text:
        raise VkError(100, "message is undefined")
    answered = _answered(community, owner_id, post_id, params.integer("reply_to_comment", 0))
    item = community.world.reply(answered.serial, text, sent_at=now)
    community.written.remember(("comment", owner_id, guid), now, item.serial)
    return _created(community, item)


def _created(community: Community, item: Item) -> Json:
    return {"comment_id": item.number, "parents_stack": objects.parents(community.world, item)}


def _answered(community: Community, owner_id: int, post_id: int, comment_id: int) -> Item:
    """Return the post or comment that a new comment answers."""
    post = _post(community, owner_id, post_id)
    if not comment_id:
        return post
    comment = community.wall_item(owner_id, comment_id)
    if comment is None or comment.root != post.serial:
        raise VkError(100, "reply_to_comment is invalid")
    return comment


def _post(community: Community, owner_id: int, post_id: int) -> Item:
    item = community.wall_item(owner_id, post_id)
    if item is None or item.root != item.serial:
        raise VkError(212)
    return item


def _by_name(community: Community, name: str) -> Item | None:
    owner, _, number = name.rpartition("_")
    if not owner.removeprefix("-").isdecimal() or not number.isdecimal():
        raise VkError(100, "posts should be a list of OWNER_ID")
    item = community.wall_item(int(owner), int(number))
    return item if item is not None and item.root == item.serial else None


def _posts(community: Community, shown: Sequence[Item], params: Params) -> Json:
    now = community.now()
    items = [
        objects.post(community.world, item, now, community.live_comments(item)) for item in shown
    ]
    answer: Json = {"items": items}
    if params.flag("extended"):
        answer |= objects.extended(community.world, shown, params.texts("fields"))
    return answer


def threads_of(community: Community, written: Sequence[Item]) -> Mapping[int, list[Item]]:
    """Return what stands below each first-level comment, by the comment's id."""
    threads: dict[int, list[Item]] = {}
    for item in written:
        for top in objects.parents(community.world, item):
            threads.setdefault(top, []).append(item)
    return threads


def level_of(
    written: Sequence[Item], threads: Mapping[int, list[Item]], params: Params
) -> list[Item]:
    """Return the first level, or what stands below `comment_id`, oldest first."""
    top = params.integer("comment_id", 0)
    if top:
        return list(threads.get(top, []))
    return [item for item in written if item.parent == item.root]


def _from_start(level: list[Item], start: int) -> list[Item]:
    numbers = [item.number for item in level]
    return level[numbers.index(start) :] if start in numbers else level


def _slice(items: Sequence[Item], params: Params, *, default: int) -> Sequence[Item]:
    offset = params.integer("offset", 0)
    count = params.between("count", default, 0, _LARGEST_PAGE)
    return items[max(0, offset) : max(0, offset + count)]


def _with_thread(
    community: Community, item: Item, threads: Mapping[int, list[Item]], replies: int
) -> Json:
    world, now = community.world, community.now()
    if item.parent != item.root:
        return objects.comment(world, item, now)
    below = threads.get(item.number, [])
    shown = [objects.comment(world, reply, now) for reply in below[:replies]]
    return objects.comment(world, item, now, objects.thread(shown, len(below)))
