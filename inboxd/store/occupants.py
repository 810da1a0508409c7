"""Which other process keeps a database from being written, as far as the kernel tells."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCKS = Path("/proc/locks")
_WRITER = 120
"""The byte of the shared-memory file that whoever writes in WAL mode has locked, as SQLite's walformat says."""
_PENDING = 0x40000000
"""The first of the bytes of the database that are locked by whoever has it for itself alone."""


class _Lock(NamedTuple):
    process: int
    inode: int
    first: int
    last: int


def occupants(database: Path) -> list[str]:
    """
    Return who else has *database* locked for writing: ``process 4711 (sqlite3)``.

    Nobody, where the kernel does not tell: elsewhere than on Linux, or of another container.
    The file is not opened for it, for to close it would take our own locks away.
    """
    places = {
        (inode, byte)
        for path, byte in ((Path(f"{database}-shm"), _WRITER), (database, _PENDING))
        if (inode := _inode(path))
    }
    found = {
        lock.process
        for lock in _write_locks()
        for inode, byte in places
        if lock.inode == inode and lock.first <= byte <= lock.last
    }
    return [_named(process) for process in sorted(found - {0, os.getpid()})]


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _write_locks() -> Iterator[_Lock]:
    """Yield what the kernel lists: ``1: POSIX ADVISORY WRITE 4711 fe:00:5513338 120 120``."""
    try:
        lines = _LOCKS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        match line.split():
            case [_, "POSIX", _, "WRITE", process, place, first, last] if process.isdecimal():
                end = int(last) if last.isdecimal() else 1 << 63
                yield _Lock(int(process), int(place.rsplit(":", 1)[1]), int(first), end)


def _named(process: int) -> str:
    try:
        name = Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return f"process {process}"
    return f"process {process} ({name})"
