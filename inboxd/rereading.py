"""Reading again, beside a daemon: what networks offered before, and what was not understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from inboxd import plugins
from inboxd.errors import DatabaseError
from inboxd.pipeline import Pipeline
from inboxd.store import Store
from inboxd.workers.context import Context
from inboxd.workers.reconciler import Reconciler, Repairs
from inboxd.workers.storethread import StoreThread
from inboxd.workers.upkeep import begin_to_watch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from inboxd.clock import Clock
    from inboxd.config import Settings

log = structlog.get_logger(__name__)


async def reconcile_now(
    settings: Settings, clock: Clock, accounts: Sequence[str], reach: timedelta
) -> list[Repairs]:
    """
    Reconcile *accounts* (all, if none is named), beside a daemon that may be running.

    What is found is tracked at once; alerts are the daemon's, or the next round's.
    """
    store = Store(settings.general.database, create=False)
    thread = StoreThread(store)
    context = Context(thread, Pipeline(store, settings.rules), clock, settings.alert_to)
    chosen = [each for each in settings.accounts if not accounts or each.name in accounts]
    try:
        await thread.run(lambda store: begin_to_watch(store, chosen, clock.now()))
        return [
            await Reconciler(account, plugins.connect, context).reconcile(reach)
            for account in chosen
        ]
    finally:
        thread.close()


async def replay(settings: Settings, store: Store, clock: Clock) -> tuple[int, int]:
    """Read the quarantine again; returns how much is understood now, and how much is not."""
    pipeline = Pipeline(store, settings.rules)
    accounts = {account.name: account for account in settings.accounts}
    understood, held = 0, store.quarantine.held()
    for item in held:
        account = accounts.get(item.account)
        if account is None:
            continue
        connector = plugins.connect(account, clock)
        try:
            page = connector.reread(item.item)
            understood += pipeline.replay(item, account.network, page, clock.now())
        except DatabaseError:
            raise
        except Exception:
            # What is held is odd by its nature: one item must not keep the others.
            log.exception("replay crashed", account=account.name, item=item.item.remote_id)
        finally:
            await connector.close()
    return understood, len(held) - understood
