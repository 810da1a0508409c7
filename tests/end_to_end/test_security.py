"""Promises about what a whole run leaves open: files, processes, addresses, and secrets anywhere."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inboxd.simulator.faults import Fault
from inboxd.store.database import open_database
from tests.contract.bad_line import says, serving
from tests.end_to_end.shop import SECRETS, until

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop

GENERAL = 'blind_after = 1000\nalert_to = ["night"]'
TOLD_AT_ONCE = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot", "hook", "lead"] }]
"""
WITHOUT_UMASK = ("/bin/sh", "-c", 'umask 0; exec "$@"', "sh")


def modes(folder: Path) -> dict[str, str]:
    """Return the mode of each file of inboxd's own in *folder*."""
    return {path.name: f"{path.stat().st_mode & 0o777:o}" for path in folder.glob("inboxd.db*")}


def seen_of(process: int) -> tuple[str, str]:
    """Return what everybody on the machine sees of a process: its arguments, and its children."""
    folder = Path(f"/proc/{process}")
    arguments = (folder / "cmdline").read_bytes().decode()
    return arguments, (folder / f"task/{process}/children").read_text()


async def test_nobody_else_can_read_what_is_kept_whatever_the_umask(shop: Shop) -> None:
    """The database, its journal, its index and its lock are the user's alone."""
    running = await shop.start("run", under=WITHOUT_UMASK)
    await until(lambda: shop.value("SELECT count(*) FROM messages") is not None, "a database")
    found = modes(shop.folder)
    await running.stop()
    names = ("inboxd.db", "inboxd.db-wal", "inboxd.db-shm", "inboxd.db.lock")
    assert {name: found.get(name) for name in names} == dict.fromkeys(names, "600")


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
        (await shop.run("check", "--online", env=environment)).expect(0)
    assert shop.value("SELECT count(*) FROM messages WHERE attachments LIKE '%\"http%'") == 2
    assert canary.heard == []


async def test_nothing_that_others_see_of_a_process_holds_a_secret(shop: Shop) -> None:
    """Not its arguments, nor those of a child, nor what a crash or a debugger's switch prints."""
    shop.configure(general=GENERAL)
    loud = {
        **shop.environment,
        "INBOXD_DEBUG": "1",
        "PYTHONASYNCIODEBUG": "1",
        "HTTPS_PROXY": "http://us:cAnArY-proxy@127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    running = await shop.start("run", "--verbose", env=loud)
    await until(lambda: shop.value("SELECT count(*) FROM sources"), "a first read")
    for fault in (Fault.HTML, Fault.DROP_AFTER, Fault.TRUNCATED):
        switch = shop.simulator.faults.switch_on("*", fault)
        await until(lambda: switch.hits >= 3, "the fault to be met")  # noqa: B023 - it is awaited here
        shop.simulator.faults.switch_off(switch)
    arguments, children = seen_of(running.process.pid)
    assert children == ""
    ended = await running.stop()
    for secret in (*SECRETS.values(), "cAnArY-proxy"):
        assert secret not in arguments
        assert secret not in ended.out + ended.err
    assert shop.leaks() == []


@pytest.mark.parametrize("debug", [{}, {"INBOXD_DEBUG": "1"}], ids=["text", "traceback"])
async def test_the_text_of_a_bug_holds_no_secret(shop: Shop, debug: dict[str, str]) -> None:
    """A connector of somebody else's raises what it likes, a token in it."""
    shop.configure(general=GENERAL)
    bug = (
        "import connectors.vk.connector as c, os\n"
        "def check(self):\n    raise RuntimeError('at https://x?access_token=' + os.environ['VK_TOKEN'])\n"
        "c.Connector.check = check\n"
        "from inboxd.cli import main; main(prog_name='inboxd')\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", bug, "-c", str(shop.config), "check", "--online"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**shop.environment, **debug},
    )
    said = "".join(part.decode() for part in await process.communicate())
    assert process.returncode == 1, said
    assert "RuntimeError: at https://x?access_token=***" in said
    assert SECRETS["VK_TOKEN"] not in said
    assert ("Traceback" in said) == bool(debug)


def test_a_file_from_elsewhere_can_load_nothing(tmp_path: Path) -> None:
    """What a view of it calls is SQLite's own: none of inboxd's functions, and no library."""
    with closing(open_database(tmp_path / "inboxd.db")) as connection:
        connection.execute("CREATE VIEW harm AS SELECT load_extension('/tmp/evil.so') AS done")
        with pytest.raises(sqlite3.DatabaseError, match=r"unsafe use|not authorized"):
            connection.execute("SELECT * FROM harm").fetchall()
