"""Follows the answers below what was found on other people's walls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from connectors.vk.comments import UNCOUNTED, Comments, Place, commented, newest_of
from connectors.vk.memory import POSTS_BY_ID
from connectors.vk.payloads import post_name
from connectors.vk.shapes import as_object, integer, items_of, unix
from connectors.vk.windows import why_closed
from inboxd.connector import Page
from inboxd.errors import PermissionMissing, UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Sequence

    from connectors.vk.desk import Desk
    from connectors.vk.transport import Api
    from inboxd.connector import Cursor
    from inboxd.model import Message, Stream

_MOST_FOLLOWED: Final = 500
_MOST_AUTHORS: Final = 100
_CLOSED: Final = (
    "Communities cannot comment here; answer from a personal page, or in a private message."
)


class Answers:
    """
    The answers below the posts and comments of one stream.

    The cursor is ``{"since": unix seconds, "threads": {thread: [comments, newest, *authors]}}``;
    the authors are those who mentioned us in it. A thread is read again when its post's number of
    comments has changed or is not told, or when something of it was written within the overlap:
    then only the newest page of comments, and the newest of their replies. One that could not be
    read stays as it was known.

    Not seen is a comment that takes the place of one deleted since the poll before, where a thread
    was quiet for the overlap: their number tells nothing.
    """

    def __init__(self, desk: Desk, stream: Stream) -> None:
        self._desk = desk
        self._stream = stream
        self._comments = Comments(desk)

    async def follow(
        self, threads: Mapping[str, Sequence[int]], kept: dict[str, list[int]]
    ) -> AsyncIterator[Page]:
        """
        Yield what was said below *threads* since they were read, and note that in *kept*.

        Only where a token reads walls. Of a stranger's post that many comment on, only what
        concerns the shop is read: its own words, the authors', and what is said to it.
        """
        desk, reader = self._desk, self._desk.reader
        if len(threads) > _MOST_FOLLOWED:
            yield Page({}, note=f"answers are looked for below the newest {_MOST_FOLLOWED} alone")
        threads = dict(sorted(threads.items(), key=lambda each: each[1][1])[-_MOST_FOLLOWED:])
        kept.update((name, list(state)) for name, state in threads.items())
        if reader is None or not threads:
            return
        posts, notes = await self._counts(reader, {_place_of(name) for name in threads})
        if notes:
            yield Page({}, note="; ".join(notes))
        for name, (seen, newest, *authors) in threads.items():
            owner, post = _place_of(name)
            if (owner, post) not in posts:
                continue
            count, why = posts[owner, post]
            unchanged = seen == count != UNCOUNTED
            if unchanged and (not count or newest < desk.now - desk.overlap):
                continue
            place = Place(
                owner, post, customers=name.startswith("wall_post"), stream=self._stream,
                why_closed=why,
            )  # fmt: skip
            latest, refused = newest, False
            async for page in self._below(place, name, newest - desk.overlap, whole=not unchanged):
                relevant = self._relevant(page, name, authors)
                latest, refused = newest_of(relevant, latest, desk.now), refused or bool(page.note)
                yield relevant
            if not refused:
                kept[name] = [count, latest, *authors]

    async def _below(
        self, place: Place, thread: str, floor: int, *, whole: bool
    ) -> AsyncIterator[Page]:
        """Yield what was said in *thread*: of a long post, what stands below one comment alone."""
        top = _top_of(thread)
        if top is not None:
            try:
                page = await self._comments.in_thread(place, top, floor)
            except (PermissionMissing, UnexpectedPayload):
                pass  # The post is closed, which is told below, or the comment is deleted.
            else:
                yield page
                return
        try:
            async for page in self._comments.below(place, floor, whole=whole):
                yield page
        except UnexpectedPayload as error:
            yield Page({}, note=f"The comments of post {place.post} cannot be read: {error}")

    def _relevant(self, page: Page, thread: str, authors: Iterable[int]) -> Page:
        group_id = self._desk.group_id
        concerned = {str(author) for author in (-group_id, *authors)}
        messages = [
            message for message in page.messages
            if message.thread_id == thread and message.author is not None
            and (message.author.remote_id in concerned or is_mentioned(group_id, message.text))
        ]  # fmt: skip
        windows = [window for window in page.windows if window.thread_id == thread]
        return replace(page, messages=messages, windows=windows)

    async def _counts(
        self, reader: Api, posts: set[tuple[int, int]]
    ) -> tuple[dict[tuple[int, int], tuple[int, str]], list[str]]:
        """
        Return how many comments each of *posts* has, and why nobody can comment, or "".

        What VK does not show, or shows as deleted, is left out; what it refuses is told beside.
        """
        found: dict[tuple[int, int], tuple[int, str]] = {}
        notes: list[str] = []
        wanted = sorted(posts)
        for start in range(0, len(wanted), POSTS_BY_ID):
            some = wanted[start : start + POSTS_BY_ID]
            names = ",".join(f"{owner}_{post}" for owner, post in some)
            try:
                answer = await reader.call("wall.getById", {"posts": names})
            except PermissionMissing as error:
                notes.append(f"The answers elsewhere cannot be looked for: {error}")
                continue
            for item in items_of(answer, "wall.getById"):
                try:
                    post = as_object(item, "post")
                    count, rights = commented(post)
                    place = integer(post, "owner_id"), integer(post, "id")
                except UnexpectedPayload:
                    continue
                if post.get("is_deleted") is not True:
                    found[place] = count, why_closed_elsewhere(rights)
        return found, notes

    def threads(self, cursor: Cursor, messages: Iterable[Message]) -> dict[str, list[int]]:
        """
        Return the threads to follow: the known ones of the backfill, and those of *messages*.

        A thread is read from the first message in it on.
        """
        known = cursor.get("threads", {})
        threads = {
            name: list(state) for name, state in known.items() if state[1] >= self._desk.horizon
        }
        for message in sorted(messages, key=lambda each: each.sent_at):
            placed = message.thread_id.startswith("wall_post") or "@" in message.thread_id
            if message.author is None or not placed:
                continue
            state = threads.setdefault(message.thread_id, [0, unix(message.sent_at)])
            author = int(message.author.remote_id)
            if author not in state[2:] and len(state) < 2 + _MOST_AUTHORS:
                state.append(author)
        return threads


def in_thread_of_post(message: Message, threads: Collection[str]) -> Message:
    """Return *message*; a comment as part of its post's conversation, if *threads* has that."""
    if "@" not in message.thread_id:
        return message
    thread = post_name(*_place_of(message.thread_id))
    if thread not in threads:
        return message
    return replace(message, thread_id=thread, parent_id=message.parent_id or thread)


def is_mentioned(group_id: int, text: str) -> bool:
    """Whether *text* mentions the community, as VK notes it: a link to its page is no mention."""
    return re.search(rf"[\[@*]club{group_id}(?![0-9])", text) is not None


def why_closed_elsewhere(rights: object) -> str:
    """Return why the community cannot comment on somebody else's wall, or ""."""
    told = rights if isinstance(rights, Mapping) else {}
    communities = told.get("groups_can_post", True)
    return why_closed(rights) if communities else _CLOSED


def _place_of(thread: str) -> tuple[int, int]:
    """Return the owner and the post that a thread's name tells."""
    place, _, below = thread.partition(":")[2].partition("@")
    owner, _, number = place.rpartition("_")
    return int(owner), int(below or number)


def _top_of(thread: str) -> int | None:
    """Return the comment that a thread stands below, or None where it is the post's."""
    place, _, below = thread.partition("@")
    return int(place.rpartition("_")[2]) if below else None
