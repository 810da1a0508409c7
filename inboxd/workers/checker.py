"""
Looks once a day at what will soon stop an account: tokens that expire, allowances that run out.

People hear of a token two weeks, one week, three days and one day before it ends, and when it is
renewed then; of an allowance when four fifths are used, or it is all gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.accounts import allowance_alert, expiring_alert, renewed_alert
from inboxd.errors import DatabaseError, InboxdError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.connector import AccountCheck, Allowance, Connector
    from inboxd.model import Alert
    from inboxd.store import Store
    from inboxd.workers.account import Account
    from inboxd.workers.context import Context

log = structlog.get_logger(__name__)

EVERY = timedelta(days=1)
_AGAIN = timedelta(hours=1)
"""How soon an account is asked again whose network did not answer, or whose token is about to end."""
_WARN_BEFORE = (timedelta(days=14), timedelta(days=7), timedelta(days=3), timedelta(days=1))
_WARN_AT = (100, 80)
"""Per cent of an allowance."""


class Checker:
    """Asks every account's network once a day who the token belongs to and when it ends."""

    def __init__(self, accounts: Sequence[Account], context: Context) -> None:
        self._accounts = accounts
        self._context = context
        self._next: dict[str, datetime] = {}

    async def look(self) -> None:
        """Check the accounts whose turn has come; an account's trouble is told by its polls."""
        now = self._context.clock.now()
        for account in self._accounts:
            await self._warn_of_allowances(account.name, account.connector)
            if await self._is_due(account.name, now):
                await self._check(account.name, account.connector)

    async def _is_due(self, account: str, now: datetime) -> bool:
        if account not in self._next:
            self._next[account] = await self._context.store.run(
                lambda store: _first_due(store, account, now)
            )
        # A clock that was set back must not put the check off until it has caught up.
        return not timedelta() < self._next[account] - now <= EVERY

    async def _check(self, account: str, connector: Connector) -> None:
        try:
            found = await connector.check()
        except DatabaseError:
            raise
        except InboxdError as error:
            self._next[account] = self._context.clock.now() + _AGAIN
            log.warning(
                "check failed", account=account, error=type(error).__name__, text=str(error)
            )
            return
        except Exception:
            # Our own bug in a check must not stop the polls.
            self._next[account] = self._context.clock.now() + EVERY
            log.exception("check crashed", account=account)
            return
        now = self._context.clock.now()
        self._next[account] = now + EVERY
        await self._context.store.run(lambda store: self._record(store, account, found, now))

    def _record(self, store: Store, account: str, found: AccountCheck, now: datetime) -> None:
        with store.transaction():
            store.remember(checked_at(account), now.isoformat())
            alert = _about_its_end(store, account, found, now)
            if alert:
                store.outbox.add_alert(alert, self._context.alert_to)
        for check in found.streams:
            if not check.ok:
                log.warning(
                    "stream cannot be read", account=account, stream=check.stream, text=check.text
                )

    async def _warn_of_allowances(self, account: str, connector: Connector) -> None:
        now = self._context.clock.now()
        for each in connector.allowances():
            share = _share_reached(each)
            if share and each.limit and each.resets_at:
                alert = allowance_alert(
                    account,
                    each.name,
                    used=each.used,
                    limit=each.limit,
                    resets_at=each.resets_at,
                    share=share,
                    now=now,
                )
                await self._context.store.run(partial(self._queue, alert))

    def _queue(self, alert: Alert, store: Store) -> None:
        with store.transaction():
            store.outbox.add_alert(alert, self._context.alert_to)


def checked_at(account: str) -> str:
    """Return the name under which it is remembered when an account was last checked."""
    return f"checked:{account}"


def _first_due(store: Store, account: str, now: datetime) -> datetime:
    """Return when a process that has just begun is to check *account* first."""
    last = store.recall_time(checked_at(account), now)
    # Whoever was told that a token ends, and starts anew, has put another one into its place. But
    # rounds from cron begin all the time, and a network takes only so many calls.
    told = store.recall(_ends_at(account))
    return last + (_AGAIN if told else EVERY) if last else now


def _about_its_end(store: Store, account: str, found: AccountCheck, now: datetime) -> Alert | None:
    """Return what people are to hear of the end of a token, and remember that they heard of it."""
    told, ends = store.recall(_ends_at(account)), found.expires_at
    reached = [each for each in _WARN_BEFORE if ends and ends - now <= each]
    if ends and reached:
        store.remember(_ends_at(account), ends.isoformat())
        return expiring_alert(account, ends, min(reached), found.renewal, now)
    if told is None or not found.end_is_told:
        return None
    store.forget(_ends_at(account))
    return renewed_alert(account, told, ends, now)


def _ends_at(account: str) -> str:
    """Return the name under which it is remembered when the token ends of which people heard."""
    return f"token_ends:{account}"


def _share_reached(allowance: Allowance) -> int | None:
    """Return the highest share of *allowance* that people are to hear of, None below all."""
    if not allowance.limit:
        return None
    used = 100 * allowance.used / allowance.limit
    return next((share for share in _WARN_AT if used >= share), None)
