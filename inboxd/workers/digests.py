"""Once a day, how everything stands: seen to each second, worked out once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.digest import day_of, digest_alert
from inboxd.errors import DatabaseError
from inboxd.findings import allowance_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from inboxd.core.digest import Digest
    from inboxd.store import Store
    from inboxd.workers.account import Account

log = structlog.get_logger(__name__)


class DigestWriter:
    """Writes each digest once a day: its key bears the date, so that is for ever."""

    def __init__(
        self, store: Store, digests: Sequence[Digest], accounts: Sequence[Account]
    ) -> None:
        self._store = store
        self._digests = digests
        self._accounts = accounts
        self._written: dict[str, date] = {}

    def used(self, now: datetime) -> list[str]:
        """
        Return a line for each allowance if a digest is due.

        To be called by whoever reads the accounts: their counts may change in another thread.
        """
        if not self._due(now):
            return []
        return [
            f"{account.name}, {each.name}: {allowance_in_words(each)}"
            for account in self._accounts
            for each in account.connector.allowances()
        ]

    def look(self, now: datetime, used: Sequence[str]) -> None:
        """Write what is due; our own bug in one digest stops nobody else."""
        for digest, day in self._due(now):
            self._written[digest.name] = day
            if self._store.outbox.is_known(digest.key(day)):
                continue
            try:
                self._write(digest, day, used, now)
            except DatabaseError:
                del self._written[digest.name]
                raise
            except Exception:
                log.exception("digest crashed", digest=digest.name)

    def _due(self, now: datetime) -> list[tuple[Digest, date]]:
        due = ((digest, digest.due_on(now)) for digest in self._digests)
        return [
            (digest, day) for digest, day in due if day and self._written.get(digest.name) != day
        ]

    def _write(self, digest: Digest, day: date, used: Sequence[str], now: datetime) -> None:
        store, accounts = self._store, [account.name for account in self._accounts]
        yesterday = day_of(day - timedelta(days=1), digest.timezone)
        _, today_ends = day_of(day, digest.timezone)
        with store.transaction():
            figures = replace(
                store.figures.of(yesterday, today_ends, now, accounts),
                used=used,
                longest=tuple(store.card(case) for case in store.figures.longest_waiting()),
            )
            store.outbox.add_alert(digest_alert(digest, day, figures, now), digest.to)
        log.info("digest written", digest=digest.name, day=day.isoformat())
