"""Promises about addresses that others give us: what is not asked, whoever says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import trustme
from aiohttp import web
from pydantic import SecretStr

from connectors.facebook import Connector
from inboxd.clock import ManualClock, SystemClock
from inboxd.errors import Unavailable, UnexpectedPayload
from inboxd.notify.slack_api import WebApi
from inboxd.notify.slack_socket import Socket
from tests.contract import bad_line
from tests.contract.bad_line import says, serving
from tests.contract.facebook_shop import Opener, settings
from tests.contract.test_bad_line import context_for
from tests.contract.vk_shop import canned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def open_shop() -> AsyncIterator[Opener]:
    opener = Opener()
    yield opener
    await opener.close()


async def test_the_next_page_is_asked_of_graph_wherever_an_answer_points(
    open_shop: Opener,
) -> None:
    """`paging.next` is an address with the token in it; only its cursor is used."""
    asked: list[str] = []
    async with serving(says(200, b"{}")) as canary:

        async def page(request: web.Request) -> web.Response:
            asked.append(request.query.get("after", ""))
            item = {"id": f"t_{len(asked)}", "updated_time": "2026-03-02T08:00:00+0000"}
            paging = {"cursors": {"after": f"c{len(asked)}"}, "next": f"{canary.url}/next?after=c"}
            more = paging if len(asked) < 3 else {}
            return web.json_response({"data": [item], "paging": more})

        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", page)
        shop = await open_shop()
        connector = Connector(settings(await open_shop.serve(app)), shop.clock)
        shop.opened.append(connector)
        [page async for page in connector.poll("conversations", None)]
    assert {"", "c1"} <= set(asked)
    assert canary.heard == []


@pytest.mark.parametrize(
    "server",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://lp.vk.com/wh1",
        "ftp://lp.vk.com/wh1",
        "file:///etc/passwd",
        "https://",
        "http://[::1",
    ],
)
async def test_the_key_of_the_long_poll_goes_to_nobody_in_the_open(server: str) -> None:
    """VK names the server to listen to; one without TLS is not asked."""
    answers = {"groups.getLongPollServer": lambda _: {"key": "cAnArY", "server": server, "ts": "1"}}
    async with canned(answers) as connector:
        with pytest.raises(UnexpectedPayload, match="not an https one") as raised:
            [page async for page in connector.poll("long_poll", None)]
    assert "cAnArY" not in str(raised.value)


async def test_socket_mode_does_not_leave_tls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever is asked over TLS cannot send us to a connection without it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with serving(bad_line.never) as canary:
        body = json.dumps({"ok": True, "url": f"ws://127.0.0.1:{canary.port}/link"}).encode()
        answer = says(200, body, kind="application/json")
        async with serving(answer, tls=context_for(authority, "localhost")) as server:
            base = f"https://localhost:{server.port}/api/"
            clock = ManualClock(bad_line.NOW)
            api = WebApi("support", SecretStr("xapp-1"), base, bad_line.LIMIT, clock)
            with pytest.raises(Unavailable, match="does not say where to connect"):
                await Socket("support", api, bad_line.LIMIT, SystemClock()).check()
        assert canary.heard == []
