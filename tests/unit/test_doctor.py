"""Promises about the doctor's parts: files, disk, clock, hosts, units and the list of findings."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiohttp import web

from inboxd.clock import ManualClock, SystemClock
from inboxd.config import load
from inboxd.connector import AccountSettings
from inboxd.doctor import backups, configuration, daemon, machine, network
from inboxd.doctor.guarding import looked_at, waited_for
from inboxd.errors import Unavailable
from inboxd.findings import TITLES, Code, Finding, Health
from inboxd.store import DaemonLock, Store, condition
from inboxd.store.condition import Size
from inboxd.store.keeping.backups import back_up, backup_name
from inboxd.terminal import console
from inboxd.terminal.findings import print_findings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from inboxd.config import Settings

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MIB = 1_048_576
UNITS = """\
inboxd.service        loaded    failed   failed  inboxd: one inbox for VK, Facebook and X
inboxd@paris.service  loaded    active   running inboxd for paris
inboxd-once.service   not-found inactive dead    inboxd-once.service
"""


class Guestbook(AccountSettings):
    """An account of a network that no test knows."""

    api_base: str = "https://guests.example"


def settings(tmp_path: Path, more: str = "", base: str = "") -> Settings:
    """Return the configuration of a shop with one account, a secret in a file and a database."""
    (tmp_path / "hook").write_text("https://hooks.example/services/secret-part")
    (tmp_path / "hook").chmod(0o600)
    path = tmp_path / "config.toml"
    api_base = f'api_base = "{base}"' if base else ""
    path.write_text(f"""
[[accounts]]
name = "shop"
network = "guestbook"
streams = ["comments"]
{api_base}
{more}
[[sinks]]
name = "support"
type = "slack"
webhook_url = {{ file = "hook" }}
""")
    path.chmod(0o640)
    Store(tmp_path / "inboxd.db").close()
    return load(path, {"guestbook": lambda: Guestbook})


def codes(found: Iterator[Finding] | list[Finding]) -> set[str]:
    return {str(each.code) for each in found}


# The list


def test_the_page_lists_every_finding_as_the_code_has_it() -> None:
    """Names and health in docs/doctor.md are those of the program, none more and none less."""
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (\w+) \|", page, re.MULTILINE)
    assert sorted(rows) == sorted((str(code), str(code.health)) for code in Code)


def test_every_finding_belongs_to_a_group_that_has_a_title() -> None:
    """What people read is grouped, whatever is added."""
    assert {code.group for code in Code} == set(TITLES)


def test_a_report_fits_a_terminal_of_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Groups, marks and what to do, the same advice for several only once, and the sum."""
    blind = [Finding(Code.ACCOUNT_BLIND, f"shop {n}", "not read for 2h", "look") for n in "ab"]
    long = Finding(Code.MACHINE_DISK, "disk", "much room " * 20)
    out = console()
    out.width = 80
    print_findings(out, [long, *blind])
    said = capsys.readouterr().out
    assert max(len(line) for line in said.splitlines()) <= 80
    assert said.count("→ look") == 1
    assert said.splitlines()[-1] == "2 need a person; 1 well"


# The guard


async def test_what_fails_and_what_is_late_is_found() -> None:
    """What was found before a failure stays, and nothing raises."""

    def look() -> Iterator[Finding]:
        yield Finding(Code.MACHINE_DISK, "disk", "room")
        raise Unavailable("gone")

    assert [str(each.code) for each in looked_at("disk", look)] == ["machine.disk", "doctor.failed"]
    late = await waited_for("host", asyncio.sleep(5, []), timedelta(milliseconds=10))
    assert codes(late) == {"doctor.late"}


# Files, disk, time


def test_files_that_others_cannot_touch_are_well(tmp_path: Path) -> None:
    """A database of 0600, secrets of 0600 and a configuration of 0640 are as they should be."""
    tmp_path.chmod(0o700)
    assert codes(machine.files(settings(tmp_path))) == {"machine.files"}


def test_only_what_was_looked_at_is_called_safe(tmp_path: Path) -> None:
    """Neither a configuration that all can read, which is told elsewhere, nor what is not there."""
    tmp_path.chmod(0o700)
    given = settings(tmp_path)
    texts = [next(machine.files(given)).text]
    given.path.chmod(0o644)
    texts += [next(machine.files(given)).text]
    given.general.database.unlink()
    texts += [next(machine.files(given)).text]
    assert texts == [
        "safe from others: configuration, 1 secret in a file and database",
        "safe from others: 1 secret in a file and database",
        "safe from others: 1 secret in a file",
    ]


