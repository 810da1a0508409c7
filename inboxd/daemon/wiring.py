"""What is wired to what: every worker of one plan on one database, and whom it needs."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from inboxd import classify, health, notify, plugins
from inboxd.connector import Ledger
from inboxd.core.scorecard.basis import Basis
from inboxd.daemon.gate import Gate
from inboxd.daemon.tick import Tick
from inboxd.daemon.watches import Watches
from inboxd.doctor.network import reach
from inboxd.pipeline import Pipeline
from inboxd.workers.account import Account
from inboxd.workers.checker import Checker
from inboxd.workers.classifier import ClassifyWorker
from inboxd.workers.context import Context
from inboxd.workers.deliveries import Deliveries
from inboxd.workers.heartbeat import Heartbeat
from inboxd.workers.keeper import Keeper
from inboxd.workers.lastresort import LastResort
from inboxd.workers.listening import Listening
from inboxd.workers.machine import Machine
from inboxd.workers.monitor import Monitor
from inboxd.workers.poller import Poller
from inboxd.workers.presses import Presses
from inboxd.workers.reconciler import Reconciler, Verifier
from inboxd.workers.refresher import Refresher
from inboxd.workers.replies import ReplyWorker
from inboxd.workers.reports import ReportWriter
from inboxd.workers.restarts import RestartWatch
from inboxd.workers.rivals import RivalWatch, watched
from inboxd.workers.roundclock import RoundClock
from inboxd.workers.sender import Handling, Sender
from inboxd.workers.sheets import SheetMaker
from inboxd.workers.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from inboxd.classify import ReplyJudge
    from inboxd.clock import Clock
    from inboxd.config import AnySink, Settings
    from inboxd.connector import AccountSettings
    from inboxd.metrics import Metrics
    from inboxd.observer import Observer
    from inboxd.plan import Legacy, Plan
    from inboxd.watchdog import Vigil
    from inboxd.workers.poller import Progress
    from inboxd.workers.storethread import StoreThread


class Workers:
    """
    The workers of one plan; *watch* sees how reading gets on, the *vigil* that work does at all.

    What they know from a daemon before them is its *legacy*.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what wires everything together knows everything
        self,
        plan: Plan,
        thread: StoreThread,
        clock: Clock,
        watch: Callable[[Progress], None],
        vigil: Vigil,
        legacy: Legacy,
        observer: Observer,
        metrics: Metrics | None,
    ) -> None:
        settings, rules = plan.settings, plan.settings.rules
        self.pipeline = Pipeline(thread.store, rules)
        origin = notify.origin_of(settings.path)
        self.context = Context(thread, self.pipeline, clock, settings.alert_to, observer, origin)
        self.patience = _patience_with_networks(settings, vigil)
        self._watch, self._vigil = watch, vigil

        self.accounts = [
            connected(each, settings, clock, legacy.ledgers.get(each.name))
            for each in settings.accounts
        ]
        self.pollers = [
            Poller(account, self.context, self._got_on, legacy.read_since.get(account.name))
            for account in self.accounts
        ]
        self.sinks = {
            sink.name: notify.build(sink, clock, settings.general.timezone)
            for sink in settings.sinks
        }
        handling = {sink.name: _handling(sink, settings) for sink in settings.sinks}
        restraints = {name: each.restraint for name, each in handling.items()}
        last_resort = LastResort(self.sinks, settings.alert_to, restraints, clock, origin)
        self.machine = Machine(thread, clock, last_resort, lambda: reach(settings, clock))
        self.round_clock = RoundClock(self.context, lambda: reach(settings, clock), last_resort)
        self.deliveries = self._deliveries(handling)
        self.classifier = self._classifier(plan)
        self.rivals = _rivals(plan, self.accounts, self.context)
        self.upkeep = _upkeep(settings, self.accounts, self.context)
        self.keeper = Keeper(settings, self.context)
        self.restarts = RestartWatch(self.context)
        basis = Basis(settings.general.timezone, settings.policies, plan.fingerprint)
        self.sheets = SheetMaker(basis, self.context)
        self.reports = ReportWriter(
            settings,
            basis,
            self.context,
            lambda: self.machine.knows_little,
        )
        self.listening = Listening(settings.sinks, Presses(self.context), clock)

        self.watches = Watches(
            settings, self.accounts, self.context, self.machine, self.listening.listeners
        )
        self.gate = Gate(self.machine, self.watches, self.pollers)
        self.tick = Tick(
            self.gate,
            self.classifier,
            self.watches,
            self.deliveries,
            self.context,
            legacy.ticked_at,
        )
        self.monitor = Monitor(
            settings, self.context, lambda: self.tick.began_at, self._troubles, metrics
        )
        self.monitor.trouble = lambda: self.machine.problems
        beat = settings.heartbeat
        self.heartbeat = Heartbeat(beat, self.monitor.health) if beat else None

    def _deliveries(self, handling: Mapping[str, Handling]) -> Deliveries:
        by_name = {account.name: account for account in self.accounts}
        return Deliveries(
            Sender(self.sinks, by_name, self.context, handling),
            Refresher(self.sinks, self.context),
            self._vigil,
            self.patience,
            self.context.observer,
        )

    def _classifier(self, plan: Plan) -> ClassifyWorker:
        timezone = plan.settings.general.timezone
        replies = ReplyWorker(_judge_of_replies(plan), timezone, self.context)
        return ClassifyWorker(plan.classifier, self.context, replies)

    def _got_on(self, progress: Progress) -> None:
        self._vigil.sign(poll_of(progress.account), self.patience[progress.account])
        self._watch(progress)

    def _troubles(self, now: datetime) -> list[str]:
        """Return, in words, what the daemon knows of its own troubles without asking anybody."""
        ended = self.tick.ended_at
        late = ended is None or abs(now - ended) > health.TICK_PATIENCE
        fails = (
            ["no tick has come to its end for 30 s: the log says why"]
            if late and self.machine.fit
            else []
        )
        return [*fails, *self._vigil.hung(), *self.watches.hearing.problems(now)]


