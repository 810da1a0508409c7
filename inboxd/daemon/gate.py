"""Lets work be done where the machine is fit for it, and after a gap has it caught up with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from inboxd.daemon.watches import Watches
    from inboxd.workers.machine import Machine
    from inboxd.workers.poller import Poller


class Gate:
    """Whether the machine lets work be done; *hurry* is called where all of it is to be done at once."""

    def __init__(self, machine: Machine, watches: Watches, pollers: Sequence[Poller]) -> None:
        self._machine = machine
        self._watches = watches
        self._pollers = pollers
        self.hurry: Callable[[], None] = lambda: None

    def can_work(self) -> bool:
        """Tell whether the machine lets work be done, having looked at its clock."""
        if self._machine.woke():
            self._catch_up()
        return self._machine.fit

    def where_fit(self, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return *job*, done where the machine lets work be done; a damaged file is not backed up."""

        async def done() -> None:
            if self.can_work():
                await job()

        return done

    async def look(self) -> None:
        """Look after the machine."""
        if await self._machine.look():
            self._catch_up()

    def _catch_up(self) -> None:
        """Take up work after a gap: no account is blind for it, and all are to be read at once."""
        self._watches.begin_to_read({})
        for poller in self._pollers:
            poller.begin_anew()
        self._machine.catch_up(self._watches.read_since)
        self.hurry()
