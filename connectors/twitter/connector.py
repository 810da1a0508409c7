"""The port's connector for X: which sources there are, and how they are read and answered."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from tweepy.asynchronous import AsyncClient

from connectors.twitter.failures import Failure, read_error, send_error
from connectors.twitter.messages import (
    Found,
    direct_message,
    public_message,
    read_dm_events,
    read_tweets,
)
from connectors.twitter.payloads import ID, as_object, checked_id, known_in, snowflake
from connectors.twitter.transport import Transport
from connectors.twitter.walk import Walk
from inboxd import connector as port
from inboxd import errors
from inboxd.model import Json, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence

    from connectors.twitter.settings import Settings
    from inboxd.clock import Clock

MENTIONS, OWN_POSTS, DIRECT_MESSAGES = "mentions", "own_posts", "direct_messages"
_TWEET_FIELDS = (
    "attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,entities,"
    "in_reply_to_user_id,note_tweet,referenced_tweets"
)
_DM_FIELDS = "attachments,created_at,dm_conversation_id,entities,event_type,id,sender_id,text"
_MEDIA = {"media_fields": "alt_text,preview_image_url,type,url"}
_USERS = {"user_fields": "name,public_metrics,username"}
_TWEETS = {"tweet_fields": _TWEET_FIELDS, "max_results": 100, **_MEDIA}
_QUERIES: Mapping[str, Mapping[str, object]] = {
    MENTIONS: {**_TWEETS, **_USERS, "expansions": "author_id,attachments.media_keys"},
    # Without authors: an author may cost ten times what a post does, and here it is always us.
    OWN_POSTS: {**_TWEETS, "exclude": "retweets", "expansions": "attachments.media_keys"},
    # A poll sees a whole page of old events, each paid for once a day: a smaller page.
    DIRECT_MESSAGES: {
        **_USERS, **_MEDIA, "dm_event_fields": _DM_FIELDS, "max_results": 50,
        "expansions": "sender_id,attachments.media_keys",
    },
}  # fmt: skip


class Connector(port.Connector):
    """One X account. tweepy's user_auth stays off throughout: the transport signs."""

    network: ClassVar[str] = "twitter"

    def __init__(self, settings: Settings, clock: Clock, ledger: port.Ledger | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger or port.Ledger(clock)
        self._us = settings.user_id
        self._transport = Transport(settings)
        self._client = AsyncClient(return_type=dict)
        self._client.session = self._transport

    def sources(self) -> Sequence[port.Source]:
        """Return own posts first, so that what was answered already raises no alarm."""
        streams = self._settings.streams
        found = [port.Source(OWN_POSTS, frozenset())] if Stream.MENTIONS in streams else []
        return [*found, *(port.Source(stream.value, frozenset({stream})) for stream in streams)]

    async def poll(self, source: str, cursor: port.Cursor | None) -> AsyncIterator[port.Page]:
        """Yield what is new, newest first; a cursor between pages resumes at the next page."""
        walk = Walk.begin(cursor, self._clock.now(), self._settings)
        told: set[str] = set()
        asked: set[str] = set()
        first = True
        while first or walk.token is not None:
            try:
                answer = await self._fetch(source, walk)
            except Failure as failure:
                now = self._clock.now()
                again = walk.restarted(failure, now, self._settings) if first else None
                if again is None:
                    raise read_error(failure, now) from failure
                walk = again
                continue
            first = False
            found = self._read(source, answer, walk)
            # An older page must not overrule what a newer one said of a thread.
            windows = [window for thread, window in found.windows.items() if thread not in told]
            told |= found.windows.keys()
            note = "; ".join(filter(None, (walk.note, found.note)))
            walk = walk.after(answer, is_dm=source == DIRECT_MESSAGES)
            if walk.token is not None:
                if walk.token in asked:
                    raise errors.UnexpectedPayload("X's pages go in a circle")
                asked.add(walk.token)
            yield port.Page(walk.cursor(), found.messages, found.unknown, windows, note=note)

    async def send(self, reply: port.OutgoingReply) -> port.SendResult:
        """Post a public reply or a direct message; the result is read like a poll's items."""
        item: dict[str, Any] = {"text": html.escape(reply.text, quote=False)}
        if reply.stream is Stream.DIRECT_MESSAGES:
            conversation = reply.thread_id.removeprefix("dm:")
            item |= {"sender_id": self._us, "dm_conversation_id": conversation}
            item["id"] = await self._deliver(
                "dm_event_id",
                self._client.create_direct_message(
                    text=reply.text, user_auth=False, **_addressee(conversation, self._us)
                ),
            )
            return port.SendResult(direct_message(item, self._us, known_in({})))
        _space, conversation, customer = reply.thread_id.split(":")
        parent = (reply.parent_id or "").removeprefix("tweet:")
        if not ID.fullmatch(parent):
            raise errors.SendRefused("there is no post to reply to; answer in the X app")
        post = self._client.create_tweet(
            text=reply.text, in_reply_to_tweet_id=parent, user_auth=False
        )
        item |= {"author_id": self._us, "conversation_id": conversation}
        item["referenced_tweets"] = [{"type": "replied_to", "id": parent}]
        item["id"] = await self._deliver("id", post)
        return port.SendResult(public_message(item, customer, self._us, known_in({})))

    async def _deliver(self, name: str, call: Awaitable[Json]) -> str:
        """Return the id that X gave what was sent, told in the answer under *name*."""
        try:
            answer = await call
            return checked_id(as_object(answer.get("data")).get(name))
        except Failure as failure:
            raise send_error(failure, self._clock.now()) from failure
        except ValueError as error:
            raise errors.OutcomeUnknown("X took the reply but told no id of it") from error

    async def check(self) -> port.AccountCheck:
        """Ask who the keys belong to, and try each stream with a request that costs next to none."""
        answer = await self._ask(self._client.get_me(user_auth=False))
        me = as_object(answer.get("data"))
        identity = f"{me.get('name')} (@{me.get('username')}, {me.get('id')})"
        if me.get("id") != self._us:
            wrong = f"the keys belong to {identity}, not to user_id {self._us}"
            return port.AccountCheck(
                identity,
                [
                    port.StreamCheck(stream, ok=False, text=wrong)
                    for stream in self._settings.streams
                ],
            )
        return port.AccountCheck(
            identity, [await self._try(stream) for stream in self._settings.streams]
        )

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        await self._transport.close()

    async def _try(self, stream: Stream) -> port.StreamCheck:
        just_now = self._clock.now() - timedelta(minutes=1)
        walk = Walk(snowflake(just_now), just_now)
        try:
            await self._ask(self._fetch(stream.value, walk, max_results=5))
        except (errors.PermissionMissing, errors.NetworkError, errors.UnexpectedPayload) as error:
            return port.StreamCheck(stream, ok=False, text=str(error))
        is_dm = stream is Stream.DIRECT_MESSAGES
        return port.StreamCheck(stream, ok=True, text=_LEGACY_DMS_ONLY if is_dm else "")

    async def _ask(self, call: Awaitable[Json]) -> Json:
        try:
            return await call
        except Failure as failure:
            raise read_error(failure, self._clock.now()) from failure

    async def _fetch(self, source: str, walk: Walk, **more: object) -> Json:
        query = {**_QUERIES[source], **walk.params(), **more}
        answer: Json
        if source == DIRECT_MESSAGES:
            del query["start_time" if walk.by_time else "since_id"]
            answer = await self._client.get_direct_message_events(user_auth=False, **query)
        elif source == OWN_POSTS:
            answer = await self._client.get_users_tweets(self._us, **query)
        else:
            answer = await self._client.get_users_mentions(self._us, **query)
        return answer

    def _read(self, source: str, answer: Json, walk: Walk) -> Found:
        if source == DIRECT_MESSAGES:
            return read_dm_events(answer, self._us, since_id=walk.since_id)
        summoned_only = self._settings.reply_rule == "summoned"
        return read_tweets(answer, self._us, summoned_only=summoned_only)


_LEGACY_DMS_ONLY = "X shows apps no encrypted chats: who moved to them cannot be seen here"


def _addressee(conversation: str, us: str) -> dict[str, str]:
    """Return whom a DM goes to: the other one of two ("{smaller}-{larger}"), or a whole group."""
    ends = conversation.split("-")
    if len(ends) == 2 and us in ends:
        return {"participant_id": ends[1] if ends[0] == us else ends[0]}
    return {"dm_conversation_id": conversation}
