"""Promises about a sink of Apprise's in the real daemon: it is told once, and holds nobody up."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.end_to_end.shop import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.end_to_end.shop import Shop

pytest.importorskip("apprise", reason="needs the extra apprise")

TOKEN = "AbCdEf0123456789zyx"
AT_ONCE = """
first_response = "10m"
steps = [{ at = "0%", to = ["team"] }]
"""


class Receiver:
    """A server that takes what it is told, and can be made to say nothing to that."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.silent = False

    async def take(self, request: web.Request) -> web.Response:
        """Note what is told."""
        self.told.append(json.loads(await request.text()))
        if self.silent:
            await asyncio.sleep(60)
        return web.Response()


@asynccontextmanager
async def told_by(shop: Shop) -> AsyncIterator[Receiver]:
    """Have *shop* tell a server of its own, by a URL in a file."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/" + TOKEN, receiver.take)
    async with TestServer(app) as server:
        shop.configure(AT_ONCE, general='alert_to = ["lead"]\n')
        (shop.folder / "apprise-url").write_text(f"json://127.0.0.1:{server.port}/{TOKEN}")
        with shop.config.open("a") as file:
            file.write(
                '\n[[sinks]]\nname = "team"\ntype = "apprise"\nurl = { file = "apprise-url" }\n'
            )
        yield receiver


@pytest.mark.slow
async def test_a_case_is_told_once_and_a_silent_receiver_holds_up_no_stop(shop: Shop) -> None:
    """As by any other sink; and what never answers is left alone when the daemon is to end."""
    async with told_by(shop) as receiver:
        daemon = await shop.daemon()
        shop.write("vk", "private", "Where is my parcel?", who=1)
        await until(lambda: shop.outbox("receiver = 'team'")["sent"], "an alert that is told")
        (told,) = receiver.told
        assert "| Where is my parcel?" in told["message"]
        assert told["message"].endswith("> inboxd show 1")

        receiver.silent = True
        shop.write("facebook", "private", "And mine?", who=2)
        await until(lambda: len(receiver.told) == 2, "a second one")
        assert (await daemon.stop()).code == 0
        assert shop.outbox("receiver = 'team'") == {"sent": 1, "sending": 1}
        assert TOKEN not in daemon.log
