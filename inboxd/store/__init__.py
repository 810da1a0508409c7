"""All SQL there is: the database in the words of the domain."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Self

from inboxd.errors import DatabaseLost
from inboxd.store.database import (
    BUSY_TIMEOUT_SECONDS,
    CACHE_KIB,
    IN_MEMORY,
    DaemonLock,
    daemon_pid,
    explained,
    identity,
    journal_path,
    open_database,
    open_read_only,
    refuse_left,
    refuse_newer,
    transaction,
    was_abandoned,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from inboxd.model import CaseCard
    from inboxd.store.accounts import AccountFacts, AccountStore
    from inboxd.store.actions import ActionStore
    from inboxd.store.audit import AuditStore
    from inboxd.store.backlog import BacklogStore
    from inboxd.store.breaches import BreachStore, Look
    from inboxd.store.cases import CaseStore
    from inboxd.store.corrections import Correction, CorrectionStore, Said
    from inboxd.store.coverage import CoverageStore, Gap
    from inboxd.store.drafts import DraftStore
    from inboxd.store.figures import FigureStore
    from inboxd.store.forgetting.erasure import Eraser
    from inboxd.store.forgetting.erasures import ErasureStore
    from inboxd.store.forgetting.people import PeopleStore
    from inboxd.store.gatherings import GatheringStore
    from inboxd.store.gauges import Gauges, GaugeStore
    from inboxd.store.inbox import InboxStore
    from inboxd.store.keeping.retention import RetentionStore
    from inboxd.store.known import KnownStore
    from inboxd.store.ledger import LedgerStore
    from inboxd.store.meanwhile import Mark, MeanwhileStore
    from inboxd.store.messages import MessageStore, Unclassified
    from inboxd.store.outbox import OutboxStore
    from inboxd.store.outboxitems import OutboxItem
    from inboxd.store.overview import OverviewStore
    from inboxd.store.past import Past
    from inboxd.store.presences import Presence, PresenceStore
    from inboxd.store.presses import PressStore
    from inboxd.store.quarantine import Held, QuarantineStore
    from inboxd.store.refreshes import Refresh, RefreshStore
    from inboxd.store.replies import ReplyStore, UnjudgedReply
    from inboxd.store.reply_corrections import ReplyCorrectionStore
    from inboxd.store.reports import ReportStore, WrittenReport
    from inboxd.store.rivals import RivalStore
    from inboxd.store.scorecard.sheets import SheetStore
    from inboxd.store.silences import SilenceStore
    from inboxd.store.sources import SourceState, SourceStore
    from inboxd.store.spikes import SpikeStore
    from inboxd.store.stored import Stored
    from inboxd.store.threads import ThreadStore
    from inboxd.store.told import ToldStore
    from inboxd.store.traffic import TrafficStore
    from inboxd.store.views import ViewStore

__all__ = [
    "IN_MEMORY",
    "AccountFacts",
    "Correction",
    "DaemonLock",
    "Gap",
    "Gauges",
    "Held",
    "Look",
    "Mark",
    "OutboxItem",
    "Past",
    "Presence",
    "Refresh",
    "Said",
    "SourceState",
    "Store",
    "Stored",
    "Unclassified",
    "UnjudgedReply",
    "WrittenReport",
    "daemon_pid",
    "was_abandoned",
]


_ELSEWHERE = {
    "AccountFacts": "accounts",
    "Correction": "corrections",
    "Gap": "coverage",
    "Gauges": "gauges",
    "Held": "quarantine",
    "Look": "breaches",
    "Mark": "meanwhile",
    "OutboxItem": "outboxitems",
    "Past": "past",
    "Presence": "presences",
    "Refresh": "refreshes",
    "Said": "corrections",
    "SourceState": "sources",
    "Stored": "stored",
    "Unclassified": "messages",
    "UnjudgedReply": "replies",
    "WrittenReport": "reports",
}
"""What this package offers of its modules, each of which is imported when it is first needed."""

_PACKAGES = {
    "erasure": "forgetting",
    "erasures": "forgetting",
    "people": "forgetting",
    "retention": "keeping",
    "sheets": "scorecard",
}
"""In which package within this one the module of a part is, if in any."""

_PATIENCE_MILLISECONDS = 200
_WATCHED_SINCE = "watched_since:{}"
_HISTORY_UNTIL = "history_until:{}"
_LOOKED_AT = "monitored_at"


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Return what is offered of one of the modules."""
        if name not in _ELSEWHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_ELSEWHERE[name]}"), name)


