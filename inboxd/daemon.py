"""
Wires everything together: jobs and workers. The only module that does.

One job an account reads; one job a second looks whether anything is to be judged, told or
sent, with a single look into the database when there is nothing; one a minute sees whether an
account is to be checked or reconciled.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd import __version__, classify, health, notify, plugins
from inboxd.clock import stopwatch
from inboxd.connector import Ledger
from inboxd.doctor.network import reach
from inboxd.errors import OperatorError, is_shortage
from inboxd.jobs import Jobs
from inboxd.observer import Observer
from inboxd.pipeline import Pipeline
from inboxd.plan import Legacy
from inboxd.watchdog import Vigil
from inboxd.workers.account import Account
from inboxd.workers.checker import Checker
from inboxd.workers.classifier import ClassifyWorker
from inboxd.workers.context import Context
from inboxd.workers.deliveries import Deliveries
from inboxd.workers.digests import DigestWriter
from inboxd.workers.escalator import Escalator
from inboxd.workers.hearing import HearingWatcher
from inboxd.workers.heartbeat import Heartbeat
from inboxd.workers.keeper import Keeper
from inboxd.workers.lastresort import LastResort
from inboxd.workers.listening import Listening
from inboxd.workers.machine import LOOK_EVERY, Machine
from inboxd.workers.monitor import Monitor
from inboxd.workers.poller import Poller, PollResult, Progress
from inboxd.workers.presses import Presses
from inboxd.workers.reconciler import Reconciler, Verifier
from inboxd.workers.refresher import Refresher
from inboxd.workers.replies import ReplyWorker
from inboxd.workers.sender import Handling, Sender
from inboxd.workers.spikes import SpikeWatcher
from inboxd.workers.upkeep import Upkeep, begin_to_watch, leave_alone
from inboxd.workers.watcher import SilenceWatcher, Watched, Watcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from inboxd.clock import Clock
    from inboxd.config import AnySink, Settings
    from inboxd.connector import AccountSettings
    from inboxd.metrics import Metrics
    from inboxd.plan import Plan
    from inboxd.store import Store
    from inboxd.workers.storethread import StoreThread

log = structlog.get_logger(__name__)

_TICK = timedelta(seconds=1)
_UPKEEP = timedelta(minutes=1)
_ROUNDS_OF_DELIVERY = 3
"""A sink that refuses makes alerts for the others, and those may be refused in turn."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


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

    def __init__(  # noqa: PLR0913 - what wires everything together knows everything
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
        settings, store = plan.settings, thread.store
        self._clock = clock
        self.plan = plan
        self._settings = settings
        self._watch = watch
        self._vigil = vigil or Vigil()
        self._legacy = legacy or Legacy()
        self.metrics = metrics
        if metrics:
            metrics.counts.expect(settings)
        self._observer = metrics.counts if metrics else Observer()
        rules = settings.rules
        self._thread = thread
        pipeline = Pipeline(store, rules)
        origin = notify.origin_of(settings.path)
        context = Context(self._thread, pipeline, clock, settings.alert_to, self._observer, origin)
        self._accounts = [
            connected(each, settings, clock, self._legacy.ledgers.get(each.name))
            for each in settings.accounts
        ]
        self._pollers = [
            Poller(account, context, self._got_on, self._legacy.read_since.get(account.name))
            for account in self._accounts
        ]
        self._sinks = {
            sink.name: notify.build(sink, clock, settings.general.timezone)
            for sink in settings.sinks
        }
        by_name = {account.name: account for account in self._accounts}
        handling = {sink.name: _handling(sink, settings) for sink in settings.sinks}
        restraints = {name: each.restraint for name, each in handling.items()}
        last_resort = LastResort(self._sinks, settings.alert_to, restraints, clock, origin)
        self._machine = Machine(thread, clock, last_resort, lambda: reach(settings, clock))
        self._hurry: Callable[[], None] = lambda: None
        self._patience = self._patience_with_networks()
        self._deliveries = Deliveries(
            Sender(self._sinks, by_name, context, handling),
            Refresher(self._sinks, context),
            self._vigil,
            self._patience,
            self._observer,
        )
        replies = ReplyWorker(classify.load_reply_judge, settings.general.timezone, context)
        self._classifier = ClassifyWorker(plan.classifier, context, replies)
        self._upkeep = _upkeep(settings, self._accounts, context)
        self._keeper = Keeper(settings, context)
        self._pipeline = pipeline
        self._store = store
        self._escalator = Escalator(store, pipeline, rules)
        self._read_since: dict[str, datetime] = {}
        self._watcher = self._watcher_from(_LONG_AGO)
        streams = {(each.name, stream) for each in settings.accounts for stream in each.streams}
        self._silence = SilenceWatcher(store, streams, settings.alert_to, settings.general.timezone)
        names = [account.name for account in settings.accounts]
        self._spikes = (
            SpikeWatcher(store, settings.spikes, names, settings.general.timezone)
            if settings.spikes
            else None
        )
        self._digests = DigestWriter(store, settings.digests, self._accounts)
        self._listening = Listening(settings.sinks, Presses(context), clock)
        self._hearing = HearingWatcher(store, self._listening.listeners, settings.alert_to)
        self._monitor = Monitor(settings, context, lambda: self._ticked_at, self._troubles, metrics)
        self._monitor.trouble = lambda: self._machine.problems
        beat = settings.heartbeat
        self._heartbeat = Heartbeat(beat, self._monitor.health) if beat else None
        self._ticking, self._tick_waits = asyncio.Lock(), False
        self._ticked_at = self._worked_at = self._legacy.ticked_at
        self._round_began: datetime | None = None

    def _patience_with_networks(self) -> dict[str, timedelta]:
        """Return how long an account's reading, or a delivery, may show no sign of life."""
        receivers = (*self._settings.sinks, *self._settings.accounts)
        longest: dict[str, timedelta] = {}
        for each in receivers:
            # An account may bear the name of a sink.
            timeout = getattr(each, "timeout", timedelta())
            longest[each.name] = max(timeout, longest.get(each.name, timedelta()))
        return {name: self._vigil.patience_with(timeout) for name, timeout in longest.items()}

    def _watcher_from(self, since: datetime) -> Watcher:
        watched = [
            Watched(
                account.name,
                tuple(source.name for source in account.connector.sources()),
                account.patience,
                self._read_since.get(account.name),
            )
            for account in self._accounts
        ]
        return Watcher(self._store, watched, self._settings.alert_to, since)

    async def prepare(self) -> None:
        """Take over what an earlier process left, before anything new is done."""
        unsure = await self._deliveries.recover()
        if unsure:
            log.warning("deliveries interrupted", count=unsure)
        accounts, begun_at = self._settings.accounts, self._clock.now()
        await self._thread.run(lambda store: begin_to_watch(store, accounts, begun_at))
        await self._thread.run(lambda store: store.sources.try_again())
        served = [
            (account.name, source.name)
            for account in self._accounts
            for source in account.connector.sources()
        ]
        await self._thread.run(lambda store: leave_alone(store, served, begun_at))
        if self._settings.spikes is None:
            await self._thread.run(lambda store: store.spikes.give_up(begun_at))
        await self._thread.run(lambda store: store.remember("version", __version__))
        fingerprint = self.plan.fingerprint
        if await self._thread.run(lambda store: store.recall("rules")) != fingerprint:
            now = self._clock.now()
            await self._thread.run(lambda _: self._pipeline.track_open(now))
            await self._thread.run(lambda store: store.outbox.let_go(now))
            # Only now: a crash on the way must not leave old due times for good.
            await self._thread.run(lambda store: store.remember("rules", fingerprint))

    async def round(self) -> RoundResult:
        """Read, judge, escalate and deliver once, everything to its end."""
        begun = self._round_began = self._clock.now()
        results = await asyncio.gather(*(poller.poll_to_the_end() for poller in self._pollers))
        await self._upkeep.look()
        while await self._classifier.work():
            pass
        for _ in range(_ROUNDS_OF_DELIVERY):
            await self.tick()
            if not await self._deliveries.settled():
                break
        await self._keeper.look()
        await self.tick()
        await self._deliveries.settled()
        failed = [
            f"{account.name}/{source}"
            for account, result in zip(self._accounts, results, strict=True)
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
        self._begin_to_read(self._legacy.read_since)
        await self._machine.begin({each.name: each.patience for each in self._accounts})
        jobs = self._jobs()
        self._hurry = jobs.hurry
        self._machine.database.when_lost(leave.set)
        async with self._answering_monitors(), self._listening.running():
            try:
                async with jobs.running():
                    log.info("started", accounts=len(self._pollers), sinks=len(self._sinks))
                    up()
                    await jobs.until(leave)
                await self._machine.database.say_farewell()
            finally:
                self._keeper.stop()
                await self._deliveries.finish(hurry or leave)
                log.info("stopped")

    def _begin_to_read(self, since: Mapping[str, datetime]) -> None:
        """Watch over what is read from now on, or *since* an instant that is known of an account."""
        now = self._clock.now()
        self._read_since = {each.name: since.get(each.name, now) for each in self._accounts}
        self._watcher = self._watcher_from(now)

    def _jobs(self) -> Jobs:
        jobs = Jobs(self._clock, self._vigil, self._observer.work_failed)
        for account, poller in zip(self._accounts, self._pollers, strict=True):
            every, patience = account.settings.poll_every, self._patience[account.name]
            jobs.add(_poll_of(account.name), self._poll(account.name, poller), every, patience)
        jobs.add("tick", self.tick, _TICK, self._vigil.patience)
        jobs.add("upkeep", self._where_fit(self._upkeep.look), _UPKEEP)
        jobs.add("keeping", self._where_fit(self._keeper.look), _UPKEEP)
        jobs.add("machine", self._look_after_the_machine, LOOK_EVERY)
        if self._heartbeat:
            jobs.add("heartbeat", self._heartbeat.beat, self._heartbeat.every)
        return jobs

    def successor(self, plan: Plan) -> Daemon:
        """
        Return the daemon that goes by *plan* once this one has made room; both share the thread.

        What it is not handed over it learns from the database.
        """
        ledgers = {account.name: account.ledger for account in self._accounts}
        legacy = Legacy(ledgers, self._read_since, self._ticked_at)
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
        now = self._clock.now()
        await self._thread.run(lambda store: note(store, self._settings.alert_to, now))

    async def standing(self) -> str:
        """Return, in a few words, how everything stands."""
        now, names = self._clock.now(), [account.name for account in self._accounts]
        read, waiting = await self._thread.run(lambda store: store.figures.in_short(names, now))
        of = f" of {len(names)}" if read < len(names) else ""
        accounts = "account" if (of or read) == 1 else "accounts"
        return f"{read}{of} {accounts} read, {waiting} waiting"

    @asynccontextmanager
    async def _answering_monitors(self) -> AsyncIterator[None]:
        http = self._settings.http
        if http is None:
            yield
            return
        token = http.token.get_secret_value() if http.token else ""
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(health.serve(http.listen, self._monitor, token))
            except OSError as error:
                raise OperatorError(f"[http].listen: {error.strerror or error}") from error
            yield

    async def beat(self) -> None:
        """Press the dead-man's switch, if there is one and all is well."""
        if self._heartbeat:
            await self._heartbeat.beat()

    def _troubles(self, now: datetime) -> list[str]:
        """Return, in words, what the daemon knows of its own troubles without asking anybody."""
        late = self._worked_at is None or abs(now - self._worked_at) > health.TICK_PATIENCE
        fails = (
            ["no tick has come to its end for 30 s: the log says why"]
            if late and self._machine.fit
            else []
        )
        return [*fails, *self._vigil.hung(), *self._hearing.problems(now)]

    def _got_on(self, progress: Progress) -> None:
        self._vigil.sign(_poll_of(progress.account), self._patience[progress.account])
        self._watch(progress)

    def _poll(self, account: str, poller: Poller) -> Callable[[], Awaitable[PollResult]]:
        async def poll() -> PollResult:
            if not self._can_work():
                return PollResult()  # What cannot be stored is not asked for: it may cost money.
            gaps = self._machine.gaps
            try:
                result = await poller.poll()
            finally:
                self._machine.was_read(account, gaps)
            if result.new:
                await self.tick()
            return result

        return poll

    async def tick(self) -> None:
        """
        Judge, escalate and deliver whatever is due now.

        Where a tick is about to begin as soon as another ends, it will see everything, too.
        """
        if not self._can_work():
            self._ticked_at = self._clock.now()
            return
        if self._tick_waits:
            return
        async with self._next_to_tick():
            self._ticked_at, passed = self._clock.now(), stopwatch()
            trouble = await self._judge()
            used = self._digests.used(self._clock.now())
            for receiver in await self._thread.run(lambda store: self._escalate(store, used)):
                self._deliveries.begin(receiver)
            self._worked_at = self._clock.now()
            self._observer.ticked(passed())
            if trouble:
                raise trouble

    @asynccontextmanager
    async def _next_to_tick(self) -> AsyncIterator[None]:
        """Wait for the tick that is under way, as the only one who does."""
        self._tick_waits = True
        try:
            await self._ticking.acquire()
        finally:
            self._tick_waits = False
        try:
            yield
        finally:
            self._ticking.release()

    async def _judge(self) -> Exception | None:
        """Judge what waits for it; returns what kept us: who is due is told of all the same."""
        try:
            await self._classifier.work()
        except Exception as error:
            if not is_shortage(error):
                raise
            return error
        return None

    def _where_fit(self, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return *job*, done where the machine lets work be done; a damaged file is not backed up."""

        async def done() -> None:
            if self._can_work():
                await job()

        return done

    def _can_work(self) -> bool:
        """Tell whether the machine lets work be done, having looked at its clock."""
        if self._machine.woke():
            self._catch_up()
        return self._machine.fit

    async def _look_after_the_machine(self) -> None:
        if await self._machine.look():
            self._catch_up()

    def _catch_up(self) -> None:
        """Take up work after a gap: no account is blind for it, and all are to be read at once."""
        self._begin_to_read({})
        for poller in self._pollers:
            poller.begin_anew()
        self._machine.catch_up(each.name for each in self._accounts)
        self._hurry()

    def _escalate(self, store: Store, used: Sequence[str]) -> list[str]:
        """Queue the alerts that are due; returns who has something to take."""
        if self._machine.moved:
            return []  # In the middle of a tick: the next one looks at the clock first.
        now = self._clock.now()
        # First of all: what falls due of a spike's customers is told with it.
        if self._spikes and not self._machine.behind:
            self._spikes.look(now)
        if not self._machine.behind:
            self._escalator.tick(now)
        self._watcher.look(now, self._round_began)
        self._silence.look(now)
        self._hearing.look(now)
        if not self._machine.knows_little:
            self._digests.look(now, used)
        return [*dict.fromkeys([*store.outbox.receivers(now), *store.refreshes.receivers(now)])]

    async def close(self) -> None:
        """Give back every connection, thread and file."""
        await self._monitor.close()
        await asyncio.gather(*(poller.close() for poller in self._pollers))
        connectors = (account.connector.close() for account in self._accounts)
        sinks = (sink.close() for sink in self._sinks.values())
        await self._machine.database.close()
        await asyncio.gather(*connectors, *sinks, return_exceptions=True)


def metrics_for(settings: Settings) -> Metrics | None:
    """Return what counts, where somebody can ask for it."""
    if settings.http is None:
        return None
    from inboxd.metrics import Metrics  # noqa: PLC0415 - costs 50 ms, and not everybody asks

    return Metrics()


def _poll_of(account: str) -> str:
    return f"poll of {account}"


def connected(
    account: AccountSettings, settings: Settings, clock: Clock, ledger: Ledger | None = None
) -> Account:
    """Return an account with its connector; nothing is asked of the network yet."""
    ledger = ledger or Ledger(clock)
    patience = account.poll_every * settings.general.blind_after
    return Account(account, plugins.connect(account, clock, ledger), ledger, patience)


def _handling(sink: AnySink, settings: Settings) -> Handling:
    return Handling(sink.restraint(settings.general.timezone), sink.fallback)


def _upkeep(settings: Settings, accounts: Sequence[Account], context: Context) -> Upkeep:
    general = settings.general
    return Upkeep(
        Checker(accounts, context),
        [Verifier(account, context) for account in accounts],
        [Reconciler(account.settings, plugins.connect, context) for account in accounts],
        context,
        (general.reconcile_at, general.timezone, general.reconcile_back),
    )
