"""Reads the comments below one post, both levels of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.payloads import WALL, comment_of, folded
from connectors.vk.shapes import instant_of, integer, items_of, oldest_first, sift, total_of, unix
from connectors.vk.windows import comment_windows, why_closed
from inboxd.connector import Page
from inboxd.errors import PermissionMissing, UnexpectedPayload
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from connectors.vk.desk import Desk
    from inboxd.model import Json, Message

COMMENTS_PAGE: Final = 100
SHOWN_REPLIES: Final = 10  # thread_items_count, the most that VK shows of a thread unasked
UNCOUNTED: Final = -1
"""Stands for the number of comments where VK does not say: then it can have changed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A post with comments below it, and what they do not say of themselves."""

    owner: int
    post: int
    customers: bool = False
    """Whether the post is a customer's own: its comments are then one conversation with it."""
    stream: Stream = Stream.COMMENTS
    why_closed: str = ""

    def context(self) -> Json:
        """Return what reading one comment of it again needs to know."""
        return {
            "comment": WALL.name, "stream": self.stream.value, "customers": self.customers,
            "place": {"owner_id": self.owner, "post_id": self.post},
        }  # fmt: skip


class Comments:
    """The comments of posts, read with whichever token may."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def below(self, place: Place, floor: int, *, whole: bool = True) -> AsyncIterator[Page]:
        """
        Yield the comments from *floor* on, newest first, page by page of the first level.

        What was written lately may stand below an old comment, so each page of the first level
        is looked at; not *whole* is only the newest one. A post that cannot be read is a note, and
        so is a thread, of which then only the replies come that VK shows unasked.
        """
        offset, more = 0, True
        while more:
            try:
                answer = await self.page(place, offset)
            except PermissionMissing as error:
                yield Page({}, note=f"The comments of post {place.post} cannot be read: {error}")
                return
            top, notes = items_of(answer, "wall.getComments"), list[str]()
            below = [
                reply for item in top for reply in await self._replies(place, item, floor, notes)
            ]
            page = await self._read(place, [*top, *below], floor, answer)
            yield replace(page, note="; ".join(notes))
            offset += COMMENTS_PAGE
            level = "current_level_count" if "current_level_count" in answer else "count"
            more = whole and bool(top) and offset < total_of(answer, level)

    async def in_thread(self, place: Place, top: int, floor: int) -> Page:
        """
        Return what stands below the comment *top* from *floor* on, in a call or two.

        Raises PermissionMissing for a closed post, and UnexpectedPayload where *top* is no more.
        """
        replies = await self.thread(place, top, lambda oldest: oldest < floor)
        return await self._read(place, replies, floor, {})

    async def _replies(
        self, place: Place, item: object, floor: int, notes: list[str]
    ) -> Sequence[object]:
        """
        Return the replies below one comment of the first level; VK shows up to 10 unasked.

        Why the others cannot be read goes into *notes*.
        """
        top = item if isinstance(item, dict) else {}
        thread = top.get("thread")
        if not isinstance(thread, dict):
            return []
        shown, count = thread.get("items"), thread.get("count")
        replies = list(shown) if isinstance(shown, list) else []
        number = top.get("id")
        if not isinstance(number, int) or not isinstance(count, int) or count <= len(replies):
            return replies
        try:
            return await self.thread(place, number, lambda oldest: oldest < floor)
        except (PermissionMissing, UnexpectedPayload) as error:
            notes.append(f"The replies to comment {number} cannot be read: {error}")
            return replies

    async def thread(
        self, place: Place, top: int, is_enough: Callable[[int], bool]
    ) -> list[object]:
        """
        Return what stands below the comment *top*, newest first, until *is_enough*.

        That is asked with the date, in unix seconds, of the oldest reply so far.
        """
        replies: list[object] = []
        offset, more = 0, True
        while more:
            answer = await self.page(place, offset, top=top)
            items = items_of(answer, "wall.getComments")
            replies += items
            offset += COMMENTS_PAGE
            oldest = items[-1].get("date") if items and isinstance(items[-1], dict) else None
            enough = isinstance(oldest, int) and is_enough(oldest) and not oldest_first(items)
            more = (
                bool(items)
                and not enough
                and offset < max(total_of(answer, "current_level_count"), total_of(answer))
            )
        return replies

    async def page(self, place: Place, offset: int, top: int | None = None) -> Json:
        """Return a page of the first level or, with *top*, of what stands below that comment."""
        params: dict[str, Any] = {
            "owner_id": place.owner, "post_id": place.post, "offset": offset,
            "count": COMMENTS_PAGE, "sort": "desc", "preview_length": 0, "need_likes": 0,
            "thread_items_count": SHOWN_REPLIES,
            **self._desk.people.asking,
            **({} if top is None else {"comment_id": top}),
        }  # fmt: skip
        reader = self._desk.require_reader("reading a wall")
        answer: Json = await reader.call("wall.getComments", params)
        items_of(answer, "wall.getComments")
        self._desk.people.learn(answer)
        return answer

    async def _read(self, place: Place, items: Iterable[object], floor: int, answer: Json) -> Page:
        read = partial(self.read_one, place)
        messages, unknown = sift(items, "comment", read, place.context())
        fresh = [message for message in messages if message.sent_at >= instant_of(floor)]
        named = await self._desk.people.name(folded(fresh))
        why = why_closed(answer) or place.why_closed
        windows = comment_windows(named, as_user=self._desk.user is not None, why_not=why)
        return Page({}, messages=named, unknown=unknown, windows=windows)

    def read_one(self, place: Place, item: Json) -> Message:
        """Return a comment of *place*; a deleted one names neither its wall nor its post."""
        whole = {"owner_id": place.owner, "post_id": place.post, **item}
        return comment_of(
            WALL, whole, self._desk.group_id, self._desk.clock.now(),
            below_customers_post=place.customers, stream=place.stream,
        )  # fmt: skip


def newest_of(page: Page, floor: int, now: int) -> int:
    """Return the date of the newest message of *page*, at least *floor*; one from the future is none."""
    dates = [unix(message.sent_at) for message in page.messages]
    return max([floor, *(date for date in dates if date <= now)])


def commented(post: Json) -> tuple[int, object]:
    """Return how many comments a post has, or UNCOUNTED, and the rights beside their number."""
    told = post.get("comments") or {}
    if not isinstance(told, dict):
        raise UnexpectedPayload("comments is no JSON object")
    return (UNCOUNTED if told.get("count") is None else integer(told, "count")), told