@pytest.mark.parametrize(
    ("name", "mode", "code"),
    [
        ("hook", 0o644, "machine.file_readable"),
        ("inboxd.db", 0o640, "machine.file_readable"),
        ("config.toml", 0o646, "machine.file_writable"),
        (".", 0o777, "machine.file_writable"),
    ],
)
def test_files_that_others_can_touch_need_a_person(
    tmp_path: Path, name: str, mode: int, code: str
) -> None:
    """What is to be done stands there as a command."""
    given = settings(tmp_path)
    (tmp_path / name).chmod(mode)
    (found,) = machine.files(given)
    assert (str(found.code), found.todo.startswith("chmod ")) == (code, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_files_of_another_user_are_named(tmp_path: Path) -> None:
    """Root is told whose the database is, and that a lock of its own shuts the daemon out."""
    given = settings(tmp_path)
    os.chown(given.general.database, 65_534, 65_534)
    (tmp_path / "inboxd.db.lock").touch(0o600)
    assert codes(machine.files(given)) == {"machine.root", "machine.file_owner"}


def test_the_disk_lasts_as_long_as_the_database_grows(tmp_path: Path) -> None:
    """Room for a week needs a person, for two months it is good to know, for years it is well."""
    there = os.statvfs(tmp_path)
    free = there.f_bavail * there.f_frsize

    def found(days: float) -> set[str]:
        return codes(machine.disk(tmp_path, Size(MIB, 0, 0, free / days)))

    assert found(7) == {"machine.disk_full"}
    assert found(60) == {"machine.disk_low"}
    assert found(1_000) == {"machine.disk"}
    assert codes(machine.disk(tmp_path, Size(free, 0, 0, None))) == {"machine.disk_low"}


def test_the_growth_of_a_week_is_told(tmp_path: Path) -> None:
    """Half of all messages in the last week: half of the file in seven days."""
    with Store(tmp_path / "inboxd.db") as store:
        for ago, count in ((timedelta(days=1), 50), (timedelta(days=30), 50)):
            hour = f"{(NOW - ago).isoformat()[:13]}:00:00.000Z"
            store.database.execute(
                "INSERT INTO traffic (account, stream, hour, messages) VALUES ('a', 'comments', ?, ?)",
                (hour, count),
            )
        size = condition.size(store, NOW)
    assert size.grows == pytest.approx((size.whole - size.free) / 14)


def test_a_clock_that_went_back_needs_a_person() -> None:
    """Something is noted in the future: waits may have no end."""
    (found,) = machine.clock(NOW + timedelta(hours=1), NOW)
    assert (found.health, "1h later" in found.text) == (Health.TROUBLE, True)
    assert codes(machine.clock(NOW, NOW)) <= {"machine.clock", "machine.clock_free"}


def test_old_zone_data_is_told() -> None:
    """Rules change every year, somewhere."""
    assert codes(machine.zones(NOW)) == {"machine.zones"}
    assert codes(machine.zones(NOW + timedelta(days=2_000))) == {"machine.zones_old"}


def test_holidays_and_closed_files_that_end_are_told(tmp_path: Path) -> None:
    """A calendar whose country has none, and a file that nobody has touched for a year."""
    file = tmp_path / "closed.ics"
    file.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20251224\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    given = settings(
        tmp_path,
        '[[calendars]]\nname = "de"\nmon = ["09:00-17:00"]\nholidays = "DE-BY"\n'
        '[[calendars]]\nname = "ua"\nmon = ["09:00-17:00"]\nholidays = "UA"\n'
        'closed_file = "closed.ics"\n',
    )
    found = {each.what: str(each.code) for each in configuration.calendars(given, NOW)}
    assert found["calendar de"] == "config.holidays"
    assert not list(configuration.closed_files(given, SystemClock().now()))
    os.utime(file, (NOW.timestamp() - 400 * 86_400,) * 2)
    assert codes(configuration.closed_files(given, NOW)) == {"config.closed_file_old"}


def test_backups_that_are_missing_or_old_are_told(tmp_path: Path) -> None:
    """None at all is good to know; none of two nights, where each should have one, needs a person."""
    by_hand = settings(tmp_path)
    nightly = settings(tmp_path, "[backups]\nkeep = 3\n")
    assert codes(backups.backups(by_hand, NOW)) == {"database.backup_none"}
    database, folder = by_hand.general.database, by_hand.backup_folder
    folder.mkdir(0o700)
    made = back_up(database, folder / backup_name(database, NOW)).path

    def found(given: Settings, days: int) -> set[str]:
        return codes(backups.backups(given, NOW + timedelta(days=days)))

    assert found(by_hand, 7) == found(nightly, 1) == {"database.backup"}
    assert found(by_hand, 9) == {"database.backup_none"}
    assert found(nightly, 3) == {"database.backup_old"}
    made.chmod(0o644)
    tmp_path.chmod(0o700)
    assert codes(machine.files(by_hand)) == {"machine.file_readable"}


# Hosts


@asynccontextmanager
async def serving(
    context: ssl.SSLContext | None = None, date: datetime | None = None
) -> AsyncIterator[int]:
    """Serve anything, and tell the time of *date*, at a port."""

    async def answer(_: web.Request) -> web.Response:
        said = f"{date:%a, %d %b %Y %H:%M:%S} GMT" if date else ""
        return web.Response(text="hello", headers={"Date": said} if said else {})

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def reached(tmp_path: Path, base: str, **clock: Any) -> dict[str, Finding]:
    """Return what is found of the account's host, and of the clock, by their codes."""
    given = settings(tmp_path, base=base)
    found = await network.reach(given, ManualClock(clock.get("now", SystemClock().now())))
    return {str(each.code): each for each in found if "support" not in each.text}


async def test_a_host_that_answers_is_reached_and_tells_the_time(tmp_path: Path) -> None:
    """Whatever it answers; half a minute off is no matter, five minutes are."""
    async with serving(date=NOW) as port:
        base = f"http://127.0.0.1:{port}/graph/v1?x=1"
        assert {*await reached(tmp_path, base, now=NOW)} == {"network.reached", "machine.clock"}
        behind = await reached(tmp_path, base, now=NOW - timedelta(minutes=5))
        slightly = await reached(tmp_path, base, now=NOW + timedelta(minutes=1))
    assert "behind" in behind["machine.clock_wrong"].text
    assert "ahead of" in slightly["machine.clock_off"].text


async def test_each_step_to_a_host_that_fails_has_its_own_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name, connection, TLS and proxy: who reads it knows where to look."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with serving() as plain, serving(context) as secure:
        nowhere = await reached(tmp_path, "https://nowhere.invalid")
        untrusted = await reached(tmp_path, f"https://127.0.0.1:{secure}")
        no_tls = await reached(tmp_path, f"https://127.0.0.1:{plain}")
        monkeypatch.setenv("http_proxy", "http://user:secret-word@127.0.0.1:1")
        proxied = await reached(tmp_path, "http://shop.example")
    refused = await reached(tmp_path, "https://127.0.0.1:1")
    assert "nowhere.invalid" in nowhere["network.no_name"].todo
    assert "not accepted" in untrusted["network.tls"].text
    assert "network.tls" in no_tls
    assert "refused" in refused["network.no_answer"].text
    assert "127.0.0.1:1" in proxied["network.proxy"].text
    assert "secret-word" not in repr(proxied)


def test_of_a_secret_address_only_the_host_is_used(tmp_path: Path) -> None:
    """A webhook's path is its password."""
    assert network.origins(settings(tmp_path)) == {
        "https://guests.example": ["shop"],
        "https://hooks.example": ["support"],
    }


# The daemon


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (200, "daemon.answers", "answers"),
        (401, "daemon.answers", "answers"),
        (503, "daemon.complains", "shop is not read"),
        (None, "daemon.silent", "does not answer"),
    ],
)
async def test_a_daemon_that_runs_is_asked_how_it_is(
    tmp_path: Path, status: int | None, code: str, text: str
) -> None:
    """With its token; what it complains of is told, and so is that it says nothing."""

    async def ready(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer a-token-that-is-long-enough"
        said = {"ready": status == 200, "problems": ["shop is not read"]}
        return web.json_response(said, status=status or 200)

    (tmp_path / "token").write_text("a-token-that-is-long-enough")
    app = web.Application()
    app.router.add_get("/readyz", ready)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1] if status else 1
    listen = f'[http]\nlisten = "127.0.0.1:{port}"\ntoken = {{ file = "token" }}\n'
    given = settings(tmp_path, listen)
    assert await daemon.health(given) == []
    lock = DaemonLock(given.general.database)
    lock.acquire()
    try:
        (found,) = await daemon.health(given)
    finally:
        lock.release()
        await runner.cleanup()
    assert (str(found.code), text in found.text) == (code, True)


# systemd


def test_a_failed_unit_needs_a_person() -> None:
    """Which one, and how to see why."""
    found = [daemon._of_unit(unit) for unit in daemon._units(UNITS)]
    assert [each.health for each in found] == [Health.TROUBLE, Health.WELL, Health.WELL]
    assert found[0].todo.startswith("journalctl -u inboxd.service")


async def test_systemctl_is_asked_without_the_secrets_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that stands in its place sees none, and what it says is understood."""
    program = tmp_path / "systemctl"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\ncat <<'END'\n{UNITS}END\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("VK_TOKEN", "secret-word")
    monkeypatch.setattr(daemon, "_SYSTEMD_RUNS", tmp_path)
    assert codes(await daemon.units()) == {"daemon.unit", "daemon.unit_failed"}
    assert "secret-word" not in (tmp_path / "seen").read_text()
