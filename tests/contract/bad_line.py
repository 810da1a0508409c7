"""Servers as bad as lines get, on loopback, and everything of ours that speaks over one."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import socket
import struct
import traceback
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from structlog.testing import capture_logs

from connectors import facebook, twitter, vk
from connectors.vk.long_poll import LongPoll
from inboxd.clock import ManualClock, SystemClock
from inboxd.config import EmailSettings, HeartbeatSettings, SlackSettings
from inboxd.errors import InboxdError
from inboxd.health import Health
from inboxd.model import Alert, Tone
from inboxd.notify import Delivery, build
from inboxd.notify.slack_api import WebApi, careful_session
from inboxd.notify.slack_socket import Socket
from inboxd.workers.heartbeat import Heartbeat
from tests.contract import facebook_shop, vk_shop
from tests.contract.stage import WIRINGS

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

NOW = datetime(2026, 11, 20, 9, 13, tzinfo=UTC)
LIMIT = timedelta(seconds=1)
"""The time limit of every speaker; VK's adds two seconds to end a socket in."""
CANARY = "CaNaRy-secret-9f3e"
ALERT = Alert(
    key="case:17/first/50%", thread="case:17", reason="warning", tone=Tone.WARNING,
    headline="Half of the time is gone", created_at=NOW,
)  # fmt: skip

Answer = "Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]"


# What a server may do to whoever calls


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Return the head of a request, "" if there is none."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
        return b""


async def never(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept, and say nothing for ever."""
    await asyncio.Event().wait()


async def drip_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begin to answer, a byte now and then."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 10_000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def drip_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer, with a body of which a byte comes now and then."""
    await read_request(reader)
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
    )
    for _ in range(9_999):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def reset_in_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection in the middle of an answer."""
    await read_request(reader)
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )
    await writer.drain()
    await asyncio.sleep(0.05)
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def not_http(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak another protocol."""
    writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    await writer.drain()


async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a TLS greeting for a broken request, as a web server on the wrong port does."""
    await reader.read(1_000)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with headers without an end."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(1_000_000):
        writer.write(b"X-%d: %s\r\n" % (number, b"y" * 1_000))
        await writer.drain()


async def endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with a body without an end."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


_BOMB = gzip.compress(b" " * (1 << 30), 9)


async def gzip_bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with a megabyte that is a gigabyte."""
    await read_request(reader)
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: %d\r\n\r\n" % len(_BOMB)
    )
    writer.write(_BOMB)
    await writer.drain()


def says(status: int, body: bytes, *headers: str, kind: str = "text/html") -> Any:
    """Return what answers every request with the same."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        lines = (
            f"HTTP/1.1 {status} Whatever",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *headers,
        )
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


HALF_JSON = says(200, b'{"response": {"items": [', kind="application/json")
CAPTIVE = says(200, b"<html><body>Welcome to Hotel Wifi! Please log in.</body></html>")


@dataclass
class Served:
    """A server, and what it was told."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, by number."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(
    answer: Any, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Served]:
    """Let *answer* deal with every connection, for as long as the block runs."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.heard.append(b"")
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(ConnectionError, asyncio.CancelledError):
            await answer(reader, writer)
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(connected, host, 0, ssl=tls, limit=1 << 20)
    served = Served(server.sockets[0].getsockname()[1])
    try:
        yield served
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# Who speaks


@dataclass(frozen=True, slots=True)
class Ended:
    """How one attempt to speak went: what was told of it, and how long it took."""

    error: Exception | None
    told: str
    seconds: float

    @property
    def words(self) -> str:
        """What a person reads of it."""
        return f"{type(self.error).__name__}: {self.error}"


async def ended(act: Awaitable[object]) -> Ended:
    """Try something, and return how it ended; also by an error that is none of ours."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    error: Exception | None = None
    try:
        async with asyncio.timeout(15):
            await act
    except Exception as raised:  # noqa: BLE001 - the test looks which
        error = raised
    seconds = loop.time() - began
    told = "".join(traceback.format_exception(error)) if error else ""
    return Ended(error, told, seconds)


async def _polled(connector: Any, source: str) -> None:
    try:
        async for _page in connector.poll(source, None):
            pass
    finally:
        await connector.close()


async def vk_speaks(url: str) -> None:
    """VK, by vk_api on requests, in a thread."""
    settings = vk_shop.settings_for(url, token=CANARY, timeout=LIMIT)
    await _polled(vk.Connector(settings, ManualClock(NOW)), "conversations")


async def long_poll_speaks(url: str) -> None:
    """VK's long poll, whose key is a secret."""
    settings = vk_shop.settings_for(url, token=CANARY, timeout=LIMIT)
    connector = vk.Connector(settings, ManualClock(NOW))
    poll = LongPoll(connector._listening.long_poll._api, settings)
    poll._place = (f"{url}/wh", CANARY)
    try:
        await poll.listen("1")
    finally:
        await poll.close()
        await connector.close()


