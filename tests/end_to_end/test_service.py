"""A daemon under a service manager: when it is ready, that it lives, and how it reads anew."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from inboxd import plugins
from inboxd.clock import SystemClock
from inboxd.config import load
from inboxd.daemon import Daemon
from inboxd.plan import Plan
from inboxd.service.life import alone_on
from inboxd.simulator import slack
from inboxd.simulator.faults import Fault
from tests.end_to_end.shop import PATIENCE, PROGRAM, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.end_to_end.shop import Running, Shop

ROOT = Path(__file__).parents[2]
GENERAL = 'blind_after = 1000\nalert_to = ["night"]\n'
AT_ONCE = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot", "lead"] }]
"""


class Manager:
    """The end of systemd: everything that it was told, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(path))

    def listen(self) -> list[str]:
        """Take in what has arrived, and return all that was ever told, a fact each."""
        with suppress(BlockingIOError):
            while True:
                self.told += self._socket.recv(4096).decode().split("\n")
        return self.told

    def count(self, fact: str) -> int:
        """Return how often a fact was told."""
        return self.listen().count(fact)

    def turns(self) -> list[str]:
        """Return the turns of the service's life, without how it stands and that it lives."""
        return [fact for fact in self.listen() if fact in {"READY=1", "RELOADING=1", "STOPPING=1"}]

    def close(self) -> None:
        """Hear nothing any more."""
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


