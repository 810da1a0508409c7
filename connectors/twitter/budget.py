"""
What reading and writing costs, how much of the month's reads is used, and who must stop first.

X charges for what it returns: each post, user and DM event once a UTC day, nothing for an empty
answer. Whether users that an expansion brings are charged is not documented; it is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connectors.twitter.payloads import ID, as_object, as_objects, either
from connectors.twitter.walk import NOTHING
from inboxd import errors
from inboxd.connector import Allowance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inboxd.clock import Clock
    from inboxd.connector import Ledger
    from inboxd.model import Json

_DAY = timedelta(days=1)
LOOK_AGAIN = timedelta(minutes=15)
"""How long an account rests at most: a raised budget counts soon, and looking again is free."""

POSTS, USERS, EVENTS = "posts read", "users read", "direct messages read"
_OWN = "posts read as one's own"
"""Of the posts those that came as the account's own mentions and posts, which cost a fifth."""
REPLIES, WRITTEN, LINKS, DMS = (
    "summoned replies written", "posts written", "posts with a link written",
    "direct messages written",
)  # fmt: skip

# US dollars each, pay-per-use, 2026-08 (contracts/README.md).
_PRICES = {
    POSTS: 0.005,
    _OWN: 0.001 - 0.005,  # counted among the posts as well
    USERS: 0.010,
    EVENTS: 0.010,
    REPLIES: 0.010,
    WRITTEN: 0.015,
    LINKS: 0.200,
    DMS: 0.015,
}
_READS = (POSTS, USERS, EVENTS)
_LOOKED_UP = "the account itself, looked up"
MEANWHILE = "only mentions, own posts and direct messages are read"


@dataclass(frozen=True, slots=True)
class Month:
    """The calendar month (UTC) that an instant is in, by which X counts."""

    now: datetime

    @property
    def start(self) -> datetime:
        """The first instant of the month."""
        return datetime(self.now.year, self.now.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant of the next one."""
        return (self.start + timedelta(days=32)).replace(day=1)

    def projected(self, used: float) -> float:
        """
        Return what *used* comes to by the end of the month if it goes on like this.

        On the first day it is taken for a day's worth, because a first poll reads much at once.
        """
        elapsed = max(self.now - self.start, _DAY)
        return used * ((self.end - self.start) / elapsed)

    def reached_by(self, share: float) -> datetime:
        """Return when *share* of the month is over."""
        return self.start + (self.end - self.start) * share


class Budget:
    """
    Counts what an account reads and writes, in its ledger.

    *meanwhile* says what is done while what can be done without has to wait.
    """

    def __init__(
        self, limit: int | None, ledger: Ledger, clock: Clock, meanwhile: str = MEANWHILE
    ) -> None:
        self._limit = limit
        self._meanwhile = meanwhile
        self._ledger = ledger
        self._clock = clock

    def took(self, answer: Json, *, owned: bool = False, paid: range = NOTHING) -> None:
        """
        Count the posts and users of an answer; *owned* ones are read at a lower price.

        What has an id in *paid* was counted today, perhaps by a process that has ended.
        """
        includes = as_object(answer.get("includes"))
        new = self._ledger.spend_once(POSTS, _ids(_unpaid(answer, paid)))
        if owned:
            self._ledger.spend(_OWN, new)
        self._ledger.spend_once(POSTS, _ids(either(includes, "tweets", "posts")))
        self._ledger.spend_once(USERS, _people(answer, paid))

    def took_events(self, answer: Json, *, paid: range = NOTHING) -> None:
        """Count the DM events and users of an answer, as `took` does."""
        self._ledger.spend_once(EVENTS, _ids(_unpaid(answer, paid)))
        self._ledger.spend_once(USERS, _people(answer, paid))

    def took_user(self, user_id: str) -> None:
        """Count the account itself, which each process looks up."""
        if self._ledger.rests_until(_LOOKED_UP) is None:
            self._ledger.spend_once(USERS, [user_id])
            today = self._clock.now().astimezone(UTC).date()
            midnight = datetime(today.year, today.month, today.day, tzinfo=UTC) + _DAY
            self._ledger.rest(_LOOKED_UP, midnight)

    def wrote(self, kind: str) -> None:
        """Count something that was written."""
        self._ledger.spend(kind)

    def demand(self, *, optional: bool) -> None:
        """
        See that something may still be read this month; raises BudgetSpent, or Spared.

        What can be done without stops while the account is ahead of an even pace by more than a
        day's worth, so that the rest of the month is left to what cannot.
        """
        if self._limit is None:
            return
        month, used = Month(self._clock.now()), self._used()
        if used >= self._limit:
            raise errors.BudgetSpent(
                f"the month's budget of {self._limit} reads is used up; raise "
                f"monthly_read_budget, or wait for the next month",
                until=min(month.end, month.now + LOOK_AGAIN),
            )
        day = _DAY / (month.end - month.start)
        even_at = month.reached_by(used / self._limit - day)
        if optional and even_at > month.now:
            raise errors.Spared(
                f"{used} of the month's {self._limit} reads are used, which is ahead of an even "
                f"pace: {self._meanwhile} before {even_at:%Y-%m-%d %H:%M}Z",
                until=min(even_at, month.now + LOOK_AGAIN),
            )

    def size(self, wanted: int, least: int) -> int:
        """Return how large a page may be, as far as X lets a page be small."""
        if self._limit is None:
            return wanted
        return max(least, min(wanted, self._limit - self._used()))

    def allowances(self) -> list[Allowance]:
        """Return the reads of the month, and what each kind of thing has cost."""
        month = Month(self._clock.now())
        counts = {name: self._spent(name, month) for name in _PRICES}
        cost = sum(_PRICES[name] * count for name, count in counts.items())
        used = sum(counts[name] for name in _READS)
        whole = Allowance(
            "reads this month",
            used,
            self._limit,
            month.end,
            round(month.projected(used)),
            round(cost, 3),
            round(month.projected(cost), 2),
        )
        each = [
            self._allowance(name, count, counts[_OWN] if name == POSTS else 0, month)
            for name, count in counts.items()
            if name != _OWN and count
        ]
        return [whole, *each]

    def _allowance(self, name: str, count: int, owned: int, month: Month) -> Allowance:
        cost = _PRICES[name] * count + _PRICES[_OWN] * owned
        return Allowance(
            name,
            count,
            resets_at=month.end,
            projected=round(month.projected(count)),
            cost=round(cost, 3),
            projected_cost=round(month.projected(cost), 2),
        )

    def _used(self) -> int:
        month = Month(self._clock.now())
        return sum(self._spent(name, month) for name in _READS)

    def _spent(self, name: str, month: Month) -> int:
        return self._ledger.spent(name, month.start.date())


def _unpaid(answer: Json, paid: range) -> list[Json]:
    """Return the items of an answer that were not counted yet."""
    items = as_objects(answer.get("data"))
    return [
        item
        for item in items
        if not ID.fullmatch(str(item.get("id"))) or int(item["id"]) not in paid
    ]


def _people(answer: Json, paid: range) -> Iterable[str]:
    """Return the users of an answer, but for those all of whose items were counted already."""
    wrote = _authors(answer.get("data")) - _authors(_unpaid(answer, paid))
    users = _ids(as_object(answer.get("includes")).get("users"))
    return [user for user in users if user not in wrote]


def _authors(items: object) -> set[str]:
    return {str(either(item, "author_id", "sender_id")) for item in as_objects(items)}


def _ids(things: object) -> Iterable[str]:
    return [str(thing.get("id")) for thing in as_objects(things)]
