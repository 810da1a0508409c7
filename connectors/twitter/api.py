"""The calls to X that inboxd makes, by way of tweepy: what each asks for, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tweepy.asynchronous import AsyncClient

from connectors.twitter.budget import DMS, LINKS, MEANWHILE, REPLIES, WRITTEN, Budget
from connectors.twitter.failures import Failure, read_error, send_error
from connectors.twitter.payloads import as_object, as_objects, as_string, checked_id
from connectors.twitter.transport import Transport
from connectors.twitter.walk import NOTHING
from inboxd import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping, Sequence

    from connectors.twitter.keys import Keys
    from connectors.twitter.settings import Settings
    from connectors.twitter.walk import Stretch
    from inboxd.clock import Clock
    from inboxd.connector import Ledger
    from inboxd.model import Json

MENTIONS, OWN_POSTS, DIRECT_MESSAGES = "mentions", "own_posts", "direct_messages"
CONVERSATIONS, QUOTES, SEARCH = "conversations", "quotes", "search"
SEARCHES = frozenset({CONVERSATIONS, QUOTES, SEARCH})
"""What X's search finds: less surely, at five times the price, and so first to be left out."""

ENDPOINTS: Mapping[str, str] = {
    MENTIONS: "GET /2/users/{id}/mentions",
    OWN_POSTS: "GET /2/users/{id}/tweets",
    DIRECT_MESSAGES: "GET /2/dm_events",
    **dict.fromkeys(SEARCHES, "GET /2/tweets/search/recent"),
}
_SEARCH_REFUSED = f"{ENDPOINTS[SEARCH]}, refused"
_SEARCH_AGAIN = timedelta(hours=6)
_TWEET_FIELDS = (
    "attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,entities,"
    "in_reply_to_user_id,note_tweet,referenced_tweets,reply_settings"
)
_DM_FIELDS = (
    "attachments,created_at,dm_conversation_id,entities,event_type,id,referenced_tweets,"
    "sender_id,text"
)
_MEDIA = {"media_fields": "alt_text,preview_image_url,type,url"}
_USERS = {"user_fields": "name,public_metrics,username"}
_POSTS = {"tweet_fields": _TWEET_FIELDS, **_MEDIA}
# The names of authors come along: looking up those not seen before by themselves would save
# a customer's second day ($0.010), and cost each page another call that can fail.
_WITH_AUTHORS = {**_POSTS, **_USERS, "expansions": "author_id,attachments.media_keys"}
# Without authors: an author may cost ten times what a post does, and here it is always us.
_OURS = {**_POSTS, "expansions": "attachments.media_keys"}
_EVENTS = {
    **_USERS, **_MEDIA, "dm_event_fields": _DM_FIELDS,
    "expansions": "sender_id,attachments.media_keys",
}  # fmt: skip
_FULL_PAGE, _SMALLEST, _SMALLEST_SEARCH = 100, 5, 10
_FIRST_EVENTS = 20
"""A poll sees a page of old DM events, each paid for once a day: the first is a small one."""
MOST_IDS = 100
_LINK = re.compile(r"https?://\S+|\b[\w-]+\.(?:com|net|org|shop|ru|ua|de|io|co)\b", re.IGNORECASE)


