"""Promises about what a whole run leaves open: files, processes, addresses, and secrets anywhere."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from inboxd.cli import main
from inboxd.simulator.faults import Fault
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.smtp import Login
from inboxd.simulator.world import World
from inboxd.store.database import open_database
from tests.contract.bad_line import says, serving
from tests.end_to_end.shop import SECRETS, opened, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.end_to_end.shop import Shop

GENERAL = 'blind_after = 1000\nalert_to = ["night"]'
TOLD_AT_ONCE = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot", "hook", "lead"] }]
"""
CANARIES = {name: f"cAnArY-{name}-7c1f" for name in ("MAIL", "HEART", "PROXY", "PROOF")}
DAY_OF_FAILURES = (Fault.HTML, Fault.DROP_AFTER, Fault.TOKEN_EXPIRED)
COMMANDS = (
    *(("--help",), ("check",), ("check", "--online"), ("doctor", "--json"), ("waiting",)),
    *(("show", "1"), ("explain", "1")),
)
WITHOUT_UMASK = ("/bin/sh", "-c", 'umask 0; exec "$@"', "sh")


def modes(folder: Path) -> dict[str, str]:
    """Return the mode of each file of inboxd's own in *folder*."""
    return {path.name: f"{path.stat().st_mode & 0o777:o}" for path in folder.glob("inboxd.db*")}


def seen_of(process: int) -> tuple[str, str]:
    """Return what everybody on the machine sees of a process: its arguments, and its children."""
    folder = Path(f"/proc/{process}")
    arguments = (folder / "cmdline").read_bytes().decode()
    return arguments, (folder / f"task/{process}/children").read_text()


async def met(shop: Shop, networks: str, fault: Fault) -> None:
    """Let *networks* fail until each has been asked."""
    faults = shop.simulator.faults
    switches = [faults.switch_on(network, fault) for network in networks.split()]
    await until(lambda: all(switch.hits for switch in switches), f"{fault} to be met")
    for switch in switches:
        faults.switch_off(switch)


async def test_nobody_else_can_read_what_is_kept_whatever_the_umask(shop: Shop) -> None:
    """The database and what SQLite keeps beside it, the lock, backups and exports."""
    running = await shop.start("run", under=WITHOUT_UMASK)
    await until(lambda: shop.value("SELECT count(*) FROM messages") is not None, "a database")
    found = modes(shop.folder)
    await running.stop()
    names = ("inboxd.db", "inboxd.db-wal", "inboxd.db-shm", "inboxd.db.lock")
    assert {name: found.get(name) for name in names} == dict.fromkeys(names, "600")
    copy, table = shop.folder / "copy.db", shop.folder / "table.csv"
    before = os.umask(0)
    try:
        shop.say("backup", str(copy)).expect(0)
        shop.say("export", "messages", "--out", str(table)).expect(0)
    finally:
        os.umask(before)
    assert {f"{path.stat().st_mode & 0o777:o}" for path in (copy, table)} == {"600"}


