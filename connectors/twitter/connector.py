"""The port's connector for X: which sources there are, and who does what with them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from connectors.twitter import api as calls
from connectors.twitter.direct import read_dm_events
from connectors.twitter.found import as_answer
from connectors.twitter.payloads import snowflake
from connectors.twitter.posts import read_posts
from connectors.twitter.queries import brand_queries
from connectors.twitter.reading import Reader, Windows
from connectors.twitter.sending import sent
from connectors.twitter.verifying import verified
from connectors.twitter.walk import Stretch
from connectors.twitter.weighing import weight
from inboxd import connector as port
from inboxd import errors
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from connectors.twitter.settings import Settings
    from inboxd.clock import Clock
    from inboxd.model import Unknown

_LEGACY_DMS_ONLY = "X shows apps no encrypted chats: who moved to them cannot be seen here"
_BUDGET_MISSING = "no monthly_read_budget is set: nothing stops the reads but X's own cap"
_RENEWALS = {
    False: "these keys do not expire; after a change of the app's permissions make new ones",
    True: "the token is renewed by itself; its refresh token is kept in token_file alone",
}


class Connector(port.Connector):
    """One X account."""

    network: ClassVar[str] = "twitter"

    def __init__(self, settings: Settings, clock: Clock, ledger: port.Ledger | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._api = calls.Api(settings, clock, ledger or port.Ledger(clock))
        self._windows = Windows()
        self._reader = Reader(settings, clock, self._api, self._windows)

    def sources(self) -> Sequence[port.Source]:
        """
        Return own posts first, so that what was answered already raises no alarm.

        What only adds to the mentions comes last: it is the first to wait when reads run short.
        Conversations follow what all before them brought, which another process would not know.
        """
        streams = self._settings.streams
        wanted = [port.Source(stream.value, frozenset({stream})) for stream in streams]
        wanted.sort(key=lambda source: source.name in calls.SEARCHES)
        if not {Stream.MENTIONS, Stream.SEARCH} & set(streams):
            return wanted
        own = port.Source(calls.OWN_POSTS, frozenset())
        if Stream.MENTIONS not in streams or not self._settings.follow_conversations:
            return [own, *wanted]
        more = (calls.QUOTES, calls.CONVERSATIONS)
        return [own, *wanted, *(port.Source(name, frozenset()) for name in more)]

    def poll(self, source: str, cursor: port.Cursor | None) -> AsyncIterator[port.Page]:
        """Yield what is new, newest first; a cursor between pages resumes at the next page."""
        return self._reader.poll(source, cursor)

    async def verify(self, known: Sequence[port.Known]) -> AsyncIterator[port.Page]:
        """Look up stored posts; direct messages cannot be, and what is hidden is not gone."""
        async for page in verified(known, self._reader.shop, self._api, self._windows):
            yield page

    def reread(self, item: Unknown) -> port.Page:
        """Read a quarantined post or DM event again."""
        answer = as_answer(item.raw)
        if item.remote_id.startswith("dm:"):
            found = read_dm_events(answer, self._settings.user_id, since_id=-1)
        elif item.remote_id.startswith("tweet:"):
            found = read_posts(answer, self._reader.shop(answer))
        else:
            return port.Page({}, unknown=[item])
        if found.unknown:
            return port.Page({}, unknown=[item])
        return port.Page({}, found.messages, windows=self._windows.news(found))

    @staticmethod
    def length(text: str) -> int:
        """Return the length of a post as X counts it."""
        return weight(text)

    def allowances(self) -> Sequence[port.Allowance]:
        """Return the month's reads and what they and the writes have cost."""
        return self._api.budget.allowances()

    async def send(self, reply: port.OutgoingReply) -> port.SendResult:
        """Post a public reply or a direct message; the result is read like a poll's items."""
        return await sent(reply, self._settings.user_id, self._api)

    async def check(self) -> port.AccountCheck:
        """Ask who the keys belong to, and try each stream with a request that costs next to none."""
        me = await self._api.me()
        identity = f"{me.get('name')} (@{me.get('username')}, {me.get('id')})"
        us, streams = self._settings.user_id, self._settings.streams
        renewal = _RENEWALS[self._settings.has_oauth_2]
        if me.get("id") != us:
            wrong = f"the keys belong to {identity}, not to user_id {us}"
            checks = [port.StreamCheck(stream, ok=False, text=wrong) for stream in streams]
        else:
            handle = str(me.get("username"))
            checks = [await self._try(stream, handle) for stream in streams]
        return port.AccountCheck(identity, checks, renewal=renewal)

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        await self._api.close()

    async def _try(self, stream: Stream, handle: str) -> port.StreamCheck:
        just_now = snowflake(self._clock.now() - timedelta(minutes=1))
        query = (
            brand_queries(self._settings.brand_words, handle)[0] if stream is Stream.SEARCH else ""
        )
        try:
            await self._api.probe(stream.value, Stretch(just_now, query=query, by_time=True))
        except (errors.PermissionMissing, errors.NetworkError, errors.UnexpectedPayload) as error:
            return port.StreamCheck(stream, ok=False, text=str(error))
        notes = [_LEGACY_DMS_ONLY] if stream is Stream.DIRECT_MESSAGES else []
        if stream is Stream.MENTIONS:
            notes += await self._unsearchable(handle)
            notes += [_BUDGET_MISSING] if self._settings.monthly_read_budget is None else []
        return port.StreamCheck(stream, ok=True, text="; ".join(notes))

    async def _unsearchable(self, handle: str) -> list[str]:
        """Return what is missed where mentions can be read and not searched for."""
        if not self._settings.follow_conversations:
            return []
        try:
            await self._api.probe_search(handle)
        except (errors.PermissionMissing, errors.NetworkError, errors.UnexpectedPayload) as error:
            missed = "quotes, and replies that do not name the account, cannot be read"
            without = "without a plan that has search, set follow_conversations = false"
            return [f"{missed} ({without}): {error}"]
        return []
