"""Copies of the database: made beside whoever writes to it, verified, and thrown away when old."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from glob import escape
from typing import TYPE_CHECKING

from inboxd.core.text import format_size
from inboxd.errors import DatabaseError
from inboxd.store import schema
from inboxd.store.bulk import quoted
from inboxd.store.files import belong_to_folder, damage, extent, make_private, room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Watch = Callable[[str, float], None]
    """Is told what is being done, and which share of it is."""

BACKED_UP = "backup:made"
"""Under which name it is remembered when the daemon last made one."""
_PAGES_AT_ONCE = 1_024
_STEPS = 1_000_000
"""Steps of SQLite's machine after which somebody may break off a verification."""
HEADER = b"SQLite format 3\x00"
_APPLICATION = slice(68, 72)
"""Where in an SQLite file its application_id stands."""
_PARTIAL = ".partial"
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """A verified copy: where it is, how many bytes it has, and how many rows of what."""

    path: Path
    size: int
    rows: Mapping[str, int]


def quietly(_doing: str, _share: float) -> None:
    """Tell nobody how far a copy has come."""


def backup_name(database: Path, now: datetime, *, before: str = "") -> str:
    """Return what a backup made *now* is called, *before* what it was made if that is told."""
    why = f"-before-{before}" if before else ""
    return f"{database.stem}-{now.astimezone(UTC).strftime(_TIME)}{why}.db"


def free_path(database: Path, folder: Path, now: datetime, *, before: str = "") -> Path:
    """Return where a backup made *now* can go: several in one second have times a second apart."""
    while (path := folder / backup_name(database, now, before=before)).exists():
        now += timedelta(seconds=1)
    return path


def back_up(database: Path, to: Path, watch: Watch = quietly) -> Backup:
    """
    Copy *database* as it is at one instant into the new file *to*, and verify the copy.

    Others may read and write meanwhile. The copy is one plain file of mode 0600 and has its name
    only when it is whole and on disk. Raises DatabaseError, leaving nothing behind.
    """
    if to.exists():
        raise DatabaseError(f"{to} exists already; name another file")
    partial = to.with_name(f".{to.name}{_PARTIAL}")
    try:
        with _alone(to.parent, database):
            rows = copy(database, partial, watch)
            if to.parent.stat().st_uid == database.stat().st_uid:
                # Not elsewhere: whose folder it is need not be allowed to read the messages.
                belong_to_folder(partial, to.parent)
            sync(partial)
            size = partial.stat().st_size
            partial.replace(to)
            sync(to.parent)
    except OSError as error:
        _delete(partial)
        raise DatabaseError(f"{to} cannot be written: {error.strerror}") from error
    return Backup(to, size, rows)


def copy(database: Path, to: Path, watch: Watch = quietly) -> Mapping[str, int]:
    """Copy *database* as it is at one instant to *to*, and verify that; returns its rows."""
    try:
        with closing(opened(database)) as source, _snapshot(source):
            _refuse_full_disk(source, to.parent)
            watch("copying", 0.0)
            _copy(source, to, watch)
            watch("verifying", 0.0)
            return _verified(source, to, watch)
    except (sqlite3.Error, UnicodeError) as error:
        _delete(to)
        advice = "make room on the disk" if "full" in str(error) else "check the disk"
        raise DatabaseError(f"{database} cannot be copied to {to.parent}: {error}; {advice}") from (
            error
        )
    except BaseException:
        _delete(to)
        raise


def opened(database: Path) -> sqlite3.Connection:
    """Return a connection that reads *database*, whatever version has written it."""
    if not database.is_file():
        raise DatabaseError(f"{database} does not exist")
    uri = f"{database.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


@contextmanager
def _snapshot(source: sqlite3.Connection) -> Iterator[None]:
    """Read everything in a block as of one instant: what others write then is not seen."""
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM sqlite_master").fetchone()
    try:
        yield
    finally:
        source.execute("ROLLBACK")


def _refuse_full_disk(source: sqlite3.Connection, folder: Path) -> None:
    """Raise DatabaseError where a copy has no room: half of one would fill the disk for all."""
    (size, _), free = extent(source), room(folder)
    if free < size:
        raise DatabaseError(
            f"{folder} has no room for a copy: it needs {format_size(size)}, and "
            f"{format_size(free)} are free; make room on the disk"
        )


def _copy(source: sqlite3.Connection, to: Path, watch: Watch) -> None:
    _delete(to)
    os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(to, isolation_level=None, check_same_thread=False)) as target:
        # It is thrown away if anything goes wrong, and synced when it is whole.
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("PRAGMA synchronous = OFF")

        def progress(_: int, remaining: int, total: int) -> None:
            watch("copying", (total - remaining) / max(total, 1))

        source.backup(target, pages=_PAGES_AT_ONCE, progress=progress, sleep=0)
    with closing(sqlite3.connect(to, isolation_level=None, check_same_thread=False)) as target:
        # One file, that can be read wherever it is put: no journal belongs to it.
        target.execute("PRAGMA synchronous = OFF")
        target.execute("PRAGMA journal_mode = DELETE").fetchone()


