"""Promises about a network that inboxd has never heard of: the one that docs/connectors.md writes."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from click.testing import CliRunner

from inboxd.cli import main

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROOT = Path(__file__).parents[2]
TOKEN = "guestbook-secret-word"


class Site:
    """A web site with a guestbook."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.url = ""

    def write(self, text: str, *, below: int = 0, ours: bool = False) -> dict[str, Any]:
        """Add an entry, below another one or by itself."""
        entry = {
            "id": len(self.entries) + 1,
            "below": below,
            # Who answers within seconds is taken for a machine.
            "at": (datetime.now(UTC) - timedelta(minutes=0 if ours else 1)).isoformat(),
            "who": "shop" if ours else "Anna",
            "text": text,
            "ours": ours,
        }
        self.entries.append(entry)
        return entry

    async def answer(self, request: web.Request) -> web.Response:
        """Do what is asked for, to whoever has the token."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        if request.path == "/me":
            return web.json_response({"site": "shop.example", "name": "shop"})
        if request.method == "POST":
            body = await request.json()
            return web.json_response(self.write(body["text"], below=int(body["below"]), ours=True))
        since = request.query["since"]
        return web.json_response([each for each in self.entries if each["at"] >= since])


@asynccontextmanager
async def opened() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with opened() as site:
        yield site


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package of the page is where pip would have put it, for as long as a test runs."""
    page = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    (module,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    (entry,) = re.findall(r'^  guestbook = "(\w+)"', page, re.MULTILINE)
    folder = tmp_path / "site-packages"
    told = folder / "guestbook-1.dist-info"
    told.mkdir(parents=True)
    (folder / f"{entry}.py").write_text(module, encoding="utf-8")
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: guestbook\nVersion: 1\n")
    (told / "entry_points.txt").write_text(f"[inboxd.connectors]\nguestbook = {entry}\n")
    monkeypatch.syspath_prepend(folder)
    yield
    sys.modules.pop(entry, None)


@pytest.mark.usefixtures("installed")
async def test_the_network_of_the_page_is_read_answered_and_examined(
    site: Site, tmp_path: Path
) -> None:
    """Installed and configured, nothing else: a customer waits there and is answered there."""
    config = tmp_path / "config.toml"
    config.write_text(f"""
[[accounts]]
name = "guests"
network = "guestbook"
streams = ["comments"]
token = {{ env = "GUESTBOOK" }}
api_base = "{site.url}"
[[policies]]
name = "everything"
first_response = "1h"
""")
    asked = site.write("Where is my parcel? I have been waiting for two weeks!")
    site.entries.append({"id": 99, "at": datetime.now(UTC).isoformat(), "strange": True})

    async def run(*arguments: str, code: int = 0) -> str:
        """Run a command in a thread, as it has a loop of its own; returns what it prints."""
        runner = CliRunner(env={"GUESTBOOK": TOKEN})
        done = await asyncio.to_thread(runner.invoke, main, ["-c", str(config), *arguments])
        assert done.exit_code == code, done.output
        return done.stdout

    assert "shop.example as shop" in await run("check", "--online")
    await run("run", "--once")
    (waiting,) = json.loads(await run("waiting", "--json"))
    assert (waiting["account"], waiting["kind"]) == ("guests", "complaint")
    await run("reply", str(waiting["case"]), "It lies at your post office, number 12.", "--as", "o")
    await run("run", "--once")
    assert site.entries[-1]["text"] == "It lies at your post office, number 12."
    assert site.entries[-1]["below"] == asked["id"]
    assert json.loads(await run("waiting", "--json")) == []
    found = json.loads(await run("doctor", "--online", "--json"))
    codes = {each["code"] for each in found if each["what"].startswith("guests")}
    assert codes == {
        "account.identity", "account.stream", "account.read", "account.quarantine",
    }  # fmt: skip
