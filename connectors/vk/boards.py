"""The sources "boards" and "photos": read back what is written in discussions and below photos."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from inboxd.errors import PermissionMissing, UnexpectedPayload
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


@dataclass(frozen=True, slots=True)
class _Topic:
    """What the list of topics shows of one."""

    name: str
    comments: int
    closed: bool
    updated: int
    """When it changed, in unix seconds; 0 where VK does not say."""

    def is_since(self, horizon: int) -> bool:
        """Whether it may have changed since *horizon*."""
        return not self.updated or self.updated >= horizon


def _topic(topic: Json) -> _Topic:
    return _Topic(
        name=str(integer(topic, "id")),
        comments=integer_or_none(topic, "comments") or 0,
        closed=bool(topic.get("is_closed")),
        updated=integer_or_none(topic, "updated") or 0,
    )


class Boards:
    """
    The community's discussions.

    The cursor is ``{"start": unix seconds, "topics": {topic id: [comments, newest, updated]}}``; a
    topic is read like a post of the wall, by its number of comments, and when VK says that it
    changed. One that could not be read stays as it was known, and is tried again; an answer that
    nobody understands is raised when the others have been read.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def poll(self, cursor: Cursor) -> AsyncIterator[Page]:
        """Yield the comments of the topics that have changed."""
        desk = self._desk
        start, known = cursor.get("start", desk.horizon), cursor.get("topics", {})
        topics, unknown = await self._topics(desk.horizon)
        kept: dict[str, list[int]] = {key: known[key] for key in topics if key in known}
        trouble: UnexpectedPayload | None = None
        for key, topic in topics.items():
            seen, newest, *changed = kept.get(key, [0, start])
            unchanged = [seen, *changed] == [topic.comments, topic.updated]
            if unchanged and newest < desk.now - desk.overlap:
                continue
            floor, refused = newest - desk.overlap if key in kept else start, False
            try:
                async for page in self.below(int(key), floor, closed=topic.closed):
                    newest, refused = newest_of(page, newest, desk.now), refused or bool(page.note)
                    yield replace(page, cursor={"start": start, "topics": dict(kept)})
            except UnexpectedPayload as error:
                trouble, refused = trouble or error, True
            if not refused:
                kept[key] = [topic.comments, newest, topic.updated]
        yield Page({"start": start, "topics": kept}, unknown=unknown)
        if trouble is not None:
            raise trouble

    async def _topics(self, horizon: int) -> tuple[dict[str, _Topic], list[Unknown]]:
        """Return the topics that have changed since *horizon*, and the newest page of them."""
        topics: dict[str, _Topic] = {}
        unknown: list[Unknown] = []
        offset, more = 0, True
        while more:
            answer = await self.topics(offset, TOPICS_PAGE)
            items = items_of(answer, "board.getTopics")
            read, strange = sift(items, "topic", _topic)
            unknown += strange
            # A fixed topic stands first, however old it is: only the last of a page tells.
            fresh = not read or read[-1].is_since(horizon)
            topics |= {each.name: each for each in read if each.is_since(horizon) or offset == 0}
            offset += TOPICS_PAGE
            more = fresh and bool(items) and offset < total_of(answer)
        return topics, unknown

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
