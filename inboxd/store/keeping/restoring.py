"""Putting a backup in the place of the present database, which is kept beside it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inboxd.errors import DatabaseError
from inboxd.store.database import DaemonLock, explained, open_database, refuse_newer
from inboxd.store.forgetting.erasures import ErasureStore
from inboxd.store.keeping.backups import copy, free_path, is_ours, opened, quietly, sync
from inboxd.store.keeping.carrying import Carried, carry_over, lived_until, queued_since, readable
from inboxd.store.keeping.leaving import forget_leaving, held, use_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from inboxd.store.forgetting.erasures import Erasure
    from inboxd.store.keeping.backups import Watch

    EraseAgain = Callable[[Path, Sequence[Erasure]], object]
    """Erases in the database at a path what was erased since it was backed up."""

_PARTS = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """
    What a restored database is: until when it had lived, and where the former one is.

    *former* is None if there was none. Where it was *unreadable*, nobody knows whom it had
    forgotten, nor what became of what was being sent. Where it *moved* here, nothing had happened
    since the backup.
    """

    lived_until: datetime | None
    former: Path | None
    carried: Carried
    unreadable: bool
    moved: bool


def examine(backup: Path) -> datetime | None:
    """
    Return until when a backup's database had lived.

    Raises DatabaseError where it is another program's, or of a newer inboxd. Whether it is whole
    is seen when it has been copied.
    """
    try:
        with closing(opened(backup)) as db:
            if not is_ours(db):
                raise DatabaseError(f"{backup} cannot be restored: it is no database of inboxd")
            refuse_newer(db, backup)
            return lived_until(db)
    except (sqlite3.Error, ValueError) as error:
        raise DatabaseError(f"{backup} cannot be restored: {error}") from error


def restore(
    database: Path,
    backup: Path,
    now: datetime,
    erase_again: EraseAgain,
    watch: Watch = quietly,
) -> Restored:
    """
    Put a copy of *backup*, brought up to date, in the place of *database*.

    Whoever was erased since is erased in it before anybody sees it. Raises DatabaseError, having
    changed nothing, where a daemon or a terminal has it open or the backup is no good. `kill -9`
    at any instant leaves either the former or the restored one.
    """
    if database.exists() and backup.exists() and backup.samefile(database):
        raise DatabaseError(f"{backup} is the database itself")
    # A link to another disk stays one.
    database = database.resolve()
    until = examine(backup)
    lock = DaemonLock(database)
    lock.acquire()
    try:
        new = database.with_name(f".{database.name}.restoring")
        _copied(backup, new, watch)
        with ExitStack() as stack, explained(database):
            stack.callback(_delete, new)
            former = _held(database, stack)
            watch("bringing it up to date", 0.0)
            carried, moved = _made_ready(new, former, now, erase_again, alone=_is_new(database))
            _belong_to(new, database)
            sync(new)
            if moved:
                use_up(backup)
            kept = _set_aside(database, now)
            new.replace(database)
            sync(database.parent)
    except OSError as error:
        raise DatabaseError(f"{database} cannot be replaced: {error.strerror}") from error
    finally:
        lock.release()
    return Restored(until, kept, carried, former is None and kept is not None, moved)


def _is_new(database: Path) -> bool:
    return database.stat().st_size == 0


def _copied(backup: Path, new: Path, watch: Watch) -> None:
    try:
        copy(backup, new, watch)
    except DatabaseError as error:
        raise DatabaseError(f"{backup} cannot be restored: {error}") from error


def _held(database: Path, stack: ExitStack) -> sqlite3.Connection | None:
    """
    Return the present database with everybody else locked out, None if it cannot be read.

    Raises DatabaseError where somebody has it open: what they wrote would go into a file that
    nobody looks into any more.
    """
    if _is_new(database):
        return None
    try:
        former = stack.enter_context(held(database))
    except sqlite3.DatabaseError:
        return None
    return former if readable(former) else None


def _made_ready(
    new: Path,
    former: sqlite3.Connection | None,
    now: datetime,
    erase_again: EraseAgain,
    *,
    alone: bool,
) -> tuple[Carried, bool]:
    """
    Bring the copy up to date and to one file; returns what was carried over, and whether it moved.

    *alone* means that there was no database before.
    """
    with closing(open_database(new, create=False, keep_before=False)) as restored:
        moved = forget_leaving(restored, now) and alone
        # What has moved knows itself what became of everything.
        carried = carry_over(restored if moved else former, restored, now)
        carried = replace(carried, lost=queued_since(former, restored))
    if erasures := _erased(former):
        erase_again(new, erasures)
    with closing(sqlite3.connect(new, isolation_level=None)) as restored:
        restored.execute("PRAGMA journal_mode = DELETE").fetchone()
    return carried, moved


def _erased(former: sqlite3.Connection | None) -> Sequence[Erasure]:
    """Return what the former database knows to have been erased; an old one knows of nothing."""
    if former is None:
        return ()
    try:
        return ErasureStore(former).all()
    except sqlite3.OperationalError:
        return ()


def _belong_to(new: Path, database: Path) -> None:
    """Give the new file the owner of the present one, which may be new, where root restores."""
    owner = database.stat()
    if os.geteuid() == 0:
        os.chown(new, owner.st_uid, owner.st_gid)
    new.chmod(0o600)


def _set_aside(database: Path, now: datetime) -> Path | None:
    """
    Keep the present database under another name as well; returns which.

    Its journal goes with it: by the new one it would be taken for its own.
    """
    if _is_new(database):
        return None
    kept = free_path(database, database.parent, now, before="restore")
    try:
        kept.hardlink_to(database)
    except OSError:
        # A file system without hard links: for an instant there is no database.
        database.rename(kept)
    for part in _PARTS:
        with suppress(FileNotFoundError):
            database.with_name(database.name + part).rename(kept.with_name(kept.name + part))
    return kept


def _delete(new: Path) -> None:
    for part in ("", "-journal", *_PARTS):
        with suppress(FileNotFoundError):
            new.with_name(new.name + part).unlink()
