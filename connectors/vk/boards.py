"""The sources "boards" and "photos": read back what is written in discussions and below photos."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.comments import newest_of
from connectors.vk.payloads import COMMENT_KINDS, comment_of, folded
from connectors.vk.shapes import (
    instant_of,
    integer,
    integer_or_none,
    items_of,
    oldest_first,
    sift,
    total_of,
)
from connectors.vk.windows import COMMENTS_CLOSED, comment_windows
from inboxd.connector import Page
from inboxd.errors import PermissionMissing
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from connectors.vk.desk import Desk
    from inboxd.connector import Cursor
    from inboxd.model import Json, Message, Unknown

COMMENTS_PAGE: Final = 100
TOPICS_PAGE: Final = 100
_LATEST_FIRST: Final = 1  # board.getTopics, order: by the last change
_BOARD = COMMENT_KINDS["board_post"]
_PHOTO = COMMENT_KINDS["photo_comment"]


class Boards:
    """
    The community's discussions.

    The cursor is ``{"start": unix seconds, "topics": {topic id: [comments, newest]}}``; a topic
    is read like a post of the wall, by its number of comments.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def poll(self, cursor: Cursor) -> AsyncIterator[Page]:
        """Yield the comments of the topics that have changed."""
        desk = self._desk
        start, known = cursor.get("start", desk.horizon), cursor.get("topics", {})
        topics, unknown = await self._topics(desk.horizon)
        kept: dict[str, list[int]] = {key: known[key] for key in topics if key in known}
        for key, (count, closed) in topics.items():
            seen, newest = kept.get(key, [0, start])
            if seen == count and newest < desk.now - desk.overlap:
                continue
            floor = newest - desk.overlap if key in kept else start
            async for page in self.below(int(key), floor, closed=closed):
                newest = newest_of(page, newest, desk.now)
                yield replace(page, cursor={"start": start, "topics": dict(kept)})
            kept[key] = [count, newest]
        yield Page({"start": start, "topics": kept}, unknown=unknown)

    async def _topics(self, horizon: int) -> tuple[dict[str, tuple[int, bool]], list[Unknown]]:
        """Return how many comments the topics have that are not older, and if they are closed."""
        topics: dict[str, tuple[int, bool]] = {}
        unknown: list[Unknown] = []
        offset, more = 0, True
        while more:
            answer = await self.topics(offset, TOPICS_PAGE)
            items = items_of(answer, "board.getTopics")
            read, strange = sift(items, "topic", self._topic)
            unknown += strange
            # A fixed topic stands first, however old it is: only the last of a page tells.
            fresh = not read or read[-1][3] >= horizon
            topics |= {
                name: (count, closed)
                for name, count, closed, updated in read
                if updated >= horizon or offset == 0
            }
            offset += TOPICS_PAGE
            more = fresh and bool(items) and offset < total_of(answer)
        return topics, unknown

    def _topic(self, topic: Json) -> tuple[str, int, bool, int]:
        """Return a topic's id, its number of comments, if it is closed, and when it changed."""
        number, count = integer(topic, "id"), integer_or_none(topic, "comments") or 0
        updated = integer_or_none(topic, "updated") or self._desk.now
        return str(number), count, bool(topic.get("is_closed")), updated

    async def topics(self, offset: int, count: int) -> Json:
        """Return a page of topics, the last changed first."""
        params = {
            "group_id": self._desk.group_id, "order": _LATEST_FIRST,
            "offset": offset, "count": count,
        }  # fmt: skip
        reader = self._desk.require_reader("reading discussions back")
        answer: Json = await reader.call("board.getTopics", params)
        items_of(answer, "board.getTopics")
        return answer

    async def below(self, topic: int, floor: int, *, closed: bool = False) -> AsyncIterator[Page]:
        """Yield the comments of a topic, newest first, down to *floor*."""
        offset, more = 0, True
        while more:
            try:
                answer = await self.page(topic, offset)
            except PermissionMissing as error:
                yield Page({}, note=f"The topic {topic} cannot be read: {error}")
                return
            items = items_of(answer, "board.getComments")
            place = {"topic_owner_id": -self._desk.group_id, "topic_id": topic}
            page, reached = await _read(self._desk, _BOARD.name, items, place, floor)
            why = COMMENTS_CLOSED if closed else ""
            as_user = self._desk.user is not None
            yield replace(
                page, windows=comment_windows(page.messages, as_user=as_user, why_not=why)
            )
            offset += COMMENTS_PAGE
            done = reached and not oldest_first(items)
            more = bool(items) and not done and offset < total_of(answer)

    async def page(self, topic: int, offset: int) -> Json:
        """Return a page of a topic's comments, newest first."""
        params: dict[str, Any] = {
            "group_id": self._desk.group_id, "topic_id": topic, "offset": offset,
            "count": COMMENTS_PAGE, "sort": "desc", "need_likes": 0,
        }  # fmt: skip
        reader = self._desk.require_reader("reading discussions back")
        answer: Json = await reader.call("board.getComments", params)
        items_of(answer, "board.getComments")
        # Not extended: the method takes no fields, so its profiles lack handle and followers.
        return answer