async def test_no_address_that_a_customer_or_an_answer_names_is_fetched(shop: Shop) -> None:
    """
    Attachments, avatars, links and pages: with a proxy for all that is not loopback, none comes by.

    Everything that is configured is on loopback.
    """
    shop.configure(TOLD_AT_ONCE, general=GENERAL)
    for item in shop.write_everywhere("See http://169.254.169.254/latest https://evil.example/x"):
        assert item.text
    shop.write("twitter", "public", "A picture", who=7, media=("photo",))
    comment = shop.write("facebook", "public", "A picture", who=8)
    image = {"image": {"src": "https://evil.example/pixel.gif"}}
    shop.simulator.facebook_details[comment.serial] = {
        "attachment": {"type": "photo", "url": "http://169.254.169.254/", "media": image}
    }
    async with serving(says(200, b"{}")) as canary:
        proxy = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), canary.url)
        environment = {**shop.environment, **proxy, "NO_PROXY": "127.0.0.1"}
        (await shop.run("run", "--once", env=environment)).expect(0)
    assert shop.value("SELECT count(*) FROM messages WHERE attachments LIKE '%\"http%'") == 2
    assert canary.heard == []


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop whose mail server wants a password."""
    options = Options(rate_limited=False, smtp_login=Login("inboxd", CANARIES["MAIL"]))
    world = World(seed=7, customers=70)
    async with (
        Simulator(world, now=lambda: datetime.now(UTC), options=options) as simulator,
        opened(tmp_path / "locked", simulator) as shop,
    ):
        yield shop


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_no_secret_is_in_anything_that_others_can_see(locked: Shop) -> None:
    """
    Arguments, children, output, logs at their loudest, the database: over a day of failures.

    Every secret that can be configured has a value that is found nowhere else.
    """
    shop, secrets = locked, {**SECRETS, **CANARIES}
    shop.configure(TOLD_AT_ONCE, general=GENERAL)
    async with serving(says(500, b"no")) as heart:
        url = f"{heart.url}/{CANARIES['HEART']}"
        loud = {
            **shop.environment,
            "INBOXD_DEBUG": "1",
            "PYTHONASYNCIODEBUG": "1",
            "NO_PROXY": "127.0.0.1",
            "MAIL": CANARIES["MAIL"],
            "HEART": url,
            "PROOF": CANARIES["PROOF"],
            "HTTPS_PROXY": f"http://us:{CANARIES['PROXY']}@127.0.0.1:9",
        }
        text = shop.config.read_text().replace(
            'security = "none"',
            'security = "none"\nusername = "inboxd"\npassword = { env = "MAIL" }',
        )
        text = text.replace(
            'token = { env = "FB_PAGE_TOKEN" }',
            'token = { env = "FB_PAGE_TOKEN" }\napp_secret = { env = "PROOF" }',
        )
        shop.config.write_text(f'[heartbeat]\nurl = {{ env = "HEART" }}\nevery = "10s"\n{text}')
        running = await shop.start("run", "--verbose", env=loud)
        await until(lambda: shop.value("SELECT count(*) FROM sources"), "a first read")
        # First to those who tell: afterwards nothing is read that could be told.
        shop.write("vk", "private", "Where is my order?", who=1)
        await met(shop, "slack smtp", Fault.DROP_AFTER)
        for fault in DAY_OF_FAILURES:
            await met(shop, "vk facebook twitter", fault)
        arguments, children = seen_of(running.process.pid)
        ended = await running.stop()
        said = [arguments, ended.out, ended.err]
        for command in COMMANDS:
            asked = ["-c", str(shop.config), *command]
            told = await asyncio.to_thread(CliRunner(env=loud).invoke, main, asked)
            said += [told.output]
    assert "heartbeat withheld" in ended.err
    assert children == ""
    for name, secret in secrets.items():
        assert not [part for part in said if secret in part], name
    kept = [path for path in shop.folder.rglob("*") if path.is_file()]
    assert not [
        (name, path.name)
        for path in kept
        for name, secret in secrets.items()
        if secret.encode() in path.read_bytes()
    ]


async def with_plugin(
    shop: Shop, code: str, *command: str, **environment: str
) -> tuple[int | None, str]:
    """Run a command with somebody else's connector for VK; return its code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PLUGIN.format(code=code), "-c", str(shop.config), *command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**shop.environment, **environment},
    )
    said = "".join(part.decode() for part in await process.communicate())
    return process.returncode, said


PLUGIN = """
import os
from connectors.vk.connector import Connector
from inboxd.cli import main
from inboxd.errors import Unavailable, UnexpectedPayload
url = 'https://x?access_token=' + os.environ['VK_TOKEN']
{code}
main(prog_name='inboxd')
"""
A_BUG = """
def check(self):
    raise RuntimeError(f'at {url}')
Connector.check = check
"""
A_LEAK = """
async def poll(self, source, cursor):
    error = UnexpectedPayload(f'at {url}', {'next': url}) if source == 'wall' else Unavailable(url)
    raise error
    yield
Connector.poll = poll
"""


@pytest.mark.parametrize("debug", [{}, {"INBOXD_DEBUG": "1"}], ids=["text", "traceback"])
async def test_the_text_of_a_bug_holds_no_secret(shop: Shop, debug: dict[str, str]) -> None:
    """A connector of somebody else's raises what it likes, a token in it."""
    shop.configure(general=GENERAL)
    code, said = await with_plugin(shop, A_BUG, "check", "--online", **debug)
    assert code == 1, said
    assert "RuntimeError: at https://x?access_token=***" in said
    assert SECRETS["VK_TOKEN"] not in said
    assert ("Traceback" in said) == bool(debug)


async def test_what_a_plugin_says_is_kept_without_a_secret(shop: Shop) -> None:
    """Its errors are stored, and told in alerts; its answers may be kept for repair."""
    shop.configure(general=GENERAL)
    _code, said = await with_plugin(shop, A_LEAK, "run", "--once", "--verbose")
    assert shop.value("SELECT error FROM sources WHERE source = 'wall'").endswith("=***")
    assert "access_token=***" in shop.value("SELECT raw FROM unknown_items")
    assert SECRETS["VK_TOKEN"] not in said
    assert shop.leaks() == []


def test_a_file_from_elsewhere_can_load_nothing(tmp_path: Path) -> None:
    """What a view of it calls is SQLite's own: none of inboxd's functions, and no library."""
    with closing(open_database(tmp_path / "inboxd.db")) as connection:
        connection.execute("CREATE VIEW harm AS SELECT load_extension('/tmp/evil.so') AS done")
        with pytest.raises(sqlite3.DatabaseError, match=r"unsafe use|not authorized"):
            connection.execute("SELECT * FROM harm").fetchall()
