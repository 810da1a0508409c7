"""One VK community: its sources, its replies, its check."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import vk_api

from connectors.vk.boards import Boards, Photos
from connectors.vk.checking import Check
from connectors.vk.conversations import Conversations
from connectors.vk.desk import Desk
from connectors.vk.elsewhere import Mentions, Search
from connectors.vk.listening import Listening
from connectors.vk.memory import Memory
from connectors.vk.people import People
from connectors.vk.replying import Replying
from connectors.vk.rereading import read_again
from connectors.vk.transport import Api
from connectors.vk.verify import Verification
from connectors.vk.wall import Wall
from inboxd import connector as port
from inboxd.connector import Allowance, Page, SendResult, Source
from inboxd.errors import UserError
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from connectors.vk.settings import Settings
    from inboxd.clock import Clock
    from inboxd.connector import AccountCheck, Cursor, Known, OutgoingReply
    from inboxd.model import Unknown


class Connector(port.Connector):
    """
    One VK community.

    Sending is idempotent: a private message for good, a comment within the hour that VK
    remembers its `guid`.
    """

    network = "vk"
    idempotent_sends = True

    def __init__(self, settings: Settings, clock: Clock, ledger: port.Ledger | None = None) -> None:
        """Remember the settings; threads and connections begin with the first call."""
        ledger = ledger or port.Ledger(clock)
        community = Api(
            vk_api.VkApiGroup, settings.token, "community token", settings, ledger, clock
        )
        service, user = (
            None if token is None else Api(vk_api.VkApi, token, words, settings, ledger, clock)
            for token, words in (
                (settings.service_token, "service_token"), (settings.user_token, "user_token")
            )
        )  # fmt: skip
        self._desk = Desk(
            settings, clock, community, service, user, People(community), Memory(settings.group_id)
        )
        self._listening = Listening(self._desk)
        self._polls = {
            "long_poll": self._listening.poll,
            "conversations": Conversations(self._desk).poll,
            "wall": Wall(self._desk).poll,
            "boards": Boards(self._desk).poll,
            "photos": Photos(self._desk).poll,
            "mentions": Mentions(self._desk).poll,
            "search": Search(self._desk).poll,
        }

    def sources(self) -> Sequence[Source]:
        """
        Return the long poll, then what reads back behind it, then what is said elsewhere.

        A stream for which there is no token has no source; the check says so.
        """
        desk, wanted = self._desk, frozenset(self._desk.settings.streams)
        none = frozenset[Stream]()
        private, comments = wanted & {Stream.DIRECT_MESSAGES}, wanted & {Stream.COMMENTS}
        read_back = comments if desk.reader is not None else none
        found = [
            Source("long_poll", private | comments),
            Source("conversations", private, reads_back="long_poll"),
            Source("wall", read_back, reads_back="long_poll"),
            Source("boards", read_back if desk.settings.boards else none, reads_back="long_poll"),
            Source("photos", comments if desk.user is not None else none, reads_back="long_poll"),
            Source("mentions", wanted & {Stream.MENTIONS} if desk.user is not None else none),
            Source("search", wanted & {Stream.SEARCH} if desk.reader is not None else none),
        ]
        return [source for source in found if source.streams]

    def poll(self, source: str, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Yield what is new in *source*; each has a cursor of its own kind."""
        if source not in self._polls:
            raise UserError(f"VK has no source {source!r}; there are: {', '.join(self._polls)}")
        return self._polls[source](cursor or {})

    def verify(self, known: Sequence[Known]) -> AsyncIterator[Page]:
        """Look stored messages up again, each with the token that can."""
        return Verification(self._desk).run(known)

    def reread(self, item: Unknown) -> Page:
        """Read a quarantined item once more."""
        desk = self._desk
        return read_again(item, desk.group_id, desk.clock.now(), desk.memory)

    def allowances(self) -> Sequence[Allowance]:
        """Return how much is used of the daily limits that VK has published."""
        reader, wanted = self._desk.reader, self._desk.settings.streams
        methods = {
            "wall.get": {Stream.COMMENTS, Stream.MENTIONS, Stream.SEARCH},
            "newsfeed.search": {Stream.SEARCH},
        }
        if reader is None:
            return ()
        return [
            reader.quota.allowance(method)
            for method, streams in methods.items() if streams.intersection(wanted)
        ]  # fmt: skip

    async def send(self, reply: OutgoingReply) -> SendResult:
        """Write a private message or a comment as the community."""
        return SendResult(await Replying(self._desk).send(reply))

    async def check(self) -> AccountCheck:
        """Ask for the community's name, the tokens' rights, and which events are switched on."""
        return await Check(self._desk).run()

    async def close(self) -> None:
        """Give back connections and threads, whatever is under way."""
        desk = self._desk
        apis = [api for api in (desk.community, desk.service, desk.user) if api is not None]
        await asyncio.gather(self._listening.long_poll.close(), *(api.close() for api in apis))
