"""One page in, one transaction out: messages, what they mean for cases, and the cursor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from inboxd.core.alerts.cases import recovery_alert
from inboxd.core.told import HISTORY
from inboxd.core.tracking import track, unjudged
from inboxd.errors import UserError
from inboxd.model import Direction, Kind, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from inboxd.connector import LedgerEntries, Page
    from inboxd.core.reproach import Fault
    from inboxd.core.spikes import Spike
    from inboxd.core.states import CaseState, History, WaitState
    from inboxd.core.tracking import Rules
    from inboxd.model import Alert, CaseCard, Message, ReplyVerdict, Stream, Verdict
    from inboxd.store import Held, OutboxItem, Said, Store, Stored, Unclassified, UnjudgedReply
    from inboxd.store.reply_corrections import ReplySubject


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Where a page comes from.

    *reads_back* names the source whose losses this one repairs, and *read_back_by* is the
    other way round: which sources repair this one's, and in which streams.
    """

    account: str
    network: str
    source: str
    reads_back: str = ""
    read_back_by: Mapping[str, frozenset[Stream]] = field(default_factory=dict)


_BATCH = 500
_NOTHING_NEW = "~"
"""Later than any time: nothing in the settled past is touched."""


class Pipeline:
    """Writes what happened, and everything that follows from it, in the same transaction."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store = store
        self._rules = rules

    def ingest(
        self,
        origin: Origin,
        page: Page,
        now: datetime,
        *,
        first: bool = False,
        used: LedgerEntries | None = None,
    ) -> Stored:
        """
        Store one page of a source with its cursor and all that follows from it.

        What the *first* poll of a source brings is history: it is listed, not alerted on.
        *used* is what the page cost.
        """
        with self._store.transaction():
            stored = self._take_in(origin, page, now, old=first)
            self._store.sources.advance(origin.account, origin.source, page.cursor)
            if first:
                self._store.history_until(origin.account, now)
            self._note_what_was_missed(origin, page, stored)
            self._keep(origin, used)
        return stored

    def repair(
        self,
        origin: Origin,
        page: Page,
        now: datetime,
        *,
        used: LedgerEntries | None = None,
        old: bool = False,
    ) -> Stored:
        """Store a page that was read beside the polls: to reconcile, to verify, to read again."""
        with self._store.transaction():
            stored = self._take_in(origin, page, now, old=old)
            self._keep(origin, used)
        return stored

    def replay(self, held: Held, network: str, page: Page, now: datetime) -> bool:
        """Store what a quarantined item turned out to be; False if nobody understands it yet."""
        if page.unknown:
            return False
        with self._store.transaction():
            self._take_in(Origin(held.account, network, held.source), page, now)
            self._store.quarantine.understood(held, now)
        return True

    def _take_in(self, origin: Origin, page: Page, now: datetime, *, old: bool = False) -> Stored:
        """Store what *page* tells, and what follows from it for the cases."""
        store, account = self._store, origin.account
        messages = [self._marked(account, message) for message in page.messages]
        stored = store.messages.add(account, origin.network, messages, now)
        stored.join(store.messages.mark_gone(account, page.gone, now))
        if old:
            store.messages.mark_history(stored.new)
        store.traffic.count(stored.new)
        store.quarantine.add(account, origin.source, page.unknown, now)
        store.messages.set_windows(account, page.windows)
        history = {} if old else self._history_in(account, stored, now)
        self.track(history, now, old=True)
        new = {each: since for each, since in stored.touched.items() if each not in history}
        self.track(new, now, old=old)
        return stored

    def _history_in(self, account: str, stored: Stored, now: datetime) -> dict[int, str]:
        """
        Return the conversations in which all that is new was written before we watched.

        A configuration that looks further back than the first poll did shall alert nobody.
        """
        since = self._store.watched_since(account, now) if stored.new else None
        if since is None:
            return {}
        old = self._store.messages.all_before(stored.new, since)
        return {each: first for each, first in stored.touched.items() if each in old}

    def _marked(self, account: str, message: Message) -> Message:
        """Return *message*, marked if the brand's machine wrote it as the configuration says."""
        if message.direction is Direction.INBOUND or message.auto_reply:
            return message
        automatic = self._rules.is_automatic(account, message.text)
        return replace(message, auto_reply=True) if automatic else message

    def _note_what_was_missed(self, origin: Origin, page: Page, stored: Stored) -> None:
        if origin.reads_back:
            self._store.sources.missed(origin.account, origin.source, origin.reads_back, stored.new)
        if page.messages and origin.read_back_by:
            streams = {message.stream for message in page.messages}
            heard = [name for name, served in origin.read_back_by.items() if served & streams]
            self._store.sources.heard(origin.account, heard)

    def _keep(self, origin: Origin, used: LedgerEntries | None) -> None:
        if used:
            self._store.ledger.add(origin.account, used)

    def judge(
        self, verdicts: Sequence[tuple[Unclassified, Verdict]], now: datetime, model: str = ""
    ) -> None:
        """
        Store what the classifier said (by which *model*), and choose policies anew.

        What only now turns out to wait (a "thanks" before it did not) may be history all the same.
        """
        with self._store.transaction():
            touched = self._store.messages.set_verdicts(verdicts, now, model)
            history = self._store.messages.history_in(touched)
            for old in (False, True):
                part = {each: since for each, since in touched.items() if (each in history) is old}
                self.track(part, now, old=old)

    def judge_replies(
        self, verdicts: Sequence[tuple[UnjudgedReply, ReplyVerdict]], now: datetime, model: str
    ) -> None:
        """
        Store what was said of our answers, and follow up what they promise.

        What we wrote before an account was watched is history: it is listed, not alerted on.
        """
        with self._store.transaction():
            for old in (False, True):
                part = [each for each in verdicts if self._is_history(each[0], now) is old]
                mattering = self._store.replies.set_verdicts(part, now, model) if part else ()
                # Even a case that is settled can be taken up by a promise.
                self.track(dict.fromkeys(mattering, ""), now, old=old)

    def _is_history(self, reply: UnjudgedReply, now: datetime) -> bool:
        since = self._store.watched_since(reply.account, now)
        return since is not None and reply.sent_at < since

    def correct(self, case: int, message: int | None, said: Said, actor: str, now: datetime) -> int:
        """
        Let a person's word stand for the verdict on a message of *case*; returns its number.

        Without *message* it is the one that tells most of what waits, or of what waited last.
        Raises UserError where there is nothing that can be corrected.
        """
        with self._store.transaction():
            state, _ = self._store.cases.find(case)
            number = _telling(state) if message is None else message
            subject = self._store.corrections.subject(case, number)
            if subject is None:
                raise UserError(f"there is no message {number} in case {case}; see `show {case}`")
            if subject.direction is Direction.OUTBOUND:
                raise UserError(f"message {number} is our own; only customers' are judged")
            if not subject.judged:
                raise UserError(f"message {number} is not judged yet; wait for the daemon to do it")
            self.track(self._store.corrections.add(subject, said, actor, now), now)
            self._store.refreshes.mark(case, now)
        return number

    def correct_reply(
        self, message: int, said: Mapping[Fault, bool], note: str, actor: str, now: datetime
    ) -> int | None:
        """
        Let a person's word stand for the verdict on an answer of ours; returns its case, if any.

        Raises UserError where there is nothing of which that can be said.
        """
        with self._store.transaction():
            subject = self._store.reply_corrections.subject(message)
            if subject is None:
                raise UserError(f"there is no message {message}; `inboxd audit` names them")
            if subject.direction is Direction.INBOUND:
                raise UserError(f"message {message} is a customer's; see `inboxd correct`")
            if subject.judged is None:
                raise UserError(f"message {message} is not judged; there is nothing to say of it")
            if subject.judged != subject.text:
                raise UserError(f"message {message} was edited; wait for the daemon to judge it")
            touched = self._store.reply_corrections.add(subject, said, note, actor, now)
            self._follow(subject, touched, now)
        return subject.case

    def undo_reply_correction(self, number: int, actor: str, now: datetime) -> bool:
        """Let a word on an answer of ours count as never said; False if it does already."""
        with self._store.transaction():
            message = self._store.reply_corrections.message_of(number)
            touched = self._store.reply_corrections.undo(number, actor, now)
            if message is None or touched is None:
                return False
            subject = self._store.reply_corrections.subject(message)
            if subject:
                self._follow(subject, touched, now)
        return True

    def _follow(self, subject: ReplySubject, touched: Iterable[int], now: datetime) -> None:
        """Track again what an answer owes; where its case is over, nobody is alerted to it."""
        since = self._store.watched_since(subject.account, now)
        old = since is not None and subject.sent_at < since
        if subject.case is not None:
            old = old or self._store.cases.find(subject.case)[0].ended_at is not None
            self._store.refreshes.mark(subject.case, now)
        self.track(dict.fromkeys(touched, ""), now, old=old)

    def reply_sent(
        self, item: OutboxItem, account: str, network: str, message: Message, now: datetime
    ) -> Stored:
        """Settle a reply that the network took; it counts as the answer it is, at once."""
        with self._store.transaction():
            # First of all: what a person sent by way of us is not taken for a machine's.
            self._store.outbox.sent(item, {"remote_id": message.remote_id}, now)
            stored = self._store.messages.add(account, network, [message], now)
            self.track(stored.touched, now)
        return stored

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
        self._store.replies.queue(
            number
            for history, tracked in results
            for number in unjudged(history, tracked.cases, now, old=old)
        )
        for history, tracked in results:
            self._tell_changes(history, tracked.cases, now)

    def _tell_changes(self, history: History, cases: Sequence[CaseState], now: datetime) -> None:
        """
        Tell whoever heard of a wait that it has ended; withdraw what is still queued.

        Where it goes on after all, what was withdrawn is told.
        """
        waits = (each for case in history.cases for each in case.waits if each.told != HISTORY)
        # Of what was withdrawn nothing is told, but until when it was.
        known = {wait.id: wait for wait in waits if wait.told or wait.told_until}
        if not known:
            return
        for case in cases:
            for wait in case.waits:
                before = known.get(wait.id)
                if before and before.end is None and wait.end is not None:
                    self._tell_ending(history, case, wait, now)
                elif before and before.end is not None and wait.end is None:
                    self._store.outbox.revive(before.id or 0, now)

    def _tell_ending(
        self, history: History, case: CaseState, wait: WaitState, now: datetime
    ) -> None:
        # A case that this round made has its number in the database only.
        number = case.id or self._store.cases.of_wait(wait.id or 0)
        if wait.id is None or number is None:
            return
        case = replace(case, id=number)
        self._store.refreshes.mark(number, now)
        told = self._store.outbox.withdraw(wait.id)
        if told.withdrawn and wait.told_until:
            heard = self._store.told.heard(number)
            self._store.cases.tell_the_rest(case, wait.told_until, heard, now)
        if not told.sinks:
            return
        card = self._store.views.card(case, history.setting, wait)
        self.tell(recovery_alert(card, wait, now), told.sinks, wait)

    def tell(self, alert: Alert, sinks: Sequence[str], wait: WaitState) -> bool:
        """
        Queue *alert* about *wait*, among those that it is told with; False if it was before.

        What people were told of a wait stays together. To be called in a transaction.
        """
        store, now = self._store, alert.created_at
        if wait.id is None or alert.case is None:
            return False
        together = self._rules.grouping
        thread = store.outbox.thread_of(wait.id)
        spike = self._spike_of(alert.case, thread)
        if thread is None and spike:
            thread = spike.thread
        elif thread is None and (key := together.key(alert.case)):
            thread = store.gatherings.joined(key, together, now).thread
        leaves_at = together.leaves_at(alert.case, now)
        if spike and self._rules.spikes and alert.case.urgency is not Urgency.HIGH:
            leaves_at = spike.next_update(now, self._rules.spikes.every)
        return store.outbox.add_alert(
            replace(alert, thread=thread or alert.thread),
            sinks,
            wait_id=wait.id,
            leaves_at=leaves_at,
        )

    def _spike_of(self, card: CaseCard, thread: str | None) -> Spike | None:
        """Return the open spike in which a case told in *thread*, or not yet, is told of."""
        if self._rules.spikes is None:
            return None
        if thread is None:
            complains = card.kind is Kind.COMPLAINT
            return self._store.spikes.open_on(card.topics) if complains else None
        spike = self._store.spikes.of_thread(thread)
        return spike if spike and spike.ended_at is None else None


def _telling(case: CaseState) -> int:
    """Return the message that tells most of what a case is about."""
    wait = case.wait or (case.waits[-1] if case.waits else None)
    return wait.telling if wait else case.first_message
