"""What is done once in a while for each account: check it, verify who waits, reconcile it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.localtime import latest
from inboxd.workers.checker import EVERY, checked_at
from inboxd.workers.reconciler import reconciled_at

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime, time, tzinfo

    from inboxd.connector import AccountSettings
    from inboxd.store import Store
    from inboxd.workers.checker import Checker
    from inboxd.workers.context import Context
    from inboxd.workers.reconciler import Reconciler, Verifier

log = structlog.get_logger(__name__)

_FIRST_CHECK_AFTER = timedelta(minutes=10)


def begin_to_watch(store: Store, accounts: Sequence[AccountSettings], now: datetime) -> None:
    """Remember of accounts that are new since when they are watched: nothing before matters."""
    with store.transaction():
        for account in accounts:
            if store.watched_since(account.name, now) is None:
                store.watch_from(account.name, now - account.backfill)
                # The first read is as good as a reconciliation, and proves the token.
                store.remember(reconciled_at(account), now.isoformat())
                first_check = now - EVERY + _FIRST_CHECK_AFTER
                store.remember(checked_at(account.name), first_check.isoformat())


def leave_alone(store: Store, served: Collection[tuple[str, str]], now: datetime) -> None:
    """Let sources that the configuration has no more (account, source) be in trouble no more."""
    with store.transaction():
        for state in store.sources.all():
            if (state.account, state.source) not in served:
                store.sources.reassured(state.account, [state.source])
                store.coverage.end(state.account, state.source, now, None)


class Upkeep:
    """Sees that each account gets its checks and its nightly reconciliation, and when."""

    def __init__(
        self,
        checker: Checker,
        verifiers: Sequence[Verifier],
        reconcilers: Sequence[Reconciler],
        context: Context,
        nightly: tuple[time, tzinfo, timedelta],
    ) -> None:
        self._checker = checker
        self._verifiers = verifiers
        self._reconcilers = reconcilers
        self._context = context
        self._at, self._tz, self._reach = nightly

    async def look(self) -> None:
        """Do what is due; an account's trouble is noted and holds up no other."""
        await self._checker.look()
        for verifier in self._verifiers:
            await verifier.look()
        for reconciler in self._reconcilers:
            if await self._is_due(reconciler.settings):
                repairs = await reconciler.reconcile(self._reach)
                log.info(
                    "reconciled",
                    account=repairs.account,
                    missed=repairs.missed,
                    edited=repairs.edited,
                    deleted=repairs.deleted,
                    restored=repairs.restored,
                    failed=",".join(repairs.failed),
                )

    async def _is_due(self, account: AccountSettings) -> bool:
        """Tell whether tonight's reconciliation has not been done yet."""
        now = self._context.clock.now()
        last = await self._context.store.run(
            lambda store: store.recall_time(reconciled_at(account), now)
        )
        return last is None or last < latest(self._at, self._tz, now)
