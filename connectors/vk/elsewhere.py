"""The sources "mentions" and "search": what is written about the brand on other people's walls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.comments import commented
from connectors.vk.following import Answers, in_thread_of_post, is_mentioned, why_closed_elsewhere
from connectors.vk.payloads import folded, post_of
from connectors.vk.people import PROFILE_FIELDS
from connectors.vk.shapes import items_of, sift, total_of, unix
from connectors.vk.windows import comment_windows
from inboxd.connector import Page
from inboxd.model import Direction, Message, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from connectors.vk.desk import Desk
    from inboxd.connector import Cursor
    from inboxd.model import Json, Unknown

MENTIONS_PAGE: Final = 50
SEARCH_PAGE: Final = 200
_MOST_PAGES: Final = 5
"""Pages that one search reads; VK itself finds no more than the newest thousand."""


@dataclass(slots=True)
class _Found:
    """What one reading found: messages, and the posts below which answers may come."""

    messages: list[Message] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    closed: dict[str, str] = field(default_factory=dict)
    """Why nobody of us can comment below some of the posts, by their ids."""


class Elsewhere:
    """What both sources share: posts and comments of one stream, as VK lists them."""

    def __init__(self, desk: Desk, stream: Stream) -> None:
        self._desk = desk
        self._stream = stream

    def read(self, items: Iterable[object], floor: int) -> _Found:
        """Return what of *items* customers wrote from *floor* on, on walls that are not our own."""
        context = {"post": self._stream.value}
        understood, unknown = sift(items, self._stream.value, self._read_one, context)
        closed = {message.remote_id: why for message, why in understood if why}
        fresh = [message for message, _why in understood if unix(message.sent_at) >= floor]
        return _Found(fresh, unknown, closed)

    def _read_one(self, item: Json) -> tuple[Message, str] | None:
        message = post_of(item, self._desk.group_id, self._stream)
        if message.direction is Direction.OUTBOUND or message.deleted:
            return None
        if self._comes_anyway(message, item):
            return None
        return message, why_closed_elsewhere(commented(item)[1])

    def _comes_anyway(self, message: Message, item: Json) -> bool:
        """Whether another stream of the account brings it: each message belongs to one."""
        streams = self._desk.settings.streams
        if message.remote_id.partition(":")[2].startswith(f"-{self._desk.group_id}_"):
            return self._stream is Stream.SEARCH or Stream.COMMENTS in streams
        searched = self._stream is Stream.SEARCH and Stream.MENTIONS in streams
        text = str(item.get("text", ""))
        return searched and self._desk.user is not None and is_mentioned(self._desk.group_id, text)

    async def page(self, found: _Found, cursor: Cursor) -> Page:
        """Return a page of what was found, with how it can be answered."""
        named = await self._desk.people.name(folded(found.messages))
        # Beside a comment VK tells no rights: what stands in its post's conversation says nothing.
        windows = [
            window
            for message in named
            if "@" in message.thread_id or message.remote_id == message.thread_id
            for window in comment_windows(
                [message], as_user=True, why_not=found.closed.get(message.remote_id, "")
            )
        ]
        return Page(cursor, messages=named, unknown=found.unknown, windows=windows)


class Mentions:
    """Posts and comments elsewhere that mention the community; VK shows them to users alone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._elsewhere = Elsewhere(desk, Stream.MENTIONS)
        self._answers = Answers(desk, Stream.MENTIONS)

    async def poll(self, cursor: Cursor) -> AsyncIterator[Page]:
        """Yield the mentions since the cursor, then the answers below those of the backfill."""
        desk = self._desk
        floor, since = desk.start(cursor)
        known = dict(cursor.get("threads", {}))
        # All are read before any is kept: a comment is listed before the post that it belongs to.
        listed = [items async for items in self._listed(floor)]
        dates = (date for items in listed for date in _dates(items) if date <= desk.now)
        newest = max([since, *dates])
        found = [self._elsewhere.read(items, floor) for items in listed]
        threads = self._answers.threads(cursor, (m for each in found for m in each.messages))
        for each in found:
            each.messages = [in_thread_of_post(message, threads) for message in each.messages]
            yield await self._elsewhere.page(each, {"since": since, "threads": known})
        threads = self._answers.threads(cursor, (m for each in found for m in each.messages))
        kept: dict[str, list[int]] = {}
        async for page in self._answers.follow(threads, kept):
            yield replace(page, cursor={"since": since, "threads": known})
        yield Page({"since": newest, "threads": kept})

    async def _listed(self, floor: int) -> AsyncIterator[Sequence[object]]:
        """Yield the mentions from *floor* on, page by page."""
        offset, more = 0, True
        while more:
            answer = await self.page(floor, offset, MENTIONS_PAGE)
            items = items_of(answer, "newsfeed.getMentions")
            yield items
            offset += MENTIONS_PAGE
            more = bool(items) and offset < total_of(answer)

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
        self._answers = Answers(desk, Stream.SEARCH)

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
                new = [each for each in found.messages if each.remote_id not in seen]
                threads = self._answers.threads(cursor, [*seen.values(), *new])
                found.messages = [in_thread_of_post(each, threads) for each in new]
                seen |= {each.remote_id: each for each in found.messages}
                newest = max([newest, *(date for date in dates if date <= desk.now)])
                page = await self._elsewhere.page(found, {"since": since, "threads": known})
                yield replace(page, lost=lost)
        kept: dict[str, list[int]] = {}
        threads = self._answers.threads(cursor, seen.values())
        async for page in self._answers.follow(threads, kept):
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
            found = self._elsewhere.read(items, floor)
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