class Store:
    """
    One connection to the database; to be used by one thread at a time.

    It keeps up to *cache_kib* of the file in memory; one that is not *to_write* is for looking
    alone, and needs a database of this very version. Each part is in the module of its name, which
    is imported when it is first asked for: no command needs them all. Raises DatabaseError if the
    file cannot be used.
    """

    messages: MessageStore
    corrections: CorrectionStore
    cases: CaseStore
    actions: ActionStore
    meanwhile: MeanwhileStore
    presences: PresenceStore
    drafts: DraftStore
    outbox: OutboxStore
    gatherings: GatheringStore
    gauges: GaugeStore
    refreshes: RefreshStore
    presses: PressStore
    silences: SilenceStore
    sheets: SheetStore
    spikes: SpikeStore
    figures: FigureStore
    replies: ReplyStore
    reply_corrections: ReplyCorrectionStore
    reports: ReportStore
    retention: RetentionStore
    rivals: RivalStore
    sources: SourceStore
    coverage: CoverageStore
    ledger: LedgerStore
    accounts: AccountStore
    quarantine: QuarantineStore
    traffic: TrafficStore
    overview: OverviewStore
    audit: AuditStore
    backlog: BacklogStore
    breaches: BreachStore
    known: KnownStore
    views: ViewStore
    threads: ThreadStore
    told: ToldStore
    inbox: InboxStore
    people: PeopleStore
    erasures: ErasureStore
    erasure: Eraser

    def __init__(
        self,
        path: Path,
        *,
        create: bool = True,
        to_write: bool = True,
        cache_kib: int = CACHE_KIB,
    ) -> None:
        self.path = path
        self.database = (
            open_database(path, create=create, cache_kib=cache_kib)
            if to_write
            else open_read_only(path)
        )
        self._files = self._identities()
        if to_write:
            self._refuse_to_be_left()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Return a part that was not asked for before."""
            try:
                kind = Store.__annotations__[name]
            except KeyError:
                raise AttributeError(f"a store has no part {name!r}") from None
            package = ".".join(filter(None, (__name__, _PACKAGES.get(name))))
            part = getattr(import_module(f"{package}.{name}"), kind)(self.database)
            setattr(self, name, part)
            return part

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything in a block durably and at once, or not at all."""
        self._refuse_lost_files()
        with self.explained(), transaction(self.database):
            yield

    def confirm(self) -> None:
        """Raise DatabaseError where the file is not what it was when it was opened."""
        self._refuse_lost_files()
        with self.explained():
            refuse_newer(self.database, self.path)

    def forgive(self) -> None:
        """Read letters that are none, which another program wrote, as replaced ones."""
        self.database.text_factory = partial(str, encoding="utf-8", errors="replace")

    def _identities(self) -> tuple[object, object]:
        return identity(self.path), identity(journal_path(self.path))

    def _refuse_lost_files(self) -> None:
        """Raise DatabaseError where SQLite would go on writing where nobody finds it again."""
        if self._identities() != self._files:
            raise DatabaseLost(
                f"{self.path} or its journal was moved, deleted or replaced while in use; "
                "restart inboxd"
            )

    def _refuse_to_be_left(self) -> None:
        try:
            with self.explained():
                refuse_left(self.database, self.path)
        except BaseException:
            self.close()
            raise

    def version(self) -> int:
        """Return a number that changes when another connection has written to the file."""
        self._refuse_lost_files()
        (version,) = self.database.execute("PRAGMA data_version").fetchone()
        return int(version)

    def explained(self) -> AbstractContextManager[None]:
        """Return a context that raises DatabaseError where the file cannot be used any more."""
        return explained(self.path)

    def prove_writable(self, now: datetime) -> None:
        """Write, durably, that somebody looked at *now*; DatabaseError where that cannot be."""
        with self.transaction():
            self.remember(_LOOKED_AT, now.isoformat())

    def integrity(self) -> str:
        """Return what SQLite finds wrong with the file, or "" where it is whole."""
        from inboxd.store.condition import damage  # noqa: PLC0415 - only who examines it needs it

        return damage(self, None, deep=False) or ""

    def shorten_journal(self, large: int) -> int:
        """
        Empty the journal if it has *large* bytes or more; returns how many it has then.

        It grows for as long as somebody reads one and the same state, and is emptied when nobody
        does: that is waited for only an instant.
        """
        if _size(self.path) < large:
            return _size(self.path)
        self.database.execute(f"PRAGMA busy_timeout = {_PATIENCE_MILLISECONDS}")
        try:
            self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            self.database.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_SECONDS * 1_000)}")
        return _size(self.path)

    def card(self, case: int) -> CaseCard:
        """Return what is told of a case: of the wait that is open, or of its last one."""
        state, setting = self.cases.find(case)
        return self.views.card(state, setting, state.wait or state.waits[-1])

    def remember(self, name: str, value: str) -> None:
        """Keep *value* under *name*."""
        self.database.execute(
            "INSERT INTO memory (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def recall(self, name: str) -> str | None:
        """Return what was last kept under *name*."""
        row = self.database.execute("SELECT value FROM memory WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def recall_time(self, name: str, now: datetime) -> datetime | None:
        """
        Return the instant that was last kept under *name*.

        What is no instant counts as forgotten, and so does what is later than *now*: the clock
        was wrong, and whoever waits for such a time may wait for a year.
        """
        try:
            instant = datetime.fromisoformat(self.recall(name) or "")
        except ValueError:
            return None
        return instant if instant.tzinfo and instant <= now else None

    def watched_since(self, account: str, now: datetime) -> datetime | None:
        """Return since when *account* is watched: what was written before is history."""
        return self.recall_time(_WATCHED_SINCE.format(account), now)

    def watch_from(self, account: str, since: datetime) -> None:
        """Note that what is written to *account* from *since* on matters."""
        self.remember(_WATCHED_SINCE.format(account), since.isoformat())

    def history_until(self, account: str, now: datetime) -> None:
        """Note that what was written to *account* up to *now* may be history: a first read."""
        self.remember(_HISTORY_UNTIL.format(account), now.isoformat())

    def history_ended(self, account: str, now: datetime) -> datetime | None:
        """Return up to when all that was written to *account* may be history."""
        return self.recall_time(_HISTORY_UNTIL.format(account), now)

    def forget(self, name: str) -> None:
        """Keep nothing under *name* any more."""
        self.database.execute("DELETE FROM memory WHERE name = ?", (name,))

    def close(self) -> None:
        """Give the file back."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _size(database: Path) -> int:
    """Return how many bytes the journal of *database* has."""
    try:
        return journal_path(database).stat().st_size
    except FileNotFoundError:
        return 0
