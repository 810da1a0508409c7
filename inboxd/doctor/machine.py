"""What inboxd stands on: who may touch its files, the room on the disk, the time."""

from __future__ import annotations

import os
import pwd
import stat
import zoneinfo
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from inboxd.core.text import format_size
from inboxd.durations import format_duration
from inboxd.findings import Code, Finding
from inboxd.store.condition import files_of
from inboxd.store.keeping.backups import own_backups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxd.config import Settings
    from inboxd.store.condition import Size

_OTHERS_READ, _OTHERS_WRITE, _OTHERS = 0o004, 0o002, 0o077
_MIB = 1_048_576
_LITTLE_ROOM = 200 * _MIB
_LASTS_LITTLE, _LASTS_FOR_NOW = timedelta(days=14), timedelta(days=90)
_FOR_EVER = timedelta(days=3_650)
_FEW_INODES = 1_000
_SLIGHTLY_OFF = timedelta(seconds=30)
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
_SYNCHRONISES = Path("/run/systemd/timesync")
_RELEASE = "tzdata.zi"
"""The file of the zone data that begins with its release: ``# version 2026b``."""


def files(settings: Settings) -> Iterator[Finding]:
    """Yield who else can read or change what inboxd lives by."""
    given, database = (settings.path, *settings.secret_files), settings.general.database
    made = own_backups(database, settings.backup_folder)
    own = [path for path in (*files_of(database), *made) if path.exists()]
    found = [*_open(given, own), *_foreign(own)]
    yield from found
    if not found and (safe := list(_safe(settings, own))):
        *others, last = safe
        names = f"{', '.join(others)} and {last}" if others else last
        yield Finding(Code.MACHINE_FILES, "files", f"safe from others: {names}")


def _safe(settings: Settings, own: list[Path]) -> Iterator[str]:
    """Yield, in words, what nobody else can touch, where nothing needs a person."""
    # That the configuration can be read is told with the rest of what is said about it.
    if not _mode(settings.path) & _OTHERS_READ:
        yield "configuration"
    if count := len(settings.secret_files):
        yield "1 secret in a file" if count == 1 else f"{count} secrets in files"
    if own:
        yield "database"


def _open(given: tuple[Path, ...], own: list[Path]) -> Iterator[Finding]:
    for path in given:
        mode = _mode(path)
        if mode & _OTHERS_WRITE:
            yield _writable(path, mode, f"chmod o-w {path}")
    for path in given[1:]:
        mode = _mode(path)
        if mode & _OTHERS_READ:
            text = f"{path} can be read by everybody on this machine (mode {mode:04o})"
            yield Finding(Code.MACHINE_FILE_READABLE, "secret", text, f"chmod o-rwx {path}")
    for path in own:
        mode = _mode(path)
        if mode & _OTHERS:
            text = f"{path} can be read by others (mode {mode:04o})"
            yield Finding(Code.MACHINE_FILE_READABLE, "database", text, f"chmod 600 {path}")
    for folder in sorted({path.parent for path in (*given, *own)}):
        mode = _mode(folder)
        if mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:
            yield _writable(folder, mode, f"chmod o-w {folder}")


def _writable(path: Path, mode: int, todo: str) -> Finding:
    text = f"{path} can be changed by everybody on this machine (mode {mode:04o})"
    return Finding(Code.MACHINE_FILE_WRITABLE, "files", text, todo)


def _foreign(own: list[Path]) -> Iterator[Finding]:
    """Yield whose the database is, if it is another's."""
    user = os.geteuid()
    owners = {path: path.stat().st_uid for path in own}
    database = next(iter(owners.values()), user)
    for path, owner in owners.items():
        if owner != database:
            text = f"{path} belongs to {_name(owner)}, the database to {_name(database)}"
            todo = f"chown {_name(database)} {path}"
            yield Finding(Code.MACHINE_FILE_OWNER, "files", text, todo)
    if owners and user == 0 and database != user:
        text = f"this is root, and the database belongs to {_name(database)}"
        todo = f"use `sudo -u {_name(database)}`: files that root makes shut the daemon out"
        yield Finding(Code.MACHINE_ROOT, "user", text, todo)
    elif owners and database != user:
        text = f"the database belongs to {_name(database)}, and this is {_name(user)}"
        yield Finding(
            Code.MACHINE_FILE_OWNER, "user", text, f"use `sudo -u {_name(database)}`, or chown it"
        )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _mode(path: Path) -> int:
    """Return a file's mode; 0, which nobody minds, where it went meanwhile."""
    with suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    return 0


