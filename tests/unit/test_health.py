"""Promises to monitors: they are answered in time, told what is so, and strangers are told nothing."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from inboxd import health
from inboxd.config import Address
from inboxd.health import Health, Kept, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TOKEN = "a-token-of-the-monitor's"


@dataclass
class Answers:
    """Pages that say what they are told to."""

    standing: Health = field(default_factory=lambda: Health(NOW, NOW))
    text: bytes = b"inboxd_ready 1\n"
    error: Exception | None = None

    def live(self) -> bool:
        """Return what health says."""
        return self.standing.live

    async def health(self) -> Health:
        """Return what is set."""
        return self.standing

    async def metrics(self) -> bytes:
        """Return or raise what is set."""
        if self.error:
            raise self.error
        return self.text


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str


class Asking:
    """A monitor that asks one server."""

    def __init__(self, client: aiohttp.ClientSession, address: Address) -> None:
        self._client = client
        self.address = address

    async def __call__(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """Ask for *path*."""
        url = f"http://{self.address.host}:{self.address.port}{path}"
        async with self._client.request(method, url, headers=headers) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.text())

    async def raw(self, sent: bytes) -> str:
        """Send what may be no HTTP, and return what comes back."""
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return answer.decode()


@asynccontextmanager
async def asking(pages: Answers, token: str = "") -> AsyncIterator[Asking]:
    address = Address("127.0.0.1", unused_port())
    async with serve(address, pages, token), aiohttp.ClientSession() as client:
        yield Asking(client, address)


# What is said ------------------------------------------------------------------------------


async def standing(health: Health) -> tuple[int, int, dict[str, object]]:
    """Return what /healthz and /readyz answer when the daemon knows *health* of itself."""
    async with asking(Answers(health)) as ask:
        live, ready = await ask("/healthz"), await ask("/readyz")
        return live.status, ready.status, json.loads(ready.body)


async def test_a_daemon_that_sees_and_speaks_is_live_and_ready() -> None:
    """Nothing wrong, two 200s."""
    assert await standing(Health(NOW, NOW)) == (200, 200, {"ready": True, "problems": []})


async def test_a_blind_account_makes_the_daemon_unready_but_not_dead() -> None:
    """A restart would not help: only readiness is lost, and the answer says why."""
    live, ready, body = await standing(Health(NOW, NOW, ("shop-vk is not read",)))
    assert (live, ready) == (200, 503)
    assert body == {"ready": False, "problems": ["shop-vk is not read"]}


@pytest.mark.parametrize("ticked_at", [None, NOW - timedelta(minutes=1)])
async def test_a_daemon_whose_tick_stands_still_is_dead(ticked_at: datetime | None) -> None:
    """A process that answers but does nothing must be restarted."""
    live, ready, _ = await standing(Health(ticked_at, NOW))
    assert (live, ready) == (503, 503)


async def test_metrics_are_answered_as_prometheus_reads_them() -> None:
    """With the type of the text format, which every version knows."""
    async with asking(Answers()) as ask:
        answer = await ask("/metrics")
    assert (answer.status, answer.body) == (200, "inboxd_ready 1\n")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_a_port_that_is_taken_is_an_error() -> None:
    """Two daemons on one port: the second says so instead of running unwatched."""
    async with asking(Answers()) as ask:
        with pytest.raises(OSError, match="address already in use"):
            async with serve(ask.address, Answers()):
                pass


# Who is told -------------------------------------------------------------------------------


async def test_without_the_token_nothing_is_told_but_that_it_lives() -> None:
    """A load balancer needs no secret; everybody else does, whatever they ask for."""
    async with asking(Answers(), TOKEN) as ask:
        assert (await ask("/healthz")).status == 200
        wrong = ("", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN)
        for path in ("/readyz", "/metrics", "/", "/unknown"):
            for authorization in wrong:
                answer = await ask(path, Authorization=authorization)
                assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
                assert "inboxd_ready" not in answer.body
        for authorization in (f"Bearer {TOKEN}", f"bearer  {TOKEN}"):
            assert (await ask("/metrics", Authorization=authorization)).status == 200
            assert (await ask("/readyz", Authorization=authorization)).status == 200


async def test_only_what_there_is_is_answered_and_only_to_be_read() -> None:
    """Other paths are not found, other methods not allowed; HEAD is GET without the body."""
    async with asking(Answers()) as ask:
        for path in ("/", "/metrics/", "/readyz/x", "/../etc/passwd", "/HEALTHZ"):
            assert (await ask(path)).status == 404
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            answer = await ask("/readyz", method)
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
        head = await ask("/metrics", "HEAD")
        assert (head.status, head.body) == (200, "")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"BREW /metrics\r\n\r\n",
    ],
)
async def test_no_answer_tells_what_the_server_is_made_of(
    sent: bytes, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a version nor a traceback, also not in the log, whatever strangers send."""
    async with asking(Answers()) as ask:
        answer = await ask.raw(sent)
    assert answer.startswith("HTTP/1.")
    assert "\nServer: inboxd\r\n" in answer
    assert not any(word in answer.lower() for word in ("python", "aiohttp", "traceback"))
    assert "Traceback" not in caplog.text + "".join(capsys.readouterr())


