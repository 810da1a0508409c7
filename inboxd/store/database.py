"""Opening the database: its mode, its permissions, its age, and who may be its daemon."""

from __future__ import annotations

import fcntl
import logging
import os
import select
import sqlite3
from contextlib import contextmanager, suppress
from errno import ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING

from inboxd.clock import SystemClock
from inboxd.errors import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseLeft,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseOlder,
    DatabaseUnavailable,
)
from inboxd.store import schema
from inboxd.store.files import make_private
from inboxd.store.keeping import backups
from inboxd.store.occupants import occupants

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

BUSY_TIMEOUT_SECONDS = 5.0
CACHE_KIB = 16_000
"""As much of the file is kept in memory as a daemon needs that writes all day."""
_LARGEST_JOURNAL = 64 * 2**20
"""Bytes to which the journal is cut when it begins anew: a long reader may have let it grow."""
_TRIES, _PAUSE_SECONDS = 4, 0.05
IN_MEMORY = Path(":memory:")
"""Where a database is that is in no file."""
LEFT_AT = "left_at"
"""The name in `memory` under which stands when a database was left for another server."""
_NOBODYS_BUG = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}
"""What the disk, or another program, does to a database that was good when it was opened."""


def open_database(
    path: Path, *, create: bool = True, cache_kib: int = CACHE_KIB, keep_before: bool = True
) -> sqlite3.Connection:
    """
    Return the database at *path*, migrated to this version's schema.

    One with something in it is backed up beside itself before it is migrated, if it is to be kept as it
    was (*keep_before*). Up to *cache_kib* of it are kept in memory. A new file is made with mode 0600; `IN_MEMORY` is none, and goes with its connection. Raises
    DatabaseError, saying what to do, if the file is not ours, is newer than this program, or
    cannot be used.
    """
    if path == IN_MEMORY:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        return _prepared(connection, path, cache_kib, keep_before=False)
    _look_at(path, create=create)
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    try:
        return _prepared(connection, path, cache_kib, keep_before=keep_before)
    except sqlite3.Error as error:
        connection.close()
        raise _explained(path, error) from error
    except BaseException:
        connection.close()
        raise


