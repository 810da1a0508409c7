"""The sources "mentions" and "search": what is written about the brand on other people's walls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.comments import UNCOUNTED, Comments, Place, commented, newest_of
from connectors.vk.memory import POSTS_BY_ID
from connectors.vk.payloads import folded, post_of
from connectors.vk.people import PROFILE_FIELDS
from connectors.vk.shapes import as_object, integer, items_of, sift, total_of, unix
from connectors.vk.windows import comment_windows, why_closed
from inboxd.connector import Page
from inboxd.errors import PermissionMissing, UnexpectedPayload
from inboxd.model import Direction, Message, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from connectors.vk.desk import Desk
    from connectors.vk.transport import Api
    from inboxd.connector import Cursor
    from inboxd.model import Json, Unknown

MENTIONS_PAGE: Final = 50
SEARCH_PAGE: Final = 200
_MOST_PAGES: Final = 5
"""Pages that one search reads; VK itself finds no more than the newest thousand."""
_MOST_FOLLOWED: Final = 500
_ELSEWHERE_CLOSED: Final = (
    "Communities cannot comment here; answer from a personal page, or in a private message."
)


@dataclass(slots=True)
class _Found:
    """What one reading found: messages, and the posts below which answers may come."""

    messages: list[Message] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    closed: dict[str, str] = field(default_factory=dict)
    """Why nobody of us can comment below some of the posts, by their ids."""


class Elsewhere:
    """
    What both sources share: posts and comments of one stream, and the answers below them.

    The cursor is ``{"since": unix seconds, "threads": {thread: [comments, newest, author]}}``. A
    thread is read again when its post's number of comments has changed or is not told, or when
    something of it was written within the overlap: then only the newest page of comments, and
    the newest of their replies. One that could not be read stays as it was known.

    Not seen is a comment that takes the place of one deleted since the poll before, where a thread
    was quiet for the overlap: their number tells nothing.
    """

    def __init__(self, desk: Desk, stream: Stream) -> None:
        self._desk = desk
        self._stream = stream
        self._comments = Comments(desk)

    def read(self, items: Iterable[object]) -> _Found:
        """Return what of *items* customers wrote on walls that are not the community's own."""
        context = {"post": self._stream.value}
        understood, unknown = sift(items, self._stream.value, self._read_one, context)
        closed = {message.remote_id: why for message, why in understood if why}
        return _Found([message for message, _why in understood], unknown, closed)

    def _read_one(self, item: Json) -> tuple[Message, str] | None:
        message = post_of(item, self._desk.group_id, self._stream)
        if message.direction is Direction.OUTBOUND or message.deleted:
            return None
        if self._comes_anyway(message, item):
            return None
        return message, _why_closed(commented(item)[1])

    def _comes_anyway(self, message: Message, item: Json) -> bool:
        """Whether another stream of the account brings it: each message belongs to one."""
        streams = self._desk.settings.streams
        if message.remote_id.partition(":")[2].startswith(f"-{self._desk.group_id}_"):
            return self._stream is Stream.SEARCH or Stream.COMMENTS in streams
        searched = self._stream is Stream.SEARCH and Stream.MENTIONS in streams
        named = f"club{self._desk.group_id}"
        return searched and self._desk.user is not None and named in str(item.get("text", ""))

    async def page(self, found: _Found, cursor: Cursor) -> Page:
        """Return a page of what was found, with how it can be answered."""
        named = await self._desk.people.name(folded(found.messages))
        windows = [
            window
            for message in named
            for window in comment_windows(
                [message], as_user=True, why_not=found.closed.get(message.remote_id, "")
            )
        ]
        return Page(cursor, messages=named, unknown=found.unknown, windows=windows)

    async def follow(
        self, threads: Mapping[str, Sequence[int]], kept: dict[str, list[int]]
    ) -> AsyncIterator[Page]:
        """
        Yield what was said below *threads* since they were read, and note that in *kept*.

        Only where a token reads walls. Of a stranger's post that many comment on, only what
        concerns the shop is read: its own words, the author's, and what is said to it.
        """
        desk, reader = self._desk, self._desk.reader
        if len(threads) > _MOST_FOLLOWED:
            yield Page({}, note=f"answers are looked for below the newest {_MOST_FOLLOWED} alone")
        threads = dict(sorted(threads.items(), key=lambda each: each[1][1])[-_MOST_FOLLOWED:])
        kept.update((name, list(state)) for name, state in threads.items())
        if reader is None or not threads:
            return
        posts = await self._counts(reader, {_place_of(name) for name in threads})
        for name, (seen, newest, author) in threads.items():
            owner, post = _place_of(name)
            count, why = posts.get((owner, post), (seen, ""))
            unchanged = seen == count != UNCOUNTED
            quiet = not count or (owner, post) not in posts or newest < desk.now - desk.overlap
            if unchanged and quiet:
                continue
            place = Place(
                owner, post, customers=name.startswith("wall_post"), stream=self._stream,
                why_closed=why,
            )  # fmt: skip
            latest, refused = newest, False
            async for page in self._below(place, name, newest - desk.overlap, whole=not unchanged):
                relevant = self._relevant(page, name, author)
                latest, refused = newest_of(relevant, latest, desk.now), refused or bool(page.note)
                yield relevant
            if not refused:
                kept[name] = [count, latest, author]

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
        async for page in self._comments.below(place, floor, whole=whole):
            yield page

    def _relevant(self, page: Page, thread: str, author: int) -> Page:
        ours, theirs = str(-self._desk.group_id), str(author)
        named = f"club{self._desk.group_id}"
        messages = [
            message for message in page.messages
            if message.thread_id == thread and message.author is not None
            and (message.author.remote_id in (ours, theirs) or named in message.text)
        ]  # fmt: skip
        windows = [window for window in page.windows if window.thread_id == thread]
        return replace(page, messages=messages, windows=windows)

    async def _counts(
        self, reader: Api, posts: set[tuple[int, int]]
    ) -> dict[tuple[int, int], tuple[int, str]]:
        """Return how many comments each of *posts* has, and why nobody can comment, or ""."""
        found: dict[tuple[int, int], tuple[int, str]] = {}
        wanted = sorted(posts)
        for start in range(0, len(wanted), POSTS_BY_ID):
            some = wanted[start : start + POSTS_BY_ID]
            names = ",".join(f"{owner}_{post}" for owner, post in some)
            try:
                answer = await reader.call("wall.getById", {"posts": names})
            except PermissionMissing:
                continue
            for item in items_of(answer, "wall.getById"):
                try:
                    post = as_object(item, "post")
                    count, rights = commented(post)
                    place = integer(post, "owner_id"), integer(post, "id")
                except UnexpectedPayload:
                    continue
                found[place] = count, _why_closed(rights)
        return found

    def threads(self, cursor: Cursor, messages: Iterable[Message]) -> dict[str, list[int]]:
        """Return the threads to follow: the known ones of the backfill, and those of *messages*."""
        known = cursor.get("threads", {})
        threads = {
            name: list(state) for name, state in known.items() if state[1] >= self._desk.horizon
        }
        for message in messages:
            placed = message.thread_id.startswith("wall_post") or "@" in message.thread_id
            if message.author is None or not placed:
                continue
            state = [0, unix(message.sent_at), int(message.author.remote_id)]
            threads.setdefault(message.thread_id, state)
        return threads


