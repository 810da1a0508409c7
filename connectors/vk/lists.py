"""Reads all comments below one photo, video, product or discussion, both levels where it has two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.vk.boards import COMMENTS_PAGE, comment_in
from connectors.vk.comments import SHOWN_REPLIES
from connectors.vk.payloads import COMMENT_KINDS
from connectors.vk.shapes import as_object, integer, items_of, list_of, total_of
from connectors.vk.verdicts import all_found, goes_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.vk.desk import Desk
    from connectors.vk.transport import Api
    from connectors.vk.verdicts import Wanted
    from inboxd.model import Json, Message


@dataclass(frozen=True, slots=True)
class _List:
    """The method that lists the comments of a kind."""

    method: str
    params: Callable[[int, int], dict[str, Any]]
    by_service: bool = False
    """Whether a service token will do; else it takes a user's."""
    has_threads: bool = False
    """Whether replies stand in threads, as on walls, and not in the list itself."""


LISTS: Mapping[str, _List] = {
    "photo_comment": _List(
        "photos.getComments", lambda owner, below: {"owner_id": owner, "photo_id": below}
    ),
    "video_comment": _List(
        "video.getComments",
        lambda owner, below: {"owner_id": owner, "video_id": below},
        has_threads=True,
    ),
    "market_comment": _List(
        "market.getComments", lambda owner, below: {"owner_id": owner, "item_id": below}
    ),
    "board_post": _List(
        "board.getComments",
        lambda owner, below: {"group_id": abs(owner), "topic_id": below},
        by_service=True,
    ),
}


class Listing:
    """One reading of the comments of *kind* below what *owner* and *below* name."""

    def __init__(self, desk: Desk, api: Api, kind: str, owner: int, below: int) -> None:
        self._desk = desk
        self._api = api
        self._kind = kind
        self._list, keys = LISTS[kind], COMMENT_KINDS[kind]
        self._params = self._list.params(owner, below)
        self._place = {keys.owner_key: owner, keys.below_key: below}

    async def read(self, wanted: Sequence[Wanted]) -> tuple[dict[str, Message], int]:
        """
        Return the comments by their ids, until all that are *wanted* are there.

        With them, the most that VK counted on all levels meanwhile: what is deleted between two
        pages draws another one past them.
        """
        found: dict[str, Message] = {}
        offset, total, more = 0, 0, True
        while more:
            answer, items = await self._page(offset)
            for item in items:
                shown = as_object(item, "comment")
                for comment in [shown, *await self._thread(shown)]:
                    message = self._message(as_object(comment, "comment"))
                    found[message.remote_id] = message
            total = max(total, total_of(answer))
            more = goes_on(items, offset, _level_of(answer)) and not all_found(wanted, found)
            offset += COMMENTS_PAGE
        return found, total

    def _message(self, comment: Json) -> Message:
        return comment_in(self._kind, comment, self._place, self._desk)

    async def _page(self, offset: int, top: int | None = None) -> tuple[Json, Sequence[Any]]:
        """Return a page of the list or, with *top*, of what stands below that comment."""
        threads = {"thread_items_count": SHOWN_REPLIES} if self._list.has_threads else {}
        params = {
            **self._params, **threads, "offset": offset, "count": COMMENTS_PAGE, "need_likes": 0,
            "sort": "desc", **({} if top is None else {"comment_id": top}),
        }  # fmt: skip
        answer: Json = await self._api.call(self._list.method, params)
        return answer, items_of(answer, self._list.method)

    async def _thread(self, top: Json) -> Sequence[Any]:
        """Return all that stands below a comment of the first level; VK shows up to 10 unasked."""
        thread = as_object(top.get("thread") or {}, "thread")
        replies, count = list(list_of(thread, "items")), total_of(thread)
        if not self._list.has_threads or count <= len(replies):
            return replies
        replies, offset, more = [], 0, True
        while more:
            answer, items = await self._page(offset, integer(top, "id"))
            replies += items
            more = goes_on(items, offset, _level_of(answer))
            offset += COMMENTS_PAGE
        return replies


def _level_of(answer: Json) -> object:
    """Return how many comments the level has that is listed, where VK says."""
    return answer.get("current_level_count", answer.get("count"))
