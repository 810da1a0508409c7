"""Looks after the database itself: backs it up, removes what is old, keeps its journal small."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.machine import backup_failed_alert, backup_made_again_alert
from inboxd.core.localtime import latest
from inboxd.errors import InboxdError
from inboxd.store.keeping.backups import BACKED_UP, back_up, free_path, made_ready, prune
from inboxd.store.keeping.passed import REMOVED_AT
from inboxd.store.keeping.retention import Keep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxd.config import Settings
    from inboxd.store import Store
    from inboxd.store.keeping.backups import Backup
    from inboxd.store.keeping.retention import Removed
    from inboxd.workers.context import Context

log = structlog.get_logger(__name__)

BACKUP_FAILS_SINCE = "backup:failing"
"""Under which name it is remembered since when no backup could be made."""
_TRIED = "backup:tried"
_TRY_AGAIN_AFTER = timedelta(hours=1)
_STEPS_AT_ONCE = 200
"""Transactions of removal in one look: the rest is for the next."""
_LARGE_JOURNAL = 128 * 2**20
_TELL_OF_THE_JOURNAL_EVERY = timedelta(hours=1)


class Stopped(Exception):
    """The daemon is told to stop in the middle of a backup."""


class Keeper:
    """Does by night what keeps the database safe and small, beside everything else."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._context = context
        general = settings.general
        self._keep = Keep(general.retain, general.retain_raw, general.quiet_after)
        self._removing: Iterator[Removed] | None = None
        self._removed: Removed | None = None
        self._stopping = threading.Event()
        self._told_of_journal: datetime | None = None

    async def look(self) -> None:
        """Do what is due."""
        await self._back_up()
        await self._remove()
        await self._shorten_journal()

    def stop(self) -> None:
        """Give up the backup that is being made; nothing is left of it."""
        self._stopping.set()

    async def _back_up(self) -> None:
        now, backups = self._context.clock.now(), self._settings.backups
        if backups is None:
            return
        turn = latest(backups.at, self._settings.general.timezone, now)
        if not await self._context.store.run(lambda store: _is_due(store, turn, now)):
            return
        try:
            backup = await asyncio.to_thread(self._make, now)
            removed = await asyncio.to_thread(
                prune, self._settings.general.database, backup.path, backups.keep
            )
        except Stopped:
            return
        except InboxdError as error:
            text = str(error)
            log.warning("backup failed", text=text)
            await self._context.store.run(lambda store: self._failed(store, text))
            return
        log.info("backed up", path=str(backup.path), size=backup.size, removed=len(removed))
        await self._context.store.run(self._made)

    def _make(self, now: datetime) -> Backup:
        """Make a backup on connections of its own, in a thread of its own."""
        database, folder = self._settings.general.database, self._settings.backup_folder
        made_ready(folder)
        return back_up(database, free_path(database, folder, now), self._watch)

    def _watch(self, _doing: str, _share: float) -> None:
        if self._stopping.is_set():
            raise Stopped

    def _failed(self, store: Store, error: str) -> None:
        now = self._context.clock.now()
        with store.transaction():
            store.remember(_TRIED, now.isoformat())
            if store.recall_time(BACKUP_FAILS_SINCE, now) is None:
                store.remember(BACKUP_FAILS_SINCE, now.isoformat())
                alert = backup_failed_alert(now, error, now)
                store.outbox.add_alert(alert, self._context.alert_to)

    def _made(self, store: Store) -> None:
        now = self._context.clock.now()
        with store.transaction():
            store.remember(BACKED_UP, now.isoformat())
            store.forget(_TRIED)
            if since := store.recall_time(BACKUP_FAILS_SINCE, now):
                store.forget(BACKUP_FAILS_SINCE)
                alert = backup_made_again_alert(since, now)
                store.outbox.add_alert(alert, self._context.alert_to)

    async def _remove(self) -> None:
        now, general = self._context.clock.now(), self._settings.general
        if self._keep.all is None and self._keep.raw is None:
            return
        turn = latest(general.reconcile_at, general.timezone, now)
        if self._removing is None:
            last = await self._context.store.run(lambda store: store.recall_time(REMOVED_AT, now))
            if last is not None and last >= turn:
                return
            self._removing = await self._context.store.run(
                lambda store: store.retention.removing(self._keep, now)
            )
        for _ in range(_STEPS_AT_ONCE):
            # One transaction, and then whoever else waits for the store.
            if not await self._context.store.run(self._step):
                await self._all_removed(now)
                return

    def _step(self, _: Store) -> bool:
        try:
            removed = next(self._removing, None) if self._removing else None
        except BaseException:
            # What was broken off would seem to be at its end: it begins anew.
            self._removing = None
            raise
        self._removed = removed or self._removed
        return removed is not None

    async def _all_removed(self, now: datetime) -> None:
        removed, self._removing, self._removed = self._removed, None, None
        await self._context.store.run(lambda store: store.remember(REMOVED_AT, now.isoformat()))
        if removed:
            log.info(
                "removed what was old",
                messages=removed.messages,
                cases=removed.cases,
                raw=removed.raw,
                others=removed.others,
            )

    async def _shorten_journal(self) -> None:
        size = await self._context.store.run(lambda store: store.shorten_journal(_LARGE_JOURNAL))
        now = self._context.clock.now()
        told = self._told_of_journal
        if size < _LARGE_JOURNAL or (told and now - told < _TELL_OF_THE_JOURNAL_EVERY):
            return
        self._told_of_journal = now
        log.warning(
            "the journal grows", bytes=size, text="another program has read for long: find it"
        )


def _is_due(store: Store, turn: datetime, now: datetime) -> bool:
    """Tell whether no backup has been made since *turn*, nor tried in vain a short while ago."""
    made, tried = store.recall_time(BACKED_UP, now), store.recall_time(_TRIED, now)
    return (made is None or made < turn) and (tried is None or now - tried >= _TRY_AGAIN_AFTER)
