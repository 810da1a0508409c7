"""How the database is: whole, of this version, to be written to, and not larger than need be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.text import format_size
from inboxd.durations import format_duration
from inboxd.errors import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseLeft,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseOlder,
)
from inboxd.findings import Code, Finding
from inboxd.store import condition, daemon_pid
from inboxd.store.forgetting.erasures import UNFINISHED
from inboxd.store.keeping.passed import REMOVED_AT, REMOVED_UNTIL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from inboxd.config.settings import GeneralSettings
    from inboxd.store import Store
    from inboxd.store.condition import Size

_QUICK = timedelta(seconds=8)
"""Real time after which the quick look at the pages is given up."""
_LARGE_JOURNAL = 256 * 1_048_576
_UNDER_WAY = timedelta(minutes=10)
"""Somebody may be erasing just now."""
_TWO_NIGHTS = timedelta(days=2)
_MUCH_UNUSED = 64 * 1_048_576
_RESTORE = "restore a backup (`inboxd restore`), or move the file away to start afresh"


def unopened(path: Path, error: DatabaseError) -> Finding:
    """Return why nothing can be read of the database at *path*."""
    match error:
        case DatabaseOlder():
            code, todo = (
                Code.DATABASE_OLDER,
                "the next `inboxd run` backs it up and brings it up to date",
            )
        case DatabaseNewer():
            code, todo = Code.DATABASE_NEWER, "install the version that it is of"
        case DatabaseLeft():
            code, todo = Code.DATABASE_LEFT, "`systemctl disable --now inboxd` here, and go there"
        case DatabaseLocked():
            code, todo = Code.DATABASE_LOCKED, f"find who holds it: fuser -v {path}"
        case DatabaseDamaged():
            code, todo = Code.DATABASE_DAMAGED, _RESTORE
        case _ if not path.exists() or not path.stat().st_size:
            code, todo = Code.DATABASE_MISSING, "start the daemon; or name the right file"
        case _:
            code, todo = Code.DATABASE_UNUSABLE, "see its owner and mode, and the disk"
    return Finding(code, "database", str(error), todo)


def integrity(store: Store, size: Size, *, deep: bool) -> Iterator[Finding]:
    """Yield whether the file is whole; *deep* takes the time that it takes."""
    path, large = store.path, format_size(size.whole)
    damage = condition.damage(store, None if deep else _QUICK, deep=deep)
    if damage is None:
        text = f"{path}: {large}, too large to be looked through in {_QUICK.seconds} s"
        yield Finding(Code.DATABASE_UNCHECKED, "database", text, "`inboxd doctor --deep` does it")
    elif damage:
        text = f"{path} is damaged: {damage}"
        yield Finding(Code.DATABASE_DAMAGED, "database", text, _RESTORE)
    else:
        thoroughly = ", every row of it" if deep else ""
        yield Finding(Code.DATABASE_WHOLE, "database", f"{path}: whole{thoroughly}, {large}")
        if deep:
            yield from _search(path)


def _search(path: Path) -> Iterator[Finding]:
    """Yield how the search index is, where SQLite did not look at it with everything else."""
    if condition.search_is_checked():
        return
    if daemon_pid(path):
        text = "the search index can be looked through only while no daemon runs"
        todo = "stop it, and `inboxd doctor --deep` once more"
        yield Finding(Code.DATABASE_SEARCH_UNCHECKED, "database", text, todo)
    elif damage := condition.damage_of_search(path):
        text = f"the search index is damaged: {damage}"
        yield Finding(Code.DATABASE_DAMAGED, "database", text, _RESTORE)


def writing(path: Path) -> Iterator[Finding]:
    """Yield why nothing can be written to the database; it waits for others as the daemon would."""
    try:
        condition.try_to_write(path)
    except DatabaseError as error:
        yield unopened(path, error)


def room(size: Size) -> Iterator[Finding]:
    """Yield where the database takes much more room than it needs."""
    if size.journal > _LARGE_JOURNAL:
        text = (
            f"its journal has grown to {format_size(size.journal)}: somebody has long been reading"
        )
        todo = "end old `tui` screens and other programs that have the database open"
        yield Finding(Code.DATABASE_JOURNAL, "database", text, todo)
    if size.free > max(_MUCH_UNUSED, size.whole / 2):
        text = f"{format_size(size.free)} of {format_size(size.whole)} are unused"
        yield Finding(
            Code.DATABASE_FREE,
            "database",
            text,
            "new messages use it again; `inboxd vacuum` gives it back to the disk",
        )


def unfinished(store: Store, general: GeneralSettings, now: datetime) -> Iterator[Finding]:
    """Yield what was to leave the file and has not left it wholly: of people, and by age."""
    since = store.recall_time(UNFINISHED, now)
    if since and now - since > _UNDER_WAY:
        text = f"words that were erased {_ago(now - since)} are still in its index or its journal"
        todo = "`inboxd forget`, without a name, takes them out; old `tui` screens may hinder it"
        yield Finding(Code.DATABASE_ERASING, "forgetting", text, todo)
    if general.retain is None and general.retain_raw is None:
        return
    done = store.recall_time(REMOVED_AT, now)
    if done is None and store.recall_time(REMOVED_UNTIL, now):
        text = "what is older than `retain` is being removed for the first time, or that broke off"
    elif done and now - done > _TWO_NIGHTS:
        text = f"what is older than `retain` was last removed {_ago(now - done)}"
    else:
        return
    todo = "the daemon does it by night: see its log; `inboxd vacuum` does it now"
    yield Finding(Code.DATABASE_REMOVING, "removal", text, todo)


def _ago(span: timedelta) -> str:
    return f"{format_duration(span)} ago"
