"""
How it stands, in the numbers that monitoring asks for every few seconds.

Everything is read by an index or from a small table: how old the database is does not matter,
only how many wait.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from inboxd.store.accounts import AccountStore
from inboxd.store.backlog import BacklogStore
from inboxd.store.database import journal_path
from inboxd.store.files import extent, room
from inboxd.store.keeping.backups import BACKED_UP
from inboxd.store.outbox import OutboxStore
from inboxd.store.overview import OverviewStore
from inboxd.store.sources import SourceStore
from inboxd.store.times import from_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

    from inboxd.core.overview import Waiting
    from inboxd.core.policies import Policy
    from inboxd.store.accounts import AccountFacts
    from inboxd.store.backlog import Queue
    from inboxd.store.sources import SourceState


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the database takes, in bytes: the file and what of it is free, the journal, the disk."""

    file: int
    free: int
    journal: int
    disk_free: int


@dataclass(frozen=True, slots=True)
class Gauges:
    """How it stood *at* an instant; accounts and sinks are those of the configuration."""

    at: datetime
    accounts: Collection[str]
    sinks: Collection[str]
    waiting: Mapping[str, Waiting]
    """By account, also by one that the configuration does not have any more."""
    oldest: Mapping[str, datetime]
    """Since when who has waited longest does, by account; nothing where nobody waits."""
    sources: Sequence[SourceState]
    """Those that are read; what was given up since is not among them."""
    facts: Mapping[str, AccountFacts]
    queues: Mapping[str, Queue]
    refusing: Collection[str]
    """The sinks of which people know that they take no alerts."""
    unjudged: tuple[int, int]
    """How many customers' messages, and how many of our answers, have no verdict yet."""
    sizes: Sizes
    nightly: bool = False
    """Whether a backup is to be made each night."""
    backed_up: datetime | None = None
    """When the last of those was made."""


class GaugeStore:
    """Questions over several tables, each of which an index answers."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._accounts = AccountStore(connection)
        self._backlog = BacklogStore(connection)
        self._outbox = OutboxStore(connection)
        self._overview = OverviewStore(connection)
        self._sources = SourceStore(connection)

    def of(
        self,
        accounts: Collection[str],
        sinks: Collection[str],
        policies: Sequence[Policy],
        now: datetime,
        *,
        nightly: bool = False,
    ) -> Gauges:
        """Return how it stands at *now* with what the configuration names; *nightly* are backups."""
        facts = {name: kept for name, kept in self._accounts.all().items() if name in accounts}
        return Gauges(
            at=now,
            accounts=accounts,
            sinks=sinks,
            waiting=self._overview.waiting(policies, now),
            oldest=self._oldest(),
            sources=[
                state
                for state in self._sources.all()
                if state.account in facts and state.source in facts[state.account].sources
            ],
            facts=facts,
            queues=self._backlog.queues(now),
            refusing=[sink for sink in sinks if self._outbox.refusing_since(sink)],
            unjudged=self._backlog.unjudged(),
            sizes=self._sizes(),
            nightly=nightly,
            backed_up=self._backed_up(),
        )

    def _backed_up(self) -> datetime | None:
        row = self._db.execute("SELECT value FROM memory WHERE name = ?", (BACKED_UP,)).fetchone()
        with suppress(ValueError):
            return datetime.fromisoformat(row[0]) if row else None
        return None

    def _oldest(self) -> dict[str, datetime]:
        rows = self._db.execute(
            "SELECT account, min(waiting_since) FROM cases WHERE status = 'waiting' "
            "GROUP BY account"
        )
        return {account: from_text(since) for account, since in rows}

    def _sizes(self) -> Sizes:
        whole, free = extent(self._db)
        path = Path(self._db.execute("PRAGMA database_list").fetchone()[2])
        journal = journal_path(path)
        return Sizes(
            file=whole,
            free=free,
            # Never opened here: to close it would take away the locks of this process.
            journal=journal.stat().st_size if journal.exists() else 0,
            disk_free=room(path.parent),
        )