def _verified(source: sqlite3.Connection, to: Path, watch: Watch) -> Mapping[str, int]:
    """Return how many rows the copy has; raise DatabaseError where it is not as its source."""

    def still_wanted() -> int:
        watch("verifying", 0.0)
        return 0

    source.set_progress_handler(still_wanted, _STEPS)
    expected = rows_of(source)
    with closing(opened(to)) as found:
        found.set_progress_handler(still_wanted, _STEPS)
        problem = _problem(found)
        if not problem and schema.applied(found) != schema.applied(source):
            problem = "its schema is another"
        if not problem and rows_of(found) != expected:
            problem = "it has other rows"
    if problem:
        raise DatabaseError(f"the copy in {to.parent} is no good: {problem}; check the disk")
    return expected


def is_ours(db: sqlite3.Connection) -> bool:
    """Tell whether a database is one of inboxd."""
    return bool(db.execute("PRAGMA application_id").fetchone()[0] == schema.APPLICATION_ID)


def _problem(db: sqlite3.Connection) -> str:
    """Return what is wrong with a copy as such, "" where it is whole and one of ours."""
    if not is_ours(db):
        return "it is no database of inboxd"
    try:
        return damage(db, deep=True)
    except sqlite3.DatabaseError as error:
        return str(error)


def rows_of(db: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table has, but for those that SQLite keeps for itself."""
    names = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite^_%' ESCAPE '^' AND name NOT LIKE 'messages^_fts%' ESCAPE '^' "
        "ORDER BY name"
    ).fetchall()
    return {
        name: int(db.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0])  # noqa: S608 - as it says
        for (name,) in names
    }


def own_backups(database: Path, folder: Path) -> list[Path]:
    """
    Return the backups of *database* in *folder*, the oldest first.

    Only what bears a name of ours and is a database of inboxd is one; those that were made
    before a migration are not among them.
    """
    name = re.compile(rf"{re.escape(database.stem)}-\d{{8}}T\d{{6}}Z\.db")
    found = [path for path in folder.glob("*.db") if name.fullmatch(path.name)]
    return sorted(path for path in found if _has_a_time(path) and _is_one_of_ours(path))


def made_at(backup: Path) -> datetime:
    """Return when one of `own_backups` was made, as its name has it."""
    return datetime.strptime(backup.stem[-16:], _TIME).replace(tzinfo=UTC)


def _has_a_time(path: Path) -> bool:
    with suppress(ValueError):
        made_at(path)
        return True
    return False


def made_before(database: Path, migration: str) -> Path | None:
    """Return the latest backup that was made before *migration*, if it is still there."""
    names = f"{escape(database.stem)}-*-before-{escape(migration)}.db"
    return max(database.parent.glob(names), default=None)


def made_ready(folder: Path) -> None:
    """Make a private *folder* for backups, unless it is there."""
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
            belong_to_folder(folder, folder.parent)
    except OSError as error:
        raise DatabaseError(f"{folder} cannot be made: {error.strerror}") from error


def prune(database: Path, made: Path, keep: int) -> list[Path]:
    """
    Delete the oldest of our backups beside the one just *made* until *keep* are left; returns which.

    What bears a later time than that was made while the clock was ahead: it is neither counted
    nor deleted, or it would push out each new one.
    """
    folder = made.parent
    old = [path for path in own_backups(database, folder) if path.name <= made.name][:-keep]
    for path in old:
        _delete(path)
    if old:
        sync(folder)
    return old


def _is_one_of_ours(path: Path) -> bool:
    """Tell, from its first bytes, whether a file that nobody has open is a database of inboxd."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            header = file.read(_APPLICATION.stop)
    except OSError:
        return False
    number = schema.APPLICATION_ID.to_bytes(4, "big")
    return header.startswith(HEADER) and header[_APPLICATION] == number


@contextmanager
def _alone(folder: Path, database: Path) -> Iterator[None]:
    """Let one backup of *database* be made in *folder* at a time; what others left behind goes."""
    path = folder / f".{database.stem}.backup.lock"
    make_private(path)
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for leftover in folder.glob(f".{escape(database.stem)}-*.db{_PARTIAL}"):
            _delete(leftover)
        yield
    except BlockingIOError:
        raise DatabaseError(f"another backup is being made in {folder}; wait for it") from None
    finally:
        os.close(file)


def _delete(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


def sync(path: Path) -> None:
    """Let *path*, a file that no connection has open or a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