def open_read_only(
    path: Path, *, patience_seconds: float = BUSY_TIMEOUT_SECONDS
) -> sqlite3.Connection:
    """
    Return the database at *path* to be read while others may write to it; as it must be now.

    *patience_seconds* is how long to wait for a program that has locked it.
    """
    _look_at(path, create=False, to_write=False)
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            timeout=patience_seconds,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    try:
        _refuse_strangers(connection, path)
        _refuse_older(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise _explained(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _prepared(
    connection: sqlite3.Connection, path: Path, cache_kib: int, *, keep_before: bool
) -> sqlite3.Connection:
    _refuse_strangers(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    # An alert that was marked as sent must stay so after a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What is deleted is overwritten: not every SQLite is built to do so, and who asks to be
    # forgotten must not be found in the gaps of the file.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_JOURNAL}")
    if schema.pending(connection):
        # All at once: what a kill leaves is an empty file, not one that seems another's; and
        # of two processes that start together, the second finds the work done.
        with transaction(connection):
            _migrate(connection, path, keep_before=keep_before)
    return connection


def _migrate(connection: sqlite3.Connection, path: Path, *, keep_before: bool) -> None:
    """Apply what is pending, while nobody else can write."""
    steps = schema.pending(connection)
    if not steps or not schema.applied(connection):
        schema.migrate(connection)
        return
    if keep_before and connection.execute("SELECT EXISTS (SELECT 1 FROM messages)").fetchone()[0]:
        copy = backups.free_path(path, path.parent, SystemClock().now(), before=steps[0])
        log.warning("%s is of an older inboxd: first it is copied to %s", path, copy.name)
        backups.back_up(path, copy)
    log.warning("%s is brought up to date: %s", path, ", ".join(steps))
    schema.migrate(connection)
    log.warning("%s is up to date", path)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """
    Run a block as one durable transaction; a nested one joins the outer.

    It takes the write lock at once: a transaction that first reads and then writes would
    otherwise fail, without waiting, when another process wrote in between.
    """
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A commit that fails may leave the transaction open, and the next would join it.
        db.rollback()
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise DatabaseError where the disk or another program keeps *path* from being used."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "decode to UTF-8" in str(error):
            advice = "it is damaged: restore a backup, or put that right with the sqlite3 program"
            raise DatabaseDamaged(f"{path}: a text in it is none; {advice}") from error
        # An extended code has the primary one in its lowest byte.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NOBODYS_BUG:
            raise
        raise _explained(path, error) from error


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at *path* from any other, None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def journal_path(database: Path) -> Path:
    """Return the file to which SQLite writes first what is written to *database*."""
    return _beside(database, "-wal")


def lock_path(database: Path) -> Path:
    """Return the file that a daemon locks while it works on *database*."""
    return _beside(database, ".lock")


def _beside(database: Path, ending: str) -> Path:
    """Return what lies beside a database, wherever a link to it may be: one lock for one file."""
    real = database.resolve()
    return real.with_name(real.name + ending)


class DaemonLock:
    """
    Makes sure that one daemon at a time works on a database.

    The lock is the kernel's: it goes with the process, however that ends.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = lock_path(database)
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock, or raise DatabaseError with the process that has it."""
        _look_at(self._database, create=True)
        try:
            make_private(self._path)
            file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise DatabaseError(f"{self._path} cannot be opened: {error.strerror}") from error
        # Whoever only asks for the daemon's number holds the lock for an instant, too.
        if not any(_locked(file) for _ in range(_TRIES)):
            owner = os.read(file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(file)
            raise DatabaseError(
                f"another inboxd (process {owner}) already works on this database; "
                "stop it first, or give this one a database of its own"
            )
        try:
            os.ftruncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
        except OSError as error:
            os.close(file)
            advice = _advice(self._path, sqlite3.SQLITE_FULL if error.errno == ENOSPC else 0)
            text = f"{self._path} cannot be written: {error.strerror}; {advice}"
            raise DatabaseUnavailable(text) from error
        self._file = file

    def release(self, *, orderly: bool = True) -> None:
        """Give the lock back; safe to call twice. Only an *orderly* end leaves no number in it."""
        if self._file is not None:
            if orderly:
                with suppress(OSError):
                    os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        select.select([], [], [], _PAUSE_SECONDS)
        return False
    return True


def was_abandoned(database: Path) -> bool:
    """Tell whether who held the lock last was killed, or crashed: its number is still in it."""
    try:
        return bool(lock_path(database).read_bytes().strip()) and daemon_pid(database) is None
    except OSError:
        return False


def daemon_pid(database: Path) -> int | None:
    """Return the process that works on *database* as its daemon, if there is one."""
    try:
        with lock_path(database).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read(32) or 0)
    except (OSError, ValueError):
        return None
    return None


def _look_at(path: Path, *, create: bool, to_write: bool = True) -> None:
    """
    Refuse what cannot be a database before SQLite touches it; make a new file private.

    A file with something in it is not opened here: to close it would take away the locks that
    this process may have on it by another connection, as POSIX has it, and whoever else closes
    it last would delete the journal that is being written to.
    """
    if path.is_dir():
        raise DatabaseError(f"{path} is a directory; [inboxd].database must name a file")
    try:
        exists = path.exists() and path.stat().st_size > 0
        if not exists and not create:
            raise DatabaseError(f"{path} does not exist; `inboxd run` creates it")
        if not exists:
            make_private(path)
            path.chmod(0o600)  # an empty file may have been there before
    except FileNotFoundError:
        raise DatabaseError(f"{path.parent} does not exist; create the folder first") from None
    except PermissionError:
        raise DatabaseError(f"{path} cannot be opened by this user; check its owner") from None
    except OSError as error:
        raise DatabaseError(f"{path} cannot be opened: {error.strerror}") from error
    if not os.access(path, os.R_OK):
        raise DatabaseError(f"{path} cannot be opened by this user; check its owner")
    if to_write and not os.access(path, os.W_OK):
        raise DatabaseError(f"{path} is read-only; inboxd must be able to write to it")


def _refuse_strangers(db: sqlite3.Connection, path: Path) -> None:
    """Refuse another program's database and one that a newer inboxd has migrated."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table'").fetchone() is None:
        return
    (application_id,) = db.execute("PRAGMA application_id").fetchone()
    if application_id != schema.APPLICATION_ID:
        raise DatabaseError(f"{path} belongs to another program; name another file")
    refuse_newer(db, path)


def refuse_newer(db: sqlite3.Connection, path: Path) -> None:
    """Raise DatabaseError where a newer inboxd has migrated the database."""
    if newer := schema.unknown(db):
        backup = backups.made_before(path, newer[0])
        how = f" that was made before: `inboxd restore {backup}`" if backup else " made before"
        raise DatabaseNewer(
            f"{path} was last used by a newer inboxd (it has {', '.join(newer)}); "
            f"install that version, or restore the backup{how}"
        )


def left_at(db: sqlite3.Connection) -> str | None:
    """Return when a database was left for its copy on another server, None if it was not."""
    row = db.execute("SELECT value FROM memory WHERE name = ?", (LEFT_AT,)).fetchone()
    return str(row[0]) if row else None


def refuse_left(db: sqlite3.Connection, path: Path) -> None:
    """Raise DatabaseLeft where nobody would ever see what is written."""
    if at := left_at(db):
        raise DatabaseLeft(
            f"{path} moved to another server on {at[:10]} (`inboxd backup --last`): nothing may be "
            "done with it here any more; to stay here after all, `inboxd restore` that last backup"
        )


def _refuse_older(db: sqlite3.Connection, path: Path) -> None:
    if schema.pending(db):
        raise DatabaseOlder(f"{path} is of an older inboxd; `inboxd run` brings it up to date")


def _explained(path: Path, error: sqlite3.Error) -> DatabaseError:
    text, code = str(error), getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return DatabaseDamaged(f"{path} is not an SQLite database; name another file")
    if code == sqlite3.SQLITE_CORRUPT:
        advice = "it is damaged: restore a backup, or move it away to start afresh"
        return DatabaseDamaged(f"{path}: {text}; {advice}")
    locked = code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    kind = DatabaseLocked if locked else DatabaseUnavailable
    return kind(f"{path}: {text}; {_advice(path, code)}")


def _advice(path: Path, code: int) -> str:
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            who = ", ".join(occupants(path)) or "another program"
            return f"{who} has held it locked for too long: find and stop it"
        case sqlite3.SQLITE_FULL:
            return "make room on the disk"
        case sqlite3.SQLITE_IOERR:
            return "the disk is full, over a quota, or failing: look at it, and at the system's log"
    return "check the disk and the file's permissions"
