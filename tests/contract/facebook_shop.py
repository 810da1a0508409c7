"""A shop on the simulated Graph API: its Page's world, and a connector that reads it."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.facebook import Connector, Settings
from inboxd.clock import ManualClock
from inboxd.connector import Known, Ledger, OutgoingReply, Page
from inboxd.simulator import facebook
from inboxd.simulator.faults import Call, Faults, RequestLog
from inboxd.simulator.world import Item, World

if TYPE_CHECKING:
    from inboxd.connector import Cursor
    from inboxd.model import Message
    from inboxd.simulator.people import Person

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAGE = "1234567890"
SECRET = "the-app-secret"
EVERYTHING = ("direct_messages", "comments", "mentions", "reviews")


def settings(api_base: str, **changes: Any) -> Settings:
    """Return an account's settings."""
    facts = {
        "name": "shop-fb",
        "network": "facebook",
        "page_id": PAGE,
        "token": facebook.PAGE_TOKEN,
        "streams": EVERYTHING,
        "api_base": api_base,
        "api_version": "v21.0",
        # Without those two a poll asks for nothing but what the test speaks of.
        "ads": False,
        "photos": False,
    }
    return Settings.model_validate({**facts, **changes})


@dataclass
class Found:
    """What looking messages up brought."""

    pages: list[Page]

    @property
    def gone(self) -> set[str]:
        """The ids of what is gone."""
        return {name for page in self.pages for name in page.gone}

    @property
    def messages(self) -> dict[str, Message]:
        """What is there, by id."""
        return {each.remote_id: each for page in self.pages for each in page.messages}

    @property
    def notes(self) -> str:
        """All notes."""
        return " ".join(page.note for page in self.pages if page.note)

    @property
    def closed(self) -> set[str]:
        """The threads that can no longer be answered."""
        return {one.thread_id for page in self.pages for one in page.windows if not one.open}


@dataclass
class Shop:
    """A connector, the simulated Page that it reads, and the cursors that were kept."""

    connector: Connector
    settings: Settings
    world: World
    faults: Faults
    log: RequestLog
    clock: ManualClock
    ledger: Ledger
    details: dict[int, dict[str, Any]]
    """What the world does not know of an item, by serial; see the simulator's app."""
    cursors: dict[str, Cursor] = field(default_factory=dict)
    opened: list[Connector] = field(default_factory=list)

    @property
    def customer(self) -> Person:
        """Somebody who writes to the shop."""
        return self.world.people[0]

    def ago(self, **duration: float) -> datetime:
        """Return the instant that long ago; the keywords are timedelta's."""
        return self.clock.now() - timedelta(**duration)

    def dm(self, text: str, author: Person | None = None, **facts: Any) -> Item:
        """Let a customer write a private message, now."""
        facts.setdefault("sent_at", self.clock.now())
        return self.world.add("facebook", "dm", text, author=author or self.customer, **facts)

    def post(self, text: str = "Neue Ware!", **facts: Any) -> Item:
        """Let the shop, or an *author*, post on the Page, now."""
        facts.setdefault("sent_at", self.clock.now())
        return self.world.add("facebook", "post", text, **facts)

    def comment(self, below: Item, text: str, **facts: Any) -> Item:
        """Let a customer comment, now."""
        facts.setdefault("sent_at", self.clock.now())
        facts.setdefault("author", self.customer)
        return self.world.reply(below.serial, text, **facts)

    def answer(self, to: Item, text: str) -> Item:
        """Let the shop answer with other tools, now."""
        return self.world.reply(to.serial, text, sent_at=self.clock.now())

    async def pages(self, source: str, cursor: Cursor | None = None) -> list[Page]:
        """Poll a source from *cursor*."""
        return [page async for page in self.connector.poll(source, cursor)]

    async def poll(self, source: str) -> list[Message]:
        """Poll a source from where it stands, and return what came."""
        pages = await self.pages(source, self.cursors.get(source))
        # What is kept between polls is JSON.
        self.cursors[source] = json.loads(json.dumps(pages[-1].cursor))
        return [message for page in pages for message in page.messages]

    async def texts(self, source: str) -> list[str]:
        """Poll a source, and return the texts that came."""
        return [message.text for message in await self.poll(source)]

    def mention(self, text: str, author: Person | None = None) -> Item:
        """Let a customer name the shop elsewhere, now."""
        author = author or self.customer
        return self.world.add("facebook", "mention", text, author=author, wall=author,
                              sent_at=self.clock.now())  # fmt: skip

    def review(self, text: str, **facts: Any) -> Item:
        """Let a customer not recommend the shop, now."""
        facts.setdefault("sent_at", self.clock.now())
        return self.world.add("facebook", "review", text, author=self.customer, positive=False,
                              **facts)  # fmt: skip

    def connect(self) -> Connector:
        """Return another connector, as a restart makes one: the ledger is kept."""
        self.connector = Connector(self.settings, self.clock, self.ledger)
        self.opened.append(self.connector)
        return self.connector

    async def verify(self, messages: list[Message], **changes: Any) -> Found:
        """Look messages up that were delivered."""
        known = [known_as(message, **changes) for message in messages]
        return Found([page async for page in self.connector.verify(known)])

    def calls(self, endpoint: str = "*") -> list[Call]:
        """Return the requests that the simulated Page saw."""
        return self.log.of("facebook", endpoint)


