"""What the database tells: one family of gauges a line, each a question to the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from inboxd.core.overview import AGES, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from prometheus_client import Metric

    from inboxd.connector import Allowance
    from inboxd.store.gauges import Gauges

    Samples = Iterable[tuple[tuple[str, ...], float]]

_NOBODY = Waiting()


@dataclass(frozen=True, slots=True)
class _Family:
    """One metric: its name, its help, its labels, and what it is by these."""

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Gauges], Samples]


class Families(Collector):
    """Collects what was shown last; nothing before anything was."""

    def __init__(self) -> None:
        self._gauges: Gauges | None = None

    def show(self, gauges: Gauges | None) -> None:
        """Let *gauges* be what is collected."""
        self._gauges = gauges

    def describe(self) -> Iterator[Metric]:
        """Yield each family without samples, so that no name is taken twice."""
        for each in FAMILIES:
            yield GaugeMetricFamily(each.name, each.help, labels=each.labels)

    def collect(self) -> Iterator[Metric]:
        """Yield each family with its samples."""
        if self._gauges is None:
            return
        for each in FAMILIES:
            family = GaugeMetricFamily(each.name, each.help, labels=each.labels)
            for labels, value in each.samples(self._gauges):
                family.add_metric(labels, value)
            yield family


def _ages() -> list[str]:
    """Return how the ages of those who wait are called: ``0-15m`` … ``1d-``."""
    bounds = ["0", *map(str, AGES), ""]
    return [f"{least}-{most}" for least, most in pairwise(bounds)]


def _accounts(gauges: Gauges) -> list[str]:
    """Return the accounts of the configuration, and others of which somebody still waits."""
    return sorted({*gauges.accounts, *gauges.waiting})


def _receivers(gauges: Gauges) -> list[str]:
    return sorted({*gauges.sinks, *gauges.accounts, *gauges.queues})


def _of_waiting(value: Callable[[Waiting], float]) -> Callable[[Gauges], Samples]:
    def samples(gauges: Gauges) -> Samples:
        for account in _accounts(gauges):
            yield (account,), value(gauges.waiting.get(account, _NOBODY))

    return samples


def _by_age(gauges: Gauges) -> Samples:
    for account in _accounts(gauges):
        counts = gauges.waiting.get(account, _NOBODY).counts
        for age, count in zip(_ages(), counts, strict=True):
            yield (account, age), count


def _queued(gauges: Gauges) -> Samples:
    for receiver in _receivers(gauges):
        queue = gauges.queues.get(receiver)
        yield (receiver,), queue.pending - queue.held if queue else 0


def _held(gauges: Gauges) -> Samples:
    for receiver in _receivers(gauges):
        queue = gauges.queues.get(receiver)
        yield (receiver,), queue.held if queue else 0


def _queue_age(gauges: Gauges) -> Samples:
    for receiver in _receivers(gauges):
        queue = gauges.queues.get(receiver)
        late = (gauges.at - queue.oldest).total_seconds() if queue and queue.oldest else 0
        yield (receiver,), max(late, 0)


def _allowances(value: Callable[[Allowance], float | None]) -> Callable[[Gauges], Samples]:
    def samples(gauges: Gauges) -> Samples:
        for account, facts in gauges.facts.items():
            for allowance in facts.allowances:
                found = value(allowance)
                if found is not None:
                    yield (account, allowance.name), found

    return samples


def _alone(value: Callable[[Gauges], float]) -> Callable[[Gauges], Samples]:
    return lambda gauges: [((), value(gauges))]


def _at(instant: datetime | None) -> float:
    """Return *instant* in seconds since 1970, 0 for what never was."""
    return instant.timestamp() if instant else 0


FAMILIES = (
    _Family(
        "inboxd_waiting_cases",
        "Cases whose customer waits for an answer, by the age of that in the policy's business "
        "time; 1d is a business day. Without a policy it is the wall clock's.",
        ("account", "age"),
        _by_age,
    ),
    _Family(
        "inboxd_overdue_cases",
        "Cases whose customer waits for an answer past its due time.",
        ("account",),
        _of_waiting(lambda waiting: waiting.late),
    ),
    _Family(
        "inboxd_snoozed_cases",
        "Cases whose customer waits for an answer, and that sleep.",
        ("account",),
        _of_waiting(lambda waiting: waiting.asleep),
    ),
    _Family(
        "inboxd_owed_cases",
        "Cases in which an answer of ours promised something, or only sent the customer elsewhere.",
        ("account",),
        _of_waiting(lambda waiting: waiting.owed),
    ),
    _Family(
        "inboxd_owed_overdue_cases",
        "Cases in which an answer of ours owes something past its due time.",
        ("account",),
        _of_waiting(lambda waiting: waiting.owed_late),
    ),
    _Family(
        "inboxd_oldest_wait_timestamp_seconds",
        "Since when the customer who has waited longest does; missing where nobody waits.",
        ("account",),
        lambda gauges: [((name,), _at(since)) for name, since in gauges.oldest.items()],
    ),
    _Family(
        "inboxd_source_last_success_timestamp_seconds",
        "When a source was last read to its end; 0 if it never was.",
        ("account", "source"),
        lambda gauges: [
            ((each.account, each.source), _at(each.succeeded_at)) for each in gauges.sources
        ],
    ),
    _Family(
        "inboxd_source_consecutive_failures",
        "How often in a row reading a source has failed.",
        ("account", "source"),
        lambda gauges: [((each.account, each.source), each.failures) for each in gauges.sources],
    ),
    _Family(
        "inboxd_account_patience_seconds",
        "For how long a source of the account may go unread before it counts as blind.",
        ("account",),
        lambda gauges: [
            ((name,), facts.patience.total_seconds()) for name, facts in gauges.facts.items()
        ],
    ),
    _Family(
        "inboxd_account_blind",
        "1 while people have been told that the account is not read, not wholly, or late, else 0.",
        ("account",),
        lambda gauges: [
            ((name,), any(each.told_as for each in gauges.sources if each.account == name))
            for name in gauges.accounts
        ],
    ),
    _Family(
        "inboxd_outbox_items",
        "Alerts and replies that a sink or an account has not taken yet, without those held back.",
        ("receiver",),
        _queued,
    ),
    _Family(
        "inboxd_outbox_held_items",
        "Alerts that quiet hours, a limit or a silence hold back.",
        ("receiver",),
        _held,
    ),
    _Family(
        "inboxd_outbox_oldest_age_seconds",
        "How long the oldest of those that should have gone has been there; 0 if there is none.",
        ("receiver",),
        _queue_age,
    ),
    _Family(
        "inboxd_sink_refusing",
        "1 while people have been told that the sink takes no alerts, else 0.",
        ("sink",),
        lambda gauges: [((sink,), sink in gauges.refusing) for sink in gauges.sinks],
    ),
    _Family(
        "inboxd_allowance_used",
        "How much is used of what the network counts.",
        ("account", "allowance"),
        _allowances(lambda allowance: allowance.used),
    ),
    _Family(
        "inboxd_allowance_limit",
        "How much the network allows; missing where no limit is known.",
        ("account", "allowance"),
        _allowances(lambda allowance: allowance.limit),
    ),
    _Family(
        "inboxd_allowance_projected",
        "What use comes to by the end of its period if it goes on like this.",
        ("account", "allowance"),
        _allowances(lambda allowance: allowance.projected),
    ),
    _Family(
        "inboxd_allowance_reset_timestamp_seconds",
        "When use begins to count anew.",
        ("account", "allowance"),
        _allowances(lambda each: each.resets_at.timestamp() if each.resets_at else None),
    ),
    _Family(
        "inboxd_unjudged_messages",
        "Messages that have no verdict yet.",
        ("direction",),
        lambda gauges: zip((("inbound",), ("outbound",)), gauges.unjudged, strict=True),
    ),
    _Family(
        "inboxd_backup_last_success_timestamp_seconds",
        "When the nightly backup was last made; 0 if it never was, missing without [backups].",
        (),
        lambda gauges: [((), _at(gauges.backed_up))] if gauges.nightly else [],
    ),
    _Family(
        "inboxd_database_size_bytes",
        "The database's file.",
        (),
        _alone(lambda gauges: gauges.sizes.file),
    ),
    _Family(
        "inboxd_database_free_bytes",
        "What of the database's file is free, and will be used before it grows.",
        (),
        _alone(lambda gauges: gauges.sizes.free),
    ),
    _Family(
        "inboxd_database_wal_size_bytes",
        "The write-ahead log beside the database's file.",
        (),
        _alone(lambda gauges: gauges.sizes.journal),
    ),
    _Family(
        "inboxd_database_disk_free_bytes",
        "What is free on the disk where the database is.",
        (),
        _alone(lambda gauges: gauges.sizes.disk_free),
    ),
)
