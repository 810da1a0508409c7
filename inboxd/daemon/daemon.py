"""A daemon: a single round, or round after round until it is told to leave."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from inboxd import health
from inboxd.daemon.beginning import take_over
from inboxd.daemon.schedule import jobs_of
from inboxd.daemon.wiring import Workers, metrics_for
from inboxd.errors import OperatorError
from inboxd.observer import Observer
from inboxd.plan import Legacy
from inboxd.watchdog import Vigil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.metrics import Metrics
    from inboxd.plan import Plan
    from inboxd.store import Store
    from inboxd.workers.poller import Progress
    from inboxd.workers.storethread import StoreThread

log = structlog.get_logger(__name__)

_ROUNDS_OF_DELIVERY = 3
"""A sink that refuses makes alerts for the others, and those may be refused in turn."""


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What one full round did, for `run --once`."""

    new: int
    failed: tuple[str, ...]
    undelivered: int

    @property
    def ok(self) -> bool:
        """Tell whether everything was read and everything was delivered."""
        return not self.failed and not self.undelivered


class Daemon:
    """
    The workers of one plan on one database, whose thread belongs to somebody else.

    *watch* sees how reading gets on, the *vigil* that work does at all; *metrics* count it.
    """

    def __init__(  # noqa: PLR0913 - whom everything is handed to that is wired together
        self,
        plan: Plan,
        thread: StoreThread,
        clock: Clock,
        *,
        watch: Callable[[Progress], None] = lambda _: None,
        vigil: Vigil | None = None,
        legacy: Legacy | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.plan = plan
        self.metrics = metrics
        self._thread = thread
        self._clock = clock
        self._vigil = vigil or Vigil()
        self._legacy = legacy or Legacy()
        if metrics:
            metrics.counts.expect(plan.settings)
        observer = metrics.counts if metrics else Observer()
        self._workers = Workers(
            plan, thread, clock, watch, self._vigil, self._legacy, observer, metrics
        )

    async def prepare(self) -> None:
        """Take over what an earlier process left, before anything new is done."""
        await take_over(self.plan, self._workers)

    async def tick(self) -> None:
        """Judge, escalate and deliver whatever is due now."""
        await self._workers.tick.come_round()

    async def prove_time(self) -> None:
        """Raise OperatorError where the time of day is wrong: in a round everybody would seem late."""
        await self._workers.round_clock.prove()

    async def round(self) -> RoundResult:
        """Read, judge, escalate and deliver once, everything to its end."""
        workers = self._workers
        begun = workers.watches.round_began = self._clock.now()
        results = await asyncio.gather(*(poller.poll_to_the_end() for poller in workers.pollers))
        await workers.upkeep.look()
        while await workers.classifier.work():
            pass
        for _ in range(_ROUNDS_OF_DELIVERY):
            await self.tick()
            if not await workers.deliveries.settled():
                break
        await workers.keeper.look()
        await workers.reports.look()
        await self.tick()
        await workers.deliveries.settled()
        # Last of all what nobody waits for: what is read of others, and some sheets of reports.
        await workers.rivals.look()
        await workers.sheets.look()
        failed = [
            f"{account.name}/{source}"
            for account, result in zip(workers.accounts, results, strict=True)
            for source in result.failed
        ]
        undelivered = await self._thread.run(
            lambda store: store.outbox.undelivered(begun, self._clock.now())
        )
        return RoundResult(sum(result.new for result in results), tuple(failed), undelivered)

    async def run(
        self,
        leave: asyncio.Event,
        *,
        up: Callable[[], None] = lambda: None,
        hurry: asyncio.Event | None = None,
    ) -> None:
        """
        Work until *leave* is set; *up* is called when everything has begun.

        Deliveries under way then get a moment, and where there is a *hurry* that may come yet,
        the time that a receiver takes.
        """
        workers, machine = self._workers, self._workers.machine
        workers.watches.begin_to_read(self._legacy.read_since)
        await machine.begin({each.name: each.patience for each in workers.accounts})
        jobs = jobs_of(workers, self._vigil)
        workers.gate.hurry = jobs.hurry
        machine.database.when_lost(leave.set)
        async with self._answering_monitors(), workers.listening.running():
            try:
                async with jobs.running():
                    up()
                    await jobs.until(leave)
                await machine.database.say_farewell()
            finally:
                workers.keeper.stop()
                await workers.deliveries.finish(hurry or leave)

    @asynccontextmanager
    async def _answering_monitors(self) -> AsyncIterator[None]:
        http = self.plan.settings.http
        if http is None:
            yield
            return
        token = http.token.get_secret_value() if http.token else ""
        async with AsyncExitStack() as stack:
            try:
                served = health.serve(http.listen, self._workers.monitor, token)
                await stack.enter_async_context(served)
            except OSError as error:
                raise OperatorError(f"[http].listen: {error.strerror or error}") from error
            yield

    def successor(self, plan: Plan) -> Daemon:
        """
        Return the daemon that goes by *plan* once this one has made room; both share the thread.

        What it is not handed over it learns from the database.
        """
        workers = self._workers
        ledgers = {account.name: account.ledger for account in workers.accounts}
        legacy = Legacy(ledgers, workers.watches.read_since, workers.tick.began_at)
        return Daemon(
            plan,
            self._thread,
            self._clock,
            vigil=self._vigil,
            legacy=legacy,
            metrics=self.metrics or metrics_for(plan.settings),
        )

    async def note(self, note: Callable[[Store, Sequence[str], datetime], None]) -> None:
        """Let *note* write down something about the program itself, for those who hear of that."""
        now, alert_to = self._clock.now(), self.plan.settings.alert_to
        await self._thread.run(lambda store: note(store, alert_to, now))

    async def standing(self) -> str:
        """Return, in a few words, how everything stands."""
        now, names = self._clock.now(), [account.name for account in self.plan.settings.accounts]
        read, waiting = await self._thread.run(lambda store: store.figures.in_short(names, now))
        of = f" of {len(names)}" if read < len(names) else ""
        accounts = "account" if (of or read) == 1 else "accounts"
        return f"{read}{of} {accounts} read, {waiting} waiting"

    async def beat(self) -> None:
        """Press the dead-man's switch, if there is one and all is well."""
        if self._workers.heartbeat:
            await self._workers.heartbeat.beat()

    async def close(self) -> None:
        """Give back every connection, thread and file."""
        workers = self._workers
        await workers.monitor.close()
        await asyncio.gather(*(poller.close() for poller in workers.pollers))
        connectors = (account.connector.close() for account in workers.accounts)
        sinks = (sink.close() for sink in workers.sinks.values())
        await workers.machine.database.close()
        readers = workers.rivals.close()
        await asyncio.gather(*connectors, *sinks, readers, return_exceptions=True)