class Photos:
    """The comments below all photos. The cursor is ``{"since": unix seconds}``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def poll(self, cursor: Cursor) -> AsyncIterator[Page]:
        """Yield the comments since the cursor, newest first as photos.getAllComments has them."""
        desk = self._desk
        floor, since = desk.start(cursor)
        newest, offset, more = since, 0, True
        while more:
            answer = await self.page(offset, COMMENTS_PAGE)
            items = items_of(answer, "photos.getAllComments")
            place = {"photo_owner_id": -desk.group_id}
            page, reached = await _read(desk, _PHOTO.name, items, place, floor)
            newest = newest_of(page, newest, desk.now)
            windows = comment_windows(page.messages, as_user=True)
            yield replace(page, cursor={"since": since}, windows=windows)
            offset += COMMENTS_PAGE
            done = reached and not oldest_first(items)
            more = bool(items) and not done and offset < total_of(answer)
        yield Page({"since": newest})

    async def page(self, offset: int, count: int) -> Json:
        """Return a page of the comments below all photos."""
        params = {
            "owner_id": -self._desk.group_id, "offset": offset, "count": count, "need_likes": 0,
        }  # fmt: skip
        user = self._desk.require_user("reading the comments of photos")
        answer: Json = await user.call("photos.getAllComments", params)
        items_of(answer, "photos.getAllComments")
        return answer


def comment_in(kind: str, item: Json, place: Mapping[str, Any], desk: Desk) -> Message:
    """Return a comment as a list shows it, which leaves out what all of the list share."""
    whole = {**place, **item}
    if kind == _PHOTO.name and "pid" in item:
        whole = {"photo_id": item["pid"], **whole}
    return comment_of(
        COMMENT_KINDS[kind], whole, desk.group_id, desk.clock.now(), root_of=desk.memory.root_of
    )


async def _read(
    desk: Desk,
    kind: str,
    items: Sequence[object],
    place: Mapping[str, Any],
    floor: int,
) -> tuple[Page, bool]:
    """Return the comments from *floor* on, and whether older ones stood among *items*."""
    context = {"comment": kind, "stream": Stream.COMMENTS.value, "place": dict(place)}
    read = partial(comment_in, kind, place=place, desk=desk)
    # Read once to learn: what a comment answers may stand behind it in the same list.
    desk.memory.learn(sift(items, kind, read)[0])
    messages, unknown = sift(items, kind, read, context)
    fresh = [message for message in messages if message.sent_at >= instant_of(floor)]
    named = await desk.people.name(folded(fresh))
    return Page({}, messages=named, unknown=unknown), len(fresh) < len(messages)
