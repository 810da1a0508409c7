"""Promises of everything that speaks over a line: what a bad one does to it, and what it tells."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import resource
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from connectors import vk
from inboxd.clock import ManualClock
from inboxd.errors import OutcomeUnknown, SinkRefused, Unavailable
from tests.contract import bad_line, vk_shop
from tests.contract.bad_line import (
    CANARY,
    CAPTIVE,
    CONNECTORS,
    HALF_JSON,
    SLACK,
    Withheld,
    all_try,
    heart_beats,
    mail_speaks,
    refreshing,
    says,
    serving,
)

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 6.0
"""Seconds that no call may exceed: a limit of one, what VK adds to it, and a busy machine."""
TRANSIENT = (Unavailable, OutcomeUnknown, Withheld)


@pytest.fixture
def web(tmp_path: Path) -> tuple[Any, ...]:
    """Everything that speaks HTTP."""
    folder = tmp_path / "tokens"
    folder.mkdir()
    return (*CONNECTORS, refreshing(folder), *SLACK, heart_beats)


def memory() -> int:
    """Return the most megabytes that this process has ever taken."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.parametrize(
    "answer",
    [
        bad_line.never,
        bad_line.drip_head,
        bad_line.drip_body,
        bad_line.reset_in_body,
        bad_line.not_http,
        bad_line.endless_head,
        bad_line.endless_body,
        bad_line.gzip_bomb,
    ],
    ids=lambda answer: answer.__name__,
)
async def test_no_answer_ends_in_time_within_bounds_and_without_a_secret(
    web: tuple[Any, ...], answer: Any
) -> None:
    """Whatever the other side does, a call is over soon, takes little memory, and may be repeated."""
    before = memory()
    speakers = web if answer is bad_line.gzip_bomb else (*web, mail_speaks)
    async with serving(answer) as server:
        found = await all_try(speakers, server.url)
    wrong = {
        name: each.words for name, each in found.items() if not isinstance(each.error, TRANSIENT)
    }
    # The body of a good status is nothing that a dead-man's switch waits for.
    wrong.pop("heart_beats", None)
    assert not wrong
    assert {name: each.seconds for name, each in found.items() if each.seconds > LONGEST} == {}
    assert not [name for name, each in found.items() if CANARY in each.told]
    assert memory() - before < 500


@pytest.mark.parametrize("answer", [HALF_JSON, CAPTIVE], ids=["half_json", "captive_portal"])
async def test_nonsense_with_status_200_is_no_answer(web: tuple[Any, ...], answer: Any) -> None:
    """Half a JSON and a hotel's log-in page are neither an empty inbox nor a refused token."""
    async with serving(answer) as server:
        found = await all_try(web[:-1], server.url)
    assert {
        name: each.words for name, each in found.items() if not isinstance(each.error, TRANSIENT)
    } == {}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_nothing_follows_a_redirect(web: tuple[Any, ...], status: int) -> None:
    """Neither a token nor a customer's words go where somebody else points."""
    async with serving(says(200, b"{}")) as other:
        moved = says(status, b"", f"Location: {other.url}/elsewhere?from=us")
        async with serving(moved) as server:
            found = await all_try(web, server.url)
    assert other.heard == []
    assert {
        name: each.words for name, each in found.items() if not isinstance(each.error, TRANSIENT)
    } == {}


