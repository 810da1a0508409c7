"""The life of a process that works: one daemon alone on its database, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from inboxd.daemon import Daemon, metrics_for
from inboxd.errors import ConfigError, DatabaseError, InboxdError, Problem
from inboxd.jobs import log_failure
from inboxd.plan import Plan
from inboxd.service.reporter import Reporter
from inboxd.store import DaemonLock, Store, was_abandoned
from inboxd.watchdog import PATIENCE, Vigil
from inboxd.workers import reloads, restarts
from inboxd.workers.storethread import StoreThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.config import Settings
    from inboxd.daemon import RoundResult
    from inboxd.service.sdnotify import Notifier
    from inboxd.workers.poller import Progress

log = structlog.get_logger(__name__)

_LONGEST_CHANGE = timedelta(minutes=30)
"""For a successor to take over: it may have every open case to track anew."""
_CHANGE = "change of the configuration"
_REFUSED = "the new configuration is refused; "


@contextmanager
def alone_on(database: Path) -> Iterator[StoreThread]:
    """Yield the thread of *database*'s store, which no other daemon works on meanwhile."""
    lock, orderly = DaemonLock(database), False
    lock.acquire()
    try:
        thread = StoreThread(Store(database))
        with closing(thread):
            yield thread
        orderly = True
    finally:
        lock.release(orderly=orderly)


@asynccontextmanager
async def started(
    settings: Settings, clock: Clock, watch: Callable[[Progress], None] = lambda _: None
) -> AsyncIterator[Daemon]:
    """Yield a daemon that alone works on its database, ready to run; *watch* sees it read."""
    # First of all: what is wrong with the configuration is no matter for later.
    plan = Plan.of(settings)
    with alone_on(settings.general.database) as thread:
        daemon = Daemon(plan, thread, clock, watch=watch)
        try:
            await daemon.prepare()
            yield daemon
        finally:
            await daemon.close()


async def run_once(
    settings: Settings, clock: Clock, watch: Callable[[Progress], None] = lambda _: None
) -> RoundResult:
    """Do one full round, for cron and timers: there is no later for an alert to wait for."""
    at_once = replace(settings.grouping, wait=timedelta())
    spikes = replace(settings.spikes, every=timedelta()) if settings.spikes else None
    settings = replace(settings, grouping=at_once, spikes=spikes)
    async with started(settings, clock, watch) as daemon:
        await daemon.prove_time()
        result = await daemon.round()
        if result.ok:
            await daemon.beat()
        return result


async def run_until_stopped(
    settings: Settings, clock: Clock, reread: Callable[[], Settings], notifier: Notifier
) -> None:
    """
    Run the daemon until the process is told to stop (SIGTERM, SIGINT).

    On SIGHUP it goes on with what *reread* returns then. The *notifier* hears of each turn.
    """
    service = Service(clock, reread, notifier)
    service.hear_signals()
    plan, database = Plan.of(settings), settings.general.database
    abandoned = was_abandoned(database)
    with alone_on(database) as thread:
        await service.run(plan, thread, abandoned=abandoned)