def shop_of(
    account: Settings,
    clock: ManualClock,
    world: World,
    faults: Faults,
    log: RequestLog,
    details: dict[int, dict[str, Any]],
) -> Shop:
    """Return a shop with its first connector."""
    ledger = Ledger(clock)
    connector = Connector(account, clock, ledger)
    return Shop(connector, account, world, faults, log, clock, ledger, details, opened=[connector])


def known_as(message: Message, **changes: Any) -> Known:
    """Return a delivered message as the store knows it."""
    facts = {
        "remote_id": message.remote_id,
        "thread_id": message.thread_id,
        "stream": message.stream,
        "direction": message.direction,
        "sent_at": message.sent_at,
        "parent_id": message.parent_id,
    }
    return Known(**{**facts, **changes})


@dataclass
class Opener:
    """Opens shops, and closes them after the test."""

    shops: list[Shop] = field(default_factory=list)
    servers: list[TestServer] = field(default_factory=list)

    async def __call__(self, *, app: dict[str, Any] | None = None, **changes: Any) -> Shop:
        """Return a shop; *app* goes to the simulator and *changes* into the settings."""
        clock, world = ManualClock(START), World(7, customers=40)
        faults, log = Faults(), RequestLog()
        details: dict[int, dict[str, Any]] = {}
        graph = facebook.app(world, faults, log, clock.now, details=details, **(app or {}))
        account = settings(await self.serve(graph), **changes)
        self.shops.append(shop_of(account, clock, world, faults, log, details))
        return self.shops[-1]

    async def serve(self, app: web.Application) -> str:
        """Serve *app* on loopback, and return its origin."""
        server = TestServer(app, handler_cancellation=True)
        self.servers.append(server)
        await server.start_server()
        return str(server.make_url(""))

    async def script(self, *answers: tuple[int, Any], **changes: Any) -> Connector:
        """Return a connector to a server that gives *answers* in order, as JSON or as bytes."""
        waiting = list(answers)

        async def answer(_request: web.Request) -> web.Response:
            status, body = waiting.pop(0)
            if isinstance(body, bytes):
                return web.Response(status=status, body=body)
            return web.json_response(body, status=status)

        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", answer)
        return (await self.reading(app, **changes)).connector

    async def reading(self, app: web.Application, **changes: Any) -> Shop:
        """Return a shop whose connector reads *app* and not the simulator."""
        account = settings(await self.serve(app), **changes)
        clock = ManualClock(START)
        self.shops.append(shop_of(account, clock, World(7), Faults(), RequestLog(), {}))
        return self.shops[-1]

    async def close(self) -> None:
        """Close everything."""
        for shop in self.shops:
            for connector in shop.opened:
                await connector.close()
        for server in self.servers:
            await server.close()


def reply_to(message: Message, text: str = "Guten Tag, wir prüfen das.") -> OutgoingReply:
    """Return an answer to *message*."""
    return OutgoingReply(
        key="reply-1",
        thread_id=message.thread_id,
        stream=message.stream,
        text=text,
        parent_id=message.remote_id,
        recipient=message.author,
        sent_after=message.sent_at,
    )


def secrets_in(error: BaseException) -> list[str]:
    """Return the secrets that an error shows, in its texts or in anything that hangs on it."""
    shown = "".join(traceback.format_exception(error, chain=True)) + repr(error)
    hanging = [error.__cause__, error.__context__]
    shown += "".join(f"{one!r} {one}" for one in hanging)
    return [
        secret for secret in (facebook.PAGE_TOKEN, SECRET, "appsecret_proof") if secret in shown
    ]
