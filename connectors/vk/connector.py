"""One VK community: its sources, its replies, its check."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import vk_api

from inboxd import connector as port
from inboxd.connector import AccountCheck, Cursor, Page, SendResult, Source, StreamCheck
from inboxd.errors import (
    OperatorError,
    PermissionMissing,
    SendRefused,
    Unavailable,
    UnexpectedPayload,
    UserError,
)
from inboxd.model import Json, Message, ReplyWindow, Stream, Unknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from connectors.vk.settings import Settings
    from inboxd.clock import Clock
    from inboxd.connector import OutgoingReply, Secret

from connectors.vk.errors import COMMENT_REFUSALS, DM_REFUSALS
from connectors.vk.events import event_of, first_time
from connectors.vk.long_poll import Heard, LongPoll
from connectors.vk.payloads import WALL, comment_of, community, direct_message, folded
from connectors.vk.people import PROFILE_FIELDS, People, groups_of
from connectors.vk.sending import (
    DM_THREAD,
    CommentPlace,
    comment_params,
    comment_place,
    random_id,
    require_sendable,
)
from connectors.vk.shapes import (
    as_object,
    instant_of,
    integer,
    integer_or_none,
    list_of,
    sift,
    total_of,
    unix,
    unknown_item,
)
from connectors.vk.transport import Api
from connectors.vk.windows import Conversation, conversation_of

# The largest pages that the methods give.
_CONVERSATIONS_PAGE: Final = 200


HISTORY_PAGE: Final = 200


_POSTS_PAGE: Final = 100


_COMMENTS_PAGE: Final = 100


# A re-read wants a few messages of each thread; only who finds them all new reads on.
_FIRST_HISTORY_PAGE: Final = 20


_LOST = "VK dropped long-poll events before they were read; private messages are read back"


_READ_BACK = f"{_LOST}, and so are comments on the wall."


_NOT_READ_BACK = f"{_LOST}, but comments cannot be without a service_token: look at them in VK."


class Connector(port.Connector):
    """
    One VK community.

    A repeated private message is found again by its `random_id` in the conversation. A
    repeated comment is recognised by VK alone, by its `guid`, for about an hour.
    """

    network = "vk"
    idempotent_sends = True

    def __init__(self, settings: Settings, clock: Clock, ledger: port.Ledger | None = None) -> None:
        """Remember the settings; threads and connections begin with the first call."""
        self._settings = settings
        self._clock = clock
        self._ledger = ledger or port.Ledger(clock)
        self._group_id = settings.group_id
        self._api = Api(vk_api.VkApiGroup, settings.token, "community token", settings)
        self._service = _optional(settings.service_token, "service_token", settings)
        self._user = _optional(settings.user_token, "user_token", settings)
        self._people = People(self._api)
        self._long_poll = LongPoll(self._api, settings)

    def sources(self) -> Sequence[Source]:
        """Return the long poll, then what reads back behind it."""
        wanted = frozenset(self._settings.streams)
        told = wanted & {Stream.DIRECT_MESSAGES, Stream.COMMENTS}
        private, comments = wanted & {Stream.DIRECT_MESSAGES}, wanted & {Stream.COMMENTS}
        found = [
            Source("long_poll", told),
            Source("conversations", private),
            Source("wall", comments if self._service is not None else frozenset()),
        ]
        return [source for source in found if source.streams]

    def poll(self, source: str, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Yield what is new in *source*; each has a cursor of its own kind."""
        sources = {
            "long_poll": self._poll_events,
            "conversations": self._poll_conversations,
            "wall": self._poll_wall,
        }
        if source not in sources:
            raise UserError(f"VK has no source {source!r}; there are: {', '.join(sources)}")
        return sources[source](cursor or {})

    # Long poll: the cursor is {"ts": text}

    _MOST_ROUNDS: Final = 100
    """How many long polls one poll makes at most; a flood goes on in the next poll."""

    async def _poll_events(self, cursor: Cursor) -> AsyncIterator[Page]:
        ts = cursor.get("ts")
        if not isinstance(ts, str):
            yield Page({"ts": await self._long_poll.open()})
            return
        told: set[str] = set()
        for _round in range(self._MOST_ROUNDS):
            heard = await self._long_poll.listen(ts)
            ts = heard.ts
            yield await self._events(heard, told)
            if not heard.updates:
                return

    async def _events(self, heard: Heard, told: set[str]) -> Page:
        """Return a page of events; those whose id is in *told* came before and are left out."""
        now = self._clock.now()
        fresh = [raw for raw in heard.updates if first_time(raw, told)]
        found = [event_of(raw, self._group_id, now) for raw in fresh]
        messages = [
            item
            for item in found
            if isinstance(item, Message) and item.stream in self._settings.streams
        ]
        note = _READ_BACK if self._service is not None else _NOT_READ_BACK
        return Page(
            cursor={"ts": heard.ts},
            messages=await self._people.name(folded(messages)),
            unknown=[item for item in found if isinstance(item, Unknown)],
            note=note if heard.lost else "",
        )

    # Conversations: the cursor is {"since": unix seconds}

    async def _poll_conversations(self, cursor: Cursor) -> AsyncIterator[Page]:
        """
        Read the conversations that something was said in since the cursor.

        The next cursor is the newest message as the list showed it at the *beginning*: what
        is said while the histories are read is newer than that, wherever it is said.
        """
        since = cursor.get("since")
        first = not isinstance(since, int)
        behind = self._settings.backfill if first else self._settings.overlap
        start = unix(self._clock.now() if first else instant_of(since or 0))
        floor = start - int(behind.total_seconds())
        kept: Cursor = {"since": floor if first else start}
        conversations, unknown = await self._active(floor)
        newest = max((each.latest for each in conversations[0]), default=0)
        for each in {each.peer: each for group in conversations for each in group}.values():
            async for page in self._history(each, floor):
                yield replace(page, cursor=kept)
        # A message from the future must not carry the cursor past what is yet to come.
        reached = max(kept["since"], min(newest, unix(self._clock.now())))
        yield Page({"since": reached}, unknown=unknown)

    async def _active(self, floor: int) -> tuple[list[list[Conversation]], list[Unknown]]:
        """
        Return the conversations with a message from *floor* on, page by page.

        A conversation that moves to the top while later pages are read would be in none of
        them, so after several pages the first is read again.
        """
        pages: list[list[Conversation]] = []
        unknown: list[Unknown] = []
        offset, more = 0, True
        while more:
            page, strange, more = await self._conversation_page(offset, floor)
            pages.append(page)
            unknown += strange
            offset += _CONVERSATIONS_PAGE
        if len(pages) > 1:
            pages.append((await self._conversation_page(0, floor))[0])
        return pages, unknown

    async def _conversation_page(
        self, offset: int, floor: int
    ) -> tuple[list[Conversation], list[Unknown], bool]:
        """Return a page's active conversations, what could not be read, and if there are more."""
        params = {
            "group_id": self._group_id, "offset": offset, "count": _CONVERSATIONS_PAGE,
            "extended": 1, "fields": PROFILE_FIELDS,
        }  # fmt: skip
        answer = as_object(await self._api.call("messages.getConversations", params), "response")
        self._people.learn(answer)
        read: list[Conversation] = []
        unknown: list[Unknown] = []
        for item in list_of(answer, "items"):
            try:
                read.append(conversation_of(as_object(item, "conversation")))
            except UnexpectedPayload:
                unknown.append(unknown_item("conversation", item))
        active = [each for each in read if each.latest >= floor]
        # Pinned conversations stand above newer ones: only the last of a page tells.
        fresh = bool(unknown) if not read else read[-1].latest >= floor
        return active, unknown, fresh and offset + _CONVERSATIONS_PAGE < total_of(answer, "count")

    async def _history(self, conversation: Conversation, floor: int) -> AsyncIterator[Page]:
        """Yield the messages of one conversation from the newest down to *floor*."""
        offset, count, more = 0, _FIRST_HISTORY_PAGE, True
        windows: Sequence[ReplyWindow] = [conversation.window]
        while more:
            params = {
                "group_id": self._group_id, "peer_id": conversation.peer,
                "offset": offset, "count": count,
            }  # fmt: skip
            answer = as_object(await self._api.call("messages.getHistory", params), "response")
            items = list_of(answer, "items")
            read = partial(direct_message, group_id=self._group_id)
            messages, unknown = sift(items, "message", read)
            fresh = [message for message in messages if message.sent_at >= instant_of(floor)]
            named = await self._people.name(folded(fresh))
            yield Page({}, messages=named, unknown=unknown, windows=windows)
            offset, count, windows = offset + count, HISTORY_PAGE, ()
            reached = len(fresh) < len(messages)
            more = bool(items) and not reached and offset < total_of(answer, "count")

    # Wall: the cursor is {"start": unix seconds, "posts": {post id: [comments, newest]}}

    async def _poll_wall(self, cursor: Cursor) -> AsyncIterator[Page]:
        """
        Read the comments of the posts that are not older than the backfill.

        A post is read again when its number of comments has changed or when it was commented
        within the overlap, and down to its own newest comment less the overlap.
        """
        now = unix(self._clock.now())
        horizon = now - int(self._settings.backfill.total_seconds())
        overlap = int(self._settings.overlap.total_seconds())
        start, known = cursor.get("start", horizon), cursor.get("posts", {})
        posts, unknown = await self._posts(horizon)
        kept: dict[str, list[int]] = {key: known[key] for key in posts if key in known}
        for key, count in posts.items():
            seen, newest = kept.get(key, [0, start])
            if seen == count and newest < now - overlap:
                continue
            floor = newest - overlap if key in kept else start
            async for page in self._post_comments(int(key), floor):
                dates = [unix(message.sent_at) for message in page.messages]
                newest = max([newest, *(date for date in dates if date <= now)])
                yield replace(page, cursor={"start": start, "posts": dict(kept)})
            kept[key] = [count, newest]
        yield Page({"start": start, "posts": kept}, unknown=unknown)

    async def _posts(self, horizon: int) -> tuple[dict[str, int], list[Unknown]]:
        """Return how many comments each post from *horizon* on has, by the post's id."""
        posts: dict[str, int] = {}
        unknown: list[Unknown] = []
        offset, more = 0, True
        while more:
            params = {"owner_id": -self._group_id, "offset": offset, "count": _POSTS_PAGE}
            answer = as_object(await self._read_wall("wall.get", params), "response")
            items = list_of(answer, "items")
            # A pinned post stands first, however old it is: only the last of a page tells.
            fresh = True
            for item in items:
                try:
                    post = as_object(item, "post")
                    fresh = integer(post, "date") >= horizon
                    comments = as_object(post.get("comments", {}), "comments")
                    if fresh:
                        posts[str(integer(post, "id"))] = integer_or_none(comments, "count") or 0
                except UnexpectedPayload:
                    unknown.append(unknown_item("post", item))
            offset += _POSTS_PAGE
            more = fresh and bool(items) and offset < total_of(answer, "count")
        return posts, unknown

    async def _post_comments(self, post: int, floor: int) -> AsyncIterator[Page]:
        """Yield a post's comments from *floor* on, page by page of the first level."""
        offset, more = 0, True
        while more:
            try:
                answer = await self._comment_page(post, offset)
            except PermissionMissing as error:
                yield Page({}, note=f"The comments of post {post} cannot be read: {error}")
                return
            top = list_of(answer, "items")
            below = [reply for item in top for reply in await self._replies(post, item, floor)]
            yield await self._comments(post, [*top, *below], floor)
            offset += _COMMENTS_PAGE
            level = "current_level_count" if "current_level_count" in answer else "count"
            more = bool(top) and offset < total_of(answer, level)

    async def _replies(self, post: int, item: object, floor: int) -> list[object]:
        """Return the replies below one comment of the first level; VK shows up to 10 unasked."""
        top = item if isinstance(item, dict) else {}
        thread = top.get("thread")
        if not isinstance(thread, dict):
            return []
        shown, count = thread.get("items"), thread.get("count")
        replies = list(shown) if isinstance(shown, list) else []
        number = top.get("id")
        if not isinstance(number, int) or not isinstance(count, int) or count <= len(replies):
            return replies
        replies, offset, more = [], 0, True
        while more:
            answer = await self._comment_page(post, offset, top=number)
            items = list_of(answer, "items")
            replies += items
            offset += _COMMENTS_PAGE
            oldest = items[-1].get("date") if items and isinstance(items[-1], dict) else None
            fresh = isinstance(oldest, int) and oldest >= floor
            more = fresh and offset < count
        return replies

    async def _comment_page(self, post: int, offset: int, top: int | None = None) -> Json:
        """Return a page of the first level or, with *top*, of what stands below that comment."""
        params = {
            "owner_id": -self._group_id, "post_id": post, "offset": offset,
            "count": _COMMENTS_PAGE, "sort": "desc", "preview_length": 0, "need_likes": 0,
            "thread_items_count": 10, "extended": 1, "fields": PROFILE_FIELDS,
            **({} if top is None else {"comment_id": top}),
        }  # fmt: skip
        answer = as_object(await self._read_wall("wall.getComments", params), "response")
        self._people.learn(answer)
        return answer

    async def _comments(self, post: int, items: Iterable[object], floor: int) -> Page:
        now = self._clock.now()

        def read(item: Json) -> Message:
            # A deleted comment names neither its wall nor its post.
            whole = {"owner_id": -self._group_id, "post_id": post, **item}
            return comment_of(WALL, whole, self._group_id, now)

        messages, unknown = sift(items, "comment", read)
        fresh = [message for message in messages if message.sent_at >= instant_of(floor)]
        return Page({}, messages=await self._people.name(folded(fresh)), unknown=unknown)

    async def _read_wall(self, method: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - each method has its own answer
        if self._service is None:
            raise PermissionMissing("reading the wall needs a service_token")
        return await self._service.call(method, params)

    # Sending

    async def send(self, reply: OutgoingReply) -> SendResult:
        """Write a private message or a comment as the community."""
        require_sendable(reply.text)
        private = DM_THREAD.fullmatch(reply.thread_id)
        if private is not None:
            message = await self._send_direct(int(private[1]), reply)
        else:
            message = await self._send_comment(comment_place(reply), reply)
        return SendResult((await self._people.name([message]))[0])

    async def _send_direct(self, peer: int, reply: OutgoingReply) -> Message:
        number = random_id(reply.key)
        if (found := await self._already_sent(peer, number)) is not None:
            return found
        params = {
            "group_id": self._group_id, "peer_id": peer, "random_id": number,
            "message": reply.text,
        }  # fmt: skip
        message_id = await self._api.call("messages.send", params, DM_REFUSALS)
        params = {"group_id": self._group_id, "message_ids": message_id}
        answer = as_object(await self._api.call("messages.getById", params), "response")
        sent = next(iter(list_of(answer, "items")), None)
        if sent is None:
            raise Unavailable("messages.getById: VK does not show the message it has taken")
        return direct_message(as_object(sent, "message"), self._group_id)

    async def _already_sent(self, peer: int, random_id: int) -> Message | None:
        """Return our message of that *random_id*: VK itself knows a repetition only for an hour."""
        params = {"group_id": self._group_id, "peer_id": peer, "count": HISTORY_PAGE}
        answer = await self._api.call("messages.getHistory", params, DM_REFUSALS)
        for item in list_of(as_object(answer, "response"), "items"):
            if isinstance(item, dict) and item.get("random_id") == random_id and item.get("out"):
                return direct_message(item, self._group_id)
        return None

    async def _send_comment(self, place: CommentPlace, reply: OutgoingReply) -> Message:
        api = self._api if place.kind is WALL else self._user
        if api is None:
            raise SendRefused(
                "VK lets only a user answer here; give the account a user_token or answer in VK."
            )
        params = comment_params(place, reply, self._group_id)
        answer = await api.call(place.kind.method, params, COMMENT_REFUSALS)
        stack = answer.get("parents_stack") if isinstance(answer, dict) else None
        written = {
            "id": answer.get("comment_id") if isinstance(answer, dict) else answer,
            "date": unix(self._clock.now()), "from_id": -self._group_id, "text": reply.text,
            place.kind.owner_key: place.owner, place.kind.below_key: place.below,
            "parents_stack": stack or [place.root], "reply_to_comment": place.answered,
        }  # fmt: skip
        return comment_of(place.kind, written, self._group_id, self._clock.now())

    # Check and close

    async def check(self) -> AccountCheck:
        """Ask for the community's name, the token's rights, and which events are switched on."""
        own = {"group_id": self._group_id}
        groups = groups_of(await self._api.call("groups.getById", own))
        name = community(as_object(next(iter(groups), None), "group")).name
        told = await self._api.call("groups.getTokenPermissions", {})
        rights = {
            right.get("name")
            for right in list_of(as_object(told, "response"), "permissions")
            if isinstance(right, dict)
        }
        events = await self._enabled_events()
        wall = await self._wall_trouble() if Stream.COMMENTS in self._settings.streams else ""
        checks: dict[Stream, Callable[[], StreamCheck]] = {
            Stream.DIRECT_MESSAGES: partial(_check_messages, rights, events),
            Stream.COMMENTS: partial(_check_comments, rights, events, wall),
            Stream.MENTIONS: _check_mentions,
        }
        return AccountCheck(
            f"{name} (club{self._group_id})", [checks[each]() for each in self._settings.streams]
        )

    async def _enabled_events(self) -> frozenset[str] | None:
        """Return the events that the long poll delivers, or None where it is off or closed."""
        try:
            params = {"group_id": self._group_id}
            answer = await self._api.call("groups.getLongPollSettings", params)
        except PermissionMissing:
            return None
        settings = as_object(answer, "response")
        if not settings.get("is_enabled"):
            return None
        events = as_object(settings.get("events"), "events")
        return frozenset(name for name, on in events.items() if on)

    async def _wall_trouble(self) -> str:
        """Return why the wall cannot be read back, or "" where it can."""
        if self._service is None:
            return "there is no service_token to read the wall back"
        try:
            await self._read_wall("wall.get", {"owner_id": -self._group_id, "count": 1})
        except (OperatorError, UnexpectedPayload) as error:
            return f"the wall cannot be read back: {error}"
        return ""

    async def close(self) -> None:
        """Give back connections and threads, whatever is under way."""
        apis = [api for api in (self._api, self._service, self._user) if api is not None]
        await asyncio.gather(self._long_poll.close(), *(api.close() for api in apis))


def _optional(token: Secret | None, words: str, settings: Settings) -> Api | None:
    return None if token is None else Api(vk_api.VkApi, token, words, settings)


_LONG_POLL_OFF = "switch on the Long Poll API in VK: Manage, API usage, Long Poll API"


def _missing_events(events: frozenset[str] | None, *wanted: str) -> str:
    """Return what to switch on so that the long poll tells of *wanted*, or ""."""
    if events is None:
        return _LONG_POLL_OFF
    missing = [name for name in wanted if name not in events]
    return f"switch on the long-poll events {', '.join(missing)}" if missing else ""


def _check_messages(rights: set[Any], events: frozenset[str] | None) -> StreamCheck:
    """Messages can be read without the long poll, only later; without the right, not at all."""
    if "messages" not in rights:
        text = "the community token lacks the right 'messages'; make one that has it"
        return StreamCheck(Stream.DIRECT_MESSAGES, ok=False, text=text)
    text = _missing_events(events, "message_new", "message_reply", "message_edit")
    return StreamCheck(Stream.DIRECT_MESSAGES, ok=True, text=text)


def _check_comments(
    rights: set[Any], events: frozenset[str] | None, wall_trouble: str
) -> StreamCheck:
    """Comments come by the long poll, or at least those on the wall by the service token."""
    changes = ("new", "edit", "delete", "restore")
    off = _missing_events(events, *(f"wall_reply_{change}" for change in changes))
    told = events is not None and "wall_reply_new" in events
    mute = "" if "wall" in rights else "the community token lacks the right 'wall' to answer"
    text = "; ".join(filter(None, (off, wall_trouble, mute)))
    return StreamCheck(Stream.COMMENTS, ok=told or not wall_trouble, text=text)


def _check_mentions() -> StreamCheck:
    text = "VK shows mentions to a user token alone, and they are not read yet; leave them out"
    return StreamCheck(Stream.MENTIONS, ok=False, text=text)