class Service:
    """
    A daemon, and its successor whenever the configuration is read anew.

    The store and its lock are theirs in turn, and are not given up between. A configuration
    that cannot be read, or with which a daemon cannot begin, is refused: people are told, and
    the one in force goes on.
    """

    def __init__(self, clock: Clock, reread: Callable[[], Settings], notifier: Notifier) -> None:
        self._clock = clock
        self._reread = reread
        self._notifier = notifier
        self._vigil = Vigil(notifier.watchdog or PATIENCE)
        self._reporter = Reporter(notifier, self._vigil, clock)
        self._stop, self._reload = asyncio.Event(), asyncio.Event()
        self._leave = asyncio.Event()
        self._proven: Daemon | None = None
        """The last daemon that did begin; its plan is worth going back to."""
        self._begun = False
        self._refused = False
        """Whether the plan in force is not what the file says."""
        self._on_a_terminal = sys.stderr.isatty()

    def hear_signals(self) -> None:
        """Let SIGTERM and SIGINT end it all, and SIGHUP have the configuration read anew."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        # Held back since the process began: by default it would have ended it.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    def stop(self) -> None:
        """Let it all come to its end, soon."""
        self._notifier.stopping()
        self._stop.set()
        self._leave.set()

    def _hang_up(self) -> None:
        if self._on_a_terminal and not sys.stderr.isatty():
            # Its window was closed; nobody means to have it run on unseen, or to fail at its log.
            with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
                os.dup2(nowhere.fileno(), sys.stderr.fileno())
            self.stop()
        else:
            self._reload.set()

    async def run(self, plan: Plan, thread: StoreThread, *, abandoned: bool = False) -> None:
        """
        Go by *plan*, and by what comes after it, until told to stop.

        *abandoned* says that the daemon before was killed, or crashed.
        """
        metrics = metrics_for(plan.settings)
        first = Daemon(plan, thread, self._clock, vigil=self._vigil, metrics=metrics)
        daemon: Daemon | None = first
        try:
            if abandoned:
                log.warning("the last run was not stopped: it was killed, or crashed")
                await first.note(restarts.note)
            async with self._reporter.running():
                while daemon:
                    daemon = await self._turn(daemon)
        finally:
            log.info("stopped")

    async def _turn(self, daemon: Daemon) -> Daemon | None:
        """Let *daemon* work, and return who comes after it; None at the end of it all."""
        self._leave = asyncio.Event()
        reading: asyncio.Task[Daemon | None] | None = None

        def up() -> None:
            nonlocal reading
            if self._stop.is_set():
                return
            self._log_beginning(daemon.plan.settings)
            self._proven = daemon
            self._vigil.over(_CHANGE)
            self._reporter.up(daemon.standing, caveat=_REFUSED if self._refused else "")
            reading = asyncio.create_task(self._successor(daemon), name="read anew")
            reading.add_done_callback(lambda _: self._leave.set())

        try:
            if not self._stop.is_set():
                await daemon.prepare()
                await daemon.run(self._leave, up=up, hurry=self._stop)
        except Exception as error:
            former, self._proven = self._proven, None
            if former is None or former is daemon or isinstance(error, DatabaseError):
                raise
            return await self._back_to(former, error)
        finally:
            await daemon.close()
        return await _result(reading)

    def _log_beginning(self, settings: Settings) -> None:
        again = "configuration of before in force" if self._refused else "reloaded"
        event = again if self._begun else "started"
        self._begun = True
        log.info(event, accounts=len(settings.accounts), sinks=len(settings.sinks))

    async def _back_to(self, former: Daemon, error: Exception) -> Daemon:
        """Refuse the plan with which a daemon could not begin, and return one with that before."""
        await self._refuse(error, former)
        return former.successor(former.plan)

    async def _successor(self, daemon: Daemon) -> Daemon | None:
        """Return who is to come after *daemon*, once a configuration was read that is good."""
        if not self._refused:
            if daemon.metrics:
                daemon.metrics.reloaded(self._clock.now())
            await self._note(daemon, reloads.accept)
        while True:
            await self._reload.wait()
            self._reload.clear()
            if self._stop.is_set():
                return None
            self._notifier.reloading()
            log.info("reading the configuration")
            try:
                plan = await asyncio.to_thread(self._read_plan, daemon.plan)
                successor = daemon.successor(plan)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the new, the old goes on
                await self._refuse(error, daemon)
                self._reporter.up(daemon.standing, caveat=_REFUSED if self._refused else "")
            else:
                self._refused = False
                self._vigil.sign(_CHANGE, _LONGEST_CHANGE)
                return successor

    def _read_plan(self, old: Plan) -> Plan:
        settings = self._reread()
        _refuse_to_move(old.settings, settings)
        return Plan.of(settings)

    async def _refuse(self, error: Exception, daemon: Daemon) -> None:
        """Say by the sinks of *daemon*, whose plan stays in force, why the new one does not."""
        self._refused = True
        if daemon.metrics:
            daemon.metrics.reload_refused()
        problems = reloads.problems_in(error)
        for problem in problems:
            log.error("configuration refused", problem=problem)
        if not isinstance(error, InboxdError):
            log_failure("reading of the configuration", error)
        await self._note(daemon, partial(reloads.refuse, problems))

    async def _note(
        self, daemon: Daemon, note: Callable[[Store, Sequence[str], datetime], None]
    ) -> None:
        try:
            await daemon.note(note)
        except InboxdError as error:
            log_failure("note about the configuration", error)


async def _result(reading: asyncio.Task[Daemon | None] | None) -> Daemon | None:
    """Return the successor that *reading* has brought, None if it has brought none."""
    if reading is None:
        return None
    if reading.done():
        return reading.result()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return None


def _refuse_to_move(old: Settings, new: Settings) -> None:
    """Raise ConfigError where the database is to be another: one daemon keeps to one."""
    if new.general.database.absolute() != old.general.database.absolute():
        there = old.general.database
        text = f"names another file than the one in use, {there}; that needs a restart"
        raise ConfigError(str(new.path), [Problem("inboxd.database", text)])
