"""
What comes round, and when.

One job an account reads; one job a second looks whether anything is to be judged, told or
sent, with a single look into the database when there is nothing; one a minute sees whether an
account is to be checked or reconciled, and one every few seconds whether a report is due.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.daemon.wiring import poll_of
from inboxd.jobs import Jobs
from inboxd.workers.machine import LOOK_EVERY
from inboxd.workers.poller import PollResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from inboxd.daemon.wiring import Workers
    from inboxd.watchdog import Vigil
    from inboxd.workers.poller import Poller

_TICK = timedelta(seconds=1)
_UPKEEP = timedelta(minutes=1)
_REPORTS = timedelta(seconds=5)


def jobs_of(workers: Workers, vigil: Vigil) -> Jobs:
    """Return the jobs of a daemon that has *workers*, which the *vigil* watches over."""
    context, gate = workers.context, workers.gate
    jobs = Jobs(context.clock, vigil, context.observer.work_failed)
    for place, (account, poller) in enumerate(zip(workers.accounts, workers.pollers, strict=True)):
        every, patience = account.settings.poll_every, workers.patience[account.name]
        poll = _poll(account.name, poller, workers)
        # The pages of hundreds of accounts wait for one thread that writes: not all at once.
        apart = place / len(workers.accounts)
        jobs.add(poll_of(account.name), poll, every, patience, apart=apart)
    jobs.add("tick", workers.tick.come_round, _TICK, vigil.patience)
    jobs.add("upkeep", gate.where_fit(workers.upkeep.look), _UPKEEP)
    jobs.add("keeping", gate.where_fit(workers.keeper.look), _UPKEEP)
    jobs.add("sheets", gate.where_fit(workers.sheets.look), _UPKEEP)
    jobs.add("restarts", gate.where_fit(workers.restarts.look), _UPKEEP)
    jobs.add("rivals", gate.where_fit(workers.rivals.look), _UPKEEP)
    jobs.add("reports", gate.where_fit(workers.reports.look), _REPORTS)
    jobs.add("machine", gate.look, LOOK_EVERY)
    if workers.heartbeat:
        jobs.add("heartbeat", workers.heartbeat.beat, workers.heartbeat.every)
    return jobs


def _poll(account: str, poller: Poller, workers: Workers) -> Callable[[], Awaitable[PollResult]]:
    machine = workers.machine

    async def poll() -> PollResult:
        if not workers.gate.can_work():
            return PollResult()  # What cannot be stored is not asked for: it may cost money.
        gaps = machine.gaps
        try:
            result = await poller.poll()
        finally:
            machine.was_read(account, gaps)
        if result.new:
            await workers.tick.come_round()
        return result

    return poll
