"""The source "wall": reads back the community's own wall, customers' posts and all comments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.comments import UNCOUNTED, Comments, Place, commented, newest_of
from connectors.vk.payloads import folded, post_of
from connectors.vk.shapes import (
    integer,
    integer_or_none,
    items_of,
    sift,
    total_of,
)
from connectors.vk.windows import comment_windows, why_closed
from inboxd.connector import Page
from inboxd.errors import UnexpectedPayload
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from connectors.vk.desk import Desk
    from inboxd.connector import Cursor
    from inboxd.model import Json, Message, ReplyWindow, Unknown

POSTS_PAGE: Final = 100
POST_CONTEXT: Final = {"post": Stream.COMMENTS.value}


@dataclass(frozen=True, slots=True)
class _Post:
    """What the list of posts shows of one; times in unix seconds."""

    place: Place
    comments: int
    date: int
    touched: int
    """When it was written, or edited last."""
    shown: Json


@dataclass(slots=True)
class _Posts:
    """The posts to watch by their ids, and what customers posted lately."""

    posts: dict[str, _Post] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    windows: list[ReplyWindow] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)


class Wall:
    """
    The wall of the community.

    The cursor is ``{"start": unix seconds, "since": unix seconds, "posts": {post id: [comments,
    newest]}}``; *since* is the newest post. A post's comments are read again when their number
    has changed or is not told, or when one was written within the overlap, and down to the newest
    known less the overlap. The newest hundred posts are watched however old they are, and more as far as the
    backfill reaches.

    A post that could not be read stays as it was known, and is tried again; an answer that nobody
    understands is raised when the others have been read. Not seen here is a comment that takes the
    place of one deleted since the poll before, below a post that was quiet for the overlap: their
    number tells nothing. The long poll brings it.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._comments = Comments(desk)

    async def poll(self, cursor: Cursor) -> AsyncGenerator[Page, None]:
        """Yield what customers posted, then the comments of one post after the other."""
        desk = self._desk
        if desk.require_reader("reading the wall back").quota.behind("wall.get"):
            yield Page(cursor)
            return
        start, known = cursor.get("start", desk.horizon), cursor.get("posts", {})
        since = cursor.get("since", start)
        found = await self._posts(since - desk.overlap if known else start)
        dates = (post.date for post in found.posts.values())
        since = max([since, *(date for date in dates if date <= desk.now)])
        kept: dict[str, list[int]] = {key: known[key] for key in found.posts if key in known}
        place = {"start": start, "since": since}
        if found.messages or found.unknown:
            named = await desk.people.name(found.messages)
            yield Page(
                {**place, "posts": dict(kept)},
                messages=named, unknown=found.unknown, windows=found.windows,
            )  # fmt: skip
        async for page in self._below(found.posts, start, kept):
            yield replace(page, cursor={**place, "posts": dict(kept)})

    async def _below(
        self, posts: Mapping[str, _Post], start: int, kept: dict[str, list[int]]
    ) -> AsyncGenerator[Page, None]:
        """Yield the comments of those of *posts* that may have new ones, and note that in *kept*."""
        desk = self._desk
        trouble: UnexpectedPayload | None = None
        for key, post in posts.items():
            seen, newest = kept.get(key, [0, start])
            unchanged = seen == post.comments != UNCOUNTED
            if unchanged and newest < desk.now - desk.overlap:
                continue
            floor = newest - desk.overlap if key in kept else start
            # The first time, of what is older than the backfill only the newest page is read.
            whole = key in kept or post.date >= desk.horizon
            refused = False
            try:
                async for page in self._comments.below(post.place, floor, whole=whole):
                    newest, refused = newest_of(page, newest, desk.now), refused or bool(page.note)
                    yield page
            except UnexpectedPayload as error:
                trouble, refused = trouble or error, True
            if not refused:
                kept[key] = [post.comments, newest]
        yield Page({})
        if trouble is not None:
            raise trouble

    async def _posts(self, floor: int) -> _Posts:
        """Return the posts to watch; those of customers from *floor* on are messages."""
        found = _Posts()
        offset, more = 0, True
        while more:
            answer = await self.page(offset, POSTS_PAGE)
            items = items_of(answer, "wall.get")
            posts, strange = sift(items, "post", self._seen, POST_CONTEXT)
            found.unknown += strange
            for post in posts:
                if offset == 0 or post.date >= self._desk.horizon:
                    found.posts[str(post.place.post)] = post
            self._customers([post for post in posts if post.touched >= floor], found)
            offset += POSTS_PAGE
            # A pinned post stands first, however old it is: only the last of a page tells.
            fresh = not posts or posts[-1].date >= self._desk.horizon
            more = fresh and bool(items) and offset < total_of(answer)
        found.messages = folded(found.messages)
        return found

    def _seen(self, post: Json) -> _Post:
        """Return what the list shows of a post; without an author it is the shop's."""
        number, date = integer(post, "id"), integer(post, "date")
        count, rights = commented(post)
        own = -self._desk.group_id
        customers = post.get("from_id", own) != own
        self._desk.memory.note(number, customers=customers)
        place = Place(own, number, customers=customers, why_closed=why_closed(rights))
        return _Post(place, count, date, max(date, integer_or_none(post, "edited") or 0), post)

    def _customers(self, posts: Iterable[_Post], found: _Posts) -> None:
        """Add what customers wrote to what was *found*."""
        for post in posts:
            if not post.place.customers:
                continue
            messages, strange = sift([post.shown], "post", self.read_one, POST_CONTEXT)
            why = post.place.why_closed
            found.messages += messages
            found.unknown += strange
            found.windows += comment_windows(messages, as_user=True, why_not=why)

    async def page(self, offset: int, count: int) -> Json:
        """Return a page of posts, newest first."""
        params: dict[str, Any] = {
            "owner_id": -self._desk.group_id, "offset": offset, "count": count,
            **self._desk.people.asking,
        }  # fmt: skip
        reader = self._desk.require_reader("reading the wall back")
        answer: Json = await reader.call("wall.get", params)
        items_of(answer, "wall.get")
        self._desk.people.learn(answer)
        return answer

    def read_one(self, post: Json) -> Message:
        """Return a customer's post."""
        return post_of(
            {"owner_id": -self._desk.group_id, **post}, self._desk.group_id, Stream.COMMENTS
        )
