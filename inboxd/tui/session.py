"""What every screen works with: who sits there, the rules, the store, and the time."""

from __future__ import annotations

from asyncio import Lock
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from inboxd.store import Store
from inboxd.workers.storethread import StoreThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, tzinfo

    from inboxd.clock import Clock
    from inboxd.config import Settings
    from inboxd.core.hours import Pause
    from inboxd.core.policies import Policy
    from inboxd.core.silences import Silence
    from inboxd.desk import Done

T = TypeVar("T")

_LONGEST_COUNTED = timedelta(days=3_653)
"""What is longer is no time that anybody waited: another program wrote it, and to count takes long."""
_CACHE_KIB = 4_000
"""What is read again and again fits; the system caches the rest."""


@dataclass(frozen=True, slots=True)
class Session:
    """
    One open terminal.

    *store* is for reads that are over within milliseconds: a page of the list, one case; it
    belongs to the thread of the screen. Whatever writes, or may take longer, goes through
    *work*: a connection and a thread of its own. *key* names the terminal among others. *deeds*
    are what was done here and can be taken back, the last at the end; cases that were done
    together are one. *turn* is held while something is done or taken back: one after the other,
    however long it takes, so that what is taken back is what was begun last.
    """

    settings: Settings
    me: str
    clock: Clock
    store: Store
    work: StoreThread
    key: str
    deeds: list[tuple[Done | Silence, ...]] = field(default_factory=list)
    turn: Lock = field(default_factory=Lock)

    @property
    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock.now()

    @property
    def tz(self) -> tzinfo:
        """Return the zone in which times are shown."""
        return self.settings.general.timezone

    def policy(self, name: str) -> Policy | None:
        """Return the policy of that name, None where the configuration has it no more."""
        return next((each for each in self.settings.policies if each.name == name), None)

    def open_time(
        self, policy: str, since: datetime, until: datetime, pauses: Sequence[Pause] = ()
    ) -> timedelta:
        """
        Return how much business time there is between two instants, by a policy's calendar.

        Without such a policy it is the time on the wall; nothing if they are the other way round.
        *pauses* are those of the case: they count if the policy says so.
        """
        found = self.policy(policy)
        if until <= since:
            return timedelta()
        if found is None or until - since > _LONGEST_COUNTED:
            return until - since
        return found.hours.between(since, until, pauses if found.snooze_pauses else ())

    def time_to(self, policy: str, due: datetime, pauses: Sequence[Pause] = ()) -> timedelta:
        """Return the business time between now and what is *due*, or was; see `when.left`."""
        now = self.now
        return self.open_time(policy, min(now, due), max(now, due), pauses)

    async def run(self, work: Callable[[Store], T]) -> T:
        """Return what *work* returns, done in the thread that may take its time."""
        return await self.work.run(work)


@contextmanager
def opened(settings: Settings, me: str, clock: Clock) -> Iterator[Session]:
    """Yield a session on the database of *settings*, which must exist."""
    path = settings.general.database
    with Store(path, create=False, cache_kib=_CACHE_KIB) as store, store.explained():
        worker = Store(path, create=False, cache_kib=_CACHE_KIB)
        for each in (store, worker):
            each.forgive()
        work = StoreThread(worker)
        try:
            yield Session(settings, me, clock, store, work, str(uuid4()))
        finally:
            work.close()
