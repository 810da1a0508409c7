"""
When are complaints too many: those of the last hour, held against what is usual at that hour.

Pure. What is usual is the median of the same hour in earlier weeks, so that one bad week does not
make the next one normal. Customers are taken to complain by chance about so often; how much weeks
differ (the median deviation) widens what chance can do, and so does how few weeks are known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from inboxd.core.silence import Span, earlier_weeks
from inboxd.model import Topic

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, tzinfo

    from inboxd.model import CaseCard

ENOUGH_WEEKS = 6
"""With fewer weeks the hours before and after the one in question are looked at as well."""
WARM_UP = 3
"""How many times the minimum it takes as long as not even one week is known."""
CHANCE = 2e-5
"""How unlikely so many must be; the bound is loose, the true chance is about a tenth of it."""
_SEEN_IN_WARM_UP = timedelta(days=3)
_LEAST_RATE = 0.5
"""What has never been complained of is not impossible, but comes once in two such spans."""
_TO_DEVIATION = 1.4826
"""From a median deviation to a standard deviation, where chance is normal."""


@dataclass(frozen=True, slots=True)
class Spikes:
    """
    What counts as a spike: so many customers within *window*, and so many times the usual.

    Those *to* whom it is told get what follows from it at most *every* so often.
    """

    to: tuple[str, ...]
    at_least: int = 10
    factor: float = 3.0
    window: timedelta = timedelta(hours=1)
    every: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Reference:
    """What the last hour is held against; *warming_up* while that is only the last few days."""

    spans: tuple[Span, ...]
    warming_up: bool = False


@dataclass(frozen=True, slots=True)
class Usual:
    """How many customers complained of one topic in each span of a reference."""

    counts: tuple[int, ...]
    warming_up: bool = False

    @property
    def middle(self) -> float | None:
        """Return what is usual, None while nobody knows."""
        return None if self.warming_up else float(median(self.counts))

    def is_exceeded_by(self, count: int, rule: Spikes) -> bool:
        """Tell whether *count* is far more than usual."""
        if self.warming_up:
            most = max(self.counts, default=0)
            return count >= max(WARM_UP * rule.at_least, rule.factor * most)
        usual = float(median(self.counts))
        if count < max(rule.at_least, rule.factor * usual):
            return False
        return _surprise(count, usual, self.counts) >= -math.log(CHANCE)


def reference(now: datetime, rule: Spikes, begun: datetime, tz: tzinfo) -> Reference:
    """
    Return what the complaints since *now* - window are held against, back to when we *begun*.

    The same hour of the week on the wall clock of *tz*; with few weeks its neighbours as well;
    without even one, all that was since we began.
    """
    last = Span(now - rule.window, now)
    weeks = earlier_weeks(last, begun, tz)
    if len(weeks) >= ENOUGH_WEEKS:
        return Reference(tuple(weeks))
    if weeks:
        near = [_moved(week, by * rule.window) for week in weeks for by in (-1, 0, 1)]
        return Reference(tuple(span for span in near if span.begins >= begun))
    before = (_moved(last, -by * rule.window) for by in range(1, _SEEN_IN_WARM_UP // rule.window))
    return Reference(tuple(span for span in before if span.begins >= begun), warming_up=True)


def strongest(
    customers: Mapping[Topic, Collection[int]], usual: Mapping[Topic, Usual], rule: Spikes
) -> Topic | None:
    """Return the topic of the greatest spike among *customers* by topic, None if there is none."""
    found = {
        topic: len(who) - (usual[topic].middle or 0)
        for topic, who in customers.items()
        if usual[topic].is_exceeded_by(len(who), rule)
    }
    # Of several that are as great the first by name, so that a repetition tells the same.
    return min(found, key=lambda topic: (-found[topic], topic), default=None)


def _moved(span: Span, by: timedelta) -> Span:
    return Span(span.begins + by, span.ends + by)


def _surprise(count: int, usual: float, counts: Sequence[int]) -> float:
    """
    Return how surprising *count* is: at least minus the logarithm of its chance.

    Chernoff's bound for a negative binomial variable, in the limit a Poisson one. Its mean is
    the usual and the error that a median of so few has.
    """
    mean = max(usual, _LEAST_RATE)
    deviation = _TO_DEVIATION * float(median([abs(each - usual) for each in counts]))
    spread = max(1.0, deviation**2 / mean)
    mean += math.sqrt(mean * spread / len(counts))
    if count <= mean:
        return 0.0
    if spread == 1.0:
        return count * math.log(count / mean) - (count - mean)
    size = mean / (spread - 1)
    more = (count + size) * math.log((count + size) / (mean + size))
    return count * math.log(count / mean) - more


@dataclass(frozen=True, slots=True)
class Spike:
    """
    Many complaints on one *topic*: one thing to know, and the thread of all that follows.

    Those sent after *since* are part of it. It was noticed at *began_at*, when *usual* was
    the usual number in *window* (None: not known). *told* is of how many customers people know,
    and *calm_since* is when the rate went back to normal.
    """

    id: int
    topic: Topic
    thread: str
    since: datetime
    began_at: datetime
    window: timedelta
    usual: float | None
    told: int = 0
    calm_since: datetime | None = None
    ended_at: datetime | None = None

    @property
    def about(self) -> str:
        """Return what the complaints are about, in words."""
        return topic_in_words(self.topic)

    def next_update(self, now: datetime, every: timedelta) -> datetime:
        """Return when what happens at *now* is told: with all that happens until then."""
        if not every:
            return now
        turns = -((self.began_at - now) // every)
        return max(self.began_at + turns * every, now)

    def grew_to(self, total: int) -> bool:
        """Tell whether people must hear that it has grown."""
        return total >= 2 * self.told


@dataclass(frozen=True, slots=True)
class SpikeStanding:
    """
    How it stands with a spike by now, counted in customers.

    *lately* complained within its window, *total* since it began; of their cases so many are
    *waiting* and so many of these *late*. *examples* are those that were told first.
    """

    spike: Spike
    lately: int
    total: int
    waiting: int
    late: int
    examples: tuple[CaseCard, ...] = ()


def topic_in_words(topic: Topic) -> str:
    """Return what a complaint on *topic* is about."""
    return "other things" if topic is Topic.OTHER else topic.value.replace("_", " ")
