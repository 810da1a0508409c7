"""
How far a source has been read, and what is to be read next; pure.

X charges for every item it returns (once per item and UTC day; an empty answer is free), so
nothing is read that is not needed: see :class:`Walk` for what a poll reads again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.twitter.payloads import MALFORMED, as_object, ids_of, snowflake, time_of
from inboxd import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inboxd import connector as port
    from inboxd.model import Json

SEARCHED_BACK = timedelta(days=7) - timedelta(minutes=5)
"""X searches seven days back and refuses what lies behind; a moment is left for the call."""
_MOST_STRETCHES = 20
NOTHING = range(0)
"""The ids of no item at all."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    A part of a source that is still to be read, newest first: what lies above *since_id*.

    *until_id* is the oldest item read so far, *token* the page to go on with, which X may
    forget, and *below* the bound that all pages of that token were asked with; *query* is what is
    searched for. *by_time*: X is asked by start_time, for it takes no id that is too old.
    Everything up to *read_to* was read before (0: nothing was), so only what X does not show
    behind that is lost.
    """

    since_id: int
    until_id: int = 0
    query: str = ""
    token: str = ""
    count: int = 0
    by_time: bool = False
    read_to: int = 0
    below: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing can lie between what was read and the bound."""
        return 0 < self.until_id <= self.since_id + 1

    def anew(self) -> Stretch:
        """Return what is left of it, to be asked for without the token."""
        return replace(self, token="", below=self.until_id)

    def params(self) -> dict[str, Any]:
        """
        Return what asks X for this stretch; every page of a token takes the same bounds.

        X refuses a time together with an id.
        """
        name, bound = "since_id", str(self.since_id)
        if self.by_time and not self.below:
            name, bound = "start_time", f"{time_of(self.since_id + 1):%Y-%m-%dT%H:%M:%SZ}"
        until = str(self.below) if self.below else None
        return {name: bound, "until_id": until, "pagination_token": self.token or None}

    def after(self, answer: Json, *, is_dm: bool) -> Stretch | None:
        """Return what is left behind a page; None if it was the last."""
        ids = ids_of(answer)
        token = as_object(answer.get("meta")).get("next_token") or ""
        if token and token == self.token:
            raise errors.UnexpectedPayload(
                "X names the page that it has just sent as the next one", raw=answer
            )
        # dm_events knows no since_id: the bound is looked for here. A page that is not full says
        # nothing about there being more.
        if not token or (is_dm and ids and min(ids) <= self.since_id):
            return None
        lowest = min([*ids, self.until_id or max(ids, default=0)])
        return replace(self, until_id=lowest, token=str(token), count=self.count + len(ids))

    def kept(self) -> Json:
        """Return the stretch as a cursor keeps it."""
        return {
            "since_id": str(self.since_id),
            "until_id": str(self.until_id),
            "query": self.query,
            "token": self.token,
            "count": self.count,
            "by_time": self.by_time,
            "read_to": str(self.read_to),
            "below": str(self.below),
        }

    @classmethod
    def of(cls, kept: Json) -> Stretch:
        """Return what `kept` kept."""
        until, token = int(kept.get("until_id", 0)), str(kept.get("token", ""))
        return cls(
            int(kept["since_id"]),
            until,
            str(kept.get("query", "")),
            token,
            int(kept.get("count", 0)),
            bool(kept["by_time"]),
            int(kept.get("read_to", 0)),
            int(kept.get("below", 0 if token else until)),
        )