async def start(
    shop: Shop, manager: Manager, watchdog: timedelta = timedelta(seconds=2)
) -> Running:
    """Start the daemon as systemd does, and wait until it is ready and has read everything once."""
    environment = {
        **shop.environment,
        "NOTIFY_SOCKET": str(manager.path),
        "WATCHDOG_USEC": str(watchdog // timedelta(microseconds=1)),
    }
    before = datetime.now(UTC)
    daemon = await shop.start("run", env=environment, cwd=ROOT)
    await until(lambda: manager.turns() or not daemon.alive, "READY=1")
    await until(lambda: shop.all_read_since(before) or not daemon.alive, "a first read")
    assert daemon.alive, daemon.log
    return daemon


async def reload(daemon: Running, manager: Manager) -> None:
    """Send SIGHUP, and wait until the daemon says that it is done with it."""
    ready = manager.count("READY=1")
    daemon.kill(signal.SIGHUP)
    await until(lambda: manager.count("READY=1") > ready or not daemon.alive, "a reload")
    assert daemon.alive, daemon.log


def add(shop: Shop, text: str) -> None:
    """Write *text* at the end of the configuration."""
    shop.config.write_text(shop.config.read_text() + text)


def replace(shop: Shop, old: str, new: str) -> None:
    text = shop.config.read_text()
    assert old in text
    shop.config.write_text(text.replace(old, new))


def told_of_configuration(shop: Shop) -> list[str]:
    return [
        mail.subject
        for mail in shop.simulator.mail.to("night@shop.example")
        if "onfiguration" in mail.subject
    ]


async def answer(port: int) -> int | None:
    """Return what a monitor's question is answered with, None if nobody is there."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/healthz") as response,
        ):
            return response.status
    except aiohttp.ClientError:
        return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def locked(shop: Shop) -> AsyncIterator[None]:
    """Let another program hold the database for as long as the block runs."""
    with closing(sqlite3.connect(shop.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


@pytest.mark.slow
async def test_a_life_is_told_from_ready_to_stopping(shop: Shop, manager: Manager) -> None:
    """Ready is who answers monitors; it says how it stands, that it lives unless it hangs, and stops."""
    port = free_port()
    add(shop, f'\n[http]\nlisten = "127.0.0.1:{port}"\n')

    daemon = await start(shop, manager, timedelta(seconds=2))
    assert await answer(port) is not None
    await until(lambda: manager.count("WATCHDOG=1") >= 4, "the watchdog to be fed")
    async with locked(shop):
        await until(lambda: "watchdog not fed" in daemon.log, "a hang that is noticed")
        fed = manager.count("WATCHDOG=1")
        await asyncio.sleep(1.2)
        assert manager.count("WATCHDOG=1") == fed
    await until(lambda: manager.count("WATCHDOG=1") >= fed + 2, "the watchdog to be fed again")
    await until(lambda: manager.count("STATUS=3 accounts read, 0 waiting"), "how it stands")
    (await daemon.stop()).expect(0)

    assert "tick: no sign of life" in daemon.log
    assert manager.turns() == ["READY=1", "STOPPING=1"]
    assert shop.leaks() == []


@pytest.mark.slow
async def test_a_good_configuration_takes_over(shop: Shop, manager: Manager) -> None:
    """New rules hold for who waits already, another address answers, and one process does it."""
    old, new = free_port(), free_port()
    http = '\n[http]\nlisten = "127.0.0.1:{}"\n'
    shop.configure(general=GENERAL)
    add(shop, http.format(old))
    daemon = await start(shop, manager)
    item = shop.write("vk", "private", "Где мой заказ?", who=1)
    await until(lambda: shop.value("SELECT count(*) FROM cases"), "the message to be read")

    shop.configure(AT_ONCE, general=GENERAL)
    add(shop, http.format(new))
    await reload(daemon, manager)

    await until(lambda: shop.told("bot"), f"{item.text} to be told")
    assert await answer(old) is None
    assert await answer(new) == 200
    assert shop.database.with_name("inboxd.db.lock").read_text().strip() == str(daemon.process.pid)
    assert manager.turns() == ["READY=1", "RELOADING=1", "READY=1"]
    assert "stopped" not in daemon.log
    (await daemon.stop()).expect(0)
    assert re.findall("info (started|reloaded|stopped)", daemon.log) == [
        "started",
        "reloaded",
        "stopped",
    ]
    shop.assert_told_once()


@pytest.mark.slow
async def test_a_broken_configuration_changes_nothing(shop: Shop, manager: Manager) -> None:
    """People hear of every problem, once; what was in force goes on; and they hear of the end."""
    shop.configure(AT_ONCE, general=GENERAL)
    good = shop.config.read_text()
    daemon = await start(shop, manager)

    shop.config.write_text(good.replace("poll_every", "poll_evry") + "\n[htp]\n")
    await reload(daemon, manager)
    await reload(daemon, manager)
    await until(lambda: told_of_configuration(shop), "the refusal to be told")
    shop.write("vk", "private", "Где мой заказ?", who=1)
    await until(lambda: shop.told("bot"), "the old rules to go on")
    shop.config.write_text(good.replace('"inboxd.db"', '"other.db"'))
    await reload(daemon, manager)
    await until(lambda: len(told_of_configuration(shop)) == 2, "the other problem to be told")
    shop.config.write_text(good)
    await reload(daemon, manager)
    await until(lambda: len(told_of_configuration(shop)) == 3, "the end to be told")

    first, second, _ = shop.simulator.mail.to("night@shop.example")
    for problem in ("accounts[0].poll_evry", "accounts[2].poll_evry", "htp"):
        assert problem in first.text
    assert shop.origin in first.text
    assert "needs a restart" in second.text
    assert told_of_configuration(shop)[2].count("in force")
    assert daemon.log.count("configuration refused") == 9
    (await daemon.stop()).expect(0)


@pytest.mark.slow
async def test_what_cannot_begin_makes_room_for_what_did(shop: Shop, manager: Manager) -> None:
    """The new address is taken: the old one answers again, and the alert says why."""
    port = free_port()
    shop.configure(general=GENERAL)
    add(shop, f'\n[http]\nlisten = "127.0.0.1:{port}"\n')
    daemon = await start(shop, manager)

    with socket.socket() as neighbour:
        neighbour.bind(("127.0.0.1", 0))
        neighbour.listen()
        replace(shop, f":{port}", f":{neighbour.getsockname()[1]}")
        await reload(daemon, manager)
        await until(lambda: told_of_configuration(shop), "the refusal to be told")

    assert await answer(port) == 200
    assert "[http].listen" in shop.simulator.mail.to("night@shop.example")[0].text
    assert "info configuration of before in force accounts=" in daemon.log
    await reload(daemon, manager)
    await until(lambda: len(told_of_configuration(shop)) == 2, "the end to be told")
    (await daemon.stop()).expect(0)


@pytest.mark.slow
async def test_a_renewed_secret_needs_no_restart(shop: Shop, manager: Manager) -> None:
    """What a file holds is read with the configuration, and is no more in the log than before."""
    secret = shop.folder / "token"
    secret.write_text("xoxb-revoked-long-ago")
    shop.configure(AT_ONCE, general=GENERAL)
    replace(shop, 'token = { env = "SLACK_TOKEN" }', 'token = { file = "token" }')
    daemon = await start(shop, manager)
    shop.write("vk", "private", "Где мой заказ?", who=1)
    await until(lambda: "invalid_auth" in daemon.log, "the old token to be refused")

    secret.write_text(slack.TOKEN)
    await reload(daemon, manager)
    shop.write("vk", "private", "Де моє замовлення?", who=2)

    await until(lambda: shop.told("bot"), "the new token to work")
    secret.unlink()
    (await daemon.stop()).expect(0)
    assert shop.leaks() == []


@pytest.mark.slow
async def test_reloads_lose_nothing_and_repeat_nothing(shop: Shop, manager: Manager) -> None:
    """Customers write while the configuration is read again and again; everybody is told of once."""
    shop.configure(AT_ONCE, general=GENERAL)
    daemon = await start(shop, manager)

    for number in range(6):
        shop.write_everywhere(f"Где мой заказ {number}?", sent_at=datetime.now(UTC))
        for _ in range(number % 3):
            daemon.kill(signal.SIGHUP)
        await reload(daemon, manager)
    asked = "SELECT count(*) FROM messages WHERE text LIKE '%Где мой заказ%'"
    await until(lambda: shop.value(asked) == 36, "everything to be read")
    await until(lambda: shop.settled and len(shop.told("bot")) >= 6, "everything to be told")

    (await daemon.stop()).expect(0)
    shop.assert_told_once()
    assert shop.intact()
    assert "uncertain" not in daemon.log


@pytest.mark.slow
async def test_a_signal_comes_when_it_comes(shop: Shop, manager: Manager) -> None:
    """Before it is ready a SIGHUP waits for it; beside a SIGTERM it is forgotten."""
    environment = {**shop.environment, "NOTIFY_SOCKET": str(manager.path)}
    daemon = await shop.start("run", env=environment, cwd=ROOT)
    await until(lambda: Path(f"/proc/{daemon.process.pid}/status").exists(), "a process")
    await until(lambda: _holds_back(daemon.process.pid), "the command to begin")
    for _ in range(3):
        daemon.kill(signal.SIGHUP)

    await until(lambda: manager.turns()[:3] == ["READY=1", "RELOADING=1", "READY=1"], "a reload")
    daemon.kill(signal.SIGHUP)
    daemon.kill(signal.SIGTERM)

    (await daemon.end(timedelta(seconds=5))).expect(0)
    assert manager.turns()[-1] == "STOPPING=1"


def _holds_back(pid: int) -> bool:
    """Tell whether a process holds SIGHUP back, or hears it: it is not ended by one."""
    status = Path(f"/proc/{pid}/status").read_text()
    masks = [
        int(line.split()[1], 16)
        for line in status.splitlines()
        if line[:7] in {"SigBlk:", "SigCgt:"}
    ]
    return any(mask & 1 << (signal.SIGHUP - 1) for mask in masks)


@pytest.mark.slow
async def test_reloads_make_nobody_less_blind(shop: Shop, manager: Manager) -> None:
    """An account that cannot be read is told in time, however often the configuration is read."""
    shop.configure(general='alert_to = ["night"]\n')
    shop.simulator.faults.switch_on("vk", Fault.SERVER_ERROR)
    environment = {**shop.environment, "NOTIFY_SOCKET": str(manager.path)}
    daemon = await shop.start("run", env=environment, cwd=ROOT)
    await until(manager.turns, "READY=1")

    def told() -> bool:
        mails = shop.simulator.mail.to("night@shop.example")
        return any("shop-vk is blind" in mail.subject for mail in mails)

    # Three polls of a second each are missed: each reload takes a fraction of that.
    async with asyncio.timeout(PATIENCE.total_seconds()):
        while not told():
            await reload(daemon, manager)

    (await daemon.stop()).expect(0)


@pytest.mark.slow
async def test_a_daemon_ends_with_its_terminal(shop: Shop, manager: Manager) -> None:
    """Who closes the window means to end it, and it ends as it does by SIGTERM."""
    ours, its = os.openpty()
    environment = {**shop.environment, "NOTIFY_SOCKET": str(manager.path)}
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "-c", str(shop.config), "run", env=environment, cwd=ROOT, stdout=its, stderr=its
    )  # fmt: skip
    try:
        os.close(its)
        await until(manager.turns, "READY=1")
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        with suppress(ProcessLookupError):
            process.kill()

    assert manager.turns() == ["READY=1", "STOPPING=1"]


async def test_what_x_was_paid_for_is_counted_once(shop: Shop) -> None:
    """A successor knows what was paid for today, also what is in no database yet."""
    settings = load(shop.config, plugins.networks(), shop.environment)
    with alone_on(settings.general.database) as thread:
        daemon = Daemon(Plan.of(settings), thread, SystemClock())
        ledger = daemon._workers.accounts[2].ledger
        assert ledger.spend_once("posts", ["1", "2"]) == 2

        successor = daemon.successor(Plan.of(settings))
        again = successor._workers.accounts[2].ledger.spend_once("posts", ["2", "3"])
        kept = successor._workers.accounts[2].ledger.taken()
        await daemon.close()
        await successor.close()

    assert again == 1
    assert list(kept.spent.values()) == [3]


@pytest.mark.slow
async def test_a_daemon_that_hangs_again_and_again_is_told_by_itself(
    shop: Shop, manager: Manager
) -> None:
    """Killed three times as by a watchdog, and people hear of it; stopped ones do not count."""
    shop.configure(general=GENERAL)
    for _ in range(2):
        daemon = await start(shop, manager)
        daemon.kill(signal.SIGABRT)
        await daemon.end()
    daemon = await start(shop, manager)
    (await daemon.stop()).expect(0)
    assert "the last run was not stopped" in daemon.log
    daemon = await start(shop, manager)
    assert "the last run was not stopped" not in daemon.log
    daemon.kill(signal.SIGKILL)
    await daemon.end()

    daemon = await start(shop, manager)
    await until(lambda: shop.simulator.mail.to("night@shop.example"), "people to be told")

    (mail,) = shop.simulator.mail.to("night@shop.example")
    assert mail.subject.startswith("🔴 inboxd does not stay up: started 3 times in ")
    (await daemon.stop()).expect(0)