async def test_an_answer_that_crashes_is_our_log_and_not_theirs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever asks learns that it failed, and the next one is answered."""
    pages = Answers(error=RuntimeError("secret words"))
    async with asking(pages) as ask:
        answer = await ask("/metrics")
        assert (await ask("/healthz")).status == 200
    assert answer.status == 500
    assert "secret words" not in answer.body
    assert "secret words" in capsys.readouterr().out


async def test_who_connects_and_says_nothing_keeps_nobody_out_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each connection takes a file of the daemon's, which needs them to reach its networks."""
    monkeypatch.setattr(health, "_LONGEST_CONNECTION", 0.5)
    async with asking(Answers()) as ask:
        idle = [await asyncio.open_connection(*ask.address) for _ in range(60)]
        began = asyncio.get_running_loop().time()
        refused = [reader for reader, _ in idle[-10:]]
        assert await asyncio.gather(*(reader.read() for reader in refused)) == [b""] * 10
        assert asyncio.get_running_loop().time() - began < 0.4
        assert await asyncio.gather(*(reader.read() for reader, _ in idle)) == [b""] * 60
        assert (await ask("/healthz")).status == 200
        for _, writer in idle:
            writer.close()


# How often, and how long -------------------------------------------------------------------


class Question:
    """Something that is costly to find, and counts how often it was looked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer = asyncio.Event()
        self.answer.set()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        """Count, wait, and answer."""
        self.asked += 1
        await self.answer.wait()
        if self.error:
            raise self.error
        return self.asked


async def test_a_hundred_who_ask_cost_no_more_than_one() -> None:
    """At once, or one after the other within the time for which an answer is kept."""
    question = Question()
    kept = Kept(question, seconds=60)
    assert await asyncio.gather(*(kept.get() for _ in range(100))) == [1] * 100
    for _ in range(100):
        await kept.get()
    assert question.asked == 1


async def test_an_answer_is_not_kept_for_long() -> None:
    """What was so a moment ago is asked anew."""
    kept = Kept(Question(), seconds=0.01)
    assert await kept.get() == 1
    await asyncio.sleep(0.02)
    assert await kept.get() == 2


async def test_what_does_not_come_is_given_up_in_time_and_asked_once() -> None:
    """Whoever asks meanwhile waits no longer than their patience; the answer comes when it comes."""
    question = Question()
    question.answer.clear()
    kept = Kept(question, patience=0.01)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await kept.get()
    question.answer.set()
    assert await kept.get() == question.asked == 1


async def test_an_error_is_an_answer() -> None:
    """It is kept as well: what cannot be had is not asked for a hundred times a second."""
    question = Question()
    question.error = OSError("no")
    kept = Kept(question, seconds=60)
    for _ in range(3):
        with pytest.raises(OSError, match="no"):
            await kept.get()
    assert question.asked == 1


async def test_an_error_that_comes_too_late_is_no_mystery(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asked has gone; nothing is left of it that asyncio would complain of."""
    question = Question()
    question.answer.clear()
    question.error = OSError("no")
    kept = Kept(question, patience=0.01)
    with pytest.raises(TimeoutError):
        await kept.get()
    question.answer.set()
    await asyncio.sleep(0.01)
    del kept
    gc.collect()
    assert caplog.records == []


async def test_metrics_that_are_not_there_in_time_are_an_honest_no() -> None:
    """Prometheus counts the scrape as failed, and the log has no traceback of it."""
    async with asking(Answers(error=TimeoutError())) as ask:
        assert (await ask("/metrics")).status == 503


async def test_what_is_under_way_ends_with_the_daemon() -> None:
    """A stop does not wait for what is still being looked for."""
    question = Question()
    question.answer.clear()
    kept = Kept(question, patience=0.01)
    with pytest.raises(TimeoutError):
        await kept.get()
    await asyncio.wait_for(kept.close(), 1)


async def test_an_address_of_version_6_is_listened_at() -> None:
    """``[::1]:8787``, on a machine that may have no other."""
    port = unused_port()
    async with (
        serve(Address("::1", port), Answers()),
        aiohttp.ClientSession() as client,
        client.get(f"http://[::1]:{port}/healthz") as answer,
    ):
        assert answer.status == 200