@dataclass(frozen=True, slots=True)
class Walk:
    """
    How far a source has been read, and the stretches that are still to be read, newest first.

    A poll begins a stretch at the newest end before it goes on with older ones, so that old work
    keeps nothing new waiting. It goes down to the newest item seen or to the overlap before
    the last poll, whichever is older: ids carry their time. What came late is found again, and a
    quiet account is asked only for what it has not shown yet, which is free.
    """

    newest_id: int = 0
    read_at: datetime | None = None
    rest: tuple[Stretch, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What else a source keeps in its cursor."""
    oldest_id: int = 0
    """The oldest item that was read on the day of *read_at* (UTC); 0 if none was."""

    @classmethod
    def of(cls, cursor: port.Cursor | None) -> Walk:
        """Return what a cursor says; one that cannot be read counts as none."""
        try:
            return cls._kept(cursor) if cursor else cls()
        except MALFORMED:
            return cls()

    @classmethod
    def _kept(cls, cursor: port.Cursor) -> Walk:
        rest = [Stretch.of(kept) for kept in cursor.get("rest", ())]
        if token := cursor.get("pagination_token"):
            # As it was kept before there was more than one stretch.
            old = Stretch(int(cursor["since_id"]), token=str(token))
            rest.append(replace(old, by_time=bool(cursor["by_time"])))
        extra = {name: dict(cursor[name]) for name in ("followed", "joined") if name in cursor}
        read_at = datetime.fromisoformat(cursor["read_at"])
        if read_at.tzinfo is None:
            raise ValueError("a time without a zone")
        oldest_id = int(cursor.get("oldest_id", 0))
        return cls(int(cursor["newest_id"]), read_at, tuple(rest), extra, oldest_id)

    def cursor(self) -> port.Cursor:
        """Return what brings this walk back."""
        read_at = self.read_at.isoformat() if self.read_at else ""
        ids = {"newest_id": str(self.newest_id), "oldest_id": str(self.oldest_id)}
        done = {**ids, "read_at": read_at, **self.extra}
        return {**done, "rest": [each.kept() for each in self.rest]} if self.rest else done

    def bound(
        self, now: datetime, overlap: timedelta, backfill: timedelta, reach: timedelta | None = None
    ) -> Stretch:
        """
        Return the stretch from now back to what has been read.

        Not behind *reach*, which is how far X can be asked at all, unless something was not read.
        """
        if self.read_at is None:
            return Stretch(snowflake(now - backfill), by_time=True)
        before = snowflake(self.read_at - overlap)
        since = min(self.newest_id, before) if self.newest_id else before
        if reach is not None:
            since = max(since, min(before, snowflake(now - reach)))
        return Stretch(since, read_to=before)

    def begun(self, stretches: Iterable[Stretch], now: datetime) -> Walk:
        """Return the walk with new *stretches* to be read first; what is left is not forgotten."""
        rest = (*stretches, *self.rest)
        if len(rest) > _MOST_STRETCHES:
            rest = (*rest[: _MOST_STRETCHES - 1], *_joined(rest[_MOST_STRETCHES - 1 :]))
        oldest_id = self.oldest_id if self._is_of_today(now) else 0
        return replace(self, read_at=now, rest=rest, oldest_id=oldest_id)

    @property
    def is_full(self) -> bool:
        """Whether so much is still to be read that nothing should be added."""
        return len(self.rest) >= _MOST_STRETCHES

    def read_on(self, now: datetime) -> range:
        """
        Return between which ids everything was read today.

        Nothing, while something is still to be read: it may lie among them.
        """
        if self.rest or not self.oldest_id or not self._is_of_today(now):
            return NOTHING
        return range(self.oldest_id, self.newest_id + 1)

    def after(self, answer: Json, left: Stretch | None) -> Walk:
        """Return where the walk stands behind a page of its first stretch, of which *left* is left."""
        (first, *rest), ids = self.rest, ids_of(answer)
        # What is left of yesterday lies below something that was not read today.
        joins = not first.until_id or 0 < self.oldest_id <= first.until_id
        today = [*ids, self.oldest_id] if joins else [self.oldest_id]
        return replace(
            self,
            newest_id=max([self.newest_id, *ids]),
            oldest_id=min(filter(None, today), default=0),
            rest=(left, *rest) if left else tuple(rest),
        )

    def instead(self, stretch: Stretch) -> Walk:
        """Return the walk with another first stretch."""
        return replace(self, rest=(stretch, *self.rest[1:]))

    def _is_of_today(self, now: datetime) -> bool:
        at = self.read_at
        return at is not None and at.astimezone(UTC).date() == now.astimezone(UTC).date()


def _joined(stretches: tuple[Stretch, ...]) -> list[Stretch]:
    """Return one stretch for each query that covers all of them, and a little more."""
    joined: dict[str, Stretch] = {}
    for each in stretches:
        other = joined.get(each.query)
        if other is None:
            joined[each.query] = each
            continue
        until = 0 if not (each.until_id and other.until_id) else max(each.until_id, other.until_id)
        joined[each.query] = replace(
            each,
            since_id=min(each.since_id, other.since_id),
            until_id=until,
            read_to=min(each.read_to, other.read_to),
            by_time=each.by_time or other.by_time,
        ).anew()
    return list(joined.values())
