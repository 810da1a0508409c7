"""Promises about a daemon whose line goes bad: told in time, once, and afterwards nothing is missing."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from inboxd.simulator.people import NETWORKS
from tests.end_to_end.shop import ACCOUNTS, Shop, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GENERAL = 'blind_after = 3\nalert_to = ["night"]'
BAD = ("reset", "hang", "nonsense")
SOURCES_OF_ALL = 8


class Line:
    """A line to a server on loopback, which can be cut in several ways; it counts who comes."""

    def __init__(self, target: str) -> None:
        self._target = int(target.rpartition(":")[2])
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.state = "good"
        self.came: Counter[str] = Counter()
        self.url = ""

    def become(self, state: str) -> None:
        """Be good, or from now on reset, hang, or speak nonsense to whoever comes or is there."""
        self.state = state
        for writer in self._open:
            _reset(writer)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Listen for as long as the block runs."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        self.came[self.state] += 1
        with suppress(ConnectionError, asyncio.CancelledError):
            await self._serve(reader, writer)
        self._open.discard(writer)
        self._tasks.discard(task)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.state == "reset":
            _reset(writer)
        elif self.state == "hang":
            await asyncio.Event().wait()
        elif self.state == "nonsense":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n<html>!")
            await writer.drain()
        else:
            there = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))
            finally:
                there[1].close()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def lines_to(shop: Shop) -> AsyncIterator[list[Line]]:
    """Put a line between the daemon and each network."""
    shop.configure(general=GENERAL)
    text = shop.config.read_text().replace('timeout = "10s"', 'timeout = "2s"')
    async with AsyncExitStack() as stack:
        lines = []
        for network in NETWORKS:
            url = getattr(shop.simulator, f"{network}_url")
            line = Line(url)
            await stack.enter_async_context(line.up())
            text = text.replace(f'"{url}"', f'"{line.url}"')
            lines.append(line)
        shop.config.write_text(text)
        yield lines


@pytest.mark.slow
async def test_a_line_that_goes_bad_is_told_once_and_costs_no_message(shop: Shop) -> None:
    """Each account's blindness and its recovery are one mail each; the log has no traceback."""

    def told(reason: str) -> Counter[str]:
        return Counter(
            thread.removeprefix("account:")
            for (thread,) in shop.rows(
                "SELECT alerts.thread FROM alerts JOIN outbox ON outbox.alert_id = alerts.id "
                "WHERE reason = ? AND state = 'sent'",
                reason,
            )
        )

    everybody = Counter(ACCOUNTS.values())
    async with lines_to(shop) as lines:
        running = await shop.daemon()
        for line, state in zip(lines, BAD, strict=True):
            line.become(state)
        shop.write_everywhere("Where is my order?")
        await until(lambda: told("account_blind") == everybody, "each account to be told as blind")
        await asyncio.sleep(1)
        came = {line.state: line.came[line.state] for line in lines}
        for line in lines:
            line.become("good")
        back = datetime.now(UTC)
        await until(lambda: shop.all_read_since(back), "everything to be read again")
        await until(lambda: told("account_read_again") == everybody, "each recovery to be told")
        await until(lambda: shop.value("SELECT count(*) FROM messages") == 6, "what was written")
        ended = (await running.stop()).expect(0)
    assert told("account_blind") == everybody
    assert shop.leaks() == []
    # Not more often than what is due each second, and a little for what is asked twice.
    assert max(came.values()) < 60, came
    assert ended.err.count("poll failed") <= 2 * SOURCES_OF_ALL, ended.err
