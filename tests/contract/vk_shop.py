"""A shop on the simulated VK for the contract tests, and a VK that answers what it is told to."""

from __future__ import annotations

import traceback
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.vk import Connector, Settings
from inboxd.clock import ManualClock
from inboxd.connector import Known, Ledger, OutgoingReply, Page
from inboxd.errors import InboxdError
from inboxd.simulator import vk
from inboxd.simulator.faults import Faults, RequestLog
from inboxd.simulator.vk.protocol import DAILY
from inboxd.simulator.world import Item, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from inboxd.connector import Cursor
    from inboxd.model import Message
    from inboxd.simulator.people import Person

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
GROUP = 123456
WALL = -GROUP
SECRETS = (vk.COMMUNITY_TOKEN, vk.SERVICE_TOKEN, vk.USER_TOKEN)
SOURCES = ("long_poll", "conversations", "wall")


@dataclass
class Shop:
    """A connector, the simulated VK that it speaks to, and the cursors that were kept."""

    connector: Connector
    settings: Settings
    world: World
    faults: Faults
    log: RequestLog
    clock: ManualClock
    refusals: dict[int, int]
    ledger: Ledger
    cursors: dict[str, Cursor] = field(default_factory=dict)

    @property
    def customer(self) -> Person:
        """Somebody who writes to the shop."""
        return self.world.people[0]

    def ahead(self, **duration: float) -> datetime:
        """Let time pass; the keywords are timedelta's. Return what time it is then."""
        self.clock.advance(timedelta(**duration))
        return self.clock.now()

    def dm(self, text: str, author: Person | None = None, **facts: Any) -> Item:
        """Let a customer write a private message, now."""
        facts.setdefault("sent_at", self.clock.now())
        return self.world.add("vk", "dm", text, author=author or self.customer, **facts)

    def post(self, text: str = "Завоз!") -> Item:
        """Let the shop post on its wall, now."""
        return self.world.add("vk", "post", text, sent_at=self.clock.now())

    def comment(self, on: Item, text: str, author: Person | None = None, **facts: Any) -> Item:
        """Let a customer comment on a post or answer a comment, now."""
        facts.setdefault("sent_at", self.clock.now())
        return self.world.reply(on.serial, text, author=author or self.customer, **facts)

    async def pages(self, source: str) -> list[Page]:
        """Poll *source* from its kept cursor, and keep the new one."""
        found = [page async for page in self.connector.poll(source, self.cursors.get(source))]
        self.cursors[source] = found[-1].cursor
        return found

    async def poll(self, *sources: str) -> dict[str, Message]:
        """Poll *sources*, or all there are; return what they brought, by its text."""
        names = sources or [source.name for source in self.connector.sources()]
        pages = [page for source in names for page in await self.pages(source)]
        assert not [unknown for page in pages for unknown in page.unknown]
        return {message.text: message for page in pages for message in page.messages}

    def reply(self, to: Message, text: str, key: str = "reply-1") -> OutgoingReply:
        """Return an answer to *to*."""
        return OutgoingReply(
            key=key,
            thread_id=to.thread_id,
            stream=to.stream,
            text=text,
            parent_id=to.remote_id,
            recipient=to.author,
            sent_after=to.sent_at,
        )

    def calls(self, endpoint: str) -> int:
        """Return how often VK was asked for *endpoint*."""
        return len(self.log.of("vk", endpoint))


def settings_for(url: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "name": "shop-vk",
        "network": "vk",
        "group_id": GROUP,
        "token": vk.COMMUNITY_TOKEN,
        "service_token": vk.SERVICE_TOKEN,
        "streams": ("direct_messages", "comments"),
        "timeout": "20s",
        "api_base": url,
    }
    return Settings.model_validate(values | changes)


@asynccontextmanager
async def canned(
    answers: Mapping[str, Callable[[Mapping[str, str]], Any]], **changes: Any
) -> AsyncIterator[Connector]:
    """
    Yield a connector whose VK gives the *answers* that the simulator has no reason to give.

    By method, from the parameters to the `response` or the whole answer; a long poll is "listen".
    """

    async def call(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        answer = answers[request.match_info["name"]](form)
        if isinstance(answer, web.Response):
            return answer
        return web.json_response({"response": answer})

    async def listen(request: web.Request) -> web.Response:
        return web.json_response(answers["listen"](request.query))

    app = web.Application()
    app.router.add_post("/method/{name}", call)
    app.router.add_get("/listen", listen)
    async with TestServer(app) as server:
        address = {"server": str(server.make_url("/listen")), "key": "k", "ts": "1"}
        given = {"users.get": lambda _form: [], "groups.getLongPollServer": lambda _form: address}
        answers = {**given, **answers}
        url = str(server.make_url(""))
        connector = Connector(settings_for(url, **changes), ManualClock(START))
        yield connector
        await connector.close()


def told_once(*updates: object) -> Callable[[Mapping[str, str]], Any]:
    """Return a long poll that tells *updates* behind ts 1, and nothing behind them."""
    return lambda query: {"ts": "2", "updates": list(updates) if query["ts"] == "1" else []}


def message_event(event_id: str, kind: str = "message_new", **facts: Any) -> dict[str, Any]:
    """Return an event of a private message."""
    message = {
        "id": 1, "conversation_message_id": 1, "peer_id": 5, "from_id": 5, "date": 1, "out": 0,
    }  # fmt: skip
    return {"type": kind, "event_id": event_id, "object": {"message": message | facts}}


@asynccontextmanager
async def open_shop(daily: Mapping[str, int] = DAILY, **changes: Any) -> AsyncIterator[Shop]:
    """Yield a shop whose clock stands still."""
    clock, world, faults, log = ManualClock(START), World(7), Faults(), RequestLog()
    refusals: dict[int, int] = {}
    app = vk.app(world, faults, log, clock.now, refusals=refusals, daily=daily)
    async with TestServer(app, handler_cancellation=True) as server:
        settings, ledger = settings_for(str(server.make_url("")), **changes), Ledger(clock)
        connector = Connector(settings, clock, ledger)
        yield Shop(connector, settings, world, faults, log, clock, refusals, ledger)
        await connector.close()


def known(message: Message, *, deleted: bool = False) -> Known:
    """Return what the store knows of *message*."""
    return Known(
        message.remote_id, message.thread_id, message.stream, message.direction, message.sent_at,
        message.parent_id, deleted,
    )  # fmt: skip


def told_of(error: BaseException) -> str:
    """Return everything that a log could show of *error* and of all that hangs on it."""
    seen: list[str] = []
    link: BaseException | None = error
    while link is not None:
        seen += [str(link), repr(link), repr(link.args), repr(vars(link))]
        link = link.__cause__ or link.__context__
    frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "\n".join([*seen, *frames.format()])


async def failure(work: Awaitable[Any]) -> InboxdError:
    """Return the error that *work* ends with, after a look for secrets in it."""
    with pytest.raises(InboxdError) as caught:
        await work
    told = told_of(caught.value)
    assert not [secret for secret in SECRETS if secret in told]
    return caught.value
