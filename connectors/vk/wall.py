"""The source "wall": reads back the community's own wall, customers' posts and all comments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.comments import Comments, Place, commented, newest_of
from connectors.vk.payloads import folded, post_of
from connectors.vk.people import PROFILE_FIELDS
from connectors.vk.shapes import (
    as_object,
    integer,
    integer_or_none,
    items_of,
    sift,
    total_of,
    unknown_item,
)
from connectors.vk.windows import comment_windows, why_closed
from inboxd.connector import Page
from inboxd.errors import UnexpectedPayload
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connectors.vk.desk import Desk
    from inboxd.connector import Cursor
    from inboxd.model import Json, Message, ReplyWindow, Unknown

POSTS_PAGE: Final = 100
POST_CONTEXT: Final = {"post": Stream.COMMENTS.value}


@dataclass(slots=True)
class _Posts:
    """What the list of posts showed: how many comments each has, and the posts of customers."""

    comments: dict[str, int] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    dates: dict[str, int] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    windows: list[ReplyWindow] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)


class Wall:
    """
    The wall of the community.

    The cursor is ``{"start": unix seconds, "since": unix seconds, "posts": {post id: [comments,
    newest]}}``; *since* is the newest post. A post's comments are read again when their number
    has changed or when one was written within the overlap, and down to the newest known less the
    overlap. The newest hundred posts are watched however old they are, and more as far as the
    backfill reaches.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._comments = Comments(desk)

    async def poll(self, cursor: Cursor) -> AsyncIterator[Page]:
        """Yield what customers posted, then the comments of one post after the other."""
        desk = self._desk
        if desk.require_reader("reading the wall back").quota.behind("wall.get"):
            yield Page(cursor)
            return
        start, known = cursor.get("start", desk.horizon), cursor.get("posts", {})
        since = cursor.get("since", start)
        found = await self._posts(since - desk.overlap if known else start)
        since = max([since, *(date for date in found.dates.values() if date <= desk.now)])
        kept: dict[str, list[int]] = {key: known[key] for key in found.comments if key in known}
        if found.messages or found.unknown:
            named = await desk.people.name(found.messages)
            place = {"start": start, "since": since, "posts": dict(kept)}
            yield Page(place, messages=named, unknown=found.unknown, windows=found.windows)
        for key, count in found.comments.items():
            seen, newest = kept.get(key, [0, start])
            if seen == count and newest < desk.now - desk.overlap:
                continue
            floor = newest - desk.overlap if key in kept else start
            # The first time, of what is older than the backfill only the newest page is read.
            whole = key in kept or found.dates[key] >= desk.horizon
            async for page in self._comments.below(found.places[key], floor, whole=whole):
                newest = newest_of(page, newest, desk.now)
                place = {"start": start, "since": since, "posts": dict(kept)}
                yield replace(page, cursor=place)
            kept[key] = [count, newest]
        yield Page({"start": start, "since": since, "posts": kept})

    async def _posts(self, floor: int) -> _Posts:
        """Return the posts to watch; those of customers from *floor* on are messages."""
        found = _Posts()
        offset, more = 0, True
        while more:
            answer = await self.page(offset, POSTS_PAGE)
            items = items_of(answer, "wall.get")
            fresh = True
            for item in items:
                fresh = self._note(item, found, floor, first=offset == 0, fresh=fresh)
            offset += POSTS_PAGE
            more = fresh and bool(items) and offset < total_of(answer)
        found.messages = folded(found.messages)
        return found

    async def page(self, offset: int, count: int) -> Json:
        """Return a page of posts, newest first."""
        params: dict[str, Any] = {
            "owner_id": -self._desk.group_id, "offset": offset, "count": count,
            "extended": 1, "fields": PROFILE_FIELDS,
        }  # fmt: skip
        reader = self._desk.require_reader("reading the wall back")
        answer: Json = await reader.call("wall.get", params)
        items_of(answer, "wall.get")
        self._desk.people.learn(answer)
        return answer

    def _note(self, item: object, found: _Posts, floor: int, *, first: bool, fresh: bool) -> bool:
        """
        Note one post; return whether it is younger than the backfill reaches.

        A pinned post stands first, however old it is: only the last of a page tells whether
        another may be worth reading.
        """
        try:
            post = as_object(item, "post")
            number, date = integer(post, "id"), integer(post, "date")
            count, rights = commented(post)
        except UnexpectedPayload as error:
            told = str(error)
            found.unknown.append(unknown_item("post", item, error=told, context=POST_CONTEXT))
            return fresh
        customers = post.get("from_id", -self._desk.group_id) != -self._desk.group_id
        self._desk.memory.note(number, customers=customers)
        if customers and max(date, integer_or_none(post, "edited") or 0) >= floor:
            messages, unknown = sift([post], "post", self.read_one, POST_CONTEXT)
            found.messages += messages
            found.unknown += unknown
            why = why_closed(rights)
            found.windows += comment_windows(messages, as_user=True, why_not=why)
        if first or date >= self._desk.horizon:
            key = str(number)
            found.comments[key], found.dates[key] = count, date
            found.places[key] = Place(
                -self._desk.group_id, number, customers=customers, why_closed=why_closed(rights)
            )
        return date >= self._desk.horizon

    def read_one(self, post: Json) -> Message:
        """Return a customer's post."""
        return post_of(
            {"owner_id": -self._desk.group_id, **post}, self._desk.group_id, Stream.COMMENTS
        )
