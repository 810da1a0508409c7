"""What is done before anything new: taking over what an earlier process left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from inboxd import __version__
from inboxd.workers.upkeep import begin_to_watch, leave_alone

if TYPE_CHECKING:
    from inboxd.daemon.wiring import Workers
    from inboxd.plan import Plan

log = structlog.get_logger(__name__)


async def take_over(plan: Plan, workers: Workers) -> None:
    """Let *workers* take over what an earlier process left, and track anew what *plan* changes."""
    unsure = await workers.deliveries.recover()
    if unsure:
        log.warning("deliveries interrupted", count=unsure)
    await _take_over_accounts(plan, workers)
    await workers.rivals.prepare()
    thread = workers.context.store
    await thread.run(lambda store: store.remember("version", __version__))
    if await thread.run(lambda store: store.recall("rules")) != plan.fingerprint:
        await _go_by(plan, workers)


async def _take_over_accounts(plan: Plan, workers: Workers) -> None:
    """Watch over accounts that are new, and leave alone what the configuration has no more."""
    settings, thread, now = plan.settings, workers.context.store, workers.context.clock.now()
    await thread.run(lambda store: begin_to_watch(store, settings.accounts, now))
    await thread.run(lambda store: store.sources.try_again())
    served = [
        (account.name, source.name)
        for account in workers.accounts
        for source in account.connector.sources()
    ]
    await thread.run(lambda store: leave_alone(store, served, now))
    if settings.spikes is None:
        await thread.run(lambda store: store.spikes.give_up(now))


async def _go_by(plan: Plan, workers: Workers) -> None:
    """Track every open case anew by the rules of *plan*, and remember that this was done."""
    thread, now = workers.context.store, workers.context.clock.now()
    await thread.run(lambda _: workers.pipeline.track_open(now))
    await thread.run(lambda store: store.outbox.let_go(now))
    # Only now: a crash on the way must not leave old due times for good.
    await thread.run(lambda store: store.remember("rules", plan.fingerprint))
