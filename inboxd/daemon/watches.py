"""What a tick looks at: who is due, which account is blind or silent, what spikes, which digest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from inboxd.workers.digests import DigestWriter
from inboxd.workers.escalator import Escalator
from inboxd.workers.hearing import HearingWatcher
from inboxd.workers.spikes import SpikeWatcher
from inboxd.workers.watcher import SilenceWatcher, Watched, Watcher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inboxd.config import Settings
    from inboxd.notify.slack_listener import SlackListener
    from inboxd.workers.account import Account
    from inboxd.workers.context import Context
    from inboxd.workers.machine import Machine

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Watches:
    """Every watch of a daemon, and since when it reads its accounts."""

    def __init__(
        self,
        settings: Settings,
        accounts: Sequence[Account],
        context: Context,
        machine: Machine,
        listeners: Sequence[SlackListener],
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._clock = context.clock
        self._store = store = context.store.store
        self._machine = machine
        self.read_since: dict[str, datetime] = {}
        self.round_began: datetime | None = None
        """When the single round began, where there is but one."""
        self._escalator = Escalator(store, context.pipeline, settings.rules)
        self._watcher = self._watcher_from(_LONG_AGO)
        timezone, names = settings.general.timezone, [each.name for each in settings.accounts]
        streams = {(each.name, stream) for each in settings.accounts for stream in each.streams}
        self._silence = SilenceWatcher(store, streams, settings.alert_to, timezone)
        self._spikes = (
            SpikeWatcher(store, settings.spikes, names, timezone) if settings.spikes else None
        )
        self.digests = DigestWriter(store, settings.digests, accounts)
        self.hearing = HearingWatcher(store, listeners, settings.alert_to)

    def begin_to_read(self, since: Mapping[str, datetime]) -> None:
        """Watch over what is read from now on, or *since* an instant that is known of an account."""
        now = self._clock.now()
        self.read_since = {each.name: since.get(each.name, now) for each in self._accounts}
        self._watcher = self._watcher_from(now)

    def _watcher_from(self, since: datetime) -> Watcher:
        watched = [
            Watched(
                account.name,
                tuple(source.name for source in account.connector.sources()),
                account.patience,
                self.read_since.get(account.name),
            )
            for account in self._accounts
        ]
        return Watcher(self._store, watched, self._settings.alert_to, since)

    def look(self, used: Sequence[str]) -> list[str]:
        """
        Queue the alerts that are due, in the store's thread; returns who has something to take.

        What was *used* of allowances is for a digest.
        """
        if self._machine.moved:
            return []  # In the middle of a tick: the next one looks at the clock first.
        now = self._clock.now()
        # First of all: what falls due of a spike's customers is told with it.
        if self._spikes and not self._machine.behind:
            self._spikes.look(now)
        if not self._machine.behind:
            self._escalator.tick(now)
        self._watcher.look(now, self.round_began)
        self._silence.look(now)
        self.hearing.look(now)
        if not self._machine.knows_little:
            self.digests.look(now, used)
        store = self._store
        return [*dict.fromkeys([*store.outbox.receivers(now), *store.refreshes.receivers(now)])]