async def test_nobody_listening_was_told_nothing(web: tuple[Any, ...]) -> None:
    """It is Unavailable even for what must not be sent twice, and says why."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = await all_try((*web, mail_speaks), f"http://127.0.0.1:{free.getsockname()[1]}")
    assert all(isinstance(each.error, Unavailable | Withheld) for each in found.values())
    assert {name for name, each in found.items() if "127.0.0.1" not in each.told} == set()


# Names


async def test_a_name_that_nobody_knows_is_said_to_be_one(
    web: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS that is gone is told from a server that is gone; and when it is back, so are we."""
    known: dict[str, str] = {}
    resolve = socket.getaddrinfo

    def asked(host: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if not name.endswith(".example"):
            return resolve(host, *rest, **more)
        if name not in known:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return resolve(known[name], *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    async with serving(HALF_JSON) as server:
        url = f"http://api.shop.example:{server.port}"
        found = await all_try((*web, mail_speaks), url)
        said = "the name api.shop.example cannot be resolved"
        assert {name for name, each in found.items() if said not in each.told} == set()
        assert all(isinstance(each.error, Unavailable | Withheld) for each in found.values())
        assert server.heard == []
        known["api.shop.example"] = "127.0.0.1"
        await all_try(web, url)
        assert len(server.heard) >= len(web)


async def test_a_host_with_an_address_of_version_6_alone_is_reached(web: tuple[Any, ...]) -> None:
    """By its number in brackets, in everything that can be configured."""
    async with serving(HALF_JSON, "::1") as server:
        url = f"http://[::1]:{server.port}"
        await all_try((*web, mail_speaks), url)
    assert len(server.heard) >= len(web) + 1


# TLS


def context_for(authority: trustme.CA, *names: str, **facts: Any) -> ssl.SSLContext:
    """Return what a server shows a certificate with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names, **facts).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(params=["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def trusted(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    authority: trustme.CA,
) -> None:
    """Let the environment name the authority, in either way."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv(request.param, str(tmp_path / "ca.pem"))


@pytest.mark.usefixtures("trusted")
async def test_an_authority_of_the_operators_own_is_trusted_by_all(
    web: tuple[Any, ...], authority: trustme.CA
) -> None:
    """One variable of the environment means the same to every library."""
    async with serving(HALF_JSON, tls=context_for(authority, "localhost")) as server:
        found = await all_try((*web, mail_speaks), f"https://localhost:{server.port}")
    assert [name for name, each in found.items() if "certificate" in each.told] == []
    assert len(server.heard) >= len(web) + 1


NINE_DAYS = dt.timedelta(days=9)
BEGAN = dt.datetime(2020, 1, 1)  # noqa: DTZ001 - trustme takes a naive one


@pytest.mark.parametrize("fault", ["expired", "another_name", "unknown_authority", "no_tls"])
async def test_broken_tls_is_told_as_that_with_the_host_and_no_secret(
    web: tuple[Any, ...],
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fault: str,
) -> None:
    """It is for a person to mend, but it may mend itself: nobody's token is taken for refused."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    if fault != "unknown_authority":
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    name = "other.example" if fault == "another_name" else "localhost"
    dates = {"not_before": BEGAN, "not_after": BEGAN + NINE_DAYS} if fault == "expired" else {}
    tls = None if fault == "no_tls" else context_for(authority, name, **dates)
    async with serving(HALF_JSON if tls else bad_line.no_tls, tls=tls) as server:
        found = await all_try((*web, mail_speaks), f"https://localhost:{server.port}")
    words = "localhost does not speak TLS" if fault == "no_tls" else "the certificate of localhost"
    # Mail has said so all along, and asks for a person at once.
    mail = found.pop("mail_speaks")
    assert isinstance(mail.error, Unavailable if fault == "no_tls" else SinkRefused)
    assert {name: each.words for name, each in found.items() if words not in each.told} == {}
    assert all(isinstance(each.error, Unavailable | Withheld) for each in found.values())
    assert not [name for name, each in found.items() if CANARY in each.told]


# Proxies


class Proxy:
    """A forward proxy of the test's own, that wants a password."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tunnel, or answer in the other side's place."""
        head = await bad_line.read_request(reader)
        self.asked.append(head)
        if b"proxy-authorization: basic " not in head.lower():
            writer.write(b"HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n")
        elif head.startswith(b"CONNECT "):
            port = int(head.split()[1].rpartition(b":")[2])
            there = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Go\r\n\r\n")
            try:
                await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))
            finally:
                there[1].close()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{")
        await writer.drain()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while some := await reader.read(65_536):
        writer.write(some)
        await writer.drain()
    writer.close()


PASSWORD = "pr0xy-p4ss%2Fw0rd"


@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_a_proxy_with_a_password_is_used_by_all(
    web: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """Also one that is written without http://, as curl takes it."""
    proxy = Proxy()
    async with serving(proxy.answer) as server:
        monkeypatch.setenv("HTTP_PROXY".lower(), f"{scheme}us:{PASSWORD}@127.0.0.1:{server.port}")
        found = await all_try(web, "http://api.shop.example")
    assert len(proxy.asked) >= len(web)
    assert not any(b"127.0.0.1" in head.split(b"\r\n")[0] for head in proxy.asked)
    told = "".join(each.told for each in found.values())
    assert "p4ss" not in told
    assert "cannot be resolved" not in told


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_tls_goes_through_a_proxy_end_to_end(
    web: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, scheme: str
) -> None:
    """The proxy, itself over TLS or not, sees the host, and neither a path nor a token."""
    proxy = Proxy()
    tls = context_for(authority, "api.shop.example")
    own = context_for(authority, "localhost") if scheme == "https" else None
    async with serving(HALF_JSON, tls=tls) as there, serving(proxy.answer, tls=own) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://us:{PASSWORD}@localhost:{server.port}")
        found = await all_try(web, f"https://api.shop.example:{there.port}")
    assert len(there.heard) >= len(web), {name: each.words for name, each in found.items()}
    assert all(head.startswith(b"CONNECT api.shop.example") for head in proxy.asked)
    assert not any(CANARY.encode() in head for head in proxy.asked)


async def test_a_proxy_that_is_dead_or_refuses_is_said_to_be_the_trouble(
    web: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looks for it at the network; and its password is not told."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://us:{PASSWORD}@127.0.0.1:{port}")
        dead = await all_try(web, "https://api.shop.example")
    async with serving(Proxy().answer) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
        refusing = await all_try(web, "https://api.shop.example")
    for found in (dead, refusing):
        assert {
            name: e.words for name, e in found.items() if "environment's proxy" not in e.words
        } == {}
        assert all(isinstance(each.error, Unavailable | Withheld) for each in found.values())
        assert not any("p4ss" in each.told for each in found.values())
    assert all("407" in each.told for each in refusing.values())


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "ftp://proxy", "http://[::1", "://"])
async def test_a_proxy_that_cannot_be_used_is_not_gone_around(
    web: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """Where an operator wants a proxy, the tokens do not go without one."""
    async with serving(HALF_JSON) as server:
        monkeypatch.setenv("http_proxy", proxy)
        found = await all_try(web, server.url)
    assert server.heard == []
    assert all(isinstance(each.error, Unavailable | Withheld) for each in found.values())


async def test_no_proxy_exempts_a_host_for_all(
    web: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And mail never takes one: SMTP knows none."""
    async with serving(HALF_JSON) as server:
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1")
        await all_try((*web, mail_speaks), server.url)
    assert len(server.heard) >= len(web) + 1


async def test_a_drip_through_a_proxy_ends_in_time(
    web: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time limit is one whichever way the answer takes."""
    async with serving(bad_line.drip_body) as server:
        monkeypatch.setenv("http_proxy", server.url)
        found = await all_try(web, "http://api.shop.example")
    assert {name: each.seconds for name, each in found.items() if each.seconds > LONGEST} == {}


async def test_no_netrc_gets_between_a_token_and_its_network(
    web: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Somebody's passwords for other programs go to nobody, and keep no request from going."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password n3trc-pw\n")
    monkeypatch.setenv("NETRC", str(netrc))
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await bad_line.read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{")
        await writer.drain()

    async with serving(answer) as server:
        await all_try(web, server.url)
    assert len(heard) >= len(web)
    assert not any(b"authorization: basic c29tZWJvZHk6" in head.lower() for head in heard)


# What the matrix above cannot show


async def test_slack_is_not_read_beyond_any_answer_of_slacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A long body that comes quickly is left as well, compressed or not."""
    monkeypatch.setattr("inboxd.notify.slack_api.LARGEST_ANSWER", 1_000)
    long = b'{"ok": true, "channel": "C1", "ts": "1.2", "padding": "' + b"x" * 2_000 + b'"}'
    squeezed = says(200, gzip.compress(long), "Content-Encoding: gzip", kind="application/json")
    for answer in (says(200, long, kind="application/json"), squeezed):
        async with serving(answer) as server:
            found = await all_try(SLACK[:-1], server.url)
        assert {
            name for name, each in found.items() if "no answer from Slack" not in each.words
        } == set()


async def test_a_mail_server_that_is_slow_in_each_step_is_slow_in_all() -> None:
    """The limit is one step's; a server that keeps just below it has a few of them."""

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 slow\r\n")
        says_of = {b"EHLO": b"250-slow\r\n250 AUTH PLAIN\r\n", b"AUTH": b"235 ok\r\n"}
        while line := await reader.readline():
            await asyncio.sleep(0.9)
            writer.write(says_of.get(line[:4].upper(), b"250 ok\r\n"))
            await writer.drain()

    async with serving(slow) as server:
        found = await bad_line.ended(mail_speaks(server.url, people=4))
    assert isinstance(found.error, TRANSIENT)
    assert "127.0.0.1 took too long over the mail" in found.words
    assert found.seconds < LONGEST


async def test_a_name_that_takes_for_ever_to_look_up_ends_a_call_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread in the resolver cannot be cut off, so VK's is left to it."""
    answered = threading.Event()
    resolve = socket.getaddrinfo

    def asked(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "api.shop.example":
            answered.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    settings = vk_shop.settings_for("http://api.shop.example", timeout="1s")
    connector = vk.Connector(settings, ManualClock(bad_line.NOW))
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match="does not answer in time"):
        await anext(connector.poll("conversations", None))
    took = asyncio.get_running_loop().time() - began
    answered.set()
    await connector.close()
    assert took < LONGEST
