"""Whether there is a copy to go back to, and how old it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.durations import format_duration
from inboxd.findings import Code, Finding
from inboxd.store.keeping.backups import made_at, own_backups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from inboxd.config import Settings

_TWO_NIGHTS = timedelta(days=2)
"""A daemon that makes one each night has none of the last two only if it fails."""
_OLD_BY_HAND = timedelta(days=8)
_EACH_NIGHT = "let the daemon make one each night: [backups]"


def backups(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Yield how old the latest backup is; copies that are taken elsewhere, nobody here knows of."""
    folder = settings.backup_folder
    made = own_backups(settings.general.database, folder)
    nightly = settings.backups is not None
    if not made:
        todo = "`inboxd backup` makes one now" if nightly else _EACH_NIGHT
        yield Finding(Code.DATABASE_BACKUP_NONE, "backups", f"there is none in {folder}", todo)
        return
    # One that bears a time to come was made while the clock was ahead, nobody knows when.
    age = now - max((at for each in made if (at := made_at(each)) <= now), default=made_at(made[0]))
    text = f"{len(made)} in {folder}, the latest {format_duration(max(age, timedelta()))} old"
    if nightly and age > _TWO_NIGHTS:
        todo = "`inboxd backup` says why none is made"
        yield Finding(Code.DATABASE_BACKUP_OLD, "backups", text, todo)
    elif age > _OLD_BY_HAND:
        yield Finding(Code.DATABASE_BACKUP_NONE, "backups", text, _EACH_NIGHT)
    else:
        yield Finding(Code.DATABASE_BACKUP, "backups", text)
