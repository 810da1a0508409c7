"""Whether the machine lets work be done, by its database and its clock, and what a gap leaves to do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.workers.clockwatch import JUMP, ClockWatch
from inboxd.workers.storewatch import StoreWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.findings import Finding
    from inboxd.store import Store
    from inboxd.workers.lastresort import LastResort
    from inboxd.workers.storethread import StoreThread

LOOK_EVERY = timedelta(seconds=5)
_CATCH_UP = timedelta(minutes=1)
"""After this long people are told by what is known, though an account has not been read yet."""


class Machine:
    """The database and the clock, under watch; *ask* finds out what the networks' clocks say."""

    def __init__(
        self,
        thread: StoreThread,
        clock: Clock,
        last_resort: LastResort,
        ask: Callable[[], Awaitable[Sequence[Finding]]],
    ) -> None:
        self._thread = thread
        self._clock = clock
        self.database = StoreWatch(clock, last_resort)
        self._time = ClockWatch(clock, ask, last_resort)
        self.gaps = 0
        """How often something was to be caught up with."""
        self._unread: set[str] = set()
        self._new: set[str] = set()
        self._patience_ends = timedelta()
        thread.hear = self.database.hear

    @property
    def fit(self) -> bool:
        """Whether there is any use in reading, and in telling people."""
        return self.database.usable and self._time.trusted

    @property
    def problems(self) -> list[str]:
        """What monitors are told."""
        return [*self.database.problems, *self._time.problems]

    async def begin(self, patience: Mapping[str, timedelta]) -> None:
        """Begin to read accounts, some of which may not have been read for longer than *patience*."""
        now = self._clock.now()
        latest = await self._thread.run(read_at)
        if any(at - now > JUMP for at in latest.values()):
            self._time.doubt()
        self._new = {*patience} - {*latest}
        self.catch_up(
            name for name, at in latest.items() if now - at > patience.get(name, now - at)
        )

    def catch_up(self, accounts: Iterable[str]) -> None:
        """Let *accounts* be read before anybody is told of who waits there: answers may have come."""
        self._unread = set(accounts)
        self.gaps += 1
        self._patience_ends = self._clock.steady() + _CATCH_UP

    def was_read(self, account: str, gaps: int) -> None:
        """Note that an account was read, or that this was tried, which began after so many *gaps*."""
        if gaps == self.gaps:
            self._unread.discard(account)
            self._new.discard(account)

    @property
    def behind(self) -> bool:
        """Whether it is still to be seen what came while nothing was read."""
        return bool(self._unread) and self._is_patient

    @property
    def knows_little(self) -> bool:
        """Whether it is too early to say how everything stands: new accounts are unread as well."""
        return bool(self._unread or self._new) and self._is_patient

    @property
    def _is_patient(self) -> bool:
        return self._clock.steady() < self._patience_ends

    @property
    def moved(self) -> bool:
        """Whether the clock was set, or the machine slept, and `woke` has not noticed it yet."""
        return self._time.moved

    def woke(self) -> bool:
        """Look at the clock, which costs nothing; returns True where the machine slept."""
        return self._time.look()

    async def look(self) -> bool:
        """Tell people of what lasts, and try whether it is over; returns True if work goes on."""
        resumed = await self.database.look(self._thread)
        if self.database.usable:
            resumed = await self._time.settle(self._thread) or resumed
        return resumed and self.fit


def read_at(store: Store) -> dict[str, datetime]:
    """Return when each account was last read to the end of a source."""
    latest: dict[str, datetime] = {}
    for state in store.sources.all():
        if state.succeeded_at:
            latest[state.account] = max(
                state.succeeded_at, latest.get(state.account, state.succeeded_at)
            )
    return latest
