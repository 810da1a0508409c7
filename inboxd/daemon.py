"""
Wires everything together: jobs and workers. The only module that does.

One job an account reads; one job a second looks whether anything is to be judged, told or
sent, with a single look into the database when there is nothing; one a minute sees whether an
account is to be checked or reconciled.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import TYPE_CHECKING

import structlog

from inboxd import __version__, classify, health, notify, plugins
from inboxd.connector import Ledger
from inboxd.errors import OperatorError
from inboxd.health import Health
from inboxd.jobs import Jobs, log_failure
from inboxd.pipeline import Pipeline
from inboxd.workers.account import Account
from inboxd.workers.checker import Checker
from inboxd.workers.classifier import ClassifyWorker
from inboxd.workers.context import Context
from inboxd.workers.digests import DigestWriter
from inboxd.workers.escalator import Escalator
from inboxd.workers.hearing import HearingWatcher
from inboxd.workers.heartbeat import Heartbeat
from inboxd.workers.poller import Poller, PollResult, Progress
from inboxd.workers.presses import Presses
from inboxd.workers.reconciler import Reconciler, Verifier
from inboxd.workers.refresher import Refresher
from inboxd.workers.replies import ReplyWorker
from inboxd.workers.sender import Handling, Sender
from inboxd.workers.spikes import SpikeWatcher
from inboxd.workers.storethread import StoreThread
from inboxd.workers.upkeep import Upkeep, begin_to_watch, leave_alone
from inboxd.workers.watcher import SilenceWatcher, Watched, Watcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from inboxd.classify import Classifier
    from inboxd.clock import Clock
    from inboxd.config import AnySink, Settings
    from inboxd.connector import AccountSettings
    from inboxd.notify.slack_listener import SlackListener
    from inboxd.store import Store

log = structlog.get_logger(__name__)

_TICK = timedelta(seconds=1)
_UPKEEP = timedelta(minutes=1)
_PATIENCE_AT_STOP = 3.0
"""Real seconds that deliveries under way get to finish when the daemon is stopped."""
_ROUNDS_OF_DELIVERY = 3
"""A sink that refuses makes alerts for the others, and those may be refused in turn."""
_SLOW_DELIVERY = timedelta(minutes=10)
"""After this long in the outbox something is wrong with its receiver."""
_LISTEN_AGAIN_AFTER = timedelta(minutes=1)
_TELL_THE_TIME = ("holidays", "tzdata")
"""Libraries with whose releases holidays and clock changes may become others."""
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
    """The workers of one configuration on one database."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        classifier: Classifier,
        watch: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        rules = settings.rules
        self._thread = StoreThread(store)
        pipeline = Pipeline(store, rules)
        context = Context(self._thread, pipeline, clock, settings.alert_to)
        self._accounts = [connected(each, settings, clock) for each in settings.accounts]
        self._pollers = [Poller(account, context, watch) for account in self._accounts]
        self._sinks = {
            sink.name: notify.build(sink, clock, settings.general.timezone)
            for sink in settings.sinks
        }
        by_name = {account.name: account for account in self._accounts}
        handling = {sink.name: _handling(sink, settings) for sink in settings.sinks}
        self._sender = Sender(self._sinks, by_name, context, handling)
        self._refresher = Refresher(self._sinks, context)
        self._presses = Presses(context)
        replies = ReplyWorker(classify.load_reply_judge, settings.general.timezone, context)
        self._classifier = ClassifyWorker(classifier, context, replies)
        self._upkeep = _upkeep(settings, self._accounts, context)
        self._settings = settings
        self._pipeline = pipeline
        self._store = store
        self._escalator = Escalator(store, pipeline, rules)
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
        beat = settings.heartbeat
        self._heartbeat = Heartbeat(beat, self.health) if beat else None
        # Only a daemon that runs on listens: nobody waits for a round to hear of a button.
        self._listeners: list[SlackListener] = []
        self._hearing = HearingWatcher(store, self._listeners, settings.alert_to)
        self._deliveries: dict[str, asyncio.Task[None]] = {}
        self._ticking = asyncio.Lock()
        self._ticked_at: datetime | None = None
        self._round_began: datetime | None = None

    def _watcher_from(self, since: datetime) -> Watcher:
        watched = [
            Watched(
                account.name,
                tuple(source.name for source in account.connector.sources()),
                account.patience,
            )
            for account in self._accounts
        ]
        return Watcher(self._store, watched, self._settings.alert_to, since)

    async def prepare(self) -> None:
        """Take over what an earlier process left, before anything new is done."""
        unsure = await self._sender.recover()
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
        fingerprint = _fingerprint(self._settings)
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
            if not self._deliveries:
                break
            await asyncio.wait(self._deliveries.values())
        failed = [
            f"{account.name}/{source}"
            for account, result in zip(self._accounts, results, strict=True)
            for source in result.failed
        ]
        undelivered = await self._thread.run(
            lambda store: store.outbox.undelivered(begun, self._clock.now())
        )
        return RoundResult(sum(result.new for result in results), tuple(failed), undelivered)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set."""
        self._watcher = self._watcher_from(self._clock.now())
        jobs = Jobs(self._clock)
        for account, poller in zip(self._accounts, self._pollers, strict=True):
            jobs.add(account.name, self._poll(poller), account.settings.poll_every)
        jobs.add("tick", self.tick, _TICK)
        jobs.add("upkeep", self._upkeep.look, _UPKEEP)
        if self._heartbeat:
            jobs.add("heartbeat", self._heartbeat.beat, self._heartbeat.every)
        async with self._answering_monitors(), self._listening():
            log.info("started", accounts=len(self._pollers), sinks=len(self._sinks))
            try:
                await jobs.run(stop)
            finally:
                await self._finish_deliveries()
                log.info("stopped")

    @asynccontextmanager
    async def _answering_monitors(self) -> AsyncIterator[None]:
        http = self._settings.http
        if http is None:
            yield
            return
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(health.serve(http.listen, self.health))
            except OSError as error:
                raise OperatorError(f"[http].listen: {error.strerror or error}") from error
            yield

    async def beat(self) -> None:
        """Press the dead-man's switch, if there is one and all is well."""
        if self._heartbeat:
            await self._heartbeat.beat()

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        """Hear of pressed buttons, beside everything else and whatever becomes of it."""
        self._listeners += notify.listeners(self._settings.sinks, self._clock)
        tasks = [
            asyncio.create_task(self._listen(each), name=f"listen for {', '.join(each.sinks)}")
            for each in self._listeners
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, listener: SlackListener) -> None:
        while True:
            try:
                await listener.run(self._presses.carry_out)
            except Exception:
                log.exception("listening crashed", sinks=",".join(listener.sinks))
            await self._clock.sleep(_LISTEN_AGAIN_AFTER)

    async def health(self) -> Health:
        """Return what monitors want to know."""
        now = self._clock.now()
        sinks = list(self._sinks)
        problems = await self._thread.run(lambda store: _problems(store, sinks, now))
        return Health(self._ticked_at, now, (*problems, *self._hearing.problems(now)))

    def _poll(self, poller: Poller) -> Callable[[], object]:
        async def poll() -> PollResult:
            result = await poller.poll()
            if result.new:
                await self.tick()
            return result

        return poll

    async def tick(self) -> None:
        """Judge, escalate and deliver whatever is due now."""
        async with self._ticking:
            await self._classifier.work()
            used = self._digests.used(self._clock.now())
            for receiver in await self._thread.run(lambda store: self._escalate(store, used)):
                self._start_delivery(receiver)

    def _escalate(self, store: Store, used: Sequence[str]) -> list[str]:
        """Queue the alerts that are due; returns who has something to take."""
        now = self._ticked_at = self._clock.now()
        # First of all: what falls due of a spike's customers is told with it.
        if self._spikes:
            self._spikes.look(now)
        self._escalator.tick(now)
        self._watcher.look(now, self._round_began)
        self._silence.look(now)
        self._hearing.look(now)
        self._digests.look(now, used)
        return [*dict.fromkeys([*store.outbox.receivers(now), *store.refreshes.receivers(now)])]

    def _start_delivery(self, receiver: str) -> None:
        """Serve *receiver* beside everything else, unless that is going on already."""
        if receiver in self._deliveries:
            return
        task = asyncio.create_task(self._deliver(receiver), name=f"deliver to {receiver}")
        self._deliveries[receiver] = task
        task.add_done_callback(lambda done: self._delivery_done(receiver, done))

    async def _deliver(self, receiver: str) -> None:
        """Deliver, and then show anew: never both at once, or an older state might come last."""
        await self._sender.drain(receiver)
        await self._refresher.refresh(receiver)

    def _delivery_done(self, receiver: str, task: asyncio.Task[None]) -> None:
        del self._deliveries[receiver]
        if not task.cancelled() and (error := task.exception()):
            log_failure(f"delivery to {receiver}", error)

    async def _finish_deliveries(self) -> None:
        tasks = list(self._deliveries.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=_PATIENCE_AT_STOP)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def close(self) -> None:
        """Give back every connection, thread and file."""
        await asyncio.gather(*(poller.close() for poller in self._pollers))
        connectors = (account.connector.close() for account in self._accounts)
        sinks = (sink.close() for sink in self._sinks.values())
        await asyncio.gather(*connectors, *sinks, return_exceptions=True)
        self._thread.close()


def connected(account: AccountSettings, settings: Settings, clock: Clock) -> Account:
    """Return an account with its connector; nothing is asked of the network yet."""
    ledger = Ledger(clock)
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


def _problems(store: Store, sinks: Sequence[str], now: datetime) -> list[str]:
    """Return, in words, which account is not read and who does not get what is sent."""
    blind = {state.account for state in store.sources.all() if state.told_as}
    stuck = store.outbox.waiting_since(now - _SLOW_DELIVERY, now)
    refusing = [sink for sink in sinks if store.outbox.refusing_since(sink)]
    return [
        *(f"{account} is not read" for account in sorted(blind)),
        *(f"{sink} takes no alerts" for sink in refusing),
        *(f"{receiver} does not take what is sent" for receiver in stuck),
    ]


def _fingerprint(settings: Settings) -> str:
    """Return what changes when due times may: with the configuration, its files, the program."""
    versions = [__version__, *(f"{name} {metadata.version(name)}" for name in _TELL_THE_TIME)]
    files = [path.read_bytes() for path in (settings.path, *settings.closed_files)]
    digests = [hashlib.sha256(part).digest() for part in (str(versions).encode(), *files)]
    return hashlib.sha256(b"".join(digests)).hexdigest()
