"""Somebody else's account on X: what mentions it and what it replies, found by search."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from connectors.twitter.api import SEARCH, Api
from connectors.twitter.keys import AppOnly
from connectors.twitter.payloads import as_string, checked_id, entities_of, known_in
from connectors.twitter.posts import Shop
from connectors.twitter.reading import BACK, Reader, Windows
from connectors.twitter.settings import Settings
from inboxd import errors
from inboxd import public as port
from inboxd.connector import Ledger
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from connectors.twitter.settings import Watched
    from connectors.twitter.walk import Stretch, Walk
    from inboxd.clock import Clock
    from inboxd.connector import Allowance, Cursor, Page
    from inboxd.model import Json

_UNKNOWN: Final = "0"
"""The number of nobody, until the account's own is known."""


class PublicReader(port.PublicReader):
    """
    One account.

    It has a budget of its own, in its own ledger: what is read of others never takes from what
    may be read of us.
    """

    network: ClassVar[str] = "twitter"

    def __init__(
        self,
        settings: Watched,
        clock: Clock,
        ledger: Ledger | None = None,
        ours: Ledger | None = None,  # noqa: ARG002 - X counts by the app, far above what this takes
    ) -> None:
        account = settings.as_an_account(
            Settings,
            streams=(Stream.MENTIONS,),
            user_id=settings.user_id or _UNKNOWN,
            reply_rule="any",
        )
        keys = AppOnly(settings.bearer_token) if settings.bearer_token else None
        self._watched = settings
        self._api = Api(account, clock, ledger or Ledger(clock), keys, names=False)
        self._reader = _Reader(settings, account, clock, self._api)

    async def poll(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Yield what is new, newest first; a cursor between pages resumes at the next page."""
        async for page in self._reader.poll(SEARCH, cursor):
            # Whether we could answer is not our concern.
            yield replace(page, windows=())

    def allowances(self) -> Sequence[Allowance]:
        """Return the month's reads of this account, and what they have cost."""
        return self._api.budget.allowances()

    async def check(self) -> port.PublicCheck:
        """Look the account up, and search for what cannot be there, which costs nothing."""
        handle = self._watched.handle
        user = await self._api.user_called(handle)
        identity = f"{user.get('name')} (@{user.get('username')}, {user.get('id')})"
        if self._watched.user_id not in {None, user.get("id")}:
            raise errors.OperatorError(f"@{handle} is {identity}: correct its user_id")
        await self._api.probe_search(handle)
        most = self._watched.monthly_read_budget
        return port.PublicCheck(identity, f"at most {most:,} posts a month, ${most * 0.005:,.2f}")

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        await self._api.close()


class _Reader(Reader):
    """Reads the one search that finds what customers ask an account, and what it answers."""

    def __init__(self, watched: Watched, account: Settings, clock: Clock, api: Api) -> None:
        super().__init__(account, clock, api, Windows())
        self._account = account
        self._api = api
        self._handle = watched.handle
        self._number = watched.user_id or _UNKNOWN

    def shop(self, answer: Json) -> Shop:
        """Return whose posts are answers."""
        if self._number == _UNKNOWN:
            self._number = number_in(answer, self._handle) or _UNKNOWN
        return Shop(self._number, self._handle, summoned_only=False)

    async def _begun(self, source: str, walk: Walk, now: datetime) -> Walk:
        account = self._account
        bound = walk.bound(now, account.overlap, account.backfill, BACK[source])
        return walk.begun([replace(bound, query=query_of(self._handle))], now)

    async def _asked(self, source: str, stretch: Stretch, paid: range) -> Json:
        answer = await super()._asked(source, stretch, paid)
        # Without its number nobody could tell an answer from a question.
        if answer.get("data") and self.shop(answer).us == _UNKNOWN:
            user = await self._api.user_called(self._handle)
            try:
                self._number = checked_id(user.get("id"))
            except ValueError as error:
                text = f"X does not tell the number of @{self._handle}"
                raise errors.UnexpectedPayload(text, raw=user) from error
        return answer


def query_of(handle: str) -> str:
    """Return the query for what mentions an account, and what it replies; not its own posts."""
    return f"(@{handle} OR to:{handle} OR (from:{handle} is:reply)) -is:retweet"


def number_in(answer: Json, handle: str) -> str:
    """Return the number of *handle* as a post names it somewhere, "" if none does."""
    wanted = handle.lower()
    mentions = (
        mention for post in known_in(answer)["tweets"].values()
        for mention in entities_of(post, "mentions")
    )  # fmt: skip
    numbers = (
        as_string(each.get("id"))
        for each in mentions if as_string(each.get("username")).lower() == wanted
    )  # fmt: skip
    return next((number for number in numbers if number.isdecimal()), "")