def disk(folder: Path, size: Size | None) -> Iterator[Finding]:
    """Yield how much room there is where the database is, and for how long."""
    there = os.statvfs(folder)
    free = there.f_bavail * there.f_frsize
    lasts = _lasts(free, size)
    known = lasts is not None and lasts < _FOR_EVER
    enough = f", enough for {format_duration(lasts)}" if known and lasts else ""
    text = f"{format_size(free)} free in {folder}{enough}"
    todo = f"make room on the disk of {folder}, or move the database to a larger one"
    if free < _LITTLE_ROOM or (known and lasts and lasts < _LASTS_LITTLE):
        yield Finding(Code.MACHINE_DISK_FULL, "disk", text, todo)
    elif known and lasts and lasts < _LASTS_FOR_NOW:
        yield Finding(Code.MACHINE_DISK_LOW, "disk", text, todo)
    elif size and free < 2 * size.whole:
        text += f"; a copy of the database takes {format_size(size.whole)}, and there must be room to spare"
        yield Finding(Code.MACHINE_DISK_LOW, "disk", text, todo)
    else:
        yield Finding(Code.MACHINE_DISK, "disk", text)
    # A file system that makes them as it needs them counts none.
    if there.f_files and there.f_favail < _FEW_INODES:
        text = f"only {there.f_favail:,} more files can be made in {folder} (inodes)"
        yield Finding(Code.MACHINE_INODES, "disk", text, "delete small files there: `df -i`")


def _lasts(free: int, size: Size | None) -> timedelta | None:
    """Return how long the room lasts if the database goes on growing as in the last week."""
    if size is None or not size.grows:
        return None
    return timedelta(days=min(free / size.grows, _FOR_EVER.days))


def clock(newest: datetime | None, now: datetime) -> Iterator[Finding]:
    """Yield whether the computer's clock can be right, as far as it can be told from here."""
    if newest is not None and newest > now + _SLIGHTLY_OFF:
        back = format_duration(newest - now)
        text = f"{now:%Y-%m-%d %H:%M}Z; but something was noted {back} later: the clock went back"
        todo = "set the clock; if it is right now, it was wrong then, and waits may be too long"
        yield Finding(Code.MACHINE_CLOCK_BACK, "clock", text, todo)
        return
    if _SYNCHRONISES.exists() and not _SYNCHRONISED.exists():
        text, todo = "is not set by a time server", "see `timedatectl timesync-status`"
        yield Finding(Code.MACHINE_CLOCK_FREE, "clock", text, todo)
        return
    told = ", set by a time server" if _SYNCHRONISED.exists() else ""
    yield Finding(Code.MACHINE_CLOCK, "clock", f"{now:%Y-%m-%d %H:%M}Z{told}")


def zones(now: datetime) -> Iterator[Finding]:
    """Yield how old the time zone data is that Python takes: the system's, else the package's."""
    release = _release()
    year = release[:4]
    if year.isdigit() and now > datetime(int(year) + 2, 1, 1, tzinfo=UTC):
        text = f"the time zone data is of {year}: {release}"
        todo = "upgrade the system's package tzdata, and Python's: clock changes may be others"
        yield Finding(Code.MACHINE_ZONES_OLD, "time zones", text, todo)
    else:
        yield Finding(Code.MACHINE_ZONES, "time zones", release or "of an unknown release")


def _release() -> str:
    for folder in zoneinfo.TZPATH:
        with suppress(OSError, UnicodeDecodeError), (Path(folder) / _RELEASE).open() as file:
            return f"{file.readline().split()[-1]}, the system's"
    with suppress(metadata.PackageNotFoundError):
        return f"{metadata.version('tzdata')}, of Python's package"
    return ""