def _why_closed(rights: object) -> str:
    """Return why the community cannot comment on somebody else's wall, or ""."""
    told = rights if isinstance(rights, Mapping) else {}
    communities = told.get("groups_can_post", True)
    return why_closed(rights) if communities else _ELSEWHERE_CLOSED


def _place_of(thread: str) -> tuple[int, int]:
    """Return the owner and the post that a thread's name tells."""
    place, _, below = thread.partition(":")[2].partition("@")
    owner, _, number = place.rpartition("_")
    return int(owner), int(below or number)


def _top_of(thread: str) -> int | None:
    """Return the comment that a thread stands below, or None where it is the post's."""
    place, _, below = thread.partition("@")
    return int(place.rpartition("_")[2]) if below else None


class Mentions:
    """Posts and comments elsewhere that mention the community; VK shows them to users alone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._elsewhere = Elsewhere(desk, Stream.MENTIONS)

    async def poll(self, cursor: Cursor) -> AsyncIterator[Page]:
        """Yield the mentions since the cursor, then the answers below those of the backfill."""
        desk = self._desk
        floor, since = desk.start(cursor)
        known = dict(cursor.get("threads", {}))
        newest, offset, more = since, 0, True
        messages: list[Message] = []
        while more:
            answer = await self.page(floor, offset, MENTIONS_PAGE)
            items = items_of(answer, "newsfeed.getMentions")
            found = self._elsewhere.read(items)
            found.messages = [each for each in found.messages if unix(each.sent_at) >= floor]
            messages += found.messages
            newest = max([newest, *(date for date in _dates(items) if date <= desk.now)])
            yield await self._elsewhere.page(found, {"since": since, "threads": known})
            offset += MENTIONS_PAGE
            more = bool(items) and offset < total_of(answer)
        kept: dict[str, list[int]] = {}
        threads = self._elsewhere.threads(cursor, messages)
        async for page in self._elsewhere.follow(threads, kept):
            yield replace(page, cursor={"since": since, "threads": known})
        yield Page({"since": newest, "threads": kept})

    async def page(self, start: int, offset: int, count: int) -> Json:
        """Return a page of mentions."""
        params: dict[str, Any] = {
            "owner_id": -self._desk.group_id, "start_time": max(0, start), "offset": offset,
            "count": count,
        }  # fmt: skip
        user = self._desk.require_user("reading mentions")
        answer: Json = await user.call("newsfeed.getMentions", params)
        items_of(answer, "newsfeed.getMentions")
        self._desk.people.learn(answer)
        return answer


class Search:
    """Posts elsewhere that hold one of the brand's words, without mentioning the community."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._elsewhere = Elsewhere(desk, Stream.SEARCH)

    async def poll(self, cursor: Cursor) -> AsyncIterator[Page]:
        """
        Yield what each of the brand's words finds since the cursor.

        VK allows 1000 searches a day, so a poll that comes too soon looks for nothing.
        """
        desk, words = self._desk, self._desk.settings.brand_words
        quota = desk.require_reader("searching").quota
        if quota.behind("newsfeed.search", len(words)):
            yield Page(cursor)
            return
        floor, since = desk.start(cursor)
        known = dict(cursor.get("threads", {}))
        newest, seen = since, dict[str, Message]()
        for word in words:
            async for found, dates, lost in self._look_for(word, floor):
                found.messages = [each for each in found.messages if each.remote_id not in seen]
                seen |= {each.remote_id: each for each in found.messages}
                newest = max([newest, *(date for date in dates if date <= desk.now)])
                page = await self._elsewhere.page(found, {"since": since, "threads": known})
                yield replace(page, lost=lost)
        kept: dict[str, list[int]] = {}
        threads = self._elsewhere.threads(cursor, seen.values())
        async for page in self._elsewhere.follow(threads, kept):
            yield replace(page, cursor={"since": since, "threads": known})
        yield Page({"since": newest, "threads": kept})

    async def _look_for(
        self, word: str, floor: int
    ) -> AsyncIterator[tuple[_Found, list[int], str]]:
        """Yield what *word* finds page by page: the posts, their dates, and what is out of reach."""
        start_from, shown = "", 0
        for number in range(1, _MOST_PAGES + 1):
            answer = await self.page(word, floor, SEARCH_PAGE, start_from)
            items = items_of(answer, "newsfeed.search")
            shown += len(items)
            found = self._elsewhere.read(items)
            found.messages = [each for each in found.messages if unix(each.sent_at) >= floor]
            start_from = str(answer.get("next_from") or "")
            # Pages may be short and go on: VK counts those alone that it has not filtered out.
            full = shown >= _MOST_PAGES * SEARCH_PAGE or (number == _MOST_PAGES and start_from)
            lost = full and total_of(answer, "total_count") > shown
            yield found, _dates(items), f"VK finds more with {word!r} than it shows" if lost else ""
            if not items or not start_from:
                return

    async def page(self, word: str, start: int, count: int, start_from: str = "") -> Json:
        """Return a page of what VK finds; several words are meant as they stand."""
        params: dict[str, Any] = {
            "q": f'"{word}"' if " " in word.strip() else word, "start_time": max(0, start),
            "count": count, "extended": 1, "fields": PROFILE_FIELDS,
            **({"start_from": start_from} if start_from else {}),
        }  # fmt: skip
        answer: Json = await self._desk.require_reader("searching").call("newsfeed.search", params)
        items_of(answer, "newsfeed.search")
        self._desk.people.learn(answer)
        return answer


def _dates(items: Iterable[object]) -> list[int]:
    dates = [item.get("date") for item in items if isinstance(item, Mapping)]
    return [date for date in dates if isinstance(date, int)]
