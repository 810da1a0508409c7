"""What the disk does to a daemon: full, failing, taken away. Needs root, to mount small disks."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import ALONE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.shop import Finished, Running, Shop

GENERAL = "blind_after = 1000"
STEPS = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot", "lead"] }]
"""
PAGE = 4096


def command(*words: str | Path) -> str:
    """Run one of the system's commands, and return what it prints."""
    return subprocess.run(  # noqa: S603 - the tests' own
        [str(word) for word in words], check=True, capture_output=True, text=True
    ).stdout.strip()


class Disk:
    """A small disk of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave not a byte of it."""
        with (self.folder / "ballast").open("ab", buffering=0) as file:
            for piece in (64 * PAGE, PAGE, 1):
                with suppress(OSError):
                    while file.write(b"." * piece) == piece:
                        pass

    def make_room(self) -> None:
        """Take away what filled it."""
        (self.folder / "ballast").unlink()


def mounted(folder: Path, *words: str | Path) -> Disk:
    """Mount a disk at *folder*, or skip the test where that cannot be done."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    folder.mkdir()
    try:
        command("mount", *words, folder)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    return Disk(folder)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=16m", "tmpfs")
    yield disk
    command("umount", "--lazy", disk.folder)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def failing_disk(tmp_path: Path) -> Iterator[Disk]:
    """Yield a disk with a real file system, which becomes read-only when it finds a fault."""
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 * 1024 * 1024)
    with suppress(OSError, subprocess.CalledProcessError):
        command("mkfs.ext4", "-q", image)
    disk = mounted(tmp_path / "disk", "-o", "loop,errors=remount-ro", image)
    yield disk
    command("umount", "--lazy", disk.folder)


def fault_of(disk: Disk) -> Path:
    """Return what must be written to for the kernel to find a fault in the file system."""
    device = Path(command("findmnt", "-no", "SOURCE", disk.folder)).name
    return Path(f"/sys/fs/ext4/{device}/trigger_fs_error")


def move(shop: Shop, disk: Disk, *, http: int = 0) -> None:
    """Let the shop's database be on *disk*, and monitors ask at port *http*."""
    listen = f'\n[http]\nlisten = "127.0.0.1:{http}"' if http else ""
    shop.configure(STEPS, general=GENERAL, grouping=ALONE + listen)
    shop.database = disk.folder / "inboxd.db"
    text = shop.config.read_text().replace('"inboxd.db"', f'"{shop.database}"')
    shop.config.write_text(text)


def troubles(log: str) -> list[str]:
    """Return the errors that the log tells of, without what each was."""
    assert "Traceback" not in log, log
    lines = [line.split(" ", 2) for line in log.splitlines()]
    return [line[2].split(" error=")[0] for line in lines if line[1:2] == ["error"]]


async def ask(port: int, path: str) -> tuple[int, str]:
    """Return what the daemon tells a monitor; it must do so within two seconds."""

    def get() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return await asyncio.to_thread(get)


def found(shop: Shop, text: str) -> int:
    """Return how many messages with *text* are stored."""
    return int(shop.value("SELECT count(*) FROM messages WHERE text LIKE ?", f"%{text}%") or 0)


async def went_on(shop: Shop, daemon: Running) -> Finished:
    """See everything told once by the same daemon, and stop it."""
    await until(lambda: found(shop, "Meanwhile") == 6, "what was written meanwhile")
    await until(lambda: len(shop.told("bot")) == 6 and shop.settled, "all to be told")
    ended = (await daemon.stop()).expect(0)
    shop.assert_told_once()
    assert shop.intact()
    return ended


@pytest.mark.slow
async def test_a_full_disk_loses_nothing_and_needs_no_restart(
    shop: Shop, disk: Disk, free_port: int
) -> None:
    """What is written meanwhile comes when there is room; monitors are told, the log says it once."""
    move(shop, disk, http=free_port)
    daemon = await shop.daemon()
    assert await ask(free_port, "/readyz") == (200, '{"ready": true, "problems": []}')
    disk.fill()
    shop.write_everywhere("Meanwhile")
    await until(lambda: troubles(daemon.log), "the trouble to be seen")
    before = cpu_seconds(daemon)
    await asyncio.sleep(2)
    assert cpu_seconds(daemon) - before < 0.5
    status, answer = await ask(free_port, "/readyz")
    assert (status, json.loads(answer)["problems"]) == (503, ["the database cannot be used"])
    assert (await ask(free_port, "/healthz"))[0] == 200
    assert (found(shop, "Meanwhile"), shop.told("bot")) == (0, [])
    disk.make_room()
    ended = await went_on(shop, daemon)
    assert troubles(ended.err) == ["database cannot be used"]


@pytest.mark.slow
async def test_a_file_system_that_turns_read_only_stops_nothing_for_good(
    shop: Shop, failing_disk: Disk, tmp_path: Path
) -> None:
    """It is what Linux does to a disk on which it finds a fault; on a new disk all goes on."""
    move(shop, failing_disk)
    daemon = await shop.daemon()
    fault_of(failing_disk).write_text("1")
    shop.write_everywhere("Meanwhile")
    await until(lambda: troubles(daemon.log), "the trouble to be seen")
    await asyncio.sleep(1)
    ended = (await daemon.stop()).expect(0)
    assert troubles(ended.err) == ["database cannot be used"]
    again = await shop.run("run")
    assert "Read-only file system" in again.expect(1).err
    move(shop, Disk(shutil.copytree(failing_disk.folder, tmp_path / "new disk")))
    await went_on(shop, await shop.daemon())


