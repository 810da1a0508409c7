"""
Sees that far more customers than usual complain of one thing, and tells it as one.

Complaints are counted over all accounts: a courier who is late is late for all of them. They
count when they were sent, so what an account brings after it was blind is no spike; what a first
read brings is history. What a silence mutes does not count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.spikes import begins_alert, grows_alert, over_alert
from inboxd.core.silences import silenced_until
from inboxd.core.spikes import Usual, reference, strongest
from inboxd.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime, tzinfo

    from inboxd.core.spikes import Spike, Spikes, SpikeStanding
    from inboxd.model import Topic
    from inboxd.store import Store
    from inboxd.store.spikes import Complaint

log = structlog.get_logger(__name__)

_LOOK_EVERY = timedelta(minutes=1)
_JUST_BEFORE = timedelta(milliseconds=1)


class SpikeWatcher:
    """Begins spikes, follows them, and ends them, each with one transaction."""

    def __init__(self, store: Store, rule: Spikes, accounts: Sequence[str], tz: tzinfo) -> None:
        self._store = store
        self._rule = rule
        self._accounts = accounts
        self._tz = tz
        self._looked_at: datetime | None = None
        self._shown: dict[int, tuple[int, ...]] = {}

    def look(self, now: datetime) -> None:
        """Look at the last hour's complaints, once a minute; our own bug stops nobody else."""
        if self._looked_at and timedelta() <= now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        try:
            self._look(now)
        except DatabaseError:
            raise
        except Exception:
            log.exception("looking for spikes crashed")

    def _look(self, now: datetime) -> None:
        going_on, complaints = self._store.spikes.open(), self._complaints(now)
        customers = _by_topic(self._unmuted(complaints, now))
        many = {topic for topic, who in customers.items() if len(who) >= self._rule.at_least}
        if not going_on and not many:
            return
        usual = self._usual(many | {spike.topic for spike in going_on}, now)
        everybody = _by_topic(complaints)
        for spike in going_on:
            heard = bool(_taken_out(customers, spike.topic))
            # What was muted since goes on all the same: it is not over.
            count = len(everybody.get(spike.topic, ()))
            with self._store.transaction():
                self._follow(spike, count, usual[spike.topic], now, heard=heard)
        while topic := strongest(_among(customers, many), usual, self._rule):
            _taken_out(customers, topic)
            with self._store.transaction():
                self._begin(topic, complaints, usual[topic], now)

    def _complaints(self, now: datetime) -> list[Complaint]:
        """Return the complaints of the last hour, without what a first read brought."""
        history = {each: self._store.history_ended(each, now) for each in self._accounts}
        return [
            each
            for each in self._store.spikes.complaints(now - self._rule.window, now)
            if not ((ended := history.get(each.facts.account)) and each.sent_at <= ended)
        ]

    def _unmuted(self, complaints: Sequence[Complaint], now: datetime) -> Sequence[Complaint]:
        """Return those of *complaints* that anybody wants to hear of."""
        silences = self._store.silences.active(now)
        if not silences:
            return complaints
        return [each for each in complaints if not silenced_until(silences, each.facts, now)]

    def _usual(self, topics: Collection[Topic], now: datetime) -> dict[Topic, Usual]:
        """Return how many customers usually complain of each of *topics*."""
        # Before the account that is watched for the shortest time, some complaints are missing.
        begun = max(
            (self._store.watched_since(each, now) or now for each in self._accounts), default=now
        )
        held_against = reference(now, self._rule, begun, self._tz)
        counts = [
            self._store.spikes.customers(each.begins, each.ends) for each in held_against.spans
        ]
        return {
            topic: Usual(tuple(each.get(topic, 0) for each in counts), held_against.warming_up)
            for topic in topics
        }

    def _begin(
        self, topic: Topic, complaints: Sequence[Complaint], usual: Usual, now: datetime
    ) -> None:
        store, window = self._store, self._rule.window
        first = min(each.sent_at for each in complaints if topic in each.facts.topics)
        since = first - _JUST_BEFORE
        spike = store.spikes.begin(topic, since, now, window=window, usual=usual.middle)
        examples = tuple(store.card(case) for case in store.spikes.examples(spike, now))
        now_is = replace(store.spikes.standing(spike, now), examples=examples)
        alert = begins_alert(now_is, _by_account(complaints, topic), self._rule.every, now)
        store.outbox.add_alert(alert, self._rule.to)
        store.spikes.tell_of(spike, now_is.total)
        log.warning("spike begins", topic=str(topic), customers=now_is.total)

    def _follow(
        self, spike: Spike, count: int, usual: Usual, now: datetime, *, heard: bool
    ) -> None:
        """
        Tell that *spike* is over, when its rate was normal for half its window, or has grown.

        That it has grown is *heard* only where not all of it is muted.
        """
        store, rule = self._store, self._rule
        # Just below a spike is still a lot: it shall not begin and end by turns.
        if usual.is_exceeded_by(2 * count, rule):
            if spike.calm_since:
                store.spikes.calm(spike, None)
        elif spike.calm_since is None or spike.calm_since > now:
            store.spikes.calm(spike, now)
        elif now - spike.calm_since >= rule.window / 2:
            self._end(spike, now)
            return
        now_is = store.spikes.standing(spike, now)
        if heard and spike.grew_to(now_is.total):
            store.outbox.add_alert(grows_alert(now_is, now), rule.to)
            store.spikes.tell_of(spike, now_is.total)
        elif self._shown.get(spike.id) != (numbers := _numbers(now_is)):
            self._shown[spike.id] = numbers
            store.refreshes.mark_head(spike.thread, now)

    def _end(self, spike: Spike, now: datetime) -> None:
        store = self._store
        store.spikes.end(spike, now)
        now_is = store.spikes.standing(replace(spike, ended_at=now), now)
        store.outbox.add_alert(over_alert(now_is, now), self._rule.to)
        log.info("spike over", topic=str(spike.topic), customers=now_is.total)


def _numbers(now_is: SpikeStanding) -> tuple[int, ...]:
    """Return what the head of a spike's thread shows of it."""
    return now_is.lately, now_is.total, now_is.waiting, now_is.late


def _by_topic(complaints: Iterable[Complaint]) -> dict[Topic, set[int]]:
    """Return who complains of what."""
    customers: defaultdict[Topic, set[int]] = defaultdict(set)
    for each in complaints:
        for topic in each.facts.topics:
            customers[topic].add(each.customer)
    return dict(customers)


def _taken_out(customers: dict[Topic, set[int]], topic: Topic) -> set[int]:
    """Take out all who complain of *topic*: under another name it is no other trouble."""
    who = customers.pop(topic, set())
    for others in customers.values():
        others.difference_update(who)
    return who


def _among(customers: dict[Topic, set[int]], topics: Collection[Topic]) -> dict[Topic, set[int]]:
    return {topic: who for topic, who in customers.items() if topic in topics}


def _by_account(complaints: Iterable[Complaint], topic: Topic) -> Counter[str]:
    """Return how many customers of each account complain of *topic*."""
    who = {(each.facts.account, each.customer) for each in complaints if topic in each.facts.topics}
    return Counter(account for account, _ in who)