async def facebook_speaks(url: str) -> None:
    """Graph."""
    settings = facebook_shop.settings(url, token=CANARY, timeout=LIMIT)
    await _polled(facebook.Connector(settings, ManualClock(NOW)), "conversations")


def _on_x(url: str, **keys: Any) -> Any:
    wiring = dict(WIRINGS["twitter"].settings) | {"streams": ["mentions"]}
    own = {
        name: value
        for name, value in wiring.items()
        if not name.endswith(("key", "token", "secret"))
    }
    settings = {"name": "shop-x", "network": "twitter", "api_base": url, "timeout": LIMIT}
    return twitter.Connector(twitter.Settings(**settings, **own, **keys), ManualClock(NOW))


async def x_speaks(url: str) -> None:
    """X, by tweepy, with OAuth 1.0a."""
    keys = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    await _polled(_on_x(url, **dict.fromkeys(keys, CANARY)), "mentions")


def refreshing(folder: Path) -> Callable[[str], Awaitable[None]]:
    """Exchange an OAuth 2.0 refresh token."""
    numbers = itertools.count()

    async def x_refreshes(url: str) -> None:
        file = folder / f"x-{next(numbers)}.json"
        keys = dict.fromkeys(("client_id", "client_secret", "refresh_token"), CANARY)
        await _polled(_on_x(url, **keys, token_file=file), "mentions")

    return x_refreshes


def _slack(url: str, **changes: Any) -> Any:
    settings = SlackSettings.model_validate(
        {"name": "support", "type": "slack", "api_base": f"{url}/api/", "timeout": LIMIT, **changes}
    )
    return build(settings, ManualClock(NOW), ZoneInfo("UTC"))


async def webhook_speaks(url: str) -> None:
    """A webhook, whose address is a secret."""
    await _slack(url, webhook_url=SecretStr(f"{url}/services/T0/B0/{CANARY}")).deliver(
        Delivery.of(ALERT)
    )


async def bot_speaks(url: str) -> None:
    """A bot's post."""
    await _slack(url, token=SecretStr(CANARY), channel="C01").deliver(Delivery.of(ALERT))


async def bot_reads(url: str) -> None:
    """A bot's look for what it may have posted."""
    await _slack(url, token=SecretStr(CANARY), channel="C01").find(Delivery.of(ALERT))


async def socket_asks(url: str) -> None:
    """Socket Mode's question for an address."""
    await _socket(url).check()


async def socket_connects(url: str) -> None:
    """Socket Mode's connection to the address that it was given, which is a secret."""
    given = f"{url.replace('http', 'ws', 1)}/link/?ticket={CANARY}"

    async def address() -> str:
        return given

    speaker = _socket(url)
    speaker._address = address  # type: ignore[method-assign]
    async with careful_session("support") as session:
        await speaker._connected(session)


def _socket(url: str) -> Socket:
    api = WebApi("support", SecretStr(CANARY), f"{url}/api/", LIMIT, ManualClock(NOW))
    return Socket("support", api, LIMIT, SystemClock())


async def mail_speaks(url: str, people: int = 1) -> None:
    """SMTP, with a password, to so many *people*."""
    host, _, port = url.rpartition("/")[2].rpartition(":")
    settings = EmailSettings.model_validate(
        {
            "name": "lead", "type": "email", "host": host.strip("[]"), "port": int(port),
            "security": "tls" if url.startswith("https") else "none", "sender": "inboxd@shop.example",
            "to": [f"lead{number}@shop.example" for number in range(people)], "username": "inboxd", "password": SecretStr(CANARY),
            "timeout": LIMIT,
        }
    )  # fmt: skip
    await build(settings, ManualClock(NOW), ZoneInfo("UTC")).deliver(Delivery.of(ALERT))


class Withheld(InboxdError):
    """What the heartbeat logs, as an error."""


async def heart_beats(url: str) -> None:
    """The dead-man's switch, whose address is a secret."""
    settings = HeartbeatSettings(url=SecretStr(f"{url}/ping/{CANARY}"), timeout=LIMIT)

    async def well() -> Health:
        return Health(NOW, NOW)

    with capture_logs() as lines:
        taken = await Heartbeat(settings, well).beat()
    if not taken:
        raise Withheld(str(lines[0]))


Speaker = "Callable[[str], Awaitable[None]]"
CONNECTORS = (vk_speaks, long_poll_speaks, facebook_speaks, x_speaks)
SLACK = (webhook_speaks, bot_speaks, bot_reads, socket_asks, socket_connects)


def names_of(speakers: Sequence[Any]) -> list[str]:
    """Return what the speakers are called."""
    return [speaker.__name__ for speaker in speakers]


async def all_try(speakers: Sequence[Any], url: str) -> dict[str, Ended]:
    """Let all *speakers* speak to *url* at once, and return how each ended."""
    found = await asyncio.gather(*(ended(speaker(url)) for speaker in speakers))
    return dict(zip(names_of(speakers), found, strict=True))
