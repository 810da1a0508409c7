"""One page in, one transaction out: messages, what they mean for cases, and the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.core.alerts import recovery_alert
from inboxd.core.tracking import track

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from inboxd.connector import Page
    from inboxd.core.tracking import CaseState, History, Rules, WaitState
    from inboxd.model import Message, Verdict
    from inboxd.store import OutboxItem, Store, Stored, Unclassified

_BATCH = 500
_NOTHING_NEW = "~"
"""Later than any time: nothing in the settled past is touched."""


class Pipeline:
    """Writes what happened, and everything that follows from it, in the same transaction."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store = store
        self._rules = rules

    def ingest(  # noqa: PLR0913 - where a page comes from is four facts
        self, account: str, network: str, source: str, page: Page, now: datetime, *, first: bool
    ) -> Stored:
        """
        Store one page of a source with its cursor and all that follows from it.

        What the *first* poll of a source brings is history: it is listed, not alerted on.
        """
        with self._store.transaction():
            stored = self._store.messages.add(account, network, page.messages, now)
            self._store.messages.add_unknown(account, page.unknown, now)
            self._store.messages.set_windows(account, page.windows)
            self.track(stored.touched, now, old=first)
            self._store.sources.advance(account, source, page.cursor)
        return stored

    def judge(self, verdicts: Sequence[tuple[Unclassified, Verdict]], now: datetime) -> None:
        """Store what the classifier said, and choose policies anew."""
        with self._store.transaction():
            self.track(self._store.messages.set_verdicts(verdicts, now), now)

    def reply_sent(
        self, item: OutboxItem, account: str, network: str, message: Message, now: datetime
    ) -> None:
        """Settle a reply that the network took; it counts as the answer it is, at once."""
        with self._store.transaction():
            stored = self._store.messages.add(account, network, [message], now)
            self.track(stored.touched, now)
            self._store.outbox.sent(item, {"remote_id": message.remote_id}, now)

    def track_pending(self, now: datetime, limit: int = 500) -> int:
        """Fold in what people did (acknowledged, closed …); returns how many conversations."""
        with self._store.transaction():
            touched = self._store.cases.untracked(limit)
            self.track(touched, now)
            self._store.cases.mark_tracked(touched)
        return len(touched)

    def track_open(self, now: datetime) -> None:
        """Put every case that is not over on the clock of the present configuration."""
        numbers = self._store.cases.open_conversations()
        for start in range(0, len(numbers), _BATCH):
            with self._store.transaction():
                self.track(dict.fromkeys(numbers[start : start + _BATCH], _NOTHING_NEW), now)

    def track(self, touched: Mapping[int, str], now: datetime, *, old: bool = False) -> None:
        """Bring the cases of the *touched* conversations up to date; within a transaction."""
        if not touched:
            return
        histories = self._store.cases.histories(touched)
        results = [(each, track(each, self._rules, now, old=old)) for each in histories]
        self._store.cases.save(results)
        for history, tracked in results:
            self._tell_endings(history, tracked.cases, now)

    def _tell_endings(self, history: History, cases: Sequence[CaseState], now: datetime) -> None:
        """Tell whoever heard of a wait that it has ended; withdraw what is still queued."""
        known = {wait.id: wait for case in history.cases for wait in case.waits if wait.told}
        if not known:
            return
        for case in cases:
            for wait in case.waits:
                before = known.get(wait.id)
                if before and before.end is None and wait.end is not None:
                    self._tell_ending(history, case, wait, now)

    def _tell_ending(
        self, history: History, case: CaseState, wait: WaitState, now: datetime
    ) -> None:
        if wait.id is None:
            return
        told = self._store.outbox.withdraw(wait.id)
        if not told.sinks:
            return
        card = self._store.views.card(case, history.setting, wait)
        self._store.outbox.add_alert(recovery_alert(card, wait, now), told.sinks, wait_id=wait.id)