def metrics_for(settings: Settings) -> Metrics | None:
    """Return what counts, where somebody can ask for it."""
    if settings.http is None:
        return None
    from inboxd.metrics import Metrics  # noqa: PLC0415 - costs 50 ms, and not everybody asks

    return Metrics()


def connected(
    account: AccountSettings, settings: Settings, clock: Clock, ledger: Ledger | None = None
) -> Account:
    """Return an account with its connector; nothing is asked of the network yet."""
    ledger = ledger or Ledger(clock)
    patience = account.poll_every * settings.general.blind_after
    return Account(account, plugins.connect(account, clock, ledger), ledger, patience)


def poll_of(account: str) -> str:
    """Return what the work of reading *account* is called."""
    return f"poll of {account}"


def _patience_with_networks(settings: Settings, vigil: Vigil) -> dict[str, timedelta]:
    """Return how long an account's reading, or a delivery, may show no sign of life."""
    longest: dict[str, timedelta] = {}
    for each in (*settings.sinks, *settings.accounts):
        # An account may bear the name of a sink.
        timeout = getattr(each, "timeout", timedelta())
        longest[each.name] = max(timeout, longest.get(each.name, timedelta()))
    return {name: vigil.patience_with(timeout) for name, timeout in longest.items()}


def _handling(sink: AnySink, settings: Settings) -> Handling:
    return Handling(sink.restraint(settings.general.timezone), sink.fallback)


def _judge_of_replies(plan: Plan) -> Callable[[], ReplyJudge]:
    """Return what loads the judge of replies when the first is to be judged, and keeps it."""
    return cache(partial(classify.load_reply_judge, replies=plan.settings.classifier.replies))


def _rivals(plan: Plan, accounts: Sequence[Account], context: Context) -> RivalWatch:
    watches = [watched(each, accounts, context.clock) for each in plan.settings.watch]
    judges, zone = (plan.classifier, _judge_of_replies(plan)), plan.settings.general.timezone
    return RivalWatch(watches, accounts, context, judges, zone)


def _upkeep(settings: Settings, accounts: Sequence[Account], context: Context) -> Upkeep:
    general = settings.general
    return Upkeep(
        Checker(accounts, context),
        [Verifier(account, context) for account in accounts],
        [Reconciler(account.settings, plugins.connect, context) for account in accounts],
        context,
        (general.reconcile_at, general.timezone, general.reconcile_back),
    )