class Api:
    """
    One account's calls. tweepy's user_auth stays off throughout: the transport signs.

    Without *names* a search brings posts alone, and not who wrote them.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        ledger: Ledger,
        keys: Keys | None = None,
        *,
        names: bool = True,
    ) -> None:
        self._us = settings.user_id
        self._clock = clock
        self._ledger = ledger
        self._summoned = settings.reply_rule == "summoned"
        meanwhile = MEANWHILE if names else "nothing is read"
        self.budget = Budget(settings.monthly_read_budget, ledger, clock, meanwhile)
        self._transport = Transport(settings, clock, ledger, keys)
        self._found_with = _WITH_AUTHORS if names else _OURS
        self._client = AsyncClient(return_type=dict)
        self._client.session = self._transport
        self.known_handle = ""
        """The account's @handle without the @, as soon as X has told it."""

    def wait_for_turn(self, source: str) -> None:
        """See that reading *source* anew now leaves enough for later; raises Spared."""
        self._transport.wait_for_turn(ENDPOINTS[source])

    @property
    def lacks_search(self) -> bool:
        """Whether X refused to search not long ago."""
        return self._ledger.rests_until(_SEARCH_REFUSED) is not None

    def note_no_search(self) -> None:
        """Remember that X refuses to search; a plan may change, and asking again is free."""
        self._ledger.rest(_SEARCH_REFUSED, self._clock.now() + _SEARCH_AGAIN)

    async def page(self, source: str, stretch: Stretch, paid: range = NOTHING) -> Json:
        """
        Return the next page of *stretch*; raises Failure, and BudgetSpent before asking.

        Items with an id in *paid* were read today before: X charges for each once a day.
        """
        self.budget.demand(optional=source in SEARCHES)
        if source == DIRECT_MESSAGES:
            return await self._events(stretch, paid)
        least = _SMALLEST_SEARCH if source in SEARCHES else _SMALLEST
        query = {**stretch.params(), "max_results": self.budget.size(_FULL_PAGE, least)}
        answer: Json
        if source == MENTIONS:
            answer = await self._client.get_users_mentions(self._us, **query, **_WITH_AUTHORS)
        elif source == OWN_POSTS:
            answer = await self._client.get_users_tweets(
                self._us, exclude="retweets", **query, **_OURS
            )
        else:
            # Recent search pages with next_token, which is the one that tweepy knows there.
            query["next_token"] = query.pop("pagination_token")
            answer = await self._client.search_recent_tweets(
                stretch.query, **query, **self._found_with
            )
        self.budget.took(answer, owned=source not in SEARCHES, paid=paid)
        return answer

    async def _events(self, stretch: Stretch, paid: range) -> Json:
        first = not stretch.by_time and not stretch.token
        size = self.budget.size(_FIRST_EVENTS if first else _FULL_PAGE, 1)
        answer: Json = await self._client.get_direct_message_events(
            user_auth=False,
            max_results=size,
            pagination_token=stretch.token or None,
            **_EVENTS,
        )
        self.budget.took_events(answer, paid=paid)
        return answer

    async def probe(self, source: str, stretch: Stretch) -> None:
        """Ask for next to nothing of *source*, to see whether X allows it."""
        if source in SEARCHES:
            call = self._client.search_recent_tweets(stretch.query, max_results=_SMALLEST_SEARCH)
        elif source == DIRECT_MESSAGES:
            call = self._client.get_direct_message_events(user_auth=False, max_results=1)
        else:
            query = {"start_time": stretch.params()["start_time"], "max_results": _SMALLEST}
            call = self._client.get_users_mentions(self._us, **query)
        answer = await self._read(call)
        if source == DIRECT_MESSAGES:
            self.budget.took_events(answer)
        else:
            self.budget.took(answer, owned=source not in SEARCHES)

    async def probe_search(self, handle: str) -> None:
        """Search for what cannot be there, which costs nothing, to see whether the plan allows it."""
        query = f"conversation_id:1 from:{handle}"
        await self._read(self._client.search_recent_tweets(query, max_results=_SMALLEST_SEARCH))

    async def posts(
        self, ids: Iterable[str], *, authors: bool = False, optional: bool = True
    ) -> Json:
        """Return up to 100 posts by id; those that are not there are `errors` beside the rest."""
        self.budget.demand(optional=optional)
        query = _WITH_AUTHORS if authors else _OURS
        try:
            answer: Json = await self._client.get_tweets(list(ids), **query)
        except Failure as failure:
            # A 200 with errors alone: nothing of what was asked for is there.
            found = as_object(failure.problem)
            if failure.status != 404 or not as_objects(found.get("errors")):
                raise read_error(failure, self._clock.now()) from failure
            return {"errors": found["errors"]}
        self.budget.took(answer)
        return answer

    async def me(self) -> Json:
        """Return the user the keys belong to."""
        answer = await self._read(self._client.get_me(user_auth=False))
        user = as_object(answer.get("data"))
        self.budget.took_user(str(user.get("id")))
        if user.get("id") == self._us:
            self.known_handle = as_string(user.get("username"))
        return user

    async def user_called(self, handle: str) -> Json:
        """Return somebody else by their @handle; it is paid for like any user."""
        self.budget.demand(optional=True)
        answer = await self._read(self._client.get_user(username=handle, user_auth=False))
        user = as_object(answer.get("data"))
        self.budget.took({"includes": {"users": [user]}})
        return user

    async def handle(self) -> str:
        """Return the account's @handle without the @, which no more than one call a day pays for."""
        if self.known_handle:
            return self.known_handle
        self.budget.demand(optional=True)
        me = await self.me()
        if me.get("id") != self._us:
            raise errors.PermissionMissing("the keys belong to another account than user_id")
        if not (handle := as_string(me.get("username"))):
            raise errors.UnexpectedPayload("X does not tell the account's name", raw=me)
        return handle

    async def create_post(self, text: str, parent: str) -> str:
        """Reply to *parent* and return the new post's id."""
        call = self._client.create_tweet(text=text, in_reply_to_tweet_id=parent, user_auth=False)
        sent = await self._sent("id", call)
        if _LINK.search(text):
            self.budget.wrote(LINKS)
        else:
            self.budget.wrote(REPLIES if self._summoned else WRITTEN)
        return sent

    async def create_message(self, text: str, to: Mapping[str, str]) -> str:
        """Write a direct message and return the new event's id."""
        call = self._client.create_direct_message(text=text, user_auth=False, **to)
        sent = await self._sent("dm_event_id", call)
        self.budget.wrote(DMS)
        return sent

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        await self._transport.close()

    async def _read(self, call: Awaitable[Any]) -> Json:
        try:
            answer: Json = await call
        except Failure as failure:
            raise read_error(failure, self._clock.now()) from failure
        return answer

    async def _sent(self, name: str, call: Awaitable[Any]) -> str:
        """Return the id that X gave what was sent, told in the answer under *name*."""
        try:
            answer = await call
            return checked_id(as_object(answer.get("data")).get(name))
        except Failure as failure:
            raise send_error(failure, self._clock.now()) from failure
        except ValueError as error:
            raise errors.OutcomeUnknown("X took the reply but told no id of it") from error


def batches(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    """Yield *ids* in parts that one lookup takes."""
    for start in range(0, len(ids), MOST_IDS):
        yield ids[start : start + MOST_IDS]