@pytest.mark.slow
async def test_a_start_on_a_full_disk_fails_with_a_text(shop: Shop, disk: Disk) -> None:
    """Exit 1, so that it is tried again; no traceback, and nothing half-made that stays."""
    move(shop, disk)
    disk.fill()
    ended = (await shop.run("run")).expect(1)
    assert "cannot be written: No space left on device; make room on the disk" in ended.err
    disk.make_room()
    (await (await shop.daemon()).stop()).expect(0)
    assert shop.intact()


@pytest.mark.slow
async def test_a_database_that_another_program_holds_is_waited_for(
    shop: Shop, disk: Disk, free_port: int
) -> None:
    """The log says who, monitors are answered, and what came meanwhile is stored afterwards."""
    move(shop, disk, http=free_port)
    daemon = await shop.daemon()
    with closing(sqlite3.connect(shop.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        shop.write_everywhere("Meanwhile")
        await until(lambda: troubles(daemon.log), "the trouble to be seen")
        for _ in range(3):
            assert (await ask(free_port, "/healthz"))[0] == 200
            assert (await ask(free_port, "/readyz"))[0] == 503
            await asyncio.sleep(1)
        other.execute("ROLLBACK")
    ended = await went_on(shop, daemon)
    assert troubles(ended.err) == ["database cannot be used"]
    assert f"process {os.getpid()} (" in ended.err


@pytest.mark.slow
async def test_a_stop_does_not_wait_for_a_locked_database(shop: Shop, disk: Disk) -> None:
    """It comes to its end within systemd's patience, and says nothing that frightens."""
    move(shop, disk)
    daemon = await shop.daemon()
    with closing(sqlite3.connect(shop.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        shop.write_everywhere("Meanwhile")
        await asyncio.sleep(1.5)
        daemon.kill(signal.SIGTERM)
        ended = (await daemon.end(timedelta(seconds=12))).expect(0)
        other.execute("ROLLBACK")
    assert "Future exception" not in ended.err
    await went_on(shop, await shop.daemon())


@pytest.mark.slow
@pytest.mark.parametrize("replaced", [False, True])
async def test_a_database_that_is_taken_away_ends_the_daemon_and_people_hear_of_it(
    shop: Shop,
    disk: Disk,
    replaced: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """Once, directly; exit 1 makes systemd start it anew, with what is there then."""
    move(shop, disk)
    daemon = await shop.daemon()
    shop.database.rename(shop.database.with_name("away.db"))
    if replaced:
        shop.database.touch()
    ended = (await daemon.end()).expect(1)
    assert "moved, deleted or replaced" in ended.err
    assert [headline for _, headline in shop.told("lead")] == [
        "🔴 inboxd starts anew: its database was moved or replaced"
    ]
    for name in ("inboxd.db", "inboxd.db-wal", "inboxd.db-shm"):
        (disk.folder / name).unlink(missing_ok=True)
    (await (await shop.daemon()).stop()).expect(0)
    assert len(shop.told("lead")) == 1


@pytest.mark.slow
async def test_a_damaged_database_is_told_once_and_not_made_worse(
    shop: Shop, disk: Disk, free_port: int
) -> None:
    """All work stops, the file stays as it is, and `doctor` says what to do."""
    move(shop, disk, http=free_port)
    shop.write_everywhere("Before")
    daemon = await shop.daemon()
    overwrite(shop.database)
    shop.write_everywhere("Meanwhile")
    await until(lambda: len(shop.told("night")) == 1, "people to be told")
    before = shop.database.read_bytes(), journal_of(shop).read_bytes()
    await asyncio.sleep(1.5)
    assert (shop.database.read_bytes(), journal_of(shop).read_bytes()) == before
    assert json.loads((await ask(free_port, "/readyz"))[1])["problems"] == [
        "the database is damaged"
    ]
    ended = (await daemon.stop()).expect(0)
    assert troubles(ended.err) == ["database cannot be used"]
    assert [headline for _, headline in shop.told("night")] == [
        "🔴 inboxd has stopped work: its database is damaged"
    ]
    said = (await shop.run("doctor")).expect(1)
    assert "restore a backup" in said.out + said.err


def journal_of(shop: Shop) -> Path:
    """Return the file to which SQLite writes first."""
    return shop.database.with_name("inboxd.db-wal")


def overwrite(database: Path) -> None:
    """Let every page but the first hold nonsense, as a failing disk or a stray program would."""
    script = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1])\n"
        "while db.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()[0]: pass\n"
        "(pages,) = db.execute('PRAGMA page_count').fetchone()\n"
        "file = os.open(sys.argv[1], os.O_RDWR)\n"
        "for page in range(1, pages): os.pwrite(file, b'\\xa5' * 4096, 4096 * page)\n"
    )
    command(sys.executable, "-c", script, database)


def cpu_seconds(running: Running) -> float:
    """Return how much of the processor a process has used."""
    stat = Path(f"/proc/{running.process.pid}/stat").read_text(encoding="ascii")
    user, system = stat.rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / float(os.sysconf("SC_CLK_TCK"))
