"""Whether a daemon runs, which one, what it says of itself, and who would hear of its death."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from inboxd import __version__
from inboxd.durations import format_duration
from inboxd.findings import Code, Finding
from inboxd.store import daemon_pid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxd.config import HeartbeatSettings, HttpSettings, Settings

VERSION = "version"
"""Under this name the database remembers which version last worked on it."""
_SYSTEMD_RUNS = Path("/run/systemd/system")
_UNIT = re.compile(r"/([^/]+\.service)$", re.MULTILINE)
_LONGEST = aiohttp.ClientTimeout(total=8)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A service as `systemctl list-units` tells of it."""

    name: str
    active: str
    running: str


def process(database: Path, version: str | None) -> Iterator[Finding]:
    """
    Yield whether a daemon runs, and whether it is the one that is installed.

    *version* is the one that last worked on the database, where that can be read.
    """
    pid = daemon_pid(database)
    if pid is None:
        todo = "start it, unless cron or a timer runs `inboxd run --once`"
        yield Finding(Code.DAEMON_ABSENT, "daemon", "does not run", todo)
        return
    unit = _unit_of(pid)
    of, runs = f"of {unit}" if unit else "", f"version {version}" if version else ""
    facts = [f"runs as process {pid}", of, runs]
    yield Finding(Code.DAEMON_RUNS, "daemon", ", ".join(filter(None, facts)))
    if version and version != __version__:
        text = f"is version {version}, and installed is {__version__}"
        yield Finding(Code.DAEMON_OTHER_VERSION, "daemon", text, "restart it")
    with suppress(OSError):
        owner = Path(f"/proc/{pid}").stat().st_uid
        if owner not in {0, os.geteuid()}:
            text = f"runs as user {owner}, and this is user {os.geteuid()}"
            todo = "use its user: `sudo -u`, as docs/operations.md shows"
            yield Finding(Code.DAEMON_OTHER_USER, "daemon", text, todo)


def _unit_of(pid: int) -> str:
    """Return the unit that runs a process, "" where none does or systemd is not there."""
    with suppress(OSError):
        found = _UNIT.search(Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii"))
        return found[1] if found else ""
    return ""


async def health(settings: Settings) -> list[Finding]:
    """Say what a daemon that runs answers to monitors, where it is to answer them."""
    http = settings.http
    if http is None or daemon_pid(settings.general.database) is None:
        return []
    where = f"[http] {http.listen.host}:{http.listen.port}"
    try:
        status, problems = await _ready(http)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        text = f"{where} does not answer ({type(error).__name__})"
        todo = "see whether another program has the port; restart the daemon"
        return [Finding(Code.DAEMON_SILENT, "health", text, todo)]
    if status != 503:  # one that has another token has answered as well
        return [Finding(Code.DAEMON_ANSWERS, "health", f"{where} answers")]
    told = "; ".join(map(str, problems)) or "its clockwork is late"
    return [Finding(Code.DAEMON_COMPLAINS, "health", told, "see the lines about it below")]


async def _ready(http: HttpSettings) -> tuple[int, list[object]]:
    host = http.listen.reached_at
    bracketed = f"[{host}]" if ":" in host else host
    token = http.token.get_secret_value() if http.token else ""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(timeout=_LONGEST, headers=headers) as session,
        session.get(f"http://{bracketed}:{http.listen.port}/readyz") as response,
    ):
        body = await response.json() if response.status == 503 else {}
        problems = body.get("problems") if isinstance(body, dict) else None
        return response.status, problems if isinstance(problems, list) else []


def heartbeat(settings: HeartbeatSettings | None) -> Iterator[Finding]:
    """Yield whether anybody elsewhere would notice that the daemon is dead."""
    if settings:
        text = f"calls a dead-man's switch every {format_duration(settings.every)}"
        yield Finding(Code.DAEMON_HEARTBEAT, "heartbeat", text)
    else:
        text = "nobody elsewhere would notice that inboxd is dead"
        todo = "give [heartbeat] the url of a dead-man's switch"
        yield Finding(Code.DAEMON_HEARTBEAT_NONE, "heartbeat", text, todo)


async def units() -> list[Finding]:
    """Say how the services of inboxd are, where systemd runs and is to be asked."""
    systemctl = shutil.which("systemctl") if _systemd_runs() else None
    if systemctl is None:
        return []
    child = await asyncio.create_subprocess_exec(
        systemctl, "list-units", "--all", "--plain", "--no-legend", "--no-pager",
        "--type=service", "inboxd*",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"LC_ALL": "C"},
    )  # fmt: skip
    try:
        said, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
    return [_of_unit(unit) for unit in _units(said.decode(errors="replace"))]


def _systemd_runs() -> bool:
    """Tell whether systemd began this machine, as sd_booted(3) finds out."""
    return _SYSTEMD_RUNS.is_dir()


def _units(said: str) -> Iterator[_Unit]:
    """Yield the units in what systemctl says: name, loaded, active, in what state, description."""
    for line in said.splitlines():
        match line.split(maxsplit=4):
            case [name, _, active, running, *_]:
                yield _Unit(name, active, running)


def _of_unit(unit: _Unit) -> Finding:
    if unit.active == "failed":
        todo = f"journalctl -u {unit.name} -n 50; then systemctl restart {unit.name}"
        return Finding(Code.DAEMON_UNIT_FAILED, unit.name, "has failed", todo)
    return Finding(Code.DAEMON_UNIT, unit.name, f"{unit.active} ({unit.running})")
