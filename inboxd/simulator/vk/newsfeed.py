"""The `newsfeed.*` methods: who mentions the community, and who writes of it, on other walls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.simulator.vk import objects
from inboxd.simulator.vk.protocol import Json, Params, VkError

if TYPE_CHECKING:
    from inboxd.simulator.vk.community import Community
    from inboxd.simulator.world import Item

_LARGEST_MENTIONS = 50
_LARGEST_SEARCH = 200
_MOST_FOUND = 1000
_DAY = 86_400


def get_mentions(community: Community, params: Params) -> Json:
    """`newsfeed.getMentions`: posts and comments that name the community, newest first."""
    community.require_own(-params.integer("owner_id"))
    brand = community.brand
    names = (f"[club{brand.id}|", f"@club{brand.id}", f"@{brand.handle}")
    found = _since(community, params, [item for item in community.public() if not item.by_brand])
    found = [item for item in found if any(name in item.text_at(community.now()) for name in names)]
    offset = params.between("offset", 0, 0, 1_000_000)
    count = params.between("count", 20, 0, _LARGEST_MENTIONS)
    now, world = community.now(), community.world
    return {
        "count": len(found),
        "items": [
            objects.mention(world, item, now, community.live_comments(world.get(item.root)))
            for item in found[offset : offset + count]
        ],
    }


def search(community: Community, params: Params) -> Json:
    """
    `newsfeed.search`: posts that hold the words of `q`, newest first, a thousand at most.

    A page is gone on from by `start_from`, which is the page before's `next_from`.
    """
    words = params.text("q").strip('"').casefold()
    if not words:
        raise VkError(100, "q is undefined")
    posts = [item for item in community.public() if item.root == item.serial]
    found = _since(community, params, posts)
    found = [item for item in found if words in item.text_at(community.now()).casefold()]
    start = _place(params.text("start_from"))
    count = params.between("count", 30, 0, _LARGEST_SEARCH)
    shown = found[:_MOST_FOUND][start : start + count]
    now = community.now()
    answer: Json = {
        "count": len(shown),
        "total_count": len(found),
        "items": [
            objects.post(community.world, item, now, community.live_comments(item))
            for item in shown
        ],
    }
    if start + count < min(len(found), _MOST_FOUND):
        answer["next_from"] = f"{start + count}/{community.world.remote_id(shown[-1])}"
    if params.flag("extended"):
        answer |= objects.extended(community.world, shown, params.texts("fields"))
    return answer


def _since(community: Community, params: Params, items: list[Item]) -> list[Item]:
    """Return the items between `start_time`, a day ago where it is not given, and `end_time`."""
    now = int(community.now().timestamp())
    start, end = params.integer("start_time", now - _DAY), params.integer("end_time", now)
    return [item for item in items if start <= int(item.sent_at.timestamp()) <= end]


def _place(start_from: str) -> int:
    number = start_from.partition("/")[0]
    if start_from and not number.isdecimal():
        raise VkError(100, "start_from is invalid")
    return int(number or 0)
