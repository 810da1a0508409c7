"""Importing an export: into an empty database as it was, into another one what it lacks."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zlib
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from inboxd.errors import UserError
from inboxd.forgetting import Forgetting
from inboxd.pipeline import Pipeline
from inboxd.store import Store
from inboxd.store.forgetting.holders import UNFINISHED
from inboxd.store.keeping.passed import REMOVED_UNTIL
from inboxd.store.moving.archive import Archive
from inboxd.store.moving.exporting import Snapshot
from inboxd.store.moving.loading import Loader
from inboxd.store.moving.merging import Merger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from inboxd.core.tracking import Rules
    from inboxd.store.forgetting.erasures import Erasure

    Watch = Callable[[str, int], None]

_LONGEST_LINE = 128 * 2**20
"""Bytes that nothing an export holds has in one row; a packed file may be made of a few kB."""


class _NothingIsKeptError(Exception):
    """Ends a transaction that was only to show what would come of it."""


class Importing:
    """Takes exports into *store*; unless *keep*, it only says what would come of it."""

    def __init__(self, store: Store, rules: Rules, actor: str, *, keep: bool = True) -> None:
        self._store = store
        self._rules = rules
        self._actor = actor
        self._keep = keep

    def take(self, file: Path, now: datetime, watch: Watch) -> dict[str, int]:
        """
        Take in all of *file*, or nothing; returns how many rows of which tables are new.

        Raises UserError with the line in it that is wrong.
        """
        with _opened(file) as lines:
            archive = Archive(file.name, lines, Snapshot(self._store.database).schema)
            if Loader(self._store.database).is_empty():
                return self._load(archive, watch)
            beside = self._store.path.parent
            for left in beside.glob(f"{UNFINISHED}*"):
                # By an import that was killed: only one at a time has the daemon's lock.
                shutil.rmtree(left)
            with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=beside) as folder:
                return self._merge(archive, Path(folder), now, watch)

    def _load(self, archive: Archive, watch: Watch) -> dict[str, int]:
        counts: dict[str, int] = {}
        with self._transaction():
            counts = Loader(self._store.database).load(archive, watch)
            self._end()
        return counts

    def _merge(self, archive: Archive, folder: Path, now: datetime, watch: Watch) -> dict[str, int]:
        path = folder / "incoming.db"
        with Store(path) as other:
            with other.transaction():
                Loader(other.database).load(archive, watch)
            self._remove_what_is_old(other, now)
            # Who was forgotten here is so in what comes.
            self._forget_in(other, self._store.erasures.all())
            erasures = other.erasures.all()
        if self._keep and erasures:
            # And the other way round: what both know has the same names on both sides then.
            self._forget_in(self._store, erasures)
        counts: dict[str, int] = {}
        with closing(Merger(self._store.database, path)) as merger, self._transaction():
            counts = self._take_over(merger, now)
            self._end()
        return counts

    def _remove_what_is_old(self, other: Store, now: datetime) -> None:
        """Remove from *other* what was removed here: its figures are here already."""
        until = self._store.recall_time(REMOVED_UNTIL, now)
        after: int | None = 0 if until else None
        while until and after is not None:
            after = other.retention.sweep(until, self._rules.quiet_after, after).after

    def _forget_in(self, store: Store, erasures: Sequence[Erasure]) -> None:
        Forgetting(store, self._rules, self._actor).again(erasures, lambda _: None)

    def _take_over(self, merger: Merger, now: datetime) -> dict[str, int]:
        """Merge, and fold in what came to conversations that go on here; nobody is told of it."""
        pipeline = Pipeline(self._store, self._rules)
        merged = merger.merge(now)
        pipeline.track(dict.fromkeys(merged.touched, ""), now, old=True)
        while deeds := merger.add_deeds():
            # What ends a case lets the next message begin one that the other database has, too.
            pipeline.track(dict.fromkeys(deeds, ""), now, old=True)
        return {
            "authors": merged.authors,
            "conversations": merged.conversations,
            "messages": merged.messages,
            "cases": merged.cases,
        }

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._store.transaction():
                yield
        except _NothingIsKeptError:
            pass

    def _end(self) -> None:
        if not self._keep:
            raise _NothingIsKeptError


@contextmanager
def _opened(file: Path) -> Iterator[Iterator[bytes]]:
    """Yield the lines of *file*, unpacked if it ends in .gz."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as read:
            yield _lines(file, read)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{file} cannot be read: {error}") from error


def _lines(file: Path, read: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    """Yield the lines in *read*; raises UserError at one that is longer than any row."""
    while line := read.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise UserError(f"{file}: a line has more than {_LONGEST_LINE} bytes: it is no export")
        yield line
