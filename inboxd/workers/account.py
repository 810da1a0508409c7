"""An account as every worker sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from inboxd.connector import AccountSettings, Connector, Ledger
    from inboxd.workers.context import Context


@dataclass(frozen=True, slots=True)
class Account:
    """What an account is, how it is spoken to, what it used, and how long it may go unread."""

    settings: AccountSettings
    connector: Connector
    ledger: Ledger
    patience: timedelta

    @property
    def name(self) -> str:
        """Return how the team calls it."""
        return self.settings.name

    async def restore_ledger(self, context: Context) -> None:
        """Learn what other processes used of the account's allowances."""
        name, now = self.name, context.clock.now()
        self.ledger.restored(await context.store.run(lambda store: store.ledger.entries(name, now)))
